//! What can be done with a problem as a piece of work, and the two forms that
//! ask for more than a press.

use crate::{
    db::Scope,
    problems::{ProblemKind, list::Row, work::Snooze},
    remedies::retry::{self, Group, RetryGroup},
    secrets::random_hex,
    web::{
        Fields, Visitor, WebResult,
        action::ActionFields,
        list::Link,
        markup::{FormErrors, Stamp},
    },
};
use askama::Template;

/// What the buttons of a problem need.
pub struct Work {
    /// The problem.
    pub id: i64,
    /// Its name, for those who do not see where the button stands.
    pub name: String,
    /// As the page saw it.
    pub version: i32,
    /// The key of the forms.
    pub op: String,
    /// Where to return.
    pub back: String,
    /// Whose it is; empty when nobody's.
    pub owner: String,
    /// Whether it is the visitor's.
    pub mine: bool,
    /// Until when it is put off.
    pub snoozed: Option<Stamp>,
    /// Whether there is anything to do with it still.
    pub open: bool,
    /// The page that sends it again, for those who may.
    pub retry: Option<String>,
    /// The page that asks for a day.
    pub another_day: String,
}

/// What can be done with it here. `back` is the page it is done from.
pub fn of(visitor: &Visitor, row: &Row, back: &str) -> Work {
    let id = row.id.0;
    let page = |act: &str| Link::to(format!("/problems/{id}/{act}")).with("back", back).to_string();
    let kind = matches!(row.kind, ProblemKind::Post | ProblemKind::Submit);
    // what nobody knows is checked, never sent blindly
    let retried = kind && !row.outcome_unknown && row.shipment_id.is_some() && row.resolved_at.is_none();
    Work {
        id,
        name: row.shipment_number.clone().unwrap_or_else(|| format!("problem {id}")),
        version: row.version,
        op: random_hex::<16>(),
        back: back.to_owned(),
        owner: row.assignee.clone().unwrap_or_default(),
        mine: row.assignee_id == Some(visitor.person.user),
        snoozed: row.snoozed_until.filter(|_| row.is_snoozed(visitor.now)).map(|at| visitor.stamp(at)),
        open: row.resolved_at.is_none(),
        retry: (retried && visitor.can(retry::permission(row.kind))).then(|| page("retry")),
        another_day: page("snooze"),
    }
}

/// The page that retries what shares a problem's cause, for those who may.
pub fn group(visitor: &Visitor, row: &Row, which: &str, back: &str) -> Option<String> {
    let kind = matches!(row.kind, ProblemKind::Post | ProblemKind::Submit);
    (kind && !row.outcome_unknown && visitor.can(retry::permission(row.kind))).then(|| {
        let link = Link::to(format!("/problems/{}/retry-group", row.id)).with("back", back);
        if which.is_empty() { link.to_string() } else { link.with("which", which).to_string() }
    })
}

/// Until when: an hour, tomorrow, a day.
#[derive(Debug)]
pub struct UntilWhen;

#[derive(Template)]
#[template(path = "problems/_snooze.html")]
struct SnoozeRows<'a> {
    until: &'a str,
    day: &'a str,
    errors: &'a FormErrors,
    zone: String,
}

impl ActionFields<Snooze> for UntilWhen {
    async fn render(
        visitor: &Visitor,
        _: &mut Scope,
        _: &Row,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let until = match fields.get("until") {
            "" => "day",
            given => given,
        };
        let zone = visitor.zone.to_string();
        Ok(SnoozeRows { until, day: fields.get("day"), errors, zone }.render()?)
    }
}

/// All of a group, or only what failed for good.
#[derive(Debug)]
pub struct WhichOnes;

#[derive(Template)]
#[template(path = "problems/_which.html")]
struct WhichRows {
    failed_only: bool,
    all: i64,
    failed: i64,
}

impl ActionFields<RetryGroup> for WhichOnes {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        group: &Group,
        fields: &Fields,
        _: &FormErrors,
    ) -> WebResult<String> {
        let failed_only = fields.get("which") == "failed";
        Ok(WhichRows { failed_only, all: group.all, failed: group.failed }.render()?)
    }
}
