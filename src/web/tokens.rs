//! `/settings/tokens`: tokens for programs, each shown once.

use super::{
    Fields, Path, Visitor, WebError, WebResult,
    markup::{FormErrors, Stamp},
    shell::Shell,
};
use crate::{
    accounts::tokens::{self, Scope, Token},
    actions::By,
    clock::Instant,
    db::Db,
    evidence::{
        Entry,
        activity::{self, Subject},
    },
    ids::{AccountId, UserId},
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

/// The longest a token lives, in days.
const LONGEST: i64 = 365;

struct Line {
    id: i64,
    name: String,
    prefix: String,
    person: String,
    scopes: String,
    created: Stamp,
    used: Option<Stamp>,
    expires: Option<Stamp>,
    /// Why it opens nothing any more; empty while it lives.
    over: &'static str,
}

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
}

struct Choice {
    word: &'static str,
    about: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "tokens/new.html")]
struct NewPage {
    shell: Shell,
    errors: FormErrors,
    /// What it is called, as typed.
    called: String,
    days: String,
    scopes: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "tokens/made.html")]
struct MadePage {
    shell: Shell,
    token: String,
    prefix: String,
}

#[derive(Template)]
#[template(path = "tokens/revoke.html")]
struct RevokePage {
    shell: Shell,
    line: Line,
}

fn line(visitor: &Visitor, token: &Token) -> Line {
    let over = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "Revoked",
        (None, Some(at)) if at <= visitor.now => "Expired",
        _ => "",
    };
    Line {
        id: token.id,
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        person: token.person.clone(),
        scopes: token.scopes.join(", "),
        created: visitor.stamp(token.created_at),
        used: token.last_used_at.map(|at| visitor.stamp(at)),
        expires: token.expires_at.map(|at| visitor.stamp(at)),
        over,
    }
}

/// `GET /settings/tokens`
pub async fn list(visitor: Visitor) -> WebResult<HttpResponse> {
    let all = tokens::list(&visitor.app.db, visitor.person.account).await?;
    let mut scope = visitor.scope().await?;
    let lines = all.iter().map(|token| line(&visitor, token)).collect();
    visitor.html(&ListPage { lines, shell: visitor.shell(&mut scope, "tokens").await? })
}

/// `GET /settings/tokens/new`
pub async fn new(visitor: Visitor) -> WebResult<HttpResponse> {
    form(&visitor, &Fields::default(), FormErrors::new()).await
}

async fn form(visitor: &Visitor, typed: &Fields, errors: FormErrors) -> WebResult<HttpResponse> {
    let mut scope = visitor.scope().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let days = typed.get("days");
    let page = NewPage {
        called: typed.get("name").to_owned(),
        days: if days.is_empty() { "90".to_owned() } else { days.to_owned() },
        scopes: Scope::ALL
            .iter()
            .map(|scope| Choice {
                word: scope.as_str(),
                about: scope.about(),
                chosen: typed.all("scope").any(|word| word == scope.as_str()),
            })
            .collect(),
        errors,
        shell: visitor.shell(&mut scope, "tokens").await?,
    };
    visitor.asked.html_with(status, &page)
}

/// The work of making or ending one, apart from the request that asked for it.
struct Work {
    db: Db,
    account: AccountId,
    user: UserId,
    by: By,
    now: Instant,
}

impl Work {
    fn of(visitor: &Visitor) -> Work {
        Work {
            db: visitor.app.db.clone(),
            account: visitor.person.account,
            user: visitor.person.user,
            by: visitor.by(),
            now: visitor.now,
        }
    }

    async fn create(self, name: String, scopes: Vec<Scope>, days: i64) -> anyhow::Result<tokens::Created> {
        let expires = self.now + chrono::Duration::days(days);
        let made = tokens::create(&self.db, self.account, self.user, &name, &scopes, Some(expires)).await?;
        self.tell("token_created", format!("Made the API token {name} ({}…)", made.prefix)).await?;
        Ok(made)
    }

    async fn revoke(self, token: Token) -> anyhow::Result<bool> {
        let revoked = tokens::revoke(&self.db, self.account, token.id, self.now).await?;
        if revoked {
            self.tell("token_revoked", format!("Revoked the API token {} ({}…)", token.name, token.prefix))
                .await?;
        }
        Ok(revoked)
    }

    async fn tell(&self, verb: &'static str, summary: String) -> anyhow::Result<()> {
        let mut scope = self.db.scope(self.account).await?;
        let entry = Entry::new(&self.by.actor, verb, Subject::User, self.user.0, summary)
            .traced(Some(&self.by.trace))
            .from_ip(self.by.ip.clone());
        activity::record(&mut scope, entry).await?;
        Ok(scope.commit().await?)
    }
}

/// `POST /settings/tokens`: makes one and shows it, this once.
pub async fn create(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let name = fields.get("name").trim().to_owned();
    let mut errors = FormErrors::new();
    if name.is_empty() || name.chars().count() > 100 {
        errors.add("name", "Write what the token is for, in 1 to 100 characters.");
    }
    let days = fields.get("days").trim().parse::<i64>().ok().filter(|days| (1..=LONGEST).contains(days));
    if days.is_none() {
        errors.add("days", format!("Write for how many days it is to live: 1 to {LONGEST}."));
    }
    let scopes: Vec<Scope> = fields.all("scope").filter_map(Scope::parse).collect();
    if scopes.is_empty() {
        errors.add("scopes", "Choose what it may do.");
    }
    let Some(days) = days.filter(|_| errors.is_empty()) else {
        return form(&visitor, &fields, errors).await;
    };
    let work = Work::of(&visitor);
    let made = visitor.app.finish(work.create(name, scopes, days)).await??;
    let mut scope = visitor.scope().await?;
    let page = MadePage {
        token: made.token,
        prefix: made.prefix,
        shell: visitor.shell(&mut scope, "tokens").await?,
    };
    visitor.html(&page)
}

async fn find(visitor: &Visitor, id: i64) -> WebResult<Token> {
    let all = tokens::list(&visitor.app.db, visitor.person.account).await?;
    all.into_iter().find(|token| token.id == id).ok_or(WebError::NotFound)
}

/// `GET /settings/tokens/{id}/revoke`
pub async fn confirm(visitor: Visitor, id: Path<i64>) -> WebResult<HttpResponse> {
    let token = find(&visitor, id.0).await?;
    let mut scope = visitor.scope().await?;
    visitor
        .html(&RevokePage { line: line(&visitor, &token), shell: visitor.shell(&mut scope, "tokens").await? })
}

/// `POST /settings/tokens/{id}/revoke`
pub async fn revoke(visitor: Visitor, id: Path<i64>) -> WebResult<HttpResponse> {
    let token = find(&visitor, id.0).await?;
    let name = token.name.clone();
    let revoked = visitor.app.finish(Work::of(&visitor).revoke(token)).await??;
    match revoked {
        true => visitor.flash("success", format!("The token {name} is revoked. It opens nothing any more.")),
        false => visitor.flash("info", format!("The token {name} was revoked before.")),
    }
    visitor.see_other("/settings/tokens")
}
