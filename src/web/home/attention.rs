//! The lines of *Needs attention*: one for each thing that stands still until
//! somebody does something. Counting stops at [`COUNTED`].

use crate::{
    accounts::Permission,
    clock::Instant,
    couriers::mapping,
    db::{Scope, Sql, sql},
    ids::{ChannelId, ImportId, ProblemId, StoreId},
    outbound::ErrorClass,
    shipments::list as shipments,
    web::{Visitor, WebResult, badge::Badge, filters::grouped, list::Link, markup::Offer},
};
use chrono::Duration;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};

const COUNTED: i64 = 1_000;
/// Causes of failed channel syncs that have a line of their own.
const CAUSES: i64 = 6;

/// One thing that needs somebody.
pub struct Line {
    /// How bad, as a badge: its tone is the line's spine.
    pub badge: Badge,
    /// How many; `1,000+` when there are more.
    pub count: String,
    /// What, in one clause.
    pub title: String,
    /// What to know about it.
    pub detail: String,
    /// The list of them.
    pub href: String,
    /// How long the oldest waits.
    pub oldest: String,
    /// What mends it at once.
    pub fix: Option<Offer>,
    /// Whether only an admin can mend it.
    pub for_admins: bool,
}

#[derive(QueryableByName)]
pub(super) struct Tally {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<Instant>,
}

/// Everything that needs somebody, the most harmful first.
pub async fn lines(visitor: &Visitor, scope: &mut Scope) -> WebResult<Vec<Line>> {
    let (account, now) = (scope.account(), visitor.now);
    let mut lines = Vec::new();

    let unknown = tally(
        scope,
        sql("select updated_at as at from shipments where account_id = {} and status = 'unconfirmed'")
            .bind(account),
    )
    .await?;
    add(&mut lines, visitor, unknown, |n| Line {
        badge: Badge::unknown("Outcome unknown"),
        title: format!("{} whose outcome nobody knows", some(n, "Shipment", "Shipments")),
        detail: "Each may or may not be at its provider. None is sent again until that is known.".into(),
        href: "/shipments?tab=unknown".into(),
        ..Line::empty()
    });

    let open = tally(
        scope,
        sql("select first_seen_at as at from problems where account_id = {} and resolved_at is null \
             and (snoozed_until is null or snoozed_until <= {})")
        .bind(account)
        .bind(now),
    )
    .await?;
    if visitor.can(Permission::ProblemsView) {
        add(&mut lines, visitor, open, |n| Line {
            badge: Badge::failed("Error Queue"),
            title: format!("{} in the Error Queue", some(n, "Problem", "Problems")),
            detail: "Everything that failed and waits for a person or its next attempt.".into(),
            href: "/error-queue".into(),
            ..Line::empty()
        });
    }
    causes(visitor, scope, &mut lines).await?;

    let silent = tally(scope, shipments::posted(account, &shipments::Filter::default().silent(now))).await?;
    add(&mut lines, visitor, silent, |n| Line {
        badge: Badge::attention("No tracking 24 h").with_icon("clock"),
        title: format!("{} posted over 24 h ago without tracking", some(n, "Shipment", "Shipments")),
        detail: "Their provider has them and has not shipped them yet.".into(),
        href: "/shipments?tab=pending_tracking&silent=yes".into(),
        ..Line::empty()
    });

    let held = tally(
        scope,
        sql("select created_at as at from order_holds where account_id = {} and released_at is null \
             and (created_at < {} or hold_until < {})")
        .bind(account)
        .bind(now - Duration::days(3))
        .bind(now),
    )
    .await?;
    add(&mut lines, visitor, held, |n| Line {
        badge: Badge::held("On hold"),
        title: format!("{} older than 3 days or past their date", some(n, "Hold", "Holds")),
        detail: "Nothing of these orders is posted while they stand.".into(),
        href: "/orders?tab=on_hold".into(),
        ..Line::empty()
    });

    let late = tally(
        scope,
        sql("select ship_by as at from orders where account_id = {} and status in ('unshipped', 'partially_shipped') \
             and ship_by < {}")
        .bind(account)
        .bind(now),
    )
    .await?;
    add(&mut lines, visitor, late, |n| Line {
        badge: Badge::attention("Late").with_icon("clock"),
        title: format!("{} past their ship-by date", some(n, "Order", "Orders")),
        detail: "Not everything of them has left.".into(),
        href: "/orders?late=yes".into(),
        ..Line::empty()
    });

    let given_up = tally(
        scope,
        sql("select created_at as at from jobs where account_id = {} and state = 'dead'").bind(account),
    )
    .await?;
    if visitor.can(Permission::ProblemsView) {
        add(&mut lines, visitor, given_up, |n| Line {
            badge: Badge::failed("Given up"),
            title: format!("{} given up on our side", some(n, "Job", "Jobs")),
            detail: "Waybill stopped in them again and again. They wait until somebody has them run.".into(),
            href: "/jobs".into(),
            ..Line::empty()
        });
    }

    unreceived(visitor, scope, &mut lines).await?;
    failing(visitor, scope, &mut lines).await?;
    imports(visitor, scope, &mut lines).await?;
    super::telling::lines(visitor, scope, &mut lines).await?;
    Ok(lines)
}

