//! Responders as pages and actions read them, and what one would write about a
//! real shipment.

use super::{Trigger, fill, items, one_line};
use crate::{
    actions::Target,
    clock::Instant,
    db::{DbResult, Scope, sql},
    evidence::activity,
    ids::{EmailId, ResponderId, ShipmentId, log_id_time},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};

/// A template with a trigger.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Responder {
    #[diesel(sql_type = BigInt)]
    pub id: ResponderId,
    #[diesel(sql_type = Text)]
    pub trigger: Trigger,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub body: String,
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    #[diesel(sql_type = Integer)]
    pub version: i32,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Instant,
    /// The newest e-mail it wrote.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last_email: Option<EmailId>,
}

impl Responder {
    /// When it wrote last.
    pub fn wrote_at(&self) -> Option<Instant> {
        self.last_email.map(|id| log_id_time(id.0))
    }
}

macro_rules! responder_columns {
    ($rest:literal) => {
        concat!(
            "select r.id, r.trigger, r.name, r.subject, r.body, r.enabled, r.version, r.created_at, \
             (select max(e.id) from emails e where e.account_id = r.account_id and e.responder_id = r.id) as last_email \
             from responders r ",
            $rest
        )
    };
}

impl Target for Responder {
    async fn load(scope: &mut Scope, id: i64, lock: bool) -> DbResult<Option<Responder>> {
        let account = scope.account();
        let statement =
            sql(responder_columns!("where r.account_id = {} and r.id = {}")).bind(account).bind(id);
        scope.row(if lock { statement.push(" for update of r") } else { statement }).await
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn name(&self) -> String {
        format!("The responder “{}”", self.name)
    }

    fn history(&self) -> activity::Of {
        activity::Of::Subject(activity::Subject::Responder, self.id.0)
    }
}

/// Every responder, by trigger.
pub async fn list(scope: &mut Scope) -> DbResult<Vec<Responder>> {
    let account = scope.account();
    scope
        .rows(
            sql(responder_columns!(
                "where r.account_id = {} \
                 order by array_position(array['fulfilled', 'shipped', 'delivered'], r.trigger), r.id limit 200"
            ))
            .bind(account),
        )
        .await
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: ShipmentId,
    #[diesel(sql_type = Text)]
    number: String,
}

/// The shipment with this number; without one the newest.
pub async fn latest_shipment(scope: &mut Scope, number: &str) -> DbResult<Option<(ShipmentId, String)>> {
    let account = scope.account();
    let statement = sql("select id, number from shipments where account_id = {}").bind(account);
    let statement = match number.trim() {
        "" => statement.push(" and voided_at is null order by id desc limit 1"),
        number => statement.push(" and number = {} limit 1").bind(number),
    };
    Ok(scope.row::<Found>(statement).await?.map(|found| (found.id, found.number)))
}

/// What would be written for one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Whom it would go to; `None` where the customer has no address.
    pub recipient: Option<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// What a text would be for each item of a shipment.
pub async fn preview(
    scope: &mut Scope,
    shipment: ShipmentId,
    subject: &str,
    body: &str,
) -> DbResult<Vec<Preview>> {
    let items = items(scope, shipment).await?;
    let of = |item: &super::Item| {
        let values = item.values();
        Preview {
            recipient: item.email.clone().filter(|email| !email.is_empty()),
            subject: one_line(&fill(subject, &values)),
            body: fill(body, &values),
        }
    };
    Ok(items.iter().map(of).collect())
}
