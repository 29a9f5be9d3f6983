//! Orders arrive: by polling, by signed message, from a file; each twice is once.

use crate::support::{
    counter::Counter,
    shop::{Shop, now},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use waybill::{
    accounts::Role,
    actions::By,
    channels::inbound::{self, Accepted},
    cli::registry::adapters,
    evidence::TraceId,
    imports::orders,
    outbound::signature,
    sandbox::{SeedLine, SeedOrder},
};

#[tokio::test]
async fn polling_twice_changes_nothing() {
    let shop = Shop::open().await;
    shop.order(shop.shopify, &[("A", 2), ("B", 1)]).await;
    let before = shop.text("select string_agg(o::text, '|' order by id) from orders o").await;
    shop.poll(shop.shopify).await;
    assert_eq!(shop.text("select string_agg(o::text, '|' order by id) from orders o").await, before);
    assert_eq!(shop.value("select count(*) from shipments").await, 1);
    assert_eq!(shop.value("select count(*) from order_lines").await, 2);
    assert_eq!(shop.text("select name from customers").await, "Ada Ólafsdóttir");
    // personal data is masked where exchanges are kept
    let kept = shop.text("select string_agg(response_body, '') from transaction_records").await;
    assert!(!kept.contains("ada@buyer.example") && !kept.contains("Rue de l"), "{kept}");
}

#[tokio::test]
async fn more_orders_than_one_poll_reads_are_all_read() {
    let shop = Shop::open().await;
    // a page is three orders and a poll is forty pages
    for _ in 0..125 {
        let line = SeedLine { sku: "A".into(), quantity: Some(1), ..SeedLine::default() };
        shop.sandbox
            .receive_shopify_order("shop", SeedOrder { lines: vec![line], ..SeedOrder::default() })
            .unwrap();
    }
    shop.poll(shop.shopify).await;
    assert_eq!(shop.value("select count(*) from orders").await, 125);
    assert_eq!(shop.value("select count(*) from channels where poll_cursor is not null").await, 1);
}

#[tokio::test]
async fn a_signed_message_brings_a_new_order_once() {
    let shop = Shop::open().await;
    let mut scope = shop.scope().await;
    let path = inbound::open(&mut scope, &shop.work.keyring, shop.shopify, "the shop's secret", now())
        .await
        .unwrap()
        .unwrap();
    scope.commit().await.unwrap();
    let endpoint = path.rsplit('/').next().unwrap().to_owned();
    // the sandbox signs for real; a catcher keeps what it sends
    shop.sandbox.set_shopify_webhook("shop", &shop.sandbox.hook_url("caught"), "the shop's secret").unwrap();
    let line = SeedLine { sku: "A".into(), quantity: Some(1), ..SeedLine::default() };
    shop.sandbox
        .receive_shopify_order("shop", SeedOrder { lines: vec![line], ..SeedOrder::default() })
        .unwrap();
    let caught = loop {
        if let Some(message) = shop.sandbox.hook("caught").into_iter().next() {
            break message;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let channels = adapters().channels;
    let headers: Vec<(String, String)> =
        caught.headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let accept = async |kind: &str, endpoint: &str, headers: &[(String, String)], raw: &[u8]| {
        inbound::accept(&shop.db, &shop.work.keyring, &channels, kind, endpoint, headers, raw, now())
            .await
            .unwrap()
    };
    let raw = caught.body.as_bytes();
    let mut wrong = raw.to_vec();
    wrong[10] ^= 1;
    assert_eq!(accept("shopify", &endpoint, &headers, &wrong).await, Accepted::NotProven);
    assert_eq!(accept("shopify", "00000000000000000000", &headers, raw).await, Accepted::NoSuchEndpoint);
    assert_eq!(accept("ebay", &endpoint, &headers, raw).await, Accepted::NoSuchEndpoint);
    assert_eq!(shop.value("select count(*) from inbound_messages").await, 0);
    assert_eq!(accept("shopify", &endpoint, &headers, raw).await, Accepted::Kept);
    assert_eq!(accept("shopify", &endpoint, &headers, raw).await, Accepted::Repeated);
    shop.run().await;
    assert_eq!(shop.value("select count(*) from orders").await, 1);
    assert_eq!(shop.value("select count(*) from shipments").await, 1);
    let kept = "select coalesce(sum(length(body)), 0) from inbound_messages where processed_at is not null";
    assert_eq!(shop.value(kept).await, 0, "what was taken in is kept in the log only, masked");
    shop.poll(shop.shopify).await;
    assert_eq!(shop.value("select count(*) from orders").await, 1, "polling finds the same order");
}

const FILE: &str = "Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping Zip,Shipping Country\n\
#1001,a@b.example,paid,unfulfilled,EUR,25.00,5.00,0.00,30.00,2026-11-01 09:41:00 +0100,2,\"Kettle, navy\",10.00,KTL,Ada,'1000,BE\n\
#1001,a@b.example,,,,,,,,,1,Lid,5.00,LID,,,\n\
#1002,,paid,,EUR,10.00,0,0,10.00,2026-11-01 10:00:00 +0000,two,Kettle,10.00,KTL,Bo,2000,BE\n\
#1003,,paid,fulfilled,EUR,10.00,0,0,10.00,2026-11-01 10:00:00 +0000,1,Kettle,10.00,,Bo,2000,BE\n";

#[tokio::test]
async fn a_file_twice_changes_nothing_and_bad_rows_say_why() {
    let shop = Shop::open().await;
    for round in 0..2 {
        let mut scope = shop.scope().await;
        let new =
            orders::NewImport { channel: shop.shopify, file_name: "orders.csv", bytes: FILE.as_bytes() };
        orders::begin(&mut scope, new, &By::system(TraceId::new()), now()).await.unwrap();
        scope.commit().await.unwrap();
        shop.run().await;
        let summary = shop.text("select rows_created || ' ' || rows_unchanged || ' ' || rows_failed || ' ' || state from imports order by id desc limit 1").await;
        assert_eq!(summary, if round == 0 { "2 0 1 finished" } else { "0 2 1 finished" });
        let reason = shop
            .text("select reason from import_rows where outcome = 'failed' order by import_id desc limit 1")
            .await;
        assert!(reason.contains("Line 4") && reason.contains("two"), "{reason}");
        assert_eq!(shop.value("select count(*) from orders").await, 2);
        assert_eq!(shop.value("select count(*) from shipments").await, 1, "the fulfilled one needs none");
        assert_eq!(shop.value("select count(*) from order_lines").await, 3);
    }
    assert_eq!(shop.text("select postal_code from addresses limit 1").await, "1000");
    assert_eq!(
        shop.text("select status || items_shipped from orders where number = '#1003'").await,
        "shipped1"
    );
}

/// One order that cannot be kept must not keep out all that come after it.
#[tokio::test]
async fn an_order_that_cannot_be_kept_stops_no_other() {
    let shop = Shop::open().await;
    let line = |title: &str, quantity| SeedLine {
        sku: "A".into(),
        title: Some(title.into()),
        quantity: Some(quantity),
        ..SeedLine::default()
    };
    let order = |lines| SeedOrder { currency: Some("EUR".into()), lines, ..SeedOrder::default() };
    let most = i32::MAX as u32;
    shop.sandbox.seed_ebay(vec![order(vec![line("Too", most), line("many", most)])]).unwrap();
    shop.sandbox.seed_ebay(vec![order(vec![line("A thing\0with what no text keeps", 1)])]).unwrap();
    shop.poll(shop.ebay).await;
    assert_eq!(
        shop.text("select string_agg(name, '|') from order_lines").await,
        "A thing␀with what no text keeps"
    );
    assert_eq!(shop.value("select count(*) from jobs").await, 0);
    // and the channel's page says which, why, and what was sent
    let store = shop.value("select id from stores").await;
    let page = format!("/stores/{store}/channels/{}", shop.ebay);
    let mut client = Counter::over(&shop).visitor(Role::Client).await;
    let missed = client.get(&page).await;
    assert_eq!(missed.texts("section[aria-labelledby=unreceived] li").len(), 1);
    assert!(missed.text("section[aria-labelledby=unreceived] li").contains("too large or too long"));
    let record = missed.attribute("section[aria-labelledby=unreceived] a", "href").unwrap();
    assert_eq!(client.get(&record).await.text("h1"), "get_orders");
    assert!(client.get("/").await.text("main").contains("Order of eBay UK not taken in"));
    let times = "select times from unreceived_orders";
    shop.poll(shop.ebay).await;
    assert_eq!(shop.value(times).await, 2, "once for each order, however often it comes");
    // taken in after all, it is forgotten
    let reference = shop.text("select channel_reference from orders").await;
    shop.sql(&format!("update unreceived_orders set reference = '{reference}'")).await;
    shop.poll(shop.ebay).await;
    let forgotten = format!("select count(*) from unreceived_orders where reference = '{reference}'");
    assert_eq!(shop.value(&forgotten).await, 0);
}

#[tokio::test]
async fn a_message_whose_order_cannot_be_read_is_shown() {
    let shop = Shop::open().await;
    let mut scope = shop.scope().await;
    let keyring = &shop.work.keyring;
    let path = inbound::open(&mut scope, keyring, shop.shopify, "secret", now()).await.unwrap().unwrap();
    scope.commit().await.unwrap();
    let endpoint = path.rsplit('/').next().unwrap();
    let raw = br#"{"id": 7, "note": "no order at all"}"#;
    let signature = STANDARD.encode(signature::hmac_sha256(b"secret", raw));
    let headers = [
        ("x-shopify-topic", "orders/create"),
        ("x-shopify-webhook-id", "d-1"),
        ("x-shopify-event-id", "d-1"),
        ("x-shopify-shop-domain", "shop"),
        ("x-shopify-hmac-sha256", &signature),
    ];
    let headers: Vec<(String, String)> = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    let channels = adapters().channels;
    let accepted = inbound::accept(&shop.db, keyring, &channels, "shopify", endpoint, &headers, raw, now());
    assert_eq!(accepted.await.unwrap(), Accepted::Kept);
    shop.run().await;
    assert_eq!(shop.text("select reference from unreceived_orders").await, "message 1");
    let record = "select count(*) from transaction_records r join unreceived_orders u on u.transaction_record_id = r.id \
                  where r.log_type = 'inbound_webhook'";
    assert_eq!(shop.value(record).await, 1);
    assert_eq!(shop.value("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn a_row_the_database_refuses_fails_and_not_its_file() {
    let shop = Shop::open().await;
    // longer than an index takes, and nothing that could be compressed
    let sku = waybill::secrets::random_hex::<6000>();
    let file = format!(
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n\
         #1,a@b.example,paid,EUR,1.00,0.00,0.00,1.00,2026-11-01 10:00:00 +0100,1,Thing,1.00,{sku}\n\
         #2,a@b.example,paid,EUR,1.00,0.00,0.00,1.00,2026-11-01 10:00:00 +0100,1,Thing,1.00,SKU\n"
    );
    let mut scope = shop.scope().await;
    let new = orders::NewImport { channel: shop.shopify, file_name: "orders.csv", bytes: file.as_bytes() };
    orders::begin(&mut scope, new, &By::system(TraceId::new()), now()).await.unwrap();
    scope.commit().await.unwrap();
    shop.run().await;
    assert_eq!(
        shop.text("select state || ' ' || rows_created || ' ' || rows_failed from imports").await,
        "finished 1 1"
    );
}
