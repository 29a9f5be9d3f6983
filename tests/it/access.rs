//! Who may open what, walked: every route of the table × everybody × their own
//! and another account's records. What is refused changes nothing, and what
//! only shows changes nothing either.
//!
//! A pattern with `{…}` needs a line in [`SAMPLES`]; a route without one fails.

use crate::support::portal::{Browser, Portal, World};
use waybill::{
    accounts::Role,
    web::{
        routes::ROUTES,
        table::{Access, Route},
    },
};

/// One account's record of a pattern.
struct Sample {
    pattern: &'static str,
    /// The record's own address.
    path: fn(&World) -> String,
    /// What a form says beside [`FORM`], when it names a record too.
    form: fn(&World) -> Vec<(&'static str, String)>,
}

/// A pattern whose path names a record.
const fn record(pattern: &'static str, path: fn(&World) -> String) -> Sample {
    Sample { pattern, path, form: |_| Vec::new() }
}

/// A form that names a record.
const fn form(pattern: &'static str, form: fn(&World) -> Vec<(&'static str, String)>) -> Sample {
    Sample { pattern, path: |_| String::new(), form }
}

/// Add a line for each new pattern, and a field to `World` for each new kind of
/// record.
const SAMPLES: &[Sample] = &[
    // an address nobody has: assets belong to no account
    record("/static/{name}", |_| "/static/unknown".into()),
    // an endpoint nobody has: hooks are proven by signature, see shipments/arriving.rs
    record("/hooks/{kind}/{endpoint}", |_| "/hooks/shopify/0123456789abcdef0123".into()),
    record("/orders/{id}", |w| format!("/orders/{}", w.record("order"))),
    record("/orders/{id}/resend-fulfillments", |w| {
        format!("/orders/{}/resend-fulfillments", w.record("order"))
    }),
    record("/orders/{id}/reship", |w| format!("/orders/{}/reship", w.record("order"))),
    record("/orders/{id}/undo-reship", |w| format!("/orders/{}/undo-reship", w.record("order"))),
    record("/orders/{id}/new-shipment", |w| format!("/orders/{}/new-shipment", w.record("order"))),
    record("/shipments/{id}/void", |w| format!("/shipments/{}/void", w.record("shipment"))),
    record("/shipments/{id}/restore", |w| format!("/shipments/{}/restore", w.record("shipment"))),
    record("/orders/{id}/add-hold", |w| order(w, "add-hold")),
    record("/orders/{id}/remove-hold", |w| order(w, "remove-hold")),
    record("/orders/{id}/remove-all-holds", |w| order(w, "remove-all-holds")),
    record("/orders/{id}/restore-holds", |w| order(w, "restore-holds")),
    record("/orders/{id}/add-tags", |w| order(w, "add-tags")),
    record("/orders/{id}/remove-tags", |w| order(w, "remove-tags")),
    record("/orders/{id}/edit-address", |w| order(w, "edit-address")),
    record("/orders/{id}/edit-service", |w| order(w, "edit-service")),
    record("/views/{id}", |w| format!("/views/{}", w.record("saved_view"))),
    record("/views/{id}/save", |w| format!("/views/{}/save", w.record("saved_view"))),
    record("/views/{id}/delete", |w| format!("/views/{}/delete", w.record("saved_view"))),
    record("/customers/{id}", |w| format!("/customers/{}", w.record("customer"))),
    record("/shipments/{id}", |w| format!("/shipments/{}", w.record("shipment"))),
    record("/shipments/{id}/post", |w| format!("/shipments/{}/post", w.record("shipment"))),
    record("/shipments/{id}/cancel-provider-order", |w| {
        format!("/shipments/{}/cancel-provider-order", w.record("shipment"))
    }),
    record("/shipments/{id}/cancel-second-order", |w| {
        format!("/shipments/{}/cancel-second-order", w.record("shipment"))
    }),
    record("/shipments/{id}/decide", |w| format!("/shipments/{}/decide", w.record("shipment"))),
    record("/shipments/{id}/repost", |w| format!("/shipments/{}/repost", w.record("shipment"))),
    record("/shipments/{id}/edit-items", |w| format!("/shipments/{}/edit-items", w.record("shipment"))),
    record("/shipments/{id}/edit-shipping", |w| format!("/shipments/{}/edit-shipping", w.record("shipment"))),
    record("/shipments/{id}/mark-as-error", |w| format!("/shipments/{}/mark-as-error", w.record("shipment"))),
    record("/shipments/{id}/mark-as-delivered", |w| {
        format!("/shipments/{}/mark-as-delivered", w.record("shipment"))
    }),
    record("/shipments/{id}/check", |w| format!("/shipments/{}/check", w.record("shipment"))),
    record("/shipments/{id}/submit", |w| format!("/shipments/{}/submit", w.record("shipment"))),
    record("/shipments/{id}/clear-submission", |w| {
        format!("/shipments/{}/clear-submission", w.record("shipment"))
    }),
    record("/shipments/{id}/resync-from-provider", |w| {
        format!("/shipments/{}/resync-from-provider", w.record("shipment"))
    }),
    record("/shipments/{id}/resync-to-provider", |w| {
        format!("/shipments/{}/resync-to-provider", w.record("shipment"))
    }),
    record("/problems/{id}", |w| format!("/problems/{}", w.record("problem"))),
    record("/problems/{id}/assign", |w| problem(w, "assign")),
    record("/problems/{id}/unassign", |w| problem(w, "unassign")),
    record("/problems/{id}/snooze", |w| problem(w, "snooze")),
    record("/problems/{id}/wake", |w| problem(w, "wake")),
    record("/problems/{id}/retry", |w| problem(w, "retry")),
    record("/problems/{id}/retry-group", |w| problem(w, "retry-group")),
    record("/problems/{id}/fix", |w| format!("/problems/{}/fix", w.record("problem"))),
    record("/jobs/{id}/run-again", |w| format!("/jobs/{}/run-again", w.record("job"))),
    record("/bulk/{id}", |w| bulk(w, "")),
    record("/bulk/{id}/start", |w| bulk(w, "/start")),
    record("/bulk/{id}/pause", |w| bulk(w, "/pause")),
    record("/bulk/{id}/resume", |w| bulk(w, "/resume")),
    record("/bulk/{id}/cancel", |w| bulk(w, "/cancel")),
    record("/bulk/{id}/again", |w| bulk(w, "/again")),
    record("/bulk/{id}/undo", |w| bulk(w, "/undo")),
    record("/bulk/{id}/results.csv", |w| bulk(w, "/results.csv")),
    record("/products/{id}", |w| format!("/products/{}", w.record("product"))),
    record("/products/{id}/receive-stock", |w| format!("/products/{}/receive-stock", w.record("product"))),
    record("/products/{id}/adjust-stock", |w| format!("/products/{}/adjust-stock", w.record("product"))),
    record("/products/{id}/reverse-adjustment", |w| {
        format!("/products/{}/reverse-adjustment", w.record("product"))
    }),
    record("/imports/{id}", |w| format!("/imports/{}", w.record("import"))),
    record("/imports/{id}/confirm", |w| format!("/imports/{}/confirm", w.record("import"))),
    record("/imports/{id}/failures.csv", |w| format!("/imports/{}/failures.csv", w.record("import"))),
    record("/exports/{id}/file", |w| format!("/exports/{}/file", w.record("export"))),
    record("/exports/{id}/cancel", |w| format!("/exports/{}/cancel", w.record("export"))),
    record("/exports/{id}/delete", |w| format!("/exports/{}/delete", w.record("export"))),
    record("/stores/{id}", |w| format!("/stores/{}", w.store)),
    record("/stores/{id}/channels/{channel_id}", |w| channel(w, "")),
    record("/stores/{id}/channels/{channel_id}/couriers", |w| channel(w, "/couriers")),
    record("/stores/{id}/channels/{channel_id}/couriers/resend", |w| channel(w, "/couriers/resend")),
    record("/stores/{id}/channels/{channel_id}/couriers/{mapping_id}/remove", |w| {
        channel(w, &format!("/couriers/{}/remove", w.record("mapping")))
    }),
    record("/stores/{id}/channels/{channel_id}/transaction-records", |w| channel(w, "/transaction-records")),
    record("/problems/{id}", |w| format!("/problems/{}", w.record("problem"))),
    record("/transaction-records/{id}/{part}", |w| {
        format!("/transaction-records/{}/request", w.record("transaction_record"))
    }),
    record("/transaction-records/{id}", |w| {
        format!("/transaction-records/{}", w.record("transaction_record"))
    }),
    // each world has a chain of its own
    record("/traces/{id}", |w| format!("/traces/{:032x}", 0x7ace_0000 + w.account.0)),
    record("/connections/{id}", |w| format!("/connections/{}", w.record("connection"))),
    record("/connections/{id}/test", |w| format!("/connections/{}/test", w.record("connection"))),
    record("/emails/{id}", |w| format!("/emails/{}", w.record("email"))),
    record("/emails/{id}/resend", |w| format!("/emails/{}/resend", w.record("email"))),
    record("/responders/{id}", |w| format!("/responders/{}", w.record("responder"))),
    record("/responders/{id}/enable", |w| format!("/responders/{}/enable", w.record("responder"))),
    record("/responders/{id}/disable", |w| format!("/responders/{}/disable", w.record("responder"))),
    record("/settings/tokens/{id}/revoke", |w| format!("/settings/tokens/{}/revoke", w.record("token"))),
    record("/webhooks/{id}", |w| endpoint(w, "")),
    record("/webhooks/{id}/edit", |w| endpoint(w, "/edit")),
    record("/webhooks/{id}/rotate", |w| endpoint(w, "/rotate")),
    record("/webhooks/{id}/deliveries", |w| endpoint(w, "/deliveries")),
    record("/webhooks/{id}/pause", |w| endpoint(w, "/pause")),
    record("/webhooks/{id}/resume", |w| endpoint(w, "/resume")),
    record("/webhooks/{id}/test", |w| endpoint(w, "/test")),
    record("/webhooks/{id}/resend", |w| endpoint(w, "/resend")),
    record("/webhooks/{id}/delete", |w| endpoint(w, "/delete")),
    record("/deliveries/{id}", |w| format!("/deliveries/{}", w.record("delivery"))),
    record("/deliveries/{id}/resend", |w| format!("/deliveries/{}/resend", w.record("delivery"))),
    form("/account", |world| vec![("account", world.account.to_string())]),
];

