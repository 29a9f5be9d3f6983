//! A private PostgreSQL for those who have not set `DATABASE_URL`.
//!
//! Finds the server installed on this machine, makes a cluster in a folder of its
//! own and runs it as a child. Nothing is downloaded, no TCP port is opened: the
//! only door is a unix socket in a folder that only the server's account may enter.
//!
//! What it promises:
//! - a first start that is cut short leaves nothing half-made;
//! - Ctrl-C reaches the app alone, and the app then stops the server;
//! - `kill -9` of the app makes the kernel stop the server (Linux; elsewhere the
//!   next start finds the orphan and stops it);
//! - one owner for each cluster; a second copy of the app is its guest;
//! - stale lock files never keep it from starting.
//!
//! What it does not: backups, other machines, Windows. A guest loses its database
//! when the owner stops.

mod binaries;
mod bootstrap;
mod identity;
mod leftovers;
mod server;

use std::{
    fs::{self, File, OpenOptions},
    os::unix::{fs::OpenOptionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use binaries::{Binaries, OLDEST_MAJOR};
pub use bootstrap::{ALLOW_SEARCHING, APP_ROLE, DATABASE, OWNER_ROLE, bootstrap, create_roles};
use identity::Place;

/// Only names the socket's file.
const PORT: u16 = 5432;
const SUPERUSER: &str = "postgres";

/// What kind of cluster, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder the cluster lives in.
    pub home: PathBuf,
    /// No fsync: a crash of the machine loses everything. For tests only.
    pub volatile: bool,
    /// Many processes use it as equals: the first one in starts the server, the
    /// last one out stops it. For tests only.
    pub shared: bool,
    /// How long a server may take to answer (recovery after a crash included).
    pub ready_timeout: Duration,
}

impl Options {
    /// Data that is kept: what the app runs on.
    pub fn kept(home: impl Into<PathBuf>) -> Options {
        Options { home: home.into(), volatile: false, shared: false, ready_timeout: Duration::from_secs(120) }
    }

    /// Data nobody will miss, shared by the processes of a test run.
    pub fn throwaway(home: impl Into<PathBuf>) -> Options {
        Options { home: home.into(), volatile: true, shared: true, ready_timeout: Duration::from_secs(60) }
    }
}

/// What happened at the start, for the log.
#[derive(Default, Debug, Clone)]
pub struct Report {
    /// The data folder; not always below the home asked for.
    pub data_dir: PathBuf,
    /// The programs used; `None` if the server ran already.
    pub binaries: Option<Binaries>,
    /// The account the server runs as, if not our own.
    pub run_as: Option<String>,
    /// What was found of an earlier run and cleared away.
    pub recovered: Option<String>,
    /// The time `initdb` took, if the cluster is new.
    pub initdb: Option<Duration>,
    /// From the call to a server that answers.
    pub start: Duration,
}

impl Report {
    /// Whether this process started the server (and did not find it running).
    pub fn started_here(&self) -> bool {
        self.binaries.is_some()
    }
}

/// A running private server; dropping it stops the server or leaves it to others.
#[derive(Debug)]
pub struct LocalPg {
    place: Place,
    role: Role,
    /// What happened at the start.
    pub report: Report,
}

#[derive(Debug)]
enum Role {
    /// We hold the cluster's lock and its process.
    Owner { child: Child, _lock: File },
    /// Another copy of the app owns it.
    Guest,
    /// One of several equals. `door` is locked while coming in and going out;
    /// `users` is held as a shared lock in between.
    User { door: File, users: File, child: Option<Child> },
    /// We have stopped.
    Left,
}

impl LocalPg {
    /// Starts the cluster, or joins the one that runs.
    ///
    /// Call it on the main thread before any runtime is made: the kernel ties the
    /// server's life to the *thread* that started it.
    pub fn start(options: &Options) -> Result<LocalPg> {
        let since = Instant::now();
        let place =
            Place::prepare(&options.home).with_context(|| format!("preparing {}", options.home.display()))?;
        let mut report = Report {
            data_dir: place.data.clone(),
            run_as: place.run_as.as_ref().map(|who| who.name.clone()),
            ..Report::default()
        };
        let lock = open_lock(&place.home.join("lock"))?;
        let role = if options.shared {
            enter(options, &place, lock, &mut report)?
        } else if lock.try_lock().is_ok() {
            let child = bring_up(options, &place, &mut report)?;
            Role::Owner { child, _lock: lock }
        } else {
            wait_for_owner(options, &place)?;
            Role::Guest
        };
        report.start = since.elapsed();
        Ok(LocalPg { place, role, report })
    }

    /// For migrations: the role that owns the databases and all that is in them.
    pub fn owner_url(&self, database: &str) -> String {
        self.url(OWNER_ROLE, database)
    }

    /// For everything else: the role that owns nothing and bypasses nothing.
    pub fn app_url(&self, database: &str) -> String {
        self.url(APP_ROLE, database)
    }

    /// For [`bootstrap`] and for people.
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, "postgres")
    }

    /// Whether another copy of the app owns the server: it ends with that one.
    pub fn is_guest(&self) -> bool {
        matches!(self.role, Role::Guest)
    }

    /// As dropping it, for a value in a static: call it from `atexit`, when nobody
    /// else uses it any more.
    pub fn leave_on_exit(&self) {
        if let Role::User { door, users, .. } = &self.role {
            leave(door, users, &self.place.data);
        }
    }

    /// Stops the server if it is ours to stop, and gives up the place. Dropping
    /// does the same.
    pub fn stop(&mut self) {
        match std::mem::replace(&mut self.role, Role::Left) {
            Role::Owner { mut child, _lock } => stop_child(&mut child),
            Role::User { door, users, child } => {
                leave(&door, &users, &self.place.data);
                // Reaped if it ended; if others still use it, it outlives us.
                if let Some(mut child) = child {
                    let _ = child.try_wait();
                }
            }
            Role::Guest | Role::Left => {}
        }
    }

    /// A form that tokio-postgres, libpq and psql all understand.
    fn url(&self, user: &str, database: &str) -> String {
        let sockets = self.place.sockets.as_os_str().as_encoded_bytes();
        let host = sockets.iter().fold(String::new(), |host, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                host + &char::from(*byte).to_string()
            }
            _ => host + &format!("%{byte:02X}"),
        });
        format!("postgresql://{user}@{host}:{PORT}/{database}")
    }
}

