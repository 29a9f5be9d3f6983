//! What people say about the stock of a product: received, adjusted, and an
//! adjustment taken back. Each is a movement of the ledger and a line of history.

mod adjust;
mod receive;
mod reverse;

pub use adjust::{AdjustStock, Adjustment, change};
pub use receive::{Receipt, ReceiveStock, quantity};
pub use reverse::{ReverseAdjustment, WhichOne};

use super::{EntryError, Stock, stock};
use crate::{
    actions::{ActionError, Availability, By, Target},
    db::{DbResult, Scope, sql},
    evidence::{Entry, activity, mask},
    ids::{ProductId, WarehouseId},
    money,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Text},
};
use serde_json::json;

/// Nobody counts more at once.
pub const MOST: i32 = 1_000_000;

/// More than this in one warehouse is a slip of the keyboard.
pub(super) const FULL: i32 = 1_000_000_000;

/// A unit that costs more, in minor units, is one too.
const DEAREST: i64 = 1_000_000_000;

/// A product and where it lies: what is counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The product.
    pub id: ProductId,
    /// Goes up with every count; what shipments move is no reason to ask again.
    pub version: i32,
    /// As people and channels call it.
    pub sku: String,
    /// Whether something of it was ever counted.
    pub stock_kept: bool,
    /// Of the account: what goods cost is kept in it.
    pub currency: String,
    /// Every warehouse of the account, by name.
    pub places: Vec<Place>,
}

/// A warehouse and what lies there.
#[derive(Debug, Clone, QueryableByName)]
pub struct Place {
    /// What people call it.
    #[diesel(sql_type = Text)]
    pub warehouse: String,
    /// Its balance of the product; zeros where it never lay.
    #[diesel(embed)]
    pub stock: Stock,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Bool)]
    stock_kept: bool,
    #[diesel(sql_type = Text)]
    currency: String,
}

impl Counted {
    /// The warehouse that is meant: with one alone it needs no word.
    pub fn place(&self, text: &str) -> Option<&Place> {
        match (text.trim(), self.places.as_slice()) {
            ("", [only]) => Some(only),
            (text, places) => {
                let id: WarehouseId = text.parse().ok()?;
                places.iter().find(|place| place.stock.warehouse_id == id)
            }
        }
    }

    fn chosen(&self, text: &str) -> Result<&Place, ActionError> {
        self.place(text).ok_or_else(|| ActionError::field("warehouse", "Choose the warehouse."))
    }
}

impl Target for Counted {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Counted>> {
        let account = scope.account();
        let mut statement = sql(
            "select p.version, p.sku, p.stock_kept, a.currency from products p join accounts a on a.id = p.account_id \
             where p.account_id = {} and p.id = {}",
        )
        .bind(account)
        .bind(id);
        if lock {
            // a shipment that names the product meanwhile need not wait
            statement = statement.push(" for no key update of p");
        }
        let Some(row) = scope.row::<Row>(statement).await? else { return Ok(None) };
        let places = scope
            .rows(
                sql("select w.name as warehouse, {}::bigint as product_id, w.id as warehouse_id, \
                     coalesce(s.on_hand, 0) as on_hand, coalesce(s.allocated, 0) as allocated, \
                     coalesce(s.backordered, 0) as backordered from warehouses w \
                     left join stock s on s.account_id = w.account_id and s.warehouse_id = w.id and s.product_id = {} \
                     where w.account_id = {} order by w.name, w.id limit 200")
                .bind(id)
                .bind(id)
                .bind(account),
            )
            .await?;
        let Row { version, sku, stock_kept, currency } = row;
        Ok(Some(Counted { id: ProductId(id), version, sku, stock_kept, currency, places }))
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        format!("The stock of {}", self.sku)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(activity::Subject::Product, self.id.0)
    }
}

/// Units lie somewhere.
fn somewhere(subject: &Counted) -> Availability {
    Availability::when(
        !subject.places.is_empty(),
        "There is no warehouse yet. One comes with the first connection to a fulfillment provider.",
    )
}

