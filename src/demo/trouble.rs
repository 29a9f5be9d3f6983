//! Failures in the vendors' own words, as they stand on record.

use super::book::{Stage, Trouble};
use crate::outbound::ErrorClass;
use serde_json::{Value, json};

fn ebay(
    class: ErrorClass,
    id: &'static str,
    message: &str,
    long: &str,
    parameters: &[(&str, &str)],
    status: i32,
) -> Trouble {
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let domain = if id == "1100" { "OAuth" } else { "API_FULFILLMENT" };
    let body = json!({ "errors": [{ "errorId": id.parse::<i64>().unwrap_or(0), "domain": domain, "category": "REQUEST",
        "message": message, "longMessage": long, "inputRefIds": [], "outputRefIds": [], "parameters": parameters }] });
    Trouble {
        class,
        code: Some(id),
        message: format!("{message} {long}"),
        stage: Stage::Request,
        status: Some(status),
        response: body.to_string(),
        attempts: 1,
    }
}

const CARRIER: &str = "Invalid shipment tracking number or carrier.";

/// eBay does not know the courier.
pub(super) fn courier(mapped: bool, code: &str, tracking: &str) -> Trouble {
    let class = if mapped { ErrorClass::CourierRejected } else { ErrorClass::CourierUnmapped };
    let parameters = [("shippingCarrierCode", code), ("trackingNumber", tracking)];
    ebay(class, "32300", CARRIER, "The specified shipping carrier is not supported.", &parameters, 400)
}

/// Nothing in the tracking number that eBay could take.
pub(super) fn tracking() -> Trouble {
    Trouble {
        class: ErrorClass::TrackingRejected,
        code: None,
        message: "eBay takes letters and digits in a tracking number; this one has none.".into(),
        stage: Stage::Look,
        status: Some(200),
        response: json!({ "total": 0, "fulfillments": [], "warnings": [] }).to_string(),
        attempts: 1,
    }
}

/// eBay has no such order.
pub(super) fn no_order(order: &str) -> Trouble {
    let long = "The specified order ID is invalid. Please check the order ID and try again.";
    let trouble =
        ebay(ErrorClass::OrderNotFound, "32100", "Invalid order ID.", long, &[("orderId", order)], 404);
    Trouble { stage: Stage::Look, ..trouble }
}

/// Our app at eBay lacks a permission.
pub(super) fn forbidden() -> Trouble {
    let long = "Insufficient permissions to fulfill the request.";
    let trouble = ebay(ErrorClass::Forbidden, "1100", "Access denied.", long, &[], 403);
    Trouble { stage: Stage::Look, ..trouble }
}

/// eBay was down through every try.
pub(super) fn unavailable() -> Trouble {
    Trouble {
        class: ErrorClass::Unavailable,
        code: Some("503"),
        message: "eBay answered with status 503.".into(),
        stage: Stage::Look,
        status: Some(503),
        response: "<html><head><title>503 Service Unavailable</title></head><body></body></html>".into(),
        attempts: 8,
    }
}

/// eBay answered with something that is no answer.
pub(super) fn gibberish() -> Trouble {
    Trouble {
        class: ErrorClass::Unknown,
        code: None,
        message: "eBay's answer cannot be read.".into(),
        stage: Stage::Look,
        status: Some(200),
        response: "<!doctype html><title>Checking your browser</title><p>One moment, please.</p>".into(),
        attempts: 1,
    }
}

/// Shopify has told the buyer of these pieces already.
pub(super) fn fulfilled(sku: &str) -> Trouble {
    shopify_look(
        ErrorClass::AlreadyFulfilled,
        format!("Nothing of {sku} remains to be fulfilled at Shopify."),
        "CLOSED",
        false,
    )
}

/// The order is canceled at Shopify.
pub(super) fn closed(name: &str) -> Trouble {
    shopify_look(ErrorClass::OrderClosed, format!("Order {name} is cancelled at Shopify."), "CANCELLED", true)
}

/// The lines lie at two locations.
pub(super) fn split() -> Trouble {
    let words = "The lines of this parcel are assigned to more than one location at Shopify, which takes one location a \
        fulfillment. Move them to one location there, then send again.";
    shopify_look(ErrorClass::InvalidRequest, words.into(), "OPEN", false)
}

/// Shopify has no line like it.
pub(super) fn no_line(sku: &str) -> Trouble {
    shopify_look(
        ErrorClass::SkuUnknown,
        format!("Shopify's order has no line {sku} to fulfill."),
        "OPEN",
        false,
    )
}

fn shopify_look(class: ErrorClass, message: String, status: &str, canceled: bool) -> Trouble {
    let response = json!({ "data": { "order": { "cancelledAt": canceled.then_some("2026-11-18T09:12:44Z"), "fulfillments": [],
        "fulfillmentOrders": { "pageInfo": { "hasNextPage": false }, "nodes": [{ "status": status, "supportedActions": [] }] } } } });
    Trouble {
        class,
        code: None,
        message,
        stage: Stage::Look,
        status: Some(200),
        response: response.to_string(),
        attempts: 1,
    }
}

/// Too many requests at once.
pub(super) fn throttled(attempts: i32) -> Trouble {
    let response = json!({ "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
        "extensions": { "cost": { "requestedQueryCost": 412, "throttleStatus":
            { "maximumAvailable": 2000.0, "currentlyAvailable": 118, "restoreRate": 100.0 } } } });
    Trouble {
        class: ErrorClass::RateLimited,
        code: Some("THROTTLED"),
        message: "Throttled".into(),
        stage: Stage::Look,
        status: Some(200),
        response: response.to_string(),
        attempts,
    }
}

/// Held back here: the courier has no mapping.
pub(super) fn held_back(courier: &str, channel: &str) -> Trouble {
    Trouble {
        class: ErrorClass::CourierUnmapped,
        code: None,
        message: format!("“{courier}” is not mapped for {channel}, and unmapped couriers are held back."),
        stage: Stage::Before,
        status: None,
        response: String::new(),
        attempts: 1,
    }
}

fn shipstation(
    class: ErrorClass,
    status: i32,
    code: &'static str,
    message: String,
    response: String,
) -> Trouble {
    Trouble {
        class,
        code: Some(code),
        message,
        stage: Stage::Request,
        status: Some(status),
        response,
        attempts: 1,
    }
}

/// ShipStation does not take the SKU.
pub(super) fn sku(sku: &str) -> Trouble {
    let text = format!("Product with SKU '{sku}' is inactive and cannot be ordered.");
    let body = json!({ "Message": text, "ExceptionMessage": text });
    shipstation(ErrorClass::SkuUnknown, 400, "400", text, body.to_string())
}

/// ShipStation wants a postal code.
pub(super) fn address() -> Trouble {
    let body = json!({ "Message": "The request is invalid.",
        "ModelState": { "apiOrder.shipTo.postalCode": ["The Postal Code field is required."] } });
    let message = "The request is invalid. shipTo.postalCode: The Postal Code field is required.".to_owned();
    shipstation(ErrorClass::AddressInvalid, 400, "400", message, body.to_string())
}

/// ShipStation refuses the key.
pub(super) fn key() -> Trouble {
    let message = "ShipStation answered with status 401.".to_owned();
    shipstation(ErrorClass::Auth, 401, "401", message, "401 Unauthorized".into())
}

/// Why an outcome is not known.
pub(super) const UNKNOWN: &str = "No answer in time.";
