//! Writing what was sent of a book: fulfillment orders with their budgets,
//! shipments, posts, provider orders, the couriers that were met.

use super::{
    book::*,
    rows::*,
    setup::Ids,
    stock::Stocked,
    write::{Written, search_text, staff, tracking_url},
};
use crate::db::{DbResult, Scope};

/// Fulfillment orders with their budgets; by order, then group.
pub(super) async fn fulfillment_orders(
    scope: &mut Scope,
    book: &Book,
    ids: &Ids,
    written: &Written,
) -> DbResult<Vec<Vec<i64>>> {
    let groups = |order: &Order| order.parcels.iter().map(|parcel| parcel.group + 1).max().unwrap_or(0);
    let mut rows = Vec::new();
    let mut budgets = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for group in 0..groups(order) {
            let own =
                || order.parcels.iter().filter(|parcel| parcel.group == group && parcel.voided.is_none());
            let Some(first) = order.parcels.iter().find(|parcel| parcel.group == group) else {
                continue;
            };
            let mut left = 0;
            for (line, bought) in order.lines.iter().enumerate() {
                // what stands in a parcel is used, sent or not
                let fulfilled: i32 = own()
                    .flat_map(|parcel| &parcel.lines)
                    .filter(|(of, _)| *of == line)
                    .map(|(_, n)| n)
                    .sum();
                // the first covers what was bought, a reship only what it sends
                let quantity = if group == 0 { bought.quantity } else { fulfilled };
                left += quantity - fulfilled;
                if quantity > 0 {
                    let allocated = quantity - fulfilled;
                    budgets.push((rows.len(), written.lines[at][line], quantity, fulfilled, allocated));
                }
            }
            let status = match () {
                () if left > 0 => "open",
                () if own().all(|parcel| parcel.shipped.is_some()) => "closed",
                () if own().any(|parcel| parcel.live_post().is_some()) => "submitted",
                () => "open",
            };
            rows.push(FulfillmentOrderRow {
                order_id: written.orders[at],
                warehouse_id: ids.warehouses[book.merchant.connections[first.connection].warehouse],
                status: status.to_owned(),
                reship: first.reship_of.is_some(),
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

pub(super) async fn shipments(
    scope: &mut Scope,
    book: &Book,
    ids: &Ids,
    groups: &[Vec<i64>],
    written: &mut Written,
) -> DbResult<()> {
    written.shipments = book.orders.iter().map(|order| vec![0; order.parcels.len()]).collect();
    // a reship names the shipment it repeats, so those come second
    for reships in [false, true] {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (at, order) in book.orders.iter().enumerate() {
            places.extend(
                (0..order.parcels.len())
                    .filter(|of| order.parcels[*of].reship_of.is_some() == reships)
                    .map(|of| (at, of)),
            );
        }
        places.sort_by_key(|(at, of)| book.orders[*at].parcels[*of].planned);
        let rows: Vec<ShipmentRow> =
            places.iter().map(|place| shipment(book, ids, groups, written, *place)).collect();
        let made = insert_for_ids(scope, &rows).await?;
        for ((at, of), id) in places.into_iter().zip(made) {
            written.shipments[at][of] = id;
        }
    }
    Ok(())
}

fn shipment(
    book: &Book,
    ids: &Ids,
    groups: &[Vec<i64>],
    written: &Written,
    (at, of): (usize, usize),
) -> ShipmentRow {
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
        tracking_status: sent
            .then(|| if parcel.delivered.is_some() { "delivered" } else { "transit" }.to_owned()),
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

pub(super) async fn shipment_lines(
    scope: &mut Scope,
    book: &Book,
    products: &[i64],
    stocked: &Stocked,
    written: &mut Written,
) -> DbResult<()> {
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            rows.extend(parcel.lines.iter().enumerate().map(|(n, (line, quantity))| {
                let (unit_cost_minor, added_back, backordered) = stocked.of(at, of, n);
                ShipmentLineRow {
                    shipment_id: written.shipments[at][of],
                    order_line_id: written.lines[at][*line],
                    product_id: Some(products[order.lines[*line].good]),
                    quantity: *quantity,
                    unit_cost_minor,
                    added_back,
                    backordered,
                }
            }));
        }
    }
    let mut made = insert_for_ids(scope, &rows).await?.into_iter();
    let mut of_parcel = |parcel: &Parcel| -> Vec<i64> { made.by_ref().take(parcel.lines.len()).collect() };
    written.shipment_lines =
        book.orders.iter().map(|order| order.parcels.iter().map(&mut of_parcel).collect()).collect();
    Ok(())
}

pub(super) async fn details(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<()> {
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            let (error, message) = match &parcel.sync {
                Sync::Synced { .. } => (Some(false), None),
                Sync::Warned { words, .. } => (Some(false), Some(words.clone())),
                Sync::Failed { trouble, .. } | Sync::Pending { trouble, .. } => {
                    (Some(true), Some(trouble.message.clone()))
                }
                _ => (None, None),
            };
            let grams = parcel
                .lines
                .iter()
                .map(|(line, n)| i64::from(book.goods[order.lines[*line].good].grams * n))
                .sum();
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

pub(super) async fn posts(scope: &mut Scope, book: &Book, ids: &Ids, written: &mut Written) -> DbResult<()> {
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
    written.posts =
        book.orders.iter().map(|order| order.parcels.iter().map(&mut of_parcel).collect()).collect();
    let mut rows = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            for (post, id) in parcel.posts.iter().zip(&written.posts[at][of]) {
                let Some((made, remote)) = post.accepted() else {
                    continue;
                };
                rows.push(ProviderOrderRow {
                    shipment_id: written.shipments[at][of],
                    connection_id: ids.connections[parcel.connection],
                    post_id: Some(*id),
                    remote_id: remote.to_owned(),
                    reference: parcel.reference().to_owned(),
                    remote_status: Some(
                        if parcel.shipped.is_some() { "shipped" } else { "awaiting_shipment" }.to_owned(),
                    ),
                    cancel_state: "none".to_owned(),
                    last_read_at: Some(parcel.shipped.unwrap_or(made)),
                    superseded_at: post.superseded,
                    ended_at: post.superseded,
                    created_at: made,
                });
            }
        }
    }
    insert(scope, &rows).await?;
    Ok(())
}

/// Couriers met on shipments, by channel.
pub(super) async fn seen(scope: &mut Scope, book: &Book, ids: &Ids, written: &Written) -> DbResult<()> {
    let mut rows: Vec<SeenRow> = Vec::new();
    for (at, order) in book.orders.iter().enumerate() {
        for (of, parcel) in order.parcels.iter().enumerate() {
            let (Some(courier), Some(shipped)) = (parcel.courier, parcel.shipped) else {
                continue;
            };
            let channel_id = ids.channels[order.channel];
            let known =
                rows.iter_mut().find(|row| row.channel_id == channel_id && row.courier == courier.sent);
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
