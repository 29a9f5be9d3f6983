//! What channels post to us: proven by signature on the raw bytes, kept,
//! answered at once; everything else happens later.

use super::{ChannelKind, Channels, orders_in, store};
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, sql},
    evidence::{
        TraceId,
        record::{self, About, Direction, LogType, RecordStatus, Sent},
    },
    ids::{AccountId, ChannelId, InboundId},
    jobs,
    secrets::{Keyring, Place, random_hex},
};
use anyhow::Result;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bytea, Nullable, Text, Timestamptz},
};
use secrecy::SecretString;

/// Where an endpoint's secret lies; its row is the channel.
pub const SECRET: &str = "inbound_endpoints.secret";

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept; a job takes it in.
    Kept,
    /// It was kept before.
    Repeated,
    /// Nobody has this endpoint.
    NoSuchEndpoint,
    /// The signature does not prove it.
    NotProven,
}

#[derive(QueryableByName)]
struct Endpoint {
    #[diesel(sql_type = BigInt)]
    account_id: AccountId,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    channel_id: Option<ChannelId>,
    #[diesel(sql_type = Bytea)]
    secret_sealed: Vec<u8>,
    #[diesel(sql_type = Nullable<Bytea>)]
    previous_secret_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    previous_secret_until: Option<Instant>,
}

/// Takes a message: proves it, keeps it with its transaction record and its
/// job, in one transaction.
pub async fn accept(
    db: &Db,
    keyring: &Keyring,
    channels: &Channels,
    kind: &str,
    endpoint_id: &str,
    headers: &[(String, String)],
    raw: &[u8],
    now: Instant,
) -> Result<Accepted> {
    let mut global = db.global().await?;
    let endpoint: Option<Endpoint> = global
        .row(
            sql("select account_id, kind, channel_id, secret_sealed, previous_secret_sealed, previous_secret_until \
                 from inbound_endpoints where id = {}")
            .bind(endpoint_id),
        )
        .await?;
    drop(global);
    let Some(endpoint) = endpoint.filter(|e| e.kind == kind) else {
        return Ok(Accepted::NoSuchEndpoint);
    };
    let (Some(channel), Some(adapter)) =
        (endpoint.channel_id, ChannelKind::parse(kind).and_then(|k| channels.get(k)))
    else {
        return Ok(Accepted::NoSuchEndpoint);
    };
    let place = Place { account: endpoint.account_id, column: SECRET, row: channel.0 };
    let mut secrets: Vec<SecretString> = vec![keyring.open(place, &endpoint.secret_sealed)?];
    if let Some(previous) = endpoint
        .previous_secret_sealed
        .filter(|_| endpoint.previous_secret_until.is_some_and(|until| until > now))
    {
        secrets.push(keyring.open(place, &previous)?);
    }
    let Some(delivery) = adapter.verify(&secrets, headers, raw) else {
        return Ok(Accepted::NotProven);
    };
    let mut scope = db.scope(endpoint.account_id).await?;
    let source = format!("{kind}:{channel}");
    #[derive(QueryableByName)]
    struct NewId {
        #[diesel(sql_type = BigInt)]
        id: InboundId,
    }
    let row: Option<NewId> = scope
        .row(
            sql("insert into inbound_messages (account_id, source, delivery_id, topic, channel_id, headers, body, received_at) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}) on conflict (account_id, source, delivery_id) do nothing returning id")
            .bind(endpoint.account_id)
            .bind(source)
            .bind(&delivery.delivery_id)
            .bind(&delivery.topic)
            .bind(channel)
            .bind(crate::evidence::mask::headers(headers))
            .bind(raw.to_vec())
            .bind(now),
        )
        .await?;
    let Some(NewId { id }) = row else {
        return Ok(Accepted::Repeated);
    };
    let trace = TraceId::new();
    let sent = Sent {
        method: "POST".into(),
        url: format!("/hooks/{kind}/{endpoint_id}"),
        headers: headers.to_vec(),
        body: String::from_utf8_lossy(raw).into_owned(),
    };
    let about = About { channel: Some(channel), trace: Some(trace.clone()), ..About::default() };
    let record = record::insert(
        &mut scope,
        LogType::InboundWebhook,
        Direction::In,
        RecordStatus::Success,
        &about,
        &sent,
    )
    .await?;
    jobs::enqueue(&mut scope, orders_in::process(id, record, now, &trace)).await?;
    scope.commit().await?;
    Ok(Accepted::Kept)
}

/// Opens an endpoint for a channel with the secret the channel signs with;
/// answers the path the channel posts to. An endpoint that is there is kept,
/// its secret replaced, the old one valid for another day.
pub async fn open(
    scope: &mut Scope,
    keyring: &Keyring,
    channel: ChannelId,
    secret: &str,
    now: Instant,
) -> Result<Option<String>> {
    let account = scope.account();
    let Some(row) = store::channel(scope, channel).await? else {
        return Ok(None);
    };
    let sealed = keyring.seal(Place { account, column: SECRET, row: channel.0 }, secret)?;
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Text)]
        id: String,
    }
    let kept: Option<Kept> = scope
        .row(
            sql("insert into inbound_endpoints as e (id, account_id, kind, channel_id, secret_sealed, created_at) \
                 values ({}, {}, {}, {}, {}, {}) \
                 on conflict (account_id, channel_id) where channel_id is not null do update set \
                 previous_secret_sealed = e.secret_sealed, previous_secret_until = {}, secret_sealed = excluded.secret_sealed \
                 returning id")
            .bind(random_hex::<16>())
            .bind(account)
            .bind(row.kind)
            .bind(channel)
            .bind(sealed)
            .bind(now)
            .bind(now + chrono::Duration::days(1)),
        )
        .await?;
    Ok(kept.map(|k| format!("/hooks/{}/{}", row.kind, k.id)))
}

/// The path a channel posts to, if it has an endpoint.
pub async fn path(scope: &mut Scope, channel: ChannelId) -> DbResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Text)]
        id: String,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let account = scope.account();
    let kept: Option<Kept> = scope
        .row(
            sql("select id, kind from inbound_endpoints where account_id = {} and channel_id = {}")
                .bind(account)
                .bind(channel),
        )
        .await?;
    Ok(kept.map(|k| format!("/hooks/{}/{}", k.kind, k.id)))
}