fn channel(world: &World, end: &str) -> String {
    format!("/stores/{}/channels/{}{end}", world.store, world.record("channel"))
}

/// Of an action that everybody may do.
fn bulk(world: &World, end: &str) -> String {
    format!("/bulk/{}{end}", world.record("bulk_operation"))
}

fn endpoint(world: &World, end: &str) -> String {
    format!("/webhooks/{}{end}", world.record("endpoint"))
}

fn order(world: &World, act: &str) -> String {
    format!("/orders/{}/{act}", world.record("order"))
}

fn problem(world: &World, act: &str) -> String {
    format!("/problems/{}/{act}", world.record("problem"))
}

fn sample(pattern: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.pattern == pattern)
}

/// Enough for the form of any action to get past its parsing to its record.
const FORM: [(&str, &str); 2] = [("version", "1"), ("confirmed", "yes")];

/// A key of its own for each form, as the pages make them.
fn op() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static FORMS: AtomicU64 = AtomicU64::new(0);
    format!("{:032x}", FORMS.fetch_add(1, Ordering::Relaxed))
}

async fn ask(browser: &mut Browser, route: &Route, world: &World) -> u16 {
    let sample = sample(route.pattern);
    let path = match sample {
        Some(sample) if route.pattern.contains('{') => (sample.path)(world),
        _ => route.pattern.to_owned(),
    };
    let named = sample.map(|sample| (sample.form)(world)).unwrap_or_default();
    let op = op();
    let mut fields = FORM.to_vec();
    fields.push(("op", op.as_str()));
    fields.extend(named.iter().map(|(name, value)| (*name, value.as_str())));
    let answer = match route.method {
        "GET" => browser.get(&path).await,
        _ => browser.post(&path, &fields).await,
    };
    answer.status
}

