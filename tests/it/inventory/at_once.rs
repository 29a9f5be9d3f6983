//! Eight at once on a few products: every command that was done was done once,
//! the sum is what they say, and nobody waits for another in a circle.

use super::{Command, SKUS, command};
use crate::support::shop::{Shop, now};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::sync::atomic::{AtomicI64, Ordering};
use waybill::{
    actions::{ActionError, NoInput},
    db::DbError,
    ids::{OrderId, OrderLineId, ProductId, ShipmentId, WarehouseId},
    inventory::{self, EntryError, Mover, check},
    shipments::{
        edit_items::{self, EditItems},
        fulfill_again::FulfillAgain,
        reship::{Input, Reship},
        restore::RestoreShipment,
        void::{self, VoidShipment},
    },
};

/// What was done, by those who did it.
#[derive(Debug, Default)]
struct Done {
    /// What came in less what was lost.
    units: [AtomicI64; 3],
    words: AtomicI64,
    voids: AtomicI64,
    restores: AtomicI64,
    reships: AtomicI64,
    refused: AtomicI64,
}

fn database(error: &DbError) -> ! {
    panic!("the database, where everybody was to get through: {error:?}")
}

impl Done {
    fn acted(&self, did: Result<waybill::actions::Outcome, ActionError>, count: &AtomicI64) {
        match did {
            Ok(_) => count.fetch_add(1, Ordering::Relaxed),
            Err(ActionError::Db(error)) => database(&error),
            Err(_) => self.refused.fetch_add(1, Ordering::Relaxed),
        };
    }
}

struct Yard {
    shop: Shop,
    orders: Vec<(OrderId, Vec<OrderLineId>)>,
    done: Done,
}

impl Yard {
    async fn open() -> Yard {
        let shop = Shop::open().await;
        let mut orders = Vec::new();
        for (p, sku) in SKUS.iter().enumerate() {
            shop.stocked(sku, 6, 100 * (p as i64 + 1)).await;
        }
        for wanted in [vec![("A", 2), ("B", 1)], vec![("B", 2), ("A", 1)], vec![("C", 4)], vec![("A", 3)]] {
            let (order, _) = shop.order(shop.ebay, &wanted).await;
            let mut lines = Vec::new();
            for n in 0..wanted.len() {
                let line = format!(
                    "select id from order_lines where order_id = {order} order by position, id limit 1 offset {n}"
                );
                lines.push(OrderLineId(shop.value(&line).await));
            }
            orders.push((order, lines));
        }
        Yard { shop, orders, done: Done::default() }
    }

    /// `word` is the key of what is said about stock; two say the same.
    async fn does(&self, command: &Command, word: i64) {
        let order = |n: u8| &self.orders[usize::from(n) % self.orders.len()];
        match command {
            Command::Receive { product, n, cost } => self.says(*product, *n, *cost, false, word).await,
            Command::Adjust { product, n, cost } if *n != 0 => {
                self.says(*product, *n, *cost, true, word).await
            }
            Command::Reship { order: at, items, back } => {
                let (order, lines) = order(*at);
                let mut of: Vec<(OrderLineId, i32)> =
                    items.iter().map(|(line, n)| (lines[usize::from(*line) % lines.len()], *n)).collect();
                of.sort_unstable_by_key(|(line, _)| line.0);
                of.dedup_by_key(|(line, _)| *line);
                let input = Input { add_back: *back, ..Input::of(&of) };
                self.done.acted(self.shop.act::<Reship>(order.0, input).await, &self.done.reships);
            }
            Command::Void(at) => {
                let input = void::Input { reason: "Wrong".into() };
                let did = self.shop.act::<VoidShipment>(self.shipment(*at).await.0, input).await;
                self.done.acted(did, &self.done.voids);
            }
            Command::Restore(at) => {
                let did = self.shop.act::<RestoreShipment>(self.shipment(*at).await.0, NoInput {}).await;
                self.done.acted(did, &self.done.restores);
            }
            Command::NewShipment(at) => {
                let did = self.shop.act::<FulfillAgain>(order(*at).0.0, NoInput {}).await;
                // how many it made is counted in the end
                self.done.acted(did, &AtomicI64::new(0));
            }
            _ => {}
        }
    }

    async fn shipment(&self, at: u8) -> ShipmentId {
        let n = self.shop.value("select count(*) from shipments").await;
        ShipmentId(
            self.shop
                .value(&format!("select id from shipments order by id offset {} limit 1", i64::from(at) % n))
                .await,
        )
    }

    async fn says(&self, product: u8, n: i32, cost: i64, adjusts: bool, word: i64) {
        let p = usize::from(product) % SKUS.len();
        // a key is of one request: another product is another one
        let word = 10_000 * (1 + p as i64) + word;
        let mut scope = self.shop.scope().await;
        let place = (ProductId(p as i64 + 1), WarehouseId(1));
        let by = Mover { name: "The test", now: now() };
        let did = match adjusts {
            true => inventory::adjust(&mut scope, place, n, cost, "", word, by).await,
            false => inventory::receive(&mut scope, place, n, cost, word, by).await,
        };
        match did {
            Ok(Some(_)) => {
                scope.commit().await.unwrap();
                self.done.units[p].fetch_add(i64::from(n), Ordering::Relaxed);
                self.done.words.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) => {}
            Err(EntryError::Db(error)) => database(&error),
            Err(_) => drop(self.done.refused.fetch_add(1, Ordering::Relaxed)),
        }
    }

