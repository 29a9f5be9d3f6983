//! Shopify over real HTTP.

use super::*;

#[tokio::test]
async fn shopify_is_told_once() {
    let world = world(SandboxOptions::default()).await;
    let order =
        world.sandbox.seed_shopify("demo", vec![seed(&[("A", 2, 1), ("B", 1, 1)])]).unwrap().remove(0);
    let one = parcel(&order, &[1, 1]);
    let made = world.tell(&Shopify, &world.shopify(), &one).await.unwrap();
    assert_eq!(made.warning, None);
    assert_eq!(world.sandbox.ledger()[0].remote_id, made.value.remote_id);
    let there = Look::AlreadyThere { remote_id: made.value.remote_id };
    assert_eq!(world.look(&Shopify, &world.shopify(), &one).await.unwrap(), there);

    let rest = Submission {
        tracking_number: "ZW 2".into(),
        courier_name: "Zed Wheels".into(),
        ..parcel(&order, &[1])
    };
    assert!(
        world.tell(&Shopify, &world.shopify(), &rest).await.unwrap().warning.unwrap().contains("Zed Wheels")
    );
    let third = Submission { tracking_number: "ZW 3".into(), ..parcel(&order, &[1]) };
    assert_eq!(kind(world.look(&Shopify, &world.shopify(), &third).await), (E::AlreadyFulfilled, R::Refused));
    assert_eq!(fulfilled(&world), 2);
}

#[tokio::test]
async fn shopify_is_corrected_where_it_was_told() {
    let world = world(SandboxOptions::default()).await;
    let access = world.shopify();
    let order = world.sandbox.seed_shopify("demo", vec![seed(&[("A", 2, 1)])]).unwrap().remove(0);
    let one = parcel(&order, &[1]);
    let made = world.tell(&Shopify, &access, &one).await.unwrap().value.remote_id;
    let told = |number: &str| Told {
        remote_id: Some(made.clone()),
        tracking_number: number.into(),
        courier_name: Some("Evri".into()),
    };
    let other = Submission {
        tracking_number: "ZW 2".into(),
        courier_name: "DPD".into(),
        tracking_url: None,
        told: Some(told(&one.tracking_number)),
        ..one.clone()
    };
    let correct = async |one: &Submission, look: &Value| {
        let response = world.send(Shopify.correct(&access, one, look).unwrap()).await;
        Shopify.corrected(&response, one)
    };
    let Look::Correct(look) = world.look(&Shopify, &access, &other).await.unwrap() else { panic!() };
    assert_eq!(correct(&other, &look).await.unwrap().value.remote_id, made);
    let parcels = world.sandbox.shopify_fulfillments("demo");
    assert_eq!(parcels.len(), 1, "one piece of A stays open");
    assert_eq!(
        (&parcels[0]["trackingInfo"][0]["number"], &parcels[0]["trackingInfo"][0]["company"]),
        (&json!("ZW 2"), &json!("DPD"))
    );
    let after = Submission { told: Some(told("ZW 2")), ..other.clone() };
    let there = Look::AlreadyThere { remote_id: made.clone() };
    assert_eq!(world.look(&Shopify, &access, &after).await.unwrap(), there);
    for (id, class) in
        [("gid://shopify/Fulfillment/1", E::OrderNotFound), ("gid://shopify/Order/1", E::OrderNotFound)]
    {
        let refused = correct(&other, &json!({ "fulfillmentId": id })).await;
        assert_eq!(kind(refused), (class, R::Refused), "{id}");
    }
}

