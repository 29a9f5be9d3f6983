//! The server: accepts connections, reads requests, lets faults strike, sends answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::faults::{Fault, FaultKind};
use super::reply::{Call, Reply};
use super::state::State;
use super::wire::{Scissors, Wire};
use super::{ebay, generic, helpers, shipstation, shopify};

const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Accepts connections until the task is dropped; closes and opens the port as asked.
pub(super) async fn run(listener: TcpListener, state: Arc<State>, mut wanted: watch::Receiver<bool>) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let Some(open) = &listener else {
            if wanted.wait_for(|listen| *listen).await.is_err() {
                return;
            }
            match TcpListener::bind(state.address).await {
                Ok(bound) => listener = Some(bound),
                Err(error) => {
                    tracing::warn!(%error, "the sandbox cannot have its port back yet");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            state.set_listening(listener.is_some());
            continue;
        };
        tokio::select! {
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&state)));
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                if !*wanted.borrow_and_update() {
                    listener = None;
                    connections.shutdown().await;
                    state.set_listening(false);
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let (wire, scissors) = Wire::new(stream);
    let service = service_fn(|request| answer(Arc::clone(&state), scissors.clone(), request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(wire), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a sandbox connection ended early");
    }
}

async fn answer(
    state: Arc<State>,
    scissors: Scissors,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let (vendor, path) = Vendor::of(head.uri.path());
    let query = head.uri.query().unwrap_or("");
    let mut call = Call {
        method: head.method,
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body: Bytes::new(),
    };
    let target = head.uri.to_string();
    if let Some(vendor) = vendor {
        let operation = vendor.operation(&call);
        let fault = state.faults().take(vendor.name(), &operation, &target, true);
        if let Some(fault) = fault {
            state.note_request(vendor.name(), &operation, &call, Some(&fault));
            scissors.reset();
            return Err(io::Error::other("refused on purpose"));
        }
    }
    call.body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::debug!(%error, "the sandbox could not read a body");
            return Ok(response(Reply::problem(413, "the body is too large or broke off")));
        }
    };
    let Some(vendor) = vendor else {
        return Ok(response(helpers::answer(&state, &call)));
    };
    let operation = vendor.operation(&call);
    let text = format!("{target}\n{}", String::from_utf8_lossy(&call.body));
    let fault = state.faults().take(vendor.name(), &operation, &text, false);
    state.note_request(vendor.name(), &operation, &call, fault.as_ref());
    match fault {
        None => Ok(response(vendor.answer(&state, &call))),
        Some(fault) => strike(state, scissors, vendor, call, fault).await.map(response),
    }
}

/// Carries out the request as far as the fault lets it, and answers as the fault wants.
async fn strike(
    state: Arc<State>,
    scissors: Scissors,
    vendor: Vendor,
    call: Call,
    fault: Fault,
) -> Result<Reply, io::Error> {
    let on_purpose = || io::Error::other("cut on purpose");
    let delay = Duration::from_millis(fault.delay_ms.unwrap_or(60_000));
    match fault.fault {
        FaultKind::Refuse => {
            scissors.reset();
            Err(on_purpose())
        }
        FaultKind::CutAfterRead => {
            scissors.close();
            Err(on_purpose())
        }
        FaultKind::Hang => {
            state.hang(delay).await;
            scissors.close();
            Err(on_purpose())
        }
        FaultKind::HangThenCreate => {
            // A task of its own: a caller that hangs up does not stop the vendor.
            let late = tokio::spawn(async move {
                state.hang(delay).await;
                vendor.answer(&state, &call)
            });
            late.await.map_err(io::Error::other)
        }
        FaultKind::AcceptThenCut => {
            vendor.answer(&state, &call);
            scissors.close();
            Err(on_purpose())
        }
        FaultKind::CutHeaders => {
            let reply = vendor.answer(&state, &call);
            scissors.after(fault.after_bytes.unwrap_or(12));
            Ok(reply)
        }
        FaultKind::CutBody => {
            let reply = vendor.answer(&state, &call);
            scissors.after_head(fault.after_bytes.unwrap_or(reply.body.len() / 2));
            Ok(reply)
        }
        FaultKind::Garbage => {
            vendor.answer(&state, &call);
            let mut reply = Reply::empty(200).with("content-type", "application/json");
            reply.body = Bytes::from_static(b"{\"\xff\xfe<<<");
            Ok(reply)
        }
        FaultKind::ErrorAfterCreate => {
            vendor.answer(&state, &call);
            Ok(vendor.failure(&fault, &call))
        }
        FaultKind::Respond => {
            let status = fault.status.unwrap_or(fault.fault.status());
            let reply = match &fault.body {
                Some(serde_json::Value::String(text)) => Reply::text(status, text),
                Some(body) => Reply::json(status, body),
                None => Reply::empty(status),
            };
            Ok(retry_after(reply, &fault))
        }
        FaultKind::Unauthorized
        | FaultKind::RateLimited
        | FaultKind::ServerError
        | FaultKind::Unavailable => Ok(vendor.failure(&fault, &call)),
    }
}

fn retry_after(reply: Reply, fault: &Fault) -> Reply {
    match fault.retry_after {
        Some(seconds) => reply.with("retry-after", seconds.to_string()),
        None => reply,
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A stand-in, by the first part of the path.
#[derive(Clone, Copy)]
enum Vendor {
    Shopify,
    Ebay,
    Shipstation,
    Generic,
}

impl Vendor {
    /// The vendor a path belongs to, and the path without the vendor's prefix.
    fn of(path: &str) -> (Option<Vendor>, &str) {
        for (prefix, vendor) in [
            ("/shopify", Vendor::Shopify),
            ("/ebay", Vendor::Ebay),
            ("/shipstation", Vendor::Shipstation),
            ("/generic", Vendor::Generic),
        ] {
            if let Some(rest) = path.strip_prefix(prefix)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return (Some(vendor), rest);
            }
        }
        (None, path)
    }

    fn name(self) -> &'static str {
        match self {
            Vendor::Shopify => "shopify",
            Vendor::Ebay => "ebay",
            Vendor::Shipstation => "shipstation",
            Vendor::Generic => "generic",
        }
    }

    fn operation(self, call: &Call) -> String {
        match self {
            Vendor::Shopify => shopify::operation(call),
            Vendor::Ebay => ebay::operation(call).into(),
            Vendor::Shipstation => shipstation::operation(call).into(),
            Vendor::Generic => generic::operation(call).into(),
        }
    }

    fn answer(self, state: &Arc<State>, call: &Call) -> Reply {
        match self {
            Vendor::Shopify => shopify::answer(state, call),
            Vendor::Ebay => ebay::answer(state, call),
            Vendor::Shipstation => shipstation::answer(state, call),
            Vendor::Generic => generic::answer(state, call),
        }
    }

    /// The vendor's own words for a fault that answers by itself.
    fn failure(self, fault: &Fault, call: &Call) -> Reply {
        let status = fault.status.unwrap_or(fault.fault.status());
        let reply = match self {
            Vendor::Shopify => shopify::failure(fault, call),
            Vendor::Ebay => ebay::failure(status),
            Vendor::Shipstation => shipstation::failure(status),
            Vendor::Generic => generic::failure(status),
        };
        let reply = retry_after(reply, fault);
        match (fault.fault, fault.retry_after) {
            (FaultKind::RateLimited, None) if reply.status == 429 => reply.with("retry-after", "1"),
            _ => reply,
        }
    }
}
