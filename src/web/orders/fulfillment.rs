//! *Fulfillment info*: one block per shipment, and what to do about its trouble.

use crate::{
    accounts::Permission,
    problems::{
        ProblemKind,
        diagnose::{Diagnosis, Fix, Symptom, diagnose},
    },
    shipments::{
        Status,
        of_order::{Parcel, Trouble},
    },
    web::{
        Visitor, action,
        badge::{self, Badge},
        list::Link,
        markup::{Offer, Stamp},
    },
};

/// A shipment, ready to be shown.
pub struct Block {
    /// The shipment.
    pub parcel: Parcel,
    /// Where it stands.
    pub status: Badge,
    /// Whether the channel knows.
    pub sync: Badge,
    /// The class of its spine, when it needs somebody.
    pub spine: &'static str,
    /// The name the channel is sent for its courier.
    pub courier_at_channel: Option<String>,
    /// When it was sent to its provider.
    pub posted: Option<Stamp>,
    /// When it left.
    pub shipped: Option<Stamp>,
    /// When it arrived.
    pub delivered: Option<Stamp>,
    /// When the channel took the tracking.
    pub submitted: Option<Stamp>,
    /// What keeps its provider from having it.
    pub post: Option<Said>,
    /// What keeps the channel from knowing.
    pub submit: Option<Said>,
}

/// A problem in words, with what would fix it.
pub struct Said {
    /// What it means.
    pub sentence: String,
    /// The words of the other side.
    pub detail: String,
    /// The button.
    pub fix: Option<Offer>,
    /// Why there is no button, when somebody else has one.
    pub ask: String,
    /// The exchange, when the button does not lead there already.
    pub record: Option<String>,
    /// When it is tried again by itself.
    pub next: Option<Stamp>,
    /// How often it was tried.
    pub attempts: i32,
}

/// Every shipment with its open problems.
pub fn blocks(visitor: &Visitor, parcels: Vec<Parcel>, troubles: &[Trouble], store: i64) -> Vec<Block> {
    let block = |parcel: Parcel| {
        let stamp = |at: Option<_>| at.map(|at| visitor.stamp(at));
        let said = |kind: ProblemKind| {
            let of_it = |trouble: &&Trouble| trouble.shipment_id == parcel.id && trouble.kind == kind;
            troubles.iter().find(of_it).map(|trouble| say(visitor, &parcel, trouble, store))
        };
        let (status, sync) =
            (badge::shipment_status(parcel.status), badge::channel_sync(parcel.channel_sync));
        Block {
            spine: if status.spine().is_empty() { sync.spine() } else { status.spine() },
            courier_at_channel: parcel.courier_at_channel().map(str::to_owned),
            posted: stamp(parcel.date_post),
            shipped: stamp(parcel.shipped_at),
            delivered: stamp(parcel.delivered_at),
            submitted: stamp(parcel.submitted_at),
            post: said(ProblemKind::Post),
            submit: said(ProblemKind::Submit),
            status,
            sync,
            parcel,
        }
    };
    parcels.into_iter().map(block).collect()
}

fn say(visitor: &Visitor, parcel: &Parcel, trouble: &Trouble, store: i64) -> Said {
    let other_side = match trouble.kind {
        ProblemKind::Submit | ProblemKind::Channel => parcel.channel_name.as_str(),
        _ => parcel.connection_name.as_deref().unwrap_or("The provider"),
    };
    let diagnosis = diagnose(Symptom {
        kind: trouble.kind,
        class: trouble.error_class,
        other_side,
        courier: trouble.courier.as_deref().or(parcel.courier.as_deref()),
        code: trouble.code.as_deref(),
        outcome_unknown: trouble.kind == ProblemKind::Post && parcel.status == Status::Unconfirmed,
        marked_by: trouble.opened_by.as_deref(),
    });
    let record = trouble
        .transaction_record_id
        .filter(|_| visitor.can(Permission::RecordsView))
        .map(|id| format!("/transaction-records/{id}"));
    let (fix, ask) = fix(visitor, parcel, trouble, &diagnosis, store, record.as_deref());
    let same = fix.as_ref().is_some_and(|fix| Some(&fix.href) == record.as_ref());
    Said {
        sentence: diagnosis.sentence,
        detail: trouble.detail.trim().to_owned(),
        fix,
        ask,
        record: record.filter(|_| !same),
        next: trouble.next_attempt_at.filter(|_| trouble.will_retry).map(|at| visitor.stamp(at)),
        attempts: trouble.attempts,
    }
}

/// The button for whoever may press it, or whom to ask.
fn fix(
    visitor: &Visitor,
    parcel: &Parcel,
    trouble: &Trouble,
    diagnosis: &Diagnosis,
    store: i64,
    record: Option<&str>,
) -> (Option<Offer>, String) {
    let button = |href: String| Some(Offer { label: diagnosis.fix.label().to_owned(), href });
    let only = |permission: Permission, href: String| match visitor.can(permission) {
        true => (button(href), String::new()),
        false => (None, format!("You need the {} permission; ask an admin.", permission.label())),
    };
    let shipment =
        || Some(Offer { label: "Open shipment".into(), href: format!("/shipments/{}", parcel.id) });
    match diagnosis.fix {
        Fix::MapCourier | Fix::CorrectMapping => {
            let page = Link::to(format!("/problems/{}/fix", trouble.id));
            only(
                Permission::CouriersEdit,
                page.with("back", format!("/orders/{}", parcel.order_id)).to_string(),
            )
        }
        Fix::RenewCredentials if trouble.kind == ProblemKind::Submit => {
            only(Permission::StoresEdit, format!("/stores/{store}/channels/{}", parcel.channel_id))
        }
        Fix::RenewCredentials => match parcel.connection_id {
            Some(id) => only(Permission::ConnectionsEdit, format!("/connections/{id}")),
            None => (shipment(), String::new()),
        },
        Fix::CheckWithProvider | Fix::DecideByHand | Fix::CancelSecond | Fix::CancelOrder | Fix::ResyncTo => {
            let name = diagnosis.fix.action().filter(|_| visitor.can(Permission::ShipmentsPost));
            let offer = name.and_then(|name| action::offer(name, parcel.id.0));
            (offer.or_else(shipment), String::new())
        }
        Fix::EditTracking | Fix::EditAddress | Fix::Retry => (shipment(), String::new()),
        Fix::MatchSku | Fix::Wait | Fix::ReadRecord => {
            (record.and_then(|href| button(href.to_owned())), String::new())
        }
    }
}
