//! `waybill user` and `waybill token`: who may come in.

use super::open::with_installation;
use crate::{
    accounts::{
        Role,
        tokens::{self, Scope},
        users::{self, NewUser},
    },
    clock,
    config::Installation,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::io::{BufRead, IsTerminal, Write};

/// People who sign in.
#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    what: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add somebody. The password is read from the terminal or from standard input.
    Create(CreateUser),
}

#[derive(Debug, Args)]
struct CreateUser {
    #[command(flatten)]
    installation: Installation,

    /// What they sign in with.
    #[arg(long)]
    email: String,

    /// The name shown.
    #[arg(long)]
    name: String,

    /// The account's short name; it is made if there is none.
    #[arg(long)]
    account: String,

    /// The account's name, when it is made.
    #[arg(long)]
    account_name: Option<String>,

    /// client, admin or support.
    #[arg(long, value_parser = role)]
    role: Role,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "choose client, admin or support".to_owned())
}

fn password() -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        print!("Password (15 characters or more; it is shown as you type): ");
        std::io::stdout().flush()?;
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password was given");
    }
    Ok(password)
}

impl User {
    /// Runs it.
    pub fn run(self) -> Result<()> {
        let UserCommand::Create(new) = self.what;
        let password = password()?;
        let config = new.installation.clone();
        with_installation(&config, |opened| async move {
            let name = new.account_name.as_deref().unwrap_or(&new.account);
            let account = users::account_by_slug(&opened.db, &new.account, name).await?;
            let roles = [(account, new.role)];
            users::create(
                &opened.db,
                NewUser { email: &new.email, name: &new.name, password, roles: &roles },
            )
            .await?;
            println!("{} can sign in to {} as {}", new.email, new.account, new.role);
            Ok(())
        })
    }
}

/// Tokens for programs.
#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    what: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token. It is printed once and cannot be shown again.
    Create(CreateToken),
}

#[derive(Debug, Args)]
struct CreateToken {
    #[command(flatten)]
    installation: Installation,

    /// Whose token it is.
    #[arg(long)]
    email: String,

    /// What it is for.
    #[arg(long)]
    name: String,

    /// What it may do, separated by commas: orders:read, orders:write, shipments:read, shipments:write, channels:read, channels:write, evidence:read.
    #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
    scopes: Vec<Scope>,

    /// The account: its short name or number. Not needed when the person has only one.
    #[arg(long)]
    account: Option<String>,

    /// Days until it expires, 365 at most.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=365))]
    days: i64,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text.trim()).ok_or_else(|| {
        let known: Vec<&str> = Scope::ALL.iter().map(|s| s.as_str()).collect();
        format!("there is no scope {text}; there are {}", known.join(", "))
    })
}

impl Token {
    /// Runs it.
    pub fn run(self) -> Result<()> {
        let TokenCommand::Create(new) = self.what;
        let config = new.installation.clone();
        with_installation(&config, |opened| async move {
            let (user, accounts) = users::find(&opened.db, &new.email)
                .await?
                .with_context(|| format!("there is no user {}", new.email))?;
            let account = match (&new.account, accounts.as_slice()) {
                (Some(name), _) => {
                    let account = users::find_account(&opened.db, name)
                        .await?
                        .with_context(|| format!("there is no account {name}"))?;
                    if !accounts.contains(&account) {
                        bail!("{} may not enter {name}", new.email);
                    }
                    account
                }
                (None, [only]) => *only,
                (None, _) => bail!("name the account with --account"),
            };
            let expires = clock::now() + chrono::Duration::days(new.days);
            let created =
                tokens::create(&opened.db, account, user, &new.name, &new.scopes, Some(expires)).await?;
            println!("{}", created.token);
            eprintln!("Keep it now: it is not shown again. It expires on {}.", expires.format("%Y-%m-%d"));
            Ok(())
        })
    }
}
