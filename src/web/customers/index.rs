//! `/customers`

use crate::{
    accounts::Permission,
    orders::customers::{self, Customer, Filter},
    web::{
        Visitor, WebResult, filters,
        list::List,
        markup::{Pager, Stamp},
        orders::{capped, shown},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

struct RowView {
    customer: Customer,
    /// What the link says: their name, or a number for those who may not know it.
    label: String,
    last: Option<Stamp>,
}

/// The list itself: what htmx replaces while one types.
#[derive(Template)]
#[template(path = "customers/_list.html")]
struct Part {
    q: String,
    rows: Vec<RowView>,
    personal: bool,
    notes: Vec<String>,
    pager: Pager,
    found: String,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "customers/index.html")]
struct Page {
    shell: Shell,
    title: &'static str,
    q: String,
    personal: bool,
    list: Part,
}

/// `GET /customers`
pub async fn index(visitor: Visitor) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, &[]);
    let personal = visitor.can(Permission::PersonalView);
    let filter = Filter { q: list.q().to_owned(), personal };
    let mut scope = visitor.scope().await?;
    let page = customers::page(&mut scope, &filter, list.after(), list.size()).await?;
    let total = customers::count(&mut scope, &filter).await?;
    let noun = if total == 1 { "customer" } else { "customers" };
    let mut pager = list.pager(&page, None, noun);
    pager.summary = shown(page.rows.len(), total, noun);
    let part = Part {
        q: filter.q.clone(),
        personal,
        notes: list.notes(),
        pager,
        found: format!("{} {noun}", capped(total)),
        rows: page
            .rows
            .into_iter()
            .map(|customer| RowView {
                label: label(&customer, personal),
                last: customer.last_order_at.map(|at| visitor.stamp(at)),
                customer,
            })
            .collect(),
    };
    if visitor.partial() {
        return visitor.html(&part);
    }
    visitor.html(&Page {
        title: if part.pager.prev.is_some() { "Customers, further page" } else { "Customers" },
        q: filter.q,
        personal,
        list: part,
        shell: visitor.shell(&mut scope, "customers").await?,
    })
}

/// Their name for those who may know it, otherwise a number.
pub(super) fn label(customer: &Customer, personal: bool) -> String {
    if personal && !customer.name.is_empty() {
        customer.name.clone()
    } else {
        format!("Customer {}", customer.id)
    }
}
