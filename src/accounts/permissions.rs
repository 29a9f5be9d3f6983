//! The authorisation matrix: the one place that says which role may do what.
//! Routes, actions and the access test all read it.

use crate::text_enum::text_enum;

text_enum! {
    /// What somebody is in an account.
    Role {
        /// The merchant's portal user.
        Client = "client",
        /// Configures stores, channels, mappings, connections, people.
        Admin = "admin",
        /// Reads evidence and resends, in every account assigned.
        Support = "support",
    }
}

text_enum! {
    /// One thing somebody may do.
    Permission {
        /// See orders, shipments and customers.
        OrdersView = "orders.view",
        /// Holds, resend, edits.
        OrdersEdit = "orders.edit",
        /// Post, re-post, mark as error.
        ShipmentsPost = "shipments.post",
        /// Submit to the channel and resend.
        ShipmentsSubmit = "shipments.submit",
        /// See stock and its movements.
        InventoryView = "inventory.view",
        /// Count stock: receive, adjust, reverse.
        InventoryEdit = "inventory.edit",
        /// Add the original's units back to stock when reshipping.
        InventoryAddBack = "inventory.add_back",
        /// See and work the error queue.
        ProblemsView = "problems.view",
        /// See stores, channels and courier mappings.
        StoresView = "stores.view",
        /// Change stores and channels.
        StoresEdit = "stores.edit",
        /// Change courier mappings.
        CouriersEdit = "couriers.edit",
        /// See fulfillment connections.
        ConnectionsView = "connections.view",
        /// Change fulfillment connections.
        ConnectionsEdit = "connections.edit",
        /// Read transaction records.
        RecordsView = "records.view",
        /// Read the activity log of the whole account.
        ActivityView = "activity.view",
        /// Import files.
        ImportsRun = "imports.run",
        /// Write files of orders and shipments, and open them.
        ExportsRun = "exports.run",
        /// Read e-mails that went to customers.
        EmailsView = "emails.view",
        /// Send an e-mail to a customer again.
        EmailsSend = "emails.send",
        /// Change what is written to customers, and when.
        RespondersEdit = "responders.edit",
        /// See webhook endpoints and what was delivered to them.
        WebhooksView = "webhooks.view",
        /// Send a webhook again, or a test.
        WebhooksResend = "webhooks.resend",
        /// Change webhook endpoints.
        WebhooksEdit = "webhooks.edit",
        /// See customers' names, addresses and e-mails.
        PersonalView = "personal.view",
        /// See what goods cost.
        CostsView = "costs.view",
        /// Add people, change roles, make tokens.
        PeopleManage = "people.manage",
    }
}

impl Role {
    /// The role in a word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Role::Client => "Client",
            Role::Admin => "Admin",
            Role::Support => "Support",
        }
    }

    /// The matrix.
    pub fn can(self, permission: Permission) -> bool {
        use Permission::*;
        match self {
            Role::Admin => true,
            Role::Client => matches!(
                permission,
                OrdersView
                    | OrdersEdit
                    | ShipmentsPost
                    | ShipmentsSubmit
                    | InventoryView
                    | InventoryAddBack
                    | ProblemsView
                    | StoresView
                    | ConnectionsView
                    | RecordsView
                    | ActivityView
                    | ImportsRun
                    | ExportsRun
                    | EmailsView
                    | EmailsSend
                    | PersonalView
            ),
            Role::Support => matches!(
                permission,
                OrdersView
                    | ShipmentsSubmit
                    | InventoryView
                    | ProblemsView
                    | StoresView
                    | ConnectionsView
                    | RecordsView
                    | ActivityView
                    | EmailsView
                    | WebhooksView
                    | WebhooksResend
            ),
        }
    }
}

impl Permission {
    /// The feature in words, for "You need the … permission".
    pub fn label(self) -> &'static str {
        match self {
            Permission::OrdersView => "Orders",
            Permission::OrdersEdit => "Edit orders",
            Permission::ShipmentsPost => "Post shipments",
            Permission::ShipmentsSubmit => "Submit to channels",
            Permission::InventoryView => "Inventory",
            Permission::InventoryEdit => "Edit inventory",
            Permission::InventoryAddBack => "Add inventory back",
            Permission::ProblemsView => "Error queue",
            Permission::StoresView => "Stores",
            Permission::StoresEdit => "Edit stores",
            Permission::CouriersEdit => "Couriers",
            Permission::ConnectionsView => "Connections",
            Permission::ConnectionsEdit => "Edit connections",
            Permission::RecordsView => "Transaction records",
            Permission::ActivityView => "Activity log",
            Permission::ImportsRun => "Imports",
            Permission::ExportsRun => "Exports",
            Permission::EmailsView => "E-mails",
            Permission::EmailsSend => "Send e-mails again",
            Permission::RespondersEdit => "Edit responders",
            Permission::WebhooksView => "Webhooks",
            Permission::WebhooksResend => "Re-send webhooks",
            Permission::WebhooksEdit => "Edit webhooks",
            Permission::PersonalView => "Personal data",
            Permission::CostsView => "Costs",
            Permission::PeopleManage => "People",
        }
    }
}
