//! `waybill sandbox`: the make-believe outside world alone, for trying adapters.

use super::start_logging;
use crate::{
    config::Installation,
    sandbox::{Sandbox, SandboxOptions},
};
use anyhow::{Context, Result};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// Run strict stand-ins for Shopify, eBay, ShipStation and generic warehouses on this machine.
#[derive(Debug, Args)]
pub struct RunSandbox {
    #[command(flatten)]
    installation: Installation,

    /// Address and port of the stand-ins.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// File that keeps what happened, so that a restart keeps the same world.
    #[arg(long)]
    journal: Option<PathBuf>,
}

impl RunSandbox {
    /// Runs until it is interrupted.
    pub fn run(self) -> Result<()> {
        start_logging(&self.installation);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let options =
                SandboxOptions { listen: self.listen, journal: self.journal, ..SandboxOptions::default() };
            let sandbox = Sandbox::start(options).await.context("starting the sandbox")?;
            println!("The sandbox answers at http://{}", sandbox.address());
            super::serve::wait_for_signal().await?;
            sandbox.stop().await;
            Ok(())
        })
    }
}
