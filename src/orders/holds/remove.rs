//! Removing holds, and putting back what was removed.

use super::{is_client_side, kept, kind, noun, plan};
use crate::{
    accounts::Permission,
    actions::{self, Action, ActionError, Availability, By, Outcome, Preview, WhyNot},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{activity, mask},
    notify::events,
    orders::{HoldKind, Subject, status, subject::Standing},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Why a client hold stays.
const CLIENTS_OWN: &str = "Only the client’s side removes a client hold.";

fn clients_own() -> ActionError {
    ActionError::Unavailable(WhyNot { sentence: CLIENTS_OWN.into(), offer: None })
}

fn held(subject: &Subject) -> Availability {
    Availability::when(!subject.holds.is_empty(), "No hold stands on the order.")
}

/// Takes holds off, with a line for each, and brings the order up to it.
pub(super) async fn take_off(
    scope: &mut Scope,
    subject: &Subject,
    holds: &[&Standing],
    by: &By,
    verb: &'static str,
    summary: impl Fn(&Standing) -> String,
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let ids: Vec<i64> = holds.iter().map(|hold| hold.id).collect();
    let person = by.user();
    scope
        .execute(
            sql("update order_holds set released_at = {}, released_by = {} where account_id = {} and id = any({})")
                .bind(now)
                .bind(person)
                .bind(account)
                .bind(ids),
        )
        .await?;
    for hold in holds {
        let nothing = json!({ "kind": null, "reason": null, "hold_until": null });
        let entry = subject
            .entry(by, verb, summary(hold))
            .changed(kept(hold.kind, &hold.reason, hold.hold_until), nothing);
        activity::record(scope, entry).await?;
    }
    status::refresh(scope, subject.order.id).await?;
    events::order_updated(scope, subject.order.id, &by.trace, now).await
}

/// The sentence after a removal: what still stands.
fn what_stands(subject: &Subject, removed: &[&Standing]) -> String {
    let left: Vec<String> = subject
        .holds
        .iter()
        .filter(|hold| !removed.iter().any(|gone| gone.id == hold.id))
        .map(|hold| noun(hold.kind))
        .collect();
    let number = &subject.order.number;
    match left.as_slice() {
        [] => format!("Order {number} is not on hold any more."),
        [one] => format!("Order {number} stays on hold by its {one}."),
        some => format!("Order {number} stays on hold by its {}.", some.join(", ")),
    }
}

/// `: why`, for a line of history; nothing without a reason.
fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", mask::body(reason)) }
}

/// The ids as the undo carries them.
fn listed(holds: &[&Standing]) -> String {
    holds.iter().map(|hold| hold.id.to_string()).collect::<Vec<_>>().join(",")
}

/// *Remove hold.*
#[derive(Debug)]
pub struct RemoveHold;

/// Which, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// A word of [`HoldKind`].
    #[serde(default)]
    pub kind: String,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
}

impl Action for RemoveHold {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "remove_hold";
    const LABEL: &'static str = "Remove hold";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        held(subject)
    }

    fn available_for(subject: &Subject, input: &Input) -> Availability {
        let kind = HoldKind::parse(input.kind.trim());
        match kind.filter(|kind| subject.hold(*kind).is_none()) {
            Some(kind) => {
                Availability::no(format!("No {} stands on the order.", kind.label().to_lowercase()))
            }
            None => Self::available(subject),
        }
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Remove a hold of order {}?", subject.order.number),
            effects: vec![
                "Once no hold stands, the order can be posted. Neither the channel nor the provider is told."
                    .into(),
            ],
            button: "Remove hold".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    fn check(input: &Input) -> Result<(), ActionError> {
        kind(&input.kind).map(|_| ())
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let kind = kind(&input.kind)?;
        let reason = actions::reason(&input.reason, None)?;
        let number = &subject.order.number;
        let Some(hold) = subject.hold(kind) else {
            return Ok(Outcome::unchanged(format!("No {} stands on order {number}.", noun(kind))));
        };
        if kind == HoldKind::Client && !is_client_side(by) {
            return Err(clients_own());
        }
        let removed = [hold];
        let summary =
            |_: &Standing| format!("Removed the {} of order {number}{}", noun(kind), because(reason));
        take_off(scope, &subject, &removed, by, "hold_removed", summary, now).await?;
        let said = format!("{} removed. {}", kind.label(), what_stands(&subject, &removed));
        Ok(Outcome::done(said).undone_by(RestoreHolds::NAME, json!({ "holds": listed(&removed) })))
    }
}

/// *Remove all holds*, as far as one may.
#[derive(Debug)]
pub struct RemoveAllHolds;

/// Why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Why {
    /// May be empty.
    #[serde(default)]
    pub reason: String,
}

