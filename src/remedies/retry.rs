//! Retrying problems: one, or all of one cause. Each is sent by the action that
//! would send it by hand, without anybody's *anyway*; what cannot be sent is
//! skipped and says why. A group is a job: no request does anything big.

use crate::{
    accounts::{Permission, Role},
    actions::{self, Action, ActionError, Availability, By, Call, NoInput, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{Actor, ActorKind, TraceId, activity, activity::Ended},
    ids::{JobId, ProblemId},
    jobs::{self, Claimed, End, Handler, NewJob, Work},
    problems::{ProblemKind, list::Row, work},
    shipments::{self, ChannelSync, Status, post::Post, repost, repost::Repost, submit},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Timestamptz},
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The job that retries a group.
pub const RETRY_PROBLEMS: &str = "retry_problems";
/// Most problems of one group retried at once; the rest waits for the next press.
pub const AT_ONCE: i64 = 500;

/// A problem and the shipment it stopped.
#[derive(Debug)]
pub struct Stopped {
    problem: Row,
    shipment: Option<shipments::Subject>,
}

/// What sending it again is called.
enum How {
    Post,
    Repost,
    Submit,
}

impl Target for Stopped {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Stopped>> {
        let Some(problem) = Row::load(scope, id, lock).await? else {
            return Ok(None);
        };
        let shipment = match problem.shipment_id {
            Some(id) => shipments::Subject::load(scope, id, lock).await?,
            None => None,
        };
        Ok(Some(Stopped { problem, shipment }))
    }

    fn version(&self) -> i32 {
        self.problem.version
    }

    fn name(&self) -> String {
        self.problem.name()
    }

    fn history(&self) -> activity::Of {
        self.problem.history()
    }
}

impl Stopped {
    /// The action that sends it again, or why there is none.
    fn how(&self) -> Result<(How, &shipments::Subject), String> {
        if self.problem.resolved_at.is_some() {
            return Err("This problem is fixed already.".into());
        }
        let Some(shipment) = &self.shipment else {
            return Err("There is no shipment to send again. Open the request to read what happened.".into());
        };
        let left = matches!(shipment.shipment.status, Status::Shipped | Status::Delivered);
        if self.problem.kind == ProblemKind::Post && left {
            return Err(
                "It left the warehouse meanwhile. If it is to be sent again, re-post it from its page."
                    .into(),
            );
        }
        let (how, available) = match self.problem.kind {
            ProblemKind::Post if Post::available(shipment).is_available() => {
                (How::Post, Availability::Available)
            }
            ProblemKind::Post if shipment.shipment.date_post.is_some() || shipment.around.posted_before => {
                (How::Repost, Repost::available(shipment))
            }
            ProblemKind::Post => (How::Post, Post::available(shipment)),
            ProblemKind::Submit
                if shipment.shipment.channel_sync == ChannelSync::PendingSync
                    && self.problem.next_attempt_at.is_none() =>
            {
                (How::Submit, Availability::no("It is being sent already."))
            }
            ProblemKind::Submit => (How::Submit, submit::available(shipment)),
            _ => return Err("Only posts and channel syncs are retried here.".into()),
        };
        match available {
            Availability::Available => Ok((how, shipment)),
            Availability::Unavailable(why) => Err(why.sentence),
        }
    }
}

/// Who may send problems of a kind again.
pub fn permission(kind: ProblemKind) -> Permission {
    match kind {
        ProblemKind::Submit => Permission::ShipmentsSubmit,
        _ => Permission::ShipmentsPost,
    }
}

/// *Retry*: one problem.
#[derive(Debug)]
pub struct Retry;

impl Action for Retry {
    type Subject = Stopped;
    type Input = NoInput;
    const NAME: &'static str = "retry_problem";
    const LABEL: &'static str = "Retry";
    // and the permission of what is retried, see `apply`
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(subject: &Stopped) -> Availability {
        match subject.how() {
            Ok(_) => Availability::Available,
            Err(sentence) => Availability::no(sentence),
        }
    }

    async fn preview(scope: &mut Scope, subject: &Stopped) -> DbResult<Preview> {
        let mut preview = match subject.how() {
            Ok((How::Post, shipment)) => Post::preview(scope, shipment).await?,
            Ok((How::Repost, shipment)) => Repost::preview(scope, shipment).await?,
            Ok((How::Submit, shipment)) => submit::SubmitToChannel::preview(scope, shipment).await?,
            Err(_) => Preview::default(),
        };
        // what may become a second parcel is decided on the shipment's own page
        (preview.option, preview.confirm, preview.asks_reason) = (None, None, false);
        preview.question = format!("Retry: {}", lower_first(&preview.question));
        preview.button = "Retry".into();
        Ok(preview)
    }

    async fn apply(
        scope: &mut Scope,
        subject: Stopped,
        by: &By,
        _: NoInput,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let needed = permission(subject.problem.kind);
        if !by.can(needed) {
            return Err(ActionError::Forbidden(needed));
        }
        let how = match subject.how() {
            Ok((how, _)) => how,
            Err(sentence) => {
                return Err(ActionError::Unavailable(actions::WhyNot { sentence, offer: None }));
            }
        };
        let Some(shipment) = subject.shipment else {
            return Err(ActionError::NotFound);
        };
        match how {
            How::Post => Post::apply(scope, shipment, by, NoInput {}, now).await,
            How::Repost => Repost::apply(scope, shipment, by, repost::Input::default(), now).await,
            How::Submit => submit::SubmitToChannel::apply(scope, shipment, by, NoInput {}, now).await,
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// *Retry group*: the problems that share a cause with one of them.
#[derive(Debug)]
pub struct RetryGroup;

/// A problem with what shares its cause.
#[derive(Debug)]
pub struct Group {
    problem: Row,
    /// Open, not snoozed, and known to have failed.
    pub all: i64,
    /// Of these, what does not go out again by itself.
    pub failed: i64,
}

/// Which of a group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Which {
    /// `failed`: only what does not go out again by itself; otherwise all.
    #[serde(default)]
    pub which: String,
}

#[derive(QueryableByName)]
struct Member {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_attempt_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct Waits {
    #[diesel(sql_type = Bool)]
    waits: bool,
}

/// The members of a group, those seen longest ago first.
async fn members(scope: &mut Scope, cause: &str, now: Option<Instant>) -> DbResult<Vec<Member>> {
    let account = scope.account();
    scope
        .rows(
            sql("select p.id, p.next_attempt_at from problems p \
                 left join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
                 where p.account_id = {} and p.cause_key = {} and p.resolved_at is null \
                 and (p.snoozed_until is null or p.snoozed_until <= coalesce({}::timestamptz, now())) \
                 and not (p.kind = 'post' and s.status is not distinct from 'unconfirmed') \
                 order by p.last_seen_at, p.id limit {}")
            .bind(account)
            .bind(cause)
            .bind(now)
            .bind(AT_ONCE),
        )
        .await
}

impl Target for Group {
    async fn load(scope: &mut Scope, id: i64, _: bool) -> DbResult<Option<Group>> {
        // no lock: nothing of the problem is written, and the job asks again row by row
        let Some(problem) = Row::load(scope, id, false).await? else {
            return Ok(None);
        };
        let members = members(scope, &problem.cause_key, None).await?;
        let failed = members.iter().filter(|m| m.next_attempt_at.is_none()).count();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(Some(Group { all: count(members.len()), failed: count(failed), problem }))
    }

    fn version(&self) -> i32 {
        self.problem.version
    }

    fn name(&self) -> String {
        self.problem.name()
    }

    fn history(&self) -> activity::Of {
        self.problem.history()
    }
}

impl Action for RetryGroup {
    type Subject = Group;
    type Input = Which;
    const NAME: &'static str = "retry_group";
    const LABEL: &'static str = "Retry group";
    // and the permission of what is retried, see `apply`
    const PERMISSION: Permission = Permission::ProblemsView;

    fn available(group: &Group) -> Availability {
        match group.problem.kind {
            ProblemKind::Post | ProblemKind::Submit => {
                Availability::when(group.all > 0, "Nothing of this cause can be retried now.")
            }
            _ => Availability::no("Only posts and channel syncs are retried here."),
        }
    }

    async fn preview(_: &mut Scope, group: &Group) -> DbResult<Preview> {
        let (to, n) = (group.problem.other_side(), group.all);
        let noun = if n == 1 { "problem" } else { "problems" };
        let mut effects = vec![match group.problem.kind {
            ProblemKind::Submit => {
                format!("The tracking is sent to {to} again. Nothing is sent to the provider.")
            }
            _ => format!(
                "Each shipment is sent to {to} by the standard post flow, e-mails and webhooks included."
            ),
        }];
        if group.problem.kind == ProblemKind::Post {
            effects.push(format!(
                "Where {to} may have an earlier order it is asked first; what it has is not sent twice."
            ));
        }
        effects.push("What cannot be sent now is skipped, with its reason.".into());
        effects.push(format!("The result stands in the activity. At most {AT_ONCE} go at once."));
        Ok(Preview {
            question: format!("Retry {n} {noun} at {to}?"),
            effects,
            button: "Retry group".into(),
            serious: true,
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        group: Group,
        by: &By,
        input: Which,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let needed = permission(group.problem.kind);
        if !by.can(needed) {
            return Err(ActionError::Forbidden(needed));
        }
        let only_failed = input.which == "failed";
        let ids: Vec<i64> = members(scope, &group.problem.cause_key, Some(now))
            .await?
            .into_iter()
            .filter(|member| !only_failed || member.next_attempt_at.is_none())
            .map(|member| member.id)
            .collect();
        if ids.is_empty() {
            return Ok(Outcome::unchanged("Nothing has failed for good: the rest is retried by itself."));
        }
        let once = format!("retry:{}", group.problem.cause_key);
        let account = scope.account();
        let waiting: Option<Waits> = scope
            .row(
                sql("select exists (select 1 from jobs where account_id = {} and kind = {} and dedupe_key = {} \
                     and state = 'ready') as waits")
                .bind(account)
                .bind(RETRY_PROBLEMS)
                .bind(&once),
            )
            .await?;
        if waiting.is_some_and(|w| w.waits) {
            return Ok(Outcome::unchanged("This group is being retried already."));
        }
        let n = ids.len();
        let payload = Payload {
            ids,
            problem: group.problem.id,
            actor_kind: by.actor.kind,
            actor_id: by.actor.id,
            actor_name: by.actor.name.clone(),
            role: by.role,
        };
        let job = NewJob::new(RETRY_PROBLEMS, once.clone(), json!(payload), now).once(once).traced(&by.trace);
        let job = jobs::enqueue(scope, job).await?;
        let noun = if n == 1 { "problem" } else { "problems" };
        let summary = format!("Retrying {n} {noun} at {}", group.problem.other_side());
        activity::record(scope, work::entry(&group.problem, by, "problems_retry_queued", summary.clone()))
            .await?;
        let outcome =
            Outcome::done(format!("{summary}. The result will stand in the activity.")).with_job(job);
        Ok(Outcome { data: json!({ "problems": n }), ..outcome })
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    ids: Vec<i64>,
    problem: ProblemId,
    actor_kind: ActorKind,
    actor_id: Option<i64>,
    actor_name: String,
    role: Option<Role>,
}

/// Works through a group, each problem in a transaction of its own. Run again
/// after a crash it finds what it did on its way, and skips it.
#[derive(Debug)]
pub struct RetryProblems;

impl Handler for RetryProblems {
    fn run<'a>(&'a self, work: &'a Work, job: &'a Claimed) -> BoxFuture<'a, anyhow::Result<End>> {
        Box::pin(async move {
            all(work, job, job.payload()?).await?;
            Ok(End::Done)
        })
    }
}

async fn all(work: &Work, job: &Claimed, payload: Payload) -> Result<(), ActionError> {
    let trace: TraceId = job.trace();
    let actor = Actor { kind: payload.actor_kind, id: payload.actor_id, name: payload.actor_name };
    let by = By { actor, role: payload.role, trace, ip: None, behind: None };
    let mut sent: Vec<JobId> = Vec::new();
    let mut skipped: BTreeMap<String, i64> = BTreeMap::new();
    for id in &payload.ids {
        let call = Call::plain(*id, NoInput {});
        match actions::run::<Retry>(&work.db, job.account_id, &by, call, (work.now)()).await {
            Ok(outcome) => sent.extend(outcome.jobs),
            Err(ActionError::Db(error)) => return Err(ActionError::Db(error)),
            Err(why) => *skipped.entry(why.to_string()).or_default() += 1,
        }
    }
    let mut scope = work.db.scope(job.account_id).await?;
    if let Some(row) = Row::load(&mut scope, payload.problem.0, false).await? {
        let of = payload.ids.len();
        let reasons: Vec<String> =
            skipped.iter().map(|(why, n)| format!("{n} × {}", why.trim_end_matches('.'))).collect();
        let summary = match reasons.is_empty() {
            true => format!("Retried {} of {of} problems", sent.len()),
            false => format!("Retried {} of {of} problems; skipped {}", sent.len(), reasons.join(", ")),
        };
        let ended = if skipped.is_empty() { Ended::Ok } else { Ended::Warning };
        let after: Value = json!({ "retried": sent.len(), "skipped": skipped });
        let entry =
            work::entry(&row, &by, "problems_retried", summary).ended(ended).changed(json!({}), after);
        activity::record(&mut scope, entry).await?;
    }
    scope.commit().await?;
    Ok(())
}
