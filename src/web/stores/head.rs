//! The head of a channel's pages: name, health, tabs.

use super::health::{self, Health, Signs};
use crate::{
    accounts::Permission,
    channels::{
        ChannelKind,
        store::{self, ChannelRow},
    },
    db::{DbResult, Scope, sql},
    ids::{ChannelId, StoreId},
    problems::ProblemKind,
    web::{Visitor, WebError, WebResult},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// What stands above every page of a channel.
#[derive(Debug, Clone)]
pub struct Head {
    /// The store.
    pub store: StoreId,
    /// Its name.
    pub store_name: String,
    /// The channel's name.
    pub name: String,
    /// The vendor.
    pub kind: &'static str,
    /// Whether it works.
    pub health: Health,
    /// The channel's own address.
    pub path: String,
    /// Couriers that were seen and have no mapping.
    pub unmapped: i64,
    /// The lit tab.
    pub tab: &'static str,
    /// Whether they may read transaction records.
    pub records: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn unmapped(scope: &mut Scope, channel: ChannelId) -> DbResult<i64> {
    let account = scope.account();
    let count: Option<Count> = scope
        .row(
            sql("select count(*) as n from seen_couriers s where s.account_id = {} and s.channel_id = {} and not exists \
                 (select from courier_mappings m where m.account_id = s.account_id and m.channel_id = s.channel_id \
                 and m.courier = s.courier)")
            .bind(account)
            .bind(channel),
        )
        .await?;
    Ok(count.map_or(0, |c| c.n))
}

/// How a channel has been behaving.
pub fn health_of(visitor: &Visitor, row: &ChannelRow) -> Health {
    health::of(
        visitor,
        Signs {
            name: &row.name,
            kind: ProblemKind::Channel,
            connected: row.kind != ChannelKind::Manual,
            last_success_at: row.last_success_at,
            failing_since: row.failing_since,
            failure_class: row.failure_class.as_deref(),
        },
    )
}

/// Reads a channel of a store; one of another store is not found.
pub async fn read(
    visitor: &Visitor,
    scope: &mut Scope,
    store: StoreId,
    channel: ChannelId,
    tab: &'static str,
) -> WebResult<(Head, ChannelRow)> {
    let owner = store::store(scope, store).await?.ok_or(WebError::NotFound)?;
    let row = store::channel(scope, channel)
        .await?
        .filter(|row| row.store_id == store)
        .ok_or(WebError::NotFound)?;
    let head = Head {
        store,
        store_name: owner.name,
        name: row.name.clone(),
        kind: row.kind.label(),
        health: health_of(visitor, &row),
        path: format!("/stores/{store}/channels/{channel}"),
        unmapped: unmapped(scope, channel).await?,
        tab,
        records: visitor.can(Permission::RecordsView),
    };
    Ok((head, row))
}
