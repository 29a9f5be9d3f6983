//! Making a cluster and running it.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Options, PORT, SUPERUSER, binaries::Binaries, identity::Place};

/// The server's log is put aside at a start when it has grown past this.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// `initdb` into a side folder that is then renamed: a first start that is cut
/// short leaves no half cluster.
pub(super) fn init(options: &Options, binaries: &Binaries, place: &Place) -> Result<()> {
    let fresh = place.home.join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    if fs::read_dir(&place.data).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty and not a PostgreSQL cluster", place.data.display());
    }
    let mut complaint = String::new();
    // C.UTF-8 sorts as C does but knows the letters; not every system has it.
    for locale in ["--locale=C.UTF-8", "--no-locale"] {
        let mut command = place.command(&binaries.dir.join("initdb"));
        command.arg("-D").arg(&fresh).args(["-U", SUPERUSER, "-E", "UTF8", "--no-instructions", locale]);
        // The socket's folder is the lock on the door: who may enter it is the server's own account.
        command.args(["-A", "trust"]);
        if options.volatile {
            command.arg("--no-sync");
        }
        let answer = command.stdin(Stdio::null()).output().context("running initdb")?;
        if answer.status.success() {
            if place.data.exists() {
                fs::remove_dir(&place.data)?;
            }
            return fs::rename(&fresh, &place.data).context("moving the new cluster into its place");
        }
        complaint = String::from_utf8_lossy(&answer.stderr).into_owned();
        let _ = fs::remove_dir_all(&fresh);
    }
    bail!("initdb failed: {}", complaint.trim())
}

/// Starts the server and waits until it takes connections.
pub(super) fn launch(options: &Options, binaries: &Binaries, place: &Place) -> Result<Child> {
    let log_file = place.home.join("server.log");
    if fs::metadata(&log_file).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
        fs::rename(&log_file, place.home.join("server.log.1"))?;
    }
    let log = OpenOptions::new().create(true).append(true).open(&log_file)?;
    let mut command = place.command(&binaries.dir.join("postgres"));
    command.arg("-D").arg(&place.data);
    for (name, value) in settings(options, &place.sockets) {
        let mut setting = OsString::from(format!("{name}="));
        setting.push(value);
        command.arg("-c").arg(setting);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // A group of its own: Ctrl-C reaches the app, which then stops the server.
    command.process_group(0);
    #[cfg(target_os = "linux")]
    if !options.shared {
        end_with_us(&mut command);
    }
    let mut child = command.spawn().context("starting postgres")?;
    let since = Instant::now();
    while !is_ready(&place.data, child.id()) {
        if let Some(status) = child.try_wait()? {
            bail!("postgres ended ({status}):\n{}", last_lines(&log_file));
        }
        if since.elapsed() > options.ready_timeout {
            let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGQUIT);
            bail!("postgres is not ready after {:?}:\n{}", options.ready_timeout, last_lines(&log_file));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

/// The kernel asks the server for a fast shutdown when the thread that started it
/// ends, whatever ended it.
#[cfg(target_os = "linux")]
fn end_with_us(command: &mut std::process::Command) {
    let parent = nix::unistd::getpid();
    let arrange = move || {
        nix::sys::prctl::set_pdeathsig(Signal::SIGINT)?;
        // We may have died between the fork and the line above.
        if nix::unistd::getppid() != parent {
            return Err(std::io::Error::other("the app is gone"));
        }
        Ok(())
    };
    // SAFETY: two system calls, no allocation, no lock: sound between fork and exec.
    // It runs after the change of account, which would undo it.
    unsafe { command.pre_exec(arrange) };
}

/// Line 1 of the pid file is the server's number, line 8 its state.
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first().and_then(|line| line.parse().ok()) == Some(pid) && lines.get(7) == Some(&"ready")
}

fn settings(options: &Options, sockets: &Path) -> Vec<(&'static str, OsString)> {
    let mut settings: Vec<(&'static str, OsString)> = vec![
        ("listen_addresses", "".into()),
        ("unix_socket_directories", sockets.into()),
        ("unix_socket_permissions", "0700".into()),
        ("port", PORT.to_string().into()),
        ("timezone", "UTC".into()),
        ("log_timezone", "UTC".into()),
        ("lc_messages", "C".into()),
        // Pages are short statements: compiling them costs more than running them.
        ("jit", "off".into()),
        // /dev/shm is 64 MB in many containers.
        ("dynamic_shared_memory_type", "mmap".into()),
        // Nothing replicates from a private cluster, so its log need not carry it.
        ("wal_level", "minimal".into()),
        ("max_wal_senders", "0".into()),
        ("max_logical_replication_workers", "0".into()),
        ("idle_in_transaction_session_timeout", "60s".into()),
        ("log_checkpoints", "off".into()),
    ];
    let by_kind: &[(&str, &str)] = if options.volatile {
        &[
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("synchronous_commit", "off"),
            ("shared_buffers", "128MB"),
            ("max_connections", "200"),
            // It may live in memory, and stays there between runs.
            ("max_wal_size", "128MB"),
            ("min_wal_size", "32MB"),
            ("checkpoint_timeout", "1h"),
            // It only gets in the way of copying a template.
            ("autovacuum", "off"),
        ]
    } else {
        &[
            ("shared_buffers", "256MB"),
            ("max_connections", "100"),
            ("max_wal_size", "2GB"),
            ("random_page_cost", "1.1"),
            ("log_min_duration_statement", "500ms"),
            ("log_lock_waits", "on"),
        ]
    };
    settings.extend(by_kind.iter().map(|(name, value)| (*name, OsString::from(*value))));
    settings
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