#[derive(QueryableByName)]
struct Cause {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Timestamptz)]
    oldest: Instant,
    #[diesel(sql_type = BigInt)]
    problem: ProblemId,
    #[diesel(sql_type = Text)]
    error_class: ErrorClass,
    #[diesel(sql_type = Nullable<Text>)]
    courier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = Text)]
    cause_key: String,
    #[diesel(sql_type = BigInt)]
    channel_id: ChannelId,
    #[diesel(sql_type = Text)]
    channel_name: String,
    #[diesel(sql_type = BigInt)]
    store_id: StoreId,
}

/// Failed channel syncs by what would mend them, the most first.
async fn causes(visitor: &Visitor, scope: &mut Scope, lines: &mut Vec<Line>) -> WebResult<()> {
    let account = scope.account();
    let causes: Vec<Cause> = scope
        .rows(
            sql("select g.n, g.oldest, g.problem, p.error_class, p.courier, p.code, p.cause_key, c.id as channel_id, \
                 c.name as channel_name, c.store_id from ( \
                   select count(*) as n, min(first_seen_at) as oldest, min(id) as problem from problems \
                   where account_id = {} and kind = 'submit' and resolved_at is null \
                   and (snoozed_until is null or snoozed_until <= {}) \
                   group by cause_key order by 1 desc, 2 limit {}) g \
                 join problems p on p.account_id = {} and p.id = g.problem \
                 join channels c on c.account_id = p.account_id and c.id = p.channel_id order by g.n desc, g.oldest")
            .bind(account)
            .bind(visitor.now)
            .bind(CAUSES)
            .bind(account),
        )
        .await?;
    for cause in causes {
        let (title, fix, for_admins) = words(visitor, &cause);
        let retried = cause.error_class.retry_helps();
        lines.push(Line {
            badge: match retried {
                true => Badge::attention("Retrying").with_icon("clock"),
                false => Badge::failed("Sync failed"),
            },
            count: number(cause.n),
            title,
            detail: match (retried, cause.code) {
                (true, _) => "It is tried again by itself.".into(),
                (false, Some(code)) => format!("The channel’s code: {code}"),
                (false, None) => "The channel’s words are in the Error Queue.".into(),
            },
            href: Link::to("/error-queue").with("flat", 1).with("cause", &cause.cause_key).to_string(),
            oldest: age(visitor.now - cause.oldest),
            fix,
            for_admins,
        });
    }
    Ok(())
}

