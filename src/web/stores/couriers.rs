//! `/stores/{id}/channels/{channel_id}/couriers`: what the channel calls each
//! courier. Couriers that were seen and have no mapping come first, so that
//! nobody has to guess how one is spelled.

use super::head;
use crate::{
    accounts::Permission,
    actions::Stale,
    channels::store::ChannelRow,
    couriers::{
        catalogue,
        mapping::{self, Mapping},
        seen::{self, Seen},
        suggest::suggest,
    },
    db::{DbResult, Scope, sql},
    ids::{ChannelId, MappingId, StoreId},
    remedies::map_courier,
    web::{
        Fields, Path, Visitor, WebResult, filters,
        list::Link,
        markup::{FormErrors, Stamp},
        shell::Shell,
        stores::head::Head,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};

/// A name the channel may have meant, and the link that fills it in.
struct Guess {
    name: String,
    href: String,
}

/// A courier that was seen and has no mapping.
struct Waiting {
    as_sent: String,
    times: i64,
    last: Stamp,
    failed: i64,
    guesses: Vec<Guess>,
    /// The form, filled in for it.
    href: String,
}

struct Mapped {
    id: MappingId,
    courier: String,
    service: String,
    name: String,
    code: String,
    version: i32,
    times: i64,
    failed: i64,
    changed: Stamp,
    by: String,
    editing: bool,
    edit_href: String,
}

struct Previous {
    courier: String,
    name: String,
    at: Stamp,
    by: String,
    restore_href: String,
}

/// After a mapping was saved: what could be sent again.
struct Resend {
    courier: String,
    name: String,
    count: i64,
}

/// The form as it was typed.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct Typed {
    pub courier: String,
    pub other_courier: String,
    pub service: String,
    pub custom_name: String,
    pub custom_code: String,
    /// The mapping whose row is being edited.
    pub edit: Option<MappingId>,
    /// Its version as it was shown.
    pub version: String,
}

/// What went wrong with a form that was sent.
#[derive(Debug, Default)]
pub struct Trouble {
    /// By field.
    pub errors: FormErrors,
    /// Somebody was here before.
    pub stale: Option<Stale>,
}

#[derive(Template)]
#[template(path = "stores/couriers.html")]
struct Page {
    shell: Shell,
    head: Head,
    errors: FormErrors,
    stale: Option<String>,
    may_edit: bool,
    loaded: i64,
    /// The form for a new mapping; while a row is edited it is not filled.
    typed: Typed,
    editing: bool,
    /// Couriers as they are sent, those without a mapping first.
    unmapped: Vec<String>,
    seen: Vec<String>,
    slugs: Vec<&'static str>,
    known: Vec<&'static str>,
    guesses: Vec<Guess>,
    waiting: Vec<Waiting>,
    mapped: Vec<Mapped>,
    previous: Vec<Previous>,
    resend: Option<Resend>,
    kind: &'static str,
}

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = Text)]
    courier: String,
    #[diesel(sql_type = Nullable<Text>)]
    custom_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    replaced_at: crate::clock::Instant,
    #[diesel(sql_type = Nullable<Text>)]
    by: Option<String>,
}

#[derive(QueryableByName)]
struct Author {
    #[diesel(sql_type = BigInt)]
    id: MappingId,
    #[diesel(sql_type = Nullable<Text>)]
    by: Option<String>,
}

async fn authors(scope: &mut Scope, channel: ChannelId) -> DbResult<Vec<Author>> {
    let account = scope.account();
    scope
        .rows(
            sql(
                "select m.id, u.name as by from courier_mappings m left join users u on u.id = m.updated_by \
                 where m.account_id = {} and m.channel_id = {} limit 2000",
            )
            .bind(account)
            .bind(channel),
        )
        .await
}

async fn versions(scope: &mut Scope, channel: ChannelId) -> DbResult<Vec<Old>> {
    let account = scope.account();
    scope
        .rows(
            sql("select v.courier, v.custom_name, v.replaced_at, u.name as by from courier_mapping_versions v \
                 left join users u on u.id = v.replaced_by where v.account_id = {} and v.channel_id = {} \
                 order by v.id desc limit 20")
            .bind(account)
            .bind(channel),
        )
        .await
}

/// `GET /stores/{id}/channels/{channel_id}/couriers`. `?courier=` fills the form
/// in, `?edit=` opens a row, `?saved=` offers to send again what waited.
pub async fn show(visitor: Visitor, path: Path<(StoreId, ChannelId)>) -> WebResult<HttpResponse> {
    let (store, channel) = path.0;
    let asked = Fields::read(visitor.asked.query.as_bytes());
    let typed = Typed {
        courier: asked.get("courier").trim().to_owned(),
        custom_name: asked.get("name").trim().to_owned(),
        edit: asked.get("edit").parse().ok(),
        ..Typed::default()
    };
    let saved = Some(asked.get("saved").trim().to_owned()).filter(|courier| !courier.is_empty());
    render(&visitor, store, channel, typed, saved, Trouble::default()).await
}

