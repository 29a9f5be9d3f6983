//! *Map courier and resend*: saves a mapping and submits again every shipment
//! of the channel that failed for want of it, in one step.

use crate::{
    accounts::Permission,
    actions::{ActionError, Availability, By, Outcome, Stale},
    channels::store,
    clock::Instant,
    couriers::mapping::{self, NewMapping, Saved},
    db::{Db, Scope, sql},
    ids::{AccountId, ChannelId, ShipmentId},
    shipments::{Subject, submit},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// Most shipments resent at once; the rest waits for the next press.
const AT_ONCE: i64 = 500;

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
}

/// The shipments of a channel whose sync failed with this courier.
async fn waiting(
    scope: &mut Scope,
    channel: ChannelId,
    courier: &str,
) -> Result<Vec<ShipmentId>, ActionError> {
    let account = scope.account();
    let rows: Vec<Waiting> = scope
        .rows(
            sql(
                "select id from shipments where account_id = {} and channel_id = {} and lower(courier) = {} \
                 and channel_sync in ('failed', 'warning') and voided_at is null order by id limit {}",
            )
            .bind(account)
            .bind(channel)
            .bind(mapping::key(courier))
            .bind(AT_ONCE),
        )
        .await?;
    Ok(rows.into_iter().map(|r| r.id).collect())
}

/// How many shipments saving this mapping could resend.
pub async fn would_resend(
    scope: &mut Scope,
    channel: ChannelId,
    courier: &str,
) -> Result<usize, ActionError> {
    Ok(waiting(scope, channel, courier).await?.len())
}

/// Saves the mapping; with `resend`, submits again everything that waits for it.
pub async fn save(
    db: &Db,
    account: AccountId,
    channel: ChannelId,
    new: &NewMapping,
    resend: bool,
    by: &By,
    now: Instant,
) -> Result<Outcome, ActionError> {
    let mut scope = db.scope(account).await?;
    let outcome = save_in(&mut scope, channel, new, resend, by, now).await?;
    scope.commit().await?;
    Ok(outcome)
}

/// As [`save`], in the caller's transaction.
pub async fn save_in(
    scope: &mut Scope,
    channel: ChannelId,
    new: &NewMapping,
    resend: bool,
    by: &By,
    now: Instant,
) -> Result<Outcome, ActionError> {
    if !by.can(Permission::CouriersEdit) {
        return Err(ActionError::Forbidden(Permission::CouriersEdit));
    }
    let Some(row) = store::channel(scope, channel).await? else {
        return Err(ActionError::NotFound);
    };
    let mut mistakes = Vec::new();
    if mapping::key(&new.courier).is_empty() {
        mistakes.push(("courier".to_owned(), "Choose the courier as it is sent to us.".to_owned()));
    }
    if new.courier.chars().count() > 100 {
        mistakes.push(("courier".to_owned(), "Keep the courier under 100 characters.".to_owned()));
    }
    if new.custom_name.trim().is_empty() {
        mistakes.push((
            "custom_name".to_owned(),
            format!("Enter the custom name {} uses for this courier.", row.name),
        ));
    }
    if new.custom_name.chars().count() > 200 {
        mistakes.push(("custom_name".to_owned(), "Keep the custom name under 200 characters.".to_owned()));
    }
    if !mistakes.is_empty() {
        return Err(ActionError::Refused(mistakes));
    }
    let saved = match mapping::save(scope, channel, new, by, now).await? {
        Saved::Stale { now: current } => {
            return Err(ActionError::Stale(Stale {
                what: format!("The mapping of {} (now “{current}”)", new.courier.trim()),
                changes: Vec::new(),
            }));
        }
        saved => saved,
    };
    let mut outcome = Outcome { changed: saved != Saved::Unchanged, ..Outcome::default() };
    if resend {
        for id in waiting(scope, channel, &new.courier).await? {
            if let Some(subject) = Subject::load(scope, id, true).await?
                && submit::available(&subject) == Availability::Available
            {
                outcome.jobs.push(submit::queue(scope, &subject, by, now).await?);
            }
        }
    }
    outcome.changed |= !outcome.jobs.is_empty();
    let mapped = format!("{} is sent to {} as {}.", new.courier.trim(), row.name, new.custom_name.trim());
    outcome.message = match (resend, outcome.jobs.len()) {
        (false, _) => mapped,
        (true, 0) => format!("{mapped} Nothing was waiting for it."),
        (true, 1) => format!("{mapped} Resending 1 fulfillment."),
        (true, n) => format!("{mapped} Resending {n} fulfillments."),
    };
    Ok(outcome)
}
