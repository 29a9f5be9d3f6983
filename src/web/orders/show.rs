//! `/orders/{id}`: one order with everything that happened to it.

use super::{
    activities::{self, Activities},
    fulfillment::{Block, blocks},
    holds::{self, Holds},
};
use crate::{
    accounts::Permission,
    actions::{Action as _, Target},
    ids::{ActivityId, OrderId},
    orders::{
        self,
        edit_address::EditAddress,
        edit_service::EditService,
        find::{self, Address, Hold, Line, Order},
        tags::AddTags,
    },
    secrets::random_hex,
    shipments::{
        ChannelSync, Status,
        edit_items::EditItems,
        editable::Editable,
        fulfill_again::{FulfillAgain, Unfulfilled},
        of_order::{self, Parcel},
        resend::{OrderSubject, ResendFulfillments},
        reship::Reship,
        reshippable::Reshippable,
    },
    web::{
        Path, Visitor, WebError, WebResult, action,
        badge::{self, Badge},
        extract::Fields,
        filters,
        markup::{ActionItem, Stamp},
        shell::Shell,
    },
};
use actix_web::HttpResponse;
use askama::Template;
use serde_json::Value;

/// A tag, with the key of the form that removes it for those who may.
struct Tag {
    name: String,
    remove: Option<String>,
}

struct Customer {
    href: String,
    name: String,
    email: String,
    phone: String,
    orders: i32,
}

/// The whole order: the page's main part, asked for again when something of it changed.
#[derive(Template)]
#[template(path = "orders/_order.html")]
struct Part {
    /// This page's address.
    here: String,
    /// Whether something is under way.
    moving: bool,
    says: String,
    now: Stamp,
    order: Order,
    badges: Vec<Badge>,
    placed: Stamp,
    ship_by: Option<(Stamp, bool)>,
    canceled: Option<Stamp>,
    lines: Vec<Line>,
    blocks: Vec<Block>,
    nothing_yet: &'static str,
    holds: Holds,
    tags: Vec<Tag>,
    /// The key of the form that adds tags, for those who may.
    add_tags: Option<String>,
    actions: Vec<ActionItem>,
    personal: bool,
    customer: Option<Customer>,
    country: String,
    ship_to: Vec<String>,
    bill_to: Vec<String>,
    money: Vec<(&'static str, i64)>,
    payment: Badge,
    channel_data: Vec<(String, String)>,
    notes: Vec<String>,
    activities: Activities,
    may_see_stores: bool,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "orders/show.html")]
struct Page {
    shell: Shell,
    part: Part,
}

