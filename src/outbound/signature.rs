//! Signatures: ours on webhooks (Standard Webhooks), others' on what they post.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// HMAC-SHA256 of `message`.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The `webhook-signature` value of the Standard Webhooks scheme: HMAC-SHA256
/// over `id.timestamp.body` with the bytes after `whsec_`. `None` when the
/// secret has not that form.
pub fn standard_webhook(secret: &str, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    Some(format!("v1,{}", STANDARD.encode(hmac_sha256(&key, format!("{id}.{timestamp}.{body}").as_bytes()))))
}

/// Whether `given` is the base64 HMAC-SHA256 of the raw bytes under `secret`,
/// compared in constant time (Shopify and others sign so).
pub fn is_base64_hmac(secret: &str, raw: &[u8], given: &str) -> bool {
    let Ok(given) = STANDARD.decode(given.trim()) else {
        return false;
    };
    hmac_sha256(secret.as_bytes(), raw).ct_eq(&given).into()
}

/// Whether one of the signatures in a `webhook-signature` header is that of the
/// message under `secret`, and its timestamp is within five minutes of `now`: what
/// receivers of Standard Webhooks do. Compared in constant time; signatures of
/// other versions are passed over.
pub fn verify_standard_webhook(
    secret: &str,
    id: &str,
    timestamp: &str,
    body: &str,
    signatures: &str,
    now: i64,
) -> bool {
    const TOLERANCE: u64 = 5 * 60;
    // the libraries take a secret without its prefix too
    let secret = format!("whsec_{}", secret.strip_prefix("whsec_").unwrap_or(secret));
    let Ok(at) = timestamp.parse::<i64>() else { return false };
    let Some(expected) = standard_webhook(&secret, id, at, body) else { return false };
    if at.abs_diff(now) > TOLERANCE {
        return false;
    }
    signatures.split(' ').any(|given| given.as_bytes().ct_eq(expected.as_bytes()).into())
}
