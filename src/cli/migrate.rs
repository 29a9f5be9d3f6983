//! `waybill migrate`: brings the database up to this version.

use super::{open, start_logging};
use crate::{config::Installation, db::migrate};
use anyhow::Result;
use clap::Args;

/// Bring the database up to this version.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    installation: Installation,

    /// Only say what would run.
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    /// Runs it.
    pub fn run(self) -> Result<()> {
        start_logging(&self.installation);
        let local = open::local_server(&self.installation)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(async {
            let (owner_url, _) = open::urls(&self.installation, local.as_ref()).await?;
            if self.dry_run {
                for name in migrate::pending(&owner_url).await? {
                    println!("{name}");
                }
                return Ok(());
            }
            let ran = migrate::migrate(&owner_url).await?;
            println!("{ran} migrations ran; the database is up to date");
            Ok(())
        });
        drop(runtime);
        drop(local);
        result
    }
}
