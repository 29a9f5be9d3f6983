//! `/customers/{id}`: one customer with their *Sales*.

use super::index::label;
use crate::{
    accounts::Permission,
    ids::{CustomerId, OrderId},
    orders::{
        customers::{self, Customer},
        find, list as orders,
    },
    shipments::of_order::{self, Parcel},
    web::{
        Path, Visitor, WebError, WebResult,
        badge::{self, Badge},
        filters,
        list::List,
        markup::{Pager, Stamp},
        orders::{RowView, shown},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;

/// One order, and the shipments its status opens into.
struct Sale {
    row: RowView,
    shipments: Vec<Sent>,
}

/// A shipment in few words.
struct Sent {
    parcel: Parcel,
    status: Badge,
    posted: Option<Stamp>,
}

/// The list of sales.
#[derive(Template)]
#[template(path = "customers/_sales.html")]
struct Part {
    sales: Vec<Sale>,
    pager: Pager,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "customers/show.html")]
struct Page {
    shell: Shell,
    label: String,
    customer: Customer,
    personal: bool,
    address: Vec<String>,
    last: Option<Stamp>,
    sales: Part,
}

/// `GET /customers/{id}`
pub async fn show(visitor: Visitor, id: Path<CustomerId>) -> WebResult<HttpResponse> {
    let list = List::read(&visitor, &[]);
    let mut scope = visitor.scope().await?;
    let customer = customers::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let filter = orders::Filter { customer: Some(customer.id), ..orders::Filter::default() };
    let page = orders::page(&mut scope, &filter, list.after(), list.size()).await?;
    let total = orders::count(&mut scope, &filter).await?;
    let ids: Vec<OrderId> = page.rows.iter().map(|row| row.id).collect();
    let mut parcels = of_order::of_orders(&mut scope, &ids).await?;
    let noun = if total == 1 { "sale" } else { "sales" };
    let mut pager = list.pager(&page, None, noun);
    pager.summary = shown(page.rows.len(), total, noun);
    let mut sale = |row: orders::Row| {
        let of_it: Vec<Parcel> = parcels.extract_if(.., |parcel| parcel.order_id == row.id).collect();
        Sale {
            shipments: of_it.into_iter().map(|parcel| sent(&visitor, parcel)).collect(),
            row: RowView::new(&visitor, row),
        }
    };
    let part = Part { sales: page.rows.into_iter().map(&mut sale).collect(), pager };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let personal = visitor.can(Permission::PersonalView);
    let address = match customer.address_id {
        Some(id) if personal => find::addresses(&mut scope, &[id]).await?.first().map(|a| a.lines()),
        _ => None,
    };
    visitor.html(&Page {
        label: label(&customer, personal),
        address: address.unwrap_or_default(),
        last: customer.last_order_at.map(|at| visitor.stamp(at)),
        personal,
        customer,
        sales: part,
        shell: visitor.shell(&mut scope, "customers").await?,
    })
}

fn sent(visitor: &Visitor, parcel: Parcel) -> Sent {
    Sent {
        status: badge::shipment_status(parcel.status),
        posted: parcel.date_post.map(|at| visitor.stamp(at)),
        parcel,
    }
}
