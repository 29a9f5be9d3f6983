//! Writing a book: orders, lines, holds, fulfillment orders, shipments and
//! posts, table by table, with the ids of the rows they stand on.

use super::{
    book::*,
    rows::*,
    setup::{Ids, Staff},
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
            created_at: since,
        })
        .collect();
    let products = insert_for_ids(scope, &products).await?;
    let (customers, addresses) = people(scope, book).await?;
    let mut written = Written::default();
    orders(scope, book, ids, &customers, &addresses, &mut written).await?;
    lines(scope, book, &products, &mut written).await?;
    holds(scope, book, ids, &written).await?;
    let groups = fulfillment_orders(scope, book, ids, &written).await?;
    shipments(scope, book, ids, &groups, &mut written).await?;
    shipment_lines(scope, book, &products, &mut written).await?;
    details(scope, book, ids, &written).await?;
    posts(scope, book, ids, &mut written).await?;
    seen(scope, book, ids, &written).await?;
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
    rows.extend(bad.iter().map(|at| address(&book.people[book.orders[*at].person], true, book.orders[*at].placed)));
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
fn search_text(book: &Book, order: &Order) -> String {
    let person = &book.people[order.person];
    let mut words = vec![order.number.as_str(), order.reference.as_str(), person.name.as_str(), person.email.as_str()];
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
    Ok(())
}

/// Fulfillment orders with their budgets; by order, then group.
async fn fulfillment_orders(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<Vec<Vec<i64>>> {
    let groups = |order: &Order| order.parcels.iter().map(|parcel| parcel.group + 1).max().unwrap_or(0);
    let mut rows = Vec::new();
    let mut budgets = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for group in 0..groups(order) {
            let own = || order.parcels.iter().filter(|parcel| parcel.group == group && parcel.voided.is_none());
            let Some(first) = order.parcels.iter().find(|parcel| parcel.group == group) else { continue };
            let (mut left, mut posted) = (0, false);
            for (line, bought) in order.lines.iter().enumerate() {
                let sum = |sent: bool| -> i32 {
                    let parcels = own().filter(|parcel| parcel.is_sent() == sent);
                    parcels.flat_map(|parcel| &parcel.lines).filter(|(of, _)| *of == line).map(|(_, n)| n).sum()
                };
                let (fulfilled, allocated) = (sum(true), sum(false));
                // the first covers what was bought, a reship only what it sends
                let quantity = if group == 0 { bought.quantity } else { fulfilled + allocated };
                left += quantity - fulfilled;
                if quantity > 0 {
                    budgets.push((rows.len(), written.lines[at][line], quantity, fulfilled, allocated));
                }
            }
            posted |= own().any(|parcel| parcel.live_post().is_some());
            let status = match () {
                () if left == 0 => "closed",
                () if posted => "submitted",
                () => "open",
            };
            rows.push(FulfillmentOrderRow {
                order_id: written.orders[at],
                warehouse_id: ids.warehouses[book.merchant.connections[first.connection].warehouse],
                status: status.to_owned(),
                created_at: first.planned,
            });
        }
    }
    let made = insert_for_ids(scope, &rows).await?;
    let lines: Vec<FulfillmentOrderLineRow> = budgets
        .into_iter()
        .map(|(of, order_line_id, quantity, fulfilled, allocated)| FulfillmentOrderLineRow {
            fulfillment_order_id: made[of],
            order_line_id,
            quantity,
            fulfilled,
            allocated,
        })
        .collect();
    insert(scope, &lines).await?;
    let mut made = made.into_iter();
    Ok(book.orders.iter().map(|order| made.by_ref().take(groups(order)).collect()).collect())
}

async fn shipments(scope: &mut Scope, book: &Book, ids: &Ids, groups: &[Vec<i64>], written: &mut Written) -> DbResult<()> {
    written.shipments = book.orders.iter().map(|order| vec![0; order.parcels.len()]).collect();
    // a reship names the shipment it repeats, so those come second
    for reships in [false, true] {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (at, order) in book.orders.iter().enumerate() {
            places.extend((0..order.parcels.len()).filter(|of| order.parcels[*of].reship_of.is_some() == reships).map(|of| (at, of)));
        }
        places.sort_by_key(|(at, of)| book.orders[*at].parcels[*of].planned);
        let rows: Vec<ShipmentRow> = places.iter().map(|place| shipment(book, ids, groups, written, *place)).collect();
        let made = insert_for_ids(scope, &rows).await?;
        for ((at, of), id) in places.into_iter().zip(made) {
            written.shipments[at][of] = id;
        }
    }
    Ok(())
}

