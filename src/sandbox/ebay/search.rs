//! eBay's list of orders: its filter grammar and its paging.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::super::reply::{Call, Refusal};
use super::bad;
use super::market::{Market, Order};

/// What a filter asks for.
#[derive(Default)]
struct Filter {
    created: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    modified: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    statuses: Vec<String>,
}

fn wrong(text: &str) -> Refusal {
    bad(30700, "Invalid filter.", "The filter cannot be read.", &[("filter", text)])
}

/// `name:[…]` or `name:{…}`, separated by commas outside brackets.
fn read(text: &str) -> Result<Filter, Refusal> {
    let mut filter = Filter::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once(':').ok_or_else(|| wrong(text))?;
        let close = match after.chars().next() {
            Some('[') => ']',
            Some('{') => '}',
            _ => return Err(wrong(text)),
        };
        let end = after.find(close).ok_or_else(|| wrong(text))?;
        let inner = &after[1..end];
        match (name.trim(), close) {
            ("creationdate", ']') => filter.created = Some(span(inner).ok_or_else(|| wrong(text))?),
            ("lastmodifieddate", ']') => filter.modified = Some(span(inner).ok_or_else(|| wrong(text))?),
            ("orderfulfillmentstatus", '}') => {
                filter.statuses = inner.split('|').map(|status| status.trim().to_owned()).collect();
                let known = ["NOT_STARTED", "IN_PROGRESS", "FULFILLED"];
                if !filter.statuses.iter().all(|status| known.contains(&status.as_str())) {
                    return Err(wrong(text));
                }
            }
            _ => return Err(wrong(text)),
        }
        rest = after[end + 1..].trim_start_matches([',', ' ']);
    }
    Ok(filter)
}

fn span(inner: &str) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    let (from, to) = inner.split_once("..")?;
    let time = |text: &str| {
        DateTime::parse_from_rfc3339(text.trim())
            .ok()
            .filter(|_| text.trim().ends_with('Z'))
            .map(|time| time.to_utc())
    };
    let to = if to.trim().is_empty() { None } else { Some(time(to)?) };
    Some((time(from)?, to))
}

fn within(time: DateTime<Utc>, span: (DateTime<Utc>, Option<DateTime<Utc>>)) -> bool {
    time >= span.0 && span.1.is_none_or(|end| time <= end)
}

fn whole(call: &Call, name: &str, default: usize, most: usize) -> Result<usize, Refusal> {
    let Some(text) = call.param(name) else {
        return Ok(default);
    };
    let number =
        text.parse::<usize>().ok().filter(|number| *number <= most && (name != "limit" || *number > 0));
    number
        .ok_or_else(|| bad(30800, "Invalid paging.", "The limit or offset is out of range.", &[(name, text)]))
}

/// `GET /order`.
pub(super) fn orders(market: &Market, call: &Call, base: &str, now: DateTime<Utc>) -> Result<Value, Refusal> {
    let limit = whole(call, "limit", 50, 200)?;
    let offset = whole(call, "offset", 0, 1_000_000)?;
    let filter = read(call.param("filter").unwrap_or(""))?;
    let oldest = now - Duration::days(730);
    if filter.created.or(filter.modified).is_some_and(|(from, _)| from < oldest) {
        return Err(bad(
            30810,
            "Invalid date range.",
            "Orders can be asked for two years back at most.",
            &[],
        ));
    }
    let fits = |order: &&Order| {
        // The creation date wins when both are given; without either it is the last 90 days.
        let dated = match (filter.created, filter.modified) {
            (Some(span), _) => within(order.created, span),
            (None, Some(span)) => within(order.modified, span),
            (None, None) => order.created >= now - Duration::days(90),
        };
        dated && (filter.statuses.is_empty() || filter.statuses.iter().any(|status| status == order.status()))
    };
    let mut found: Vec<&Order> = market.orders().filter(fits).collect();
    found.sort_by_key(|order| std::cmp::Reverse(order.created));
    let total = found.len();
    let link = |offset: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(filter) = call.param("filter") {
            query.append_pair("filter", filter);
        }
        query.append_pair("limit", &limit.to_string()).append_pair("offset", &offset.to_string());
        format!("{base}/order?{}", query.finish())
    };
    let page: Vec<Value> = found.into_iter().skip(offset).take(limit).map(|order| order.view(base)).collect();
    let mut answer =
        json!({ "href": link(offset), "total": total, "limit": limit, "offset": offset, "orders": page });
    if offset + limit < total {
        answer["next"] = json!(link(offset + limit));
    }
    if offset > 0 {
        answer["prev"] = json!(link(offset.saturating_sub(limit)));
    }
    Ok(answer)
}
