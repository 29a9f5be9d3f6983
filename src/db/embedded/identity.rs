//! Under which account the private server runs, and which folders are its own.
//!
//! PostgreSQL refuses to run as root. So when the app does, the server runs as
//! another account, and its folders must be reachable for that one.

use std::{
    env, fs, io,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use sha2::{Digest, Sha256};

/// Clusters whose own place the server's account cannot reach live here.
const FALLBACK_HOME: &str = "/var/lib/waybill";

/// `sockaddr_un` holds 107 bytes on Linux, 103 elsewhere.
const LONGEST_SOCKET_PATH: usize = 100;

/// The account the server runs as, if it is not our own.
#[derive(Clone, Debug)]
pub(super) struct RunAs {
    pub uid: Uid,
    pub gid: Gid,
    pub name: String,
}

impl RunAs {
    /// `None` for an ordinary user. For root: whoever owns the folder (a checkout
    /// mounted into a container), else `postgres`, else `nobody`. initdb wants an
    /// account that exists.
    pub fn for_home(home: &Path) -> Result<Option<RunAs>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let nearest = home.ancestors().find_map(|dir| fs::metadata(dir).ok());
        let owner = nearest.and_then(|meta| User::from_uid(Uid::from_raw(meta.uid())).ok().flatten());
        let usual =
            ["postgres", "nobody"].into_iter().filter_map(|name| User::from_name(name).ok().flatten());
        let user =
            owner.into_iter().chain(usual).find(|user| !user.uid.is_root()).context(
                "running as root, and there is no account to run PostgreSQL under (postgres, nobody)",
            )?;
        Ok(Some(RunAs { uid: user.uid, gid: user.gid, name: user.name }))
    }

    /// May this account walk down to `dir`? A home folder of root is 0700 on most
    /// machines. What does not exist yet, we will make passable.
    fn can_reach(&self, dir: &Path) -> bool {
        dir.ancestors().skip(1).filter_map(|above| fs::metadata(above).ok()).all(|meta| {
            let bit = if meta.uid() == self.uid.as_raw() {
                0o100
            } else if meta.gid() == self.gid.as_raw() {
                0o010
            } else {
                0o001
            };
            meta.permissions().mode() & bit != 0
        })
    }
}

/// The folders of one cluster and the account they belong to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub home: PathBuf,
    pub data: PathBuf,
    pub sockets: PathBuf,
    pub run_as: Option<RunAs>,
}

impl Place {
    /// Decides where the cluster of `home` lives and makes the folders around it.
    pub fn prepare(home: &Path) -> Result<Place> {
        let mut home = std::path::absolute(home)?;
        let run_as = RunAs::for_home(&home)?;
        if let Some(who) = &run_as
            && !who.can_reach(&home.join("data"))
        {
            let moved = Path::new(FALLBACK_HOME).join(short_hash(&home));
            fs::create_dir_all(&home)?;
            // For the person who looks for the data where it ought to be.
            fs::write(home.join("LOCATION"), format!("{}\n", moved.display()))?;
            home = moved;
        }
        make_private(&home, run_as.as_ref())?;
        let sockets = socket_folder(&home, run_as.as_ref());
        make_private(&sockets, run_as.as_ref())?;
        Ok(Place { data: home.join("data"), home, sockets, run_as })
    }

    /// The name of a server program, ready to run here: our PG* variables do not
    /// leak into it, and it runs as the cluster's account.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir(&self.home);
        if let Some(who) = &self.run_as {
            // std drops root's supplementary groups along with the uid
            command.uid(who.uid.as_raw()).gid(who.gid.as_raw());
            command.env("HOME", &self.home).env("USER", &who.name);
        }
        command
    }
}

fn socket_folder(home: &Path, run_as: Option<&RunAs>) -> PathBuf {
    let own = home.join("run");
    if own.join(".s.PGSQL.5432.lock").as_os_str().len() < LONGEST_SOCKET_PATH {
        return own;
    }
    let name = format!("waybill-{}", short_hash(home));
    let temporary = env::temp_dir().join(&name);
    let fits = temporary.as_os_str().len() + 20 < LONGEST_SOCKET_PATH
        && run_as.is_none_or(|who| who.can_reach(&temporary.join("socket")));
    if fits { temporary } else { Path::new("/tmp").join(name) }
}

/// Makes a folder only the server's account may enter, or takes one that is ours
/// already. A folder someone else put there first is refused.
fn make_private(dir: &Path, run_as: Option<&RunAs>) -> Result<()> {
    let making = || format!("making {}", dir.display());
    if let Some(parent) = dir.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(parent).with_context(making)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let meta = fs::symlink_metadata(dir)?;
            let server = run_as.map_or(geteuid(), |who| who.uid).as_raw();
            if !meta.is_dir() {
                bail!("{} is not a folder", dir.display());
            }
            if meta.uid() != server && meta.uid() != geteuid().as_raw() {
                bail!("{} belongs to another account", dir.display());
            }
        }
        Err(error) => return Err(error).with_context(making),
    }
    if let Some(who) = run_as {
        chown(dir, Some(who.uid), Some(who.gid))?;
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Sixteen hexadecimal digits that stand for a path.
fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
