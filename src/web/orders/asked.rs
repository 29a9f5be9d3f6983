//! What the order list is asked for: the filter, its chips and its form.

use crate::{
    accounts::Permission,
    bulk::Resource,
    channels::store,
    clock::Instant,
    db::Scope,
    ids::{ChannelId, StoreId},
    orders::{
        HoldKind, OrderStatus,
        list::{Filter, Tab},
    },
    shipments::{ChannelSync, Status},
    web::{
        Visitor, WebResult, badge,
        list::{Link, List},
        narrow::Narrowed,
    },
};
use chrono::{Days, NaiveDate, TimeZone};
use chrono_tz::Tz;

/// The list's own keys.
pub const KEYS: [&str; 13] = [
    "tab", "status", "store", "channel", "hold", "sync", "shipment", "placed", "from", "until", "late", "f",
    "view",
];

/// A filter that is applied, and the link that takes it away.
pub struct Chip {
    /// A phrase: `Placed: last 7 days`.
    pub label: String,
    /// The list without it.
    pub href: String,
}

/// One choice of a select.
pub struct Choice {
    /// What the URL says.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// Whether it is the one applied.
    pub chosen: bool,
}

/// A select of the filter form.
pub struct Select {
    /// Its key.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its choices, without the empty one.
    pub choices: Vec<Choice>,
}

/// The applied filter with everything the page shows of it.
pub struct AskedFor {
    /// For the query.
    pub filter: Filter,
    /// What is applied.
    pub chips: Vec<Chip>,
    /// The filter form.
    pub selects: Vec<Select>,
    /// The tree, which is not in the filter yet.
    pub narrowed: Narrowed,
}

const PRESETS: [(&str, &str, u64); 3] =
    [("today", "today", 0), ("7d", "last 7 days", 6), ("30d", "last 30 days", 29)];

/// Reads the list's filter.
pub async fn read(visitor: &Visitor, scope: &mut Scope, list: &List) -> WebResult<AskedFor> {
    let stores = store::stores(scope).await?;
    let channels = store::channels(scope, None).await?;
    let link = list.link();
    let mut chips = Vec::new();
    let mut selects = Vec::new();

    let statuses = list.words("status", OrderStatus::parse);
    let status = |value: OrderStatus| badge::order_status(value).label.to_owned();
    chip(&mut chips, &link, "status", "Status", statuses.iter().map(|v| status(*v)));
    selects.push(select("status", "Order status", OrderStatus::ALL, &statuses, status));

    let shipments = list.words("shipment", Status::parse);
    let shipment = |value: Status| badge::shipment_status(value).label.to_owned();
    chip(&mut chips, &link, "shipment", "Shipment", shipments.iter().map(|v| shipment(*v)));
    selects.push(select("shipment", "Shipment", Status::ALL, &shipments, shipment));

    let syncs = list.words("sync", ChannelSync::parse);
    let sync = |value: ChannelSync| badge::channel_sync(value).label.to_owned();
    chip(&mut chips, &link, "sync", "Channel sync", syncs.iter().map(|v| sync(*v)));
    selects.push(select("sync", "Channel sync", ChannelSync::ALL, &syncs, sync));

    let holds = list.words("hold", HoldKind::parse);
    let hold = |value: HoldKind| value.label().to_owned();
    chip(&mut chips, &link, "hold", "Hold", holds.iter().map(|v| hold(*v)));
    selects.push(select("hold", "Hold", HoldKind::ALL, &holds, hold));

    let known = |id: StoreId| stores.iter().find(|store| store.id == id);
    let wanted_stores: Vec<StoreId> =
        list.words("store", |text| text.parse().ok().filter(|id| known(*id).is_some()));
    let names = wanted_stores.iter().filter_map(|id| known(*id)).map(|store| store.name.clone());
    chip(&mut chips, &link, "store", "Store", names);
    if stores.len() > 1 {
        selects.push(Select {
            name: "store",
            label: "Store",
            choices: choices(
                stores.iter().map(|s| (s.id.to_string(), s.name.clone(), wanted_stores.contains(&s.id))),
            ),
        });
    }

    let known = |id: ChannelId| channels.iter().find(|channel| channel.id == id);
    let wanted: Vec<ChannelId> =
        list.words("channel", |text| text.parse().ok().filter(|id| known(*id).is_some()));
    let names = wanted.iter().filter_map(|id| known(*id)).map(|channel| channel.name.clone());
    chip(&mut chips, &link, "channel", "Channel", names);
    if channels.len() > 1 {
        selects.push(Select {
            name: "channel",
            label: "Channel",
            choices: choices(
                channels.iter().map(|c| (c.id.to_string(), c.name.clone(), wanted.contains(&c.id))),
            ),
        });
    }

    let (from, until) = placed(visitor, list, &link, &mut chips);
    selects.push(Select {
        name: "placed",
        label: "Placed",
        choices: choices(PRESETS.iter().map(|(value, label, _)| {
            let label = label[..1].to_uppercase() + &label[1..];
            ((*value).to_owned(), label, list.get("placed") == Some(value))
        })),
    });
    let late = list.word("late", |text| (text == "yes").then_some(())).is_some();
    if late {
        chips.push(Chip { label: "Past ship-by date".into(), href: link.without("late").to_string() });
    }
    if let Some(q) = Some(list.q()).filter(|q| !q.is_empty()) {
        chips.insert(0, Chip { label: format!("Search: {q}"), href: link.without("q").to_string() });
    }

    let narrowed = Narrowed::read(visitor, list, Resource::Orders);
    let parts = narrowed.parts(visitor, &link).into_iter();
    chips.extend(parts.map(|part| Chip { label: part.phrase, href: part.without }));

    let filter = Filter {
        tab: list.word("tab", Tab::parse).unwrap_or(Tab::All),
        statuses,
        channels: (!wanted.is_empty() || !wanted_stores.is_empty()).then(|| {
            let of = |c: &&store::ChannelRow| {
                (wanted.is_empty() || wanted.contains(&c.id))
                    && (wanted_stores.is_empty() || wanted_stores.contains(&c.store_id))
            };
            channels.iter().filter(of).map(|c| c.id).collect()
        }),
        holds,
        syncs: syncs.iter().map(ToString::to_string).collect(),
        shipments: shipments.iter().map(ToString::to_string).collect(),
        from,
        until,
        late_at: late.then_some(visitor.now),
        q: list.q().to_owned(),
        personal: visitor.can(Permission::PersonalView),
        ..Filter::default()
    };
    Ok(AskedFor { filter, chips, selects, narrowed })
}

