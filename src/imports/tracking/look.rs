//! Looking at the rows of a file: which shipment each means and what it would do.

use super::{
    Waiting,
    file::{self, Column, NotTracking, TrackingFile, TrackingRow, Wrong},
    tell,
};
use crate::{
    actions::{Action, ActionError, Availability, By},
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity::Ended,
    ids::{AccountId, ImportId, OrderId, ShipmentId},
    imports::packed,
    jobs::{End, Work},
    shipments::{
        Status, Subject,
        edit_shipping::{self, EditShipping, Input, Notify},
    },
};
use anyhow::Result;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Numbers asked for by one statement.
const NAMES: usize = 1000;
/// Rows looked at in one transaction.
const STEP: usize = 100;

/// Looks at all rows that were not yet; stopped in the middle and run again, it
/// goes on.
pub(super) async fn run(work: &Work, account: AccountId, id: ImportId, waiting: Waiting) -> Result<End> {
    let by = waiting.by().unwrap_or_else(|| By::system(Default::default()));
    let Some(packed) = waiting.content_gzip.clone() else { return Ok(End::Done) };
    let parsed = tokio::task::spawn_blocking(move || {
        Ok::<_, std::io::Error>(file::read(&packed::unpacked(&packed)?[..]))
    })
    .await??;
    let mut file = match parsed {
        Ok(file) => file,
        Err(refusal) => return refuse(work, account, id, &waiting, &by, refusal).await,
    };
    if !waiting.sees_costs() && file.rows.iter().any(|row| row.cost.is_some()) {
        file.rows.iter_mut().for_each(|row| row.cost = None);
        file.notes.push("The costs are left aside: your role does not see costs.".into());
    }
    let mut scope = work.db.scope(account).await?;
    scope
        .execute(
            sql("update imports set rows_total = {}, notes = {}, header = {} where account_id = {} and id = {}")
                .bind(i32::try_from(file.rows.len()).unwrap_or(i32::MAX))
                .bind(file.notes.clone())
                .bind(&file.header)
                .bind(account)
                .bind(id),
        )
        .await?;
    let done = done(&mut scope, id).await?;
    scope.commit().await?;
    let known = Known::read(work, account, &file).await?;
    let meant: Vec<Result<ShipmentId, Wrong>> = file.rows.iter().map(|row| known.meant(row)).collect();
    let twice = twice(&file, &meant, waiting.notify);
    let rows: Vec<usize> = (0..file.rows.len()).filter(|at| !done.contains(&line(&file.rows[*at]))).collect();
    for step in rows.chunks(STEP) {
        let mut scope = work.db.scope(account).await?;
        for at in step {
            let seen = match (&meant[*at], twice.get(at)) {
                (Err(wrong), _) => Seen::wrong(wrong.clone()),
                (Ok(_), Some(Twice::Differs(sentence))) => {
                    Seen::wrong((Column::Shipment.title(), sentence.clone()))
                }
                (Ok(_), Some(Twice::Same(sentence))) => Seen::unchanged(sentence.clone()),
                (Ok(shipment), None) => {
                    let input = input(&file.rows[*at], waiting.notify);
                    look(&mut scope, *shipment, input, waiting.sees_costs(), (work.now)()).await?
                }
            };
            keep(&mut scope, id, &file.rows[*at], seen).await?;
        }
        scope.commit().await?;
    }
    let mut scope = work.db.scope(account).await?;
    scope
        .execute(
            sql("update imports set state = 'previewed', fingerprint = (select encode(sha256(convert_to(coalesce( \
                 string_agg(concat_ws(' ', line, shipment_id, shipment_version, input::text), E'\\n' order by line), ''), \
                 'UTF8')), 'hex') from import_rows where account_id = {} and import_id = {} and outcome = 'ready') \
                 where account_id = {} and id = {} and state = 'previewing'")
            .bind(account)
            .bind(id)
            .bind(account)
            .bind(id),
        )
        .await?;
    scope.commit().await?;
    Ok(End::Done)
}

