//! Choosing what to do with what was picked. Nothing is done here: what is
//! chosen is looked at first.

use super::back_to;
use crate::{
    actions::ActionError,
    bulk::{
        Resource,
        actions::{self, Line},
        options::{self, Asks, Field},
        pick::{self, NewOperation, Selection},
    },
    jobs,
    web::{
        Fields, Visitor, WebError, WebResult, filters::grouped, markup::FormErrors, orders, shell::Shell,
        shipments,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

#[derive(Template)]
#[template(path = "bulk/new.html")]
struct Choose {
    shell: Shell,
    resource: Resource,
    phrase: String,
    back: String,
    list: String,
    all: bool,
    ids: Vec<i64>,
    choices: Vec<Choice>,
    chosen: String,
    errors: FormErrors,
}

/// An action that can be chosen, with what it is told.
struct Choice {
    line: &'static Line,
    controls: Vec<Control>,
}

/// The control of a field. Its name carries the action's, so that two actions
/// may ask for the same.
struct Control {
    name: String,
    field: &'static Field,
    hint: String,
    kind: Kind,
    options: &'static [(&'static str, &'static str)],
    typed: String,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Choice,
    Line,
    Text,
    Moment,
    Tick,
}

/// Texts that may be longer than this have an area instead of a line.
const LINE: usize = 100;

fn control_name(line: &Line, field: &str) -> String {
    format!("{}-{field}", line.action.name())
}

impl Control {
    fn of(visitor: &Visitor, line: &Line, field: &'static Field, fields: &Fields) -> Control {
        let name = control_name(line, field.name);
        let (kind, options): (_, &[_]) = match field.asks {
            Asks::Choice { of, .. } => (Kind::Choice, of),
            Asks::Text { most, .. } if most <= LINE => (Kind::Line, &[]),
            Asks::Text { .. } => (Kind::Text, &[]),
            Asks::Moment { .. } => (Kind::Moment, &[]),
            Asks::Tick => (Kind::Tick, &[]),
        };
        let zone = if kind == Kind::Moment { format!("Time of {}.", visitor.zone) } else { String::new() };
        let hint =
            [field.hint, &zone].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        Control { typed: fields.get(&name).to_owned(), name, field, hint, kind, options }
    }
}

/// What a list sent: which rows, and of which list.
struct Asked {
    resource: Resource,
    list: String,
    all: bool,
    ids: Vec<i64>,
}

impl Asked {
    fn read(fields: &Fields) -> WebResult<Asked> {
        let resource = Resource::parse(fields.get("on"))
            .ok_or_else(|| WebError::field("on", "Choose rows in a list first, then Bulk Edit."))?;
        let mut ids: Vec<i64> = fields.all("id").filter_map(|text| text.parse().ok()).collect();
        ids.sort_unstable();
        ids.dedup();
        let list = fields.get("list").chars().take(16_000).collect();
        Ok(Asked { resource, list, all: fields.get("all") == "yes", ids })
    }

    /// What is picked, and that in words.
    async fn selection(&self, visitor: &Visitor) -> WebResult<(Selection, String)> {
        if !self.all {
            let n = i64::try_from(self.ids.len()).unwrap_or(i64::MAX);
            let phrase = format!("{} chosen {}", grouped(n), self.resource.noun(n));
            return Ok((Selection::Ids(self.ids.clone()), phrase));
        }
        let mut scope = visitor.scope().await?;
        Ok(match self.resource {
            Resource::Shipments => {
                let (filter, phrase) = shipments::selection(visitor, &mut scope, &self.list).await?;
                (Selection::Shipments(Box::new(filter)), phrase)
            }
            Resource::Orders => {
                let (filter, phrase) = orders::selection(visitor, &mut scope, &self.list).await?;
                (Selection::Orders(Box::new(filter)), phrase)
            }
        })
    }
}

/// `GET /bulk/new`
pub async fn choose(visitor: Visitor) -> WebResult<HttpResponse> {
    let fields = Fields::read(visitor.asked.query.as_bytes());
    let asked = Asked::read(&fields)?;
    let mut errors = FormErrors::default();
    if !asked.all && asked.ids.is_empty() {
        errors.add("", nothing_ticked(asked.resource));
    }
    render(&visitor, asked, &fields, errors).await
}

fn nothing_ticked(resource: Resource) -> String {
    format!("Tick at least one {} in the list, then Bulk Edit.", resource.noun(1))
}

async fn render(
    visitor: &Visitor,
    asked: Asked,
    fields: &Fields,
    errors: FormErrors,
) -> WebResult<HttpResponse> {
    let (_, phrase) = asked.selection(visitor).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut scope = visitor.scope().await?;
    let page = Choose {
        shell: visitor.shell(&mut scope, "bulk").await?,
        back: back_to(asked.resource, &asked.list),
        resource: asked.resource,
        phrase,
        list: asked.list,
        all: asked.all,
        ids: asked.ids,
        chosen: fields.get("action").to_owned(),
        choices: actions::allowed(asked.resource, |p| visitor.can(p))
            .map(|line| Choice {
                line,
                controls: line.fields.iter().map(|field| Control::of(visitor, line, field, fields)).collect(),
            })
            .collect(),
        errors,
    };
    visitor.asked.html_with(status, &page)
}

/// `POST /bulk`: begins an operation and shows what it would do.
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let asked = Asked::read(&fields)?;
    let mut errors = FormErrors::default();
    if !asked.all && asked.ids.is_empty() {
        errors.add("", nothing_ticked(asked.resource));
    }
    let Some(line) = actions::find(asked.resource, fields.get("action")) else {
        errors.add("action", "Choose what to do.");
        return render(&visitor, asked, &fields, errors).await;
    };
    visitor.need(line.action.permission())?;
    let typed = |field: &Field| fields.get(&control_name(line, field.name)).to_owned();
    let input = options::read(line.fields, typed, visitor.zone, visitor.now);
    let checked = input.and_then(|input| match line.action.check(&input) {
        Err(ActionError::Refused(list)) => Err(list),
        _ => Ok(input),
    });
    let input = match checked {
        Ok(input) if errors.is_empty() => input,
        checked => {
            for (field, sentence) in checked.err().unwrap_or_default() {
                errors.add(control_of(line, field), sentence);
            }
            return render(&visitor, asked, &fields, errors).await;
        }
    };
    let (selection, phrase) = asked.selection(&visitor).await?;
    let new = NewOperation {
        resource: asked.resource,
        action: line.action.name().to_owned(),
        input,
        selection,
        phrase,
        from: asked.list.clone(),
    };
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let begun = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            let begun = pick::begin(&mut scope, new, &by, now).await?;
            scope.commit().await?;
            look_now(&app, begun.1).await;
            Ok::<_, ActionError>(begun.0)
        })
        .await?;
    match begun {
        Ok(id) => visitor.see_other(format!("/bulk/{id}")),
        Err(ActionError::Refused(list)) => render(&visitor, asked, &fields, list.into_iter().collect()).await,
        Err(error) => Err(error.into()),
    }
}

/// The control that an action's mistake is about.
fn control_of(line: &Line, field: String) -> String {
    match line.fields.iter().any(|known| known.name == field) {
        true => control_name(line, &field),
        false => field,
    }
}

/// Takes the job's first turn at once: a few rows are looked at by the time the
/// page is there, many go on in the background.
pub(super) async fn look_now(app: &crate::web::app::App, job: crate::ids::JobId) {
    if let Err(error) = jobs::run_now(&app.work(), &app.handlers, job).await {
        tracing::warn!(?error, "the first turn of a bulk operation is left to the worker");
    }
}
