//! Pages that change by themselves. A page opens one stream (`GET /live`) and
//! names what it is about; the stream says what has changed, never what it is
//! now: the page asks for its own regions again, by the addresses they always
//! had, so that there is one way to a fact and one check of who may see it.
//!
//! The truth is the history: whatever changes writes a line of activity, whose
//! id carries its time. One task per process reads what was added for each
//! account that somebody looks at, and hands it to the streams. Nothing is
//! notified from the transactions of the business.

mod reading;
mod stream;
mod topic;

pub use stream::show;
pub use topic::Topic;

use crate::{clock, db::Db, ids::AccountId};
use reading::{News, Reading};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{broadcast, watch},
};

/// How often the history is read: the longest that a change waits to be told.
const PACE: Duration = Duration::from_millis(750);
/// So much news a stream may be behind before it is told that everything changed.
const BEHIND: usize = 32;
/// Streams of one session. One more ends the oldest: a page that was left may
/// not have been noticed to be gone.
const STREAMS: usize = 8;

/// Who listens to which account, and the task that reads for them.
#[derive(Debug)]
pub struct Live {
    db: Db,
    runtime: Handle,
    listened: Mutex<HashMap<AccountId, broadcast::Sender<Arc<News>>>>,
    /// The streams of each session, the oldest first.
    seats: Mutex<HashMap<String, VecDeque<watch::Sender<bool>>>>,
}

impl Live {
    /// Made on the runtime that reads.
    pub(super) fn new(db: Db, runtime: Handle) -> Arc<Live> {
        Arc::new(Live { db, runtime, listened: Mutex::default(), seats: Mutex::default() })
    }

    /// The news of an account from here on.
    fn listen(self: &Arc<Live>, account: AccountId) -> broadcast::Receiver<Arc<News>> {
        let mut listened = lock(&self.listened);
        if listened.is_empty() {
            self.runtime.spawn(self.clone().read());
        }
        listened.entry(account).or_insert_with(|| broadcast::channel(BEHIND).0).subscribe()
    }

    /// Reads for everybody, and ends when nobody listens any more.
    async fn read(self: Arc<Live>) {
        let mut readings: HashMap<AccountId, Reading> = HashMap::new();
        loop {
            tokio::time::sleep(PACE).await;
            let accounts: Vec<_> = {
                let mut listened = lock(&self.listened);
                listened.retain(|_, sender| sender.receiver_count() > 0);
                if listened.is_empty() {
                    return;
                }
                listened.iter().map(|(account, sender)| (*account, sender.clone())).collect()
            };
            readings.retain(|account, _| accounts.iter().any(|(listened, _)| listened == account));
            for (account, sender) in accounts {
                let reading = readings.entry(account).or_insert_with(|| Reading::from(clock::now()));
                match reading.next(&self.db, account).await {
                    Ok(Some(news)) => drop(sender.send(Arc::new(news))),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%account, "reading what changed: {error:#}"),
                }
            }
        }
    }

    /// A place for one more stream of a session.
    fn seat(self: &Arc<Live>, session: &str) -> Seat {
        let mut seats = lock(&self.seats);
        let of_session = seats.entry(session.to_owned()).or_default();
        while of_session.len() >= STREAMS {
            if let Some(oldest) = of_session.pop_front() {
                oldest.send_replace(true);
            }
        }
        let (taken, given_up) = watch::channel(false);
        of_session.push_back(taken);
        Seat { live: self.clone(), session: session.to_owned(), given_up }
    }
}

/// One stream's place; left when it is dropped.
struct Seat {
    live: Arc<Live>,
    session: String,
    given_up: watch::Receiver<bool>,
}

impl Seat {
    /// Returns when a newer stream took the place.
    async fn lost(&mut self) {
        let _ = self.given_up.wait_for(|lost| *lost).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.live.seats);
        if let Some(of_session) = seats.get_mut(&self.session) {
            of_session.retain(|taken| !taken.subscribe().same_channel(&self.given_up));
            if of_session.is_empty() {
                seats.remove(&self.session);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
