//! `/stores`: every store with its channels and how they are.

use super::head;
use crate::{
    channels::store::{self, ChannelRow},
    clock::Instant,
    db::{DbResult, Scope, sql},
    ids::ChannelId,
    web::{Visitor, WebResult, badge::Badge, filters, shell::Shell},
};
use actix_web::HttpResponse;
use askama::Template;
use diesel::{QueryableByName, sql_types::BigInt};
use std::collections::HashMap;

/// A channel in a list.
pub struct ChannelLine {
    /// Where it opens.
    pub href: String,
    /// Its name.
    pub name: String,
    /// The vendor.
    pub kind: &'static str,
    /// Whether it works.
    pub badge: Badge,
    /// What is wrong with it.
    pub sentence: String,
    /// Orders that came today.
    pub today: i64,
    /// Open problems.
    pub problems: i64,
}

struct StoreLine {
    href: String,
    name: String,
    channels: Vec<ChannelLine>,
    today: i64,
    problems: i64,
    spine: &'static str,
}

#[derive(Template)]
#[template(path = "stores/list.html")]
struct Page {
    shell: Shell,
    stores: Vec<StoreLine>,
}

/// What a channel's line needs beside its row.
#[derive(Debug, Default)]
pub struct Counts {
    today: HashMap<i64, i64>,
    problems: HashMap<i64, i64>,
}

#[derive(QueryableByName)]
struct PerChannel {
    #[diesel(sql_type = BigInt)]
    channel_id: ChannelId,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Counts {
    /// Orders of the account's today and open problems, by channel.
    pub async fn read(visitor: &Visitor, scope: &mut Scope) -> DbResult<Counts> {
        let account = scope.account();
        let today: Vec<PerChannel> = scope
            .rows(
                sql(
                    "select channel_id, count(*) as n from orders where account_id = {} and placed_at >= {} \
                     group by channel_id",
                )
                .bind(account)
                .bind(start_of_today(visitor)),
            )
            .await?;
        let problems: Vec<PerChannel> = scope
            .rows(
                sql("select channel_id, count(*) as n from problems where account_id = {} and resolved_at is null \
                     and channel_id is not null group by channel_id")
                .bind(account),
            )
            .await?;
        let map = |rows: Vec<PerChannel>| rows.into_iter().map(|row| (row.channel_id.0, row.n)).collect();
        Ok(Counts { today: map(today), problems: map(problems) })
    }

    /// A channel as a line.
    pub fn line(&self, visitor: &Visitor, row: &ChannelRow) -> ChannelLine {
        let health = head::health_of(visitor, row);
        ChannelLine {
            href: format!("/stores/{}/channels/{}", row.store_id, row.id),
            name: row.name.clone(),
            kind: row.kind.label(),
            badge: health.badge,
            sentence: health.failing_since.map(|_| health.sentence).unwrap_or_default(),
            today: self.today.get(&row.id.0).copied().unwrap_or(0),
            problems: self.problems.get(&row.id.0).copied().unwrap_or(0),
        }
    }
}

fn start_of_today(visitor: &Visitor) -> Instant {
    let local = visitor.now.with_timezone(&visitor.zone);
    let midnight = local.date_naive().and_hms_opt(0, 0, 0);
    let start = midnight.and_then(|at| at.and_local_timezone(visitor.zone).earliest());
    start.map_or(visitor.now - chrono::Duration::hours(24), |at| at.with_timezone(&chrono::Utc))
}

/// `GET /stores`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let counts = Counts::read(&visitor, &mut scope).await?;
    let rows = store::channels(&mut scope, None).await?;
    let stores = store::stores(&mut scope).await?;
    let stores = stores
        .into_iter()
        .map(|store| {
            let channels: Vec<ChannelLine> = rows
                .iter()
                .filter(|row| row.store_id == store.id)
                .map(|row| counts.line(&visitor, row))
                .collect();
            StoreLine {
                href: format!("/stores/{}", store.id),
                name: store.name,
                today: channels.iter().map(|line| line.today).sum(),
                problems: channels.iter().map(|line| line.problems).sum(),
                spine: channels
                    .iter()
                    .map(|line| line.badge.spine())
                    .find(|spine| !spine.is_empty())
                    .unwrap_or(""),
                channels,
            }
        })
        .collect();
    let shell = visitor.shell(&mut scope, "stores").await?;
    visitor.html(&Page { shell, stores })
}
