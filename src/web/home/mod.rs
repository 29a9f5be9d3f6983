//! `/`: what needs attention, ordered by harm, and how today goes.

mod attention;
mod telling;
mod today;

pub(super) use attention::age;

use super::{Visitor, WebResult, filters, markup::Stamp, shell::Shell};
use crate::accounts::{Permission, Role};
use actix_web::HttpResponse;
use askama::Template;
use attention::Line;
use today::Today;

/// The page's main part: asked for again when anything of the account changed.
#[derive(Template)]
#[template(path = "home/_home.html")]
struct Part {
    lines: Vec<Line>,
    /// Said when nothing needs anybody.
    last_solved: Option<String>,
    today: Vec<Today>,
    place: String,
    now: Stamp,
    /// A new account has nothing yet.
    is_new: bool,
    may_connect: bool,
}

impl askama::filters::HtmlSafe for Part {}

#[derive(Template)]
#[template(path = "home/show.html")]
struct Home {
    shell: Shell,
    /// Support starts with a search.
    search_first: bool,
    part: Part,
}

/// `GET /`
pub async fn show(visitor: Visitor) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let mut lines = attention::lines(&visitor, &mut scope).await?;
    if visitor.person.role == Role::Admin {
        // what only an admin can mend comes first
        lines.sort_by_key(|line| !line.for_admins);
    }
    let last_solved = match lines.is_empty() {
        true => attention::last_solved(&visitor, &mut scope).await?,
        false => None,
    };
    let today = today::today(&visitor, &mut scope).await?;
    let is_new = lines.is_empty() && attention::is_new(&mut scope).await?;
    let part = Part {
        lines,
        last_solved,
        today,
        place: today::place(visitor.zone),
        now: visitor.stamp(visitor.now),
        is_new,
        may_connect: visitor.can(Permission::StoresEdit),
    };
    if visitor.partial() {
        return visitor.html(&part);
    }
    let shell = visitor.shell(&mut scope, "home").await?;
    visitor.html(&Home { shell, search_first: visitor.is_support(), part })
}