    async fn adds_up(&self) {
        let (shop, done) = (&self.shop, &self.done);
        let breaks = check::account(&mut shop.db.snapshot(shop.account).await.unwrap()).await.unwrap();
        assert_eq!(breaks, []);
        let n = |count: &AtomicI64| count.load(Ordering::Relaxed);
        for (p, sku) in SKUS.iter().enumerate() {
            let sent = shop.value(&format!(
                "select coalesce(sum(l.quantity - l.added_back), 0) from shipment_lines l join shipments s on s.id = l.shipment_id \
                 where s.voided_at is null and l.product_id = {}", p + 1)).await;
            let on_hand =
                shop.value(&format!("select on_hand from stock where product_id = {}", p + 1)).await;
            assert_eq!(on_hand, 6 + n(&done.units[p]) - sent, "on hand of {sku} is what was done");
        }
        for (verb, count) in [
            ("shipment_voided", &done.voids),
            ("shipment_restored", &done.restores),
            ("order_reshipped", &done.reships),
        ] {
            let told = shop.value(&format!("select count(*) from activities where verb = '{verb}'")).await;
            assert_eq!(told, n(count), "{verb}");
        }
        let said = "select count(*) from inventory_movements where cause_kind = 'word'";
        assert_eq!(shop.value(said).await, 3 + n(&done.words));
        // each void of a shipment whose lines had taken something is one reversal a line, each line's first taking one
        let twice = "select count(*) from (select 1 from inventory_movements where kind = 'shipment' group by line_id having count(*) > 1) x";
        assert_eq!(shop.value(twice).await, 0, "no shipment took twice");
        let standing = "select count(*) from shipments where voided_at is not null";
        assert_eq!(shop.value(standing).await, n(&done.voids) - n(&done.restores), "voided and not restored");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_at_once_do_what_some_order_of_them_would_have_done() {
    let mut runner = TestRunner::deterministic();
    for round in 0..3 {
        let yard = std::sync::Arc::new(Yard::open().await);
        let mut everybody = Vec::new();
        for who in 0..8i64 {
            let commands = vec(command(), 14).new_tree(&mut runner).unwrap().current();
            let yard = yard.clone();
            everybody.push(tokio::spawn(async move {
                for (step, command) in commands.iter().enumerate() {
                    // two and two say their words with the same key
                    yard.does(command, 100 * (1 + who / 2) + step as i64).await;
                }
            }));
        }
        for one in everybody {
            one.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        }
        yard.adds_up().await;
        let done = &yard.done;
        assert!(
            done.voids.load(Ordering::Relaxed) > 0 && done.reships.load(Ordering::Relaxed) > 0,
            "{round}: {done:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_thing_that_eight_do_at_once_is_done_once() {
    let yard = std::sync::Arc::new(Yard::open().await);
    for command in [
        Command::Void(0),
        Command::Restore(0),
        Command::Void(1),
        Command::NewShipment(1),
        Command::Receive { product: 0, n: 5, cost: 300 },
        Command::Adjust { product: 1, n: -1, cost: 0 },
    ] {
        let before = yard.shop.value("select count(*) from shipments").await;
        let everybody = (0..8).map(|_| {
            let (yard, command) = (yard.clone(), command.clone());
            tokio::spawn(async move { yard.does(&command, 7_777).await })
        });
        for one in everybody.collect::<Vec<_>>() {
            one.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        }
        let made = i64::from(matches!(command, Command::NewShipment(_)));
        assert_eq!(yard.shop.value("select count(*) from shipments").await, before + made, "{command:?}");
    }
    yard.adds_up().await;
    let n = |count: &AtomicI64| count.load(Ordering::Relaxed);
    assert_eq!((n(&yard.done.voids), n(&yard.done.restores), n(&yard.done.words)), (2, 1, 2));
}

/// Whoever edits items draws a number and moves stock twice; others meanwhile draw
/// numbers and take the same stock.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_edits_items_waits_for_nobody_in_a_circle() {
    let yard = std::sync::Arc::new(Yard::open().await);
    let everybody = (0..8usize).map(|who| {
        let yard = yard.clone();
        tokio::spawn(async move {
            let (order, lines) = &yard.orders[who % yard.orders.len()];
            for round in 0..12i32 {
                let input = Input::of(&[(lines[0], 1)]);
                let did = match who < yard.orders.len() {
                    true => yard.shop.act::<Reship>(order.0, input).await,
                    false => {
                        let newest = yard
                            .shop
                            .value(&format!(
                                "select max(id) from shipments where order_id = {order} and reship_of is null"
                            ))
                            .await;
                        let input = edit_items::Input::of(&[(lines[0], 1 + round % 2)]);
                        yard.shop.act::<EditItems>(newest, input).await
                    }
                };
                let made = did.unwrap_or_else(|why| panic!("round {round} of {who}: {why:?}"));
                assert!(made.changed || round == 0, "round {round} of {who}");
            }
        })
    });
    for one in everybody.collect::<Vec<_>>() {
        one.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    }
}
