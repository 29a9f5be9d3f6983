//! `/connections/{id}`: one connection, what its provider can do, and its last calls.

use super::{
    abilities::{self, Ability},
    budget::{self, Budget},
    list::{health_of, state_of, unknown, warehouses},
};
use crate::{
    accounts::Permission,
    evidence::records_list::{self, Wanted},
    ids::{ConnectionId, RecordId},
    outbound::{Lane, turn},
    providers::{connection, kinds},
    web::{
        Fields, Path, Visitor, WebError, WebResult,
        badge::{self, Badge},
        filters,
        markup::Stamp,
        records::list::Line,
        shell::Shell,
        stores::health::Health,
    },
};
use actix_web::HttpResponse;
use askama::Template;
use secrecy::ExposeSecret as _;

struct Credential {
    label: &'static str,
    set: bool,
}

/// What the test that was just made came to.
struct Tested {
    href: String,
    badge: Badge,
    answer: String,
    words: String,
}

#[derive(Template)]
#[template(path = "connections/show.html")]
struct Page {
    shell: Shell,
    id: ConnectionId,
    name: String,
    kind: &'static str,
    warehouse: String,
    base_url: String,
    health: Health,
    state: Badge,
    budget: Budget,
    unknown: i64,
    polled: Option<Stamp>,
    abilities: Vec<Ability>,
    idempotency: &'static str,
    credentials: Vec<Credential>,
    unreadable: bool,
    may_test: bool,
    may_read: bool,
    tested: Option<Tested>,
    calls: Vec<Line>,
}

/// `GET /connections/{id}`
pub async fn show(visitor: Visitor, id: Path<ConnectionId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut scope = visitor.scope().await?;
    let row = connection::find(&mut scope, id).await?.ok_or(WebError::NotFound)?;
    let adapter = kinds::of(row.kind);
    let access = row.access(&scope, &visitor.app.keyring, crate::clock::now());
    let set = |name: &str| {
        access
            .as_ref()
            .is_ok_and(|a| !a.credentials.expose_secret().is_empty() && !a.credential(name).is_empty())
    };
    let capabilities = adapter.capabilities(&row.settings);
    let asked = Fields::read(visitor.asked.query.as_bytes());
    let tested = match asked.get("tested").parse::<RecordId>() {
        Ok(record) => {
            records_list::find(&mut scope, record).await?.filter(|record| record.connection_id == Some(id))
        }
        Err(_) => None,
    };
    let may_read = visitor.can(Permission::RecordsView);
    let calls = if may_read {
        let wanted = Wanted { connection: Some(id), ..Wanted::default() };
        records_list::page(&mut scope, &wanted, None, 8).await?.rows
    } else {
        Vec::new()
    };
    let page = Page {
        id,
        unreadable: access.is_err(),
        kind: row.kind.label(),
        warehouse: match row.warehouse_id {
            Some(warehouse) => warehouses(&mut scope).await?.remove(&warehouse.0).unwrap_or_default(),
            None => String::new(),
        },
        health: health_of(&visitor, &row),
        state: state_of(&row),
        budget: budget::of(
            &visitor,
            turn::of(&mut scope, Lane::Connection(id)).await?.as_ref(),
            row.requests_per_minute,
        ),
        unknown: unknown(&mut scope).await?.get(&id.0).copied().unwrap_or(0),
        polled: row.poll_cursor.map(|at| visitor.stamp(at)),
        abilities: abilities::of(capabilities).into(),
        idempotency: abilities::idempotency(capabilities.idempotency),
        credentials: adapter
            .credentials()
            .iter()
            .map(|(name, label)| Credential { label, set: set(name) })
            .collect(),
        may_test: visitor.can(Permission::ConnectionsEdit),
        may_read,
        tested: tested.map(|record| Tested {
            href: format!("/transaction-records/{}", record.id),
            badge: badge::record_status(record.status),
            answer: crate::web::records::words::http_status(record.response_status, record.status),
            words: record.error_message.unwrap_or_default(),
        }),
        calls: calls.into_iter().map(|row| Line::of(&visitor, row)).collect(),
        name: row.name,
        base_url: row.base_url,
        shell: visitor.shell(&mut scope, "connections").await?,
    };
    visitor.html(&page)
}
