//! The model and the real thing side by side, and the story of both.

use super::{Command, SKUS, model::Model};
use crate::support::{
    database::connect,
    shop::{Shop, now},
};
use serde_json::json;
use tokio_postgres::Client;
use waybill::{
    actions::{ActionError, NoInput},
    ids::{MovementId, OrderId, OrderLineId, ProductId, ShipmentId, WarehouseId},
    inventory::{self, EntryError, Mover, check},
    orders::status,
    shipments::{
        fulfill_again::FulfillAgain,
        post::Post,
        reship::{Input, Reship},
        restore::RestoreShipment,
        void::{self, VoidShipment},
    },
};

/// See the module.
pub struct World {
    pub shop: Shop,
    look: Client,
    pub model: Model,
    story: Vec<String>,
    orders: Vec<OrderId>,
    adjustments: Vec<MovementId>,
}

/// What was compared, as the database has it.
const FOUND: &str = "select name, value from ( \
    select 1 as part, p.id as at, v.n, v.name, v.value from stock s join products p on p.id = s.product_id \
      cross join lateral (values (1, 'on hand of ' || p.sku, s.on_hand::text), (2, 'backordered of ' || p.sku, s.backordered::text), \
        (3, 'allocated of ' || p.sku, s.allocated::text), \
        (4, 'layers of ' || p.sku, coalesce((select string_agg(remaining || ' at ' || unit_cost_minor, ', ' order by id) from cost_layers l where l.product_id = p.id), '')), \
        (5, 'movements of ' || p.sku, (select count(*)::text from inventory_movements m where m.product_id = p.id))) v (n, name, value) where p.stock_kept \
    union all select 2, l.id, 0, s.number || ', ' || p.sku, format('%s sent, %s taken at %s, %s owed, %s added back, %s reserved', l.quantity, \
        coalesce((select -sum(quantity) from inventory_movements m where m.line_id = l.id), 0), l.unit_cost_minor, l.backordered, l.added_back, \
        coalesce((select quantity from allocations a where a.shipment_line_id = l.id and a.state = 'allocated'), 0)) \
      from shipment_lines l join shipments s on s.id = l.shipment_id join products p on p.id = l.product_id \
    union all select 3, fulfillment_order_id, 0, 'budget ' || fulfillment_order_id, string_agg(fulfilled || ' of ' || quantity, ', ' order by id) \
      from fulfillment_order_lines group by fulfillment_order_id) x order by part, at, n";

fn pick(from: usize, n: u8) -> Option<usize> {
    (from > 0).then(|| usize::from(n) % from)
}

fn euros(minor: i64) -> String {
    format!("€{}.{:02}", minor / 100, minor % 100)
}

fn items(items: &[(usize, i32)]) -> String {
    items.iter().map(|(p, n)| format!("{n} × {}", SKUS[*p])).collect::<Vec<_>>().join(" and ")
}

impl World {
    pub async fn open() -> World {
        let shop = Shop::open().await;
        shop.sql(&format!("insert into products (account_id, sku, name) select {}, sku, 'Thing ' || sku from unnest('{{A,B,C}}'::text[]) sku", shop.account)).await;
        let look = connect(&shop.database.superuser_url()).await;
        let (orders, adjustments) = (Vec::new(), Vec::new());
        World { shop, look, model: Model::default(), story: Vec::new(), orders, adjustments }
    }

    /// Does it in both; whether both did it. An error is the story so far.
    pub async fn does(&mut self, command: &Command) -> Result<(), String> {
        let Some((words, expected, did)) = self.both(command).await else { return Ok(()) };
        self.story.push(words);
        if expected != did.is_ok() {
            let did = did.map_or_else(|why| format!("refused: {why}"), |()| "done".into());
            return Err(
                self.tells(&format!("expected {}, found {did}", if expected { "done" } else { "a refusal" }))
            );
        }
        if let Err(why) = did {
            let refused = self.story.len() - 1;
            self.story[refused] += &format!(" – refused: {why}");
        }
        self.compare().await
    }

