//! One sentence carried to the next page and said once: a signed cookie, so
//! that it needs no session and nobody else can put words into our mouth.

use super::{app::App, markup::Flash};
use crate::secrets::Keyring;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

const LONGEST: usize = 1000;

/// What came with the request and what goes with the answer.
#[derive(Debug, Default)]
pub(super) struct Jar {
    /// Said by the last page.
    pub came: Option<Flash>,
    /// To be said by the next.
    pub set: Option<Flash>,
    /// Whether what came was shown.
    pub taken: bool,
}

impl Jar {
    pub(super) fn take(&mut self) -> Option<Flash> {
        self.taken = self.came.is_some();
        self.came.take()
    }
}

fn mac(keyring: &Keyring, body: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&keyring.derive("flash"))
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(body.as_bytes());
    mac
}

/// The cookie's name.
pub(super) fn name(app: &App) -> &'static str {
    if app.config.is_https() { "__Host-flash" } else { "flash" }
}

/// The cookie that carries a sentence to the next page.
pub(super) fn cookie(app: &App, flash: &Flash) -> Cookie<'static> {
    let text: String = flash.text.chars().take(LONGEST).collect();
    let body = URL_SAFE_NO_PAD.encode(serde_json::json!([flash.tone, text, flash.undo]).to_string());
    let signature = URL_SAFE_NO_PAD.encode(mac(&app.keyring, &body).finalize().into_bytes());
    let mut cookie = bare(app, format!("{body}.{signature}"));
    cookie.set_max_age(Duration::minutes(2));
    cookie
}

/// The cookie that removes it.
pub(super) fn removal(app: &App) -> Cookie<'static> {
    let mut cookie = bare(app, String::new());
    cookie.make_removal();
    cookie
}

fn bare(app: &App, value: String) -> Cookie<'static> {
    Cookie::build(name(app), value)
        .path("/")
        .http_only(true)
        .secure(app.config.is_https())
        .same_site(SameSite::Lax)
        .finish()
}

/// Reads a cookie of ours; anything else is nothing.
pub(super) fn read(app: &App, value: &str) -> Option<Flash> {
    let (body, signature) = value.split_once('.')?;
    mac(&app.keyring, body).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let (tone, text, undo): (String, String, _) =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    let tone = ["success", "info", "warning", "danger"].into_iter().find(|t| *t == tone)?;
    Some(Flash { tone, text, undo })
}
