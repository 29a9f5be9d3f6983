//! Writing a book: orders, lines, holds, fulfillment orders, shipments and
//! posts, table by table, with the ids of the rows they stand on.

use super::{
    book::*,
    parcels,
    rows::*,
    setup::{Ids, Staff},
    stock,
};
use crate::{
    couriers::catalogue,
    db::{DbResult, Scope, sql},
};
use serde_json::json;

/// The ids of everything written, in the order of the book.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub orders: Vec<i64>,
    /// By order, then line.
    pub lines: Vec<Vec<i64>>,
    /// By order, then parcel.
    pub shipments: Vec<Vec<i64>>,
    /// By order, parcel and line of the parcel.
    pub shipment_lines: Vec<Vec<Vec<i64>>>,
    /// By order, parcel and post.
    pub posts: Vec<Vec<Vec<i64>>>,
}

/// Where a parcel can be followed.
pub(super) fn tracking_url(parcel: &Parcel) -> Option<String> {
    let courier = parcel.courier?;
    catalogue::by_any_name(courier.sent).and_then(|known| known.tracking_url(&parcel.tracking))
}

pub(super) fn staff(ids: &Ids, hand: Hand) -> &Staff {
    match hand {
        Hand::Client => &ids.crew.client,
        Hand::Admin => &ids.crew.admin,
    }
}

/// Writes the book's orders with all that belongs to them.
pub(super) async fn write(scope: &mut Scope, book: &Book, ids: &Ids) -> DbResult<Written> {
    let since = book.now - chrono::Duration::days(super::plan::DAYS + 20);
    let products: Vec<ProductRow> = book
        .goods
        .iter()
        .enumerate()
        .map(|(at, good)| ProductRow {
            sku: good.sku.clone(),
            name: good.name.clone(),
            barcode: Some(format!("54{:011}", 7_110_000 + at * 37)),
            weight_grams: good.grams,
            stock_kept: stock::is_kept(&good.sku),
            created_at: since,
        })
        .collect();
    let products = insert_for_ids(scope, &products).await?;
    let (customers, addresses) = people(scope, book).await?;
    let mut written = Written::default();
    orders(scope, book, ids, &customers, &addresses, &mut written).await?;
    lines(scope, book, &products, &mut written).await?;
    holds(scope, book, ids, &written).await?;
    let groups = parcels::fulfillment_orders(scope, book, ids, &written).await?;
    parcels::shipments(scope, book, ids, &groups, &mut written).await?;
    let stocked = stock::pass(book, ids);
    parcels::shipment_lines(scope, book, &products, &stocked, &mut written).await?;
    stock::write(scope, book, ids, &products, &stocked, &written).await?;
    parcels::details(scope, book, ids, &written).await?;
    parcels::posts(scope, book, ids, &mut written).await?;
    parcels::seen(scope, book, ids, &written).await?;
    let parcels: usize = book.orders.iter().map(|order| order.parcels.len()).sum();
    let account = scope.account();
    scope
        .execute(
            sql("insert into counters (account_id, name, value) values ({}, 'shipment_number', {})")
                .bind(account)
                .bind(book.merchant.first_shipment - 1 + parcels as i64),
        )
        .await?;
    Ok(written)
}

/// Customers, and the address of each order.
async fn people(scope: &mut Scope, book: &Book) -> DbResult<(Vec<i64>, Vec<i64>)> {
    let address = |person: &super::people::Person, bad: bool, created_at| AddressRow {
        name: person.name.clone(),
        company: person.company.clone(),
        line1: person.line1.clone(),
        line2: person.line2.clone(),
        city: person.city.clone(),
        region: person.region.clone(),
        postal_code: if bad { String::new() } else { person.postal_code.clone() },
        country: person.country.to_owned(),
        phone: person.phone.clone(),
        created_at,
    };
    let mut firsts = vec![book.now - chrono::Duration::days(3); book.people.len()];
    book.orders.iter().rev().for_each(|order| firsts[order.person] = order.placed);
    let first = |at: usize| firsts[at];
    let mut rows: Vec<AddressRow> =
        book.people.iter().enumerate().map(|(at, person)| address(person, false, first(at))).collect();
    let bad: Vec<usize> = (0..book.orders.len()).filter(|at| book.orders[*at].bad_address).collect();
    rows.extend(
        bad.iter().map(|at| address(&book.people[book.orders[*at].person], true, book.orders[*at].placed)),
    );
    let made = insert_for_ids(scope, &rows).await?;
    let of_order = |at: usize, order: &Order| match bad.iter().position(|known| *known == at) {
        Some(place) => made[book.people.len() + place],
        None => made[order.person],
    };
    let addresses = book.orders.iter().enumerate().map(|(at, order)| of_order(at, order)).collect();
    let mut counts = vec![(0, None); book.people.len()];
    for order in &book.orders {
        counts[order.person].0 += 1;
        counts[order.person].1 = Some(order.placed);
    }
    let customers: Vec<CustomerRow> = book
        .people
        .iter()
        .enumerate()
        .map(|(at, person)| CustomerRow {
            name: person.name.clone(),
            email: Some(person.email.clone()),
            phone: Some(person.phone.clone()),
            address_id: Some(made[at]),
            orders_count: counts[at].0,
            last_order_at: counts[at].1,
            search_text: format!("{} {} {}", person.name, person.email, person.phone).to_lowercase(),
            created_at: first(at),
        })
        .collect();
    Ok((insert_for_ids(scope, &customers).await?, addresses))
}

