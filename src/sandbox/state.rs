//! Everything a running sandbox holds, each part behind its own lock.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use super::SandboxOptions;
use super::faults::{Fault, Faults};
use super::hooks::Hooks;
use super::journal::Journal;
use super::reply::{Call, Refusal};
use super::webhooks::Delivery;
use super::world::{Command, World};

/// One request a vendor saw.
#[derive(Clone, Debug, Serialize)]
pub struct RequestLine {
    /// Its place, from 1.
    pub seq: u64,
    /// When its body was read.
    pub at: DateTime<Utc>,
    /// `shopify`, `ebay`, `shipstation` or `generic`.
    pub vendor: String,
    /// The vendor's operation.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path without the vendor's prefix, with its query.
    pub path: String,
    /// What was asked, as text; not shown by the routes for people.
    #[serde(skip)]
    pub body: String,
    /// The fault that struck it.
    pub fault: Option<super::FaultKind>,
}

const MOST_REQUESTS: usize = 5_000;
const MOST_DELIVERIES: usize = 500;

/// Takes a lock even if a thread died holding it: a test that fails must not hide the others.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The system's clock, the one place the sandbox reads it.
pub(super) fn system_clock() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// How full a vendor's allowance is.
#[derive(Clone, Copy)]
pub(super) struct Allowance {
    pub level: f64,
    pub at: DateTime<Utc>,
}

/// The state of a running sandbox.
pub(super) struct State {
    pub options: SandboxOptions,
    pub address: SocketAddr,
    world: Mutex<World>,
    journal: Mutex<Option<Journal>>,
    faults: Mutex<Faults>,
    hooks: Mutex<Hooks>,
    requests: Mutex<(u64, VecDeque<RequestLine>)>,
    deliveries: Mutex<VecDeque<Delivery>>,
    sent: AtomicU64,
    allowances: Mutex<BTreeMap<String, Allowance>>,
    closed: AtomicBool,
    wanted: watch::Sender<bool>,
    listening: watch::Sender<bool>,
    /// How often what hung was let go.
    let_go: watch::Sender<u64>,
}

impl State {
    pub fn open(
        options: SandboxOptions,
        address: SocketAddr,
        wanted: watch::Sender<bool>,
    ) -> io::Result<State> {
        let mut world = World::default();
        let journal = options.journal.as_deref().map(|path| Journal::open(path, &mut world)).transpose()?;
        Ok(State {
            options,
            address,
            world: Mutex::new(world),
            journal: Mutex::new(journal),
            faults: Mutex::default(),
            hooks: Mutex::default(),
            requests: Mutex::default(),
            deliveries: Mutex::default(),
            sent: AtomicU64::new(0),
            allowances: Mutex::default(),
            closed: AtomicBool::new(false),
            wanted,
            listening: watch::Sender::new(true),
            let_go: watch::Sender::new(0),
        })
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.options.clock)()
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub fn hooks(&self) -> MutexGuard<'_, Hooks> {
        lock(&self.hooks)
    }

    /// Changes the world and, once it took the change, writes it to the journal.
    pub fn act(&self, command: &Command) -> Result<Value, Refusal> {
        let mut world = self.world();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Refusal::plain(503, "the sandbox has stopped"));
        }
        let at = self.now();
        let outcome = world.apply(at, command)?;
        if let Some(journal) = lock(&self.journal).as_mut()
            && let Err(error) = journal.write(at, command)
        {
            tracing::error!(%error, "the sandbox's journal cannot be written");
            return Err(Refusal::plain(500, "the sandbox's journal cannot be written"));
        }
        Ok(outcome)
    }

    /// From here on nothing changes any more.
    pub fn close(&self) {
        let _world = self.world();
        self.closed.store(true, Ordering::SeqCst);
    }

    pub fn note_request(&self, vendor: &str, operation: &str, call: &Call, fault: Option<&Fault>) {
        let at = self.now();
        let mut path = call.path.clone();
        if !call.query.is_empty() {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&call.query).finish();
            path.push('?');
            path.push_str(&query);
        }
        let mut guard = lock(&self.requests);
        let (last, lines) = &mut *guard;
        *last += 1;
        if lines.len() >= MOST_REQUESTS {
            lines.pop_front();
        }
        lines.push_back(RequestLine {
            seq: *last,
            at,
            vendor: vendor.into(),
            operation: operation.into(),
            method: call.method.to_string(),
            path,
            body: String::from_utf8_lossy(&call.body).into_owned(),
            fault: fault.map(|fault| fault.fault),
        });
    }

    pub fn requests(&self) -> Vec<RequestLine> {
        lock(&self.requests).1.iter().cloned().collect()
    }

    /// A number no other webhook of this run has.
    pub fn next_delivery(&self) -> u64 {
        self.sent.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a delivery down, or what came of one that is written down already.
    pub fn note_delivery(&self, delivery: Delivery) {
        let mut deliveries = lock(&self.deliveries);
        let same = |known: &&mut Delivery| known.id == delivery.id && known.attempt == delivery.attempt;
        if let Some(known) = deliveries.iter_mut().find(same) {
            *known = delivery;
            return;
        }
        if deliveries.len() >= MOST_DELIVERIES {
            deliveries.pop_front();
        }
        deliveries.push_back(delivery);
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.deliveries).iter().cloned().collect()
    }

    /// Works on an allowance that starts full.
    pub fn allowance<T>(
        &self,
        name: &str,
        full: f64,
        work: impl FnOnce(&mut Allowance, DateTime<Utc>) -> T,
    ) -> T {
        let now = self.now();
        let mut allowances = lock(&self.allowances);
        let fresh = Allowance { level: full, at: now };
        work(allowances.entry(name.to_owned()).or_insert(fresh), now)
    }

    /// Waits out a fault's delay, or until what hangs is let go.
    pub async fn hang(&self, delay: std::time::Duration) {
        let mut let_go = self.let_go.subscribe();
        let _ = tokio::time::timeout(delay, let_go.changed()).await;
    }

    /// Lets everything go that hangs now.
    pub fn let_go(&self) {
        self.let_go.send_modify(|times| *times += 1);
    }

    /// Asks the server to listen, or not.
    pub fn want_listening(&self, listen: bool) {
        self.wanted.send_replace(listen);
    }

    pub fn set_listening(&self, listening: bool) {
        self.listening.send_replace(listening);
    }

    pub fn listening_now(&self) -> watch::Receiver<bool> {
        self.listening.subscribe()
    }
}
