//! Every endpoint on one page: method, path, the scope a token needs, the name
//! in generated clients, and what it does in a sentence. `ASK` is a POST that only
//! reads. `@ 201` is another status than 200; `| 200` one more that it may answer;
//! `A / B` two scopes of which either lets it in; `, file` an answer that is a file.

use super::{
    act, bulk, channels,
    endpoint::{Api, Line},
    exports, fulfillments, history, orders, record,
};
use crate::accounts::tokens::Scope::{
    BulkRead, BulkWrite, ChannelsRead, ChannelsWrite, EvidenceRead, InventoryRead, OrdersRead, OrdersWrite,
    ShipmentsRead, ShipmentsWrite,
};

macro_rules! method {
    (ASK) => {
        ("POST", false)
    };
    (GET) => {
        ("GET", false)
    };
    ($other:ident) => {
        (stringify!($other), true)
    };
}

macro_rules! status {
    () => {
        200
    };
    ($status:literal) => {
        $status
    };
}

macro_rules! also {
    () => {
        None
    };
    ($status:literal) => {
        Some($status)
    };
}

macro_rules! or {
    () => {
        None
    };
    ($scope:ident) => {
        Some($scope)
    };
}

macro_rules! add {
    (, $api:ident, $line:ident, $handler:path) => {
        $api.add($line, $handler)
    };
    (file, $api:ident, $line:ident, $handler:path) => {
        $api.add_raw($line, exports::MEDIA, $handler)
    };
    (file_or_job, $api:ident, $line:ident, $handler:path) => {
        $api.add_raw_or::<_, _, _, exports::Export>($line, exports::MEDIA, $handler)
    };
}

macro_rules! endpoints {
    ($($group:literal { $(
        $method:ident $path:literal $(@ $status:literal)? $(| $also:literal)? $scope:ident $(/ $or:ident)? $id:ident $summary:literal => $handler:path $(, $add:ident)?;
    )* })*) => {
        /// Every endpoint.
        pub static LINES: &[&Line] = &[$($({
            static LINE: Line = Line {
                method: method!($method).0,
                path: $path,
                scope: $scope,
                or: or!($($or)?),
                group: $group,
                id: stringify!($id),
                summary: $summary,
                writes: method!($method).1,
                status: status!($($status)?),
                also: also!($($also)?),
            };
            &LINE
        },)*)*];

        /// Registers every endpoint.
        pub fn register(api: &mut Api) {
            let mut lines = LINES.iter();
            $($(if let Some(line) = lines.next() {
                add!($($add)?, api, line, $handler);
            })*)*
        }
    };
}