#[tokio::test]
async fn shopify_refuses() {
    let world = world(SandboxOptions::default()).await;
    let access = world.shopify();
    let mut orders = vec![seed(&[("A", 2, 1), ("B", 1, 2)]), seed(&[("A", 1, 1)]), seed(&[("A", 1, 1)])];
    orders[1].on_hold = Some(true);
    orders[2].cancelled = Some(true);
    let orders = world.sandbox.seed_shopify("demo", orders).unwrap();
    let looked = async |one: &Submission| kind(world.look(&Shopify, &access, one).await);
    let good = parcel(&orders[0], &[1]);
    assert_eq!(looked(&parcel(&orders[0], &[1, 1])).await, (E::InvalidRequest, R::NotSent), "two locations");
    assert_eq!(looked(&parcel(&orders[0], &[3])).await, (E::AlreadyFulfilled, R::Refused));
    assert_eq!(looked(&parcel(&orders[1], &[1])).await, (E::OrderClosed, R::Refused), "on hold");
    assert_eq!(looked(&parcel(&orders[2], &[1])).await, (E::OrderClosed, R::Refused), "cancelled");
    assert_eq!(
        looked(&Submission { order_reference: "1".into(), ..good.clone() }).await,
        (E::OrderNotFound, R::Refused)
    );
    assert_eq!(
        looked(&Submission { order_reference: "#1001".into(), ..good.clone() }).await,
        (E::OrderNotFound, R::Refused)
    );
    let strange = Submission { lines: vec![line("1", "ZZZ", 1)], ..good.clone() };
    assert_eq!(looked(&strange).await, (E::SkuUnknown, R::Refused));

    // What changed between looking and sending.
    let Look::Send(look) = world.look(&Shopify, &access, &good).await.unwrap() else { panic!() };
    let told = async |look: &Value| world.submit(&Shopify, &access, &good, look).await;
    let with = |place: &str, value: Value| {
        let mut look = look.clone();
        *look.pointer_mut(&format!("/lineItemsByFulfillmentOrder/0/{place}")).unwrap() = value;
        look
    };
    let quantity = "fulfillmentOrderLineItems/0/quantity";
    let item = "fulfillmentOrderLineItems/0/id";
    let table = [
        (with("fulfillmentOrderId", json!("gid://shopify/FulfillmentOrder/1")), E::OrderNotFound),
        (with("fulfillmentOrderId", json!("nonsense")), E::OrderNotFound),
        (with(item, json!("gid://shopify/FulfillmentOrderLineItem/1")), E::SkuUnknown),
        (with(quantity, json!(9)), E::AlreadyFulfilled),
        (with(quantity, json!(0)), E::InvalidRequest),
        (with(quantity, json!("many")), E::InvalidRequest),
        (with("fulfillmentOrderId", json!(orders[1].fulfillment_orders[0])), E::OrderClosed),
        (with("fulfillmentOrderId", json!(orders[2].fulfillment_orders[0])), E::OrderClosed),
        (Value::Null, E::InvalidRequest),
    ];
    for (look, class) in table {
        assert_eq!(kind(told(&look).await), (class, R::Refused), "{look}");
    }
    assert_eq!(fulfilled(&world), 0);
    told(&look).await.unwrap();
    told(&look).await.unwrap();
    assert_eq!(kind(told(&look).await), (E::AlreadyFulfilled, R::Refused), "closed meanwhile");
}

#[tokio::test]
async fn shopify_throttles_and_locks() {
    let world =
        world(SandboxOptions { shopify_bucket: 250, shopify_restore: 100, ..SandboxOptions::default() })
            .await;
    let order = world.sandbox.seed_shopify("demo", vec![seed(&[("A", 2, 1)])]).unwrap().remove(0);
    let one = parcel(&order, &[1]);
    let access = world.shopify();
    let bad = self::access(&access.base_url, "wrong");
    assert_eq!(kind(world.look(&Shopify, &bad, &one).await), (E::Auth, R::Refused));
    let nowhere = self::access(&world.sandbox.shopify_base("nowhere"), "x");
    assert_eq!(kind(world.look(&Shopify, &nowhere, &one).await), (E::Auth, R::Refused));
    let mut failure = None;
    for _ in 0..5 {
        failure = failure.or(world.look(&Shopify, &access, &one).await.err());
    }
    let failure = failure.unwrap();
    assert_eq!((failure.class, failure.reached), (E::RateLimited, R::Refused));
    assert!(failure.retry_after.unwrap().num_seconds() >= 1);
    for (status, class) in
        [(402, E::Forbidden), (403, E::Forbidden), (423, E::Forbidden), (429, E::RateLimited)]
    {
        let fault = if status == 429 { FaultKind::RateLimited } else { FaultKind::Unauthorized };
        world.sandbox.set_fault(Fault::once("shopify", "*", fault).status(status));
        assert_eq!(kind(world.look(&Shopify, &access, &one).await), (class, R::Refused), "{status}");
    }
    for fault in [FaultKind::ServerError, FaultKind::Unavailable] {
        world.sandbox.set_fault(Fault::once("shopify", "*", fault));
        assert_eq!(kind(world.look(&Shopify, &access, &one).await), (E::Unavailable, R::Perhaps));
    }
}

