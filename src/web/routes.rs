//! Every page on one page. `get` shows, `post` changes, `ask` is a posted
//! question that changes nothing. A line under `actions` makes both the page
//! that confirms the action and the form that does it.

use super::{
    activity, assets, bulk, connections, customers, emails, exports, help, home, hooks, imports, inventory,
    jobs, live, narrow, orders, preferences, problems, records, responders, sessions, shipments, stores,
    table::{Access, Route, Table, routes},
    tokens, traces, up, views, webhooks,
};
use crate::{
    accounts::Permission::{
        ActivityView, ConnectionsEdit, ConnectionsView, CouriersEdit, EmailsView, ExportsRun, ImportsRun,
        InventoryView, OrdersView, PeopleManage, ProblemsView, RecordsView, RespondersEdit, StoresEdit,
        StoresView, WebhooksEdit, WebhooksView,
    },
    inventory::counting::{AdjustStock, ReceiveStock, ReverseAdjustment},
    notify::{
        emails::ResendEmail,
        responders::{DisableResponder, EnableResponder},
        webhooks::{
            DeleteEndpoint, PauseEndpoint, ResendDelivery, ResendRange, ResumeEndpoint, SendTestEvent,
        },
    },
    orders::{
        edit_address::EditAddress,
        edit_service::EditService,
        holds::{AddHold, RemoveAllHolds, RemoveHold, RestoreHolds},
        tags::{AddTags, RemoveTags},
    },
    problems::work::{Assign, Snooze, Unassign, Wake},
    remedies::{
        retry::{Retry, RetryGroup},
        run_again::RunAgain,
    },
    shipments::{
        arrive::MarkAsDelivered, cancel_order::CancelOrder, clear_submission::ClearSubmission,
        decide_post::DecidePost, edit_items::EditItems, edit_shipping::EditShipping,
        fulfill_again::FulfillAgain, late::CancelSecond, mark_error::MarkAsError, post::Post,
        reconcile::CheckWithProvider, repost::Repost, resend::ResendFulfillments, reship::Reship,
        restore::RestoreShipment, resync_from::ResyncFrom, resync_to::ResyncTo, submit::SubmitToChannel,
        undo_reship::UndoReship, void::VoidShipment,
    },
};
use Access::{Needs, Open, Public, SignedIn};

