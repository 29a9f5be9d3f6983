//! `waybill doctor`: looks at an installation and says what is wrong with it.

use super::{open, start_logging};
use crate::{
    channels::store,
    config::{Installation, MailSettings},
    db::{Db, embedded::ALLOW_SEARCHING, migrate, sql},
    demo,
    ids::AccountId,
    outbound::AddressPolicy,
    providers::connection,
    secrets::Keyring,
};
use anyhow::{Result, bail};
use clap::Args;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use std::net::SocketAddr;

/// Look at the database, its migrations, the secrets and what is called outside, and say what is wrong.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    installation: Installation,

    #[command(flatten)]
    mail: MailSettings,

    /// Where the stand-ins of the demo listen, when it is the demo that is looked at.
    #[arg(long, default_value = "127.0.0.1:8090")]
    sandbox_listen: SocketAddr,
}

/// What was looked at and how it is.
struct Findings(Vec<(bool, String)>);

impl Findings {
    fn good(&mut self, text: impl Into<String>) {
        self.0.push((true, text.into()));
    }

    fn bad(&mut self, text: impl Into<String>) {
        self.0.push((false, text.into()));
    }
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    safe: bool,
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl Doctor {
    /// Runs every check; an error when any finds something.
    pub fn run(self) -> Result<()> {
        start_logging(&self.installation);
        let local = open::local_server(&self.installation)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let findings = runtime.block_on(async {
            let mut findings = Findings(Vec::new());
            let keyring = open::keyring(&self.installation);
            match &keyring {
                Ok(_) => findings.good("secrets: the installation’s key is there"),
                Err(error) => findings.bad(format!("secrets: {error:#}")),
            }
            match open::urls(&self.installation, local.as_ref()).await {
                Ok((owner_url, app_url)) => {
                    let sandbox = self.sandbox_listen;
                    database(&mut findings, &owner_url, &app_url, keyring.ok().as_ref(), sandbox).await;
                }
                Err(error) => findings.bad(format!("database: {error:#}")),
            }
            mail(&mut findings, &self.mail).await;
            findings
        });
        drop(runtime);
        drop(local);
        for (good, text) in &findings.0 {
            println!("{} {text}", if *good { "ok  " } else { "FAIL" });
        }
        let wrong = findings.0.iter().filter(|(good, _)| !good).count();
        if wrong > 0 {
            bail!("{wrong} of {} checks found something", findings.0.len());
        }
        Ok(())
    }
}

async fn database(
    findings: &mut Findings,
    owner_url: &str,
    app_url: &str,
    keyring: Option<&Keyring>,
    sandbox: SocketAddr,
) {
    let db = match Db::open(app_url, 2, "waybill-doctor") {
        Ok(db) => db,
        Err(error) => return findings.bad(format!("database: {error:#}")),
    };
    let role: Result<Option<Role>> = async {
        let mut global = db.global().await?;
        Ok(global
            .row(sql(
                "select current_user::text as name, not (r.rolsuper or r.rolbypassrls) and not exists ( \
                   select 1 from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace) as safe, \
                 current_setting('server_version') as version from pg_roles r where r.rolname = current_user",
            ))
            .await?)
    }
    .await;
    match role {
        Ok(Some(role)) => {
            findings.good(format!("database: PostgreSQL {} answers", role.version));
            if role.safe && role.name == "waybill_app" {
                findings.good(
                    "database: the application works as waybill_app, which owns nothing and bypasses nothing",
                );
            } else {
                findings.bad(format!(
                    "database: the application works as {}; it must become waybill_app (is a pooler dropping the `options` of the URL?)",
                    role.name
                ));
            }
        }
        Ok(None) => findings.bad("database: it does not say who we are"),
        Err(error) => return findings.bad(format!("database: {error:#}")),
    }
    let searching: Result<Option<Fact>> = async {
        let mut global = db.global().await?;
        Ok(global
            .row(sql("select bool_and(proleakproof) as holds from pg_proc where oid = any(array['pg_catalog.textlike(text, text)', \
                  'pg_catalog.lower(text)']::regprocedure[])"))
            .await?)
    }
    .await;
    match searching {
        Ok(Some(Fact { holds: true })) => findings.good("database: searches may use their indexes"),
        _ => findings.bad(format!(
            "database: searches read every row; as a superuser in this database run: {ALLOW_SEARCHING}"
        )),
    }
    match migrate::pending(owner_url).await {
        Ok(names) if names.is_empty() => findings.good("migrations: none is missing"),
        Ok(names) => {
            return findings
                .bad(format!("migrations: {} are missing; run `waybill migrate`", names.join(", ")));
        }
        Err(error) => return findings.bad(format!("migrations: {error:#}")),
    }
    if let Some(keyring) = keyring
        && let Err(error) = outside(findings, &db, keyring, sandbox).await
    {
        findings.bad(format!("outside: {error:#}"));
    }
}

/// Whether the mail server lets us in.
async fn mail(findings: &mut Findings, settings: &MailSettings) {
    match open::mailer(settings) {
        Ok(None) => findings.good("mail: no server is set (WAYBILL_SMTP_URL); e-mails are kept and shown"),
        Ok(Some(mailer)) => match mailer.test().await {
            Ok(()) => {
                findings.good(format!(
                    "mail: {} lets us in; mail comes from {}",
                    mailer.place(),
                    mailer.from()
                ));
            }
            Err(failure) => findings.bad(format!("mail: {}: {}", mailer.place(), failure.words)),
        },
        Err(error) => findings.bad(format!("mail: {error:#}")),
    }
}

/// Every address and every credential that is stored.
async fn outside(findings: &mut Findings, db: &Db, keyring: &Keyring, sandbox: SocketAddr) -> Result<()> {
    let policy = match demo::is_seeded(db).await {
        // the demo may call its own stand-ins, and only it
        Ok(true) => AddressPolicy::public().with_sandbox(sandbox),
        _ => AddressPolicy::public(),
    };
    let mut global = db.global().await?;
    let accounts: Vec<Id> = global.rows(sql("select id from accounts order by id")).await?;
    drop(global);
    for account in accounts {
        let account = AccountId(account.id);
        let mut scope = db.scope(account).await?;
        for channel in store::channels(&mut scope, None).await? {
            if channel.credentials_sealed.is_none() {
                continue;
            }
            let name = format!("account {account}, channel {}", channel.name);
            match (channel.access(&scope, keyring), policy.check(&channel.base_url)) {
                (Err(error), _) => findings.bad(format!("secrets: {name}: {error:#}")),
                (Ok(_), Err(sentence)) => findings.bad(format!("outbound: {name}: {sentence}")),
                (Ok(_), Ok(_)) => findings.good(format!("outbound: {name}")),
            }
        }
        for connection in connection::list(&mut scope).await? {
            if connection.credentials_sealed.is_none() {
                continue;
            }
            let name = format!("account {account}, connection {}", connection.name);
            match (
                connection.access(&scope, keyring, crate::clock::now()),
                policy.check(&connection.base_url),
            ) {
                (Err(error), _) => findings.bad(format!("secrets: {name}: {error:#}")),
                (Ok(_), Err(sentence)) => findings.bad(format!("outbound: {name}: {sentence}")),
                (Ok(_), Ok(_)) => findings.good(format!("outbound: {name}")),
            }
        }
    }
    Ok(())
}
