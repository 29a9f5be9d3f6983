//! API tokens: `wb_live_<10-character id>_<secret><checksum>`, shown once,
//! stored as a SHA-256. The checksum rejects typos without asking the database.

use super::Role;
use crate::{
    clock::Instant,
    db::{Db, DbResult, sql},
    ids::{AccountId, UserId},
    secrets::random_bytes,
    text_enum::text_enum,
};
use anyhow::{Context, Result, bail};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Bytea, Nullable, Text, Timestamptz},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

text_enum! {
    /// What a token may do.
    Scope {
        /// Read orders and customers.
        OrdersRead = "orders:read",
        /// Change orders.
        OrdersWrite = "orders:write",
        /// Read shipments.
        ShipmentsRead = "shipments:read",
        /// Change shipments: post, re-post, submit.
        ShipmentsWrite = "shipments:write",
        /// Read channels and their mappings.
        ChannelsRead = "channels:read",
        /// Change courier mappings.
        ChannelsWrite = "channels:write",
        /// Read transaction records and activity.
        EvidenceRead = "evidence:read",
        /// Read stock and its movements.
        InventoryRead = "inventory:read",
        /// Read bulk operations.
        BulkRead = "bulk:read",
        /// Begin and steer bulk operations, together with the scope that writes their rows.
        BulkWrite = "bulk:write",
    }
}

impl Scope {
    /// What it lets a program do, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Scope::OrdersRead => "Read orders and customers.",
            Scope::OrdersWrite => "Change orders.",
            Scope::ShipmentsRead => "Read shipments.",
            Scope::ShipmentsWrite => "Change shipments: post, re-post, submit.",
            Scope::ChannelsRead => "Read channels and their mappings.",
            Scope::ChannelsWrite => "Change courier mappings.",
            Scope::EvidenceRead => "Read transaction records and activity.",
            Scope::InventoryRead => "Read stock and its movements.",
            Scope::BulkRead => "Read bulk operations.",
            Scope::BulkWrite => {
                "Begin and steer bulk operations, together with the scope that writes their rows."
            }
        }
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn base62(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random_bytes::<32>() {
            // 248 is the largest multiple of 62 in a byte: no value is likelier than another
            if byte < 248 && text.len() < length {
                text.push(char::from(BASE62[usize::from(byte % 62)]));
            }
        }
    }
    text
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|b| char::from(BASE62[usize::from(b % 62)])).collect()
}

/// A new token: shown once, never stored.
#[derive(Debug)]
pub struct Created {
    /// The whole token.
    pub token: String,
    /// Its public part.
    pub prefix: String,
}

/// Makes a token for somebody in an account.
pub async fn create(
    db: &Db,
    account: AccountId,
    user: UserId,
    name: &str,
    scopes: &[Scope],
    expires_at: Option<Instant>,
) -> Result<Created> {
    if scopes.is_empty() {
        bail!("a token needs at least one scope");
    }
    let prefix = format!("wb_live_{}", base62(10));
    let body = format!("{prefix}_{}", base62(43));
    let token = format!("{body}{}", checksum(&body));
    let mut global = db.global().await?;
    global
        .execute(
            sql(
                "insert into api_tokens (account_id, user_id, name, prefix, secret_hash, scopes, expires_at) \
                 values ({}, {}, {}, {}, {}, {}, {})",
            )
            .bind(account)
            .bind(user)
            .bind(name)
            .bind(&prefix)
            .bind(Sha256::digest(token.as_bytes()).to_vec())
            .bind(scopes.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>())
            .bind(expires_at),
        )
        .await
        .context("keeping the token")?;
    global.commit().await?;
    Ok(Created { token, prefix })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    account_id: AccountId,
    #[diesel(sql_type = BigInt)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    person: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Text)]
    time_zone: String,
    #[diesel(sql_type = Bytea)]
    secret_hash: Vec<u8>,
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<String>,
    #[diesel(sql_type = Bool)]
    noted: bool,
}

/// Who a valid token speaks for.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token.
    pub id: i64,
    /// Its public part.
    pub prefix: String,
    /// Its name.
    pub name: String,
    /// The account it opens.
    pub account: AccountId,
    /// Its currency, in which costs are kept.
    pub currency: String,
    /// Its time zone, an IANA name.
    pub time_zone: String,
    /// Who made it.
    pub user: UserId,
    /// Their name.
    pub person: String,
    /// What they are in the account now: a token can do no more than its person.
    pub role: Role,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// The bearer of a token, if it is one, known, not expired and not revoked, and
/// its person still belongs to the account. Notes to the minute that it was used.
pub async fn verify(db: &Db, token: &str, now: Instant) -> DbResult<Option<Bearer>> {
    let Some((body, sum)) = token.len().checked_sub(6).and_then(|cut| token.split_at_checked(cut)) else {
        return Ok(None);
    };
    let Some((prefix, _)) = body.rsplit_once('_') else {
        return Ok(None);
    };
    if !prefix.starts_with("wb_live_") || checksum(body) != sum {
        return Ok(None);
    }
    let mut global = db.global().await?;
    let row: Option<Row> = global
        .row(
            sql("select t.id, t.account_id, t.user_id, m.role, t.name, u.name as person, a.currency, a.time_zone, \
                 t.secret_hash, t.scopes, coalesce(t.last_used_at > {}, false) as noted \
                 from api_tokens t join memberships m on m.user_id = t.user_id and m.account_id = t.account_id \
                 join accounts a on a.id = t.account_id join users u on u.id = t.user_id and u.disabled_at is null \
                 where t.prefix = {} and t.revoked_at is null and (t.expires_at is null or t.expires_at > {})")
            .bind(now - chrono::Duration::minutes(1))
            .bind(prefix)
            .bind(now),
        )
        .await?;
    let given = Sha256::digest(token.as_bytes());
    let Some(row) = row.filter(|r| bool::from(r.secret_hash.as_slice().ct_eq(given.as_slice()))) else {
        return Ok(None);
    };
    if !row.noted {
        global
            .execute(sql("update api_tokens set last_used_at = {} where id = {}").bind(now).bind(row.id))
            .await?;
        global.commit().await?;
    }
    Ok(Some(Bearer {
        id: row.id,
        prefix: prefix.to_owned(),
        name: row.name,
        account: row.account_id,
        currency: row.currency,
        time_zone: row.time_zone,
        user: row.user_id,
        person: row.person,
        role: row.role,
        scopes: row.scopes.iter().filter_map(|s| Scope::parse(s)).collect(),
    }))
}

/// A token as lists show it: never its secret.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Token {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub prefix: String,
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    #[diesel(sql_type = Text)]
    pub person: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<Instant>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
}

/// The tokens of an account, newest first.
pub async fn list(db: &Db, account: AccountId) -> DbResult<Vec<Token>> {
    let mut global = db.global().await?;
    global
        .rows(
            sql("select t.id, t.name, t.prefix, t.scopes, u.name as person, t.expires_at, t.last_used_at, t.revoked_at, \
                 t.created_at from api_tokens t join users u on u.id = t.user_id \
                 where t.account_id = {} order by t.id desc limit 200")
            .bind(account),
        )
        .await
}

/// Ends a token at once; false when the account has no such token that lives.
pub async fn revoke(db: &Db, account: AccountId, id: i64, now: Instant) -> DbResult<bool> {
    let mut global = db.global().await?;
    let revoked = global
        .execute(
            sql("update api_tokens set revoked_at = {} where account_id = {} and id = {} and revoked_at is null")
                .bind(now)
                .bind(account)
                .bind(id),
        )
        .await?;
    global.commit().await?;
    Ok(revoked == 1)
}
