//! `/connections`: every fulfillment connection and how it is.

use super::budget::{self, Budget};
use crate::{
    db::{DbResult, Scope, sql},
    outbound::{Lane, turn},
    problems::ProblemKind,
    providers::connection::{self, Connection},
    web::{
        Visitor, WebResult,
        badge::Badge,
        filters,
        shell::Shell,
        stores::health::{self, Health, Signs},
    },
};
use actix_web::HttpResponse;
use askama::Template;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use std::collections::HashMap;

struct Line {
    href: String,
    name: String,
    kind: &'static str,
    warehouse: String,
    health: Health,
    state: Badge,
    budget: Budget,
    unknown: i64,
}

#[derive(Template)]
#[template(path = "connections/list.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
}

#[derive(QueryableByName)]
struct Warehouse {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
}

/// The names of the account's warehouses.
pub async fn warehouses(scope: &mut Scope) -> DbResult<HashMap<i64, String>> {
    let account = scope.account();
    let rows: Vec<Warehouse> = scope
        .rows(sql("select id, name from warehouses where account_id = {} limit 1000").bind(account))
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

#[derive(QueryableByName)]
struct Doubt {
    #[diesel(sql_type = BigInt)]
    connection_id: i64,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Shipments whose outcome is not known, by connection.
pub async fn unknown(scope: &mut Scope) -> DbResult<HashMap<i64, i64>> {
    let account = scope.account();
    let rows: Vec<Doubt> = scope
        .rows(
            sql("select connection_id, count(*) as n from shipments where account_id = {} and status = 'unconfirmed' \
                 and connection_id is not null group by connection_id")
            .bind(account),
        )
        .await?;
    Ok(rows.into_iter().map(|row| (row.connection_id, row.n)).collect())
}

/// How a connection has been behaving.
pub fn health_of(visitor: &Visitor, row: &Connection) -> Health {
    health::of(
        visitor,
        Signs {
            name: &row.name,
            kind: ProblemKind::Connection,
            connected: true,
            last_success_at: row.last_success_at,
            failing_since: row.failing_since,
            failure_class: row.failure_class.as_deref(),
        },
    )
}

/// Whether anything is sent over it.
pub fn state_of(row: &Connection) -> Badge {
    match row.state.as_str() {
        "paused" => Badge::held("Paused")
            .with_icon("circle-pause")
            .with_explanation("Nothing is sent until it is resumed."),
        _ => Badge::done("Active"),
    }
}

/// `GET /connections`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let warehouses = warehouses(&mut scope).await?;
    let unknown = unknown(&mut scope).await?;
    let lanes = turn::of_connections(&mut scope).await?;
    let rows = connection::list(&mut scope).await?;
    let lines = rows
        .into_iter()
        .map(|row| Line {
            href: format!("/connections/{}", row.id),
            kind: row.kind.label(),
            warehouse: row.warehouse_id.and_then(|id| warehouses.get(&id.0).cloned()).unwrap_or_default(),
            health: health_of(&visitor, &row),
            state: state_of(&row),
            budget: budget::of(
                &visitor,
                lanes.get(&Lane::Connection(row.id).to_string()),
                row.requests_per_minute,
            ),
            unknown: unknown.get(&row.id.0).copied().unwrap_or(0),
            name: row.name,
        })
        .collect();
    let shell = visitor.shell(&mut scope, "connections").await?;
    visitor.html(&Page { shell, lines })
}