#[test]
fn every_pattern_with_a_record_has_a_sample() {
    let missing: Vec<&str> = ROUTES
        .iter()
        .map(|route| route.pattern)
        .filter(|pattern| pattern.contains('{') && sample(pattern).is_none())
        .collect();
    assert!(missing.is_empty(), "add these to SAMPLES in tests/it/access.rs: {missing:?}");
}

#[test]
fn no_route_stands_twice_and_no_page_writes() {
    let mut seen = std::collections::BTreeSet::new();
    for route in ROUTES {
        assert!(seen.insert((route.method, route.pattern)), "twice: {route:?}");
        assert!(matches!(route.method, "GET" | "POST"), "{route:?}");
        assert!(!(route.method == "GET" && route.writes), "a GET that writes: {route:?}");
        let without_cookies =
            ["/hooks/", "/v1/", "/csp-reports"].iter().any(|p| route.pattern.starts_with(p));
        assert!(!without_cookies || route.access == Access::Open, "other sites may post here: {route:?}");
        assert!(route.access != Access::Public || route.pattern == "/login", "an open page: {route:?}");
    }
}

/// What a status must be.
struct Expected {
    refused: bool,
    fits: fn(u16) -> bool,
    words: &'static str,
}

fn expected(route: &Route, role: Option<Role>, foreign: bool) -> Expected {
    let refused = |fits, words| Expected { refused: true, fits, words };
    match (route.access, role) {
        (Access::Open, _) => {
            Expected { refused: false, fits: |s| s < 500 && s != 401 && s != 403, words: "an answer" }
        }
        (Access::Public, _) => {
            Expected { refused: false, fits: |s| matches!(s, 200 | 303 | 422), words: "a page" }
        }
        (_, None) if route.method == "GET" => refused(|s| s == 303, "303 to sign in"),
        (_, None) => refused(|s| s == 401, "401"),
        (access, Some(role)) if !access.admits(role) => refused(|s| s == 403, "403"),
        (_, Some(_)) if foreign => refused(|s| s == 404, "404: another account's"),
        (_, Some(_)) => Expected {
            refused: false,
            fits: |s| matches!(s, 200 | 303 | 400 | 409 | 422),
            words: "an answer for somebody who may",
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_what_the_matrix_says() {
    let portal = Portal::open().await;
    let everybody = [None, Some(Role::Client), Some(Role::Admin), Some(Role::Support)];
    let mut wrong: Vec<String> = Vec::new();
    for role in everybody {
        let mut browser = match role {
            Some(role) => portal.visitor(role).await,
            None => portal.browser(),
        };
        let mut before = portal.snapshot().await;
        for route in ROUTES {
            let worlds = [(&portal.own, false), (&portal.other, true)];
            let record = sample(route.pattern).is_some() && route.access != Access::Open;
            for (world, foreign) in worlds.into_iter().take(if record { 2 } else { 1 }) {
                let expected = expected(route, role, foreign);
                let status = ask(&mut browser, route, world).await;
                let whose = if foreign { "another account's" } else { "their own" };
                let line = format!("{} {} ({whose}) as {role:?}", route.method, route.pattern);
                if !(expected.fits)(status) {
                    wrong.push(format!("{line}: {status}, not {}", expected.words));
                }
                let after = portal.snapshot().await;
                if (expected.refused || !route.writes) && after != before {
                    let changed: Vec<_> =
                        after.iter().filter(|(t, rows)| before.get(*t) != Some(*rows)).collect();
                    wrong.push(format!("{line}: answered {status} but changed {changed:?}"));
                }
                before = after;
                if let (Some(role), "/logout") = (role, route.pattern) {
                    browser = portal.visitor(role).await;
                    before = portal.snapshot().await;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
