//! Tags: the channel's, with what people added and took away. Both are kept, so
//! that the channel's next word about its own undoes neither.

use super::{Subject, status};
use crate::{
    accounts::Permission,
    actions::{Action, ActionError, Availability, By, Outcome, Preview},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::{activity, mask},
    notify::events,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An order has no more than these.
const MOST: usize = 20;
/// A tag has no more characters.
const LONGEST: usize = 40;

/// Whether two tags are one.
fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn has(tags: &[String], tag: &str) -> bool {
    tags.iter().any(|known| same(known, tag))
}

/// The tags of an order, from what its channel says and what people did to that.
pub fn merged(channel: &[String], added: &[String], removed: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = channel.iter().filter(|tag| !has(removed, tag)).cloned().collect();
    for tag in added {
        if !has(&tags, tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

/// Which tags.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Input {
    /// With commas between.
    #[serde(default)]
    pub tags: String,
}

impl Input {
    /// Each once.
    fn list(&self) -> Result<Vec<String>, ActionError> {
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags.split(',') {
            let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
            if !tag.is_empty() && !has(&tags, &tag) {
                tags.push(tag);
            }
        }
        if tags.is_empty() {
            return Err(ActionError::field("tags", "Enter a tag, or several with commas between."));
        }
        Ok(tags)
    }
}

/// Keeps what a person did to the tags, with a line that says so.
async fn keep(
    scope: &mut Scope,
    subject: &Subject,
    by: &By,
    tags: [Vec<String>; 3],
    (verb, summary): (&'static str, String),
    now: Instant,
) -> DbResult<()> {
    let account = scope.account();
    let [tags, added, removed] = tags;
    let entry = subject
        .entry(by, verb, summary)
        .changed(json!({ "tags": subject.order.tags.join(", ") }), json!({ "tags": tags.join(", ") }));
    scope
        .execute(
            sql("update orders set tags = {} where account_id = {} and id = {}")
                .bind(tags)
                .bind(account)
                .bind(subject.order.id),
        )
        .await?;
    scope
        .execute(
            sql("insert into order_tag_edits (account_id, order_id, added, removed) values ({}, {}, {}, {}) \
                 on conflict (account_id, order_id) do update set added = excluded.added, removed = excluded.removed")
            .bind(account)
            .bind(subject.order.id)
            .bind(added)
            .bind(removed),
        )
        .await?;
    activity::record(scope, entry).await?;
    status::refresh(scope, subject.order.id).await?;
    events::order_updated(scope, subject.order.id, &by.trace, now).await
}

/// Those of `tags` that are not among `others`.
fn without(tags: &[String], others: &[String]) -> Vec<String> {
    tags.iter().filter(|tag| !has(others, tag)).cloned().collect()
}

/// `Tag` or `Tags`, and their words.
fn named(tags: &[String]) -> String {
    let words: Vec<String> = tags.iter().map(|tag| format!("“{}”", mask::body(tag))).collect();
    format!("{} {}", if tags.len() == 1 { "tag" } else { "tags" }, words.join(", "))
}

/// *Add tags.*
#[derive(Debug)]
pub struct AddTags;

impl Action for AddTags {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "add_tags";
    const LABEL: &'static str = "Add tags";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(_: &Subject) -> Availability {
        Availability::Available
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Add tags to order {}?", subject.order.number),
            effects: vec![
                "They stay whatever the channel says of its own tags. The channel is not told.".into(),
            ],
            button: "Add tags".into(),
            ..Preview::default()
        })
    }

    fn check(input: &Input) -> Result<(), ActionError> {
        input.list().map(|_| ())
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let wanted = input.list()?;
        if let Some(long) = wanted.iter().find(|tag| tag.chars().count() > LONGEST) {
            let start: String = long.chars().take(12).collect();
            let sentence = format!("“{start}…” is too long. A tag has {LONGEST} characters at most.");
            return Err(ActionError::field("tags", sentence));
        }
        let order = &subject.order;
        let new = without(&wanted, &order.tags);
        if new.is_empty() {
            return Ok(Outcome::unchanged(format!("Order {} has them already.", order.number)));
        }
        let tags: Vec<String> = order.tags.iter().chain(&new).cloned().collect();
        if tags.len() > MOST {
            let room = MOST.saturating_sub(order.tags.len());
            let sentence = match room {
                0 => format!("An order has {MOST} tags at most. Remove one first."),
                n => format!("An order has {MOST} tags at most: {n} more can be added."),
            };
            return Err(ActionError::field("tags", sentence));
        }
        let added: Vec<String> = without(&order.tags_added, &new).into_iter().chain(new.clone()).collect();
        let kept = [tags, added, without(&order.tags_removed, &new)];
        let summary = format!("Added the {} to order {}", named(&new), order.number);
        keep(scope, &subject, by, kept, ("tags_added", summary), now).await?;
        let said = format!("Order {} has the {}.", order.number, named(&new));
        Ok(Outcome::done(said).undone_by(RemoveTags::NAME, json!({ "tags": new.join(", ") })))
    }
}

/// *Remove tags.*
#[derive(Debug)]
pub struct RemoveTags;

impl Action for RemoveTags {
    type Subject = Subject;
    type Input = Input;
    const NAME: &'static str = "remove_tags";
    const LABEL: &'static str = "Remove tags";
    const PERMISSION: Permission = Permission::OrdersEdit;

    fn available(subject: &Subject) -> Availability {
        Availability::when(!subject.order.tags.is_empty(), "The order has no tags.")
    }

    async fn preview(_: &mut Scope, subject: &Subject) -> DbResult<Preview> {
        Ok(Preview {
            question: format!("Remove tags of order {}?", subject.order.number),
            effects: vec!["They stay away, also when the channel still has them. It is not told.".into()],
            button: "Remove tags".into(),
            ..Preview::default()
        })
    }

    fn check(input: &Input) -> Result<(), ActionError> {
        input.list().map(|_| ())
    }

    async fn apply(
        scope: &mut Scope,
        subject: Subject,
        by: &By,
        input: Input,
        now: Instant,
    ) -> Result<Outcome, ActionError> {
        let unwanted = input.list()?;
        let order = &subject.order;
        let gone: Vec<String> = order.tags.iter().filter(|tag| has(&unwanted, tag)).cloned().collect();
        if gone.is_empty() {
            return Ok(Outcome::unchanged(format!("Order {} does not have them.", order.number)));
        }
        let removed: Vec<String> =
            without(&order.tags_removed, &gone).into_iter().chain(gone.clone()).collect();
        let kept = [without(&order.tags, &gone), without(&order.tags_added, &gone), removed];
        let summary = format!("Removed the {} of order {}", named(&gone), order.number);
        keep(scope, &subject, by, kept, ("tags_removed", summary), now).await?;
        let said = format!("Order {} has the {} no more.", order.number, named(&gone));
        Ok(Outcome::done(said).undone_by(AddTags::NAME, json!({ "tags": gone.join(", ") })))
    }
}
