//! Who we are to a warehouse: credentials, and the signature of each request.

use crate::{
    evidence::mask,
    outbound::{HttpRequest, signature},
    providers::Access,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The headers of the pair when the settings name none.
const PAIR: [&str; 2] = ["X-Api-Key", "X-Client-Id"];

/// A request with credentials, signed when there is a secret to sign with. The
/// message's id is `id`, else a digest of what is asked, so that the signature
/// covers method and path as well.
pub(super) fn opened(
    access: &Access,
    method: &'static str,
    path: &str,
    body: Option<String>,
    id: Option<&str>,
) -> HttpRequest {
    let url = format!("{}{path}", access.base_url.trim_end_matches('/'));
    let mut request = HttpRequest { method, url, headers: Vec::new(), body };
    if request.body.is_some() {
        request = request.header("Content-Type", "application/json");
    }
    request = known(access, request.header("Accept", "application/json"));
    let secret = access.credential("signing_secret");
    if secret.trim().is_empty() {
        return request;
    }
    let body = request.body.as_deref().unwrap_or_default();
    let id = id.map_or_else(|| digest(method, path, body), str::to_owned);
    let at = access.now.timestamp();
    let signed = signature::standard_webhook(&key(secret.trim()), &id, at, body).unwrap_or_default();
    request
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signed)
}

fn known(access: &Access, request: HttpRequest) -> HttpRequest {
    let credential = |name: &str| access.credential(name).trim().to_owned();
    match access.settings["auth"].as_str() {
        Some("basic") => {
            let pair = STANDARD.encode(format!("{}:{}", credential("username"), credential("password")));
            request.header("Authorization", format!("Basic {pair}"))
        }
        Some("headers") => request
            .header(&header_name(access, 0), credential("header_1"))
            .header(&header_name(access, 1), credential("header_2")),
        _ => request.header("Authorization", format!("Bearer {}", credential("token"))),
    }
}

/// A name under which the records would show the value is not used: better
/// refused there than readable here.
fn header_name(access: &Access, place: usize) -> String {
    let set = access.settings["headers"][place].as_str().map(str::trim).unwrap_or_default();
    let word = !set.is_empty() && set.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if word && mask::is_secret_header(set) { set.to_owned() } else { PAIR[place].to_owned() }
}

/// A secret without the scheme's form is used byte by byte, so that no request
/// goes out unsigned where a secret is set.
fn key(secret: &str) -> String {
    match secret.strip_prefix("whsec_").map(|rest| STANDARD.decode(rest)) {
        Some(Ok(_)) => secret.to_owned(),
        _ => format!("whsec_{}", STANDARD.encode(secret)),
    }
}

fn digest(method: &str, path: &str, body: &str) -> String {
    let digest = Sha256::digest(format!("{method}\n{path}\n{body}").as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("req_{hex}")
}
