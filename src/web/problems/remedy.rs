//! Where each fix leads, for whoever may take it.

use crate::{
    accounts::Permission,
    outbound::ErrorClass,
    problems::{ProblemKind, diagnose::Fix, list::Row},
    web::{Visitor, action, list::Link, markup::Offer},
};

/// A way to repair a problem.
pub struct Remedy {
    /// Its label and where it leads.
    pub offer: Offer,
    /// An action that asks first, so that it opens as a dialog.
    pub dialog: bool,
}

/// The step that repairs it; `back` is where one came from.
pub fn remedy(visitor: &Visitor, row: &Row, back: &str) -> Option<Remedy> {
    let fix = row.diagnosis().fix;
    let page = |label: &str, href: String| {
        let offer = Offer { label: label.to_owned(), href };
        Some(Remedy { offer, dialog: false })
    };
    match fix {
        Fix::MapCourier | Fix::CorrectMapping => match visitor.can(Permission::CouriersEdit) {
            true => page(fix.label(), fix_page(row, back)),
            false => None,
        },
        Fix::CheckWithProvider | Fix::DecideByHand | Fix::CancelSecond | Fix::CancelOrder | Fix::ResyncTo => {
            act(visitor, fix.action()?, Permission::ShipmentsPost, row)
        }
        Fix::RenewCredentials => match (row.kind, row.connection_id, row.store_id, row.channel_id) {
            (ProblemKind::Post | ProblemKind::Update | ProblemKind::Connection, Some(connection), _, _)
                if visitor.can(Permission::ConnectionsEdit) =>
            {
                page(fix.label(), format!("/connections/{connection}"))
            }
            (_, _, Some(store), Some(channel)) if visitor.can(Permission::StoresEdit) => {
                page(fix.label(), format!("/stores/{store}/channels/{channel}"))
            }
            _ => None,
        },
        Fix::EditAddress => row.order_id.and_then(|order| page("Open the order", format!("/orders/{order}"))),
        Fix::EditTracking => {
            row.shipment_id.and_then(|shipment| page("Open the shipment", format!("/shipments/{shipment}")))
        }
        Fix::Retry => again(visitor, row),
        Fix::MatchSku | Fix::ReadRecord | Fix::Wait => record(visitor, row),
    }
}

/// The way to send it again, once the cause is gone.
pub fn again(visitor: &Visitor, row: &Row) -> Option<Remedy> {
    match row.kind {
        ProblemKind::Submit => act(visitor, "submit", Permission::ShipmentsSubmit, row),
        ProblemKind::Update => act(visitor, "resync_to_provider", Permission::ShipmentsPost, row),
        // what nobody knows is checked, never sent blindly
        ProblemKind::Post if row.outcome_unknown => None,
        ProblemKind::Post if row.posted_before => act(visitor, "repost", Permission::ShipmentsPost, row),
        ProblemKind::Post => act(visitor, "post", Permission::ShipmentsPost, row),
        _ => None,
    }
}

/// The permission that is missing to fix it, where it takes one that not
/// everybody at work here has.
pub fn needs(visitor: &Visitor, row: &Row) -> Option<&'static str> {
    let needed = match row.diagnosis().fix {
        Fix::MapCourier | Fix::CorrectMapping => Permission::CouriersEdit,
        Fix::RenewCredentials => match row.kind {
            ProblemKind::Submit | ProblemKind::Channel => Permission::StoresEdit,
            _ => Permission::ConnectionsEdit,
        },
        _ => return None,
    };
    (!visitor.can(needed)).then_some(needed.label())
}

/// The exchange it came from.
pub fn record(visitor: &Visitor, row: &Row) -> Option<Remedy> {
    let record = row.transaction_record_id.filter(|_| visitor.can(Permission::RecordsView))?;
    let offer = Offer { label: "Open the request".into(), href: format!("/transaction-records/{record}") };
    Some(Remedy { offer, dialog: false })
}

/// The page that repairs it.
pub fn fix_page(row: &Row, back: &str) -> String {
    Link::to(format!("/problems/{}/fix", row.id)).with("back", back).to_string()
}

fn act(visitor: &Visitor, name: &str, permission: Permission, row: &Row) -> Option<Remedy> {
    let offer = action::offer(name, row.shipment_id?.0).filter(|_| visitor.can(permission))?;
    Some(Remedy { offer, dialog: true })
}

/// What a problem is called.
pub fn heading(row: &Row) -> &'static str {
    match row.marked_by() {
        Some(_) => "Marked as error by hand",
        None => class_label(row.error_class),
    }
}

/// A class of failure, as a filter and a heading read.
pub fn class_label(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::CourierUnmapped => "Courier not mapped",
        ErrorClass::CourierRejected => "Courier name refused",
        ErrorClass::TrackingRejected => "Tracking number refused",
        ErrorClass::OrderNotFound => "Order not found there",
        ErrorClass::AlreadyFulfilled => "Fulfilled there already",
        ErrorClass::OrderClosed => "Order closed there",
        ErrorClass::SkuUnknown => "SKU not known there",
        ErrorClass::AddressInvalid => "Address refused",
        ErrorClass::Auth => "Credentials refused",
        ErrorClass::Forbidden => "Permission missing there",
        ErrorClass::RateLimited => "Asked to slow down",
        ErrorClass::Unavailable => "Not available",
        ErrorClass::Timeout => "No answer in time",
        ErrorClass::InvalidRequest => "Request refused",
        ErrorClass::Unknown => "Answer not understood",
    }
}
