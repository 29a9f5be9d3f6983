//! The error queue as a work list: whose a problem is, and until when it is put
//! off. Nothing of it leaves our database, so everything can be taken back.

use super::list::{self, Row};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, NoInput, Outcome, Preview, Target, Undo},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{ActorKind, Entry, activity},
    ids::ProblemId,
};
use chrono::{Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use diesel::{QueryableByName, sql_types::Text};
use serde::{Deserialize, Serialize};
use serde_json::json;

impl Target for Row {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Row>> {
        let Some(row) = list::find(scope, ProblemId(id)).await? else {
            return Ok(None);
        };
        if !lock {
            return Ok(Some(row));
        }
        let account = scope.account();
        scope
            .execute(
                sql("select id from shipments where account_id = {} and id = {} for no key update")
                    .bind(account)
                    .bind(row.shipment_id),
            )
            .await?;
        scope
            .execute(
                sql("select id from problems where account_id = {} and id = {} for update")
                    .bind(account)
                    .bind(id),
            )
            .await?;
        list::find(scope, ProblemId(id)).await
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        match &self.shipment_number {
            Some(number) => format!("The problem of {number}"),
            None => format!("Problem {}", self.id),
        }
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(activity::Subject::Problem, self.id.0)
    }
}

/// A problem that is fixed is nobody's work.
pub fn open(row: &Row) -> Availability {
    Availability::when(row.resolved_at.is_none(), "This problem is fixed already.")
}

/// A line about a problem, which also shows on its order.
pub fn entry(row: &Row, by: &By, verb: &'static str, summary: String) -> Entry {
    let entry = Entry::new(&by.actor, verb, activity::Subject::Problem, row.id.0, summary)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone());
    match row.order_id {
        Some(order) => entry.of_order(order),
        None => entry,
    }
}

/// *Assign to me.*
#[derive(Debug)]
pub struct Assign;

impl Action for Assign {
    type Subject = Row;
    type Input = NoInput;
    const NAME: &'static str = "assign_problem";
    const LABEL: &'static str = "Assign to me";
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(row: &Row) -> Availability {
        open(row)
    }

    async fn preview(_: &mut Scope, row: &Row) -> DbResult<Preview> {
        let mut effects = vec!["The others see that you look after it.".to_owned()];
        if let Some(other) = &row.assignee {
            effects.push(format!("Until now it is {other}’s."));
        }
        Ok(Preview {
            question: format!("Assign {} to you?", lower(row)),
            effects,
            button: "Assign to me".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        row: Row,
        by: &By,
        _: NoInput,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        let (ActorKind::User, Some(user)) = (by.actor.kind, by.actor.id) else {
            return Err(ActionError::field("", "A problem is assigned to a person. Sign in to take it."));
        };
        if row.assignee_id.is_some_and(|owner| owner.0 == user) {
            return Ok(Outcome::unchanged(format!("{} is yours already.", row.name())));
        }
        let account = scope.account();
        scope
            .execute(
                sql("update problems set assignee_id = {}, version = version + 1 where account_id = {} and id = {}")
                    .bind(user)
                    .bind(account)
                    .bind(row.id),
            )
            .await?;
        let summary = format!("Took {}", lower(&row));
        let entry = entry(&row, by, "problem_assigned", summary)
            .changed(json!({ "owner": row.assignee }), json!({ "owner": by.actor.name }));
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("{} is yours.", row.name())).undone_by(Unassign::NAME, json!({})))
    }
}

/// *Unassign.*
#[derive(Debug)]
pub struct Unassign;

impl Action for Unassign {
    type Subject = Row;
    type Input = NoInput;
    const NAME: &'static str = "unassign_problem";
    const LABEL: &'static str = "Unassign";
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(row: &Row) -> Availability {
        match row.assignee_id {
            None if row.resolved_at.is_none() => Availability::no("It is nobody’s."),
            _ => open(row),
        }
    }

    async fn preview(_: &mut Scope, row: &Row) -> DbResult<Preview> {
        let owner = row.assignee.clone().unwrap_or_default();
        Ok(Preview {
            question: format!("Unassign {}?", lower(row)),
            effects: vec![format!("It is not {owner}’s any more; anybody may take it.")],
            button: "Unassign".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        row: Row,
        by: &By,
        _: NoInput,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        let account = scope.account();
        scope
            .execute(
                sql("update problems set assignee_id = null, version = version + 1 where account_id = {} and id = {}")
                    .bind(account)
                    .bind(row.id),
            )
            .await?;
        let entry = entry(&row, by, "problem_unassigned", format!("Gave back {}", lower(&row)))
            .changed(json!({ "owner": row.assignee }), json!({ "owner": null }));
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("{} is nobody’s now.", row.name())))
    }
}

/// *Snooze*: leaves the list until a moment.
#[derive(Debug)]
pub struct Snooze;

/// Until when.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Until {
    /// `hour`, `tomorrow` or `day`.
    #[serde(default)]
    pub until: String,
    /// The day, for `day`: `2026-11-27`.
    #[serde(default)]
    pub day: String,
}