routes! {
    pages {
        // machines
        get  "/healthz"               Open     => up::healthz;
        get  "/readyz"                Open     => up::readyz;
        get  "/robots.txt"            Open     => up::robots;
        ask  "/csp-reports"           Open     => up::csp_reports;
        get  "/static/{name}"         Open     => assets::serve;
        post "/hooks/{kind}/{endpoint}"  Open  => hooks::receive;

        // coming and going
        get  "/login"                 Public   => sessions::new;
        post "/login"                 Public   => sessions::create;
        post "/logout"                SignedIn => sessions::destroy;
        post "/account"               SignedIn => sessions::switch_account;
        post "/preferences"           SignedIn => preferences::save;

        get  "/"                      SignedIn => home::show;
        get  "/help"                  SignedIn => help::show;
        get  "/live"                  SignedIn => live::show;

        // what lists are narrowed to, and that under a name
        get  "/filters/new"           Needs(OrdersView) => narrow::show;
        get  "/views/new"             Needs(OrdersView) => views::new;
        post "/views"                 Needs(OrdersView) => views::create;
        get  "/views/{id}"            Needs(OrdersView) => views::show;
        post "/views/{id}"            Needs(OrdersView) => views::update;
        post "/views/{id}/save"       Needs(OrdersView) => views::save;
        post "/views/{id}/delete"     Needs(OrdersView) => views::delete;

        // orders and customers
        get  "/orders"                Needs(OrdersView) => orders::index;
        get  "/orders/{id}"           Needs(OrdersView) => orders::show;
        get  "/customers"             Needs(OrdersView) => customers::index;
        get  "/customers/{id}"        Needs(OrdersView) => customers::show;

        // shipments, and what went wrong with them
        get  "/shipments"             Needs(OrdersView)   => shipments::index;
        get  "/shipments/{id}"        Needs(OrdersView)   => shipments::show;
        get  "/error-queue"           Needs(ProblemsView) => problems::index;
        post "/error-queue/selected"  Needs(ProblemsView) => problems::selected;
        get  "/problems/{id}"         Needs(ProblemsView) => problems::show;
        get  "/problems/{id}/fix"     Needs(CouriersEdit) => problems::fix;
        post "/problems/{id}/fix"     Needs(CouriersEdit) => problems::save;

        get  "/jobs"                  Needs(ProblemsView) => jobs::list;
        // many at once; each operation asks for its action's own permission besides
        get  "/bulk"                     Needs(OrdersView) => bulk::index;
        post "/bulk"                     Needs(OrdersView) => bulk::create;
        get  "/bulk/new"                 Needs(OrdersView) => bulk::choose;
        get  "/bulk/{id}"                Needs(OrdersView) => bulk::show;
        post "/bulk/{id}/start"          Needs(OrdersView) => bulk::start;
        post "/bulk/{id}/pause"          Needs(OrdersView) => bulk::pause;
        post "/bulk/{id}/resume"         Needs(OrdersView) => bulk::resume;
        post "/bulk/{id}/cancel"         Needs(OrdersView) => bulk::cancel;
        post "/bulk/{id}/again"          Needs(OrdersView) => bulk::again;
        post "/bulk/{id}/undo"           Needs(OrdersView) => bulk::undo;
        get  "/bulk/{id}/results.csv"    Needs(OrdersView) => bulk::results;

        // stock
        get  "/products"             Needs(InventoryView) => inventory::index;
        get  "/products/{id}"        Needs(InventoryView) => inventory::show;
        get  "/inventory-movements"  Needs(InventoryView) => inventory::movements;

        // imports
        get  "/imports"                    Needs(ImportsRun) => imports::index;
        post "/imports"                    Needs(ImportsRun) => imports::create;
        // before the pattern that would take their last word for a number
        get  "/imports/tracking-numbers.csv"  Needs(ImportsRun) => imports::sample;
        post "/imports/tracking-numbers"   Needs(ImportsRun) => imports::create_tracking;
        get  "/imports/{id}"               Needs(ImportsRun) => imports::show;
        post "/imports/{id}/confirm"       Needs(ImportsRun) => imports::confirm;
        get  "/imports/{id}/failures.csv"  Needs(ImportsRun) => imports::failures;

        // files of what lists show; before the pattern, as above
        get  "/exports"                    Needs(ExportsRun) => exports::index;
        post "/exports"                    Needs(ExportsRun) => exports::create;
        get  "/exports/new"                Needs(ExportsRun) => exports::choose;
        get  "/exports/file"               Needs(ExportsRun) => exports::at_once;
        get  "/exports/{id}/file"          Needs(ExportsRun) => exports::download;
        post "/exports/{id}/cancel"        Needs(ExportsRun) => exports::cancel;
        post "/exports/{id}/delete"        Needs(ExportsRun) => exports::delete;

        // stores, channels, what they call couriers
        get  "/stores"                                             Needs(StoresView)   => stores::list::list;
        get  "/stores/{id}"                                        Needs(StoresView)   => stores::show::show;
        get  "/stores/{id}/channels/{channel_id}"                  Needs(StoresView)   => stores::channel::show;
        post "/stores/{id}/channels/{channel_id}"                  Needs(StoresEdit)   => stores::settings::save;
        get  "/stores/{id}/channels/{channel_id}/couriers"         Needs(StoresView)   => stores::couriers::show;
        post "/stores/{id}/channels/{channel_id}/couriers"         Needs(CouriersEdit) => stores::mappings::save;
        post "/stores/{id}/channels/{channel_id}/couriers/resend"  Needs(CouriersEdit) => stores::mappings::resend;
        get  "/stores/{id}/channels/{channel_id}/couriers/{mapping_id}/remove" Needs(CouriersEdit) => stores::mappings::confirm;
        post "/stores/{id}/channels/{channel_id}/couriers/{mapping_id}/remove" Needs(CouriersEdit) => stores::mappings::remove;
        get  "/stores/{id}/channels/{channel_id}/transaction-records" Needs(RecordsView) => records::list::channel;
        // what was sent and answered, what happened
        get  "/transaction-records"                Needs(RecordsView)     => records::list::account;
        get  "/transaction-records/{id}"           Needs(RecordsView)     => records::show::show;
        get  "/transaction-records/{id}/{part}"    Needs(RecordsView)     => records::show::download;
        get  "/traces/{id}"                        Needs(RecordsView)     => traces::show;
        get  "/activity"                           Needs(ActivityView)    => activity::list::list;
        get  "/emails"                             Needs(EmailsView)      => emails::list::list;
        get  "/emails/{id}"                        Needs(EmailsView)      => emails::show::show;
        // what others are told, and what customers are written
        get  "/webhooks"                           Needs(WebhooksView)    => webhooks::list;
        post "/webhooks"                           Needs(WebhooksEdit)    => webhooks::create;
        // before the pattern that would take its last word for a number
        get  "/webhooks/new"                       Needs(WebhooksEdit)    => webhooks::new;
        get  "/webhooks/{id}"                      Needs(WebhooksView)    => webhooks::show;
        get  "/webhooks/{id}/edit"                 Needs(WebhooksEdit)    => webhooks::edit;
        post "/webhooks/{id}/edit"                 Needs(WebhooksEdit)    => webhooks::save;
        get  "/webhooks/{id}/rotate"               Needs(WebhooksEdit)    => webhooks::ask_rotate;
        post "/webhooks/{id}/rotate"               Needs(WebhooksEdit)    => webhooks::rotate;
        get  "/webhooks/{id}/deliveries"           Needs(WebhooksView)    => webhooks::deliveries;
        get  "/deliveries/{id}"                    Needs(WebhooksView)    => webhooks::delivery;
        get  "/responders"                         Needs(EmailsView)      => responders::list;
        post "/responders"                         Needs(RespondersEdit)  => responders::create;
        get  "/responders/new"                     Needs(RespondersEdit)  => responders::new;
        get  "/responders/{id}"                    Needs(EmailsView)      => responders::show;
        post "/responders/{id}"                    Needs(RespondersEdit)  => responders::save;
        // tokens for programs
        get  "/settings/tokens"                    Needs(PeopleManage)    => tokens::list;
        post "/settings/tokens"                    Needs(PeopleManage)    => tokens::create;
        get  "/settings/tokens/new"                Needs(PeopleManage)    => tokens::new;
        get  "/settings/tokens/{id}/revoke"        Needs(PeopleManage)    => tokens::confirm;
        post "/settings/tokens/{id}/revoke"        Needs(PeopleManage)    => tokens::revoke;
        // who ships it
        get  "/connections"                        Needs(ConnectionsView) => connections::list::list;
        get  "/connections/{id}"                   Needs(ConnectionsView) => connections::show::show;
        post "/connections/{id}/test"              Needs(ConnectionsEdit) => connections::test::test;
    }
    actions {
        // what went wrong, as a work list
        "/problems/{id}/assign"      => Assign;
        "/problems/{id}/unassign"    => Unassign;
        "/problems/{id}/snooze"      => Snooze, problems::UntilWhen;
        "/problems/{id}/wake"        => Wake;
        "/problems/{id}/retry"       => Retry;
        "/problems/{id}/retry-group" => RetryGroup, problems::WhichOnes;
        "/jobs/{id}/run-again"       => RunAgain;

        // orders
        "/orders/{id}/resend-fulfillments" => ResendFulfillments;
        "/orders/{id}/reship"              => Reship, orders::WhatAgain;
        "/orders/{id}/undo-reship"         => UndoReship;
        "/orders/{id}/new-shipment"        => FulfillAgain;
        "/orders/{id}/add-hold"            => AddHold, orders::HoldFields;
        "/orders/{id}/remove-hold"         => RemoveHold, orders::WhichHold;
        "/orders/{id}/remove-all-holds"    => RemoveAllHolds;
        "/orders/{id}/restore-holds"       => RestoreHolds;
        "/orders/{id}/add-tags"            => AddTags, orders::TagField;
        "/orders/{id}/remove-tags"         => RemoveTags, orders::TagField;
        "/orders/{id}/edit-address"        => EditAddress, orders::AddressFields;
        "/orders/{id}/edit-service"        => EditService, orders::MethodField;

        // shipments
        "/shipments/{id}/post"                 => Post;
        "/shipments/{id}/repost"               => Repost, shipments::CancelFirst;
        "/shipments/{id}/mark-as-error"        => MarkAsError;
        "/shipments/{id}/mark-as-delivered"    => MarkAsDelivered;
        "/shipments/{id}/cancel-provider-order" => CancelOrder, shipments::AtOnce;
        "/shipments/{id}/cancel-second-order"  => CancelSecond, shipments::AtOnce;
        "/shipments/{id}/decide"               => DecidePost, shipments::WhatWasSeen;
        "/shipments/{id}/void"                 => VoidShipment;
        "/shipments/{id}/restore"              => RestoreShipment;
        "/shipments/{id}/check"                => CheckWithProvider, shipments::AtOnce;
        "/shipments/{id}/edit-items"           => EditItems, shipments::ItemFields;
        "/shipments/{id}/edit-shipping"        => EditShipping, shipments::ShippingDetails;
        "/shipments/{id}/submit"               => SubmitToChannel, shipments::AtOnce;
        "/shipments/{id}/clear-submission"     => ClearSubmission;
        "/shipments/{id}/resync-from-provider" => ResyncFrom, shipments::AtOnce;
        "/shipments/{id}/resync-to-provider"   => ResyncTo, shipments::AtOnce;

        // what others are told
        "/webhooks/{id}/pause"       => PauseEndpoint;
        "/webhooks/{id}/resume"      => ResumeEndpoint;
        "/webhooks/{id}/test"        => SendTestEvent, webhooks::AtOnce;
        "/webhooks/{id}/resend"      => ResendRange, webhooks::RangeFields;
        "/webhooks/{id}/delete"      => DeleteEndpoint;
        "/deliveries/{id}/resend"    => ResendDelivery, webhooks::AtOnce;
        "/responders/{id}/enable"    => EnableResponder;
        "/responders/{id}/disable"   => DisableResponder;
        "/emails/{id}/resend"        => ResendEmail;

        // stock
        "/products/{id}/receive-stock"      => ReceiveStock, inventory::ReceiptFields;
        "/products/{id}/adjust-stock"       => AdjustStock, inventory::AdjustmentFields;
        "/products/{id}/reverse-adjustment" => ReverseAdjustment, inventory::WhichAdjustment;
    }
}
