//! The security headers of every answer.

use super::Asked;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=(), payment=()"),
    (HeaderName::from_static("reporting-endpoints"), "csp=\"/csp-reports\""),
];

/// Sets them all. Only this answer's nonce makes scripts and htmx elements work.
pub(super) fn set(headers: &mut HeaderMap, asked: &Asked, https: bool) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{}'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; \
         require-trusted-types-for 'script'; trusted-types htmx; report-to csp",
        asked.nonce
    );
    put(headers, header::CONTENT_SECURITY_POLICY, &policy);
    put(headers, HeaderName::from_static("x-trace-id"), asked.trace.as_str());
    if https {
        let always = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let vary = HeaderValue::from_static("HX-Request, HX-Request-Type, Accept-Encoding");
        headers.insert(header::VARY, vary);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