/// The hour at which a day of work begins.
const MORNING: u32 = 9;
/// Nobody means to look at it after that.
const LONGEST: i64 = 365;

impl Until {
    /// The moment that is meant, in the account's zone.
    pub fn at(&self, zone: Tz, now: Instant) -> Result<Instant, ActionError> {
        let today = now.with_timezone(&zone).date_naive();
        match self.until.as_str() {
            "hour" => Ok(now + chrono::Duration::hours(1)),
            "tomorrow" => {
                let day = today.checked_add_days(Days::new(1)).unwrap_or(today);
                morning(day, zone).ok_or_else(|| ActionError::field("until", "Choose until when."))
            }
            "day" => {
                let day: Option<NaiveDate> = self.day.trim().parse().ok();
                let at = day.and_then(|day| morning(day, zone));
                match at {
                    Some(at) if at <= now => Err(ActionError::field("day", "Choose a day after today.")),
                    Some(at) if at > now + chrono::Duration::days(LONGEST) => {
                        Err(ActionError::field("day", "Choose a day within a year."))
                    }
                    Some(at) => Ok(at),
                    None => Err(ActionError::field("day", "Enter the day, as in 2026-11-27.")),
                }
            }
            _ => Err(ActionError::field("until", "Choose until when.")),
        }
    }
}

/// Nine o'clock; where the clocks skip it, the first moment after.
fn morning(day: NaiveDate, zone: Tz) -> Option<Instant> {
    (MORNING..MORNING + 3)
        .filter_map(|hour| day.and_hms_opt(hour, 0, 0))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map(|at| at.with_timezone(&chrono::Utc))
}

#[derive(QueryableByName)]
struct Zone {
    #[diesel(sql_type = Text)]
    time_zone: String,
}

async fn zone(scope: &mut Scope) -> DbResult<Tz> {
    let account = scope.account();
    let row: Option<Zone> =
        scope.row(sql("select time_zone from accounts where id = {}").bind(account)).await?;
    Ok(row.and_then(|row| row.time_zone.parse().ok()).unwrap_or(Tz::UTC))
}

impl Action for Snooze {
    type Subject = Row;
    type Input = Until;
    const NAME: &'static str = "snooze_problem";
    const LABEL: &'static str = "Snooze";
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(row: &Row) -> Availability {
        open(row)
    }

    async fn preview(_: &mut Scope, row: &Row) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Snooze {}?", lower(row)),
            effects: vec![
                "It leaves the list and stands under Snoozed until then.".into(),
                "Attempts by itself go on. A new cause brings it back at once.".into(),
            ],
            button: "Snooze".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        row: Row,
        by: &By,
        input: Until,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let zone = zone(scope).await?;
        let at = input.at(zone, now)?;
        if row.snoozed_until == Some(at) {
            return Ok(Outcome::unchanged(format!("{} is snoozed until then already.", row.name())));
        }
        set(scope, &row, Some(at)).await?;
        let words = at.with_timezone(&zone).format("%-d %b, %H:%M");
        let entry = entry(&row, by, "problem_snoozed", format!("Snoozed {} until {words}", lower(&row)))
            .changed(json!({ "snoozed_until": row.snoozed_until }), json!({ "snoozed_until": at }));
        activity::record(scope, entry).await?;
        let outcome = Outcome::done(format!("{} is snoozed until {words}.", row.name()));
        Ok(Outcome { undo: Some(Undo { action: Wake::NAME.into(), input: json!({}) }), ..outcome })
    }
}

/// *Wake*: back to the list now.
#[derive(Debug)]
pub struct Wake;

impl Action for Wake {
    type Subject = Row;
    type Input = NoInput;
    const NAME: &'static str = "wake_problem";
    const LABEL: &'static str = "End snooze";
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(row: &Row) -> Availability {
        match row.snoozed_until {
            None if row.resolved_at.is_none() => Availability::no("It is not snoozed."),
            _ => open(row),
        }
    }

    async fn preview(_: &mut Scope, row: &Row) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("End the snooze of {}?", lower(row)),
            effects: vec!["It stands in the list again.".into()],
            button: "End snooze".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        row: Row,
        by: &By,
        _: NoInput,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        set(scope, &row, None).await?;
        let entry = entry(&row, by, "problem_woken", format!("Ended the snooze of {}", lower(&row)))
            .changed(json!({ "snoozed_until": row.snoozed_until }), json!({ "snoozed_until": null }));
        activity::record(scope, entry).await?;
        Ok(Outcome::done(format!("{} is in the list again.", row.name())))
    }
}

async fn set(scope: &mut Scope, row: &Row, until: Option<Instant>) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update problems set snoozed_until = {}, version = version + 1 where account_id = {} and id = {}")
                .bind(until)
                .bind(account)
                .bind(row.id),
        )
        .await?;
    Ok(())
}

/// Its name inside a sentence.
fn lower(row: &Row) -> String {
    let name = row.name();
    match name.strip_prefix("The ") {
        Some(rest) => format!("the {rest}"),
        None => name,
    }
}
