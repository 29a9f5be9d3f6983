//! Stock that always balances: an append-only ledger of movements, sums the
//! database itself keeps from going wrong, and what the units cost, first in
//! first out.
//!
//! The laws ([`check`] names each break, a model in the tests tries to break them):
//!
//! 1. on hand = the sum of the movements;
//! 2. on hand + backordered = the units in the cost layers, never negative;
//! 3. backordered = the sum of the shipment lines' backordered units;
//! 4. allocated = the sum of the standing allocations;
//! 5. cost in = cost out + cost held: what a layer received is what it holds and
//!    what was consumed of it;
//! 6. what a shipment line took = what it consumed and what it is owed; nothing
//!    once its shipment is voided;
//! 7. a cause moves stock once, and a movement is taken back once.
//!
//! Selling below zero is a backorder: counted, shown, and covered by the next
//! units that come in. A product's stock is kept once something of it was
//! counted; lines of other products move nothing.

pub mod check;
pub mod counting;
mod entries;
mod laws;
mod layers;
pub mod ledger;
pub mod list;
mod stock;

pub use entries::{EntryError, adjust, receive, reverse_adjustment};
pub use stock::{balances, movements, warehouse_name};

use crate::{
    clock::Instant,
    ids::{MovementId, ProductId, ShipmentId, WarehouseId},
    text_enum::text_enum,
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};

text_enum! {
    /// Why units came or went.
    MovementKind {
        /// Bought or made.
        Receipt = "receipt",
        /// Taken by a shipment.
        Shipment = "shipment",
        /// A shipment was voided.
        Reversal = "reversal",
        /// A voided shipment was restored.
        Restore = "restore",
        /// A reship put the units of the original back.
        AddBack = "add_back",
        /// The original left although its units had been added back.
        LeftAfterAll = "left_after_all",
        /// Counted, lost, found.
        Adjustment = "adjustment",
        /// An adjustment was a mistake.
        AdjustmentReversal = "adjustment_reversal",
    }
}

impl MovementKind {
    /// As a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            MovementKind::Receipt => "Received",
            MovementKind::Shipment => "Taken by a shipment",
            MovementKind::Reversal => "Given back by a void",
            MovementKind::Restore => "Taken again by a restore",
            MovementKind::AddBack => "Added back by a reship",
            MovementKind::LeftAfterAll => "Left after all",
            MovementKind::Adjustment => "Adjusted",
            MovementKind::AdjustmentReversal => "Adjustment reversed",
        }
    }
}

/// Who moves stock, and when.
#[derive(Debug, Clone, Copy)]
pub struct Mover<'a> {
    /// The actor's name, as activity has it.
    pub name: &'a str,
    /// Now.
    pub now: Instant,
}

/// The stock of a product in a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Stock {
    #[diesel(sql_type = BigInt)]
    pub product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    pub warehouse_id: WarehouseId,
    /// Below zero by what was promised and is not there.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub on_hand: i32,
    /// Reserved for fulfillment orders whose shipment was voided.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub allocated: i32,
    /// Taken below zero and not covered since.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub backordered: i32,
}

impl Stock {
    /// The units that lie there.
    pub fn held(&self) -> i32 {
        self.on_hand + self.backordered
    }

    /// What may be promised to somebody new.
    pub fn available(&self) -> i32 {
        self.on_hand - self.allocated
    }

    /// The units that lie there and are nobody's.
    fn free(&self) -> i32 {
        (self.held() - self.allocated).max(0)
    }

    /// What a person's word makes of it: units that come cover what was sold below
    /// zero, and no more go than lie there.
    pub fn with(self, change: i32) -> Result<Stock, EntryError> {
        if change < 0 && self.held() < -change {
            return Err(EntryError::NotThere { held: self.held(), asked: -change });
        }
        let on_hand = self.on_hand.checked_add(change).filter(|sum| *sum <= counting::FULL);
        let Some(on_hand) = on_hand else { return Err(EntryError::Full) };
        let then = Stock { on_hand, ..self };
        let covered = if change > 0 { then.backordered.min(then.free()) } else { 0 };
        Ok(Stock { backordered: then.backordered - covered, ..then })
    }
}

/// A movement, as the database has it.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = crate::db::schema::inventory_movements)]
#[expect(missing_docs, reason = "the columns of the table; see its migrations")]
pub struct Movement {
    #[diesel(sql_type = BigInt)]
    pub id: MovementId,
    #[diesel(sql_type = BigInt)]
    pub product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    pub warehouse_id: WarehouseId,
    pub quantity: i32,
    #[diesel(sql_type = Text)]
    pub kind: MovementKind,
    pub line_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shipment_id: Option<ShipmentId>,
    pub balance_after: i32,
    pub backordered: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reverses: Option<MovementId>,
    pub reason: String,
    pub actor_name: String,
    pub created_at: Instant,
}

/// The columns of [`Movement`], for statements that read it.
macro_rules! movement_columns {
    ($rest:literal) => {
        concat!(
            "select id, product_id, warehouse_id, quantity, kind, line_id, shipment_id, balance_after, backordered, \
             reverses, reason, actor_name, created_at from inventory_movements ",
            $rest
        )
    };
}
pub(crate) use movement_columns;
