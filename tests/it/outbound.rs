//! The one way out: which addresses, what is kept, what a lost call means.

use crate::support::shop::Shop;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};
use waybill::{
    evidence::{
        mask,
        record::{About, LogType},
    },
    jobs::retry::{OUTSIDE, Schedule},
    outbound::{
        AddressPolicy, Answer, ErrorClass, Failure, HttpRequest, HttpResponse, Reached, address::is_public,
        signature,
    },
    sandbox::{Fault, FaultKind},
};

#[test]
fn only_public_addresses_are_called() {
    let policy = AddressPolicy::public();
    for refused in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost:8080/",
        "https://10.1.2.3/",
        "https://172.20.0.1/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://user:pass@example.com/",
        "https://example.com:22/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "not an address",
        "",
    ] {
        assert!(policy.check(refused).is_err(), "{refused}");
    }
    for fine in [
        "https://example.com/hook?x=1",
        "https://example.com:8443/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1::1]/",
    ] {
        assert!(policy.check(fine).is_ok(), "{fine}");
    }
    let sandbox: SocketAddr = "127.0.0.1:4242".parse().unwrap();
    let policy = AddressPolicy::public().with_sandbox(sandbox);
    assert!(policy.check("http://127.0.0.1:4242/ebay").is_ok());
    assert!(policy.check("http://127.0.0.1:4243/ebay").is_err(), "that socket and no other");
}

proptest! {
    #[test]
    fn an_embedded_address_is_judged_by_what_is_embedded(bits in any::<u32>()) {
        let inner = std::net::Ipv4Addr::from(bits);
        let mapped = IpAddr::V6(inner.to_ipv6_mapped());
        prop_assert_eq!(is_public(mapped), is_public(IpAddr::V4(inner)));
    }

    #[test]
    fn no_text_makes_the_masks_stumble(text in "\\PC{0,200}") {
        let _ = mask::body(&text);
        let _ = mask::url(&text);
    }

    /// No wait is shorter than half the first, none longer than the longest or
    /// what was asked, of which a day is believed, and tries end.
    #[test]
    fn retries_are_bounded(attempt in 1_i32..40, chance in 0.0_f64..1.0, asked in 0_i64..100_000) {
        let now = waybill::clock::now();
        let asked_for = chrono::Duration::seconds(asked);
        match OUTSIDE.next_with(attempt, Some(asked_for), now, chance) {
            None => prop_assert!(attempt >= OUTSIDE.tries),
            Some(at) => {
                let wait = at - now;
                prop_assert!(wait >= chrono::Duration::seconds(OUTSIDE.first / 2));
                let bounded = asked_for.min(chrono::Duration::hours(24));
                prop_assert!(wait >= bounded);
                prop_assert!(wait <= bounded.max(chrono::Duration::seconds(OUTSIDE.longest)));
            }
        }
    }
}

#[test]
fn waits_double_up_to_the_longest() {
    let now = waybill::clock::now();
    let schedule = Schedule { first: 10, longest: 100, tries: 9 };
    let waits: Vec<i64> =
        (1..9).map(|n| (schedule.next_with(n, None, now, 1.0).unwrap() - now).num_seconds()).collect();
    assert_eq!(waits, [10, 20, 40, 80, 100, 100, 100, 100]);
}

#[test]
fn headers_named_by_a_warehouse_are_masked_by_their_ending() {
    for name in
        ["X-House-Key", "x-house-token", "X-Secret-Word-Secret", "x-auth", "X-Client-ID", "webhook-signature"]
    {
        assert!(mask::is_secret_header(name), "{name}");
    }
    for name in [
        "Idempotency-Key",
        "webhook-id",
        "webhook-timestamp",
        "Content-Type",
        "X-House",
        "x-ratelimit-tokens",
    ] {
        assert!(!mask::is_secret_header(name), "{name}");
    }
}

#[test]
fn secrets_and_persons_are_masked_where_they_are_kept() {
    let order = r#"{"name":"Kettle","email":"ada@buyer.example","shippingAddress":{"name":"Ada Canary","address1":"Main St 1","city":"Ghent","zip":"9000"},
        "lines":[{"name":"Kettle, navy","sku":"KTL"}],"access_token":"shpat_canary","note":"write to bo@buyer.example today","count":3,"customer":{"first_name":"Ada"}}"#;
    let kept = mask::body(order);
    for gone in ["ada@buyer.example", "bo@buyer.example", "Ada Canary", "Main St", "shpat_canary", "\"Ada\""]
    {
        assert!(!kept.contains(gone), "{gone} in {kept}");
    }
    for stays in ["Kettle, navy", "KTL", "Ghent", "9000", "today", "\"count\":3"] {
        assert!(kept.contains(stays), "{stays} not in {kept}");
    }
    let headers = [
        ("Authorization", "Bearer canary"),
        ("X-Shopify-Access-Token", "canary"),
        ("webhook-signature", "canary"),
        ("Accept", "any"),
    ];
    let headers: Vec<(String, String)> =
        headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let kept = mask::headers(&headers).to_string();
    assert!(!kept.contains("canary") && kept.contains("any"), "{kept}");
    assert_eq!(mask::url("https://a.example/x?token=canary&page=2"), "https://a.example/x?token=••••&page=2");
    assert_eq!(mask::body("write a@b.example, c@d.example."), "write •••• (redacted), •••• (redacted).");
}

