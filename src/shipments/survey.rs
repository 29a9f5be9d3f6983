//! A survey: which orders the providers have for a shipment, by asking about
//! every one that may be alive and searching every reference that was ever sent.

use super::{
    Subject,
    door::{Caller, Door, Found, Told},
    posts, provider_orders,
    provider_orders::ProviderOrder,
};
use crate::{
    ids::{ConnectionId, RecordId},
    jobs::{Claimed, End, Work},
    providers::RemoteOrder,
};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// What the providers have.
#[derive(Default)]
pub(super) struct Survey {
    /// The orders that live, each once.
    pub(super) live: Vec<(ConnectionId, RemoteOrder)>,
    /// Those that were found to have ended.
    ended: Vec<(ConnectionId, RemoteOrder)>,
    /// Our records of orders that are not there any more.
    gone: Vec<i64>,
    /// Why it cannot be told for sure, in words.
    pub(super) unclear: Option<String>,
    /// The last exchange.
    pub(super) record: Option<RecordId>,
}

/// Asks, and keeps what is learned in our records of the orders; or the end of a
/// job that has to wait for its turn.
pub(super) async fn survey(work: &Work, job: &Claimed, subject: &Subject) -> Result<Result<Survey, End>> {
    let mut scope = work.db.scope(job.account_id).await?;
    let known = provider_orders::may_be_live(&mut scope, subject.shipment.id).await?;
    let sent = posts::references(&mut scope, subject.shipment.id).await?;
    let mut doors = BTreeMap::new();
    for id in known.iter().map(|o| o.connection_id).chain(sent.iter().map(|s| s.0)) {
        if let std::collections::btree_map::Entry::Vacant(place) = doors.entry(id) {
            place.insert(Door::open(&mut scope, work, id).await?);
        }
    }
    drop(scope);
    let mut survey = Survey::default();
    for (id, door) in &doors {
        let work = &match door.turn_to_read(work, job).await {
            Ok(work) => work,
            Err(waits) => return Ok(Err(waits)),
        };
        let caller = Caller { work, job, shipment: &subject.shipment };
        let known: Vec<&ProviderOrder> = known.iter().filter(|o| o.connection_id == *id).collect();
        let references = sent.iter().filter(|s| s.0 == *id).map(|s| s.1.as_str());
        ask(&mut survey, caller, door, &known, references).await;
    }
    let now = (work.now)();
    let mut scope = work.db.scope(job.account_id).await?;
    for order in &survey.gone {
        provider_orders::note_ended(&mut scope, *order, now).await?;
    }
    for (connection, order) in survey.live.iter().chain(&survey.ended) {
        provider_orders::note_seen(&mut scope, subject.shipment.id, *connection, order, now).await?;
    }
    scope.commit().await?;
    Ok(Ok(survey))
}

async fn ask(
    survey: &mut Survey,
    caller: Caller<'_>,
    door: &Door,
    known: &[&ProviderOrder],
    references: impl Iterator<Item = &str>,
) {
    let (id, who) = (door.connection.id, &door.connection.name);
    let mut untold: BTreeSet<&str> = BTreeSet::new();
    for order in known {
        let (told, record) = door.read(caller, &order.remote_id).await;
        survey.record = record.or(survey.record);
        match told {
            Told::There(there) if there.live => survey.add(id, there),
            Told::There(there) => survey.ended.push((id, there)),
            Told::Gone => survey.gone.push(order.id),
            Told::CannotTell => {
                untold.insert(&order.remote_id);
            }
            Told::Failed(failure) => survey.unclear = Some(failure.message),
        }
    }
    // what was sent may also have arrived without our knowing
    for reference in references {
        let (found, record) = door.find(caller, reference).await;
        survey.record = record.or(survey.record);
        match found {
            Found::Orders(orders) => {
                untold.retain(|remote| orders.iter().all(|o| o.remote_id != *remote));
                for order in orders {
                    match order.live {
                        true => survey.add(id, order),
                        false => survey.ended.push((id, order)),
                    }
                }
            }
            Found::CannotTell => {}
            Found::Failed(failure) => survey.unclear = Some(failure.message),
        }
    }
    if let Some(remote) = untold.first() {
        survey.unclear.get_or_insert(format!("{who} cannot be asked about its order {remote}."));
    }
}

impl Survey {
    fn add(&mut self, connection: ConnectionId, order: RemoteOrder) {
        if !self.live.iter().any(|(id, known)| *id == connection && known.remote_id == order.remote_id) {
            self.live.push((connection, order));
        }
    }
}