/// The days asked for, in the account's zone: a preset, or from and until.
fn placed(
    visitor: &Visitor,
    list: &List,
    link: &Link,
    chips: &mut Vec<Chip>,
) -> (Option<Instant>, Option<Instant>) {
    let zone = visitor.zone;
    let place = zone.name().rsplit('/').next().unwrap_or("UTC").replace('_', " ");
    let today = visitor.now.with_timezone(&zone).date_naive();
    let preset = |text: &str| PRESETS.iter().find(|(value, _, _)| *value == text);
    if let Some((_, label, days)) = list.word("placed", preset) {
        let first = today.checked_sub_days(Days::new(*days)).unwrap_or(today);
        chips.push(Chip {
            label: format!("Placed: {label} ({place})"),
            href: link.without("placed").to_string(),
        });
        return (midnight(zone, first), None);
    }
    let day = |key| list.word(key, |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    let (from, until) = (day("from"), day("until"));
    let text = |day: NaiveDate| day.format("%-d %b %Y").to_string();
    let label = match (from, until) {
        (Some(from), Some(until)) if from == until => text(from),
        (Some(from), Some(until)) => format!("{} – {}", text(from), text(until)),
        (Some(from), None) => format!("since {}", text(from)),
        (None, Some(until)) => format!("until {}", text(until)),
        (None, None) => return (None, None),
    };
    chips.push(Chip {
        label: format!("Placed: {label} ({place})"),
        href: link.without("from").without("until").to_string(),
    });
    let after = until.and_then(|day| day.checked_add_days(Days::new(1)));
    (from.and_then(|day| midnight(zone, day)), after.and_then(|day| midnight(zone, day)))
}

/// The first instant of a day; where clocks jump over midnight, the first there is.
fn midnight(zone: Tz, day: NaiveDate) -> Option<Instant> {
    let midnight = day.and_hms_opt(0, 0, 0)?;
    let first = zone.from_local_datetime(&midnight).earliest();
    first.or_else(|| zone.from_local_datetime(&day.and_hms_opt(1, 0, 0)?).earliest()).map(|at| at.to_utc())
}

fn chip(chips: &mut Vec<Chip>, link: &Link, key: &str, noun: &str, values: impl Iterator<Item = String>) {
    let values: Vec<String> = values.collect();
    if !values.is_empty() {
        chips.push(Chip {
            label: format!("{noun}: {}", values.join(", ")),
            href: link.without(key).to_string(),
        });
    }
}

fn select<T: Copy + PartialEq + std::fmt::Display>(
    name: &'static str,
    label: &'static str,
    all: &[T],
    chosen: &[T],
    word: impl Fn(T) -> String,
) -> Select {
    let choices = choices(all.iter().map(|v| (v.to_string(), word(*v), chosen.contains(v))));
    Select { name, label, choices }
}

fn choices(all: impl Iterator<Item = (String, String, bool)>) -> Vec<Choice> {
    all.map(|(value, label, chosen)| Choice { value, label, chosen }).collect()
}
