//! Holds: an order with any is not posted. Each has its kind, why, by whom, and
//! perhaps a moment at which it releases itself.

pub mod remove;

pub use remove::{RemoveAllHolds, RemoveHold, RestoreHolds};

use super::{HoldKind, Subject, status, subject};
use crate::{
    accounts::{Permission, Role},
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{TraceId, activity, mask},
    ids::OrderId,
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    notify::events,
};
use anyhow::Result;
use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use diesel::{QueryableByName, sql_types::BigInt};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The job that releases a hold at its moment.
pub const RELEASE_HOLD: &str = "release_hold";

/// Nobody means to hold an order for longer.
const LONGEST: i64 = 366;

/// Whether they stand on the merchant's side, whose own hold nobody else sets or
/// removes. Waybill itself does, for what the client planned.
pub fn is_client_side(by: &By) -> bool {
    may_be_client(by.role)
}

/// As [`is_client_side`], by the role alone.
pub fn may_be_client(role: Option<Role>) -> bool {
    matches!(role, None | Some(Role::Client))
}

/// *Add hold*: also changes why and until when the hold of a kind stands.
#[derive(Debug)]
pub struct AddHold;

/// Which, why and until when.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// A word of [`HoldKind`].
    #[serde(default)]
    pub kind: String,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
    /// When it releases itself: a day or a moment in the account's time zone, or
    /// one with its own zone. Empty: never.
    #[serde(default)]
    pub until: String,
}

/// The kind that is meant.
fn kind(text: &str) -> Result<HoldKind, ActionError> {
    HoldKind::parse(text.trim()).ok_or_else(|| ActionError::field("kind", "Choose the kind of hold."))
}

/// The moment that is meant, in the account's zone; a day alone is its beginning.
pub fn moment(text: &str, zone: Tz, now: Instant) -> Result<Option<Instant>, ActionError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let at = chrono::DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).ok();
    let local = || {
        let moment = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
        in_zone(moment.or_else(day)?, zone)
    };
    match at.or_else(local) {
        None => Err(ActionError::field("until", "Enter day and time, as in 2026-11-27 09:00.")),
        Some(at) if at <= now => Err(ActionError::field("until", "Choose a moment that is still to come.")),
        Some(at) if at > now + Duration::days(LONGEST) => {
            Err(ActionError::field("until", "Choose a moment within a year."))
        }
        at => Ok(at),
    }
}

/// Where the clocks skip it, the first moment after; where it comes twice, the first.
fn in_zone(local: NaiveDateTime, zone: Tz) -> Option<Instant> {
    (0..4)
        .filter_map(|hours| local.checked_add_signed(Duration::hours(hours)))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|at| at.with_timezone(&Utc))
}

