//! eBay, by its Sell Fulfillment API. A parcel is told once: eBay offers no way
//! to change or take back what was told, so its list is read first. Another number
//! for the same items is told as well, and eBay shows both; that is its own way.

mod orders;

use crate::{
    channels::{
        Access, Channel, ChannelCapabilities, ChannelKind, InboundDelivery, Look, OrdersPage, Submission,
        Submitted,
        kinds::{bare, merged, short},
    },
    clock::Instant,
    orders::receive::IncomingOrder,
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse},
};
use secrecy::SecretString;
use serde_json::{Value, json};

/// The adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ebay;

fn url(access: &Access, path: &str) -> String {
    format!("{}/sell/fulfillment/v1{path}", access.base_url.trim_end_matches('/'))
}

fn signed(access: &Access, request: HttpRequest) -> HttpRequest {
    let token = format!("Bearer {}", access.credential("access_token").trim());
    request.header("Accept", "application/json").header("Authorization", token)
}

fn parcels(access: &Access, order: &str) -> String {
    let order: String = url::form_urlencoded::byte_serialize(order.trim().as_bytes()).collect();
    url(access, &format!("/order/{}/shipping_fulfillment", order.replace('+', "%20")))
}

/// eBay takes only letters and digits.
fn tracking(submission: &Submission) -> String {
    submission.tracking_number.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The code the carrier goes by: the mapping's code, else its name.
fn carrier(submission: &Submission) -> &str {
    let code = submission.courier_code.as_deref().map(str::trim);
    match code.filter(|code| submission.mapped && !code.is_empty()) {
        Some(code) => code,
        None => submission.courier_name.trim(),
    }
}

impl Channel for Ebay {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Ebay
    }

    fn capabilities(&self) -> ChannelCapabilities {
        ChannelCapabilities {
            submits: true,
            reads_orders: true,
            webhooks: false,
            corrects: false,
            shows_what_it_took: false,
            knows_couriers: true,
            fallback_courier: Some("Other"),
        }
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("access_token", "OAuth user access token")]
    }

    fn test(&self, access: &Access) -> HttpRequest {
        signed(access, HttpRequest::get(url(access, "/order?limit=1")))
    }

    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure> {
        let page = read(response)?;
        let seller = page["orders"][0]["sellerId"].as_str().filter(|name| !name.is_empty());
        Ok(Answer::plain(seller.unwrap_or("eBay").to_owned()))
    }

    fn look(&self, access: &Access, submission: &Submission) -> HttpRequest {
        signed(access, HttpRequest::get(parcels(access, &submission.order_reference)))
    }

    /// Also checks what eBay would refuse: a number without a letter or digit, a
    /// line without eBay's id.
    fn looked(&self, response: &HttpResponse, submission: &Submission) -> Result<Answer<Look>, Failure> {
        let list = read(response)?;
        let Some(known) = list["fulfillments"].as_array() else {
            return Err(Failure::perhaps(ErrorClass::Unknown, "eBay's answer has no list of fulfillments."));
        };
        let wanted = bare(&submission.tracking_number);
        if wanted.is_empty() {
            let words = "eBay takes letters and digits in a tracking number; this one has none.";
            return Err(Failure::not_sent(ErrorClass::TrackingRejected, words));
        }
        let same = known.iter().find(|parcel| {
            let number = parcel["shipmentTrackingNumber"].as_str().or(parcel["fulfillmentId"].as_str());
            number.is_some_and(|number| bare(number) == wanted)
        });
        if let Some(parcel) = same {
            let id = parcel["fulfillmentId"].as_str().unwrap_or(&wanted);
            let value = Look::AlreadyThere { remote_id: id.to_owned() };
            return Ok(Answer { value, warning: other_carrier(parcel, submission) });
        }
        if submission.lines.is_empty() || submission.lines.iter().any(|line| line.quantity < 1) {
            let words = "A parcel needs lines with at least one piece each.";
            return Err(Failure::not_sent(ErrorClass::InvalidRequest, words));
        }
        if let Some(line) = submission.lines.iter().find(|line| line.channel_line_id.trim().is_empty()) {
            let words =
                format!("The line {} has no eBay line item id, and eBay takes no SKU instead.", line.sku);
            return Err(Failure::not_sent(ErrorClass::SkuUnknown, words));
        }
        if carrier(submission).is_empty() {
            let words = "eBay takes a tracking number only together with a carrier.";
            return Err(Failure::not_sent(ErrorClass::CourierUnmapped, words));
        }
        Ok(Answer::plain(Look::Send(json!({}))))
    }

    fn submit(&self, access: &Access, submission: &Submission, _look: &Value) -> HttpRequest {
        let lines: Vec<Value> = merged(&submission.lines)
            .iter()
            .map(|line| json!({ "lineItemId": line.channel_line_id.trim(), "quantity": line.quantity }))
            .collect();
        let body = json!({
            "lineItems": lines,
            "shippedDate": stamp(submission.shipped_at),
            "shippingCarrierCode": carrier(submission),
            "trackingNumber": tracking(submission),
        });
        signed(access, HttpRequest::json("POST", parcels(access, &submission.order_reference), &body))
    }

    fn submitted(
        &self,
        response: &HttpResponse,
        submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure> {
        if !response.is_success() {
            return Err(refusal(response, Some(submission)));
        }
        // The id stands at the end of the Location; it is the tracking number.
        let place = response.header("location").map(|place| place.trim().trim_end_matches('/'));
        let id = place.and_then(|place| place.rsplit_once("/shipping_fulfillment/")).map(|(_, id)| id);
        let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
        let value = Submitted { remote_id: id.map_or_else(|| tracking(submission), str::to_owned) };
        Ok(Answer { value, warning: other_number(submission) })
    }

    fn correct(&self, _access: &Access, _submission: &Submission, _look: &Value) -> Option<HttpRequest> {
        None
    }

    fn corrected(
        &self,
        _response: &HttpResponse,
        _submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure> {
        Err(Failure::not_sent(ErrorClass::InvalidRequest, "eBay takes no corrections."))
    }

    fn orders(&self, access: &Access, since: Instant, page: Option<&str>) -> HttpRequest {
        signed(access, orders::request(access, since, page))
    }

    fn orders_read(&self, response: &HttpResponse) -> Result<Answer<OrdersPage>, Failure> {
        orders::page(&read(response)?)
    }

    /// eBay signs with keys that have to be fetched; that is not done here yet.
    fn verify(
        &self,
        _secrets: &[SecretString],
        _headers: &[(String, String)],
        _raw: &[u8],
    ) -> Option<InboundDelivery> {
        None
    }

    fn order_in(&self, _topic: &str, _raw: &[u8]) -> Result<Option<IncomingOrder>, String> {
        Ok(None)
    }
}

/// It was told this number with another carrier, and keeps that.
fn other_carrier(parcel: &Value, submission: &Submission) -> Option<String> {
    let told = submission.told.as_ref()?.courier_name.as_deref()?.trim();
    let (has, wanted) = (parcel["shippingCarrierCode"].as_str()?.trim(), carrier(submission));
    (told != submission.courier_name.trim() && has != wanted).then(|| {
        format!("eBay has this number with the carrier {has} and takes no corrections. Correct it at eBay.")
    })
}

/// It was told another number before, and keeps that too.
fn other_number(submission: &Submission) -> Option<String> {
    let told = submission.told.as_ref()?;
    (bare(&told.tracking_number) != bare(&submission.tracking_number)).then(|| {
        format!(
            "eBay takes no corrections: it has this number now, and keeps {} beside it.",
            told.tracking_number
        )
    })
}

/// eBay's way of writing a time, always UTC.
fn stamp(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A 2xx as JSON, anything else as a failure.
fn read(response: &HttpResponse) -> Result<Value, Failure> {
    if !response.is_success() {
        return Err(refusal(response, None));
    }
    let json = response.json().filter(Value::is_object);
    json.ok_or_else(|| Failure::perhaps(ErrorClass::Unknown, "eBay's answer cannot be read."))
}

/// An error as eBay words it.
struct Said {
    id: i64,
    text: String,
    parameters: Vec<String>,
}

impl Said {
    /// The first error of the body.
    fn of(body: &Value) -> Option<Said> {
        let error = body["errors"].as_array()?.first()?;
        let words = |name: &str| error[name].as_str().map(str::trim).unwrap_or_default();
        let (message, long) = (words("message"), words("longMessage"));
        let text =
            if long.is_empty() || long == message { message.to_owned() } else { format!("{message} {long}") };
        let parameters = error["parameters"].as_array().into_iter().flatten();
        Some(Said {
            id: error["errorId"].as_i64().unwrap_or(0),
            text: short(&text),
            parameters: parameters.filter_map(|one| one["name"].as_str()).map(str::to_lowercase).collect(),
        })
    }

    fn says(&self, words: &[&str]) -> bool {
        let text = self.text.to_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// Whether error 32300 is about the number. Its short message always names
    /// both, so what tells is a sentence that speaks of the number and not of the
    /// carrier, else a parameter list that does. What stays open is the carrier's,
    /// by far the commoner mistake.
    fn blames_the_number(&self, sentence: &str) -> bool {
        let both = |number: bool, carrier: bool| (number != carrier).then_some(number);
        let sentence = sentence.to_lowercase();
        let by_text = both(sentence.contains("tracking"), sentence.contains("carrier"));
        let names = |word: &str| self.parameters.iter().any(|name| name.contains(word));
        by_text.or_else(|| both(names("tracking"), names("carrier"))).unwrap_or(false)
    }

    fn class(&self, sentence: &str, submission: Option<&Submission>) -> Option<ErrorClass> {
        Some(match self.id {
            1001..=1004 => ErrorClass::Auth,
            1100 => ErrorClass::Forbidden,
            2001 => ErrorClass::RateLimited,
            32100 => ErrorClass::OrderNotFound,
            32210 if self.says(&["duplicate", "twice"]) => ErrorClass::InvalidRequest,
            32200 | 32210 => ErrorClass::SkuUnknown,
            32300 if self.blames_the_number(sentence) => ErrorClass::TrackingRejected,
            32300 if submission.is_some_and(|known| known.mapped) => ErrorClass::CourierRejected,
            32300 => ErrorClass::CourierUnmapped,
            // Two sources differ on this code: a quantity, or a suspended seller.
            32400 if self.says(&["suspended"]) => ErrorClass::Forbidden,
            32400 if self.says(&["quantity"]) => ErrorClass::AlreadyFulfilled,
            34500 if self.says(&["cancel"]) => ErrorClass::OrderClosed,
            34500 if self.says(&["updating"]) => ErrorClass::AlreadyFulfilled,
            32400 | 32500 | 32600 | 34100 | 34200 | 34300 | 34500 => ErrorClass::InvalidRequest,
            _ => return None,
        })
    }
}

fn refusal(response: &HttpResponse, submission: Option<&Submission>) -> Failure {
    let body = response.json().unwrap_or_default();
    let Some(said) = Said::of(&body) else {
        return Failure::by_status(response, format!("eBay answered with status {}.", response.status));
    };
    let sentence = body["errors"][0]["longMessage"].as_str().unwrap_or_default();
    let words = if said.text.is_empty() {
        format!("eBay answered with error {}.", said.id)
    } else {
        said.text.clone()
    };
    let base = Failure { code: Some(said.id.to_string()), ..Failure::by_status(response, words) };
    // After a 5xx only reading can tell, whatever the body says.
    if response.status >= 500 {
        return base;
    }
    match said.class(sentence, submission) {
        Some(ErrorClass::RateLimited) => {
            Failure { class: ErrorClass::RateLimited, retry_after: response.retry_after(), ..base }
        }
        Some(class) if response.status >= 400 && response.status != 429 => Failure { class, ..base },
        _ => base,
    }
}