#[tokio::test]
async fn shopify_garbage_after_the_effect_is_found_by_looking() {
    let world = world(SandboxOptions::default()).await;
    let order = world.sandbox.seed_shopify("demo", vec![seed(&[("A", 2, 1)])]).unwrap().remove(0);
    let one = parcel(&order, &[1]);
    for fault in [FaultKind::Garbage, FaultKind::ErrorAfterCreate] {
        world.sandbox.set_fault(Fault::once("shopify", "fulfillmentCreate", fault));
        let one = Submission { tracking_number: format!("{fault:?}"), ..one.clone() };
        assert_eq!(kind(world.tell(&Shopify, &world.shopify(), &one).await).1, R::Perhaps);
        let found = world.look(&Shopify, &world.shopify(), &one).await.unwrap();
        assert!(matches!(found, Look::AlreadyThere { .. }), "{found:?}");
    }
    assert_eq!(fulfilled(&world), 2);
}

#[tokio::test]
async fn shopify_webhooks_are_signed_and_carry_the_order() {
    let world = world(SandboxOptions::default()).await;
    world.sandbox.set_shopify_webhook("demo", &world.sandbox.hook_url("ours"), "hush").unwrap();
    world.sandbox.receive_shopify_order("demo", seed(&[("A", 2, 1), ("B", 1, 1)])).unwrap();
    let mut messages = Vec::new();
    for _ in 0..200 {
        messages = world.sandbox.hook("ours");
        if !messages.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let message = &messages[0];
    let headers: Vec<(String, String)> =
        message.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    let proven = Shopify.verify(&[SecretString::from("hush")], &headers, message.body.as_bytes()).unwrap();
    assert_eq!(proven.topic, "orders/create");
    assert_eq!(Shopify.verify(&[SecretString::from("other")], &headers, message.body.as_bytes()), None);
    let order = Shopify.order_in(&proven.topic, message.body.as_bytes()).unwrap().unwrap();
    assert_eq!((order.number.as_str(), order.total_minor, order.lines.len()), ("#1001", 3487, 2));
}

#[tokio::test]
async fn shopify_orders_come_page_by_page_as_the_webhooks_tell_them() {
    let world = world(SandboxOptions::default()).await;
    world.sandbox.set_shopify_webhook("demo", &world.sandbox.hook_url("ours"), "hush").unwrap();
    for number in 0..8 {
        let one = SeedOrder {
            tags: Some(vec!["vip".into(), "B2B".into()]),
            note: Some(format!("note {number}")),
            ..seed(&[("A", 2, 1), ("B", 1, 1)])
        };
        let order = world.sandbox.receive_shopify_order("demo", one).unwrap();
        if number == 3 {
            world.tell(&Shopify, &world.shopify(), &parcel(&order, &[1, 1])).await.unwrap();
        }
    }
    let mut pushed = std::collections::BTreeMap::new();
    for _ in 0..200 {
        for message in world.sandbox.hook("ours") {
            let order = Shopify.order_in("orders/updated", message.body.as_bytes()).unwrap().unwrap();
            pushed.insert(order.channel_reference.clone(), order);
        }
        if world.sandbox.hook("ours").len() == 9 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut polled = std::collections::BTreeMap::new();
    let mut page: Option<String> = None;
    loop {
        let response =
            world.send(Shopify.orders(&world.shopify(), at("2026-11-20T05:55:00Z"), page.as_deref())).await;
        let read = Shopify.orders_read(&response).unwrap().value;
        assert_eq!(read.failures, []);
        polled.extend(read.orders.into_iter().map(|order| (order.channel_reference.clone(), order)));
        page = read.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(polled.len(), 8);
    assert_eq!(polled, pushed);
}
