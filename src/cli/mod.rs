//! The commands. This floor composes the rest: it is the only place that lists
//! every job kind, adapter and action.

pub mod registry;
pub mod serve;

use crate::config::{Config, LogFormat};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Order and shipment operations: what is stuck, why, and what one click fixes it.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the portal and work the queue.
    Serve(serve::Serve),
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    // must come before the first TLS client is built; a second call is harmless
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            eprintln!("waybill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts logging as the settings say. Later calls change nothing.
pub fn start_logging(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