fn words(visitor: &Visitor, cause: &Cause) -> (String, Option<Offer>, bool) {
    let channel = &cause.channel_name;
    let courier = cause.courier.as_deref().map(mapping::key).unwrap_or_default();
    let map = |label: &str| {
        visitor.can(Permission::CouriersEdit).then(|| Offer {
            label: label.into(),
            href: Link::to(format!("/problems/{}/fix", cause.problem)).with("back", "/").to_string(),
        })
    };
    let renew = || {
        visitor.can(Permission::StoresEdit).then(|| Offer {
            label: "Renew credentials".into(),
            href: format!("/stores/{}/channels/{}", cause.store_id, cause.channel_id),
        })
    };
    match cause.error_class {
        ErrorClass::CourierUnmapped => {
            (format!("{channel} does not know the courier “{courier}”"), map("Map courier"), true)
        }
        ErrorClass::CourierRejected => (
            format!("{channel} refuses the name that “{courier}” is mapped to"),
            map("Correct mapping"),
            true,
        ),
        ErrorClass::Auth | ErrorClass::Forbidden => {
            (format!("{channel} refuses our credentials"), renew(), true)
        }
        ErrorClass::TrackingRejected => (format!("{channel} refuses the tracking number"), None, false),
        ErrorClass::OrderNotFound => (format!("{channel} has no such order"), None, false),
        ErrorClass::AlreadyFulfilled => (format!("{channel} says it was fulfilled already"), None, false),
        ErrorClass::OrderClosed => (format!("{channel} says the order is closed"), None, false),
        ErrorClass::RateLimited => (format!("{channel} asks us to slow down"), None, false),
        ErrorClass::Unavailable | ErrorClass::Timeout => {
            (format!("{channel} cannot be reached"), None, false)
        }
        ErrorClass::SkuUnknown => (format!("{channel} does not know a SKU"), None, false),
        _ => (format!("{channel} refuses the tracking"), None, false),
    }
}

#[derive(QueryableByName)]
struct Failing {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Timestamptz)]
    failing_since: Instant,
    #[diesel(sql_type = Nullable<Text>)]
    failure_class: Option<String>,
}