/// What the search of lists looks through.
pub(super) fn search_text(book: &Book, order: &Order) -> String {
    let person = &book.people[order.person];
    let mut words =
        vec![order.number.as_str(), order.reference.as_str(), person.name.as_str(), person.email.as_str()];
    words.extend(order.lines.iter().map(|line| book.goods[line.good].sku.as_str()));
    words.join(" ").to_lowercase()
}

async fn orders(
    scope: &mut Scope,
    book: &Book,
    ids: &Ids,
    customers: &[i64],
    addresses: &[i64],
    written: &mut Written,
) -> DbResult<()> {
    let rows: Vec<OrderRow> = book
        .orders
        .iter()
        .zip(addresses)
        .map(|(order, address)| {
            let channel = &book.merchant.channels[order.channel];
            let (ordered, sent) = order.items();
            let (state, sync) = order.worst();
            OrderRow {
                channel_id: ids.channels[order.channel],
                customer_id: Some(customers[order.person]),
                number: order.number.clone(),
                channel_reference: order.reference.clone(),
                payment_status: order.payment.to_owned(),
                status: order.status().to_owned(),
                on_hold: order.on_hold(),
                currency: channel.currency.to_owned(),
                subtotal_minor: order.subtotal(),
                shipping_minor: order.shipping,
                tax_minor: order.tax,
                discount_minor: order.discount,
                total_minor: order.total(),
                refunded_minor: order.refunded,
                ship_address_id: Some(*address),
                bill_address_id: Some(*address),
                shipping_method: order.method.to_owned(),
                items_ordered: ordered,
                items_shipped: sent.min(ordered),
                shipment_status: state.map(|state| state.to_string()),
                channel_sync: sync.to_string(),
                placed_at: order.placed,
                ship_by: Some(order.placed + chrono::Duration::days(2)),
                canceled_at: order.canceled,
                tags: order.tags.clone(),
                extras: order.note.map_or(json!({}), |note| json!({ "note": note })),
                search_text: search_text(book, order),
                version: 1,
                updated_at: order.last_change(),
            }
        })
        .collect();
    written.orders = insert_for_ids(scope, &rows).await?;
    Ok(())
}

async fn lines(scope: &mut Scope, book: &Book, products: &[i64], written: &mut Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (order, id) in book.orders.iter().zip(&written.orders) {
        for (at, line) in order.lines.iter().enumerate() {
            let good = &book.goods[line.good];
            rows.push(OrderLineRow {
                order_id: *id,
                product_id: Some(products[line.good]),
                position: at as i32 + 1,
                channel_line_id: line.id.clone(),
                sku: good.sku.clone(),
                name: good.name.clone(),
                quantity: line.quantity,
                quantity_shipped: order.sent_of(at),
                quantity_refunded: line.refunded,
                price_minor: line.price,
                discount_minor: 0,
                requires_shipping: true,
            });
        }
    }
    let mut made = insert_for_ids(scope, &rows).await?.into_iter();
    written.lines = book.orders.iter().map(|order| made.by_ref().take(order.lines.len()).collect()).collect();
    Ok(())
}

async fn holds(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (order, id) in book.orders.iter().zip(&written.orders) {
        for hold in &order.holds {
            let by = staff(ids, hold.by);
            rows.push(HoldRow {
                order_id: *id,
                kind: hold.kind.to_owned(),
                reason: hold.reason.to_owned(),
                placed_by: Some(by.id),
                placed_by_name: by.name.to_owned(),
                hold_until: hold.until,
                created_at: hold.created,
                released_at: hold.released,
                released_by: hold.released.map(|_| by.id),
            });
        }
    }
    insert(scope, &rows).await?;
    crate::orders::holds::plan_all(scope).await
}
