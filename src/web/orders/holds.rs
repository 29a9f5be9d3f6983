//! *Holds* of an order: what stands, the form that adds one, and what the pages
//! of the actions ask.

use crate::{
    actions::{Action as _, Outcome},
    clock::Instant,
    db::Scope,
    orders::{
        HoldKind, Subject,
        find::Hold,
        holds::{self, AddHold, RemoveHold},
        subject,
    },
    secrets::random_hex,
    web::{
        Fields, Visitor, WebResult,
        action::ActionFields,
        badge::{self, Badge},
        list::Link,
        markup::{FormErrors, Stamp},
    },
};
use askama::Template;
use chrono_tz::Tz;

/// The section of the order's page.
pub struct Holds {
    /// The order.
    pub id: i64,
    /// What every form carries.
    pub version: i32,
    /// What stands.
    pub standing: Vec<Standing>,
    /// Who may still ship it, although it is held.
    pub too_late: Option<String>,
    /// The form that adds one, for those who may.
    pub add: Option<Add>,
    /// The key of *Remove all holds*, where there are several.
    pub remove_all: Option<String>,
}

/// A hold that stands.
pub struct Standing {
    /// Its kind.
    pub badge: Badge,
    /// Its kind's word.
    pub kind: HoldKind,
    /// Why.
    pub reason: String,
    /// By whom; may be empty.
    pub by: String,
    /// Since when.
    pub since: Stamp,
    /// When it releases itself.
    pub until: Option<Stamp>,
    /// The key of the form that removes it, for those who may.
    pub remove: Option<String>,
    /// The page that changes it, for those who may.
    pub change: Option<String>,
}

/// The form that adds a hold.
pub struct Add {
    /// Its key.
    pub op: String,
    /// What can be chosen.
    pub kinds: Vec<HoldKind>,
    /// The zone of its times.
    pub zone: String,
}

/// The kinds that somebody sets and removes.
fn kinds(visitor: &Visitor) -> Vec<HoldKind> {
    let client = holds::may_be_client(Some(visitor.person.role));
    HoldKind::ALL.iter().copied().filter(|kind| client || *kind != HoldKind::Client).collect()
}

/// The section as somebody sees it.
pub fn section(
    visitor: &Visitor,
    id: i64,
    version: i32,
    canceled: bool,
    standing: Vec<Hold>,
    parcels: &[subject::Parcel],
) -> Holds {
    let may = visitor.can(AddHold::PERMISSION);
    let kinds = kinds(visitor);
    let key = || random_hex::<16>();
    let row = |hold: Hold| {
        let mine = may && kinds.contains(&hold.kind);
        let page = Link::to(format!("/orders/{id}/add-hold")).with("kind", hold.kind.as_str());
        Standing {
            badge: badge::hold(hold.kind),
            kind: hold.kind,
            reason: hold.reason,
            by: hold.placed_by_name,
            since: visitor.stamp(hold.created_at),
            until: hold.hold_until.map(|at| visitor.stamp(at)),
            remove: mine.then(key),
            change: (mine && !canceled).then(|| page.to_string()),
        }
    };
    let held = !standing.is_empty();
    let standing: Vec<Standing> = standing.into_iter().map(row).collect();
    Holds {
        id,
        version,
        too_late: subject::too_late(parcels).filter(|_| held),
        remove_all: (standing.len() > 1 && standing.iter().any(|hold| hold.remove.is_some())).then(key),
        add: (may && !canceled).then(|| Add { op: key(), kinds, zone: visitor.zone.to_string() }),
        standing,
    }
}

/// A moment as its field holds it.
fn field(at: Instant, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// Which hold, why and until when.
#[derive(Debug)]
pub struct HoldFields;

#[derive(Template)]
#[template(path = "orders/_hold_fields.html")]
struct HoldRows<'a> {
    kinds: Vec<HoldKind>,
    kind: String,
    reason: String,
    until: String,
    zone: String,
    errors: &'a FormErrors,
}

impl ActionFields<AddHold> for HoldFields {
    async fn render(
        visitor: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let kind = match fields.get("kind") {
            "" => HoldKind::Operator.as_str(),
            given => given,
        };
        let typed = |name: &str| fields.0.iter().any(|(field, _)| field == name);
        // the page that changes one begins with what it is
        let known = HoldKind::parse(kind).and_then(|kind| subject.hold(kind));
        let reason = match known {
            Some(hold) if !typed("reason") => hold.reason.clone(),
            _ => fields.get("reason").to_owned(),
        };
        let until = match known.and_then(|hold| hold.hold_until) {
            Some(at) if !typed("until") => field(at, visitor.zone),
            _ => fields.get("until").to_owned(),
        };
        let (kinds, zone) = (kinds(visitor), visitor.zone.to_string());
        Ok(HoldRows { kinds, kind: kind.to_owned(), reason, until, zone, errors }.render()?)
    }

    async fn answer(_: &Visitor, _: i64, outcome: &Outcome) -> WebResult<(&'static str, String)> {
        let tone = match (outcome.data["too_late"].as_bool(), outcome.changed) {
            (Some(true), _) => "warning",
            (_, true) => "success",
            _ => "info",
        };
        Ok((tone, outcome.message.clone()))
    }
}

/// Which of the standing holds.
#[derive(Debug)]
pub struct WhichHold;

#[derive(Template)]
#[template(path = "orders/_which_hold.html")]
struct WhichRows<'a> {
    standing: Vec<HoldKind>,
    /// A client hold stands that is not theirs to remove.
    clients: bool,
    kind: String,
    errors: &'a FormErrors,
}

impl ActionFields<RemoveHold> for WhichHold {
    async fn render(
        visitor: &Visitor,
        _: &mut Scope,
        subject: &Subject,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let mine = kinds(visitor);
        let (standing, others): (Vec<HoldKind>, Vec<HoldKind>) =
            subject.holds.iter().map(|hold| hold.kind).partition(|kind| mine.contains(kind));
        let kind = match (fields.get("kind"), standing.as_slice()) {
            ("", [only]) => only.as_str().to_owned(),
            (given, _) => given.to_owned(),
        };
        Ok(WhichRows { standing, clients: !others.is_empty(), kind, errors }.render()?)
    }
}
