//! An action made for these tests: renames a store, in every way an action can
//! answer.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use waybill::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview, Target},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{
        Entry,
        activity::{self, Of, Subject},
    },
    web::{
        Fields, Visitor, WebError, WebResult,
        action::{ActionFields, NoFields, confirm, perform},
        app::Rooms,
        markup::FormErrors,
        table::{Access, Route, Table},
    },
};

/// Renames a store.
pub struct Rename;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewName {
    name: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    confirmed: Option<String>,
    #[serde(default, deserialize_with = "waybill::actions::ticked")]
    anyway: bool,
}

#[derive(diesel::QueryableByName)]
#[diesel(table_name = waybill::db::schema::stores)]
pub struct Store {
    id: i64,
    name: String,
    version: i32,
}

impl Target for Store {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Store>> {
        let account = scope.account();
        let statement = sql("select id, name, version from stores where account_id = {} and id = {}");
        let statement = statement.bind(account).bind(id).push(if lock { " for update" } else { "" });
        scope.row(statement).await
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn history(&self) -> Of {
        Of::Subject(Subject::Store, self.id)
    }
}

impl Action for Rename {
    type Subject = Store;
    type Input = NewName;
    const NAME: &'static str = "rename";
    const LABEL: &'static str = "Rename store";
    const PERMISSION: Permission = Permission::StoresEdit;

    fn available(store: &Store) -> Availability {
        Availability::when(store.name != "Locked", "This store is locked.")
    }

    async fn preview(_: &mut Scope, store: &Store) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Rename {}?", store.name),
            effects: vec!["The store gets another name".into()],
            confirm: store.name.contains("<b>").then(|| "I know what I do".into()),
            button: "Rename store".into(),
            asks_reason: true,
            option: Some("Rename it even if it is locked by then".into()),
            ..Preview::default()
        })
    }

    async fn apply(
        scope: &mut Scope,
        store: Store,
        by: &By,
        input: NewName,
        _: Instant,
    ) -> Result<Outcome, ActionError> {
        if input.name.trim().is_empty() {
            return Err(ActionError::field("name", "Enter the new name."));
        }
        if input.name == store.name {
            return Ok(Outcome::unchanged("It has this name already."));
        }
        let account = scope.account();
        let statement =
            "update stores set name = {}, version = version + 1 where account_id = {} and id = {}";
        scope.execute(sql(statement).bind(&input.name).bind(account).bind(store.id)).await?;
        if input.anyway && input.reason.is_none() {
            return Err(ActionError::field("reason", "Say why."));
        }
        let words = format!("Renamed: {}", input.reason.unwrap_or_else(|| "no reason".into()));
        let entry = Entry::new(&by.actor, "store_renamed", Subject::Store, store.id, words);
        activity::record(scope, entry.traced(Some(&by.trace)).from_ip(by.ip.clone())).await?;
        Ok(Outcome::done(format!("{} is {} now", store.name, input.name)))
    }
}

/// One more field: the name.
pub struct NameField;

impl ActionFields<Rename> for NameField {
    async fn render(
        _: &Visitor,
        _: &mut Scope,
        store: &Store,
        fields: &Fields,
        errors: &FormErrors,
    ) -> WebResult<String> {
        let name =
            if fields.get("name").is_empty() && errors.is_empty() { &store.name } else { fields.get("name") };
        let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        Ok(format!("<input id=\"name\" name=\"name\" value=\"{name}\">"))
    }
}

async fn panics(_: Visitor) -> WebResult<HttpResponse> {
    panic!("secret words of a panic")
}

async fn breaks(_: Visitor) -> WebResult<HttpResponse> {
    Err(WebError::Broken(anyhow::anyhow!("secret words of an error").context("outer words")))
}

async fn bare(_: Visitor) -> HttpResponse {
    HttpResponse::from_error(actix_web::error::ErrorBadGateway("secret words of a gateway"))
}

/// Writes long after its client has gone.
async fn slow(visitor: Visitor) -> WebResult<HttpResponse> {
    let (db, person) = (visitor.app.db.clone(), visitor.person.clone());
    let work = async move {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let mut scope = db.scope(person.account).await?;
        let entry = Entry::new(&person.actor(), "slow_done", Subject::User, person.user.0, "Done slowly");
        activity::record(&mut scope, entry).await?;
        scope.commit().await
    };
    visitor.app.finish(work).await??;
    visitor.see_other("/")
}

static RENAME: Route = Route::get("/test-stores/{id}/rename", Access::Needs(Permission::StoresEdit));
static RENAMED: Route = Route::post("/test-stores/{id}/rename", Access::Needs(Permission::StoresEdit));
static PLAIN: Route = Route::get("/test-stores/{id}/plain", Access::Needs(Permission::StoresEdit));
static STORE: Route = Route::get("/test-stores/{id}", Access::SignedIn);
static PANICS: Route = Route::get("/test/panics", Access::SignedIn);
static BREAKS: Route = Route::get("/test/breaks", Access::SignedIn);
static BARE: Route = Route::get("/test/bare", Access::SignedIn);
static SLOW: Route = Route::post("/test/slow", Access::SignedIn);

fn pages(table: &mut Table) {
    table.add(&RENAME, confirm::<Rename, NameField>);
    table.add(&RENAMED, perform::<Rename, NameField>);
    table.add(&PLAIN, confirm::<Rename, NoFields>);
    table.add(&STORE, async |_: Visitor| "a store");
    table.add(&PANICS, panics);
    table.add(&BREAKS, breaks);
    table.add(&BARE, bare);
    table.add(&SLOW, slow);
}

/// The portal with these pages.
pub fn rooms() -> Rooms {
    Rooms { pages, ..waybill::api::rooms() }
}
