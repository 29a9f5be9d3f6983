//! The actions panel: everything the person may ever do with a shipment, what
//! helps most first.

use crate::{
    shipments::{
        ChannelSync, Status, Subject, arrive::MarkAsDelivered, cancel_order::CancelOrder,
        clear_submission::ClearSubmission, decide_post::DecidePost, edit_items::EditItems,
        edit_shipping::EditShipping, editable::Editable, late::CancelSecond, mark_error::MarkAsError,
        post::Post, posts::PostState, reconcile::CheckWithProvider, repost::Repost, restore::RestoreShipment,
        resync_from::ResyncFrom, resync_to::ResyncTo, submit::SubmitToChannel, void::VoidShipment,
    },
    web::{Visitor, action, markup::ActionItem},
};

/// The lines of the panel. With `waits_for_fix`, sending to the channel would
/// only fail again, so it is not what helps most.
pub fn actions(
    visitor: &Visitor,
    subject: &Subject,
    editable: &Editable,
    waits_for_fix: bool,
) -> Vec<ActionItem> {
    let id = subject.shipment.id.0;
    let first = primary(subject).filter(|name| !(waits_for_fix && *name == "submit"));
    let in_doubt = subject.around.post_state == Some(PostState::NeedsPerson);
    let doubled = subject.around.second_orders > 0;
    let lines = [
        // only where they are the matter: elsewhere they would be noise
        (
            "decide_post",
            "",
            in_doubt.then(|| action::item::<DecidePost>(visitor, id, subject, "check")).flatten(),
        ),
        (
            "cancel_second",
            "",
            doubled.then(|| action::item::<CancelSecond>(visitor, id, subject, "ban")).flatten(),
        ),
        ("check_post", "", action::item::<CheckWithProvider>(visitor, id, subject, "refresh-cw")),
        ("post", "p", action::item::<Post>(visitor, id, subject, "send")),
        ("submit", "f", action::item::<SubmitToChannel>(visitor, id, subject, "upload")),
        ("clear_submission", "", action::item::<ClearSubmission>(visitor, id, subject, "rotate-ccw")),
        ("resync_from_provider", "r", action::item::<ResyncFrom>(visitor, id, subject, "download")),
        ("resync_to_provider", "", action::item::<ResyncTo>(visitor, id, subject, "refresh-cw")),
        ("repost", "", action::item::<Repost>(visitor, id, subject, "rotate-ccw")),
        ("edit_shipping", "e", action::item::<EditShipping>(visitor, id, subject, "pencil")),
        ("edit_items", "i", action::item::<EditItems>(visitor, id, editable, "package")),
        ("cancel_order", "", action::item::<CancelOrder>(visitor, id, subject, "ban")),
        ("restore_shipment", "", action::item::<RestoreShipment>(visitor, id, subject, "undo-2")),
        ("void_shipment", "", action::item::<VoidShipment>(visitor, id, subject, "trash-2")),
        ("mark_as_delivered", "", action::item::<MarkAsDelivered>(visitor, id, subject, "check")),
        ("mark_as_error", "", action::item::<MarkAsError>(visitor, id, subject, "circle-x")),
    ];
    let mut items: Vec<ActionItem> = lines
        .into_iter()
        .filter_map(|(name, key, item)| {
            let mut item = item?;
            item.primary = item.available && Some(name) == first;
            if item.available {
                item.key = key.to_owned();
            }
            Some(item)
        })
        .collect();
    // stable: what can be done stands above what cannot, the likeliest on top
    items.sort_by_key(|item| (!item.primary, !item.available));
    items
}

/// The action most likely wanted now.
fn primary(subject: &Subject) -> Option<&'static str> {
    use ChannelSync::{AwaitingSend, Failed, Warning};
    let shipment = &subject.shipment;
    match shipment.status {
        _ if subject.around.second_orders > 0 => Some("cancel_second"),
        Status::Canceled => Some("restore_shipment"),
        Status::Unconfirmed if subject.around.post_state == Some(PostState::NeedsPerson) => {
            Some("decide_post")
        }
        Status::Unconfirmed => Some("check_post"),
        Status::PendingPost if subject.around.posted_before => Some("repost"),
        Status::PendingPost => Some("post"),
        Status::Error if subject.around.posted_before => Some("repost"),
        Status::Error => Some("post"),
        Status::PendingTracking => Some("resync_from_provider"),
        Status::Shipped | Status::Delivered
            if matches!(shipment.channel_sync, Failed | Warning | AwaitingSend) =>
        {
            Some("submit")
        }
        _ => None,
    }
}
