//! Transaction records: each exchange with a channel or provider as it would
//! have been kept, secrets and personal data masked.

use super::{book::*, evidence::Evidence, outside::create_order, rows::RecordRow, trouble};
use crate::{
    channels::ChannelKind,
    clock::Instant,
    evidence::{RecordStatus, mask, record::LogType},
};
use chrono::Duration;
use serde_json::{Value, json};

const LOOK: &str = "query Look($id: ID!) { order(id: $id) { id name cancelledAt fulfillments(first: 30) { id status \
    trackingInfo(first: 5) { company number url } } fulfillmentOrders(first: 7) { nodes { id status } } } }";
const SUBMIT: &str = "mutation Submit($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) { \
    fulfillment { id status displayStatus trackingInfo { company number url } } userErrors { field message } } }";
const ORDERS: &str = "query Orders($query: String!, $after: String) { orders(first: 50, query: $query, after: $after, \
    sortKey: UPDATED_AT) { pageInfo { hasNextPage endCursor } nodes { id name } } }";

/// What one exchange was.
struct Exchange<'a> {
    log_type: LogType,
    at: Instant,
    took: i64,
    attempt: i32,
    method: &'static str,
    url: String,
    body: String,
    status: RecordStatus,
    response_status: Option<i32>,
    response: String,
    trouble: Option<&'a Trouble>,
    warning: Option<String>,
    trace: Option<String>,
}

impl Exchange<'_> {
    fn failed<'a>(self, trouble: &'a Trouble) -> Exchange<'a> {
        Exchange {
            status: RecordStatus::Failed,
            response_status: trouble.status,
            response: trouble.response.clone(),
            trouble: Some(trouble),
            ..Exchange { trouble: None, ..self }
        }
    }
}

/// Whom an exchange is with, and about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub channel: Option<usize>,
    pub connection: Option<usize>,
    pub order: Option<i64>,
    pub shipment: Option<i64>,
    pub courier: Option<&'a str>,
}