async fn refuse(
    work: &Work,
    account: AccountId,
    id: ImportId,
    waiting: &Waiting,
    by: &By,
    refusal: NotTracking,
) -> Result<End> {
    let mut scope = work.db.scope(account).await?;
    scope
        .execute(
            sql("update imports set state = 'failed', notes = {}, content_gzip = null, finished_at = {} \
                 where account_id = {} and id = {}")
            .bind(vec![refusal.to_string()])
            .bind((work.now)())
            .bind(account)
            .bind(id),
        )
        .await?;
    let words = format!("{} is not a file of tracking numbers", waiting.file_name);
    tell(&mut scope, by, "import_failed", id, words, Ended::Failed).await?;
    scope.commit().await?;
    Ok(End::Done)
}

fn line(row: &TrackingRow) -> i32 {
    i32::try_from(row.line).unwrap_or(i32::MAX)
}

async fn done(scope: &mut Scope, id: ImportId) -> DbResult<HashSet<i32>> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Integer)]
        line: i32,
    }
    let account = scope.account();
    let lines: Vec<Line> = scope
        .rows(
            sql("select line from import_rows where account_id = {} and import_id = {}")
                .bind(account)
                .bind(id),
        )
        .await?;
    Ok(lines.into_iter().map(|row| row.line).collect())
}

fn input(row: &TrackingRow, notify: Notify) -> Input {
    Input {
        tracking_number: Some(row.tracking_number.clone()),
        courier: row.courier.clone(),
        service: row.service.clone(),
        cost: row.cost.clone(),
        shipped_at: row.shipped_at.clone(),
        notify,
    }
}

/// A shipment that a number may mean.
#[derive(Debug, Clone, QueryableByName)]
struct Candidate {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = BigInt)]
    order_id: OrderId,
    #[diesel(sql_type = Text)]
    order_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_number: Option<String>,
    #[diesel(sql_type = Bool)]
    voided: bool,
}

/// What the numbers of a file are here.
#[derive(Default)]
struct Known {
    shipments: HashMap<String, Candidate>,
    /// By the order's number; an order without shipments has an empty list.
    orders: HashMap<String, Vec<Candidate>>,
}

/// Numbers as people write them: `#1001` and `1001`.
fn spellings(number: &str) -> [String; 2] {
    let bare = number.strip_prefix('#').unwrap_or(number);
    let other = if number.starts_with('#') { bare.to_owned() } else { format!("#{bare}") };
    [number.to_owned(), other]
}

