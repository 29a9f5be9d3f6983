//! What a killed app or a killed server leaves behind.
//!
//! PostgreSQL's own check of its pid file is `kill(pid, 0)`: a reused number, or
//! a zombie that nobody reaps (the first process of many containers reaps none),
//! counts as a running server, and the restart is refused. We hold the cluster's
//! lock when we come here, so nobody else runs it: whatever works in the data
//! folder was orphaned, and whatever lock file lies around is stale.

use std::{
    fs, io,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{PORT, identity::Place};

/// For a fast shutdown (SIGINT) of an orphan, then for an immediate one (SIGQUIT).
const FAST_LIMIT: Duration = Duration::from_secs(15);
const IMMEDIATE_LIMIT: Duration = Duration::from_secs(5);

/// Clears the way for a start. Says what was found, for the log.
pub(super) fn recover(place: &Place) -> Result<Option<String>> {
    let pid_file = place.data.join("postmaster.pid");
    let socket = place.sockets.join(format!(".s.PGSQL.{PORT}"));
    let socket_lock = place.sockets.join(format!(".s.PGSQL.{PORT}.lock"));
    if !pid_file.exists() && !socket_lock.exists() {
        return Ok(None);
    }
    let running = servers_in(&place.data);
    let found = match running.len() {
        0 => "removed the lock files of a server that is gone".to_owned(),
        count => format!("stopped an orphaned server ({count} processes)"),
    };
    stop_orphans(&place.data, &running)?;
    for file in [pid_file, socket_lock, socket] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(Some(found))
}

/// The server's main process, if it really runs in this folder.
pub(super) fn running_server(data: &Path) -> Option<Pid> {
    pid_in_file(data).filter(|pid| servers_in(data).contains(pid))
}

fn stop_orphans(data: &Path, running: &[Pid]) -> Result<()> {
    match pid_in_file(data).filter(|pid| running.contains(pid)) {
        Some(main) => signal(&[main], Signal::SIGINT),
        // backends whose main process is dead: they only go when told to
        None => signal(running, Signal::SIGQUIT),
    }
    if wait_until_gone(data, FAST_LIMIT) {
        return Ok(());
    }
    signal(&servers_in(data), Signal::SIGQUIT);
    if wait_until_gone(data, IMMEDIATE_LIMIT) {
        return Ok(());
    }
    bail!("PostgreSQL processes still run in {}", data.display())
}

fn signal(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // gone in between is what we wanted
        let _ = kill(*pid, signal);
    }
}

fn wait_until_gone(data: &Path, limit: Duration) -> bool {
    let since = Instant::now();
    while !servers_in(data).is_empty() {
        if since.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Server processes of this data folder. They all work in it, so on Linux the
/// kernel can tell; elsewhere `ps` is asked about the number in the pid file.
fn servers_in(data: &Path) -> Vec<Pid> {
    if !Path::new("/proc/self/cwd").exists() {
        return pid_in_file(data).filter(|pid| is_postgres(*pid)).into_iter().collect();
    }
    let Ok(real) = fs::canonicalize(data) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let process = entry.path();
            // A shell someone left standing in the folder is not a server.
            let name = fs::read_to_string(process.join("comm")).ok()?;
            let works_here = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == real);
            (works_here && name.starts_with("postgres")).then(|| Pid::from_raw(pid))
        })
        .collect()
}

fn pid_in_file(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    (pid > 0).then(|| Pid::from_raw(pid))
}

fn is_postgres(pid: Pid) -> bool {
    Command::new("ps").args(["-o", "stat=,comm=", "-p", &pid.to_string()]).output().is_ok_and(|answer| {
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        text.contains("postgres") && !text.starts_with('Z')
    })
}
