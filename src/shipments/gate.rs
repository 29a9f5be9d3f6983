//! The gate: what is asked of the providers before a shipment that may have an
//! order already is sent (again), and what their answers allow.

use super::{
    cancel_order,
    door::{Caller, Canceled, Door},
    post::Ready,
    posts::{self, Step},
    provider_orders::{self, ProviderOrder},
    survey::{Survey, survey},
};
use crate::{
    ids::{ConnectionId, PostId},
    jobs::{Claimed, End, Work},
    providers::RemoteOrder,
};
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What the person decided about earlier orders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Gate {
    /// Send it whatever the provider says.
    pub anyway: bool,
    /// Cancel what is still there, then send.
    #[serde(default)]
    pub cancel_first: bool,
    /// The post it follows, which counts again if this one is stopped.
    pub previous: Option<PostId>,
}

/// What the gate decides.
pub(super) enum Answer {
    /// Send, under this reference.
    Pass {
        /// The one before, or one more where the provider would not take it again.
        reference: String,
    },
    /// An earlier request arrived after all; its order is this post's.
    Adopt(RemoteOrder),
    /// Do not send.
    Stop {
        /// Why, in a sentence with what to do.
        sentence: String,
    },
}

/// Asks.
pub(super) async fn ask(
    work: &Work,
    job: &Claimed,
    ready: &Ready,
    gate: &Gate,
) -> Result<Result<Answer, End>> {
    let mut scope = work.db.scope(job.account_id).await?;
    let nothing_known = provider_orders::of_shipment(&mut scope, ready.post.shipment_id).await?.is_empty();
    drop(scope);
    let mut survey = match survey(work, job, &ready.subject).await? {
        Ok(survey) => survey,
        Err(waits) => return Ok(Err(waits)),
    };
    let mut words = Vec::new();
    if gate.cancel_first {
        words = cancel_all(work, job, ready, &mut survey).await?;
    }
    let adopted = match survey.live.as_slice() {
        [(connection, order)] if nothing_known && *connection == ready.post.connection_id && !gate.anyway => {
            Some(order.clone())
        }
        _ => None,
    };
    let mut scope = work.db.scope(job.account_id).await?;
    let (step, detail) = found(&survey);
    posts::step(&mut scope, &ready.post, step, &detail, survey.record).await?;
    let known = provider_orders::of_shipment(&mut scope, ready.post.shipment_id).await?;
    if gate.anyway && (!survey.live.is_empty() || survey.unclear.is_some()) {
        let told = format!("Sent anyway: {}", ready.post.reason);
        posts::step(&mut scope, &ready.post, Step::Decided, &told, None).await?;
    }
    scope.commit().await?;
    if let Some(order) = adopted {
        return Ok(Ok(Answer::Adopt(order)));
    }
    let who = ready.subject.provider_name();
    if let ([(_, order), ..], false) = (survey.live.as_slice(), gate.anyway) {
        let cancels = ready.door.capabilities().cancels;
        let mut sentence =
            format!("{who} still has the earlier order {} ({}).", order.remote_id, order.status);
        if let Some(refusal) = words.first() {
            sentence.push_str(&format!(" It was not canceled: {refusal}"));
        }
        sentence.push_str(match cancels {
            true => " Cancel it first, or re-post with the tick and a reason.",
            false => " Cancel it there first, or re-post with the tick and a reason.",
        });
        return Ok(Ok(Answer::Stop { sentence }));
    }
    if let (Some(why), false) = (&survey.unclear, gate.anyway) {
        let sentence = format!(
            "{who} could not say whether it still has the earlier order: {why} Try again later, or re-post with the tick and a reason."
        );
        return Ok(Ok(Answer::Stop { sentence }));
    }
    // a reference whose order ended there would not make a new one
    let last = &ready.order.reference;
    let ended = |order: &ProviderOrder| order.ended_at.is_some() && order.reference == *last;
    let used_up = !ready.door.capabilities().reuses_references
        && known.iter().any(ended)
        && survey.live.iter().all(|(_, order)| order.reference != *last);
    Ok(Ok(Answer::Pass { reference: if used_up { next_reference(last) } else { last.clone() } }))
}

/// Cancels every order that lives; answers why some were not.
async fn cancel_all(work: &Work, job: &Claimed, ready: &Ready, survey: &mut Survey) -> Result<Vec<String>> {
    let caller = Caller { work, job, shipment: &ready.subject.shipment };
    let mut words = Vec::new();
    let mut left: Vec<(ConnectionId, RemoteOrder)> = Vec::new();
    for (connection, order) in std::mem::take(&mut survey.live) {
        let mut scope = work.db.scope(job.account_id).await?;
        let door = Door::open(&mut scope, work, connection).await?;
        drop(scope);
        let (canceled, record) = door.cancel(caller, &order).await;
        survey.record = record.or(survey.record);
        match canceled {
            Canceled::Done => {
                cancel_order::note_gone(work, job, ready, connection, &order, record).await?;
                continue;
            }
            Canceled::CannotCancel => {
                words.push(format!("{} takes no cancellations from here.", door.connection.name));
            }
            Canceled::Refused(failure) | Canceled::NotNow(failure) | Canceled::Unclear(failure) => {
                words.push(failure.message);
            }
        }
        left.push((connection, order));
    }
    survey.live = left;
    Ok(words)
}

/// What the survey found, as a step of the post.
fn found(survey: &Survey) -> (Step, String) {
    match (survey.live.first(), &survey.unclear) {
        (Some((_, order)), _) => {
            (Step::CheckedFound, format!("Earlier order {} is there: {}", order.remote_id, order.status))
        }
        (None, Some(why)) => (Step::CheckedUnclear, why.clone()),
        (None, None) => (Step::CheckedAbsent, "The earlier order is not there, or canceled.".to_owned()),
    }
}

/// `SHP-000123` → `SHP-000123-R2` → `SHP-000123-R3`.
pub fn next_reference(reference: &str) -> String {
    match reference.rsplit_once("-R").and_then(|(base, n)| n.parse::<u32>().ok().map(|n| (base, n))) {
        Some((base, n)) => format!("{base}-R{}", n + 1),
        None => format!("{reference}-R2"),
    }
}
