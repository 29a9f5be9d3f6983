//! What a list of records is asked for, read from the URL and said as chips.

use super::{Chip, Choice, period};
use crate::{
    channels::store,
    db::Scope,
    evidence::{
        LogType, TraceId,
        records_list::{self, HttpClass, Outcome, Wanted},
    },
    ids::{ChannelId, ConnectionId},
    providers::connection,
    web::{Visitor, WebResult, list::List},
};

const OWN: [&str; 8] = ["log_type", "outcome", "http", "channel", "connection", "code", "trace", "period"];

/// Everything the list knows in its URL, beside the common keys.
pub fn keys() -> Vec<&'static str> {
    OWN.into_iter().chain(period::KEYS).collect()
}

/// A read filter, ready for the query and for the page.
#[derive(Debug)]
pub struct Filter {
    /// For the query.
    pub wanted: Wanted,
    /// For the page.
    pub chips: Vec<Chip>,
    /// The log types that are not chosen yet.
    pub types: Vec<LogType>,
    /// The answers to choose from.
    pub answers: Vec<Choice>,
    /// The span of time.
    pub period: period::Period,
    /// The number that was asked for and that nothing has.
    pub unknown_number: Option<String>,
}

/// Reads the URL. `fixed` is the channel whose page the list is on.
pub async fn read(
    visitor: &Visitor,
    scope: &mut Scope,
    list: &List,
    fixed: Option<ChannelId>,
) -> WebResult<Filter> {
    let mut chips = Vec::new();
    let mut chip = |text: String, href: String| chips.push(Chip { text, href });
    let mut types = list.words("log_type", LogType::from_input);
    types.sort_unstable();
    types.dedup();
    for kind in &types {
        let mut link = list.link();
        for spelling in list.all("log_type").filter(|text| LogType::from_input(text) == Some(*kind)) {
            link = link.without_value("log_type", spelling);
        }
        chip(format!("Log Type: {kind}"), link.to_string());
    }
    let http = list.word("http", HttpClass::parse);
    if let Some(class) = http {
        chip(format!("Answer: {}", answer(class)), list.link().without("http").to_string());
    }
    let channel = list.value::<ChannelId>("channel").filter(|_| fixed.is_none());
    if let Some(id) = channel {
        let name = store::channel(scope, id).await?.map_or_else(|| format!("no. {id}"), |row| row.name);
        chip(format!("Channel: {name}"), list.link().without("channel").to_string());
    }
    let connection = list.value::<ConnectionId>("connection").filter(|_| fixed.is_none());
    if let Some(id) = connection {
        let name = connection::find(scope, id).await?.map_or_else(|| format!("no. {id}"), |row| row.name);
        chip(format!("Connection: {name}"), list.link().without("connection").to_string());
    }
    let code = list.get("code").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(code) = &code {
        chip(format!("Error: {code}"), list.link().without("code").to_string());
    }
    let trace = list.word("trace", TraceId::parse).map(|trace| trace.to_string());
    if let Some(trace) = &trace {
        let start = trace.get(..8).unwrap_or_default();
        chip(format!("Trace: {start}…"), list.link().without("trace").to_string());
    }
    let number = list.q().trim_start_matches('#').trim().to_owned();
    let mut about = None;
    let mut unknown_number = None;
    if !number.is_empty() {
        chip(format!("Order or shipment: {number}"), list.link().without("q").to_string());
        let found = records_list::numbered(scope, &number).await?;
        if found.orders.is_empty() && found.shipments.is_empty() {
            unknown_number = Some(number);
        }
        about = Some(found);
    }
    let period = period::read(visitor, list);
    chips.extend(period.chips.iter().cloned());
    let wanted = Wanted {
        channel: fixed.or(channel),
        connection,
        outcome: list.word("outcome", Outcome::parse),
        http,
        from: period.from,
        to: period.to,
        about,
        code,
        trace,
        types: types.clone(),
    };
    Ok(Filter {
        wanted,
        chips,
        types: LogType::ALL.iter().copied().filter(|kind| !types.contains(kind)).collect(),
        answers: HttpClass::ALL
            .iter()
            .map(|class| Choice::new(class.as_str(), answer(*class), http == Some(*class)))
            .collect(),
        period,
        unknown_number,
    })
}

fn answer(class: HttpClass) -> &'static str {
    match class {
        HttpClass::Success => "2xx taken",
        HttpClass::Redirect => "3xx sent elsewhere",
        HttpClass::Client => "4xx refused",
        HttpClass::Server => "5xx failed there",
        HttpClass::None => "none",
    }
}
