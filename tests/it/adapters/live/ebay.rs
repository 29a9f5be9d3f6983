//! eBay over real HTTP.

use super::*;

#[tokio::test]
async fn ebay_is_told_once_and_refuses() {
    let world = world(SandboxOptions::default()).await;
    let access = world.ebay();
    let orders = world.sandbox.seed_ebay(vec![
        seed(&[("A", 2, 1), ("B", 1, 1)]),
        SeedOrder { cancelled: Some(true), ..seed(&[("A", 1, 1)]) },
    ]);
    let orders = orders.unwrap();
    let good = Submission {
        courier_name: "Hermes".into(),
        tracking_number: "H00 ABC-1".into(),
        ..parcel(&orders[0], &[1, 1])
    };
    let refused = async |one: Submission| kind(world.tell(&Ebay, &access, &one).await);
    let fresh = |one: &Submission| Submission { tracking_number: "NEW1".into(), ..one.clone() };
    let table = [
        (Submission { order_reference: "1-2-3".into(), ..good.clone() }, (E::OrderNotFound, R::Refused)),
        (Submission { lines: vec![line("1", "A", 1)], ..good.clone() }, (E::SkuUnknown, R::Refused)),
        (Submission { courier_name: "Evri".into(), ..good.clone() }, (E::CourierRejected, R::Refused)),
        (
            Submission { courier_name: "Evri".into(), mapped: false, ..good.clone() },
            (E::CourierUnmapped, R::Refused),
        ),
        (
            Submission { courier_name: "Hermes".into(), ..parcel(&orders[0], &[9]) },
            (E::AlreadyFulfilled, R::Refused),
        ),
        (
            Submission { shipped_at: at("2020-01-01T00:00:00Z"), ..good.clone() },
            (E::InvalidRequest, R::Refused),
        ),
        (
            Submission { courier_name: "Hermes".into(), ..parcel(&orders[1], &[1]) },
            (E::OrderClosed, R::Refused),
        ),
        (Submission { tracking_number: "--".into(), ..good.clone() }, (E::TrackingRejected, R::NotSent)),
    ];
    for (one, expected) in table {
        let case = format!("{one:?}");
        assert_eq!(refused(one).await, expected, "{case}");
    }
    assert_eq!(fulfilled(&world), 0);
    let made = world.tell(&Ebay, &access, &good).await.unwrap();
    assert_eq!(made.value.remote_id, "H00ABC1");
    let again = Submission { tracking_number: "h00abc1".into(), ..good.clone() };
    let there = Look::AlreadyThere { remote_id: "H00ABC1".into() };
    assert_eq!(world.look(&Ebay, &access, &again).await.unwrap(), there);
    let other = Submission { courier_name: "Other".into(), mapped: false, ..fresh(&good) };
    world.tell(&Ebay, &access, &other).await.unwrap();

    let bad = self::access(&access.base_url, "wrong");
    assert_eq!(kind(world.look(&Ebay, &bad, &good).await), (E::Auth, R::Refused));
    for (fault, expected) in [
        (FaultKind::Unauthorized, (E::Auth, R::Refused)),
        (FaultKind::RateLimited, (E::RateLimited, R::Refused)),
        (FaultKind::ServerError, (E::Unavailable, R::Perhaps)),
        (FaultKind::Unavailable, (E::Unavailable, R::Perhaps)),
    ] {
        world.sandbox.set_fault(Fault::once("ebay", "createShippingFulfillment", fault).retry_after(9));
        let one = Submission { tracking_number: format!("{fault:?}"), ..good.clone() };
        let failure = world.tell(&Ebay, &access, &one).await.unwrap_err();
        assert_eq!((failure.class, failure.reached), expected);
        if fault == FaultKind::RateLimited {
            assert_eq!(failure.retry_after.unwrap().num_seconds(), 9);
        }
    }
}

#[tokio::test]
async fn ebay_orders_come_page_by_page() {
    let world = world(SandboxOptions::default()).await;
    let access = world.ebay();
    let seeds: Vec<SeedOrder> =
        (0..73).map(|_| SeedOrder { currency: Some("GBP".into()), ..seed(&[("A", 2, 1)]) }).collect();
    let seeded = world.sandbox.seed_ebay(seeds).unwrap();
    let mut ids = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let response = world.send(Ebay.orders(&access, at("2026-11-20T05:55:00Z"), page.as_deref())).await;
        let read = Ebay.orders_read(&response).unwrap().value;
        assert_eq!(read.failures, []);
        for order in &read.orders {
            assert_eq!(
                (order.total_minor, order.currency.as_str(), order.customer_name.as_str()),
                (2488, "GBP", "Zoë Łuczak")
            );
        }
        ids.extend(read.orders.into_iter().map(|order| order.channel_reference));
        page = read.next;
        if page.is_none() {
            break;
        }
    }
    ids.sort();
    let mut wanted: Vec<String> = seeded.into_iter().map(|order| order.id).collect();
    wanted.sort();
    assert_eq!(ids, wanted);
    let response = world.send(Ebay.orders(&access, at("2026-11-20T06:55:00Z"), None)).await;
    assert_eq!(Ebay.orders_read(&response).unwrap().value.orders, []);
}