fn shipment(book: &Book, ids: &Ids, groups: &[Vec<i64>], written: &Written, (at, of): (usize, usize)) -> ShipmentRow {
    let order = &book.orders[at];
    let parcel = &order.parcels[of];
    let courier = parcel.courier.map(|courier| courier.sent.to_owned());
    let live = parcel.live_post();
    let (told, attempts) = match &parcel.sync {
        Sync::Synced { at } | Sync::Warned { at, .. } => (Some(*at), 1),
        Sync::Failed { trouble, .. } | Sync::Pending { trouble, .. } => (None, trouble.attempts),
        _ => (None, 0),
    };
    let sent = parcel.shipped.is_some();
    let mut search = format!("{} {}", parcel.number.to_lowercase(), search_text(book, order));
    if sent {
        search = format!("{search} {}", parcel.tracking.to_lowercase());
    }
    ShipmentRow {
        number: parcel.number.clone(),
        order_id: written.orders[at],
        fulfillment_order_id: groups[at][parcel.group],
        warehouse_id: ids.warehouses[book.merchant.connections[parcel.connection].warehouse],
        connection_id: Some(ids.connections[parcel.connection]),
        channel_id: ids.channels[order.channel],
        status: parcel.status().to_string(),
        date_post: live.map(|(at, _)| at),
        fulfillment_id: live.map(|(_, remote)| remote.to_owned()),
        reship_of: parcel.reship_of.map(|first| written.shipments[at][first]),
        fulfillment_type: "automated".to_owned(),
        inventory_status: if sent { "shipped" } else { "not_shipped" }.to_owned(),
        courier,
        service_level: parcel.courier.map(|courier| courier.service.to_owned()),
        tracking_number: sent.then(|| parcel.tracking.clone()),
        tracking_url: if sent { tracking_url(parcel) } else { None },
        tracking_status: sent.then(|| if parcel.delivered.is_some() { "delivered" } else { "transit" }.to_owned()),
        cost_minor: if sent { 640 * book.merchant.channels[order.channel].rate / 100 } else { 0 },
        shipped_at: parcel.shipped,
        delivered_at: parcel.delivered,
        channel_sync: parcel.sync().to_string(),
        submitted_to_sales_channel_at: told,
        channel_attempts: attempts,
        channel_notification: if matches!(parcel.sync, Sync::Muted) { "mute" } else { "trigger" }.to_owned(),
        voided_at: parcel.voided.map(|(at, _)| at),
        search_text: search,
        version: 1,
        created_at: parcel.planned,
        updated_at: parcel.last_change(),
    }
}

async fn shipment_lines(scope: &mut Scope, book: &Book, products: &[i64], written: &mut Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            rows.extend(parcel.lines.iter().map(|(line, quantity)| ShipmentLineRow {
                shipment_id: written.shipments[at][of],
                order_line_id: written.lines[at][*line],
                product_id: Some(products[order.lines[*line].good]),
                quantity: *quantity,
                unit_cost_minor: order.lines[*line].price * 38 / 100,
            }));
        }
    }
    let mut made = insert_for_ids(scope, &rows).await?.into_iter();
    let mut of_parcel = |parcel: &Parcel| -> Vec<i64> { made.by_ref().take(parcel.lines.len()).collect() };
    written.shipment_lines = book.orders.iter().map(|order| order.parcels.iter().map(&mut of_parcel).collect()).collect();
    Ok(())
}

