//! The same orders at the make-believe channels and providers, so that what is
//! pressed in the portal meets an order out there.

use super::{book::*, goods::REFUSED_SKU, merchants::Channel};
use crate::{
    channels::ChannelKind,
    money,
    sandbox::{Refusal, Sandbox, SeedAddress, SeedLine, SeedOrder, SeededOrder, Ship},
};
use anyhow::{Result, anyhow};
use serde_json::{Value, json};

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow!("the sandbox refused the demo's world: {refusal}")
}

/// Puts a book's recent orders into the sandbox and takes over the ids it gave.
pub(super) fn fill(sandbox: &Sandbox, book: &mut Book) -> Result<()> {
    let merchant = book.merchant;
    for channel in merchant.channels.iter().filter(|channel| channel.kind == ChannelKind::Shopify) {
        sandbox
            .add_shop(channel.external, &crate::sandbox::default_shop_token(channel.external))
            .map_err(refused)?;
    }
    let mut orders = std::mem::take(&mut book.orders);
    for order in orders.iter_mut().filter(|order| order.there != There::Nothing) {
        at_channel(sandbox, book, order)?;
    }
    for order in &mut orders {
        at_provider(sandbox, book, order)?;
    }
    book.orders = orders;
    for order in &book.waiting {
        let shop = merchant.channels[order.channel].external;
        sandbox.seed_shopify(shop, vec![seed(book, order)]).map_err(refused)?;
    }
    sandbox.refuse_sku(REFUSED_SKU, None).map_err(refused)
}

fn seed(book: &Book, order: &Order) -> SeedOrder {
    let channel = &book.merchant.channels[order.channel];
    let person = &book.people[order.person];
    let price = |minor: i64| Some(money::decimal(minor, channel.currency));
    let full = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let lines = order.lines.iter().enumerate().map(|(at, line)| {
        let good = &book.goods[line.good];
        let other = order.there == There::OtherLine;
        SeedLine {
            sku: if other { format!("{}-OLD", good.sku) } else { good.sku.clone() },
            title: Some(good.name.clone()),
            quantity: u32::try_from(line.quantity).ok(),
            unit_price: price(line.price),
            location: (order.there == There::Split && at > 0).then_some(2),
        }
    });
    SeedOrder {
        id: Some(order.reference.clone()),
        name: (channel.kind == ChannelKind::Shopify).then(|| order.number.clone()),
        email: Some(person.email.clone()),
        phone: Some(person.phone.clone()),
        note: order.note.map(str::to_owned),
        currency: Some(channel.currency.to_owned()),
        lines: lines.collect(),
        shipping_address: Some(SeedAddress {
            name: person.name.clone(),
            company: full(&person.company),
            address1: person.line1.clone(),
            address2: full(&person.line2),
            city: person.city.clone(),
            province: full(&person.region),
            zip: (!order.bad_address).then(|| person.postal_code.clone()),
            country: person.country.to_owned(),
            phone: Some(person.phone.clone()),
        }),
        shipping_method: Some(order.method.to_owned()),
        shipping_price: price(order.shipping),
        tax: price(order.tax),
        discount: price(order.discount),
        financial_status: Some(if order.payment == "unpaid" {
            "PENDING".into()
        } else {
            order.payment.to_uppercase()
        }),
        tags: (!order.tags.is_empty()).then(|| order.tags.clone()),
        created_at: Some(order.placed),
        cancelled: (order.there == There::Canceled).then_some(true),
        ..SeedOrder::default()
    }
}

fn at_channel(sandbox: &Sandbox, book: &Book, order: &mut Order) -> Result<()> {
    let channel = &book.merchant.channels[order.channel];
    let wanted = vec![seed(book, order)];
    let made = match channel.kind {
        ChannelKind::Shopify => sandbox.seed_shopify(channel.external, wanted),
        ChannelKind::Ebay => sandbox.seed_ebay(wanted),
        ChannelKind::Manual => return Ok(()),
    };
    let made =
        made.map_err(refused)?.into_iter().next().ok_or_else(|| anyhow!("the sandbox made no order"))?;
    if order.there != There::OtherLine {
        for (line, made) in order.lines.iter_mut().zip(&made.lines) {
            line.id = made.id.rsplit('/').next().unwrap_or_default().to_owned();
        }
    }
    if order.there == There::Fulfilled {
        let all: Vec<(usize, i32)> =
            order.lines.iter().enumerate().map(|(at, line)| (at, line.quantity)).collect();
        tell(sandbox, channel, order, &made, &all, "bpost", "323211111111430000000001")?;
    }
    if order.there == There::Open {
        for parcel in order.parcels.iter().filter(|parcel| parcel.is_sent()) {
            let told = matches!(parcel.sync, Sync::Synced { .. } | Sync::Warned { .. });
            if let (true, Some(courier)) = (told, parcel.courier) {
                tell(
                    sandbox,
                    channel,
                    order,
                    &made,
                    &parcel.lines,
                    courier.mapped.unwrap_or(courier.sent),
                    &parcel.tracking,
                )?;
            }
        }
    }
    Ok(())
}

