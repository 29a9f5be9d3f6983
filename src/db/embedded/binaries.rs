//! Where the PostgreSQL server of this machine is.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

/// The oldest major version the schema is written for.
pub const OLDEST_MAJOR: u32 = 15;

/// Where packagers put the programs: parent folder, how a version's folder in it
/// begins, and the folder with the programs below that.
const PACKAGED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),                      // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                               // PGDG on Fedora and RHEL
    ("/usr/libexec", "postgresql", ""),                      // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"),              // macOS, arm64
    ("/usr/local/opt", "postgresql", "bin"),                 // macOS, x86-64
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"), // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
];

/// A folder with `postgres` and `initdb`, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub dir: PathBuf,
    /// 15, 16, …
    pub major: u32,
}

/// Finds the server's programs. A cluster opens only with the major version that
/// made it, so an existing one says which it wants.
pub fn find(wanted: Option<u32>) -> Result<Binaries> {
    choose(wanted, candidates().iter().filter_map(|dir| probe(dir)))
}

fn choose(wanted: Option<u32>, found: impl Iterator<Item = Binaries>) -> Result<Binaries> {
    let mut unfit: Option<Binaries> = None;
    for binaries in found {
        let fits = wanted.map_or(binaries.major >= OLDEST_MAJOR, |major| major == binaries.major);
        if fits {
            return Ok(binaries);
        }
        unfit.get_or_insert(binaries);
    }
    match (wanted, unfit) {
        (Some(major), Some(other)) => bail!(
            "the private cluster was made by PostgreSQL {major}, but only version {} is installed ({}): \
             install version {major}, or move the cluster's folder away",
            other.major,
            other.dir.display()
        ),
        (None, Some(old)) => bail!(
            "PostgreSQL {} ({}) is too old: Waybill needs version {OLDEST_MAJOR} or later. \
             Install one, or set DATABASE_URL",
            old.major,
            old.dir.display()
        ),
        (_, None) => bail!(
            "no PostgreSQL server on this machine: run bin/run, which installs it; or install it yourself \
             (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server postgresql-contrib; \
             Alpine: apk add postgresql postgresql-contrib; macOS: brew install postgresql@17); \
             or set PG_BIN_DIR to the folder with `postgres` and `initdb`; or set DATABASE_URL"
        ),
    }
}

/// Every folder that might hold the programs, the most deliberate choice first.
fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = env::var_os("PG_BIN_DIR").map(PathBuf::from).into_iter().collect();
    if let Some(path) = env::var_os("PATH") {
        dirs.extend(env::split_paths(&path));
    }
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output()
        && answer.status.success()
    {
        dirs.push(String::from_utf8_lossy(&answer.stdout).trim().into());
    }
    for (parent, prefix, below) in PACKAGED {
        dirs.extend(versions_in(Path::new(parent), prefix).into_iter().map(|dir| dir.join(below)));
    }
    dirs
}

/// The folders of `parent` that begin with `prefix`, the newest version first.
fn versions_in(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut hits: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let digits: String =
                name.to_str()?.strip_prefix(prefix)?.chars().filter(char::is_ascii_digit).collect();
            Some((digits.parse().unwrap_or(0), entry.path()))
        })
        .collect();
    hits.sort();
    hits.into_iter().rev().map(|(_, dir)| dir).collect()
}

fn probe(dir: &Path) -> Option<Binaries> {
    if !(dir.join("postgres").is_file() && dir.join("initdb").is_file()) {
        return None;
    }
    let answer = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&answer.stdout))?;
    Some(Binaries { dir: dir.to_owned(), major })
}

/// From `postgres (PostgreSQL) 15.20 (Debian …)`, `… 18beta1`, `… 17rc1`.
fn major_of(version: &str) -> Option<u32> {
    version.split_whitespace().find_map(|word| {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}
