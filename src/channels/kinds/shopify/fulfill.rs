//! Telling Shopify of a parcel: read what is open, pick the lines, create one
//! fulfillment at one location. What was told before is corrected where it is.

use super::graphql::{body, data, gid, number, request};
use crate::{
    channels::{
        Access, Look, Submission, SubmissionLine, Submitted, Told,
        kinds::{merged, short},
    },
    couriers::catalogue,
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse},
};
use serde_json::{Value, json};

/// The sizes keep the query under the 1,000 points one query may cost even if
/// every object on every page counts as one.
const LOOK: &str = "query Look($id: ID!) { order(id: $id) { id name cancelledAt \
    fulfillments(first: 30) { id status trackingInfo(first: 5) { company number url } } \
    fulfillmentOrders(first: 7) { pageInfo { hasNextPage } nodes { id status supportedActions { action } \
    assignedLocation { location { id } } \
    lineItems(first: 50) { pageInfo { hasNextPage } nodes { id remainingQuantity sku lineItem { id } } } } } } }";

const SUBMIT: &str = "mutation Submit($fulfillment: FulfillmentInput!) { \
    fulfillmentCreate(fulfillment: $fulfillment) { \
    fulfillment { id status displayStatus trackingInfo { company number url } } \
    userErrors { field message } } }";

const CORRECT: &str = "mutation Correct($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) { \
    fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) { \
    fulfillment { id status displayStatus trackingInfo { company number url } } \
    userErrors { field message } } }";

pub(super) fn look(access: &Access, submission: &Submission) -> HttpRequest {
    request(access, LOOK, json!({ "id": gid("Order", &submission.order_reference) }))
}

pub(super) fn looked(response: &HttpResponse, submission: &Submission) -> Result<Answer<Look>, Failure> {
    let data = data(response)?;
    let order = &data["order"];
    if !order.is_object() {
        let words = "Shopify has no order with this id, or it is older than the app may read.";
        return Err(Failure::refused(ErrorClass::OrderNotFound, None, words));
    }
    if let Some(told) = &submission.told
        && let Some(parcel) = told_before(order, told)
    {
        return again(parcel, submission, told).map(Answer::plain);
    }
    if let Some(parcel) = there(order, &submission.tracking_number) {
        return Ok(Answer::plain(Look::AlreadyThere { remote_id: id(parcel) }));
    }
    let name = order["name"].as_str().unwrap_or("the order");
    if order["cancelledAt"].is_string() {
        let words = format!("Order {name} is cancelled at Shopify.");
        return Err(Failure::refused(ErrorClass::OrderClosed, None, words));
    }
    let open = Open::of(order);
    Ok(Answer::plain(Look::Send(
        json!({ "lineItemsByFulfillmentOrder": open.pick(&merged(&submission.lines))? }),
    )))
}

/// A tracking number without its spaces and capitals.
fn plain(number: &str) -> String {
    number.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn id(parcel: &Value) -> String {
    parcel["id"].as_str().unwrap_or_default().to_owned()
}

/// The fulfillments that stand.
fn live(order: &Value) -> impl Iterator<Item = &Value> {
    let dead = ["CANCELLED", "ERROR", "FAILURE"];
    let all = order["fulfillments"].as_array().into_iter().flatten();
    all.filter(move |parcel| parcel["status"].as_str().is_none_or(|status| !dead.contains(&status)))
        .filter(|parcel| parcel["id"].is_string())
}

fn infos(parcel: &Value) -> impl Iterator<Item = &Value> {
    parcel["trackingInfo"].as_array().into_iter().flatten()
}

/// The live fulfillment that has this tracking number.
fn there<'a>(order: &'a Value, tracking: &str) -> Option<&'a Value> {
    let wanted = plain(tracking);
    if wanted.is_empty() {
        return None;
    }
    let has = |info: &Value| info["number"].as_str().is_some_and(|given| plain(given) == wanted);
    live(order).find(|parcel| infos(parcel).any(has))
}

