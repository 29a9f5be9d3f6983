//! ShipStation over real HTTP.

use super::*;

pub(super) fn post(reference: &str, skus: &[&str]) -> PostOrder {
    let item = |sku: &&str| PostLine {
        key: format!("L-{sku}"),
        sku: (*sku).into(),
        name: format!("The {sku}"),
        quantity: 2,
        unit_price_minor: 999,
    };
    PostOrder {
        reference: reference.into(),
        idempotency_key: "waybill-1".into(),
        number: reference.into(),
        order_number: "#1001".into(),
        placed_at: at("2026-11-20T07:00:00Z"),
        ship_to: ShipTo {
            name: "Zoë Łuczak".into(),
            line1: "1 Main St".into(),
            city: "Łódź".into(),
            postal_code: "90-001".into(),
            country: "PL".into(),
            ..ShipTo::default()
        },
        lines: skus.iter().map(item).collect(),
        currency: "EUR".into(),
        shipping_method: "Standard".into(),
    }
}

#[tokio::test]
async fn shipstation_takes_finds_ships() {
    let world = world(SandboxOptions::default()).await;
    let access = world.shipstation();
    let create = async |order: &PostOrder| {
        let response = world.send(Shipstation.create(&access, order)).await;
        Shipstation.created(&response, order)
    };
    let order = post("SHP-90217-2", &["A", "B"]);
    let made = create(&order).await.unwrap().value;
    assert!(made.live && made.status == "awaiting_shipment");
    assert_eq!(
        create(&order).await.unwrap().value.remote_id,
        made.remote_id,
        "the same key is the same order"
    );
    create(&post("SHP-90217-20", &["A"])).await.unwrap();
    assert_eq!(world.sandbox.live().iter().map(|one| one.count).collect::<Vec<_>>(), [1, 1]);
    let id: u64 = made.remote_id.parse().unwrap();
    assert_eq!(world.sandbox.shipstation_order(id).unwrap()["shipTo"]["city"], "Łódź");

    let find = async |reference: &str| {
        let response = world.send(Shipstation.find(&access, reference).unwrap()).await;
        Shipstation.found(&response, reference).unwrap().value
    };
    assert_eq!(find("SHP-90217-2").await, vec![made.clone()]);
    assert_eq!(find("SHP-90217-3").await, []);
    let read = async |id: &str| {
        let response = world.send(Shipstation.read(&access, id).unwrap()).await;
        Shipstation.was_read(&response).unwrap().value
    };
    assert_eq!(read(&made.remote_id).await, Some(made.clone()));
    assert_eq!(read("1").await, None);

    let states = world.track(&made.remote_id).await;
    assert_eq!(states[0].status.as_deref(), Some("awaiting_shipment"));
    assert!(states.iter().all(|state| state.parcels.is_empty()));
    let label = Ship {
        tracking_number: "9400".into(),
        carrier_code: "stamps_com".into(),
        partial: true,
        shipment_cost: Some(6.45),
        ..Ship::default()
    };
    world.sandbox.ship(id, label).unwrap();
    let by_hand = Ship {
        tracking_number: "1Z".into(),
        carrier_code: "ups".into(),
        without_label: true,
        ..Ship::default()
    };
    world.sandbox.ship(id, by_hand).unwrap();
    let states = world.track(&made.remote_id).await;
    assert_eq!(states[0].status.as_deref(), Some("shipped"));
    let mut parcels: Vec<_> = states.into_iter().flat_map(|state| state.parcels).collect();
    parcels.sort_by(|a, b| b.tracking_number.cmp(&a.tracking_number));
    let seen: Vec<_> = parcels
        .iter()
        .map(|one| (one.tracking_number.as_str(), one.courier.as_str(), one.cost_minor))
        .collect();
    assert_eq!(seen, [("9400", "stamps_com", Some(645)), ("1Z", "ups", None)]);
    assert!(parcels.iter().all(|one| one.shipped_at.is_some()));
    assert!(create(&order).await.unwrap().warning.unwrap().contains("shipped"));

    let other = create(&post("SHP-5-1", &["A"])).await.unwrap().value;
    world.sandbox.cancel_at_shipstation(other.remote_id.parse().unwrap()).unwrap();
    assert!(!read(&other.remote_id).await.unwrap().live);
    let again = create(&post("SHP-5-1", &["A"])).await.unwrap();
    assert!(!again.value.live && again.warning.is_some(), "a canceled reference is used up");
}

#[tokio::test]
async fn shipstation_refuses_and_fails() {
    let world = world(SandboxOptions { shipstation_per_minute: 12, ..SandboxOptions::default() }).await;
    let access = world.shipstation();
    let create = async |order: &PostOrder| {
        let response = world.send(Shipstation.create(&access, order)).await;
        Shipstation.created(&response, order)
    };
    world.sandbox.refuse_sku("BAD", None).unwrap();
    let order = post("SHP-1-1", &["A"]);
    let table = [
        (post("SHP-1-1", &["BAD"]), E::SkuUnknown),
        (
            PostOrder { ship_to: ShipTo { city: String::new(), ..order.ship_to.clone() }, ..order.clone() },
            E::AddressInvalid,
        ),
        (
            PostOrder {
                ship_to: ShipTo { country: "Poland".into(), ..order.ship_to.clone() },
                ..order.clone()
            },
            E::AddressInvalid,
        ),
        (PostOrder { number: " ".into(), ..order.clone() }, E::InvalidRequest),
        (PostOrder { reference: "x".repeat(51), ..order.clone() }, E::InvalidRequest),
    ];
    for (one, class) in table {
        assert_eq!(kind(create(&one).await), (class, R::Refused));
    }
    for (fault, expected) in [
        (FaultKind::Unauthorized, (E::Auth, R::Refused)),
        (FaultKind::RateLimited, (E::RateLimited, R::Refused)),
        (FaultKind::ServerError, (E::Unavailable, R::Perhaps)),
        (FaultKind::Unavailable, (E::Unavailable, R::Perhaps)),
    ] {
        world.sandbox.set_fault(Fault::once("shipstation", "createorder", fault));
        assert_eq!(kind(create(&order).await), expected);
    }
    assert!(world.sandbox.live().is_empty());
    for fault in [FaultKind::ErrorAfterCreate, FaultKind::Garbage] {
        world.sandbox.set_fault(Fault::once("shipstation", "createorder", fault));
        assert_eq!(kind(create(&order).await).1, R::Perhaps);
    }
    create(&order).await.unwrap();
    assert_eq!((world.sandbox.live().len(), world.sandbox.live()[0].count), (1, 1));
    let wrong = providers::Access { credentials: SecretString::from("{}"), ..access.clone() };
    let response = world.send(Shipstation.create(&wrong, &order)).await;
    assert_eq!(kind(Shipstation.created(&response, &order)), (E::Auth, R::Refused));
    let mut failure = None;
    for _ in 0..12 {
        failure = failure.or(create(&order).await.err());
    }
    let failure = failure.unwrap();
    assert_eq!(failure.class, E::RateLimited);
    assert!((1..=60).contains(&failure.retry_after.unwrap().num_seconds()));
}
