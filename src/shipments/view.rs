//! What others are told of a shipment, and the parts of its page that are rows.

pub use crate::notify::data::shipment as event_data;

use crate::{
    db::{DbResult, Scope, sql},
    ids::{OrderLineId, ProductId, ShipmentId, ShipmentLineId},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Nullable, Text},
};

/// A line of a shipment.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "named after what they hold")]
pub struct Line {
    #[diesel(sql_type = BigInt)]
    pub id: ShipmentLineId,
    #[diesel(sql_type = BigInt)]
    pub order_line_id: OrderLineId,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub product_id: Option<ProductId>,
    #[diesel(sql_type = Text)]
    pub sku: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    #[diesel(sql_type = BigInt)]
    pub unit_cost_minor: i64,
    #[diesel(sql_type = Integer)]
    pub added_back: i32,
    #[diesel(sql_type = Integer)]
    pub backordered: i32,
}

/// The lines of a shipment.
pub async fn lines(scope: &mut Scope, id: ShipmentId) -> DbResult<Vec<Line>> {
    let account = scope.account();
    scope
        .rows(
            sql("select l.id, l.order_line_id, l.product_id, ol.sku, ol.name, l.quantity, l.unit_cost_minor, l.added_back, \
                 l.backordered from shipment_lines l join order_lines ol on ol.account_id = l.account_id and ol.id = l.order_line_id \
                 where l.account_id = {} and l.shipment_id = {} order by l.id")
            .bind(account)
            .bind(id),
        )
        .await
}