/// The live fulfillment that Shopify was told before: by its id, else by the number
/// it was told. Cancelled ones were taken back there, and their lines are open again.
fn told_before<'a>(order: &'a Value, told: &Told) -> Option<&'a Value> {
    match told.remote_id.as_deref() {
        Some(known) => live(order).find(|parcel| number(&id(parcel)) == number(known)),
        None => there(order, &told.tracking_number),
    }
}

/// What is told of a parcel that was told before: nothing where it stands so
/// already, a correction where it does not.
fn again(parcel: &Value, submission: &Submission, told: &Told) -> Result<Look, Failure> {
    let wanted = plain(&submission.tracking_number);
    let courier = submission.courier_name.trim();
    let known = infos(parcel).find(|info| info["number"].as_str().is_some_and(|n| plain(n) == wanted));
    let as_told = told.courier_name.as_deref().is_some_and(|name| name.trim() == courier);
    let same = |info: &Value| info["company"].as_str().is_some_and(|name| name.trim() == courier);
    if known.is_some_and(|info| as_told || same(info)) {
        return Ok(Look::AlreadyThere { remote_id: id(parcel) });
    }
    if infos(parcel).count() > 1 {
        let words = "Shopify’s fulfillment has more tracking numbers than one, and a correction would replace \
            them all. Correct it at Shopify.";
        return Err(Failure::not_sent(ErrorClass::InvalidRequest, words));
    }
    Ok(Look::Correct(json!({ "fulfillmentId": id(parcel) })))
}

/// A line of a fulfillment order.
struct Part<'a> {
    group: &'a str,
    status: &'a str,
    open: bool,
    location: &'a str,
    id: &'a str,
    line_item: &'a str,
    sku: &'a str,
    remaining: i64,
}

/// What an order has to be fulfilled.
struct Open<'a> {
    parts: Vec<Part<'a>>,
    whole: bool,
}

impl<'a> Open<'a> {
    fn of(order: &'a Value) -> Open<'a> {
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let more = |list: &Value| list["pageInfo"]["hasNextPage"].as_bool().unwrap_or(false);
        let mut whole = !more(&order["fulfillmentOrders"]);
        let mut parts = Vec::new();
        for group in order["fulfillmentOrders"]["nodes"].as_array().into_iter().flatten() {
            whole &= !more(&group["lineItems"]);
            let mut actions = group["supportedActions"].as_array().into_iter().flatten();
            let open = actions.any(|action| action["action"] == "CREATE_FULFILLMENT");
            for line in group["lineItems"]["nodes"].as_array().into_iter().flatten() {
                parts.push(Part {
                    group: text(&group["id"]),
                    status: text(&group["status"]),
                    open,
                    location: text(&group["assignedLocation"]["location"]["id"]),
                    id: text(&line["id"]),
                    line_item: number(text(&line["lineItem"]["id"])),
                    sku: text(&line["sku"]),
                    remaining: line["remainingQuantity"].as_i64().unwrap_or(0),
                });
            }
        }
        Open { parts, whole }
    }

    /// The parts of one line: by the id of the order line, else by SKU.
    fn parts(&self, line: &SubmissionLine) -> Vec<&Part<'a>> {
        let id = number(line.channel_line_id.trim());
        let by_id: Vec<&Part> =
            self.parts.iter().filter(|part| !id.is_empty() && part.line_item == id).collect();
        if !by_id.is_empty() {
            return by_id;
        }
        let sku = line.sku.trim();
        self.parts.iter().filter(|part| !sku.is_empty() && part.sku.trim() == sku).collect()
    }

