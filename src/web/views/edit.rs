//! Making a view, naming and sharing it, saving into it, taking it away.

use super::{kept, path, tabs::address};
use crate::{
    accounts::{
        Permission, Role,
        saved_views::{self, LONGEST_NAME, LONGEST_QUERY, NewView, NotKept, SavedView},
    },
    actions::WhyNot,
    bulk::Resource,
    ids::SavedViewId,
    web::{Fields, Path, Visitor, WebError, WebResult, list::Link, markup::FormErrors, shell::Shell},
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

/// The form of a view that is new, or of one there is.
#[derive(Template)]
#[template(path = "views/edit.html")]
struct Edit {
    shell: Shell,
    resource: Resource,
    view: Option<SavedView>,
    list: String,
    back: String,
    called: String,
    shared: bool,
    may_share: bool,
    may_change: bool,
    errors: FormErrors,
}

/// Who may share views with the others of the account.
fn may_share(visitor: &Visitor) -> bool {
    visitor.can(Permission::OrdersEdit)
}

/// Whether they may change or delete it: their own, or as an admin what is shared.
pub(super) fn may_change(visitor: &Visitor, view: &SavedView) -> bool {
    view.owner_id == visitor.person.user || (view.shared && visitor.person.role == Role::Admin)
}

fn need_change(visitor: &Visitor, view: &SavedView) -> WebResult<()> {
    if may_change(visitor, view) {
        return Ok(());
    }
    let sentence =
        "Only who made this shared view, or an admin, changes it. Save it under a name of your own instead.";
    Err(WebError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None }))
}

fn changed_meanwhile() -> WebError {
    let sentence = "This view was changed or deleted since the page was loaded. Load the page again.";
    WebError::Unavailable(WhyNot { sentence: sentence.to_owned(), offer: None })
}

/// The view as the form saw it.
fn seen(view: SavedView, fields: &Fields) -> WebResult<SavedView> {
    let version = fields.get("version").parse().map_err(|_| changed_meanwhile())?;
    Ok(SavedView { version, ..view })
}

fn resource_of(text: &str) -> WebResult<Resource> {
    Resource::parse(text).ok_or_else(|| WebError::field("on", "Open this page from a list, by Save view."))
}

/// `GET /views/new`
pub async fn new(visitor: Visitor) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let resource = resource_of(fields.get("on"))?;
    render(&visitor, resource, None, &fields, FormErrors::default()).await
}

/// `GET /views/{id}`
pub async fn show(visitor: Visitor, id: Path<SavedViewId>) -> WebResult<HttpResponse> {
    let view = found(&visitor, id.0).await?;
    let resource = resource_of(&view.resource)?;
    let shared = if view.shared { "yes" } else { "" };
    let fields = [("name", view.name.as_str()), ("shared", shared), ("list", view.query.as_str())];
    let fields = Fields(fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    render(&visitor, resource, Some(view), &fields, FormErrors::default()).await
}

async fn found(visitor: &Visitor, id: SavedViewId) -> WebResult<SavedView> {
    let mut scope = visitor.scope().await?;
    saved_views::find(&mut scope, id, visitor.person.user).await?.ok_or(WebError::NotFound)
}

async fn render(
    visitor: &Visitor,
    resource: Resource,
    view: Option<SavedView>,
    fields: &Fields,
    errors: FormErrors,
) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let list = kept(&Link::of(path(resource), fields.get("list")));
    let page = Edit {
        shell: visitor.shell(&mut scope, resource.as_str()).await?,
        resource,
        back: view.as_ref().map_or_else(|| list.to_string(), |view| address(resource, view)),
        list: list.query(),
        called: fields.get("name").to_owned(),
        shared: fields.ticked("shared"),
        may_share: may_share(visitor),
        may_change: view.as_ref().is_none_or(|view| may_change(visitor, view)),
        view,
        errors,
    };
    visitor.asked.html_with(status, &page)
}

/// What a form says of the name and of who has it.
fn named(visitor: &Visitor, fields: &Fields, errors: &mut FormErrors) -> (String, bool) {
    let name = fields.get("name").split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        errors.add("name", "Give the view a name.");
    } else if name.chars().count() > LONGEST_NAME {
        errors.add("name", format!("A name has at most {LONGEST_NAME} characters."));
    }
    let shared = fields.ticked("shared");
    if shared && !may_share(visitor) {
        errors.add("shared", "Your role keeps views for itself.");
    }
    (name, shared)
}

fn query_of(resource: Resource, fields: &Fields, errors: &mut FormErrors) -> String {
    let query = kept(&Link::of(path(resource), fields.get("list"))).query();
    if query.len() > LONGEST_QUERY {
        errors.add("", "This list is asked for more than a view can keep. Take a filter away.");
    }
    query
}