/// Channels and connections that cannot be talked to.
async fn failing(visitor: &Visitor, scope: &mut Scope, lines: &mut Vec<Line>) -> WebResult<()> {
    let account = scope.account();
    let found: Vec<Failing> = scope
        .rows(
            sql("select id, store_id, name, failing_since, failure_class from channels \
                 where account_id = {} and failing_since is not null \
                 union all select id, null, name, failing_since, failure_class from connections \
                 where account_id = {} and failing_since is not null order by 4 limit 20")
            .bind(account)
            .bind(account),
        )
        .await?;
    for one in found {
        let class = one.failure_class.as_deref().and_then(ErrorClass::parse);
        let credentials = matches!(class, Some(ErrorClass::Auth | ErrorClass::Forbidden));
        let (href, permission) = match one.store_id {
            Some(store) => (format!("/stores/{store}/channels/{}", one.id), Permission::StoresEdit),
            None => (format!("/connections/{}", one.id), Permission::ConnectionsEdit),
        };
        let fix = (credentials && visitor.can(permission))
            .then(|| Offer { label: "Renew credentials".into(), href: href.clone() });
        lines.push(Line {
            badge: Badge::failed("Failing"),
            count: "1".into(),
            title: match one.store_id {
                Some(_) => format!("Channel {} is failing", one.name),
                None => format!("Connection {} is failing", one.name),
            },
            detail: match class {
                Some(ErrorClass::Auth) => "It refuses our credentials.".into(),
                Some(ErrorClass::Forbidden) => "Our credentials do not allow what we ask.".into(),
                Some(ErrorClass::RateLimited) => "It asked us to slow down.".into(),
                Some(_) | None => "It is tried again by itself.".into(),
            },
            href,
            oldest: age(visitor.now - one.failing_since),
            fix,
            for_admins: true,
        });
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Unreceived {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Timestamptz)]
    oldest: Instant,
    #[diesel(sql_type = BigInt)]
    channel_id: ChannelId,
    #[diesel(sql_type = BigInt)]
    store_id: StoreId,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Orders that channels sent and that could not be taken in.
async fn unreceived(visitor: &Visitor, scope: &mut Scope, lines: &mut Vec<Line>) -> WebResult<()> {
    if !visitor.can(Permission::StoresView) {
        return Ok(());
    }
    let account = scope.account();
    let found: Vec<Unreceived> = scope
        .rows(
            sql("select count(*) as n, min(u.first_seen_at) as oldest, u.channel_id, c.store_id, c.name \
                 from unreceived_orders u join channels c on c.account_id = u.account_id and c.id = u.channel_id \
                 where u.account_id = {} group by u.channel_id, c.store_id, c.name order by 1 desc limit 5")
            .bind(account),
        )
        .await?;
    for channel in found {
        lines.push(Line {
            badge: Badge::failed("Not taken in"),
            count: number(channel.n),
            title: format!("{} of {} not taken in", some(channel.n, "Order", "Orders"), channel.name),
            detail: "Each says why; what the channel sent is kept.".into(),
            href: format!("/stores/{}/channels/{}", channel.store_id, channel.channel_id),
            oldest: age(visitor.now - channel.oldest),
            ..Line::empty()
        });
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Import {
    #[diesel(sql_type = BigInt)]
    id: ImportId,
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = Timestamptz)]
    created_at: Instant,
}

/// Files of the last days with rows that were not taken.
async fn imports(visitor: &Visitor, scope: &mut Scope, lines: &mut Vec<Line>) -> WebResult<()> {
    if !visitor.can(Permission::ImportsRun) {
        return Ok(());
    }
    let account = scope.account();
    let found: Vec<Import> = scope
        .rows(
            sql("select id, file_name, rows_failed::bigint as failed, created_at from ( \
                   select id, file_name, rows_failed, created_at from imports where account_id = {} order by id desc limit 50) i \
                 where rows_failed > 0 and created_at > {} order by id desc limit 5")
            .bind(account)
            .bind(visitor.now - Duration::days(7)),
        )
        .await?;
    for import in found {
        let href = format!("/imports/{}", import.id);
        lines.push(Line {
            badge: Badge::attention("Import"),
            count: number(import.failed),
            title: format!(
                "{} of {} not imported",
                if import.failed == 1 { "Line" } else { "Lines" },
                import.file_name
            ),
            detail: "Each says what is wrong with it.".into(),
            oldest: age(visitor.now - import.created_at),
            href,
            ..Line::empty()
        });
    }
    Ok(())
}

/// When the last problem was solved, in words.
pub async fn last_solved(visitor: &Visitor, scope: &mut Scope) -> WebResult<Option<String>> {
    let account = scope.account();
    let statement = sql(
        "select 1::bigint as n, max(resolved_at) as oldest from problems where account_id = {} and resolved_at is not null",
    );
    let row: Option<Tally> = scope.row(statement.bind(account)).await?;
    Ok(row.and_then(|row| row.oldest).map(|at| age(visitor.now - at)))
}

/// Whether the account has no channel yet.
pub async fn is_new(scope: &mut Scope) -> WebResult<bool> {
    let account = scope.account();
    let statement = sql(
        "select count(*) as n, null::timestamptz as oldest from (select from channels where account_id = {} limit 1) c",
    );
    let row: Option<Tally> = scope.row(statement.bind(account)).await?;
    Ok(row.is_none_or(|row| row.n == 0))
}

impl Line {
    pub(super) fn empty() -> Line {
        Line {
            badge: Badge::failed(""),
            count: String::new(),
            title: String::new(),
            detail: String::new(),
            href: String::new(),
            oldest: String::new(),
            fix: None,
            for_admins: false,
        }
    }
}

/// Counts the rows of a statement that answers `at`, up to a limit.
pub(super) async fn tally(scope: &mut Scope, rows: Sql) -> WebResult<Tally> {
    let statement = sql("select count(*) as n, min(at) as oldest from (")
        .append(rows)
        .push(" limit {}) t")
        .bind(COUNTED + 1);
    let row: Option<Tally> = scope.row(statement).await?;
    Ok(row.unwrap_or(Tally { n: 0, oldest: None }))
}

pub(super) fn add(lines: &mut Vec<Line>, visitor: &Visitor, tally: Tally, line: impl FnOnce(i64) -> Line) {
    if tally.n > 0 {
        lines.push(Line {
            count: number(tally.n),
            oldest: tally.oldest.map(|at| age(visitor.now - at)).unwrap_or_default(),
            ..line(tally.n)
        });
    }
}

fn number(n: i64) -> String {
    if n > COUNTED { format!("{}+", grouped(COUNTED)) } else { grouped(n) }
}

pub(super) fn some(n: i64, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

/// How long, in the largest unit that says it: `3 days`, `14 h`, `5 min`.
pub(in crate::web) fn age(span: Duration) -> String {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days, _, _) if days >= 2 => format!("{days} days"),
        (_, hours, _) if hours >= 1 => format!("{hours} h"),
        (_, _, minutes) => format!("{} min", minutes.max(1)),
    }
}