/// The first count is when it begins.
fn begins(subject: &Counted) -> Option<String> {
    (!subject.stock_kept)
        .then(|| "From now on its stock is kept: shipments take from it. Before, they took none.".to_owned())
}

/// A number of the ledger's own for a word it has not heard. What makes one
/// intent one movement, however often it is sent, is the key of its form, which
/// `actions::run` keeps: only the first of them comes this far. So this has only
/// to be no other's.
async fn new_word(scope: &mut Scope) -> DbResult<i64> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let row: Option<Id> = scope.row(sql("select next_log_id() as id")).await?;
    row.map(|row| row.id).ok_or_else(|| diesel::result::Error::NotFound.into())
}

/// What units cost each, in minor units of the account's currency; nothing
/// said is 0: not known.
fn unit_cost(subject: &Counted, given: &str, sees_costs: bool) -> Result<i64, ActionError> {
    let (given, currency) = (given.trim(), &subject.currency);
    if given.is_empty() {
        return Ok(0);
    }
    if !sees_costs {
        return Err(ActionError::field("unit_cost", "Your role does not see costs, so it cannot set them."));
    }
    match money::parse(given, currency) {
        Some(minor @ 0..=DEAREST) => Ok(minor),
        Some(0..) => {
            let most = money::display(DEAREST, currency);
            Err(ActionError::field("unit_cost", format!("Keep the cost of a unit under {most}.")))
        }
        _ => Err(ActionError::field(
            "unit_cost",
            format!(
                "Write the cost in {currency} as an amount such as {}, with a dot before the decimals.",
                money::decimal(495, currency)
            ),
        )),
    }
}

/// Refused beside a field; what the database says is no refusal.
fn refused(field: &'static str) -> impl Fn(EntryError) -> ActionError {
    move |error| match error {
        EntryError::Db(error) => ActionError::Db(error),
        other => ActionError::field(field, other.to_string()),
    }
}

/// The balance, its row locked until the end of the transaction.
async fn balance(scope: &mut Scope, subject: &Counted, warehouse: WarehouseId) -> DbResult<Stock> {
    stock::lock(scope, subject.id, warehouse).await
}

/// Something of it was counted.
struct Told<'a> {
    verb: &'static str,
    /// A sentence without the reason, which is a person's own words.
    summary: String,
    before: Stock,
    after: Stock,
    reason: &'a str,
}

/// Writes that it happened, and the product's version, so that a page that was
/// opened before is out of date.
async fn tell(scope: &mut Scope, subject: &Counted, by: &By, told: Told<'_>) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update products set version = version + 1 where account_id = {} and id = {}")
                .bind(account)
                .bind(subject.id),
        )
        .await?;
    let kept = |stock: Stock, reason: Option<String>| {
        // what goods cost is not for everybody who reads history: it is in the layers
        json!({ "on_hand": stock.on_hand, "backordered": stock.backordered, "reason": reason })
    };
    let reason = Some(told.reason).filter(|reason| !reason.is_empty()).map(mask::body);
    let entry = Entry::new(&by.actor, told.verb, activity::Subject::Product, subject.id.0, told.summary)
        .traced(Some(&by.trace))
        .from_ip(by.ip.clone())
        .changed(kept(told.before, None), kept(told.after, reason));
    activity::record(scope, entry).await?;
    Ok(())
}

/// What lies there now, and what was sold before it came.
fn result(place: &Place, before: Stock, after: Stock) -> String {
    let now = format!("{} on hand in {}.", money::grouped(after.on_hand.into()), place.warehouse);
    match before.backordered - after.backordered {
        ..=0 => now,
        1 => format!("{now} 1 backordered unit is covered."),
        n => format!("{now} {n} backordered units are covered."),
    }
}

/// A change with its sign: `+5`, `−2`.
pub fn signed(change: i32) -> String {
    match change {
        1.. => format!("+{}", money::grouped(change.into())),
        _ => money::grouped(change.into()),
    }
}