async fn details(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            let (error, message) = match &parcel.sync {
                Sync::Synced { .. } => (Some(false), None),
                Sync::Warned { words, .. } => (Some(false), Some(words.clone())),
                Sync::Failed { trouble, .. } | Sync::Pending { trouble, .. } => (Some(true), Some(trouble.message.clone())),
                _ => (None, None),
            };
            let grams = parcel.lines.iter().map(|(line, n)| i64::from(book.goods[order.lines[*line].good].grams * n)).sum();
            rows.push(DetailsRow {
                shipment_id: written.shipments[at][of],
                admin_notes: parcel.marked.map(|(_, note)| note.to_owned()),
                channel_error: error,
                channel_message: message,
                grams,
                packed: parcel.shipped.is_some(),
                packed_at: parcel.shipped.map(|at| at - chrono::Duration::minutes(25)),
                tracking_status_date: parcel.delivered.or(parcel.shipped),
                voided_by_user_id: parcel.voided.map(|_| ids.crew.admin.id),
                void_reason: parcel.voided.map(|(_, why)| why.to_owned()),
            });
        }
    }
    insert(scope, &rows).await?;
    Ok(())
}

async fn posts(scope: &mut Scope, book: &Book, ids: &Ids, written: &mut Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            for (n, post) in parcel.posts.iter().enumerate() {
                let (state, settled) = match &post.end {
                    _ if post.superseded.is_some() => ("superseded", post.superseded),
                    PostEnd::Accepted { at, .. } => ("accepted", Some(*at)),
                    PostEnd::Rejected { at, .. } => ("rejected", Some(*at)),
                    PostEnd::Unknown { .. } => ("unknown", None),
                    PostEnd::NeedsPerson { at } => ("needs_person", Some(*at)),
                };
                rows.push(PostRow {
                    shipment_id: written.shipments[at][of],
                    connection_id: ids.connections[parcel.connection],
                    group_no: n as i32 + 1,
                    external_reference: parcel.reference().to_owned(),
                    state: state.to_owned(),
                    attempt_no: 1,
                    lease_epoch: 1,
                    sent_at: Some(post.sent),
                    deadline_at: Some(post.sent + chrono::Duration::seconds(60)),
                    checks: 0,
                    reason: post.reason.to_owned(),
                    requested_by: staff(ids, post.by).name.to_owned(),
                    trace_id: Some(parcel.trace.clone()),
                    created_at: post.requested,
                    settled_at: settled,
                });
            }
        }
    }
    let mut made = insert_for_ids(scope, &rows).await?.into_iter();
    let mut of_parcel = |parcel: &Parcel| -> Vec<i64> { made.by_ref().take(parcel.posts.len()).collect() };
    written.posts = book.orders.iter().map(|order| order.parcels.iter().map(&mut of_parcel).collect()).collect();
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            for (post, id) in parcel.posts.iter().zip(&written.posts[at][of]) {
                let Some((made, remote)) = post.accepted() else { continue };
                rows.push(ProviderOrderRow {
                    shipment_id: written.shipments[at][of],
                    connection_id: ids.connections[parcel.connection],
                    post_id: Some(*id),
                    remote_id: remote.to_owned(),
                    reference: parcel.reference().to_owned(),
                    remote_status: Some(if parcel.shipped.is_some() { "shipped" } else { "awaiting_shipment" }.to_owned()),
                    cancel_state: "none".to_owned(),
                    last_read_at: Some(parcel.shipped.unwrap_or(made)),
                    superseded_at: post.superseded,
                    created_at: made,
                });
            }
        }
    }
    insert(scope, &rows).await?;
    Ok(())
}

/// Couriers met on shipments, by channel.
async fn seen(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<()> {
    let mut rows: Vec<SeenRow> = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            let (Some(courier), Some(shipped)) = (parcel.courier, parcel.shipped) else { continue };
            let channel_id = ids.channels[order.channel];
            let known = rows.iter_mut().find(|row| row.channel_id == channel_id && row.courier == courier.sent);
            if let Some(row) = known {
                row.times += 1;
                row.first_seen_at = row.first_seen_at.min(shipped);
                if shipped > row.last_seen_at {
                    row.last_seen_at = shipped;
                    row.last_shipment_id = Some(written.shipments[at][of]);
                }
                continue;
            }
            rows.push(SeenRow {
                channel_id,
                courier: courier.sent.to_owned(),
                as_sent: courier.sent.to_owned(),
                times: 1,
                last_shipment_id: Some(written.shipments[at][of]),
                first_seen_at: shipped,
                last_seen_at: shipped,
            });
        }
    }
    insert(scope, &rows).await?;
    Ok(())
}