    async fn both(&mut self, command: &Command) -> Option<(String, bool, Result<(), String>)> {
        let product = |p: u8| usize::from(p) % SKUS.len();
        Some(match command {
            Command::Receive { product: p, n, cost } => {
                let p = product(*p);
                self.model.come_in(p, *n, *cost);
                let did = self.enters(p, *n, *cost, false).await;
                (format!("{n} × {} arrive at {}", SKUS[p], euros(*cost)), true, did)
            }
            Command::Adjust { n: 0, .. } => return None,
            Command::Adjust { product: p, n, cost } => {
                let p = product(*p);
                let expected = self.model.adjust(p, *n, *cost);
                let words = if *n > 0 {
                    format!("{n} × {} are found, worth {}", SKUS[p], euros(*cost))
                } else {
                    format!("{} × {} are lost", -n, SKUS[p])
                };
                (words, expected, self.enters(p, *n, *cost, true).await)
            }
            Command::ReverseAdjustment(k) => {
                let at = pick(self.adjustments.len(), *k)?;
                let expected = self.model.reverse(at);
                let mut scope = self.shop.scope().await;
                let did = inventory::reverse_adjustment(&mut scope, self.adjustments[at], "", by()).await;
                let did = settled(did.map(drop));
                if did.is_ok() {
                    scope.commit().await.unwrap();
                }
                (format!("adjustment {} is reversed", at + 1), expected, did)
            }
            Command::Order(wanted) => {
                let wanted: Vec<(usize, i32)> = wanted.iter().map(|(p, n)| (product(*p), *n)).collect();
                self.model.order(&wanted);
                let skus: Vec<(&str, u32)> =
                    wanted.iter().map(|(p, n)| (SKUS[*p], n.unsigned_abs())).collect();
                self.orders.push(self.shop.order(self.shop.ebay, &skus).await.0);
                (format!("order {} wants {}", self.orders.len(), items(&wanted)), true, Ok(()))
            }
            Command::Reship { order, items: wanted, back } => {
                let at = pick(self.orders.len(), *order)?;
                let bought = self.model.orders[at].items.clone();
                let mut lines: Vec<(usize, i32)> =
                    wanted.iter().map(|(line, n)| (usize::from(*line) % bought.len(), *n)).collect();
                lines.sort_unstable();
                lines.dedup_by_key(|(line, _)| *line);
                let expected = self.model.reship(at, &lines, *back);
                let ids: Vec<i64> = self
                    .ids(&format!(
                        "select id from order_lines where order_id = {} order by position, id",
                        self.orders[at]
                    ))
                    .await;
                let of: Vec<(OrderLineId, i32)> =
                    lines.iter().map(|(line, n)| (OrderLineId(ids[*line]), *n)).collect();
                let did = self
                    .shop
                    .act::<Reship>(self.orders[at].0, Input { add_back: *back, ..Input::of(&of) })
                    .await;
                let sent: Vec<(usize, i32)> = lines.iter().map(|(line, n)| (bought[*line].0, *n)).collect();
                let how = if *back { ", added back first" } else { "" };
                (
                    format!("{} of order {} are reshipped{how}", items(&sent), at + 1),
                    expected,
                    acted(did.map(drop)),
                )
            }
            Command::Void(k) => {
                let at = pick(self.model.shipments.len(), *k)?;
                let expected = self.model.void(at);
                let did = self
                    .shop
                    .act::<VoidShipment>(self.shipment(at).await.0, void::Input { reason: "Wrong".into() })
                    .await;
                (format!("void SHP-{:06}", at + 1), expected, acted(did.map(drop)))
            }
            Command::Restore(k) => {
                let at = pick(self.model.shipments.len(), *k)?;
                let expected = self.model.restore(at);
                let did = self.shop.act::<RestoreShipment>(self.shipment(at).await.0, NoInput {}).await;
                (format!("restore SHP-{:06}", at + 1), expected, acted(did.map(drop)))
            }
            Command::NewShipment(k) => {
                let at = pick(self.orders.len(), *k)?;
                let expected = self.model.new_shipment(at);
                let did = self.shop.act::<FulfillAgain>(self.orders[at].0, NoInput {}).await;
                (format!("new shipment for order {}", at + 1), expected, acted(did.map(drop)))
            }
            Command::Hold(k) => {
                let at = pick(self.orders.len(), *k)?;
                self.model.orders[at].held = true;
                let mut scope = self.shop.scope().await;
                let hold = waybill::db::sql(
                    "insert into order_holds (account_id, order_id, kind) values ({}, {}, 'client') on conflict do nothing",
                );
                scope.execute(hold.bind(self.shop.account).bind(self.orders[at])).await.unwrap();
                status::refresh(&mut scope, self.orders[at]).await.unwrap();
                scope.commit().await.unwrap();
                (format!("order {} is held", at + 1), true, Ok(()))
            }
            Command::Leave(k) => {
                let at = pick(self.model.shipments.len(), *k)?;
                let expected = self.model.leave(at);
                let id = self.shipment(at).await;
                let did = acted(self.shop.act::<Post>(id.0, NoInput {}).await.map(drop));
                if did.is_ok() {
                    self.shop.run().await;
                    self.shop.leaves(id, "dpd_be", &format!("0530890012{at:04}")).await;
                    self.shop.run().await;
                }
                (format!("SHP-{:06} leaves", at + 1), expected, did)
            }
        })
    }

