//! A merchant with an eBay and a Shopify channel and a ShipStation connection,
//! all in a sandbox of its own, and the jobs run by hand.

use super::{database::TestDatabase, rows::Rows};
use serde_json::json;
use std::{cell::Cell, sync::Arc, time::Duration};
use waybill::{
    accounts::Role,
    actions::{self, Action, ActionError, By, Call, NoInput, Outcome},
    channels::orders_in,
    cli::registry::adapters,
    clock::{self, Instant},
    db::{Db, Scope, Sql, sql},
    evidence::{Actor, ActorKind, TraceId},
    ids::{AccountId, ChannelId, ConnectionId, OrderId, ProductId, ShipmentId, WarehouseId},
    inventory::{self, Mover},
    jobs::{self, Handlers, Work},
    notify::{events::EventType, webhooks},
    outbound::{AddressPolicy, Client},
    sandbox::{Sandbox, SandboxOptions, SeedAddress, SeedLine, SeedOrder, Ship},
    secrets::{Keyring, Place},
    shipments::Subject,
};

thread_local! {
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

/// The test's clock: the real one, moved ahead by hand. Jobs run on the test's
/// own thread, so each test has its own.
pub fn now() -> Instant {
    clock::now() + chrono::Duration::seconds(AHEAD.get())
}

/// See the module.
pub struct Shop {
    pub database: TestDatabase,
    pub db: Db,
    pub sandbox: Sandbox,
    pub work: Work,
    pub handlers: Handlers,
    pub account: AccountId,
    pub ebay: ChannelId,
    pub shopify: ChannelId,
    pub connection: ConnectionId,
}

#[derive(diesel::QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    id: i64,
}

impl Shop {
    /// Opens for business.
    pub async fn open() -> Shop {
        Shop::open_with(Duration::from_millis(1500)).await
    }

    /// With this long for a whole call outside.
    pub async fn open_with(timeout: Duration) -> Shop {
        Shop::open_on(TestDatabase::create().await, Keyring::random(), timeout).await
    }

    /// In a database, with the installation's key.
    pub async fn open_on(database: TestDatabase, keyring: Keyring, timeout: Duration) -> Shop {
        let _ = rustls::crypto::ring::default_provider().install_default();
        AHEAD.set(0);
        let db = Db::open(&database.owner_url(), 12, "test").expect("a pool");
        let sandbox = Sandbox::start(SandboxOptions { clock: Arc::new(now), ..SandboxOptions::default() })
            .await
            .expect("a sandbox");
        let outbound = Client::with_timeout(AddressPolicy::public().with_sandbox(sandbox.address()), timeout)
            .expect("a client")
            .with_clock(now);
        let files =
            std::env::temp_dir().join(format!("waybill-files-{}", waybill::secrets::random_hex::<8>()));
        let work = Work { db: db.clone(), outbound, keyring, files, now };
        let mut shop = Shop {
            database,
            db,
            sandbox,
            work,
            handlers: adapters().handlers,
            account: AccountId(0),
            ebay: ChannelId(0),
            shopify: ChannelId(0),
            connection: ConnectionId(0),
        };
        shop.furnish().await;
        shop
    }

    async fn furnish(&mut self) {
        let mut global = self.db.global().await.unwrap();
        let account: Id = global
            .row(sql("insert into accounts (name, slug) values ('Shop', 'shop') returning id"))
            .await
            .unwrap()
            .unwrap();
        global.commit().await.unwrap();
        self.account = AccountId(account.id);
        let mut scope = self.scope().await;
        let store = id(
            &mut scope,
            sql("insert into stores (account_id, name) values ({}, 'Store') returning id").bind(account.id),
        )
        .await;
        let warehouse = id(
            &mut scope,
            sql("insert into warehouses (account_id, name) values ({}, 'Antwerp') returning id")
                .bind(account.id),
        )
        .await;
        let mut channels = Vec::new();
        for (kind, name, base, token) in [
            ("ebay", "eBay UK", self.sandbox.ebay_base(), "sandbox-ebay-token".to_owned()),
            (
                "shopify",
                "Shopify",
                self.sandbox.shopify_base("shop"),
                waybill::sandbox::default_shop_token("shop"),
            ),
        ] {
            let channel = id(
                &mut scope,
                sql("insert into channels (account_id, store_id, kind, name, base_url, external_account) \
                     values ({}, {}, {}, {}, {}, 'shop') returning id")
                .bind(account.id)
                .bind(store)
                .bind(kind)
                .bind(name)
                .bind(base),
            )
            .await;
            let place =
                Place { account: self.account, column: waybill::channels::store::CREDENTIALS, row: channel };
            let sealed =
                self.work.keyring.seal(place, &json!({ "access_token": token }).to_string()).unwrap();
            scope
                .execute(
                    sql("update channels set credentials_sealed = {} where account_id = {} and id = {}")
                        .bind(sealed)
                        .bind(account.id)
                        .bind(channel),
                )
                .await
                .unwrap();
            channels.push(ChannelId(channel));
        }
        (self.ebay, self.shopify) = (channels[0], channels[1]);
        let connection = id(
            &mut scope,
            sql("insert into connections (account_id, kind, name, base_url, warehouse_id) values ({}, 'shipstation', 'ShipStation', {}, {}) returning id")
                .bind(account.id)
                .bind(self.sandbox.shipstation_base())
                .bind(warehouse),
        )
        .await;
        let place = Place {
            account: self.account,
            column: waybill::providers::connection::CREDENTIALS,
            row: connection,
        };
        let keys = json!({ "api_key": "sandbox-key", "api_secret": "sandbox-secret" }).to_string();
        let sealed = self.work.keyring.seal(place, &keys).unwrap();
        scope
            .execute(
                sql("update connections set credentials_sealed = {} where account_id = {} and id = {}")
                    .bind(sealed)
                    .bind(account.id)
                    .bind(connection),
            )
            .await
            .unwrap();
        self.connection = ConnectionId(connection);
        scope.commit().await.unwrap();
        self.sandbox.add_shop("shop", &waybill::sandbox::default_shop_token("shop")).unwrap();
    }