#[test]
fn webhooks_are_signed_as_the_specification_signs() {
    // the specification's own vector
    let signed = signature::standard_webhook(
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1_731_705_121,
        r#"{"event_type":"ping","data":{"success":true}}"#,
    );
    assert_eq!(signed.as_deref(), Some("v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="));
    assert!(signature::standard_webhook("no prefix", "id", 0, "").is_none());
    assert!(!signature::is_base64_hmac("secret", b"raw", "not base64 !"));
}

fn understood(response: &HttpResponse) -> Result<Answer<u16>, Failure> {
    if response.is_success() {
        Ok(Answer::plain(response.status))
    } else {
        Err(Failure::by_status(response, "refused"))
    }
}

async fn call(shop: &Shop, request: HttpRequest) -> Result<Answer<u16>, Failure> {
    let about = About { attempt: 1, ..About::default() };
    let called = shop
        .work
        .outbound
        .call(&shop.db, shop.account, LogType::AuthConnect, &about, request, understood)
        .await;
    assert!(called.record.is_some());
    called.result
}

#[tokio::test]
async fn what_a_lost_call_means_depends_on_where_it_was_lost() {
    let shop = Shop::open().await;
    let url = format!("{}/stores", shop.sandbox.shipstation_base());
    let get = || {
        HttpRequest::get(url.clone()).header("Authorization", "Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=")
    };
    assert_eq!(call(&shop, get()).await.unwrap().value, 200);

    shop.sandbox.set_fault(Fault::once("shipstation", "liststores", FaultKind::Hang).delay_ms(4_000));
    let hung = call(&shop, get()).await.unwrap_err();
    assert_eq!((hung.class, hung.reached), (ErrorClass::Timeout, Reached::Perhaps));
    for kind in [FaultKind::CutAfterRead, FaultKind::AcceptThenCut, FaultKind::CutHeaders, FaultKind::CutBody]
    {
        shop.sandbox.set_fault(Fault::once("shipstation", "liststores", kind));
        let cut = call(&shop, get()).await.unwrap_err();
        assert_eq!(cut.reached, Reached::Perhaps, "{kind:?}: {}", cut.message);
    }
    shop.sandbox.go_dark().await;
    let dark = call(&shop, get()).await.unwrap_err();
    assert_eq!((dark.class, dark.reached), (ErrorClass::Unavailable, Reached::NotSent), "{}", dark.message);
    shop.sandbox.come_back().await;

    // a redirect is an answer, not a way
    let to = serde_json::json!({ "see": "elsewhere" });
    shop.sandbox.set_fault(Fault::once("shipstation", "liststores", FaultKind::Respond).status(302).body(to));
    assert_eq!(call(&shop, get()).await.unwrap_err().code.as_deref(), Some("302"));
    // names that lead inside are refused when they are resolved
    let inside = call(&shop, HttpRequest::get("https://localhost/")).await.unwrap_err();
    assert_eq!(inside.reached, Reached::NotSent);
    assert!(inside.message.contains("not public"), "{}", inside.message);
    // everything is on record, the secrets are not
    assert_eq!(shop.value("select count(*) from transaction_records where log_type = 'auth_connect' and finished_at is not null").await, 9);
    assert_eq!(
        shop.value(
            "select count(*) from transaction_records where request_headers::text like '%c2FuZGJveC%'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn a_large_body_lies_beside_its_row() {
    let shop = Shop::open().await;
    let long = "x".repeat(40_000);
    let body = serde_json::json!({ "long": long });
    let request = HttpRequest::json("POST", format!("{}/stores", shop.sandbox.shipstation_base()), &body);
    let _ = call(&shop, request).await;
    assert_eq!(shop.text("select length(request_body) || ' ' || request_cut from transaction_records order by id desc limit 1").await, "8192 true");
    let id = shop.value("select id from transaction_records order by id desc limit 1").await;
    let mut scope = shop.scope().await;
    let whole = waybill::evidence::record::whole_body(&mut scope, waybill::ids::RecordId(id), "request")
        .await
        .unwrap()
        .unwrap();
    assert!(whole.contains(&long));
}

#[test]
fn what_the_vendors_call_persons_is_masked_even_in_an_answer_that_was_cut() {
    let order = r#"{"orderId":"12-1","buyer":{"username":"canary_ada"},"shippingStep":{"shipTo":{"fullName":"Ada Canary","companyName":"Canary Ltd",
        "contactAddress":{"addressLine1":"Canary St 1","city":"Ghent","countryCode":"BE"},"primaryPhone":{"phoneNumber":"+32canary"}}},
        "browser_ip":"203.0.113.canary","order_status_url":"https://shop.example/canary","access_token":"shpat_canary","note":"ends here"#;
    let whole = format!("{order}\"}}");
    for text in [order, whole.as_str()] {
        let kept = mask::body(text);
        assert!(!kept.to_lowercase().contains("canary"), "{kept}");
        assert!(kept.contains("12-1") && kept.contains("Ghent") && kept.contains("ends here"), "{kept}");
    }
    let kept = mask::body(r#"{"email":"ada.can\"ary"#);
    assert!(!kept.contains("ary"), "{kept}");
    let form = mask::body("grant_type=refresh_token&refresh_token=canary&client_secret=canary&scope=a");
    assert!(
        !form.contains("canary") && form.contains("grant_type=refresh_token") && form.ends_with("scope=a"),
        "{form}"
    );
    assert_eq!(
        mask::url("https://a.example/x?email=a%40b.c&page=2"),
        "https://a.example/x?email=••••&page=2"
    );
}
