//! Masking at writing: what is stored never held the secret, so no page can
//! show it and no dump can leak it.

use serde_json::Value;

/// What stands where something was taken out.
pub const REDACTED: &str = "•••• (redacted)";

/// Header names whose values are always secrets.
const SECRET_HEADERS: &[&str] = &[
    "authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "x-shopify-access-token",
    "x-shopify-hmac-sha256",
    "x-amz-access-token",
    "webhook-signature",
    "starshipit-api-key",
    "ocp-apim-subscription-key",
    "x-trackstar-api-key",
    "x-trackstar-access-token",
    "x-client-id",
];

/// What the name of a header that carries a secret ends with, vendors' own included.
const SECRET_ENDINGS: &[&str] = &["-key", "-token", "-secret", "-password", "-auth", "-client-id"];

/// Whether a header's value is always a secret, whatever it says.
pub fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = |end: &&str| name.ends_with(*end);
    SECRET_HEADERS.contains(&name.as_str())
        || (SECRET_ENDINGS.iter().any(ending) && name != "idempotency-key")
}

/// JSON keys (lower case, without `_` and `-`) whose values are secrets.
const SECRET_KEYS: &[&str] = &[
    "authorization",
    "token",
    "accesstoken",
    "refreshtoken",
    "secret",
    "clientsecret",
    "password",
    "apikey",
    "apisecret",
    "cookie",
    "signature",
    "card",
    "cardnumber",
];

/// JSON keys whose values are personal data.
const PERSONAL_KEYS: &[&str] = &[
    "email",
    "customeremail",
    "contactemail",
    "phone",
    "name",
    "fullname",
    "firstname",
    "lastname",
    "street1",
    "street2",
    "street3",
    "address1",
    "address2",
    "line1",
    "line2",
    "addressline1",
    "addressline2",
    "company",
    "customerusername",
    "shipto",
    "billto",
    "shippingaddress",
    "billingaddress",
    "buyer",
    "username",
    "phonenumber",
    "companyname",
    "displayname",
    "browserip",
    "latitude",
    "longitude",
    "orderstatusurl",
];

/// `name` is personal data only inside an address or a person, not on an order line.
const PEOPLE: &[&str] = &[
    "shipto",
    "billto",
    "shippingaddress",
    "billingaddress",
    "customer",
    "buyer",
    "recipient",
    "address",
    "destination",
    "fulfillmentinstructions",
    "defaultaddress",
];

/// Masks the values of secret headers.
pub fn headers(headers: &[(String, String)]) -> Value {
    Value::Array(
        headers
            .iter()
            .map(|(name, value)| {
                serde_json::json!([name, if is_secret_header(name) { REDACTED } else { value.as_str() }])
            })
            .collect(),
    )
}

/// Masks a body: JSON by its keys, form bodies by their fields, anything else
/// by shape (e-mail addresses).
pub fn body(raw: &str) -> String {
    let trimmed = raw.trim_start();
    if trimmed.starts_with(['{', '['])
        && let Ok(mut json) = serde_json::from_str::<Value>(raw)
    {
        json_value(&mut json, false);
        return json.to_string();
    }
    if is_form(trimmed) {
        let pairs: Vec<String> = trimmed.split('&').map(|pair| pair_masked(pair, true)).collect();
        return emails_in(&pairs.join("&"));
    }
    emails_in(&members(raw))
}

/// A form as browsers and token end points send it: pairs, no blanks.
fn is_form(text: &str) -> bool {
    text.contains('=')
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'<' | b'"'))
        && text.split('&').all(|pair| pair.contains('='))
}

fn pair_masked(pair: &str, whole: bool) -> String {
    match pair.split_once('=') {
        Some((key, value)) if !value.is_empty() && is_masked(&plain(key), false) => {
            format!("{key}={}", if whole { REDACTED } else { "••••" })
        }
        _ => pair.to_owned(),
    }
}

fn is_masked(key: &str, in_person: bool) -> bool {
    SECRET_KEYS.contains(&key) || (PERSONAL_KEYS.contains(&key) && (key != "name" || in_person))
}

/// Masks `"key": "value"` wherever it stands in text that only looks like JSON:
/// an answer that was cut off still holds everything before the cut. Whose a
/// `name` is cannot be told here, so each is taken out.
fn members(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(open) = rest.find('"') {
        let Some(close) = end_of_string(&rest[open + 1..]) else { break };
        let after = open + 1 + close + 1;
        let key = plain(rest.get(open + 1..after - 1).unwrap_or_default());
        out.push_str(&rest[..after]);
        rest = &rest[after..];
        let value = rest.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(value) = value.filter(|_| is_masked(&key, true)) else { continue };
        let scalar = match value.strip_prefix('"') {
            // cut off within the value: all of it goes
            Some(text) => end_of_string(text).map_or(value.len(), |end| end + 2),
            None => value.find([',', '}', ']', '{', '[']).unwrap_or(value.len()),
        };
        if scalar > 0 {
            out.push_str(&format!(":\"{REDACTED}\""));
            rest = &value[scalar..];
        }
    }
    out.push_str(rest);
    out
}

/// Where a JSON string ends whose opening quote is behind us.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })
}

/// Masks a URL: the values of secret and personal query keys.
pub fn url(raw: &str) -> String {
    let Some((path, query)) = raw.split_once('?') else {
        return raw.to_owned();
    };
    let query: Vec<String> = query.split('&').map(|pair| pair_masked(pair, false)).collect();
    format!("{path}?{}", query.join("&"))
}

fn plain(key: &str) -> String {
    key.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}

fn json_value(value: &mut Value, in_person: bool) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let key = plain(key);
                let person = in_person || PEOPLE.contains(&key.as_str());
                if value.is_object() || value.is_array() {
                    json_value(value, person);
                } else if !value.is_null()
                    && !value.is_boolean()
                    && value.as_str() != Some("")
                    && is_masked(&key, in_person)
                {
                    *value = Value::String(REDACTED.into());
                } else if let Value::String(text) = value {
                    *text = emails_in(text);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| json_value(item, in_person)),
        Value::String(text) => *text = emails_in(text),
        _ => {}
    }
}

/// Replaces whatever looks like an e-mail address.
fn emails_in(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let local = rest[..at]
            .rfind(|c| !is_part(c))
            .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let domain_end = rest[at + 1..].find(|c| !is_part(c)).map_or(rest.len(), |i| at + 1 + i);
        // a full stop after an address is the sentence's
        let domain = rest[at + 1..domain_end].trim_end_matches('.');
        let domain_end = at + 1 + domain.len();
        if local < at && domain.contains('.') && !domain.starts_with('.') {
            out.push_str(&rest[..local]);
            out.push_str(REDACTED);
        } else {
            out.push_str(&rest[..domain_end]);
        }
        rest = &rest[domain_end..];
    }
    out.push_str(rest);
    out
}
