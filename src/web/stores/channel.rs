//! `/stores/{id}/channels/{channel_id}`: a channel's settings, as a form for
//! those who may change them and as facts for the others.

use super::{head, settings::Typed};
use crate::{
    accounts::Permission,
    actions::Stale,
    channels::{
        store::ChannelRow,
        unreceived::{self, Unreceived},
    },
    couriers::catalogue,
    db::Scope,
    evidence::activity::{self, Activity, Of, Subject},
    ids::{ChannelId, StoreId},
    web::{
        Path, Visitor, WebResult,
        activity::words::{self, Change},
        markup::{FormErrors, Stamp},
        shell::Shell,
        stores::head::Head,
    },
};
use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use secrecy::ExposeSecret as _;

/// A credential, never its value.
struct Credential {
    name: &'static str,
    label: &'static str,
    set: bool,
}

struct Entry {
    who: String,
    what: String,
    at: Stamp,
    changes: Vec<Change>,
}

/// An order that could not be taken in.
struct Missed {
    reference: String,
    reason: String,
    seen: Stamp,
    record: Option<String>,
}

fn missed(visitor: &Visitor, order: Unreceived) -> Missed {
    let record = order.transaction_record_id.filter(|_| visitor.can(Permission::RecordsView));
    Missed {
        reference: order.reference,
        reason: order.reason,
        seen: visitor.stamp(order.last_seen_at),
        record: record.map(|id| format!("/transaction-records/{id}")),
    }
}

/// What somebody else did since the page was loaded.
struct Changed {
    what: String,
    by: Vec<(String, String, Stamp)>,
}

#[derive(Template)]
#[template(path = "stores/channel.html")]
struct Page {
    shell: Shell,
    head: Head,
    errors: FormErrors,
    stale: Option<Changed>,
    typed: Typed,
    may_edit: bool,
    connected: bool,
    /// Orders can be read from it.
    reads: bool,
    /// Tracking can be sent to it.
    submits: bool,
    /// What is sent for an unmapped courier without a fallback of its own.
    default_fallback: &'static str,
    external_account: String,
    credentials: Vec<Credential>,
    unreadable: bool,
    known: Vec<&'static str>,
    polled: Option<Stamp>,
    unreceived: Vec<Missed>,
    history: Vec<Entry>,
}

/// What went wrong with a form that was sent.
#[derive(Default)]
pub struct Trouble {
    /// By field.
    pub errors: FormErrors,
    /// Somebody was here before.
    pub stale: Option<Stale>,
}

/// `GET /stores/{id}/channels/{channel_id}`
pub async fn show(visitor: Visitor, path: Path<(StoreId, ChannelId)>) -> WebResult<HttpResponse> {
    let (store, channel) = path.0;
    render(&visitor, store, channel, None, Trouble::default()).await
}

/// The page, with what was typed when the form came back.
pub async fn render(
    visitor: &Visitor,
    store: StoreId,
    channel: ChannelId,
    typed: Option<Typed>,
    trouble: Trouble,
) -> WebResult<HttpResponse> {
    let status = match (&trouble.stale, trouble.errors.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let mut scope = visitor.scope().await?;
    let (head, row) = head::read(visitor, &mut scope, store, channel, "settings").await?;
    let capabilities = visitor.app.channels.capabilities(row.kind);
    let (credentials, unreadable) = credentials(visitor, &scope, &row);
    let history =
        activity::list(&mut scope, Of::Subject(Subject::Channel, channel.0), None, None, 20).await?;
    let unreceived = unreceived::list(&mut scope, channel, 50).await?;
    // after a change by somebody else, saving again is of what is now
    let typed = match typed {
        Some(typed) => Typed { version: row.version.to_string(), ..typed },
        None => Typed::of(&row),
    };
    let page = Page {
        errors: trouble.errors,
        stale: trouble.stale.map(|stale| Changed {
            what: stale.what,
            by: stale.changes.into_iter().map(|(who, what, at)| (who, what, visitor.stamp(at))).collect(),
        }),
        may_edit: visitor.can(Permission::StoresEdit),
        connected: capabilities.is_some(),
        reads: capabilities.is_some_and(|c| c.reads_orders),
        submits: capabilities.is_some_and(|c| c.submits),
        default_fallback: capabilities.and_then(|c| c.fallback_courier).unwrap_or("Other"),
        external_account: row.external_account.clone(),
        credentials,
        unreadable,
        known: catalogue::known_names(row.kind.as_str()),
        polled: row.last_polled_at.map(|at| visitor.stamp(at)),
        unreceived: unreceived.into_iter().map(|order| missed(visitor, order)).collect(),
        history: history.into_iter().map(|line| entry(visitor, line)).collect(),
        typed,
        head,
        shell: visitor.shell(&mut scope, "stores").await?,
    };
    visitor.asked.html_with(status, &page)
}

fn entry(visitor: &Visitor, line: Activity) -> Entry {
    Entry {
        at: visitor.stamp(line.at()),
        changes: words::changes(visitor, line.before.as_ref(), line.after.as_ref()),
        who: line.actor_name,
        what: line.summary,
    }
}

/// Which credentials are set. They are opened to see that, and not handed on.
fn credentials(visitor: &Visitor, scope: &Scope, row: &ChannelRow) -> (Vec<Credential>, bool) {
    let Some(adapter) = visitor.app.channels.get(row.kind) else {
        return (Vec::new(), false);
    };
    let access = row.access(scope, &visitor.app.keyring);
    let unreadable = access.is_err();
    let set = |name: &str| {
        access.as_ref().is_ok_and(|access| {
            !access.credentials.expose_secret().is_empty() && !access.credential(name).is_empty()
        })
    };
    let list = adapter.credentials().iter().map(|(name, label)| Credential { name, label, set: set(name) });
    (list.collect(), unreadable)
}
