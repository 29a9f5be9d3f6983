//! The door of a provider: its orders are made, read, found, changed and canceled through
//! it. Each call is a record of its own; nothing is written here.

use super::Shipment;
use crate::{
    db::Scope,
    evidence::record::{About, LogType},
    ids::{ConnectionId, RecordId},
    jobs::{Claimed, End, Work},
    outbound::{Answer, Called, ErrorClass, Failure, HttpRequest, HttpResponse, Lane, Reached, lane::Asks},
    providers::{
        Access, Capabilities, PostOrder, Provider, RemoteOrder, RemoteState,
        connection::{self, Connection},
        kinds,
    },
};
use anyhow::Context;

/// A connection with its adapter and its credentials opened.
pub(super) struct Door {
    pub(super) connection: Connection,
    provider: &'static dyn Provider,
    access: Access,
}

/// Who calls: the job and the shipment it works on.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) work: &'a Work,
    pub(super) job: &'a Claimed,
    pub(super) shipment: &'a Shipment,
}

/// What reading one order told.
pub(super) enum Told {
    /// It is there, alive or not.
    There(RemoteOrder),
    /// There is no such order.
    Gone,
    /// This provider cannot be asked.
    CannotTell,
    /// The read failed.
    Failed(Failure),
}

/// What searching by reference told.
pub(super) enum Found {
    /// These orders carry our reference.
    Orders(Vec<RemoteOrder>),
    /// This provider cannot be searched.
    CannotTell,
    /// The read failed.
    Failed(Failure),
}

/// What asking to cancel came to.
pub(super) enum Canceled {
    /// It is canceled, or not there.
    Done,
    /// They will not.
    Refused(Failure),
    /// Nothing was done this time; later it may be.
    NotNow(Failure),
    /// Nobody knows.
    Unclear(Failure),
    /// This provider takes no cancellations.
    CannotCancel,
}

impl Door {
    /// Opens the door of a connection.
    pub(super) async fn open(scope: &mut Scope, work: &Work, id: ConnectionId) -> anyhow::Result<Door> {
        let connection = connection::find(scope, id).await?.context("the connection is gone")?;
        let access = connection.access(scope, &work.keyring, (work.now)())?;
        Ok(Door { provider: kinds::of(connection.kind), access, connection })
    }

    /// The turn of a job that only reads, taken before the first call; or its end
    /// while it has to wait.
    pub(super) async fn turn_to_read(&self, work: &Work, job: &Claimed) -> Result<Work, End> {
        let lane = Lane::Connection(self.connection.id);
        match work.outbound.has_turn(lane) {
            true => Ok(work.clone()),
            false => work.in_turn(job, lane, Asks::Read).await,
        }
    }

    /// The turn of a job that changes something there.
    pub(super) async fn turn_to_write(&self, work: &Work, job: &Claimed) -> Result<Work, End> {
        connection::turn(work, job, self.connection.id, self.provider, &self.access).await
    }

    /// What can be done through it.
    pub(super) fn capabilities(&self) -> Capabilities {
        self.provider.capabilities(&self.access.settings)
    }

    /// Makes an order.
    pub(super) async fn create(
        &self,
        caller: Caller<'_>,
        attempt: i32,
        order: &PostOrder,
    ) -> Called<RemoteOrder> {
        let request = self.provider.create(&self.access_now(caller), order);
        let about = About { attempt, ..self.about(caller) };
        let work = caller.work;
        work.outbound
            .call(&work.db, caller.job.account_id, LogType::PostShipment, &about, request, |response| {
                self.provider.created(response, order)
            })
            .await
    }

    /// Reads one order.
    pub(super) async fn read(&self, caller: Caller<'_>, remote_id: &str) -> (Told, Option<RecordId>) {
        let Some(request) = self.provider.read(&self.access_now(caller), remote_id) else {
            return (Told::CannotTell, None);
        };
        let called = self.get(caller, request, |response| self.provider.was_read(response)).await;
        let told = match called.result {
            Ok(Answer { value: Some(order), .. }) => Told::There(order),
            Ok(Answer { value: None, .. }) => Told::Gone,
            Err(failure) => Told::Failed(failure),
        };
        (told, called.record)
    }

