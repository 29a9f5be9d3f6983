//! Every endpoint on one page: method, path, the scope a token needs, the name
//! in generated clients, and what it does in a sentence.

use super::{
    act,
    endpoint::{Api, Line},
    fulfillments,
};
use crate::accounts::tokens::Scope::{self, *};

const fn line(
    group: &'static str,
    method: &'static str,
    path: &'static str,
    scope: Scope,
    id: &'static str,
    summary: &'static str,
) -> Line {
    let (writes, status) = match method.as_bytes() {
        b"GET" => (false, 200),
        _ => (true, 200),
    };
    Line { method, path, scope, group, id, summary, writes, status }
}

macro_rules! endpoints {
    ($($group:literal { $($method:ident $path:literal $scope:ident $id:ident $summary:literal => $handler:path;)* })*) => {
        /// Every endpoint.
        pub static LINES: &[&Line] = &[$($({
            static LINE: Line = line($group, stringify!($method), $path, $scope, stringify!($id), $summary);
            &LINE
        },)*)*];

        /// Registers every endpoint.
        pub fn register(api: &mut Api) {
            let mut lines = LINES.iter();
            $($(if let Some(line) = lines.next() {
                api.add(line, $handler);
            })*)*
        }
    };
}

endpoints! {
    "Fulfillments" {
        GET "/v1/fulfillments" ShipmentsRead list_fulfillments
            "Lists fulfillments, the newest first." => fulfillments::index;
        GET "/v1/fulfillments/{id}" ShipmentsRead get_fulfillment
            "Reads one fulfillment with everything around it." => fulfillments::show;
        GET "/v1/fulfillments/{id}/line-items" ShipmentsRead list_fulfillment_line_items
            "Reads its lines, with what the goods cost." => fulfillments::line_items;
        GET "/v1/fulfillments/{id}/activity-log" EvidenceRead list_fulfillment_activity
            "Reads what happened to it and to what belongs to it." => fulfillments::activity_log;
        GET "/v1/fulfillments/{id}/inventory-movements" InventoryRead list_fulfillment_movements
            "Reads the movements of stock that it or one of its lines caused." => fulfillments::inventory_movements;
        DELETE "/v1/fulfillments" ShipmentsWrite void_fulfillments
            "Voids many: a soft cancel of each that can be taken back." => act::bulk_void;
    }
    "Actions on a fulfillment" {
        POST "/v1/fulfillments/{id}/post" ShipmentsWrite post_fulfillment
            "Posts it to its fulfillment connection." => act::post;
        POST "/v1/fulfillments/{id}/repost" ShipmentsWrite repost_fulfillment
            "Clears the previous post and posts it again, after asking the provider about the earlier order." => act::repost;
        POST "/v1/fulfillments/{id}/mark-as-error" ShipmentsWrite mark_fulfillment_as_error
            "Moves it to the error queue." => act::mark_as_error;
        POST "/v1/fulfillments/{id}/clear-channel-submission" ShipmentsWrite clear_channel_submission
            "Clears when it was submitted, so that the next sync submits it again." => act::clear_submission;
        POST "/v1/fulfillments/{id}/submit-to-sales-channel" ShipmentsWrite submit_to_sales_channel
            "Sends its tracking to the sales channel now, and answers when the channel has." => act::submit;
        POST "/v1/fulfillments/{id}/resync-from-provider" ShipmentsWrite resync_from_provider
            "Reads tracking and status from the provider and takes over what is new." => act::resync_from;
        POST "/v1/fulfillments/{id}/cancel-provider-order" ShipmentsWrite cancel_provider_order
            "Cancels its order at the provider." => act::cancel_order;
        POST "/v1/fulfillments/{id}/void" ShipmentsWrite void_fulfillment
            "Voids it: a soft cancel that can be taken back." => act::void;
        POST "/v1/fulfillments/{id}/restore" ShipmentsWrite restore_fulfillment
            "Takes a void back while the budget of its fulfillment order is free." => act::restore;
        PATCH "/v1/fulfillments/{id}/shipping-details" ShipmentsWrite edit_shipping_details
            "Edits tracking number, courier, service and cost, also after the order was closed." => act::shipping_details;
    }
}
