//! The commands. This floor composes the rest: it is the only place that lists
//! every job kind, adapter and action.

pub mod bench;
pub mod check;
pub mod chores;
pub mod demo;
pub mod doctor;
#[cfg(debug_assertions)]
pub mod drill;
pub mod import;
pub mod migrate;
pub mod open;
pub mod people;
pub mod registry;
pub mod sandbox;
pub mod serve;

use crate::config::{Installation, LogFormat};
use clap::{Parser, Subcommand};
use std::{io::IsTerminal, process::ExitCode};
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
    Serve(Box<serve::Serve>),
    /// Bring the database up to this version.
    Migrate(Box<migrate::Migrate>),
    /// Take a file in.
    Import(Box<import::Import>),
    /// People who sign in.
    User(Box<people::User>),
    /// Tokens for programs.
    Token(Box<people::Token>),
    /// Look at the installation and say what is wrong.
    Doctor(Box<doctor::Doctor>),
    /// Read every account and name what does not balance.
    Check(Box<check::Check>),
    /// Open the portal on a world made up for trying it.
    Demo(Box<demo::Demo>),
    /// Run the stand-ins for channels and providers.
    Sandbox(Box<sandbox::RunSandbox>),
    /// Measure this program on this machine.
    Bench(Box<bench::Bench>),
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    // must come before the first TLS client is built; a second call is harmless
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match Cli::parse().command {
        Command::Serve(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::User(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Sandbox(command) => command.run(),
        Command::Bench(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("waybill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts logging as the settings say. Later calls change nothing.
pub fn start_logging(config: &Installation) {
    // what libraries say of their ordinary work is no news; `--log` still overrides
    let directives = format!("tokio_postgres=warn,actix_server=warn,{}", config.log);
    let filter = EnvFilter::try_new(&directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
