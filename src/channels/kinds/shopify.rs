//! Shopify, by its Admin GraphQL API. Orders also come as webhooks, which carry
//! the same order in the older REST form; both are read into one shape.

mod fulfill;
mod graphql;
mod orders;

use crate::{
    channels::{
        Access, Channel, ChannelCapabilities, ChannelKind, InboundDelivery, Look, OrdersPage, Submission,
        Submitted,
    },
    clock::Instant,
    orders::receive::IncomingOrder,
    outbound::{Answer, ErrorClass, Failure, HttpRequest, HttpResponse, signature::is_base64_hmac},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// The topics whose messages carry a whole order.
const ORDER_TOPICS: [&str; 5] =
    ["orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/edited"];

/// The adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shopify;

impl Channel for Shopify {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Shopify
    }

    fn capabilities(&self) -> ChannelCapabilities {
        ChannelCapabilities {
            submits: true,
            reads_orders: true,
            webhooks: true,
            corrects: true,
            shows_what_it_took: true,
            knows_couriers: false,
            fallback_courier: None,
        }
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        &[("access_token", "Admin API access token")]
    }

    fn test(&self, access: &Access) -> HttpRequest {
        graphql::request(access, "query { shop { name myshopifyDomain } }", json!({}))
    }

    fn tested(&self, response: &HttpResponse) -> Result<Answer<String>, Failure> {
        let data = graphql::data(response)?;
        let words = |name: &str| data["shop"][name].as_str().filter(|text| !text.is_empty());
        match words("name").or(words("myshopifyDomain")) {
            Some(name) => Ok(Answer::plain(name.to_owned())),
            None => Err(Failure::perhaps(ErrorClass::Unknown, "Shopify's answer names no shop.")),
        }
    }

    fn look(&self, access: &Access, submission: &Submission) -> HttpRequest {
        fulfill::look(access, submission)
    }

    fn looked(&self, response: &HttpResponse, submission: &Submission) -> Result<Answer<Look>, Failure> {
        fulfill::looked(response, submission)
    }

    fn submit(&self, access: &Access, submission: &Submission, look: &Value) -> HttpRequest {
        fulfill::submit(access, submission, look)
    }

    fn submitted(
        &self,
        response: &HttpResponse,
        submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure> {
        fulfill::submitted(response, submission)
    }

    fn correct(&self, access: &Access, submission: &Submission, look: &Value) -> Option<HttpRequest> {
        Some(fulfill::correct(access, submission, look))
    }

    fn corrected(
        &self,
        response: &HttpResponse,
        submission: &Submission,
    ) -> Result<Answer<Submitted>, Failure> {
        fulfill::corrected(response, submission)
    }

    fn orders(&self, access: &Access, since: Instant, page: Option<&str>) -> HttpRequest {
        orders::request(access, since, page)
    }

    fn orders_read(&self, response: &HttpResponse) -> Result<Answer<OrdersPage>, Failure> {
        orders::read(response)
    }

    /// The signature is proven before any header is believed. A message without
    /// its id or topic is refused: it could not be told from its repeats.
    fn verify(
        &self,
        secrets: &[SecretString],
        headers: &[(String, String)],
        raw: &[u8],
    ) -> Option<InboundDelivery> {
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let given = header("x-shopify-hmac-sha256")?;
        let signed = |secret: &SecretString| {
            let secret = secret.expose_secret();
            !secret.is_empty() && is_base64_hmac(secret, raw, given)
        };
        if !secrets.iter().any(signed) {
            return None;
        }
        Some(InboundDelivery {
            delivery_id: header("x-shopify-webhook-id")?.to_owned(),
            topic: header("x-shopify-topic")?.to_owned(),
        })
    }

    /// `orders/edited` carries only what was edited, and Shopify sends
    /// `orders/updated` with it; so an edit without an order is nothing.
    fn order_in(&self, topic: &str, raw: &[u8]) -> Result<Option<IncomingOrder>, String> {
        if !ORDER_TOPICS.contains(&topic) {
            return Ok(None);
        }
        let order: Value = serde_json::from_slice(raw).map_err(|_| "The message is not JSON.".to_owned())?;
        if topic == "orders/edited" && order.get("order_edit").is_some() {
            return Ok(None);
        }
        orders::from_rest(&order).map(Some)
    }
}