/// The channel has heard of a parcel.
fn tell(
    sandbox: &Sandbox,
    channel: &Channel,
    order: &Order,
    made: &SeededOrder,
    lines: &[(usize, i32)],
    company: &str,
    number: &str,
) -> Result<()> {
    if channel.kind == ChannelKind::Shopify {
        let parts: Vec<Value> = lines
            .iter()
            .map(|(at, quantity)| json!({ "id": made.lines[*at].fulfillment_order_line, "quantity": quantity }))
            .collect();
        let input = json!({ "trackingInfo": { "company": company, "number": number },
            "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": made.fulfillment_orders.first(), "fulfillmentOrderLineItems": parts }] });
        return sandbox.seed_shopify_fulfillment(channel.external, input).map_err(refused);
    }
    // the mapping of one courier gave the right code before it was changed
    let company = if company == "Evri" { "Hermes" } else { company };
    let parts: Vec<Value> = lines
        .iter()
        .map(|(at, quantity)| json!({ "lineItemId": made.lines[*at].id, "quantity": quantity }))
        .collect();
    let input = json!({ "lineItems": parts, "shippingCarrierCode": company, "trackingNumber": number });
    sandbox.seed_ebay_fulfillment(&order.reference, input).map_err(refused)
}

fn at_provider(sandbox: &Sandbox, book: &Book, order: &mut Order) -> Result<()> {
    for at in 0..order.parcels.len() {
        let wanted = order.parcels[at].provider;
        if wanted == AtProvider::Nothing {
            continue;
        }
        let body = create_order(book, order, at);
        let made = sandbox.seed_shipstation(vec![body]).map_err(refused)?;
        let id = made
            .first()
            .and_then(|order| order["orderId"].as_u64())
            .ok_or_else(|| anyhow!("the sandbox made no order"))?;
        let parcel = &mut order.parcels[at];
        // the newest order the provider took; one whose outcome is unknown keeps its secret
        if let Some(PostEnd::Accepted { remote, .. }) = parcel
            .posts
            .iter_mut()
            .rev()
            .map(|post| &mut post.end)
            .find(|end| matches!(end, PostEnd::Accepted { .. }))
        {
            *remote = id.to_string();
        }
        match wanted {
            AtProvider::Deleted => sandbox.delete_at_shipstation(id).map(|_| ()).map_err(refused)?,
            AtProvider::Canceled => sandbox.cancel_at_shipstation(id).map(|_| ()).map_err(refused)?,
            AtProvider::Shipped => {
                let ship = Ship {
                    carrier_code: parcel.courier.map_or("", |courier| courier.sent).to_owned(),
                    tracking_number: parcel.tracking.clone(),
                    service_code: parcel.courier.map(|courier| courier.service.to_owned()),
                    shipment_cost: Some(6.4),
                    ship_date: parcel.shipped.map(|at| at.format("%Y-%m-%d").to_string()),
                    ..Ship::default()
                };
                sandbox.ship(id, ship).map(|_| ()).map_err(refused)?;
            }
            AtProvider::Alive | AtProvider::Nothing => {}
        }
    }
    Ok(())
}

/// The body of a `createorder` for one parcel.
pub(super) fn create_order(book: &Book, order: &Order, at: usize) -> Value {
    let channel = &book.merchant.channels[order.channel];
    let person = &book.people[order.person];
    let parcel = &order.parcels[at];
    let items: Vec<Value> = parcel
        .lines
        .iter()
        .map(|(line, quantity)| {
            let (line, key) = (&order.lines[*line], format!("L{}", line + 1));
            let good = &book.goods[line.good];
            let price = line.price as f64 / 100.0;
            json!({ "lineItemKey": key, "sku": good.sku, "name": good.name, "quantity": quantity, "unitPrice": price })
        })
        .collect();
    let zip = if order.bad_address { Value::Null } else { json!(person.postal_code) };
    json!({
        "orderNumber": parcel.number, "orderKey": parcel.reference(),
        "orderDate": order.placed.format("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "orderStatus": "awaiting_shipment",
        "customerEmail": person.email, "billTo": { "name": person.name },
        "shipTo": { "name": person.name, "company": person.company, "street1": person.line1, "street2": person.line2,
            "city": person.city, "state": person.region, "postalCode": zip, "country": person.country, "phone": person.phone },
        "requestedShippingService": order.method,
        "advancedOptions": { "customField1": order.number, "storeId": if channel.connection == 0 { 48_101 } else { 48_102 } },
        "items": items,
    })
}