/// The page, with what was typed when the form came back.
pub async fn render(
    visitor: &Visitor,
    store: StoreId,
    channel: ChannelId,
    typed: Typed,
    saved: Option<String>,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let mut scope = visitor.scope().await?;
    let (head, row) = head::read(visitor, &mut scope, store, channel, "couriers").await?;
    let path = format!("{}/couriers", head.path);
    let seen = seen::list(&mut scope, channel).await?;
    let mappings = mapping::list(&mut scope, channel).await?;
    let authors = authors(&mut scope, channel).await?;
    let resend = match saved {
        Some(courier) => resend(&mut scope, channel, &courier, &mappings).await?,
        None => None,
    };
    let may_edit = visitor.can(Permission::CouriersEdit);
    let fresh = trouble.errors.is_empty() && trouble.stale.is_none();
    let previous = versions(&mut scope, channel).await?;
    let editing = typed.edit.is_some_and(|id| mappings.iter().any(|m| m.id == id));
    let form = fill(&row, &seen, typed.clone(), fresh, editing);
    let is_mapped = |courier: &str| mappings.iter().any(|m| m.courier == courier && m.service.is_empty());
    let page = Page {
        errors: trouble.errors,
        stale: trouble.stale.map(|stale| stale.sentence()),
        may_edit,
        loaded: visitor.now.timestamp_micros(),
        guesses: if form.courier.is_empty() { Vec::new() } else { guesses(&path, &form.courier, &row) },
        editing,
        unmapped: seen.iter().filter(|s| !is_mapped(&s.courier)).map(|s| s.as_sent.clone()).collect(),
        seen: seen.iter().filter(|s| is_mapped(&s.courier)).map(|s| s.as_sent.clone()).collect(),
        slugs: catalogue::all().iter().map(|courier| courier.slug.as_str()).collect(),
        known: catalogue::known_names(row.kind.as_str()),
        waiting: seen
            .iter()
            .filter(|s| !is_mapped(&s.courier))
            .map(|s| Waiting {
                as_sent: s.as_sent.clone(),
                times: i64::from(s.times),
                last: visitor.stamp(s.last_seen_at),
                failed: s.failed,
                guesses: guesses(&path, &s.as_sent, &row),
                href: Link::to(&path).with("courier", &s.as_sent).to_string(),
            })
            .collect(),
        mapped: mappings
            .into_iter()
            .map(|m| mapped(visitor, &path, m, &seen, &authors, typed.edit.filter(|_| may_edit)))
            .collect(),
        previous: previous
            .into_iter()
            .map(|old| {
                let name = old.custom_name.unwrap_or_default();
                Previous {
                    restore_href: Link::to(&path)
                        .with("courier", &old.courier)
                        .with("name", &name)
                        .to_string(),
                    courier: old.courier,
                    name,
                    at: visitor.stamp(old.replaced_at),
                    by: old.by.unwrap_or_else(|| "Waybill".to_owned()),
                }
            })
            .collect(),
        resend: resend.filter(|_| may_edit),
        typed: form,
        kind: row.kind.label(),
        head,
        shell: visitor.shell(&mut scope, "stores").await?,
    };
    visitor.asked.html_with(status, &page)
}

/// A form that was opened for a courier is filled in as far as we can guess.
fn fill(row: &ChannelRow, seen: &[Seen], typed: Typed, fresh: bool, editing: bool) -> Typed {
    if !fresh || editing {
        return typed;
    }
    let mut form = typed;
    let key = mapping::key(&form.courier);
    match seen.iter().find(|s| s.courier == key) {
        Some(known) => form.courier.clone_from(&known.as_sent),
        None => form.other_courier = std::mem::take(&mut form.courier),
    }
    if form.custom_name.is_empty() {
        let best = suggest(&form.courier, row.kind.as_str()).into_iter().next();
        form.custom_name =
            best.filter(|best| best.confident).map(|best| best.name.to_owned()).unwrap_or_default();
    }
    form
}

fn guesses(path: &str, courier: &str, row: &ChannelRow) -> Vec<Guess> {
    suggest(courier, row.kind.as_str())
        .into_iter()
        .take(3)
        .map(|guess| Guess {
            name: guess.name.to_owned(),
            href: Link::to(path).with("courier", courier).with("name", guess.name).to_string(),
        })
        .collect()
}

fn mapped(
    visitor: &Visitor,
    path: &str,
    mapping: Mapping,
    seen: &[Seen],
    authors: &[Author],
    edit: Option<MappingId>,
) -> Mapped {
    let met = seen.iter().find(|s| s.courier == mapping.courier);
    let author = authors.iter().find(|author| author.id == mapping.id).and_then(|author| author.by.clone());
    Mapped {
        edit_href: format!("{path}?edit={id}#mapping-{id}", id = mapping.id),
        id: mapping.id,
        courier: met.map_or(mapping.courier.clone(), |s| s.as_sent.clone()),
        service: mapping.service,
        name: mapping.custom_name,
        code: mapping.custom_code.unwrap_or_default(),
        version: mapping.version,
        times: met.map_or(0, |s| i64::from(s.times)),
        failed: met.map_or(0, |s| s.failed),
        changed: visitor.stamp(mapping.updated_at),
        by: author.unwrap_or_else(|| "Waybill".to_owned()),
        editing: edit == Some(mapping.id),
    }
}

async fn resend(
    scope: &mut Scope,
    channel: ChannelId,
    courier: &str,
    mappings: &[Mapping],
) -> WebResult<Option<Resend>> {
    let key = mapping::key(courier);
    let Some(mapping) = mappings.iter().find(|m| m.courier == key && m.service.is_empty()) else {
        return Ok(None);
    };
    let count = map_courier::would_resend(scope, channel, courier).await?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok((count > 0).then(|| Resend { courier: courier.to_owned(), name: mapping.custom_name.clone(), count }))
}