impl Known {
    async fn read(work: &Work, account: AccountId, file: &TrackingFile) -> DbResult<Known> {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = Text)]
            number: String,
        }
        let mut known = Known::default();
        let of = |text: fn(&TrackingRow) -> &String| {
            let named: HashSet<&String> =
                file.rows.iter().map(text).filter(|text| !text.is_empty()).collect();
            named.into_iter().cloned().collect::<Vec<String>>()
        };
        let shipments: Vec<String> =
            of(|row| &row.shipment).into_iter().flat_map(|n| [n.to_uppercase(), n]).collect();
        for some in shipments.chunks(NAMES) {
            let mut scope = work.db.scope(account).await?;
            let found: Vec<Candidate> = scope
                .rows(
                    sql("select s.id, s.number, s.order_id, o.number as order_number, s.tracking_number, \
                         s.voided_at is not null as voided from shipments s \
                         join orders o on o.account_id = s.account_id and o.id = s.order_id \
                         where s.account_id = {} and s.number = any({})")
                    .bind(account)
                    .bind(some.to_vec()),
                )
                .await?;
            known.shipments.extend(found.into_iter().map(|one| (one.number.clone(), one)));
        }
        let orders: Vec<String> = of(|row| &row.order).iter().flat_map(|number| spellings(number)).collect();
        for some in orders.chunks(NAMES) {
            let mut scope = work.db.scope(account).await?;
            let found: Vec<Number> = scope
                .rows(
                    sql("select distinct number from orders where account_id = {} and number = any({})")
                        .bind(account)
                        .bind(some.to_vec()),
                )
                .await?;
            known.orders.extend(found.into_iter().map(|order| (order.number, Vec::new())));
            let found: Vec<Candidate> = scope
                .rows(
                    sql("select s.id, s.number, s.order_id, o.number as order_number, s.tracking_number, \
                         s.voided_at is not null as voided from orders o \
                         join shipments s on s.account_id = o.account_id and s.order_id = o.id \
                         where o.account_id = {} and o.number = any({}) order by s.id")
                    .bind(account)
                    .bind(some.to_vec()),
                )
                .await?;
            for one in found {
                known.orders.entry(one.order_number.clone()).or_default().push(one);
            }
        }
        Ok(known)
    }

    /// The shipment a row means, or what to write instead.
    fn meant(&self, row: &TrackingRow) -> Result<ShipmentId, Wrong> {
        if let Some(wrong) = &row.wrong {
            return Err(wrong.clone());
        }
        if row.shipment.is_empty() {
            return self.of_order(row).map_err(|sentence| (Column::Order.title(), sentence));
        }
        let found =
            self.shipments.get(&row.shipment).or_else(|| self.shipments.get(&row.shipment.to_uppercase()));
        let wrong = |sentence: String| Err((Column::Shipment.title(), sentence));
        let Some(found) = found else {
            return wrong(format!(
                "There is no shipment {}. Look its number up under Shipments.",
                shown(&row.shipment)
            ));
        };
        if !row.order.is_empty() && !spellings(&row.order).contains(&found.order_number) {
            return wrong(format!(
                "{} belongs to order {}, not to {}. Correct one of them.",
                found.number,
                found.order_number,
                shown(&row.order)
            ));
        }
        Ok(found.id)
    }

    fn of_order(&self, row: &TrackingRow) -> Result<ShipmentId, String> {
        let [own, other] = spellings(&row.order);
        let Some(all) = self.orders.get(&own).or_else(|| self.orders.get(&other)) else {
            return Err(format!(
                "There is no order {}. Look its number up under Manage Orders.",
                shown(&row.order)
            ));
        };
        let open: Vec<&Candidate> = all.iter().filter(|one| !one.voided).collect();
        let same = |one: &&&Candidate| one.tracking_number.as_deref() == Some(row.tracking_number.as_str());
        // one that has this very number is meant, however many there are
        let mut having = open.iter().filter(same);
        if let (Some(one), None) = (having.next(), having.next()) {
            return Ok(one.id);
        }
        match open.as_slice() {
            [one] => Ok(one.id),
            [] if all.is_empty() => Err(format!("Order {} has no shipment yet.", shown(&row.order))),
            [] => Err(format!("Every shipment of order {} is voided. Restore one first.", shown(&row.order))),
            several => {
                let numbers: Vec<&str> = several.iter().take(10).map(|one| one.number.as_str()).collect();
                let orders: HashSet<OrderId> = several.iter().map(|one| one.order_id).collect();
                let several = match orders.len() {
                    1 => format!("Order {} has several shipments", shown(&row.order)),
                    n => format!("{n} orders have the number {}", shown(&row.order)),
                };
                Err(format!("{several}. Write the shipment’s number instead: {}.", numbers.join(", ")))
            }
        }
    }
}

/// A text of the file in a sentence: never longer than a line.
fn shown(text: &str) -> String {
    match text.chars().count() {
        0..=60 => text.to_owned(),
        _ => format!("{}…", text.chars().take(60).collect::<String>()),
    }
}

/// A shipment that stands in the file more than once.
enum Twice {
    /// With the same: the first is taken.
    Same(String),
    /// With something else: nobody here knows which is right.
    Differs(String),
}

fn twice(file: &TrackingFile, meant: &[Result<ShipmentId, Wrong>], notify: Notify) -> HashMap<usize, Twice> {
    let mut rows: HashMap<ShipmentId, Vec<usize>> = HashMap::new();
    for (at, shipment) in meant.iter().enumerate() {
        if let Ok(shipment) = shipment {
            rows.entry(*shipment).or_default().push(at);
        }
    }
    let mut found = HashMap::new();
    for of_one in rows.values().filter(|of_one| of_one.len() > 1) {
        let inputs: HashSet<String> =
            of_one.iter().map(|at| json!(input(&file.rows[*at], notify)).to_string()).collect();
        if inputs.len() == 1 {
            let words = format!("Line {} says the same.", file.rows[of_one[0]].line);
            found.extend(of_one[1..].iter().map(|at| (*at, Twice::Same(words.clone()))));
        } else {
            let lines: Vec<String> =
                of_one.iter().take(10).map(|at| file.rows[*at].line.to_string()).collect();
            let words = format!(
                "The same shipment stands in lines {} with different values. Keep the right one.",
                lines.join(", ")
            );
            found.extend(of_one.iter().map(|at| (*at, Twice::Differs(words.clone()))));
        }
    }
    found
}