impl Action for RemoveAllHolds {
    type Subject = Subject;
    type Input = Why;
    const NAME: &'static str = "remove_all_holds";
    const LABEL: &'static str = "Remove all holds";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        held(subject)
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        let kinds: Vec<String> = subject.holds.iter().map(|hold| noun(hold.kind)).collect();
        let mut effects = vec![format!("Removed: {}.", kinds.join(", "))];
        if subject.hold(HoldKind::Client).is_some() {
            effects.push(format!("{CLIENTS_OWN} For others it stands on."));
        }
        effects.push(
            "Once no hold stands, the order can be posted. Neither the channel nor the provider is told."
                .into(),
        );
        Ok(Preview {
            question: format!("Remove all holds of order {}?", subject.order.number),
            effects,
            button: "Remove all holds".into(),
            asks_reason: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Why,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let reason = actions::reason(&input.reason, None)?;
        let clients = is_client_side(by);
        let removed: Vec<&Standing> =
            subject.holds.iter().filter(|hold| clients || hold.kind != HoldKind::Client).collect();
        if removed.is_empty() {
            return Err(clients_own());
        }
        let number = &subject.order.number;
        let summary =
            |hold: &Standing| format!("Removed the {} of order {number}{}", noun(hold.kind), because(reason));
        take_off(scope, &subject, &removed, by, "hold_removed", summary, now).await?;
        let n = match removed.as_slice() {
            [one] => format!("{} removed.", one.kind.label()),
            some => format!("{} holds removed.", some.len()),
        };
        let rest = match removed.len() == subject.holds.len() {
            true => what_stands(&subject, &removed),
            false => format!("The client hold stands. {CLIENTS_OWN}"),
        };
        let back = json!({ "holds": listed(&removed) });
        Ok(Outcome::done(format!("{n} {rest}")).undone_by(RestoreHolds::NAME, back))
    }
}

/// *Put holds back*: what was removed stands again as it was, by whom and since when.
#[derive(Debug)]
pub struct RestoreHolds;

/// Which.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Removed {
    /// Their ids with commas between; empty: what was removed last.
    #[serde(default)]
    pub holds: String,
}

impl Action for RestoreHolds {
    type Subject = Subject;
    type Input = Removed;
    const NAME: &'static str = "restore_holds";
    const LABEL: &'static str = "Put holds back";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        Availability::when(!subject.order.canceled, "The order was canceled at the channel.")
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Put the holds of order {} back?", subject.order.number),
            effects: vec!["What was removed last stands again, as it was. Neither the channel nor the provider is told.".into()],
            button: "Put holds back".into(),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Removed,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let ids: Vec<i64> = input.holds.split(',').filter_map(|id| id.trim().parse().ok()).collect();
        let account = scope.account();
        let statement = sql(
            "select id, kind, reason, hold_until from order_holds h where account_id = {} and order_id = {} \
                 and released_at is not null and (hold_until is null or hold_until > {})",
        )
        .bind(account)
        .bind(subject.order.id)
        .bind(now);
        let statement = match ids.is_empty() {
            true => statement.push(
                " and released_at = (select max(l.released_at) from order_holds l where l.account_id = h.account_id \
                 and l.order_id = h.order_id)",
            ),
            false => statement.push(" and id = any({})").bind(ids),
        };
        let gone: Vec<Standing> = scope.rows(statement.push(" order by id desc")).await?;
        let mut back: Vec<&Standing> = Vec::new();
        for hold in &gone {
            let stands =
                subject.hold(hold.kind).is_some() || back.iter().any(|other| other.kind == hold.kind);
            if !stands && (hold.kind != HoldKind::Client || is_client_side(by)) {
                back.push(hold);
            }
        }
        let number = &subject.order.number;
        if back.is_empty() {
            return Ok(Outcome::unchanged(format!("Order {number} has no hold to put back.")));
        }
        for hold in &back {
            scope
                .execute(
                    sql("update order_holds set released_at = null, released_by = null where account_id = {} and id = {}")
                        .bind(account)
                        .bind(hold.id),
                )
                .await?;
            let nothing = json!({ "kind": null, "reason": null, "hold_until": null });
            let entry = subject
                .entry(by, "hold_restored", format!("Put the {} of order {number} back", noun(hold.kind)))
                .changed(nothing, kept(hold.kind, &hold.reason, hold.hold_until));
            activity::record(scope, entry).await?;
            plan(scope, subject.order.id, hold.id, hold.hold_until, by).await?;
        }
        status::refresh(scope, subject.order.id).await?;
        events::order_updated(scope, subject.order.id, &by.trace, now).await?;
        let kinds: Vec<String> = back.iter().map(|hold| noun(hold.kind)).collect();
        Ok(Outcome::done(format!("Order {number} is on hold again: {}.", kinds.join(", "))))
    }
}
