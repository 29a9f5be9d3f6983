//! Files of fulfillments and orders: answered at once up to 10,000 rows, written in the
//! background above.

use super::{
    caller::Caller,
    endpoint::{Answer, Asks, Nothing},
    filter,
    problem::{ApiResult, Kind, Problem},
};
use crate::{
    accounts::{Permission, tokens::Scope},
    actions::ActionError,
    clock::Instant,
    exports::{
        self, AT_ONCE, ExportState, Files, Format, Resource, Wanted, Which,
        at_once::{self, NoAnswer},
        begin, columns,
    },
    filters::Tree,
    ids::ExportId,
    orders, shipments,
    web::exports as files,
};
use actix_web::{HttpResponse, http::header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media types of a file.
pub const MEDIA: &[&str] = &["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];

/// What goes into a file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// How it is written.
    #[schemars(extend("default" = "csv"))]
    pub format: Option<Format>,
    /// A tree of conditions, as JSON: see *Filters*. Every row that matches is in the file.
    #[schemars(length(max = 4096))]
    pub filter_groups: Option<String>,
    /// Names of columns with commas between them, in the order they are to stand; the usual ones
    /// when it is left out. An unknown name is answered with those there are.
    #[schemars(length(max = 4096))]
    pub columns: Option<String>,
}

/// A file that is written in the background.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Export {
    pub id: ExportId,
    pub resource: Resource,
    pub format: Format,
    pub columns: Vec<String>,
    pub state: ExportState,
    /// How many rows are written so far.
    pub rows: i64,
    /// How long the file is, once it is finished.
    pub bytes: Option<i64>,
    /// Why it is not written, where it is not.
    pub reason: Option<String>,
    pub requested_by: String,
    pub created_at: Instant,
    pub finished_at: Option<Instant>,
    /// Until then the file is kept.
    pub expires_at: Option<Instant>,
    /// Where the file is read, once it is finished.
    pub file: Option<String>,
}

impl Export {
    fn of(export: exports::Export, now: Instant) -> Export {
        Export {
            file: export.file(now).ok().map(|_| format!("/v1/exports/{}/file", export.id)),
            id: export.id,
            resource: export.resource,
            format: export.format,
            columns: export.shown_columns,
            state: export.state,
            rows: export.rows_written,
            bytes: export.file_bytes,
            reason: Some(export.reason).filter(|reason| !reason.is_empty()),
            requested_by: export.requested_by_name,
            created_at: export.created_at,
            finished_at: export.finished_at,
            expires_at: export.expires_at,
        }
    }
}

/// Fulfillments that a tree matches, as a file.
pub async fn fulfillments(caller: Caller, asks: Asks<ExportQuery>) -> ApiResult<HttpResponse> {
    let tree = filter::text(asks.query.filter_groups.as_deref(), filter::of_fulfillments(&caller))?;
    let phrase = phrase("Fulfillments", tree.as_ref());
    let personal = caller.sees_people();
    let filter = shipments::list::Filter { tree, personal, ..Default::default() };
    answer(caller, Which::Shipments(Box::new(filter)), phrase, asks.query).await
}

/// Orders that a tree matches, as a file.
pub async fn orders(caller: Caller, asks: Asks<ExportQuery>) -> ApiResult<HttpResponse> {
    let tree = filter::text(asks.query.filter_groups.as_deref(), filter::of_orders(&caller))?;
    let phrase = phrase("Orders", tree.as_ref());
    let personal = caller.sees_people();
    let filter = orders::list::Filter { tree, personal, ..Default::default() };
    answer(caller, Which::Orders(Box::new(filter)), phrase, asks.query).await
}

fn phrase(what: &str, tree: Option<&Tree>) -> String {
    let said = tree.map(Tree::phrases).unwrap_or_default();
    std::iter::once(what.to_owned()).chain(said).collect::<Vec<_>>().join(" · ")
}

async fn answer(caller: Caller, which: Which, phrase: String, query: ExportQuery) -> ApiResult<HttpResponse> {
    caller.may(Permission::OrdersView)?;
    caller.may(Permission::ExportsRun)?;
    let names = query.columns.as_deref().unwrap_or_default();
    let names: Vec<String> =
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let columns = columns::chosen(which.resource(), &names, |permission| caller.by.can(permission))
        .map_err(|sentence| Problem::field("columns", "unknown", sentence))?;
    let wanted = Wanted { which, columns, format: query.format.unwrap_or(Format::Csv), phrase };
    let mut scope = caller.snapshot().await?;
    let count = wanted.count(&mut scope).await?;
    drop(scope);
    if count.is_some_and(|n| n <= AT_ONCE) {
        let folder = Files::of(&caller.app.config.var);
        let answer = at_once::answer(&caller.app.db, &folder, caller.account(), wanted, caller.now).await;
        return answer.map(files::passing).map_err(|error| match error {
            NoAnswer::List(error) => error.into(),
            NoAnswer::Broken(error) => error.into(),
        });
    }
    let app = caller.app.clone();
    let work = async move {
        let mut scope = caller.scope().await?;
        let id = begin::begin(&mut scope, &wanted, &caller.by, caller.now).await?;
        let export = exports::find(&mut scope, id).await?.ok_or(ActionError::NotFound)?;
        scope.commit().await?;
        Ok::<_, ActionError>(Export::of(export, caller.now))
    };
    let export = app.finish(work).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    let export = export.map_err(|error| match error {
        // reading is never a conflict: later there is room again
        ActionError::Unavailable(why) => Problem::new(Kind::TOO_MANY, why.sentence).after(60),
        error => error.into(),
    })?;
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/v1/exports/{}", export.id)))
        .json(export))
}

/// The export of a call whose token may read what it is of.
async fn find(caller: &Caller, id: i64) -> ApiResult<exports::Export> {
    caller.may(Permission::ExportsRun)?;
    let mut scope = caller.snapshot().await?;
    let export = exports::find(&mut scope, ExportId(id)).await?;
    let export = export.ok_or_else(|| Problem::of(Kind::NOT_FOUND))?;
    caller.needs(match export.resource {
        Resource::Orders => Scope::OrdersRead,
        Resource::Shipments => Scope::ShipmentsRead,
    })?;
    Ok(export)
}

/// How far one is.
pub async fn show(caller: Caller, asks: Asks<Nothing>) -> ApiResult<Answer<Export>> {
    let export = find(&caller, asks.id()).await?;
    Ok(Answer::of(Export::of(export, caller.now)))
}

/// Its file.
pub async fn file(caller: Caller, asks: Asks<Nothing>) -> ApiResult<HttpResponse> {
    let export = find(&caller, asks.id()).await?;
    if !export.may_be_opened(|permission| caller.by.can(permission)) {
        return Err(Problem::new(
            Kind::FORBIDDEN,
            "It has columns that the person of this token may not see. Export again, without them.",
        ));
    }
    let name = export.file(caller.now).map_err(|sentence| Problem::new(Kind::NOT_FOUND, sentence))?;
    let content = Files::of(&caller.app.config.var).open(name).map_err(anyhow::Error::from)?;
    let content = content.ok_or_else(|| {
        Problem::new(
            Kind::NOT_FOUND,
            "Its file is not on this server: it was written by another one, or taken away.",
        )
    })?;
    Ok(files::kept(&export, content))
}