impl Evidence<'_> {
    fn keep(&mut self, about: About<'_>, exchange: Exchange<'_>) -> i64 {
        let kind = about.channel.map(|at| self.book.merchant.channels[at].kind);
        let secret = match kind {
            Some(ChannelKind::Shopify) => "X-Shopify-Access-Token",
            _ => "Authorization",
        };
        let mut headers = vec![
            ("Accept".to_owned(), "application/json".to_owned()),
            (secret.to_owned(), "secret".to_owned()),
        ];
        if !exchange.body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let answered = exchange.response_status.is_some();
        let date = exchange.at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let response_headers =
            if answered { json!([["content-type", "application/json"], ["date", date]]) } else { json!([]) };
        let id = self.log_id(exchange.at);
        self.records.push(RecordRow {
            id,
            log_type: exchange.log_type.to_string(),
            status: exchange.status.to_string(),
            direction: "out".to_owned(),
            attempt: exchange.attempt,
            channel_id: about.channel.map(|at| self.ids.channels[at]),
            connection_id: about.connection.map(|at| self.ids.connections[at]),
            endpoint_id: None,
            order_id: about.order,
            shipment_id: about.shipment,
            courier: about.courier.map(str::to_owned),
            method: exchange.method.to_owned(),
            url: exchange.url,
            request_headers: mask::headers(&headers),
            request_body: mask::body(&exchange.body),
            response_status: exchange.response_status,
            response_headers,
            response_body: mask::body(&exchange.response),
            duration_ms: Some(exchange.took as i32),
            error_class: exchange.trouble.map(|trouble| trouble.class.to_string()),
            error_code: exchange.trouble.and_then(|trouble| trouble.code.map(str::to_owned)),
            error_message: exchange.trouble.map(|trouble| trouble.message.clone()).or(exchange.warning),
            trace_id: exchange.trace,
            finished_at: Some(exchange.at + Duration::milliseconds(exchange.took)),
        });
        id
    }

    /// The two calls of a submission, as far as they went; answers the last.
    pub fn submission(
        &mut self,
        at: usize,
        of: usize,
        shipment: i64,
        sent: Instant,
        trouble: Option<&Trouble>,
        warning: Option<&str>,
    ) -> Option<i64> {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let courier = parcel.courier?;
        let stage = trouble.map_or(Stage::Request, |trouble| trouble.stage);
        if stage == Stage::Before {
            return None;
        }
        let about = About {
            channel: Some(order.channel),
            order: Some(self.written.orders[at]),
            shipment: Some(shipment),
            courier: Some(courier.sent),
            ..About::default()
        };
        let ebay = book.merchant.channels[order.channel].kind == ChannelKind::Ebay;
        let base = &self.bases[order.channel];
        let attempt = trouble.map_or(1, |trouble| trouble.attempts);
        let exchange = |log_type, method, url, body: Value, status, response: Value, at, took| Exchange {
            log_type,
            at,
            took,
            attempt,
            method,
            url,
            body: if body.is_null() { String::new() } else { body.to_string() },
            status: RecordStatus::Success,
            response_status: Some(status),
            response: if response.is_null() { String::new() } else { response.to_string() },
            trouble: None,
            warning: None,
            trace: Some(parcel.trace.clone()),
        };
        let path = if ebay {
            format!("{base}/sell/fulfillment/v1/order/{}/shipping_fulfillment", order.reference)
        } else {
            format!("{base}/admin/api/2026-07/graphql.json")
        };
        let gid = format!("gid://shopify/Order/{}", order.reference);
        let took = self.dice.between(60, 420);
        let look = if ebay {
            exchange(
                LogType::GetOrder,
                "GET",
                path.clone(),
                Value::Null,
                200,
                json!({ "total": 0, "fulfillments": [], "warnings": [] }),
                sent,
                took,
            )
        } else {
            let found = json!({ "data": { "order": { "id": gid, "name": order.number, "cancelledAt": null, "fulfillments": [],
                "fulfillmentOrders": { "pageInfo": { "hasNextPage": false }, "nodes": [{ "status": "OPEN" }] } } } });
            exchange(
                LogType::GetOrder,
                "POST",
                path.clone(),
                json!({ "query": LOOK, "variables": { "id": gid } }),
                200,
                found,
                sent,
                took,
            )
        };
        match trouble {
            Some(trouble) if stage == Stage::Look => return Some(self.keep(about, look.failed(trouble))),
            _ => self.keep(about, look),
        };
        let company = courier.mapped.unwrap_or(courier.sent);
        let at_request = sent + Duration::milliseconds(took + 40);
        let took = self.dice.between(120, 900);
        let request = if ebay {
            let lines: Vec<Value> = parcel
                .lines
                .iter()
                .map(|(line, n)| json!({ "lineItemId": order.lines[*line].id, "quantity": n }))
                .collect();
            let shipped = parcel.shipped.unwrap_or(sent).format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
            let body = json!({ "lineItems": lines, "shippedDate": shipped, "shippingCarrierCode": company, "trackingNumber": parcel.tracking });
            exchange(LogType::SubmitFulfillment, "POST", path, body, 201, Value::Null, at_request, took)
        } else {
            let tracking = json!({ "company": company, "number": parcel.tracking, "url": super::write::tracking_url(parcel) });
            let body = json!({ "query": SUBMIT, "variables": { "fulfillment": { "notifyCustomer": true, "trackingInfo": tracking,
                "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": format!("gid://shopify/FulfillmentOrder/{}", &order.reference[3..]) }] } } });
            let done = json!({ "data": { "fulfillmentCreate": { "fulfillment": { "id": format!("gid://shopify/Fulfillment/{}", &order.reference[2..]),
                "status": "SUCCESS", "displayStatus": "FULFILLED", "trackingInfo": [tracking] }, "userErrors": [] } } });
            exchange(LogType::SubmitFulfillment, "POST", path, body, 200, done, at_request, took)
        };
        Some(match (trouble, warning) {
            (Some(trouble), _) => self.keep(about, request.failed(trouble)),
            (None, Some(words)) => self.keep(
                about,
                Exchange { status: RecordStatus::Warning, warning: Some(words.to_owned()), ..request },
            ),
            (None, None) => self.keep(about, request),
        })
    }

    /// A post to the provider.
    pub fn post_record(&mut self, at: usize, of: usize, shipment: i64, post: &Post) -> i64 {
        let book = self.book;
        let order = &book.orders[at];
        let parcel = &order.parcels[of];
        let about = About {
            connection: Some(parcel.connection),
            order: Some(self.written.orders[at]),
            shipment: Some(shipment),
            ..About::default()
        };
        let body = create_order(book, order, of);
        let mut exchange = Exchange {
            log_type: LogType::PostShipment,
            at: post.sent,
            took: 0,
            attempt: 1,
            method: "POST",
            url: format!("{}/orders/createorder", self.provider_base),
            body: body.to_string(),
            status: RecordStatus::Success,
            response_status: Some(200),
            response: String::new(),
            trouble: None,
            warning: None,
            trace: Some(parcel.trace.clone()),
        };
        match &post.end {
            PostEnd::Accepted { at, remote } => {
                exchange.took = (*at - post.sent).num_milliseconds();
                let mut answer = body;
                answer["orderId"] = json!(remote.parse::<u64>().unwrap_or(0));
                answer["createDate"] = json!(at.format("%Y-%m-%dT%H:%M:%S.0000000").to_string());
                exchange.response = answer.to_string();
                self.keep(about, exchange)
            }
            PostEnd::Rejected { at, trouble } => {
                exchange.took = (*at - post.sent).num_milliseconds();
                self.keep(about, exchange.failed(trouble))
            }
            PostEnd::Unknown { .. } | PostEnd::NeedsPerson { .. } => {
                let lost = Trouble {
                    class: crate::outbound::ErrorClass::Timeout,
                    code: None,
                    message: trouble::UNKNOWN.to_owned(),
                    stage: Stage::Request,
                    status: None,
                    response: String::new(),
                    attempts: 1,
                };
                exchange.took = 20_004;
                self.keep(about, exchange.failed(&lost))
            }
        }
    }

    /// The reads of a channel's changed orders, every half hour of two days.
    pub fn polls(&mut self, channel: usize) {
        let ebay = self.book.merchant.channels[channel].kind == ChannelKind::Ebay;
        let about = About { channel: Some(channel), ..About::default() };
        for n in 0..96 {
            let at =
                self.book.now - Duration::minutes(6 + 30 * n) - Duration::seconds(self.dice.between(0, 50));
            let since = (at - Duration::minutes(35)).format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
            let found: Vec<Value> =
                self.book
                    .orders
                    .iter()
                    .filter(|order| {
                        order.channel == channel
                            && order.placed <= at
                            && order.placed > at - Duration::minutes(30)
                    })
                    .map(|order| {
                        if ebay {
                            json!({ "orderId": order.number })
                        } else {
                            json!({ "name": order.number })
                        }
                    })
                    .collect();
            let (method, url, body, response) = if ebay {
                let url = format!(
                    "{}/sell/fulfillment/v1/order?filter=lastmodifieddate%3A%5B{since}..%5D&limit=50&offset=0",
                    self.bases[channel]
                );
                (
                    "GET",
                    url,
                    String::new(),
                    json!({ "total": found.len(), "limit": 50, "offset": 0, "orders": found }),
                )
            } else {
                let url = format!("{}/admin/api/2026-07/graphql.json", self.bases[channel]);
                let body = json!({ "query": ORDERS, "variables": { "query": format!("updated_at:>='{since}'"), "after": null } });
                (
                    "POST",
                    url,
                    body.to_string(),
                    json!({ "data": { "orders": { "pageInfo": { "hasNextPage": false }, "nodes": found } } }),
                )
            };
            let exchange = Exchange {
                log_type: LogType::GetOrders,
                at,
                took: self.dice.between(90, 700),
                attempt: 1,
                method,
                url,
                body,
                status: RecordStatus::Success,
                response_status: Some(200),
                response: response.to_string(),
                trouble: None,
                warning: None,
                trace: Some(self.dice.hex32()),
            };
            // now and then the other side is away for a moment
            if n % 41 == 17 {
                let away = Trouble { attempts: 1, ..trouble::unavailable() };
                let message =
                    if ebay { away.message.clone() } else { "Shopify answered with status 503.".into() };
                self.keep(about, exchange.failed(&Trouble { message, ..away }));
            } else {
                self.keep(about, exchange);
            }
        }
    }
}
