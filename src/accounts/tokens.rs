//! API tokens: `wb_live_<10-character id>_<secret><checksum>`, shown once,
//! stored as a SHA-256. The checksum rejects typos without asking the database.

use crate::{
    clock::Instant,
    db::{Db, DbResult, sql},
    ids::{AccountId, UserId},
    secrets::random_bytes,
    text_enum::text_enum,
};
use anyhow::{Context, Result, bail};
use diesel::{QueryableByName, sql_types::BigInt};
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
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Bytea)]
    secret_hash: Vec<u8>,
    #[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
    scopes: Vec<String>,
}

/// Who a valid token speaks for.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The account it opens.
    pub account: AccountId,
    /// Who made it.
    pub user: UserId,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// The bearer of a token, if it is one, known, not expired and not revoked.
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
            sql("select id, account_id, user_id, name, secret_hash, scopes from api_tokens \
                 where prefix = {} and revoked_at is null and (expires_at is null or expires_at > {})")
            .bind(prefix)
            .bind(now),
        )
        .await?;
    let given = Sha256::digest(token.as_bytes());
    Ok(row.filter(|r| bool::from(r.secret_hash.as_slice().ct_eq(given.as_slice()))).map(|r| Bearer {
        id: r.id,
        name: r.name,
        account: r.account_id,
        user: r.user_id,
        scopes: r.scopes.iter().filter_map(|s| Scope::parse(s)).collect(),
    }))
}
