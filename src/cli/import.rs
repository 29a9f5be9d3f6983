//! `waybill import`: takes a file in from the command line.

use super::open::with_installation;
use crate::{
    accounts::users,
    actions::By,
    channels::store,
    clock,
    config::Installation,
    db::sql,
    evidence::TraceId,
    ids::ChannelId,
    imports::{orders, shopify_csv},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use diesel::{
    QueryableByName,
    sql_types::{Integer, Text},
};
use std::path::PathBuf;

/// Take a file in.
#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Orders, as the CSV file that Shopify's admin exports.
    Orders(Orders),
}

#[derive(Debug, Args)]
struct Orders {
    #[command(flatten)]
    installation: Installation,

    /// The file.
    file: PathBuf,

    /// The account: its short name or its number. Not needed when there is only one.
    #[arg(long)]
    account: Option<String>,

    /// The channel the orders were bought through: its number or its exact name.
    #[arg(long)]
    channel: String,
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::imports)]
struct Summary {
    state: String,
    rows_created: i32,
    rows_updated: i32,
    rows_unchanged: i32,
    rows_failed: i32,
    notes: Vec<String>,
}

#[derive(QueryableByName)]
struct Failure {
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = Text)]
    reference: String,
    #[diesel(sql_type = Text)]
    reason: String,
}

impl Import {
    /// Runs the import to its end and prints what came of it, row by row for
    /// rows that failed.
    pub fn run(self) -> Result<()> {
        let What::Orders(orders) = self.what;
        orders.run()
    }
}

impl Orders {
    fn run(self) -> Result<()> {
        let size =
            std::fs::metadata(&self.file).with_context(|| format!("reading {}", self.file.display()))?.len();
        if size > shopify_csv::MAX_FILE_BYTES {
            bail!(
                "{} is larger than {} MB; split it",
                self.file.display(),
                shopify_csv::MAX_FILE_BYTES >> 20
            );
        }
        let bytes = std::fs::read(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        let config = self.installation.clone();
        with_installation(&config, |opened| async move {
            let account = match &self.account {
                Some(name) => users::find_account(&opened.db, name)
                    .await?
                    .with_context(|| format!("there is no account {name}"))?,
                None => users::only_account(&opened.db).await?.context("name the account with --account")?,
            };
            let mut scope = opened.db.scope(account).await?;
            let channels = store::channels(&mut scope, None).await?;
            let wanted = self.channel.trim();
            let channel: ChannelId = channels
                .iter()
                .find(|c| c.id.to_string() == wanted || c.name.eq_ignore_ascii_case(wanted))
                .map(|c| c.id)
                .with_context(|| {
                    let names: Vec<String> =
                        channels.iter().map(|c| format!("{} ({})", c.name, c.id)).collect();
                    format!("there is no channel {wanted}; there are: {}", names.join(", "))
                })?;
            let name = self.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let by = By::system(TraceId::new());
            let new = orders::NewImport { channel, file_name: &name, bytes: &bytes };
            let id = orders::begin(&mut scope, new, &by, clock::now()).await?;
            scope.commit().await?;
            // a running worker may have taken the job already; both go on where the other is
            orders::run(&opened.db, account, id, clock::now).await?;
            let mut scope = opened.db.scope(account).await?;
            let result: Summary = scope
                .row(
                    sql("select state, rows_created, rows_updated, rows_unchanged, rows_failed, notes from imports \
                         where account_id = {} and id = {}")
                    .bind(account)
                    .bind(id),
                )
                .await?
                .context("the import is gone")?;
            for note in &result.notes {
                println!("note: {note}");
            }
            if result.state == "failed" {
                bail!("{name} was not imported");
            }
            let failures: Vec<Failure> = scope
                .rows(
                    sql("select line, reference, reason from import_rows where account_id = {} and import_id = {} \
                         and outcome = 'failed' order by line")
                    .bind(account)
                    .bind(id),
                )
                .await?;
            for failure in &failures {
                println!("line {} {}: {}", failure.line, failure.reference, failure.reason);
            }
            println!(
                "{} created, {} updated, {} unchanged, {} failed",
                result.rows_created, result.rows_updated, result.rows_unchanged, result.rows_failed
            );
            Ok(())
        })
    }
}