    /// What to send for the lines: parts of fulfillment orders at one location.
    fn pick(&self, lines: &[SubmissionLine]) -> Result<Value, Failure> {
        if lines.is_empty() || lines.iter().any(|line| line.quantity < 1) {
            let words = "A parcel needs lines with at least one piece each.";
            return Err(Failure::not_sent(ErrorClass::InvalidRequest, words));
        }
        for line in lines {
            self.check(line)?;
        }
        let mut locations: Vec<&str> = Vec::new();
        for part in self.parts.iter().filter(|part| part.open && part.remaining > 0) {
            if !locations.contains(&part.location) {
                locations.push(part.location);
            }
        }
        if let Some(groups) = locations.iter().find_map(|location| self.at(location, lines)) {
            return Ok(groups);
        }
        let words = "The lines of this parcel are assigned to more than one location at Shopify, \
            which takes one location a fulfillment. Move them to one location there, then send again.";
        Err(Failure::not_sent(ErrorClass::InvalidRequest, words))
    }

    /// Everything from one location, or nothing.
    fn at(&self, location: &str, lines: &[SubmissionLine]) -> Option<Value> {
        let mut left: Vec<i64> = self.parts.iter().map(|part| part.remaining).collect();
        let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
        for line in lines {
            let mut wanted = i64::from(line.quantity);
            let usable = self.parts(line).into_iter().filter(|part| part.open && part.location == location);
            for part in usable {
                let place = self.parts.iter().position(|known| std::ptr::eq(known, part))?;
                let taken = wanted.min(left[place]);
                if taken < 1 {
                    continue;
                }
                left[place] -= taken;
                wanted -= taken;
                let entry = json!({ "id": part.id, "quantity": taken });
                match groups.iter_mut().find(|(group, _)| *group == part.group) {
                    Some((_, entries)) => entries.push(entry),
                    None => groups.push((part.group, vec![entry])),
                }
            }
            if wanted > 0 {
                return None;
            }
        }
        let groups = groups.into_iter().map(
            |(group, entries)| json!({ "fulfillmentOrderId": group, "fulfillmentOrderLineItems": entries }),
        );
        Some(groups.collect())
    }