impl Drop for LocalPg {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tests keep their cluster in the temporary folder, where the system removes what
/// nobody read for some days, file by file. Long before that it is made anew.
const LONGEST_THROWAWAY_LIFE: Duration = Duration::from_secs(3 * 24 * 3600);

/// A server on this place: cluster made if there is none, leftovers cleared.
/// Only with the lock held.
fn bring_up(options: &Options, place: &Place, report: &mut Report) -> Result<Child> {
    report.recovered = leftovers::recover(place)?;
    let version_file = place.data.join("PG_VERSION");
    if options.volatile && age(&version_file) > LONGEST_THROWAWAY_LIFE {
        fs::remove_dir_all(&place.data)?;
    }
    let made_by = fs::read_to_string(version_file).ok().and_then(|text| text.trim().parse().ok());
    let binaries = binaries::find(made_by)?;
    if made_by.is_none() {
        let since = Instant::now();
        server::init(options, &binaries, place)?;
        report.initdb = Some(since.elapsed());
    }
    let child = server::launch(options, &binaries, place)?;
    report.binaries = Some(binaries);
    Ok(child)
}

/// Zero for what is not there or lies in the future.
fn age(file: &Path) -> Duration {
    let modified = fs::metadata(file).and_then(|meta| meta.modified());
    modified.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default()
}

fn wait_for_owner(options: &Options, place: &Place) -> Result<()> {
    let since = Instant::now();
    while !answers(place) {
        if since.elapsed() > options.ready_timeout {
            bail!("another copy of the app holds {}, but its server does not answer", place.home.display());
        }
        thread::sleep(Duration::from_millis(25));
    }
    Ok(())
}

/// Shared mode: comes in, starts the server if none answers. A cluster whose
/// users were all killed still runs, and is simply taken over.
fn enter(options: &Options, place: &Place, door: File, report: &mut Report) -> Result<Role> {
    door.lock()?;
    let users = open_lock(&place.home.join("users"))?;
    let child = match answers(place) {
        true => None,
        false => Some(bring_up(options, place, report)?),
    };
    users.lock_shared()?;
    door.unlock()?;
    Ok(Role::User { door, users, child })
}

/// Shared mode: goes out, and stops the server if nobody else is in.
fn leave(door: &File, users: &File, data: &Path) {
    // Without the door the count of users cannot be trusted: let the server run,
    // the next one in takes it over.
    if door.lock().is_err() {
        return;
    }
    let _ = users.unlock();
    if users.try_lock().is_ok() {
        if let Some(server) = leftovers::running_server(data) {
            let _ = kill(server, Signal::SIGINT);
            let since = Instant::now();
            while data.join("postmaster.pid").exists() && since.elapsed() < Duration::from_secs(10) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        let _ = users.unlock();
    }
    let _ = door.unlock();
}

/// Fast shutdown with its checkpoint; then less and less polite. Even the last
/// loses no committed data, it only makes the next start recover.
fn stop_child(child: &mut Child) {
    let pid = Pid::from_raw(child.id().cast_signed());
    for (signal, limit) in [(Signal::SIGINT, 30), (Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)] {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = kill(pid, signal);
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(limit) {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn answers(place: &Place) -> bool {
    UnixStream::connect(place.sockets.join(format!(".s.PGSQL.{PORT}"))).is_ok()
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))
}