    /// Finds the orders that carry a reference of ours.
    pub(super) async fn find(&self, caller: Caller<'_>, reference: &str) -> (Found, Option<RecordId>) {
        let Some(request) = self.provider.find(&self.access_now(caller), reference) else {
            return (Found::CannotTell, None);
        };
        let called = self.get(caller, request, |response| self.provider.found(response, reference)).await;
        let found = match called.result {
            Ok(answer) => Found::Orders(answer.value),
            Err(failure) => Found::Failed(failure),
        };
        (found, called.record)
    }

    /// What was sent of an order, and the next request where one is not enough;
    /// `None`: this provider cannot tell.
    pub(super) async fn track(
        &self,
        caller: Caller<'_>,
        remote_id: &str,
        next: Option<HttpRequest>,
    ) -> Option<Called<RemoteState>> {
        let access = self.access_now(caller);
        let request = next.or_else(|| self.provider.track(&access, remote_id))?;
        Some(self.get(caller, request, |response| self.provider.tracked(&access, response)).await)
    }

    /// Whether an order in this state takes changes.
    pub(super) fn takes_changes(&self, order: &RemoteOrder) -> bool {
        self.provider.takes_changes(order)
    }

    /// Changes an order to this content; `None`: this provider takes no changes.
    pub(super) async fn update(
        &self,
        caller: Caller<'_>,
        remote: &RemoteOrder,
        order: &PostOrder,
    ) -> Option<Called<RemoteOrder>> {
        let request = self.provider.update(&self.access_now(caller), remote, order)?;
        let (work, about, kind) = (caller.work, self.about(caller), LogType::UpdateProviderOrder);
        let read = |response: &HttpResponse| self.provider.updated(response, order);
        Some(work.outbound.call(&work.db, caller.job.account_id, kind, &about, request, read).await)
    }

    /// Cancels an order. Where the answer leaves it open, reading decides.
    pub(super) async fn cancel(
        &self,
        caller: Caller<'_>,
        order: &RemoteOrder,
    ) -> (Canceled, Option<RecordId>) {
        let Some(request) = self.provider.cancel(&self.access_now(caller), order) else {
            return (Canceled::CannotCancel, None);
        };
        let work = caller.work;
        let called = work
            .outbound
            .call(
                &work.db,
                caller.job.account_id,
                LogType::CancelProviderOrder,
                &self.about(caller),
                request,
                |response| self.provider.canceled(response),
            )
            .await;
        let failure = match called.result {
            Ok(_) => return (Canceled::Done, called.record),
            Err(failure) => failure,
        };
        let refused = failure.reached == Reached::Refused;
        if failure.reached == Reached::NotSent || refused && super::post::about_the_connection(failure.class)
        {
            return (Canceled::NotNow(failure), called.record);
        }
        let canceled = match self.read(caller, &order.remote_id).await.0 {
            Told::Gone => Canceled::Done,
            Told::There(order) if !order.live => Canceled::Done,
            Told::There(_) if refused => Canceled::Refused(failure),
            // an unknown address is no answer about the order
            Told::CannotTell | Told::Failed(_) if refused && failure.class != ErrorClass::OrderNotFound => {
                Canceled::Refused(failure)
            }
            _ => Canceled::Unclear(failure),
        };
        (canceled, called.record)
    }

    async fn get<T>(
        &self,
        caller: Caller<'_>,
        request: HttpRequest,
        answer: impl FnOnce(&HttpResponse) -> Result<Answer<T>, Failure>,
    ) -> Called<T> {
        let (work, about) = (caller.work, self.about(caller));
        work.outbound
            .call(&work.db, caller.job.account_id, LogType::GetProviderOrder, &about, request, answer)
            .await
    }

    /// What is signed with its time bears the time of the call.
    fn access_now(&self, caller: Caller<'_>) -> Access {
        Access { now: (caller.work.now)(), ..self.access.clone() }
    }

    fn about(&self, caller: Caller<'_>) -> About {
        About {
            connection: Some(self.connection.id),
            order: Some(caller.shipment.order_id),
            shipment: Some(caller.shipment.id),
            job: Some(caller.job.id),
            attempt: caller.job.attempts,
            trace: Some(caller.job.trace()),
            ..About::default()
        }
    }
}
