//! What stands before the first order: accounts, people, stores, channels,
//! mappings, warehouses, connections, responders, the webhook endpoint.

use super::{
    merchants::{DPD_BE, HELTHJEM, Merchant},
    plan::{DAYS, MAPPING_BROKEN},
    rows::*,
    stories,
};
use crate::{
    accounts::passwords,
    channels::{ChannelKind, store},
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    ids::AccountId,
    notify::webhooks,
    providers::connection,
    sandbox::{Sandbox, default_shop_token},
    secrets::{Keyring, Place},
};
use anyhow::{Context, Result};
use chrono::Duration;
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::json;

/// Somebody behind the portal.
#[derive(Debug, Clone)]
pub(super) struct Staff {
    pub id: i64,
    pub name: &'static str,
}

/// The people of one account.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub client: Staff,
    pub admin: Staff,
}

/// The rows an account's orders stand on.
#[derive(Debug)]
pub(super) struct Ids {
    pub channels: Vec<i64>,
    pub warehouses: Vec<i64>,
    pub connections: Vec<i64>,
    pub responders: Vec<(i64, ResponderRow)>,
    pub endpoint: Option<i64>,
    pub crew: Crew,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// E-mail, name, and what they are in which account.
type Somebody = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PEOPLE: [Somebody; 4] = [
    (stories::CLIENT, "Marieke Claes", &[("harbour", "client")]),
    (stories::ADMIN, "Jonas Lindahl", &[("harbour", "admin"), ("fjord", "admin")]),
    (stories::SUPPORT, "Sam Okafor", &[("harbour", "support"), ("fjord", "support")]),
    (stories::FJORD_CLIENT, "Ingrid Solberg", &[("fjord", "client")]),
];

/// Makes the accounts and the people; answers each account with its crew.
pub(super) async fn accounts(
    db: &Db,
    merchants: &[Merchant],
    now: Instant,
) -> Result<Vec<(AccountId, Crew)>> {
    let hash = passwords::hash(stories::PASSWORD.to_owned()).await?;
    let since = now - Duration::days(DAYS + 30);
    let mut global = db.global().await?;
    let mut accounts = Vec::new();
    for merchant in merchants {
        let row: Option<Id> = global
            .row(
                sql("insert into accounts (slug, reference_tag, name, time_zone, currency, created_at) values ({}, {}, {}, {}, {}, {}) returning id")
                    .bind(merchant.slug)
                    // elsewhere it is drawn; here the same world is made each time
                    .bind(merchant.slug.chars().take(6).collect::<String>())
                    .bind(merchant.name)
                    .bind(merchant.time_zone)
                    .bind(merchant.currency)
                    .bind(since),
            )
            .await?;
        accounts.push((merchant.slug, AccountId(row.context("no account came back")?.id)));
    }
    let mut staff = Vec::new();
    for (email, name, roles) in PEOPLE {
        let row: Option<Id> = global
            .row(
                sql("insert into users (email, name, password_hash, is_support, created_at) values ({}, {}, {}, {}, {}) returning id")
                    .bind(email)
                    .bind(name)
                    .bind(&hash)
                    .bind(roles.iter().any(|(_, role)| *role == "support"))
                    .bind(since),
            )
            .await?;
        let id = row.context("no user came back")?.id;
        staff.push(Staff { id, name });
        for (slug, role) in roles {
            let account =
                accounts.iter().find(|(known, _)| known == slug).context("an account of the demo")?.1;
            global
                .execute(
                    sql("insert into memberships (user_id, account_id, role, created_at) values ({}, {}, {}, {})")
                        .bind(id)
                        .bind(account)
                        .bind(*role)
                        .bind(since),
                )
                .await?;
        }
    }
    // history needs its partitions wherever `now` is
    global
        .execute(
            sql("select ensure_log_partitions({}::timestamptz::date, 8)")
                .bind(now - Duration::days(DAYS + 30)),
        )
        .await?;
    global.commit().await?;
    let crew = |client: usize| Crew { client: staff[client].clone(), admin: staff[1].clone() };
    Ok(accounts
        .into_iter()
        .map(|(slug, id)| (id, crew(if slug == stories::FJORD { 3 } else { 0 })))
        .collect())
}

/// Writes the settings of one account.
pub(super) async fn settings(
    scope: &mut Scope,
    keyring: &Keyring,
    merchant: &Merchant,
    sandbox: &Sandbox,
    crew: Crew,
    now: Instant,
) -> Result<Ids> {
    let since = now - Duration::days(DAYS + 29);
    let stores: Vec<StoreRow> = merchant
        .stores
        .iter()
        .map(|(name, zone, currency)| StoreRow {
            name: (*name).to_owned(),
            time_zone: (*zone).to_owned(),
            currency: (*currency).to_owned(),
            created_at: since,
        })
        .collect();
    let stores = insert_for_ids(scope, &stores).await?;
    let channels: Vec<ChannelRow> = merchant
        .channels
        .iter()
        .map(|channel| {
            let connected = channel.kind != ChannelKind::Manual;
            ChannelRow {
                store_id: stores[channel.store],
                kind: channel.kind.to_string(),
                name: channel.name.to_owned(),
                base_url: base_url(sandbox, channel.kind, channel.external),
                external_account: channel.external.to_owned(),
                on_unmapped_courier: channel.on_unmapped.to_string(),
                fallback_courier: (channel.kind == ChannelKind::Ebay).then(|| "Other".to_owned()),
                channel_notification: "trigger".to_owned(),
                import_orders: connected,
                submit_fulfillments: connected,
                poll_cursor: connected.then(|| now - Duration::minutes(6)),
                last_polled_at: connected.then(|| now - Duration::minutes(6)),
                last_success_at: connected.then(|| now - Duration::minutes(4)),
                created_at: since,
            }
        })
        .collect();
    let channels = insert_for_ids(scope, &channels).await?;
    for (channel, id) in merchant.channels.iter().zip(&channels) {
        let token = match channel.kind {
            ChannelKind::Shopify => default_shop_token(channel.external),
            ChannelKind::Ebay => "sandbox-ebay-token".to_owned(),
            ChannelKind::Manual => continue,
        };
        let place = Place { account: scope.account(), column: store::CREDENTIALS, row: *id };
        let sealed = keyring.seal(place, &json!({ "access_token": token }).to_string())?;
        let account = scope.account();
        scope
            .execute(
                sql("update channels set credentials_sealed = {} where account_id = {} and id = {}")
                    .bind(sealed)
                    .bind(account)
                    .bind(*id),
            )
            .await?;
    }
    mappings(scope, merchant, &channels, &crew, now).await?;
    let warehouses: Vec<WarehouseRow> = merchant
        .warehouses
        .iter()
        .map(|(name, country)| WarehouseRow {
            name: (*name).to_owned(),
            country: (*country).to_owned(),
            created_at: since,
        })
        .collect();
    let warehouses = insert_for_ids(scope, &warehouses).await?;
    let connections = connections(scope, keyring, merchant, sandbox, &warehouses, now).await?;
    let responders = responders(merchant, since);
    let responder_ids = insert_for_ids(scope, &responders).await?;
    let endpoint = if merchant.slug == stories::HARBOUR {
        let url = sandbox.hook_url(stories::HOOK);
        let (id, _) =
            webhooks::connect(scope, keyring, &url, "Harbour’s own shop system", &[], Some(HOOK_SECRET))
                .await?;
        Some(id.0)
    } else {
        None
    };
    Ok(Ids {
        channels,
        warehouses,
        connections,
        responders: responder_ids.into_iter().zip(responders).collect(),
        endpoint,
        crew,
    })
}

/// What the demo's webhooks are signed with; whoever catches them can check it.
pub const HOOK_SECRET: &str = "whsec_ZGVtby13ZWJob29rLXNlY3JldC0yNGJ5dA==";

pub(super) fn base_url(sandbox: &Sandbox, kind: ChannelKind, external: &str) -> String {
    match kind {
        ChannelKind::Shopify => sandbox.shopify_base(external),
        ChannelKind::Ebay => sandbox.ebay_base(),
        ChannelKind::Manual => String::new(),
    }
}

/// Every courier is mapped but those that a story is about.
async fn mappings(
    scope: &mut Scope,
    merchant: &Merchant,
    channels: &[i64],
    crew: &Crew,
    now: Instant,
) -> DbResult<()> {
    let since = now - Duration::days(DAYS + 28);
    let mut rows = Vec::new();
    for (channel, id) in merchant.channels.iter().zip(channels) {
        if channel.kind == ChannelKind::Manual {
            continue;
        }
        for courier in channel.couriers {
            let Some(name) = courier.mapped else { continue };
            let broken = name == "Evri";
            let updated_at = if broken { now - Duration::hours(MAPPING_BROKEN) } else { since };
            rows.push(MappingRow {
                channel_id: *id,
                courier: courier.sent.to_owned(),
                service: String::new(),
                custom_name: name.to_owned(),
                custom_code: None,
                version: if broken { 2 } else { 1 },
                updated_by: Some(crew.admin.id),
                created_at: since,
                updated_at,
            });
            if broken {
                let version = MappingVersionRow {
                    channel_id: *id,
                    courier: courier.sent.to_owned(),
                    custom_name: Some(stories::MISMAPPED_FIX.to_owned()),
                    replaced_by: Some(crew.admin.id),
                    replaced_at: updated_at,
                };
                insert(scope, &[version]).await?;
            }
        }
    }
    debug_assert!(rows.iter().all(|row| row.courier != DPD_BE.sent && row.courier != HELTHJEM.sent));
    insert(scope, &rows).await?;
    Ok(())
}

async fn connections(
    scope: &mut Scope,
    keyring: &Keyring,
    merchant: &Merchant,
    sandbox: &Sandbox,
    warehouses: &[i64],
    now: Instant,
) -> Result<Vec<i64>> {
    let rows: Vec<ConnectionRow> = merchant
        .connections
        .iter()
        .map(|connection| ConnectionRow {
            kind: "shipstation".to_owned(),
            name: connection.name.to_owned(),
            base_url: sandbox.shipstation_base(),
            warehouse_id: Some(warehouses[connection.warehouse]),
            settings: json!({ "store_id": 48_101 + connection.warehouse, "currency": merchant.currency }),
            requests_per_minute: 40,
            last_success_at: Some(if connection.works {
                now - Duration::minutes(12)
            } else {
                now - Duration::hours(49)
            }),
            failing_since: (!connection.works).then(|| now - Duration::hours(38)),
            failure_class: (!connection.works).then(|| "auth".to_owned()),
            poll_cursor: Some(now - Duration::minutes(6)),
            created_at: now - Duration::days(DAYS + 28),
        })
        .collect();
    let ids = insert_for_ids(scope, &rows).await?;
    for (connection, id) in merchant.connections.iter().zip(&ids) {
        let secret = if connection.works { "sandbox-secret" } else { "an-earlier-secret" };
        let credentials = json!({ "api_key": "sandbox-key", "api_secret": secret }).to_string();
        let place = Place { account: scope.account(), column: connection::CREDENTIALS, row: *id };
        let sealed = keyring.seal(place, &credentials)?;
        let account = scope.account();
        scope
            .execute(
                sql("update connections set credentials_sealed = {} where account_id = {} and id = {}")
                    .bind(sealed)
                    .bind(account)
                    .bind(*id),
            )
            .await?;
    }
    Ok(ids)
}

fn responders(merchant: &Merchant, since: Instant) -> Vec<ResponderRow> {
    let row = |trigger: &str, name: &str, subject: &str, body: &str, enabled| ResponderRow {
        trigger: trigger.to_owned(),
        name: name.to_owned(),
        subject: subject.to_owned(),
        body: body.replace("{{shop}}", merchant.name),
        enabled,
        created_at: since,
    };
    vec![
        row(
            "fulfilled",
            "On its way to the warehouse",
            "Your order {{order_number}}: {{item_name}}",
            "Dear {{customer_name}},\n\nwe are packing {{quantity}} × {{item_name}} of your order {{order_number}}.\n\n{{shop}}\n",
            true,
        ),
        row(
            "shipped",
            "It has left",
            "{{item_name}} is on its way",
            "Dear {{customer_name}},\n\n{{item_name}} left with {{courier}}. Its number is {{tracking_number}}.\n{{tracking_url}}\n\n{{shop}}\n",
            true,
        ),
        row(
            "delivered",
            "It has arrived",
            "How do you like {{item_name}}?",
            "Dear {{customer_name}},\n\n{{item_name}} should be with you by now. Write to us if it is not.\n\n{{shop}}\n",
            false,
        ),
    ]
}