/// What was seen of a row.
struct Seen {
    outcome: &'static str,
    cell: &'static str,
    reason: String,
    /// The shipment, its version and what is to be written.
    ready: Option<(ShipmentId, i32, Input, bool)>,
    order: Option<OrderId>,
}

impl Seen {
    fn wrong((cell, reason): Wrong) -> Seen {
        Seen { outcome: "failed", cell, reason, ready: None, order: None }
    }

    fn unchanged(reason: String) -> Seen {
        Seen { outcome: "unchanged", cell: "", reason, ready: None, order: None }
    }
}

/// Looks at one row by what the action itself says.
async fn look(
    scope: &mut Scope,
    shipment: ShipmentId,
    input: Input,
    sees_costs: bool,
    now: Instant,
) -> DbResult<Seen> {
    let Some(subject) = Subject::load(scope, shipment, false).await? else {
        return Ok(Seen::wrong((Column::Shipment.title(), "The shipment is not there any more.".into())));
    };
    if let Availability::Unavailable(why) = EditShipping::available(&subject) {
        return Ok(Seen::wrong((Column::Shipment.title(), why.sentence)));
    }
    Ok(match edit_shipping::work_out(&subject, &input, sees_costs, now) {
        Ok(change) if change.is_any() => {
            let unposted = match subject.shipment.status {
                Status::PendingPost if change.leaves => " It was never posted.",
                _ => "",
            };
            Seen {
                outcome: "ready",
                cell: "",
                reason: format!("{}{unposted}", change.sentence()),
                ready: Some((shipment, subject.shipment.version, input, change.leaves)),
                order: Some(subject.shipment.order_id),
            }
        }
        Ok(_) => Seen { order: Some(subject.shipment.order_id), ..Seen::unchanged(String::new()) },
        Err(ActionError::Refused(fields)) => {
            let (field, sentence) = fields.into_iter().next().unwrap_or_default();
            Seen::wrong((Column::of_field(&field).map_or("", Column::title), sentence))
        }
        Err(ActionError::Db(error)) => return Err(error),
        Err(other) => Seen::wrong(("", other.to_string())),
    })
}

/// Keeps what was seen of a row, once.
async fn keep(scope: &mut Scope, id: ImportId, row: &TrackingRow, seen: Seen) -> DbResult<()> {
    let account = scope.account();
    let reference = if row.shipment.is_empty() { &row.order } else { &row.shipment };
    let (shipment, version, input, leaves) = match seen.ready {
        Some((shipment, version, input, leaves)) => {
            (Some(shipment), Some(version), Some(json!(input)), leaves)
        }
        None => (None, None, None, false),
    };
    let kept = scope
        .execute(
            sql("insert into import_rows (account_id, import_id, line, reference, outcome, cell, reason, order_id, raw, \
                 shipment_id, shipment_version, input, leaves) \
                 values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) on conflict do nothing")
            .bind(account)
            .bind(id)
            .bind(line(row))
            .bind(reference.chars().take(200).collect::<String>())
            .bind(seen.outcome)
            .bind(seen.cell)
            .bind(seen.reason)
            .bind(seen.order)
            .bind(&row.raw)
            .bind(shipment)
            .bind(version)
            .bind(input)
            .bind(leaves),
        )
        .await?;
    if kept == 1 {
        scope
            .execute(
                sql(
                    "update imports set rows_ready = rows_ready + {}, rows_unchanged = rows_unchanged + {}, \
                     rows_failed = rows_failed + {} where account_id = {} and id = {}",
                )
                .bind(i32::from(seen.outcome == "ready"))
                .bind(i32::from(seen.outcome == "unchanged"))
                .bind(i32::from(seen.outcome == "failed"))
                .bind(account)
                .bind(id),
            )
            .await?;
    }
    Ok(())
}
