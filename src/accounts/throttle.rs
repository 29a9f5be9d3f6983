//! Sign-in throttling: delays that grow with failures, per e-mail and per
//! address, rather than a lock that anybody could put on anybody.

use crate::{
    clock::Instant,
    db::{Db, DbResult, sql},
};
use chrono::Duration;
use diesel::QueryableByName;
use sha2::{Digest, Sha256};

/// Failures that cost nothing, per e-mail and per address.
const FREE_PER_EMAIL: i32 = 4;
const FREE_PER_ADDRESS: i32 = 20;
const LONGEST_DELAY: i64 = 300;

fn keys(email: &str, ip: &str) -> [(Vec<u8>, i32); 2] {
    let email = Sha256::digest(format!("email:{}", email.trim().to_lowercase())).to_vec();
    let ip = Sha256::digest(format!("ip:{ip}")).to_vec();
    [(email, FREE_PER_EMAIL), (ip, FREE_PER_ADDRESS)]
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::db::schema::sign_in_attempts)]
struct Row {
    blocked_until: Instant,
}

/// When the next attempt is allowed, if not now.
pub async fn blocked_until(db: &Db, email: &str, ip: &str, now: Instant) -> DbResult<Option<Instant>> {
    let [(email, _), (ip, _)] = keys(email, ip);
    let mut global = db.global().await?;
    let row: Option<Row> = global
        .row(
            sql("select blocked_until from sign_in_attempts where (key_hash = {} or key_hash = {}) and blocked_until > {} \
                 order by blocked_until desc limit 1")
            .bind(email)
            .bind(ip)
            .bind(now),
        )
        .await?;
    Ok(row.map(|r| r.blocked_until))
}

/// Counts a failure: 1 s, 2 s, 4 s … five minutes after the free ones. Failures
/// older than a day are forgotten.
pub async fn failed(db: &Db, email: &str, ip: &str, now: Instant) -> DbResult<()> {
    let mut global = db.global().await?;
    for (key, free) in keys(email, ip) {
        global
            .execute(
                sql(
                    "insert into sign_in_attempts as s (key_hash, failures, last_failure_at, blocked_until) \
                     values ({}, 1, {}, {}) on conflict (key_hash) do update set \
                     failures = case when s.last_failure_at < {} then 1 else s.failures + 1 end, \
                     last_failure_at = excluded.last_failure_at, \
                     blocked_until = excluded.last_failure_at + make_interval(secs => \
                        case when s.last_failure_at < {} or s.failures + 1 <= {} then 0 \
                        else least({}, power(2, least(s.failures - {}, 16)))::double precision end)",
                )
                .bind(key)
                .bind(now)
                .bind(now)
                .bind(now - Duration::days(1))
                .bind(now - Duration::days(1))
                .bind(free)
                .bind(LONGEST_DELAY as f64)
                .bind(free),
            )
            .await?;
    }
    global.commit().await
}

/// Forgets the failures of an e-mail after a sign-in.
pub async fn succeeded(db: &Db, email: &str, ip: &str) -> DbResult<()> {
    let [(email, _), _] = keys(email, ip);
    let mut global = db.global().await?;
    global.execute(sql("delete from sign_in_attempts where key_hash = {}").bind(email)).await?;
    global.commit().await
}
