//! The orders with a story, by the number people see, so that tests, the README
//! and a presentation can point at them.

use crate::{
    db::{DbResult, Scope, sql},
    ids::{OrderId, ShipmentId},
};
use diesel::{QueryableByName, sql_types::BigInt};

/// The merchant with most of the stories.
pub const HARBOUR: &str = "harbour";
/// The other merchant.
pub const FJORD: &str = "fjord";

/// The password of everybody in the demo.
pub const PASSWORD: &str = "waybill demo password";
/// The merchant's portal user at Harbour & Pine.
pub const CLIENT: &str = "client@demo.example";
/// The administrator of both merchants.
pub const ADMIN: &str = "admin@demo.example";
/// Support for both merchants.
pub const SUPPORT: &str = "support@demo.example";
/// The merchant's portal user at Fjord Outdoor.
pub const FJORD_CLIENT: &str = "client@fjord.example";

/// eBay refused the tracking of this order: its courier is not mapped.
pub const UNMAPPED: &str = "14-09731-55102";
/// The courier of [`UNMAPPED`] and of every other shipment with the same cause.
pub const UNMAPPED_COURIER: &str = "dpd_be";
/// The code eBay takes for [`UNMAPPED_COURIER`].
pub const UNMAPPED_FIX: &str = "DPD";
/// eBay refused the tracking of this order: the mapping gives a name it does not take.
pub const MISMAPPED: &str = "09-11427-80316";
/// The courier of [`MISMAPPED`].
pub const MISMAPPED_COURIER: &str = "evri";
/// The code eBay takes for [`MISMAPPED_COURIER`].
pub const MISMAPPED_FIX: &str = "Hermes";
/// Fjord's channel holds unmapped couriers back; this order waits for a mapping.
pub const HELD_BACK: &str = "#FJ9001";
/// The courier of [`HELD_BACK`].
pub const HELD_BACK_COURIER: &str = "helthjem";
/// A name Shopify knows for [`HELD_BACK_COURIER`].
pub const HELD_BACK_FIX: &str = "Bring";

/// Posted; its order was deleted at the provider. Re-posting passes the gate.
pub const REPOST_DELETED: &str = "#HP9001";
/// Posted; its order was canceled at the provider. Re-posting passes the gate.
pub const REPOST_CANCELED: &str = "#HP9002";
/// Posted, and alive at the provider. The gate stops a re-post.
pub const REPOST_ALIVE: &str = "#HP9003";
/// Never posted.
pub const NEVER_POSTED: &str = "#HP9004";
/// Never posted; the provider will refuse its SKU.
pub const POST_REFUSED: &str = "#HP9005";
/// Nobody knows whether the provider has it; it has.
pub const UNCONFIRMED_THERE: &str = "#HP9006";
/// Nobody knows whether the provider has it; it has not.
pub const UNCONFIRMED_ABSENT: &str = "#HP9007";

/// Reshipped before it left; its units were added back to stock.
pub const ADDED_BACK: &str = "#HP9008";

/// Shopify's name of Harbour's shop, where new orders wait.
pub const HARBOUR_SHOP: &str = "harbour-and-pine";
/// Shopify's name of Fjord's shop.
pub const FJORD_SHOP: &str = "fjord-outdoor";
/// How many orders wait at each shop.
pub const WAITING: usize = 3;
/// The catcher of webhooks in the sandbox that Harbour's endpoint points at.
pub const HOOK: &str = "harbour";

/// An order of the scope's account by its number, with its first shipment.
pub async fn find(scope: &mut Scope, number: &str) -> DbResult<Option<(OrderId, ShipmentId)>> {
    #[derive(QueryableByName)]
    struct Ids {
        #[diesel(sql_type = BigInt)]
        order_id: OrderId,
        #[diesel(sql_type = BigInt)]
        shipment_id: ShipmentId,
    }
    let account = scope.account();
    let ids: Option<Ids> = scope
        .row(
            sql("select o.id as order_id, s.id as shipment_id from orders o \
                 join shipments s on s.account_id = o.account_id and s.order_id = o.id \
                 where o.account_id = {} and o.number = {} order by s.id limit 1")
            .bind(account)
            .bind(number),
        )
        .await?;
    Ok(ids.map(|ids| (ids.order_id, ids.shipment_id)))
}
