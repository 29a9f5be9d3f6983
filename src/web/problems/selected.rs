//! `POST /error-queue/selected`: several problems taken, given back, put off or
//! fetched back at once. Each by the action that does it to one, all of which
//! can be taken back, so that nothing asks first.

use crate::{
    actions::{ActionError, Call, NoInput, Outcome, run},
    problems::work::{Assign, Snooze, Unassign, Until, Wake},
    secrets::random_hex,
    web::{Fields, Visitor, WebError, WebResult, local_path::LocalPath, markup::Undo},
};
use actix_web::HttpResponse;

/// Where the form goes, and its undo.
const PATH: &str = "/error-queue/selected";
/// A page of the list has no more rows.
const MOST: usize = 200;

/// What is done to each.
#[derive(Debug, Clone)]
enum Act {
    Assign,
    Unassign,
    Snooze(Until),
    Wake,
}

impl Act {
    fn parse(word: &str) -> Option<Act> {
        let until = |until: &str| Act::Snooze(Until { until: until.to_owned(), ..Until::default() });
        match word {
            "assign" => Some(Act::Assign),
            "unassign" => Some(Act::Unassign),
            "snooze-hour" => Some(until("hour")),
            "snooze-tomorrow" => Some(until("tomorrow")),
            "wake" => Some(Act::Wake),
            _ => None,
        }
    }

    /// What takes it back.
    fn undo(&self) -> Option<&'static str> {
        match self {
            Act::Assign => Some("unassign"),
            Act::Snooze(_) => Some("wake"),
            Act::Unassign | Act::Wake => None,
        }
    }

    /// What became of so many.
    fn done(&self, n: usize) -> String {
        let problems = if n == 1 { "1 problem is".to_owned() } else { format!("{n} problems are") };
        match self {
            Act::Assign => format!("{problems} yours."),
            Act::Unassign => format!("{problems} nobody’s now."),
            Act::Snooze(until) if until.until == "hour" => format!("{problems} snoozed for an hour."),
            Act::Snooze(_) => format!("{problems} snoozed until tomorrow, 9:00."),
            Act::Wake => format!("{problems} in the list again."),
        }
    }

    async fn run(&self, visitor: &Visitor, id: i64, key: String) -> Result<Outcome, ActionError> {
        let (db, account, by, now) = (&visitor.app.db, visitor.person.account, visitor.by(), visitor.now);
        let key = Some(key);
        let plain = |key| Call { id, input: NoInput {}, version: None, key };
        match self.clone() {
            Act::Assign => run::<Assign>(db, account, &by, plain(key), now).await,
            Act::Unassign => run::<Unassign>(db, account, &by, plain(key), now).await,
            Act::Snooze(input) => {
                run::<Snooze>(db, account, &by, Call { id, input, version: None, key }, now).await
            }
            Act::Wake => run::<Wake>(db, account, &by, plain(key), now).await,
        }
    }
}

/// See the module. What is fixed meanwhile, or as wanted already, is left as it is and said.
pub async fn selected(visitor: Visitor, fields: Fields) -> WebResult<HttpResponse> {
    let lacks = || WebError::Malformed("It lacks what the page put into it. Load the page again.".into());
    let act = Act::parse(fields.get("do")).ok_or_else(lacks)?;
    let op = fields.get("op").to_owned();
    // beside the key of the form stands the row's number
    if op.is_empty() || op.len() > 40 {
        return Err(lacks());
    }
    let texts = fields.all("id").flat_map(|ids| ids.split(','));
    let ids: Vec<i64> = texts.map(str::parse).collect::<Result<_, _>>().map_err(|_| lacks())?;
    if ids.len() > MOST {
        return Err(lacks());
    }
    let back = LocalPath::parse(fields.get("back"));
    let back = back.as_ref().map_or("/error-queue", LocalPath::as_str);
    if ids.is_empty() {
        visitor.flash("info", "Nothing was selected. Tick the problems first.");
        return visitor.see_other(back);
    }
    let (who, doing) = (visitor.clone(), act.clone());
    let (done, left) = visitor
        .app
        .finish(async move {
            let (mut done, mut left) = (Vec::new(), Vec::new());
            for id in ids {
                match doing.run(&who, id, format!("{op}:{id}")).await {
                    Ok(outcome) if outcome.changed => done.push(id),
                    Ok(outcome) => left.push(outcome.message),
                    Err(ActionError::Unavailable(why)) => left.push(why.sentence),
                    Err(error) => return Err(WebError::from(error)),
                }
            }
            Ok((done, left))
        })
        .await??;
    let mut text = if done.is_empty() { String::new() } else { act.done(done.len()) };
    if let Some(first) = left.first() {
        let rest = if left.len() == 1 { "1 was".to_owned() } else { format!("{} were", left.len()) };
        text = format!("{text} {rest} left as it is: {first}").trim().to_owned();
    }
    let undo = act.undo().filter(|_| !done.is_empty()).map(|undo| Undo {
        action: PATH.to_owned(),
        fields: vec![
            ("do".into(), undo.into()),
            ("op".into(), random_hex::<16>()),
            ("back".into(), back.to_owned()),
            ("id".into(), done.iter().map(i64::to_string).collect::<Vec<_>>().join(",")),
        ],
    });
    visitor.asked.flash_with(if done.is_empty() { "info" } else { "success" }, text, undo);
    visitor.see_other(back)
}
