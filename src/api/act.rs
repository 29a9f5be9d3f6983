//! Actions on fulfillments: the same that the pages' buttons run. Whoever asks
//! the other side answers here with what it said.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    problem::ApiResult,
    shown::Done,
};
use crate::{
    actions::{self, Action, Call, NoInput, Outcome},
    ids::JobId,
    jobs,
    shipments::{
        cancel_order::CancelOrder,
        clear_submission::{self, ClearSubmission},
        edit_shipping::{self, EditShipping},
        mark_error::{self, MarkAsError},
        post::Post,
        repost::{self, Repost},
        restore::RestoreShipment,
        resync_from::ResyncFrom,
        resync_to::ResyncTo,
        submit::SubmitToChannel,
        void::{self, VoidShipment},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Nobody waits longer for another side's answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// Runs an action on the record of the path.
pub async fn run<A: Action>(caller: &Caller, id: i64, input: A::Input) -> ApiResult<Outcome> {
    let call = Call { id, input, version: caller.if_match.version(), key: caller.key_of(A::NAME) };
    Ok(actions::run::<A>(&caller.app.db, caller.account(), &caller.by, call, caller.now).await?)
}

/// As [`run`], and the answer.
pub async fn done<A: Action>(caller: &Caller, id: i64, input: A::Input) -> ApiResult<Answer<Done>> {
    let outcome = run::<A>(caller, id, input).await?;
    Ok(Answer::of(Done {
        id,
        message: outcome.message,
        changed: outcome.changed,
        pending: !outcome.jobs.is_empty(),
    }))
}

/// As [`done`], with its jobs run here as far as there is patience.
pub async fn at_once<A: Action>(caller: &Caller, id: i64, input: A::Input) -> ApiResult<Answer<Done>> {
    let outcome = run::<A>(caller, id, input).await?;
    let until = Instant::now() + PATIENCE;
    let mut pending = false;
    for job in &outcome.jobs {
        pending |= !finish(caller, *job, until).await?;
    }
    Ok(Answer::of(Done { id, message: outcome.message, changed: outcome.changed, pending }))
}

/// Runs a job to its end, whoever stops waiting; false when it goes on.
async fn finish(caller: &Caller, job: JobId, until: Instant) -> ApiResult<bool> {
    let app = caller.app.clone();
    let work = caller.app.finish(async move { jobs::run_now(&app.work(), &app.handlers, job).await });
    match timeout(until.saturating_duration_since(Instant::now()), work).await {
        Ok(Ok(ran)) => {
            ran?;
            Ok(true)
        }
        Ok(Err(error)) => Err(anyhow::anyhow!("{error}").into()),
        Err(_) => Ok(false),
    }
}

/// Why.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = Reason { reason: "The customer canceled by phone.".into() })]
pub struct Reason {
    /// Kept in the activity log; 3 to 500 characters where the action asks for one.
    #[schemars(length(max = 500))]
    pub reason: String,
}

/// `POST …/post`
pub async fn post(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    done::<Post>(&caller, asks.id(), NoInput {}).await
}

/// How a fulfillment is posted again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = RepostBody { cancel_first: true, ..RepostBody::default() })]
pub struct RepostBody {
    /// Why; needed with `anyway`.
    #[schemars(length(max = 500))]
    pub reason: String,
    /// Send it whatever the provider says about the earlier order.
    pub anyway: bool,
    /// Cancel the earlier order first, if it is still there.
    pub cancel_first: bool,
}

/// `POST …/repost`
pub async fn repost(caller: Caller, asks: Asks<Nothing, RepostBody>) -> ApiResult<Answer<Done>> {
    let RepostBody { reason, anyway, cancel_first } = asks.body.clone();
    done::<Repost>(&caller, asks.id(), repost::Input { reason, anyway, cancel_first }).await
}

/// `POST …/mark-as-error`
pub async fn mark_as_error(caller: Caller, asks: Asks<Nothing, Reason>) -> ApiResult<Answer<Done>> {
    let input = mark_error::Input { reason: asks.body.reason.clone() };
    done::<MarkAsError>(&caller, asks.id(), input).await
}

/// `POST …/clear-channel-submission`
pub async fn clear_submission(caller: Caller, asks: Asks<Nothing, Reason>) -> ApiResult<Answer<Done>> {
    let input = clear_submission::Input { reason: asks.body.reason.clone() };
    done::<ClearSubmission>(&caller, asks.id(), input).await
}

/// `POST …/submit-to-sales-channel`: synchronous.
pub async fn submit(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    at_once::<SubmitToChannel>(&caller, asks.id(), NoInput {}).await
}

/// `POST …/resync-from-provider`
pub async fn resync_from(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    at_once::<ResyncFrom>(&caller, asks.id(), NoInput {}).await
}

/// `POST …/resync-to-provider`
pub async fn resync_to(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    at_once::<ResyncTo>(&caller, asks.id(), NoInput {}).await
}

/// `POST …/cancel-provider-order`
pub async fn cancel_order(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    at_once::<CancelOrder>(&caller, asks.id(), NoInput {}).await
}

/// `POST …/void`
pub async fn void(caller: Caller, asks: Asks<Nothing, Reason>) -> ApiResult<Answer<Done>> {
    done::<VoidShipment>(&caller, asks.id(), void::Input { reason: asks.body.reason.clone() }).await
}

/// `POST …/restore`
pub async fn restore(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Done>> {
    done::<RestoreShipment>(&caller, asks.id(), NoInput {}).await
}

/// Shipping details; what is left out stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = ShippingDetails { tracking_number: Some("05308900123456".into()), courier: Some("dpd".into()), cost: Some("4.95".into()), notify: edit_shipping::Notify::Channel, ..ShippingDetails::default() })]
pub struct ShippingDetails {
    /// The tracking number. A first one means that the fulfillment has left.
    #[schemars(length(max = 100))]
    pub tracking_number: Option<String>,
    /// The courier that has the parcel.
    #[schemars(length(max = 100))]
    pub courier: Option<String>,
    /// The courier’s service.
    #[schemars(length(max = 100))]
    pub service: Option<String>,
    /// What sending it cost, as a decimal in the order’s currency.
    pub cost: Option<String>,
    /// When it left.
    #[schemars(extend("format" = "date-time"))]
    pub shipped_at: Option<String>,
    /// Who is told of a correction.
    #[serde(default)]
    pub notify: edit_shipping::Notify,
}

/// `PATCH …/shipping-details`
pub async fn shipping_details(
    caller: Caller,
    asks: Asks<Nothing, ShippingDetails>,
) -> ApiResult<Answer<Done>> {
    let ShippingDetails { tracking_number, courier, service, cost, shipped_at, notify } = asks.body.clone();
    let input = edit_shipping::Input { tracking_number, courier, service, cost, shipped_at, notify };
    done::<EditShipping>(&caller, asks.id(), input).await
}

/// Which are voided, and why.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkVoid {
    /// Numbers of fulfillments, `ids=1&ids=2`; 100 at most. For more, begin a bulk operation.
    #[schemars(length(min = 1, max = 100), range(min = 1))]
    pub ids: Vec<i64>,
    /// Why; 3 to 500 characters.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// What became of each.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Voided {
    /// In the order they were named.
    pub data: Vec<VoidedRow>,
}

/// What became of one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VoidedRow {
    /// Of the fulfillment.
    pub id: i64,
    /// Whether it is voided now.
    pub voided: bool,
    /// Why not: the code of the problem.
    pub code: Option<String>,
    /// A sentence for people.
    pub detail: String,
}

/// `DELETE /v1/fulfillments`: voids each, which can be taken back.
pub async fn bulk_void(caller: Caller, asks: Asks<BulkVoid>) -> ApiResult<Answer<Voided>> {
    let BulkVoid { mut ids, reason } = asks.query;
    if ids.is_empty() || ids.len() > 100 {
        let detail = "Name 1 to 100 fulfillments; for more, begin a bulk operation.";
        return Err(super::problem::Problem::field("ids", "out_of_range", detail));
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    let reason = reason.unwrap_or_else(|| "Voided by the API".to_owned());
    actions::reason(&reason, Some("Say why they are voided."))?;
    let mut data = Vec::new();
    for id in ids {
        let input = void::Input { reason: reason.clone() };
        let call = Call { id, input, version: None, key: caller.key_of(format!("void:{id}")) };
        let ran =
            actions::run::<VoidShipment>(&caller.app.db, caller.account(), &caller.by, call, caller.now);
        data.push(match ran.await {
            Ok(outcome) => VoidedRow { id, voided: true, code: None, detail: outcome.message },
            // already as wanted
            Err(actions::ActionError::Unavailable(why))
                if why.offer.as_deref() == Some(RestoreShipment::NAME) =>
            {
                VoidedRow { id, voided: true, code: None, detail: why.sentence }
            }
            Err(error @ (actions::ActionError::Db(_) | actions::ActionError::Forbidden(_))) => {
                return Err(error.into());
            }
            Err(error) => {
                let problem = super::problem::Problem::from(error);
                VoidedRow {
                    id,
                    voided: false,
                    code: Some(problem.kind.code.to_owned()),
                    detail: problem.detail,
                }
            }
        });
    }
    Ok(Answer::of(Voided { data }))
}