    /// A transaction on the merchant's data.
    pub async fn scope(&self) -> Scope {
        self.db.scope(self.account).await.unwrap()
    }

    /// Somebody of a role.
    pub fn by(&self, role: Role) -> By {
        let actor = Actor { kind: ActorKind::User, id: None, name: format!("The {role}") };
        By { actor, role: Some(role), trace: TraceId::new(), ip: None, behind: None }
    }

    /// Runs an action as the client.
    pub async fn act<A: Action>(&self, id: i64, input: A::Input) -> Result<Outcome, ActionError> {
        self.act_as::<A>(Role::Client, id, input).await
    }

    /// Runs an action as somebody.
    pub async fn act_as<A: Action>(
        &self,
        role: Role,
        id: i64,
        input: A::Input,
    ) -> Result<Outcome, ActionError> {
        actions::run::<A>(&self.db, self.account, &self.by(role), Call::plain(id, input), now()).await
    }

    /// Runs every job that is due.
    pub async fn run(&self) -> usize {
        jobs::run_due(&self.work, &self.handlers).await.unwrap()
    }

    /// Moves the clock ahead and runs what has become due.
    pub async fn run_in(&self, seconds: i64) -> usize {
        self.pass(seconds);
        self.run().await
    }

    /// Moves the clock ahead.
    pub fn pass(&self, seconds: i64) {
        AHEAD.set(AHEAD.get() + seconds);
    }

    /// An order bought at a channel, read by polling and planned.
    pub async fn order(&self, channel: ChannelId, skus: &[(&str, u32)]) -> (OrderId, ShipmentId) {
        self.buy(channel, skus, 1);
        self.poll(channel).await;
        let order = self.value("select id from orders order by id desc limit 1").await;
        let shipment = self
            .value(&format!("select id from shipments where order_id = {order} order by id desc limit 1"))
            .await;
        (OrderId(order), ShipmentId(shipment))
    }

    /// So many orders, read by polling and planned: their shipments.
    pub async fn orders(&self, channel: ChannelId, how_many: usize) -> Vec<ShipmentId> {
        self.buy(channel, &[("A", 1)], how_many);
        self.poll(channel).await;
        let client = super::database::connect(&self.superuser()).await;
        let newest = "select id from shipments where channel_id = $1 order by id desc limit $2";
        let limit = i64::try_from(how_many).unwrap();
        let rows = client.query(newest, &[&channel.0, &limit]).await.unwrap();
        assert_eq!(rows.len(), how_many, "every order was planned");
        rows.iter().rev().map(|row| ShipmentId(row.get(0))).collect()
    }

    fn buy(&self, channel: ChannelId, skus: &[(&str, u32)], how_many: usize) {
        let lines = skus
            .iter()
            .map(|(sku, quantity)| SeedLine {
                sku: (*sku).into(),
                title: Some(format!("Thing {sku}")),
                unit_price: Some("12.50".into()),
                quantity: Some(*quantity),
                ..SeedLine::default()
            })
            .collect();
        let order = SeedOrder {
            email: Some("ada@buyer.example".into()),
            currency: Some("EUR".into()),
            shipping_address: Some(SeedAddress {
                name: "Ada Ólafsdóttir".into(),
                address1: "Rue de l’Été 4".into(),
                city: "Bruxelles".into(),
                zip: Some("1000".into()),
                country: "BE".into(),
                ..SeedAddress::default()
            }),
            lines,
            ..SeedOrder::default()
        };
        let orders = vec![order; how_many];
        if channel == self.ebay {
            self.sandbox.seed_ebay(orders).unwrap();
        } else {
            self.sandbox.seed_shopify("shop", orders).unwrap();
        }
    }

