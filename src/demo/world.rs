//! Seeding: rolls both merchants' books, gives the sandbox its part, and writes
//! the rest in one transaction an account.

use super::{
    dice::Dice, evidence::Evidence, merchants::MERCHANTS, numbering, outside, plan, setup, special, stories,
    write,
};
use crate::{
    channels::{ChannelKind, inbound, store},
    clock::Instant,
    db::{Db, DbResult, sql},
    ids::AccountId,
    sandbox::Sandbox,
    secrets::Keyring,
};
use anyhow::{Result, anyhow, bail};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool},
};

/// What was seeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeded {
    /// Harbour & Pine.
    pub harbour: AccountId,
    /// Fjord Outdoor.
    pub fjord: AccountId,
    /// Orders of both.
    pub orders: usize,
    /// Shipments of both.
    pub shipments: usize,
}

/// What the demo's shops sign their messages with.
pub const SHOP_SECRET: &str = "demo-shop-secret";

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Bool)]
    whole: bool,
}

async fn known(db: &Db, slug: &str) -> DbResult<Option<Known>> {
    let mut global = db.global().await?;
    global
        .row(sql("select id, settings ? 'demo_seed' as whole from accounts where slug = {}").bind(slug))
        .await
}

/// Whether the whole world is there. An error: only a part of it is.
pub async fn is_seeded(db: &Db) -> Result<bool> {
    match known(db, stories::HARBOUR).await? {
        None => Ok(false),
        Some(known) if known.whole => Ok(true),
        Some(_) => bail!(
            "only a part of the demo's world is there, from a start that was cut short; begin anew with --fresh"
        ),
    }
}

/// Makes the world in an empty database and in a sandbox that has none of it yet.
pub async fn seed(db: &Db, keyring: &Keyring, sandbox: &Sandbox, seed: u64, now: Instant) -> Result<Seeded> {
    let accounts = setup::accounts(db, MERCHANTS, now).await?;
    let mut seeded = Seeded { harbour: accounts[0].0, fjord: accounts[1].0, orders: 0, shipments: 0 };
    for (merchant, (account, crew)) in MERCHANTS.iter().zip(accounts) {
        let mut dice = Dice::new(seed, merchant.slug);
        let mut book = plan::ordinary(merchant, &mut dice, now);
        special::add(&mut book, &mut dice);
        numbering::number(&mut book);
        outside::fill(sandbox, &mut book)?;
        let mut scope = db.scope(account).await?;
        let ids = setup::settings(&mut scope, keyring, merchant, sandbox, crew, now).await?;
        let written = write::write(&mut scope, &book, &ids).await?;
        let mut evidence = Evidence::new(&book, &ids, &written, &mut dice, sandbox);
        evidence.settings();
        evidence.imports(&mut scope).await?;
        evidence.tell_all();
        evidence.write(&mut scope).await?;
        scope.commit().await?;
        seeded.orders += written.orders.len();
        seeded.shipments += written.shipments.iter().map(Vec::len).sum::<usize>();
    }
    let mut global = db.global().await?;
    for account in [seeded.harbour, seeded.fjord] {
        global
            .execute(
                sql("update accounts set settings = settings || jsonb_build_object('demo_seed', {}::bigint) where id = {}")
                    .bind(seed.cast_signed())
                    .bind(account),
            )
            .await?;
    }
    global.commit().await?;
    Ok(seeded)
}

/// Opens the door for each shop's signed messages and tells the sandbox's shops
/// to send theirs there. `portal` is where Waybill answers, as in
/// `http://127.0.0.1:8080`.
pub async fn listen_to_shops(
    db: &Db,
    keyring: &Keyring,
    sandbox: &Sandbox,
    portal: &str,
    now: Instant,
) -> Result<()> {
    for merchant in MERCHANTS {
        let Some(known) = known(db, merchant.slug).await? else {
            continue;
        };
        let mut scope = db.scope(AccountId(known.id)).await?;
        for channel in store::channels(&mut scope, None).await? {
            if channel.kind != ChannelKind::Shopify {
                continue;
            }
            let path = match inbound::path(&mut scope, channel.id).await? {
                Some(path) => Some(path),
                None => inbound::open(&mut scope, keyring, channel.id, SHOP_SECRET, now).await?,
            };
            if let Some(path) = path {
                let url = format!("{}{path}", portal.trim_end_matches('/'));
                sandbox
                    .set_shopify_webhook(&channel.external_account, &url, SHOP_SECRET)
                    .map_err(|refusal| anyhow!("the sandbox refused a webhook: {refusal}"))?;
            }
        }
        scope.commit().await?;
    }
    Ok(())
}

/// Points every channel, connection and webhook endpoint of a world that is
/// there at the sandbox as it listens now.
pub async fn point_at(db: &Db, sandbox: &Sandbox) -> Result<()> {
    for merchant in MERCHANTS {
        let Some(known) = known(db, merchant.slug).await? else {
            continue;
        };
        let account = AccountId(known.id);
        let mut scope = db.scope(account).await?;
        for channel in merchant.channels.iter().filter(|channel| channel.kind != ChannelKind::Manual) {
            scope
                .execute(
                    sql(
                        "update channels set base_url = {} where account_id = {} and name = {} and kind = {}",
                    )
                    .bind(setup::base_url(sandbox, channel.kind, channel.external))
                    .bind(account)
                    .bind(channel.name)
                    .bind(channel.kind),
                )
                .await?;
        }
        for connection in merchant.connections {
            scope
                .execute(
                    sql("update connections set base_url = {} where account_id = {} and name = {}")
                        .bind(sandbox.shipstation_base())
                        .bind(account)
                        .bind(connection.name),
                )
                .await?;
        }
        scope
            .execute(
                sql("update webhook_endpoints set url = {} where account_id = {} and url like '%/_sandbox/hooks/%'")
                    .bind(sandbox.hook_url(stories::HOOK))
                    .bind(account),
            )
            .await?;
        scope.commit().await?;
    }
    Ok(())
}