/// A moment in a sentence.
fn words(at: Instant, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

/// A hold as the history keeps it.
fn kept(kind: HoldKind, reason: &str, until: Option<Instant>) -> Value {
    json!({ "kind": kind, "reason": mask::body(reason), "hold_until": until.map(|at| at.to_rfc3339()) })
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl Action for AddHold {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "add_hold";
    const LABEL: &'static str = "Add hold";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        Availability::when(!subject.order.canceled, "The order was canceled at the channel.")
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let mut effects = vec!["Nothing of the order is posted while a hold stands.".to_owned()];
        effects.extend(subject::too_late(&subject.parcels).map(|words| format!("{words}.")));
        effects.push("Neither the channel nor the provider is told.".into());
        Ok(Preview {
            question: format!("Hold order {}?", subject.order.number),
            effects,
            button: "Add hold".into(),
            ..Preview::default()
        })
    }

    fn check(input: &Input) -> Result<(), ActionError> {
        kind(&input.kind)?;
        actions::reason(&input.reason, None).map(|_| ())
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let kind = kind(&input.kind)?;
        if kind == HoldKind::Client && !is_client_side(by) {
            return Err(ActionError::field("kind", "Only the client’s side sets a client hold."));
        }
        let reason = actions::reason(&input.reason, None)?;
        let zone = subject.zone();
        let until = moment(&input.until, zone, now)?;
        let number = &subject.order.number;
        let account = scope.account();
        let then = until.map_or(String::new(), |at| format!(" It releases itself on {}.", words(at, zone)));
        let outcome = match subject.hold(kind) {
            Some(hold) if hold.reason == reason && hold.hold_until == until => {
                let said = format!("The {} of order {number} stands already.", noun(kind));
                return Ok(Outcome::unchanged(said));
            }
            Some(hold) => {
                scope
                    .execute(
                        sql("update order_holds set reason = {}, hold_until = {} where account_id = {} and id = {}")
                            .bind(reason)
                            .bind(until)
                            .bind(account)
                            .bind(hold.id),
                    )
                    .await?;
                let summary = format!("Changed the {} of order {number}", noun(kind));
                let before = kept(kind, &hold.reason, hold.hold_until);
                let entry = subject.entry(by, "hold_changed", summary);
                activity::record(scope, entry.changed(before, kept(kind, reason, until))).await?;
                plan(scope, subject.order.id, hold.id, until, by).await?;
                let back = json!({
                    "kind": kind, "reason": hold.reason,
                    "until": hold.hold_until.map(|at| at.to_rfc3339()).unwrap_or_default(),
                });
                let said = format!("{} of order {number} changed.{then}", kind.label());
                Outcome::done(said).undone_by(AddHold::NAME, back)
            }
            None => {
                let person = by.user();
                let made: Option<Made> = scope
                    .row(
                        sql("insert into order_holds (account_id, order_id, kind, reason, placed_by, placed_by_name, \
                             hold_until, created_at) values ({}, {}, {}, {}, {}, {}, {}, {}) returning id")
                        .bind(account)
                        .bind(subject.order.id)
                        .bind(kind)
                        .bind(reason)
                        .bind(person)
                        .bind(&by.actor.name)
                        .bind(until)
                        .bind(now),
                    )
                    .await?;
                let late = subject::too_late(&subject.parcels);
                let after = late.as_ref().map_or(String::new(), |words| format!(". {words}"));
                let summary = format!("Added {} to order {number}{after}", a_noun(kind));
                let nothing = json!({ "kind": null, "reason": null, "hold_until": null });
                let entry = subject.entry(by, "hold_added", summary);
                activity::record(scope, entry.changed(nothing, kept(kind, reason, until))).await?;
                plan(scope, subject.order.id, made.map_or(0, |made| made.id), until, by).await?;
                let late_words = late.as_ref().map_or(String::new(), |words| format!(" {words}."));
                let said = format!("{} added to order {number}.{then}{late_words}", kind.label());
                let data = json!({ "too_late": late.is_some() });
                let outcome = Outcome { data, ..Outcome::done(said) };
                outcome.undone_by(RemoveHold::NAME, json!({ "kind": kind }))
            }
        };
        status::refresh(scope, subject.order.id).await?;
        events::order_updated(scope, subject.order.id, &by.trace, now).await?;
        Ok(outcome)
    }
}

/// `operator hold`, inside a sentence.
fn noun(kind: HoldKind) -> String {
    kind.label().to_lowercase()
}

fn a_noun(kind: HoldKind) -> String {
    let article = if matches!(kind, HoldKind::Operator | HoldKind::Address) { "an" } else { "a" };
    format!("{article} {}", noun(kind))
}

#[derive(Serialize, Deserialize)]
struct Payload {
    order_id: OrderId,
    hold_id: i64,
    until: Instant,
}

/// Leaves the job that releases a hold at its moment. One that was left for
/// another moment finds that out.
async fn plan(scope: &mut Scope, order: OrderId, hold: i64, until: Option<Instant>, by: &By) -> DbResult<()> {
    let Some(until) = until else { return Ok(()) };
    let payload = json!(Payload { order_id: order, hold_id: hold, until });
    let job = NewJob::new(RELEASE_HOLD, format!("order:{order}"), payload, until)
        .once(format!("release:{hold}:{}", until.timestamp()))
        .traced(&by.trace);
    jobs::enqueue(scope, job).await?;
    Ok(())
}

/// Leaves the jobs of all holds that have a moment and none yet, for holds that
/// were written and not added: the demo's.
pub async fn plan_all(scope: &mut Scope) -> DbResult<()> {
    #[derive(QueryableByName)]
    #[diesel(table_name = crate::db::schema::order_holds)]
    struct Row {
        id: i64,
        #[diesel(sql_type = BigInt)]
        order_id: OrderId,
        hold_until: Option<Instant>,
    }
    let account = scope.account();
    let rows: Vec<Row> = scope
        .rows(
            sql("select id, order_id, hold_until from order_holds \
                 where account_id = {} and released_at is null and hold_until is not null order by id")
            .bind(account),
        )
        .await?;
    for row in rows {
        plan(scope, row.order_id, row.id, row.hold_until, &By::system(TraceId::new())).await?;
    }
    Ok(())
}

/// The job: releases a hold, if it still stands until that very moment.
#[derive(Debug)]
pub struct ReleaseHold;

impl Handler for ReleaseHold {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, Result<End>> {
        Box::pin(release(work, job))
    }
}

async fn release(work: &Work, job: &Claimed) -> Result<End> {
    let payload: Payload = job.payload()?;
    let mut scope = work.db.scope(job.account_id).await?;
    let Some(subject) = Subject::load(&mut scope, payload.order_id.0, true).await? else {
        return Ok(End::Done);
    };
    let meant =
        |hold: &&subject::Standing| hold.id == payload.hold_id && hold.hold_until == Some(payload.until);
    let Some(hold) = subject.holds.iter().find(meant) else {
        return Ok(End::Done);
    };
    let by = By::system(job.trace());
    let summary = format!("The {} of order {} released itself", noun(hold.kind), subject.order.number);
    remove::take_off(&mut scope, &subject, &[hold], &by, "hold_released", |_| summary.clone(), (work.now)())
        .await?;
    scope.commit().await?;
    Ok(End::Done)
}
