//! Every page on one page. `get` shows, `post` changes, `ask` is a posted
//! question that changes nothing. A line under `actions` makes both the page
//! that confirms the action and the form that does it.

use super::{
    assets, customers, home, hooks, imports, orders, preferences, problems, sessions, shipments,
    table::{Access, Route, Table, routes},
    up,
};
use crate::{
    accounts::Permission::{CouriersEdit, ImportsRun, OrdersView, ProblemsView},
    shipments::{
        post::Post, reconcile::CheckWithProvider, repost::Repost, resend::ResendFulfillments,
        resync_from::ResyncFrom, submit::SubmitToChannel,
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

        // orders and customers
        get  "/orders"                Needs(OrdersView) => orders::index;
        get  "/orders/{id}"           Needs(OrdersView) => orders::show;
        get  "/customers"             Needs(OrdersView) => customers::index;
        get  "/customers/{id}"        Needs(OrdersView) => customers::show;

        // shipments, and what went wrong with them
        get  "/shipments"             Needs(OrdersView)   => shipments::index;
        get  "/shipments/{id}"        Needs(OrdersView)   => shipments::show;
        get  "/error-queue"           Needs(ProblemsView) => problems::index;
        get  "/problems/{id}/fix"     Needs(ProblemsView) => problems::fix;
        post "/problems/{id}/fix"     Needs(CouriersEdit) => problems::save;

        // imports
        get  "/imports"                    Needs(ImportsRun) => imports::index;
        post "/imports"                    Needs(ImportsRun) => imports::create;
        get  "/imports/{id}"               Needs(ImportsRun) => imports::show;
        get  "/imports/{id}/failures.csv"  Needs(ImportsRun) => imports::failures;
    }
    actions {
        // orders
        "/orders/{id}/resend-fulfillments" => ResendFulfillments;

        // shipments
        "/shipments/{id}/post"                 => Post;
        "/shipments/{id}/repost"               => Repost;
        "/shipments/{id}/check"                => CheckWithProvider, shipments::AtOnce;
        "/shipments/{id}/submit"               => SubmitToChannel, shipments::AtOnce;
        "/shipments/{id}/resync-from-provider" => ResyncFrom, shipments::AtOnce;
    }
}