    /// So many units of a product come into the warehouse, at a cost each.
    pub async fn stocked(&self, sku: &str, n: i32, unit_cost_minor: i64) {
        self.sql(&format!(
            "insert into products (account_id, sku, name) values ({}, '{sku}', 'Thing {sku}') on conflict do nothing",
            self.account
        ))
        .await;
        let product = self.value(&format!("select id from products where sku = '{sku}'")).await;
        let warehouse = self.value("select min(id) from warehouses").await;
        let cause = self.value("select count(*) from inventory_movements").await;
        let mut scope = self.scope().await;
        let by = Mover { name: "The test", now: now() };
        let place = (ProductId(product), WarehouseId(warehouse));
        inventory::receive(&mut scope, place, n, unit_cost_minor, cause, by).await.unwrap();
        scope.commit().await.unwrap();
    }

    /// Reads a channel's orders now.
    pub async fn poll(&self, channel: ChannelId) {
        let mut scope = self.scope().await;
        jobs::enqueue(&mut scope, orders_in::poll(channel, now(), &TraceId::new())).await.unwrap();
        scope.commit().await.unwrap();
        self.run().await;
    }

    /// A webhook endpoint at the sandbox's catcher; answers its secret.
    pub async fn listens(&self, name: &str) -> String {
        let mut scope = self.scope().await;
        let (_, secret) = webhooks::connect(
            &mut scope,
            &self.work.keyring,
            &self.sandbox.hook_url(name),
            "",
            &[EventType::ShipmentFulfilled],
            None,
        )
        .await
        .unwrap();
        scope.commit().await.unwrap();
        secret
    }

    /// An enabled responder.
    pub async fn responds(&self, trigger: &str) {
        let mut scope = self.scope().await;
        scope
            .execute(
                sql("insert into responders (account_id, trigger, name, subject, body, enabled) \
                     values ({}, {}, 'Mail', {}, {}, true)")
                .bind(self.account)
                .bind(trigger)
                .bind("Your {{item_name}}")
                .bind("Dear {{customer_name}}, {{quantity}} × {{item_sku}}"),
            )
            .await
            .unwrap();
        scope.commit().await.unwrap();
    }

    /// The warehouse sends the parcel and we read it: tracking by courier.
    pub async fn leaves(&self, shipment: ShipmentId, courier: &str, tracking: &str) {
        let remote = self.text(&format!("select fulfillment_id from shipments where id = {shipment}")).await;
        let ship = Ship { carrier_code: courier.into(), tracking_number: tracking.into(), ..Ship::default() };
        self.sandbox.ship(remote.parse().unwrap(), ship).unwrap();
        self.act::<waybill::shipments::resync_from::ResyncFrom>(shipment.0, NoInput {}).await.unwrap();
    }

    /// The shipment with what surrounds it.
    pub async fn shipment(&self, id: ShipmentId) -> Subject {
        Subject::load(&mut self.scope().await, id, false).await.unwrap().unwrap()
    }

    /// One number, past every policy.
    pub async fn value(&self, query: &str) -> i64 {
        let client = super::database::connect(&self.superuser()).await;
        client.query_one(&format!("select ({query})::bigint"), &[]).await.unwrap().get(0)
    }

    /// One text, past every policy; empty for null.
    pub async fn text(&self, query: &str) -> String {
        let client = super::database::connect(&self.superuser()).await;
        let text: Option<String> =
            client.query_one(&format!("select ({query})::text"), &[]).await.unwrap().get(0);
        text.unwrap_or_default()
    }

    /// Runs SQL past every policy.
    pub async fn sql(&self, statement: &str) {
        super::database::connect(&self.superuser()).await.batch_execute(statement).await.unwrap();
    }

    /// As [`Shop::sql`], for rows that the product derives others of.
    pub async fn by_hand(&self, statement: &str) {
        Rows::of(&self.database).await.write(statement).await;
    }

    fn superuser(&self) -> String {
        self.database.superuser_url()
    }

    /// The words of a shipment's history, oldest first.
    pub async fn history(&self, shipment: ShipmentId) -> Vec<String> {
        let query = format!(
            "select coalesce(string_agg(verb, ',' order by id), '') from activities where shipment_id = {shipment}"
        );
        self.text(&query).await.split(',').map(str::to_owned).collect()
    }

    /// Live orders at the providers that carry a shipment's number, by the
    /// sandbox's own ledger.
    pub fn live_orders(&self, number: &str) -> usize {
        self.sandbox
            .live()
            .iter()
            .filter(|l| matches!(l.vendor.as_str(), "shipstation" | "generic"))
            .filter(|l| l.reference.starts_with(number))
            .map(|l| l.count)
            .sum()
    }
}

pub(super) async fn id(scope: &mut Scope, statement: Sql) -> i64 {
    let row: Option<Id> = scope.row(statement).await.unwrap();
    row.unwrap().id
}