    /// Why a line cannot be sent wherever it is.
    fn check(&self, line: &SubmissionLine) -> Result<(), Failure> {
        let called = if line.sku.is_empty() { line.channel_line_id.as_str() } else { line.sku.as_str() };
        let refused = |class, words: String| Err(Failure::refused(class, None, words));
        let parts = self.parts(line);
        if parts.is_empty() && !self.whole {
            let words = format!(
                "Shopify's order has more lines than can be read at once, and {called} is not among those read."
            );
            return refused(ErrorClass::InvalidRequest, words);
        }
        if parts.is_empty() {
            return refused(
                ErrorClass::SkuUnknown,
                format!("Shopify's order has no line {called} to fulfill."),
            );
        }
        let sum = |open: bool| -> i64 {
            parts.iter().filter(|part| part.open || !open).map(|part| part.remaining.max(0)).sum()
        };
        let (open, any, wanted) = (sum(true), sum(false), i64::from(line.quantity));
        if open >= wanted {
            return Ok(());
        }
        if any == 0 {
            return refused(
                ErrorClass::AlreadyFulfilled,
                format!("Nothing of {called} remains to be fulfilled at Shopify."),
            );
        }
        if any < wanted {
            let words = format!(
                "Only {any} of {called} remain to be fulfilled at Shopify; this parcel has {wanted}."
            );
            return refused(ErrorClass::AlreadyFulfilled, words);
        }
        let mut statuses: Vec<String> = Vec::new();
        for part in parts.iter().filter(|part| !part.open) {
            let status = part.status.to_lowercase().replace('_', " ");
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        let words = format!(
            "Shopify does not take fulfillments for {called} now: its fulfillment order is {}.",
            statuses.join(", ")
        );
        refused(ErrorClass::OrderClosed, words)
    }
}

fn tracking(submission: &Submission) -> Value {
    let mut tracking = json!({
        "company": submission.courier_name.trim(),
        "number": submission.tracking_number.trim(),
    });
    if let Some(url) = submission.tracking_url.as_deref().filter(|url| !url.trim().is_empty()) {
        tracking["url"] = json!(url.trim());
    }
    tracking
}

pub(super) fn submit(access: &Access, submission: &Submission, look: &Value) -> HttpRequest {
    let fulfillment = json!({
        "notifyCustomer": submission.notify_buyer,
        "trackingInfo": tracking(submission),
        "lineItemsByFulfillmentOrder": look["lineItemsByFulfillmentOrder"],
    });
    request(access, SUBMIT, json!({ "fulfillment": fulfillment }))
}

pub(super) fn submitted(
    response: &HttpResponse,
    submission: &Submission,
) -> Result<Answer<Submitted>, Failure> {
    taken(response, "fulfillmentCreate", submission)
}

pub(super) fn correct(access: &Access, submission: &Submission, look: &Value) -> HttpRequest {
    let variables = json!({
        "id": look["fulfillmentId"],
        "tracking": tracking(submission),
        "notify": submission.notify_buyer,
    });
    request(access, CORRECT, variables)
}

pub(super) fn corrected(
    response: &HttpResponse,
    submission: &Submission,
) -> Result<Answer<Submitted>, Failure> {
    taken(response, "fulfillmentTrackingInfoUpdate", submission)
}

/// What a mutation answers: the fulfillment, or why not.
fn taken(
    response: &HttpResponse,
    mutation: &str,
    submission: &Submission,
) -> Result<Answer<Submitted>, Failure> {
    let body = body(response)?;
    let payload = &body.data[mutation];
    let messages: Vec<&str> = payload["userErrors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["message"].as_str())
        .collect();
    let message = short(&messages.join(" "));
    if let Some(id) = payload["fulfillment"]["id"].as_str() {
        let mut warnings: Vec<String> = unlinked(submission).into_iter().collect();
        warnings.extend((!message.is_empty()).then_some(message));
        warnings.extend(body.failure.map(|failure| failure.message));
        let warning = (!warnings.is_empty()).then(|| warnings.join(" "));
        return Ok(Answer { value: Submitted { remote_id: id.to_owned() }, warning });
    }
    if !message.is_empty() {
        return Err(Failure::refused(class(&messages), None, message));
    }
    Err(body.failure.unwrap_or_else(|| {
        Failure::perhaps(ErrorClass::Unknown, "Shopify's answer holds neither a fulfillment nor an error.")
    }))
}

/// Shopify stores any courier, but links only those it knows by exactly this name.
fn unlinked(submission: &Submission) -> Option<String> {
    let courier = submission.courier_name.trim();
    if catalogue::known_names("shopify").contains(&courier) {
        return None;
    }
    Some(format!("Shopify stored the courier “{courier}” but makes no tracking link for it."))
}

/// User errors have no code; these are the texts that were seen.
fn class(messages: &[&str]) -> ErrorClass {
    let of = |message: &str| {
        let text = message.to_lowercase();
        if text.contains("line item does not exist") {
            ErrorClass::SkuUnknown
        } else if text.contains("fulfillment order does not exist")
            || text.contains("fulfillment does not exist")
            || text.contains("fulfillment not found")
        {
            ErrorClass::OrderNotFound
        } else if text.contains("line item quantity requested") {
            ErrorClass::AlreadyFulfilled
        } else if let Some((_, status)) = text.split_once("unfulfillable status") {
            // A closed fulfillment order has nothing left: its parcels were told already.
            if status.contains("closed") { ErrorClass::AlreadyFulfilled } else { ErrorClass::OrderClosed }
        } else if text.contains("fulfillment is cancelled") {
            ErrorClass::OrderClosed
        } else if text.contains("tracking") {
            ErrorClass::TrackingRejected
        } else {
            ErrorClass::InvalidRequest
        }
    };
    messages
        .iter()
        .map(|message| of(message))
        .find(|class| *class != ErrorClass::InvalidRequest)
        .unwrap_or(ErrorClass::InvalidRequest)
}