    async fn enters(&mut self, p: usize, n: i32, cost: i64, adjusts: bool) -> Result<(), String> {
        let mut scope = self.shop.scope().await;
        let place = (ProductId(p as i64 + 1), WarehouseId(1));
        // twice for the same reason: a cause moves stock once
        let cause = self.story.len() as i64;
        for again in [false, true] {
            let did = match adjusts {
                true => inventory::adjust(&mut scope, place, n, cost, "", cause, by()).await,
                false => inventory::receive(&mut scope, place, n, cost, cause, by()).await,
            };
            match (settled(did)?, again) {
                (Some(movement), false) if adjusts => self.adjustments.push(movement),
                (Some(_), false) | (None, true) => {}
                (moved, _) => return Err(format!("the same word moved {moved:?}")),
            }
        }
        scope.commit().await.map_err(|e| format!("{e:?}"))
    }

    async fn ids(&self, query: &str) -> Vec<i64> {
        self.look.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    pub async fn shipment(&self, at: usize) -> ShipmentId {
        ShipmentId(self.ids(&format!("select id from shipments where number = 'SHP-{:06}'", at + 1)).await[0])
    }

    /// What there is, with its name.
    pub async fn found(&self) -> Vec<(String, String)> {
        self.look.query(FOUND, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn compare(&self) -> Result<(), String> {
        let (expected, found) = (self.model.picture(), self.found().await);
        for (name, expected) in &expected {
            let found = found.iter().find(|(other, _)| other == name).map_or("nothing", |(_, value)| value);
            if found != expected {
                return Err(self.tells(&format!("expected {name} {expected}, found {found}")));
            }
        }
        if found.len() != expected.len() {
            return Err(self.tells(&format!("expected {} things, found {found:?}", expected.len())));
        }
        let breaks =
            check::account(&mut self.shop.db.snapshot(self.shop.account).await.unwrap()).await.unwrap();
        match breaks.first() {
            None => Ok(()),
            Some(law) => {
                let what = &law.breaks[0];
                Err(self.tells(&format!(
                    "{} {}: expected {}, found {}",
                    law.law, what.what, what.expected, what.found
                )))
            }
        }
    }

    /// The story in words, and its end.
    pub fn tells(&self, end: &str) -> String {
        self.shop.database.unchecked("its story says what does not balance");
        let steps = self.story.iter().enumerate().map(|(n, step)| format!("  {}. {step}\n", n + 1));
        format!("\n{}  {end}\n", steps.collect::<String>())
    }
}

fn by() -> Mover<'static> {
    Mover { name: "The test", now: now() }
}

/// A refusal in words; what no person is told is none.
fn acted(did: Result<(), ActionError>) -> Result<(), String> {
    match did {
        Err(ActionError::Refused(fields)) => Err(json!(fields).to_string()),
        Err(ActionError::Db(error)) => panic!("the database: {error:?}"),
        did => did.map_err(|why| why.to_string()),
    }
}

fn settled<T>(did: Result<T, EntryError>) -> Result<T, String> {
    match did {
        Err(EntryError::Db(error)) => panic!("the database: {error:?}"),
        did => did.map_err(|why| why.to_string()),
    }
}
