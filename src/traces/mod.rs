//! One chain of cause and effect, from the click to the last e-mail: whatever
//! carries one trace id, in the order it happened.

mod rows;

pub use crate::notify::webhooks::DeliveryState;
pub use rows::{Delivery, Email, Event, Job, Step};

use crate::{
    clock::Instant,
    db::{DbResult, Scope},
    evidence::{ActorKind, TraceId, activity_list::Line, records_list},
    text_enum::text_enum,
};

/// Links of one kind that are read; a chain that is longer says so.
pub const MOST: usize = 200;

text_enum! {
    /// Where a job of a chain stands.
    JobState {
        /// Waits for a worker.
        Ready = "ready",
        /// In a worker's hands.
        Claimed = "claimed",
        /// Given up by the queue.
        Dead = "dead",
        /// Ended well.
        Done = "done",
        /// Ended, and will not be tried again by itself.
        Failed = "failed",
        /// Another one took its place.
        Superseded = "superseded",
    }
}

/// One link of a chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// When it began.
    pub at: Instant,
    /// What it is.
    pub what: What,
}

/// What a link of a chain is.
#[derive(Debug, Clone)]
pub enum What {
    /// A line of history; by a person, it is the click.
    Activity(Box<Line>),
    /// Work that was left behind.
    Job(Box<Job>),
    /// A step of a post.
    Step(Box<Step>),
    /// An exchange with an outside system.
    Record(Box<records_list::Row>),
    /// Something that was told.
    Event(Box<Event>),
    /// An endpoint it was told to.
    Delivery(Box<Delivery>),
    /// An e-mail to a customer.
    Email(Box<Email>),
}

impl What {
    /// Whether a person or their program did it.
    pub fn is_click(&self) -> bool {
        matches!(self, What::Activity(line) if matches!(line.actor_kind, ActorKind::User | ActorKind::Token))
    }

    /// What comes first of things of one moment.
    fn rank(&self) -> u8 {
        match self {
            What::Activity(_) if self.is_click() => 0,
            What::Job(_) => 1,
            What::Step(_) => 2,
            What::Record(_) => 3,
            What::Activity(_) => 4,
            What::Event(_) => 5,
            What::Delivery(_) => 6,
            What::Email(_) => 7,
        }
    }
}

/// A chain.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Its links, the first one first. Never none.
    pub links: Vec<Link>,
    /// There is more of a kind than [`MOST`], and it is not here.
    pub cut: bool,
}

impl Chain {
    /// From its beginning to its last link so far.
    pub fn started(&self) -> Instant {
        self.links.first().map_or_else(Instant::default, |link| link.at)
    }
}

/// Everything of an account that carries a trace. `None`: nothing does.
pub async fn of(scope: &mut Scope, trace: &TraceId) -> DbResult<Option<Chain>> {
    let mut chain = Chain::default();
    chain.add(rows::activities(scope, trace).await?, Line::at, What::Activity);
    chain.add(rows::jobs(scope, trace).await?, |job| job.created_at, What::Job);
    chain.add(rows::finished(scope, trace).await?, |job| job.created_at, What::Job);
    chain.add(rows::steps(scope, trace).await?, Step::at, What::Step);
    chain.add(rows::records(scope, trace).await?, records_list::Row::at, What::Record);
    chain.add(rows::events(scope, trace).await?, Event::at, What::Event);
    chain.add(rows::deliveries(scope, trace).await?, Delivery::at, What::Delivery);
    chain.add(rows::emails(scope, trace).await?, Email::at, What::Email);
    chain.sort();
    Ok((!chain.links.is_empty()).then_some(chain))
}

impl Chain {
    fn add<T>(&mut self, mut rows: Vec<T>, at: impl Fn(&T) -> Instant, what: impl Fn(Box<T>) -> What) {
        self.cut |= rows.len() > MOST;
        rows.truncate(MOST);
        self.links.extend(rows.into_iter().map(|row| Link { at: at(&row), what: what(Box::new(row)) }));
    }

    /// A job carries the moment its transaction began, the line that tells of
    /// the click the moment it was written, a little later: the click is first.
    fn sort(&mut self) {
        let first = self.links.iter().map(|link| link.at).min();
        let soon = first.map(|at| at + chrono::Duration::seconds(2));
        for link in &mut self.links {
            if link.what.is_click() && Some(link.at) <= soon {
                link.at = first.unwrap_or(link.at);
            }
        }
        self.links.sort_by_key(|link| (link.at, link.what.rank()));
    }
}