/// `GET /orders/{id}`
pub async fn show(visitor: Visitor, id: Path<OrderId>) -> WebResult<HttpResponse> {
    let asked = Fields::read(visitor.asked.query.as_bytes());
    let before: Option<ActivityId> = asked.get("before").parse().ok();
    let mut scope = visitor.scope().await?;
    let order = find::order(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    let parcels = of_order::of_orders(&mut scope, &[order.id]).await?;
    let troubles = of_order::troubles(&mut scope, order.id).await?;
    let activities = activities::read(&visitor, &mut scope, order.id, before).await?;

    let here = match before {
        Some(before) => format!("/orders/{}?before={before}", order.id),
        None => format!("/orders/{}", order.id),
    };

    let lines = find::lines(&mut scope, order.id).await?;
    let standing = find::holds(&mut scope, order.id).await?;
    let ids: Vec<_> = order.ship_address_id.into_iter().chain(order.bill_address_id).collect();
    let addresses = find::addresses(&mut scope, &ids).await?;
    let subject = OrderSubject::load(&mut scope, order.id.0, false).await?.ok_or(WebError::NotFound)?;
    let failed =
        parcels.iter().any(|p| p.channel_sync == ChannelSync::Failed && p.status != Status::Canceled);
    // where something must be mended first, that is what the page asks for
    let mend_first = troubles.iter().any(|trouble| {
        use crate::outbound::ErrorClass::*;
        matches!(trouble.error_class, CourierUnmapped | CourierRejected | TrackingRejected | Auth | Forbidden)
    });
    let resend =
        action::item::<ResendFulfillments>(&visitor, order.id.0, &subject, "send").map(|item| ActionItem {
            primary: item.available && failed && !mend_first,
            key: if item.available { "f".into() } else { String::new() },
            ..item
        });

    let reshippable = Reshippable::load(&mut scope, order.id.0, false).await?.ok_or(WebError::NotFound)?;
    let reship = action::item::<Reship>(&visitor, order.id.0, &reshippable, "package")
        .map(|item| ActionItem { key: if item.available { "s".into() } else { String::new() }, ..item });
    let unfulfilled = Unfulfilled::load(&mut scope, order.id.0, false).await?.ok_or(WebError::NotFound)?;
    // only where something is open: elsewhere it would be noise
    let again = action::item::<FulfillAgain>(&visitor, order.id.0, &unfulfilled, "plus")
        .filter(|item| item.available)
        .map(|item| ActionItem { primary: true, ..item });
    let held = orders::Subject::load(&mut scope, order.id.0, false).await?.ok_or(WebError::NotFound)?;
    // where it is clear which shipment is meant; otherwise on its own page
    let mut unposted = reshippable.shipments.iter().filter(|shipment| {
        matches!(shipment.status, Status::PendingPost | Status::Error) && shipment.date_post.is_none()
    });
    let edit_items = match (unposted.next(), unposted.next()) {
        (Some(only), None) => Editable::load(&mut scope, only.id.0, false)
            .await?
            .and_then(|editable| action::item::<EditItems>(&visitor, only.id.0, &editable, "package")),
        _ => None,
    };
    let edits = [
        action::item::<EditAddress>(&visitor, order.id.0, &held, "pencil"),
        action::item::<EditService>(&visitor, order.id.0, &held, "truck"),
        edit_items,
    ]
    .into_iter()
    .flatten();
    let may_tag = visitor.can(AddTags::PERMISSION);
    let key = || random_hex::<16>();

    let personal = visitor.can(Permission::PersonalView);
    let address = |id| addresses.iter().find(|a: &&Address| Some(a.id) == id);
    let ship_to = address(order.ship_address_id);
    let bill_to = address(order.bill_address_id).filter(|_| order.bill_address_id != order.ship_address_id);
    let (channel_data, notes) = if personal { extras(&order.extras) } else { Default::default() };
    let part = Part {
        here,
        moving: parcels.iter().any(Parcel::is_moving),
        says: says(&parcels),
        now: visitor.stamp(visitor.now),
        badges: badges(&order, &parcels, &standing),
        placed: visitor.stamp(order.placed_at),
        ship_by: order
            .ship_by
            .map(|at| (visitor.stamp(at), at < visitor.now && order.items_shipped < order.items_ordered)),
        canceled: order.canceled_at.map(|at| visitor.stamp(at)),
        lines,
        nothing_yet: nothing_yet(&order, &standing),
        blocks: blocks(&visitor, parcels, &troubles, order.store_id.0),
        holds: holds::section(
            &visitor,
            order.id.0,
            order.version,
            order.canceled_at.is_some(),
            standing,
            &held.parcels,
        ),
        tags: order.tags.iter().map(|tag| Tag { name: tag.clone(), remove: may_tag.then(key) }).collect(),
        add_tags: may_tag.then(key),
        actions: {
            let mut items: Vec<ActionItem> =
                again.into_iter().chain(reship).chain(resend).chain(edits).collect();
            // stable: what can be done stands above what cannot, the likeliest on top
            items.sort_by_key(|item| (!item.primary, !item.available));
            items
        },
        customer: customer(&order, personal),
        country: ship_to.map(|a| a.country.clone()).unwrap_or_default(),
        ship_to: ship_to.filter(|_| personal).map(Address::lines).unwrap_or_default(),
        bill_to: bill_to.filter(|_| personal).map(Address::lines).unwrap_or_default(),
        money: money(&order),
        payment: badge::payment_status(order.payment_status),
        personal,
        channel_data,
        notes,
        activities,
        may_see_stores: visitor.can(Permission::StoresView),
        order,
    };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let shell = visitor.shell(&mut scope, "orders").await?;
    visitor.html(&Page { shell, part })
}

/// What is said to those who do not look.
fn says(parcels: &[Parcel]) -> String {
    let one = |parcel: &Parcel| {
        let (status, sync) =
            (badge::shipment_status(parcel.status), badge::channel_sync(parcel.channel_sync));
        format!("{}: {}, channel sync: {}.", parcel.number, status.label, sync.label)
    };
    parcels.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn badges(order: &Order, parcels: &[Parcel], holds: &[Hold]) -> Vec<Badge> {
    let mut badges = vec![badge::order_status(order.status)];
    badges.extend(holds.iter().map(|hold| badge::hold(hold.kind)));
    let unknown = parcels.iter().find(|p| p.status == Status::Unconfirmed);
    badges.extend(unknown.map(|p| badge::shipment_status(p.status)));
    let sync = ChannelSync::parse(&order.channel_sync).map(badge::channel_sync);
    badges.extend(sync.filter(|b| !b.spine().is_empty() || order.channel_sync == "pending_sync"));
    badges
}

fn nothing_yet(order: &Order, holds: &[Hold]) -> &'static str {
    use crate::orders::{HoldKind, OrderStatus};
    match (order.status, holds.first().map(|hold| hold.kind)) {
        (OrderStatus::Canceled, _) => "The order was canceled before anything was fulfilled.",
        (OrderStatus::Refunded, _) => "The order was refunded before anything was fulfilled.",
        (OrderStatus::Unpaid, _) => "Nothing to fulfill yet: waiting for the payment.",
        (_, Some(HoldKind::Payment)) => "Nothing to fulfill yet: waiting for the payment hold.",
        (_, Some(HoldKind::Address)) => "Nothing to fulfill yet: waiting for the address hold.",
        (_, Some(HoldKind::Fraud)) => "Nothing to fulfill yet: waiting for the fraud hold.",
        (_, Some(HoldKind::Operator)) => "Nothing to fulfill yet: waiting for the operator hold.",
        (_, Some(HoldKind::Client)) => "Nothing to fulfill yet: waiting for the client hold.",
        (OrderStatus::Shipped, None) => "Everything was fulfilled before the order came here.",
        _ => "Nothing to fulfill yet. Shipments are planned within moments of an order coming in.",
    }
}

fn customer(order: &Order, personal: bool) -> Option<Customer> {
    let id = order.customer_id?;
    let told = |text: &Option<String>| text.clone().filter(|_| personal).unwrap_or_default();
    Some(Customer {
        href: format!("/customers/{id}"),
        name: Some(told(&order.customer_name))
            .filter(|n| !n.is_empty())
            .unwrap_or_else(|| format!("Customer {id}")),
        email: told(&order.customer_email),
        phone: told(&order.customer_phone),
        orders: order.customer_orders.unwrap_or(0),
    })
}

fn money(order: &Order) -> Vec<(&'static str, i64)> {
    [
        ("Items", order.subtotal_minor),
        ("Discount", -order.discount_minor),
        ("Shipping", order.shipping_minor),
        ("Tax", order.tax_minor),
    ]
    .into_iter()
    .filter(|(label, minor)| *label == "Items" || *minor != 0)
    .collect()
}

/// What else the channel told: facts, and notes of people.
fn extras(extras: &Value) -> (Vec<(String, String)>, Vec<String>) {
    let (mut facts, mut notes) = (Vec::new(), Vec::new());
    let Value::Object(extras) = extras else {
        return (facts, notes);
    };
    for (key, value) in extras {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => if *yes { "Yes" } else { "No" }.to_owned(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        if text.is_empty() || text == "[]" || text == "{}" {
            continue;
        }
        if matches!(key.to_lowercase().as_str(), "note" | "notes") {
            notes.push(text);
        } else {
            let words = key.replace('_', " ");
            let mut letters = words.chars();
            let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
            facts.push((format!("{first}{}", letters.as_str()), text));
        }
    }
    (facts, notes)
}
