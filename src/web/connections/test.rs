//! `POST /connections/{id}/test`: a harmless read that proves address and
//! credentials. It is a call like any other: with a record, outside any transaction.

use crate::{
    accounts::Permission,
    actions::By,
    clock,
    db::Db,
    evidence::{
        Entry, LogType,
        activity::{self, Ended, Subject},
        record::About,
    },
    ids::{AccountId, ConnectionId, RecordId},
    outbound::{Client, ErrorClass},
    providers::{Provider, connection, kinds},
    secrets::Keyring,
    web::{Path, Visitor, WebError, WebResult},
};
use actix_web::HttpResponse;

/// The work of one test, apart from the request that asked for it.
struct Test {
    db: Db,
    keyring: Keyring,
    outbound: Client,
    adapter: &'static dyn Provider,
    account: AccountId,
    connection: ConnectionId,
    by: By,
}

/// What a test came to.
struct Outcome {
    record: Option<RecordId>,
    sentence: String,
    well: bool,
}

impl Test {
    async fn run(self) -> WebResult<Outcome> {
        let scope_account = self.account;
        let mut scope = self.db.scope(scope_account).await?;
        let row = connection::find(&mut scope, self.connection).await?.ok_or(WebError::NotFound)?;
        let access = row.access(&scope, &self.keyring, clock::now()).map_err(WebError::Broken)?;
        // nothing is held open while the other side thinks
        drop(scope);
        let about = About {
            connection: Some(self.connection),
            attempt: 1,
            trace: Some(self.by.trace.clone()),
            ..About::default()
        };
        let request = self.adapter.test(&access);
        let called = self
            .outbound
            .call(&self.db, scope_account, LogType::AuthConnect, &about, request, |answer| {
                self.adapter.tested(answer)
            })
            .await;
        let now = clock::now();
        let (failure, ended, sentence) = match &called.result {
            Ok(answer) => (None, Ended::Ok, format!("{} answered: {}.", row.name, answer.value)),
            Err(failure) => (
                Some(failure.class),
                Ended::Failed,
                format!("{} did not pass the test: {}", row.name, failure.message),
            ),
        };
        let mut scope = self.db.scope(scope_account).await?;
        // a request that is refused for its content says nothing about the connection
        if failure.is_none_or(says_something) {
            connection::note_health(&mut scope, self.connection, failure, now).await?;
        }
        let summary = match ended {
            Ended::Ok => format!("Tested {}: it works", row.name),
            _ => format!("Tested {}: it does not work", row.name),
        };
        let entry =
            Entry::new(&self.by.actor, "connection_tested", Subject::Connection, self.connection.0, summary)
                .ended(ended)
                .from_record(called.record)
                .traced(Some(&self.by.trace))
                .from_ip(self.by.ip.clone());
        activity::record(&mut scope, entry).await?;
        scope.commit().await?;
        Ok(Outcome { record: called.record, sentence, well: failure.is_none() })
    }
}

fn says_something(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Auth
            | ErrorClass::Forbidden
            | ErrorClass::RateLimited
            | ErrorClass::Unavailable
            | ErrorClass::Timeout
    )
}

/// `POST /connections/{id}/test`
pub async fn test(visitor: Visitor, id: Path<ConnectionId>) -> WebResult<HttpResponse> {
    visitor.need(Permission::ConnectionsEdit)?;
    let mut scope = visitor.scope().await?;
    let row = connection::find(&mut scope, id.0).await?.ok_or(WebError::NotFound)?;
    drop(scope);
    let adapter = kinds::of(row.kind);
    let work = Test {
        db: visitor.app.db.clone(),
        keyring: visitor.app.keyring.clone(),
        outbound: visitor.app.outbound.clone(),
        adapter,
        account: visitor.person.account,
        connection: id.0,
        by: visitor.by(),
    };
    let ended = visitor.app.finish(work.run()).await??;
    visitor.flash(if ended.well { "success" } else { "warning" }, ended.sentence);
    visitor.see_other(match ended.record {
        Some(record) => format!("/connections/{}?tested={record}", id.0),
        None => format!("/connections/{}", id.0),
    })
}
