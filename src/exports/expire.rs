//! Files go after a while, and what a worker left half-written with them.

use super::Files;
use crate::{
    clock::Instant,
    db::{Db, sql},
    ids::AccountId,
};
use anyhow::Result;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use std::{collections::BTreeSet, time::Duration};

/// A file that no export names is somebody's who is still at it, for so long.
const LEFT: Duration = Duration::from_secs(24 * 3600);

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Takes away what is past its time; answers how many exports that were.
pub async fn sweep(db: &Db, files: &Files, now: Instant) -> Result<usize> {
    let mut global = db.global().await?;
    let accounts: Vec<Id> = global.rows(sql("select id from accounts order by id")).await?;
    drop(global);
    let (mut known, mut swept) = (BTreeSet::new(), 0);
    for account in accounts {
        let account = AccountId(account.id);
        let mut scope = db.scope(account).await?;
        let past: Vec<Name> = scope
            .rows(
                sql("update exports set state = 'expired' where account_id = {} and state = 'finished' \
                     and expires_at <= {} returning file_path as name")
                .bind(account)
                .bind(now),
            )
            .await?;
        let kept: Vec<Name> = scope
            .rows(
                sql("select file_path as name from exports where account_id = {} and state = 'finished'")
                    .bind(account),
            )
            .await?;
        scope.commit().await?;
        swept += past.len();
        past.iter().for_each(|file| files.remove(&file.name));
        known.extend(kept.into_iter().map(|file| file.name));
    }
    // a file becomes known only after it was written, so what was written long ago and
    // is not known is nobody's
    for name in files.older_than(LEFT)? {
        if !known.contains(&name) {
            files.remove(&name);
        }
    }
    Ok(swept)
}