fn refused(error: NotKept, errors: &mut FormErrors) -> WebResult<()> {
    match error {
        NotKept::NameTaken => errors.add("name", "You have a view of this name. Choose another."),
        NotKept::TooMany => {
            errors.add("", "You have as many views of this list as there can be. Delete one first.")
        }
        NotKept::Changed => return Err(changed_meanwhile()),
        NotKept::Db(error) => return Err(error.into()),
    }
    Ok(())
}

/// `POST /views`
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let resource = resource_of(fields.get("on"))?;
    let mut errors = FormErrors::default();
    let (name, shared) = named(&visitor, &fields, &mut errors);
    let query = query_of(resource, &fields, &mut errors);
    if errors.is_empty() {
        let new = NewView { resource: resource.to_string(), name, shared, query: query.clone() };
        let (db, account, user) = (visitor.app.db.clone(), visitor.person.account, visitor.person.user);
        let made = visitor
            .app
            .finish(async move {
                let mut scope = db.scope(account).await?;
                let id = saved_views::create(&mut scope, &new, user).await?;
                scope.commit().await?;
                Ok::<_, NotKept>(id)
            })
            .await?;
        match made {
            Ok(id) => {
                visitor.flash("success", "View saved.");
                let list = Link::of(path(resource), &query).with(super::KEY, id);
                return visitor.see_other(list.to_string());
            }
            Err(error) => refused(error, &mut errors)?,
        }
    }
    render(&visitor, resource, None, &fields, errors).await
}

/// `POST /views/{id}`: another name, or for others.
pub async fn update(visitor: Visitor, id: Path<SavedViewId>, fields: Fields) -> WebResult<HttpResponse> {
    let view = found(&visitor, id.0).await?;
    need_change(&visitor, &view)?;
    let resource = resource_of(&view.resource)?;
    let mut errors = FormErrors::default();
    let (name, shared) = named(&visitor, &fields, &mut errors);
    // an admin who takes back what another shared leaves it to its owner
    if errors.is_empty() {
        match change(&visitor, seen(SavedView { name, shared, ..view.clone() }, &fields)?).await? {
            Ok(()) => {
                visitor.flash("success", "View changed.");
                return visitor.see_other(match shared || view.owner_id == visitor.person.user {
                    true => address(resource, &view),
                    false => path(resource).to_owned(),
                });
            }
            Err(error) => refused(error, &mut errors)?,
        }
    }
    render(&visitor, resource, Some(view), &fields, errors).await
}

/// `POST /views/{id}/save`: what the list is asked for now.
pub async fn save(visitor: Visitor, id: Path<SavedViewId>, fields: Fields) -> WebResult<HttpResponse> {
    let view = found(&visitor, id.0).await?;
    need_change(&visitor, &view)?;
    let resource = resource_of(&view.resource)?;
    let mut errors = FormErrors::default();
    let query = query_of(resource, &fields, &mut errors);
    if !errors.is_empty() {
        return Err(WebError::Refused(errors));
    }
    let view = seen(SavedView { query, ..view }, &fields)?;
    match change(&visitor, view.clone()).await? {
        Ok(()) => {
            visitor.flash("success", format!("Saved in “{}”.", view.name));
            visitor.see_other(address(resource, &view))
        }
        Err(error) => {
            refused(error, &mut errors)?;
            Err(WebError::Refused(errors))
        }
    }
}

async fn change(visitor: &Visitor, view: SavedView) -> WebResult<Result<(), NotKept>> {
    let (db, account) = (visitor.app.db.clone(), visitor.person.account);
    let changed = visitor.app.finish(async move {
        let mut scope = db.scope(account).await?;
        saved_views::change(&mut scope, &view).await?;
        scope.commit().await?;
        Ok::<_, NotKept>(())
    });
    changed.await
}

/// `POST /views/{id}/delete`
pub async fn delete(visitor: Visitor, id: Path<SavedViewId>, fields: Fields) -> WebResult<HttpResponse> {
    let view = found(&visitor, id.0).await?;
    need_change(&visitor, &view)?;
    let view = seen(view, &fields)?;
    let (db, account) = (visitor.app.db.clone(), visitor.person.account);
    let (name, resource) = (view.name.clone(), resource_of(&view.resource)?);
    let deleted = visitor.app.finish(async move {
        let mut scope = db.scope(account).await?;
        saved_views::delete(&mut scope, &view).await?;
        scope.commit().await?;
        Ok::<_, NotKept>(())
    });
    if let Err(error) = deleted.await? {
        refused(error, &mut FormErrors::default())?;
    }
    visitor.flash("success", format!("View “{name}” deleted."));
    visitor.see_other(path(resource))
}
