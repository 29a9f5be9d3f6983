//! Starting, pausing, resuming, canceling and repeating an operation.

use super::{
    choose::look_now,
    show::{self, Trouble},
};
use crate::{
    actions::ActionError,
    bulk::{
        Operation, RowOutcome, pick,
        steer::{self, Started},
        undo::{self, Begun},
    },
    ids::BulkOperationId,
    web::{Fields, Path, Visitor, WebError, WebResult},
};
use actix_web::{HttpResponse, http::StatusCode};

/// `POST /bulk/{id}/start`
pub async fn start(visitor: Visitor, id: Path<BulkOperationId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let mut scope = visitor.scope().await?;
    let operation = Operation::find(&mut scope, id).await?.ok_or(WebError::NotFound)?;
    drop(scope);
    let fingerprint = fields.get("fingerprint").to_owned();
    let typed: String = fields.get("count").chars().filter(char::is_ascii_digit).collect();
    let is_current = operation.fingerprint.as_deref() == Some(fingerprint.as_str());
    let needs_typing = operation.line().is_some_and(|line| line.is_typed(&operation));
    if is_current && needs_typing && typed != operation.waiting.to_string() {
        let message = format!("Type {} to confirm that so many are meant.", operation.waiting);
        let trouble = Trouble { errors: [("count", message)].into_iter().collect(), ..Trouble::default() };
        return show::render(&visitor, id, &fields, trouble, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let started = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let (started, job) = steer::start(&mut scope, id, &fingerprint, &by, now).await?;
            scope.commit().await?;
            // what changed is looked at again by the time the page is there
            if let (Started::Changed(_), Some(job)) = (started, job) {
                look_now(&app, job).await;
            }
            Ok::<_, ActionError>(started)
        })
        .await?;
    let answer = |trouble| show::render(&visitor, id, &fields, trouble, StatusCode::CONFLICT);
    match started {
        Ok(Started::Running | Started::Already) => visitor.see_other(format!("/bulk/{id}")),
        Ok(Started::Changed(_)) => answer(Trouble::default()).await,
        Ok(Started::Asked) => answer(Trouble { stale: true, ..Trouble::default() }).await,
        Err(ActionError::Unavailable(why)) => {
            answer(Trouble { refused: why.sentence, ..Trouble::default() }).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a button of the page does to the operation.
enum Turn {
    Pause,
    Resume,
    Cancel,
}

async fn turn(visitor: Visitor, id: BulkOperationId, turn: Turn) -> WebResult<HttpResponse> {
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let turned = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            match turn {
                Turn::Pause => steer::pause(&mut scope, id, &by).await?,
                Turn::Resume => steer::resume(&mut scope, id, &by, now).await?,
                Turn::Cancel => steer::cancel(&mut scope, id, &by, now).await?,
            }
            scope.commit().await?;
            Ok::<_, ActionError>(())
        })
        .await?;
    match turned {
        Ok(()) => visitor.see_other(format!("/bulk/{id}")),
        Err(ActionError::Unavailable(why)) => {
            let trouble = Trouble { refused: why.sentence, ..Trouble::default() };
            show::render(&visitor, id, &Fields::default(), trouble, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /bulk/{id}/pause`
pub async fn pause(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    turn(visitor, id.0, Turn::Pause).await
}

/// `POST /bulk/{id}/resume`
pub async fn resume(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    turn(visitor, id.0, Turn::Resume).await
}

/// `POST /bulk/{id}/cancel`
pub async fn cancel(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    turn(visitor, id.0, Turn::Cancel).await
}

/// `POST /bulk/{id}/again`: the same for the rows that had one outcome.
pub async fn again(visitor: Visitor, id: Path<BulkOperationId>, fields: Fields) -> WebResult<HttpResponse> {
    let id = id.0;
    let Some(which) = RowOutcome::parse(fields.get("which")) else {
        let mut scope = visitor.scope().await?;
        Operation::find(&mut scope, id).await?.ok_or(WebError::NotFound)?;
        return Err(WebError::field("which", "Choose which rows to do again."));
    };
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let begun = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let (id, job) = pick::again(&mut scope, id, which, &by, now).await?;
            scope.commit().await?;
            look_now(&app, job).await;
            Ok::<_, ActionError>(id)
        })
        .await??;
    visitor.see_other(format!("/bulk/{begun}"))
}

/// `POST /bulk/{id}/undo`: looks at what would be taken back. Twice answers the
/// same operation.
pub async fn undo(visitor: Visitor, id: Path<BulkOperationId>) -> WebResult<HttpResponse> {
    let id = id.0;
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let begun = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let begun = undo::begin(&mut scope, id, &by, now).await?;
            scope.commit().await?;
            Ok::<_, ActionError>(match begun {
                Begun::New(id, job) => {
                    look_now(&app, job).await;
                    id
                }
                Begun::Already(id) => id,
            })
        })
        .await?;
    match begun {
        Ok(undo) => visitor.see_other(format!("/bulk/{undo}")),
        Err(ActionError::Unavailable(why)) => {
            let trouble = Trouble { refused: why.sentence, ..Trouble::default() };
            show::render(&visitor, id, &Fields::default(), trouble, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}
