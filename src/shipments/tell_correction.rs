//! Telling of a correction of shipping details: the event, the customer, and the
//! channel as far as it takes corrections.

use super::{
    Subject,
    edit_shipping::{Change, Notify},
    submit, view,
};
use crate::{
    actions::{Availability, By},
    channels::kinds,
    clock::Instant,
    db::{DbResult, Scope},
    notify::{
        events::{self, EventType, NewEvent},
        responders::{self, Trigger},
    },
};

/// Who heard of a correction.
pub(super) struct Told {
    pub(super) anybody: bool,
    /// What to say of it, with a space before.
    pub(super) words: String,
}

/// Tells of a correction whom the person chose. The event is a new one for each
/// correction, so each tells once.
pub(super) async fn notify(
    scope: &mut Scope,
    subject: &Subject,
    change: &Change,
    by: &By,
    now: Instant,
) -> DbResult<Told> {
    let shipment = &subject.shipment;
    let event = NewEvent {
        kind: EventType::ShipmentUpdated,
        cause: format!("edited:{}:{}", shipment.id, shipment.version),
        order: shipment.order_id,
        shipment: Some(shipment.id),
        data: view::event_data(scope, shipment.id).await?,
        trace: &by.trace,
    };
    let event = events::tell(scope, event, now).await?;
    let mut told = Told { anybody: false, words: String::new() };
    let visible =
        ["tracking number", "courier", "service"].iter().any(|part| change.corrected.contains(part));
    if change.notify == Notify::Nobody || !visible || change.tracking_number.is_empty() {
        return Ok(told);
    }
    if change.notify.customer()
        && let Some(event) = event
    {
        let (order, trace) = (shipment.order_id, &by.trace);
        let mails =
            responders::trigger(scope, Trigger::Shipped, event, order, shipment.id, trace, now).await?;
        told.anybody |= mails > 0;
        told.words.push_str(match mails {
            0 => " No e-mail for shipped orders is switched on, or the customer has no address.",
            _ => " The customer is told.",
        });
    }
    if change.notify.channel()
        && let Some(fresh) = Subject::load(scope, shipment.id, true).await?
    {
        match tells(&fresh, change) {
            Ok(words) => {
                submit::queue(scope, &fresh, by, now).await?;
                told.anybody = true;
                told.words.push_str(&words);
            }
            Err(why) => told.words.push_str(&format!(" The channel is not told: {why}")),
        }
    }
    Ok(told)
}

fn corrects(subject: &Subject) -> bool {
    kinds::capabilities(subject.around.channel_kind).is_some_and(|channel| channel.corrects)
}

/// What the channel is told, in words; or why it is not.
fn tells(subject: &Subject, change: &Change) -> Result<String, String> {
    let channel = &subject.around.channel_name;
    if let Availability::Unavailable(why) = submit::available(subject) {
        return Err(why.sentence);
    }
    if subject.shipment.submitted_to_sales_channel_at.is_none() {
        return Ok(format!(" {channel} is sent the tracking."));
    }
    if corrects(subject) {
        return Ok(format!(" {channel} is sent the correction."));
    }
    match change.corrected.contains(&"tracking number") {
        true => {
            Ok(format!(" {channel} takes no corrections: it is sent the new number, and keeps the old one."))
        }
        false => Err(format!("{channel} takes no corrections. Correct it there.")),
    }
}

/// What its channel makes of a correction, where that is not what one expects.
pub(super) fn what_it_takes(subject: &Subject) -> Option<String> {
    let told = subject.shipment.submitted_to_sales_channel_at.is_some();
    let channel = &subject.around.channel_name;
    (told && !corrects(subject) && submit::available(subject).is_available()).then(|| {
        format!(
            "{channel} takes no corrections: told again, it shows the new tracking number beside the old one."
        )
    })
}

/// What telling the channel comes to, for who chooses it.
pub fn offer(subject: &Subject) -> String {
    let channel = &subject.around.channel_name;
    match (subject.shipment.submitted_to_sales_channel_at.is_some(), corrects(subject)) {
        (false, _) => format!("{channel}: the tracking is submitted"),
        (true, true) => format!("{channel}: what it was told is corrected"),
        (true, false) => format!("{channel}: a new number is told as well, the old one stays there"),
    }
}