endpoints! {
    "Fulfillments" {
        GET "/v1/fulfillments" ShipmentsRead list_fulfillments
            "Lists fulfillments, the newest first." => fulfillments::index;
        ASK "/v1/fulfillments/search" ShipmentsRead search_fulfillments
            "Lists fulfillments by a tree of conditions that is too long for an address." => fulfillments::search;
        GET "/v1/fulfillments/export" | 202 ShipmentsRead export_fulfillments
            "Answers all that match as a file; above 10,000 rows 202 with the export that writes it." => exports::fulfillments, file_or_job;
        GET "/v1/fulfillments/{id}" ShipmentsRead get_fulfillment
            "Reads one fulfillment with everything around it." => fulfillments::show;
        GET "/v1/fulfillments/{id}/line-items" ShipmentsRead list_fulfillment_line_items
            "Reads its lines, with what the goods cost." => fulfillments::line_items;
        GET "/v1/fulfillments/{id}/activity-log" EvidenceRead list_fulfillment_activity
            "Reads what happened to it and to what belongs to it." => history::activity_log;
        GET "/v1/fulfillments/{id}/inventory-movements" InventoryRead list_fulfillment_movements
            "Reads the movements of stock that it or one of its lines caused." => history::inventory_movements;
        DELETE "/v1/fulfillments" ShipmentsWrite void_fulfillments
            "Voids many: a soft cancel of each that can be taken back." => act::bulk_void;
    }
    "The fulfillment record" {
        GET "/v1/fulfillments.json" ShipmentsRead list_records
            "Lists whole records, the newest first; voided ones too." => record::index;
        POST "/v1/fulfillments.json" @ 201 ShipmentsWrite create_record
            "Makes a fulfillment of what is still open of an order, and writes its record." => record::create;
        GET "/v1/fulfillments/{id}.json" ShipmentsRead get_record
            "Reads a whole record." => record::show;
        PUT "/v1/fulfillments/{id}.json" ShipmentsWrite put_record
            "Writes a record: a key that is left out takes its default, or stays as it is where it has none." => record::put;
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
        POST "/v1/fulfillments/{id}/resync-to-provider" ShipmentsWrite resync_to_provider
            "Sends the provider the lines, the address and the method as they are now, and answers when it has." => act::resync_to;
        POST "/v1/fulfillments/{id}/cancel-provider-order" ShipmentsWrite cancel_provider_order
            "Cancels its order at the provider." => act::cancel_order;
        POST "/v1/fulfillments/{id}/void" ShipmentsWrite void_fulfillment
            "Voids it: a soft cancel that can be taken back." => act::void;
        POST "/v1/fulfillments/{id}/restore" ShipmentsWrite restore_fulfillment
            "Takes a void back while the budget of its fulfillment order is free." => act::restore;
        PATCH "/v1/fulfillments/{id}/shipping-details" ShipmentsWrite edit_shipping_details
            "Edits tracking number, courier, service and cost, also after the order was closed." => act::shipping_details;
    }
    "Orders" {
        GET "/v1/orders" OrdersRead list_orders
            "Lists orders, the newest first." => orders::index;
        POST "/v1/orders" @ 201 | 200 OrdersWrite create_order
            "Takes an order in. The same reference again is the same order, and answers 200." => orders::create;
        GET "/v1/orders/export" | 202 OrdersRead export_orders
            "Answers all that match as a file; above 10,000 rows 202 with the export that writes it." => exports::orders, file_or_job;
        GET "/v1/orders/{id}" OrdersRead get_order
            "Reads one order with its lines, holds and fulfillments." => orders::show;
        POST "/v1/orders/{id}/reship" OrdersWrite reship_order
            "Sends items again in a new fulfillment of the same order." => orders::reship;
        POST "/v1/orders/{id}/resend-fulfillments" OrdersWrite resend_fulfillments
            "Submits every fulfillment of the order to its channel again that failed to sync." => orders::resend;
        POST "/v1/orders/{id}/holds" OrdersWrite add_hold
            "Holds the order: nothing of it is posted." => orders::hold;
        DELETE "/v1/orders/{id}/holds" OrdersWrite remove_holds
            "Removes one hold, or all of them." => orders::release;
    }
    "Bulk operations" {
        POST "/v1/bulk-operations" @ 202 BulkWrite create_bulk_operation
            "Looks at what would be done to many rows and, unless it is a dry run, starts it." => bulk::create;
        GET "/v1/bulk-operations/{id}" BulkRead get_bulk_operation
            "Reads where an operation stands." => bulk::show;
        GET "/v1/bulk-operations/{id}/rows" BulkRead list_bulk_rows
            "Reads its rows with what became of each." => bulk::rows;
        POST "/v1/bulk-operations/{id}/start" @ 202 BulkWrite start_bulk_operation
            "Starts what was looked at, by its fingerprint." => bulk::start;
        POST "/v1/bulk-operations/{id}/pause" BulkWrite pause_bulk_operation
            "Lets it stand still." => bulk::pause;
        POST "/v1/bulk-operations/{id}/resume" BulkWrite resume_bulk_operation
            "Lets it go on." => bulk::resume;
        POST "/v1/bulk-operations/{id}/cancel" BulkWrite cancel_bulk_operation
            "Leaves alone what was not begun." => bulk::cancel;
        POST "/v1/bulk-operations/{id}/retry-failed" @ 202 BulkWrite retry_failed_rows
            "Looks at the rows that failed, in a new operation that waits to be started." => bulk::retry_failed;
        POST "/v1/bulk-operations/{id}/undo" @ 202 BulkWrite undo_bulk_operation
            "Looks at taking it back, in a new operation that waits to be started." => bulk::undo;
    }
    "Exports" {
        GET "/v1/exports/{id}" ShipmentsRead / OrdersRead get_export
            "Reads how far a file is; needs the scope of what it is of." => exports::show;
        GET "/v1/exports/{id}/file" ShipmentsRead / OrdersRead get_export_file
            "Reads the file of a finished export; 404 says why there is none." => exports::file, file;
    }
    "Channels" {
        GET "/v1/channels/{id}/courier-mappings" ChannelsRead list_courier_mappings
            "Reads what a channel calls each courier." => channels::show;
        PUT "/v1/channels/{id}/courier-mappings" ChannelsWrite put_courier_mappings
            "Sets what a channel calls each courier, and submits again what failed for want of it." => channels::put;
    }
    "Transaction records" {
        GET "/v1/transaction-records" EvidenceRead list_transaction_records
            "Lists exchanges with channels and providers, the newest first." => channels::index;
        GET "/v1/transaction-records/{id}" EvidenceRead get_transaction_record
            "Reads one exchange: request and response, masked." => channels::record;
    }
}
