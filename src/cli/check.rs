//! `waybill check`: reads every account, while people work, and names what does
//! not balance.

use super::{open, start_logging};
use crate::{
    config::Installation,
    db::{Db, DbResult, migrate, sql},
    ids::AccountId,
    inventory::check::{self, Broken},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use serde::Serialize;

/// Read every account and name what does not balance: stock, costs, budgets, what is derived of orders.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    installation: Installation,

    /// Only this account, by its short name.
    #[arg(long)]
    account: Option<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(QueryableByName)]
struct Account {
    #[diesel(sql_type = BigInt)]
    id: AccountId,
    #[diesel(sql_type = Text)]
    slug: String,
}

/// What was found in an account.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Its short name.
    pub account: String,
    /// The laws that are broken in it.
    pub broken: Vec<Broken>,
}

impl Check {
    /// An error when anything is broken.
    pub fn run(self) -> Result<()> {
        start_logging(&self.installation);
        let local = open::local_server(&self.installation)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let checked = runtime.block_on(async {
            let (owner_url, app_url) = open::urls(&self.installation, local.as_ref()).await?;
            let missing = migrate::pending(&owner_url).await.context("reading the migrations")?;
            if !missing.is_empty() {
                bail!("migrations are missing: {}; run `waybill migrate`", missing.join(", "));
            }
            let db = Db::open(&app_url, 1, "waybill-check")?;
            Ok(database(&db, self.account.as_deref()).await?)
        });
        drop(runtime);
        drop(local);
        let checked = checked?;
        if let (Some(slug), true) = (&self.account, checked.is_empty()) {
            bail!("there is no account {slug}");
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&checked)?);
        } else {
            checked.iter().for_each(|checked| print!("{}", sentences(checked)));
        }
        match checked.iter().filter(|checked| !checked.broken.is_empty()).count() {
            0 => Ok(()),
            n => bail!("{n} of {} accounts do not balance", checked.len()),
        }
    }
}

/// Checks every account, or one, each on one picture of its data.
pub async fn database(db: &Db, only: Option<&str>) -> DbResult<Vec<Checked>> {
    let mut global = db.global().await?;
    let statement = match only {
        None => sql("select id, slug from accounts order by id"),
        Some(slug) => sql("select id, slug from accounts where slug = {} order by id").bind(slug),
    };
    let accounts: Vec<Account> = global.rows(statement).await?;
    global.commit().await?;
    let mut checked = Vec::new();
    for account in accounts {
        let mut scope = db.snapshot(account.id).await?;
        let broken = check::account(&mut scope).await?;
        scope.commit().await?;
        checked.push(Checked { account: account.slug, broken });
    }
    Ok(checked)
}

/// What was found, for people.
pub fn sentences(checked: &Checked) -> String {
    let account = &checked.account;
    if checked.broken.is_empty() {
        return format!("ok   {account}: everything balances\n");
    }
    let mut text = String::new();
    for law in &checked.broken {
        text += &format!("FAIL {account}: {}\n", law.law);
        for found in &law.breaks {
            text += &format!("       {}: expected {}, found {}\n", found.what, found.expected, found.found);
        }
        if law.more > 0 {
            text += &format!("       and {} more\n", law.more);
        }
    }
    text
}
