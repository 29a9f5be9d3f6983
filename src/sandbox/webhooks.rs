//! Webhooks the make-believe vendors send out, and what came of them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use super::state::State;

/// How long an answer may take; Shopify gives five seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A webhook on its way.
pub(super) struct Outgoing {
    vendor: String,
    topic: String,
    url: String,
    body: String,
    id: String,
    headers: Vec<(String, String)>,
}

impl Outgoing {
    pub fn new(vendor: &str, topic: &str, url: String, body: String, id: String) -> Outgoing {
        Outgoing { vendor: vendor.into(), topic: topic.into(), url, body, id, headers: vec![] }
    }

    pub fn header(mut self, name: &str, value: &str) -> Outgoing {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// The vendor's id of the message; the same when it is sent again.
    pub id: String,
    /// From 1.
    pub attempt: u32,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// Who sent it.
    pub vendor: String,
    /// `orders/create`, `SHIP_NOTIFY` and so on.
    pub topic: String,
    /// Where it went.
    pub url: String,
    /// The headers it carried, but for content type and host.
    pub headers: Vec<(String, String)>,
    /// The body, exactly.
    pub body: String,
    /// The status it was answered with; nothing while it is on its way, or when it failed.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A message id that looks like a UUID and follows from what it is about.
pub(super) fn delivery_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Sends a webhook in the background, once.
pub(super) fn send(state: &Arc<State>, outgoing: Outgoing) {
    let delivery = Delivery {
        id: outgoing.id,
        attempt: 1,
        at: state.now(),
        vendor: outgoing.vendor,
        topic: outgoing.topic,
        url: outgoing.url,
        headers: outgoing.headers,
        body: outgoing.body,
        status: None,
        error: None,
    };
    launch(state, delivery);
}

/// Sends a message again under the same id; false if it is not known any more.
pub(super) fn resend(state: &Arc<State>, id: &str) -> bool {
    let Some(mut again) = state.deliveries().into_iter().rfind(|delivery| delivery.id == id) else {
        return false;
    };
    again.attempt += 1;
    again.at = state.now();
    again.status = None;
    again.error = None;
    launch(state, again);
    true
}

fn launch(state: &Arc<State>, mut delivery: Delivery) {
    state.note_delivery(delivery.clone());
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        delivery.error = Some("there is no runtime to send from".into());
        state.note_delivery(delivery);
        return;
    };
    let state = Arc::clone(state);
    runtime.spawn(async move {
        match tokio::time::timeout(PATIENCE, post(&delivery)).await {
            Ok(Ok(status)) => delivery.status = Some(status),
            Ok(Err(error)) => delivery.error = Some(error.to_string()),
            Err(_) => delivery.error = Some("no answer in five seconds".into()),
        }
        state.note_delivery(delivery);
    });
}

/// One plain HTTP POST. Webhooks go to http:// addresses only, so no TLS is needed.
async fn post(delivery: &Delivery) -> io::Result<u16> {
    let url = url::Url::parse(&delivery.url).map_err(io::Error::other)?;
    let host = url.host_str().ok_or_else(|| io::Error::other("the address has no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = Request::post(path)
        .header("host", format!("{host}:{port}"))
        .header("content-type", "application/json")
        .header("user-agent", "Waybill-Sandbox");
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(delivery.body.clone()))).map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    let _ = Limited::new(response.into_body(), 64 * 1024).collect().await;
    driver.abort();
    Ok(status)
}
