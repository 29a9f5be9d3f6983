//! `/exports/new`: format and columns for what a list shows.

use super::passing;
use crate::{
    actions::ActionError,
    exports::{
        AT_ONCE, Files, Format, Resource, Wanted, Which,
        at_once::{self as passing_files, NoAnswer},
        begin,
        columns::{self, Column},
    },
    filters::ListError,
    web::{
        Fields, Visitor, WebError, WebResult, filters::grouped, list::Link, markup::FormErrors, orders,
        shell::Shell, shipments,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

/// One column to be ticked.
struct Choice {
    column: &'static Column,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "exports/new.html")]
struct Choose {
    shell: Shell,
    resource: Resource,
    phrase: String,
    back: String,
    list: String,
    formats: Vec<(Format, bool, &'static str)>,
    choices: Vec<Choice>,
    /// How many rows, in words; empty: counting took too long.
    rows: String,
    /// Whether it is answered at once.
    small: bool,
    button: String,
    errors: FormErrors,
}

/// What a list's page sent.
struct Asked {
    resource: Resource,
    list: String,
    format: Option<Format>,
    columns: Vec<String>,
}

/// Where a list is exported from, as it is asked for.
pub(in crate::web) fn link(resource: Resource, list: &Link) -> String {
    let query = list.without("open").without("size").query();
    let link = Link::to("/exports/new").with("on", resource);
    if query.is_empty() { link.to_string() } else { link.with("list", query).to_string() }
}

impl Asked {
    fn read(fields: &Fields) -> WebResult<Asked> {
        let resource = Resource::parse(fields.get("on"))
            .ok_or_else(|| WebError::field("on", "Open a list first, then Export."))?;
        Ok(Asked {
            resource,
            list: fields.get("list").chars().take(4_000).collect(),
            format: Format::parse(fields.get("format")),
            columns: fields.all("column").map(str::to_owned).collect(),
        })
    }

    async fn which(&self, visitor: &Visitor) -> WebResult<(Which, String)> {
        let mut scope = visitor.scope().await?;
        Ok(match self.resource {
            Resource::Shipments => {
                let (filter, phrase) = shipments::selection(visitor, &mut scope, &self.list).await?;
                (Which::Shipments(Box::new(filter)), phrase)
            }
            Resource::Orders => {
                let (filter, phrase) = orders::selection(visitor, &mut scope, &self.list).await?;
                (Which::Orders(Box::new(filter)), phrase)
            }
        })
    }

    /// What is to be written, or what is wrong with the form.
    async fn wanted(&self, visitor: &Visitor) -> WebResult<Result<Wanted, FormErrors>> {
        let mut errors = FormErrors::default();
        if self.format.is_none() {
            errors.add("format", "Choose a format.");
        }
        if self.columns.is_empty() {
            errors.add("column", "Tick at least one column.");
        }
        let columns = columns::chosen(self.resource, &self.columns, |permission| visitor.can(permission));
        if let Err(sentence) = &columns {
            errors.add("column", sentence.clone());
        }
        let (Some(format), Ok(columns), true) = (self.format, columns, errors.is_empty()) else {
            return Ok(Err(errors));
        };
        let (which, phrase) = self.which(visitor).await?;
        Ok(Ok(Wanted { which, columns, format, phrase }))
    }

    fn back(&self) -> String {
        let path = match self.resource {
            Resource::Orders => "/orders",
            Resource::Shipments => "/shipments",
        };
        Link::of(path, &self.list).to_string()
    }
}

/// `GET /exports/new`
pub async fn choose(visitor: Visitor) -> WebResult<HttpResponse> {
    let asked = Asked::read(&Fields::read(visitor.asked.query.as_bytes()))?;
    render(&visitor, asked, FormErrors::default()).await
}

async fn render(visitor: &Visitor, asked: Asked, errors: FormErrors) -> WebResult<HttpResponse> {
    let (which, phrase) = asked.which(visitor).await?;
    let mut scope = visitor.scope().await?;
    let count = which.count(&mut scope).await.map_err(broad)?;
    let shell = visitor.shell(&mut scope, "exports").await?;
    drop(scope);
    let small = count.is_some_and(|n| n <= AT_ONCE);
    let rows = match count {
        Some(n) if n > AT_ONCE => format!("{}+", grouped(AT_ONCE)),
        Some(n) => grouped(n),
        None => String::new(),
    };
    let button = match count {
        Some(1) => "Export 1 row".to_owned(),
        Some(_) => format!("Export {rows} rows"),
        None => "Export all that match".to_owned(),
    };
    let any = !asked.columns.is_empty() || !errors.is_empty();
    let ticked = |column: &Column| match any {
        true => asked.columns.iter().any(|name| name == column.name),
        false => column.usual,
    };
    let formats = [
        (Format::Xlsx, "A workbook: numbers and dates have their types."),
        (Format::Csv, "Plain text for other programs: times in ISO 8601, amounts as decimals."),
    ];
    let page = Choose {
        shell,
        back: asked.back(),
        resource: asked.resource,
        phrase,
        formats: formats
            .map(|(one, about)| (one, asked.format.unwrap_or(Format::Xlsx) == one, about))
            .to_vec(),
        choices: columns::of(asked.resource, |permission| visitor.can(permission))
            .into_iter()
            .map(|column| Choice { ticked: ticked(column), column })
            .collect(),
        list: asked.list,
        rows,
        small,
        button,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    visitor.asked.html_with(status, &page)
}

/// A list that takes too long says which condition is to blame.
fn broad(error: ListError) -> WebError {
    match error {
        ListError::TooBroad(fault) => WebError::Refused([("list", fault.detail)].into_iter().collect()),
        ListError::Db(error) => error.into(),
    }
}

/// `GET /exports/file`: what is small enough is the answer.
pub async fn at_once(visitor: Visitor) -> WebResult<HttpResponse> {
    let asked = Asked::read(&Fields::read(visitor.asked.query.as_bytes()))?;
    let wanted = match asked.wanted(&visitor).await? {
        Ok(wanted) => wanted,
        Err(errors) => return render(&visitor, asked, errors).await,
    };
    let mut scope = visitor.scope().await?;
    let count = wanted.count(&mut scope).await.map_err(broad)?;
    drop(scope);
    if count.is_none_or(|n| n > AT_ONCE) {
        // more came meanwhile: it is asked for once more, as what it is now
        let mut errors = FormErrors::default();
        errors.add("", "There are more rows now than are answered at once. Export again.");
        return render(&visitor, asked, errors).await;
    }
    let files = Files::of(&visitor.app.config.var);
    let answer =
        passing_files::answer(&visitor.app.db, &files, visitor.person.account, wanted, visitor.now).await;
    answer.map(passing).map_err(|error| match error {
        NoAnswer::List(error) => broad(error),
        NoAnswer::Broken(error) => error.into(),
    })
}

/// `POST /exports`: a file to be written in the background.
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let asked = Asked::read(&fields)?;
    let wanted = match asked.wanted(&visitor).await? {
        Ok(wanted) => wanted,
        Err(errors) => return render(&visitor, asked, errors).await,
    };
    let (app, account, by, now) = (visitor.app.clone(), visitor.person.account, visitor.by(), visitor.now);
    let begun = visitor
        .app
        .finish(async move {
            let mut scope = app.db.scope(account).await?;
            begin::begin(&mut scope, &wanted, &by, now).await?;
            scope.commit().await?;
            Ok::<_, ActionError>(())
        })
        .await?;
    match begun {
        Ok(()) => {
            visitor.flash("success", "The export is being written. Its file appears here.");
            visitor.see_other("/exports")
        }
        Err(ActionError::Unavailable(why)) => {
            let mut errors = FormErrors::default();
            errors.add("", why.sentence);
            render(&visitor, asked, errors).await
        }
        Err(error) => Err(error.into()),
    }
}
