//! A generic warehouse of a class for a [`Shop`], and shipments that go to it.

use super::shop::Shop;
use serde_json::json;
use waybill::{
    db::sql,
    ids::{ConnectionId, ShipmentId},
    sandbox::{GenericClass, GenericOptions, GenericShip},
    secrets::Place,
};

/// What every warehouse here wants its requests signed with.
const SECRET: &str = "whsec_d2FyZWhvdXNlLXdhcmVob3VzZQ==";

/// The class as a connection's settings and the tenant's name have it.
pub fn word(class: GenericClass) -> &'static str {
    match class {
        GenericClass::Key => "key",
        GenericClass::OwnId => "own_id",
        GenericClass::Searchable => "searchable",
        GenericClass::Nothing => "nothing",
    }
}

/// The tenant's name of a class.
pub fn tenant(class: GenericClass) -> String {
    word(class).replace('_', "-")
}

impl Shop {
    /// A connection to a warehouse of a class in the sandbox, which signs.
    pub async fn generic(&self, class: GenericClass) -> ConnectionId {
        let reads = class != GenericClass::Nothing;
        let options =
            GenericOptions { class, signing_secret: Some(SECRET.into()), ..GenericOptions::default() };
        let credentials = json!({ "token": options.token, "signing_secret": SECRET }).to_string();
        self.sandbox.add_generic(&tenant(class), options).unwrap();
        let settings =
            json!({ "idempotency": word(class), "reads": reads, "cancels": true, "updates": true });
        let mut scope = self.scope().await;
        let connection = super::shop::id(
            &mut scope,
            sql("insert into connections (account_id, kind, name, base_url, settings) \
                 values ({}, 'generic', {}, {}, {}) returning id")
            .bind(self.account)
            .bind(format!("Warehouse {}", word(class)))
            .bind(self.sandbox.generic_base(&tenant(class)))
            .bind(settings),
        )
        .await;
        let place = Place {
            account: self.account,
            column: waybill::providers::connection::CREDENTIALS,
            row: connection,
        };
        let sealed = self.work.keyring.seal(place, &credentials).unwrap();
        scope
            .execute(
                sql("update connections set credentials_sealed = {} where account_id = {} and id = {}")
                    .bind(sealed)
                    .bind(self.account)
                    .bind(connection),
            )
            .await
            .unwrap();
        scope.commit().await.unwrap();
        ConnectionId(connection)
    }

    /// From here on a shipment goes over another connection.
    pub async fn ships_by(&self, shipment: ShipmentId, connection: ConnectionId) {
        self.sql(&format!("update shipments set connection_id = {connection} where id = {shipment}")).await;
    }

    /// The generic warehouse sends the parcel; nobody has read it yet.
    pub async fn leaves_generic(&self, shipment: ShipmentId, class: GenericClass, tracking: &str) {
        let remote = self.text(&format!("select fulfillment_id from shipments where id = {shipment}")).await;
        let ship =
            GenericShip { carrier: "DHL".into(), tracking_number: tracking.into(), ..GenericShip::default() };
        self.sandbox.ship_generic(&tenant(class), &remote, ship).unwrap();
    }
}
