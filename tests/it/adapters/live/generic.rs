//! The generic provider over real HTTP, a warehouse of each class.

use super::{shipstation::post, *};
use waybill::{
    providers::{Access, kinds::generic::Generic},
    sandbox::{GenericClass, GenericOptions, GenericShip},
};

const SECRET: &str = "whsec_aHVzaC1odXNoLWh1c2gtaHVzaA==";
const CLASSES: [(GenericClass, &str); 4] = [
    (GenericClass::Key, "key"),
    (GenericClass::OwnId, "own_id"),
    (GenericClass::Searchable, "searchable"),
    (GenericClass::Nothing, "nothing"),
];

/// A warehouse of a class that wants signatures, and how to reach it.
async fn warehouse(class: GenericClass, word: &str) -> (World, Access) {
    let world = world(SandboxOptions::default()).await;
    let options = GenericOptions {
        class,
        token: "t".into(),
        signing_secret: Some(SECRET.into()),
        refuse_skus: vec!["BAD".into()],
        ..GenericOptions::default()
    };
    world.sandbox.add_generic("acme", options).unwrap();
    let reads = class != GenericClass::Nothing;
    let access = Access {
        base_url: world.sandbox.generic_base("acme"),
        credentials: SecretString::from(json!({ "token": "t", "signing_secret": SECRET }).to_string()),
        settings: json!({ "idempotency": word, "cancels": true, "updates": true, "reads": reads }),
        now: waybill::clock::now(),
    };
    (world, access)
}

async fn create(
    world: &World,
    access: &Access,
    order: &PostOrder,
) -> Result<Answer<providers::RemoteOrder>, Failure> {
    let response = world.send(Generic.create(access, order)).await;
    Generic.created(&response, order)
}

async fn find(world: &World, access: &Access, reference: &str) -> Vec<String> {
    let response = world.send(Generic.find(access, reference).unwrap()).await;
    let found = Generic.found(&response, reference).unwrap().value;
    found.into_iter().map(|one| one.remote_id).collect()
}

#[tokio::test]
async fn a_second_post_does_what_the_class_says() {
    for (class, word) in CLASSES {
        let (world, access) = warehouse(class, word).await;
        let response = world.send(Generic.test(&access)).await;
        Generic.tested(&response).unwrap();
        let order = PostOrder { idempotency_key: "waybill-7".into(), ..post("SHP-1", &["A", "B"]) };
        let first = create(&world, &access, &order).await.unwrap();
        let again = create(&world, &access, &order).await.unwrap();
        let once = matches!(class, GenericClass::Key | GenericClass::OwnId);
        assert_eq!(first.value.remote_id == again.value.remote_id, once, "{word}");
        assert_eq!(again.warning.is_some(), class == GenericClass::OwnId, "{word}");
        assert_eq!(world.sandbox.live()[0].count, if once { 1 } else { 2 }, "{word}");
        match class {
            GenericClass::Nothing => assert_eq!(Generic.find(&access, "SHP-1"), None),
            GenericClass::Searchable => assert_eq!(find(&world, &access, "SHP-1").await.len(), 2),
            _ => {
                let found = find(&world, &access, "SHP-1").await;
                assert_eq!((found.len(), found[0].as_str()), (1, first.value.remote_id.as_str()));
            }
        }
        if class != GenericClass::Nothing {
            assert!(find(&world, &access, "SHP-2").await.is_empty());
        }
        // another post of the same shipment has another key
        let next = PostOrder { idempotency_key: "waybill-8".into(), ..order.clone() };
        let next = create(&world, &access, &next).await.unwrap();
        assert_eq!(next.value.remote_id == first.value.remote_id, class == GenericClass::OwnId, "{word}");
        // the key of another order
        let stolen = PostOrder { idempotency_key: "waybill-7".into(), ..post("SHP-9", &["A"]) };
        let answer = create(&world, &access, &stolen).await;
        assert_eq!(answer.is_err(), class == GenericClass::Key, "{word}");
    }
}

#[tokio::test]
async fn it_ships_changes_and_cancels() {
    let (world, access) = warehouse(GenericClass::OwnId, "own_id").await;
    let order = post("SHP-1", &["A", "B"]);
    let made = create(&world, &access, &order).await.unwrap().value;
    let changed = PostOrder { shipping_method: "Express".into(), ..order.clone() };
    let response = world.send(Generic.update(&access, &made, &changed).unwrap()).await;
    assert_eq!(Generic.updated(&response, &changed).unwrap().value, made);
    let there = world.sandbox.generic_order("acme", &made.remote_id).unwrap();
    assert_eq!((&there["shipping_method"], &there["ship_to"]["city"]), (&json!("Express"), &json!("Łódź")));

    let ship = GenericShip {
        carrier: "DHL".into(),
        tracking_number: "JD01".into(),
        cost: Some(("6.45".into(), "EUR".into())),
        ..GenericShip::default()
    };
    world.sandbox.ship_generic("acme", &made.remote_id, ship).unwrap();
    let response = world.send(Generic.track(&access, &made.remote_id).unwrap()).await;
    let state = Generic.tracked(&access, &response).unwrap().value;
    assert_eq!(state.status.as_deref(), Some("shipped"));
    let parcel = &state.parcels[0];
    assert_eq!((parcel.tracking_number.as_str(), parcel.courier.as_str()), ("JD01", "DHL"));
    assert_eq!((parcel.cost_minor, parcel.shipped_at.is_some()), (Some(645), true));
    let response = world.send(Generic.cancel(&access, &made).unwrap()).await;
    assert_eq!(kind(Generic.canceled(&response)), (E::AlreadyFulfilled, R::Refused));

    let other = create(&world, &access, &post("SHP-2", &["A"])).await.unwrap().value;
    for _ in 0..2 {
        let response = world.send(Generic.cancel(&access, &other).unwrap()).await;
        Generic.canceled(&response).unwrap();
    }
    let response = world.send(Generic.read(&access, &other.remote_id).unwrap()).await;
    assert!(!Generic.was_read(&response).unwrap().value.unwrap().live);
    let used_up = create(&world, &access, &post("SHP-2", &["A"])).await;
    assert_eq!(kind(used_up), (E::OrderClosed, R::Refused));
    let response = world.send(Generic.read(&access, "nobody").unwrap()).await;
    assert_eq!(Generic.was_read(&response).unwrap().value, None);
}

#[tokio::test]
async fn it_refuses_and_fails() {
    let (world, access) = warehouse(GenericClass::Key, "key").await;
    let order = post("SHP-1", &["A"]);
    let to = |ship_to: ShipTo| PostOrder { ship_to, ..order.clone() };
    let table = [
        (post("SHP-1", &["BAD"]), E::SkuUnknown),
        (to(ShipTo { city: String::new(), ..order.ship_to.clone() }), E::AddressInvalid),
        (to(ShipTo { country: "Poland".into(), ..order.ship_to.clone() }), E::AddressInvalid),
        (PostOrder { number: " ".into(), ..order.clone() }, E::InvalidRequest),
        (PostOrder { lines: Vec::new(), ..order.clone() }, E::InvalidRequest),
    ];
    for (one, class) in table {
        assert_eq!(kind(create(&world, &access, &one).await), (class, R::Refused));
    }
    for (fault, expected) in [
        (FaultKind::Unauthorized, (E::Auth, R::Refused)),
        (FaultKind::RateLimited, (E::RateLimited, R::Refused)),
        (FaultKind::ServerError, (E::Unavailable, R::Perhaps)),
        (FaultKind::Unavailable, (E::Unavailable, R::Perhaps)),
    ] {
        world.sandbox.set_fault(Fault::once("generic", "createshipment", fault));
        assert_eq!(kind(create(&world, &access, &order).await), expected);
    }
    assert!(world.sandbox.live().is_empty());
    for fault in [FaultKind::ErrorAfterCreate, FaultKind::Garbage] {
        world.sandbox.set_fault(Fault::once("generic", "createshipment", fault));
        assert_eq!(kind(create(&world, &access, &order).await).1, R::Perhaps);
    }
    create(&world, &access, &order).await.unwrap();
    assert_eq!((world.sandbox.live().len(), world.sandbox.live()[0].count), (1, 1));
    let secret = |words: &str| SecretString::from(words.to_owned());
    for (wrong, why) in [
        (json!({ "signing_secret": SECRET }), "no token"),
        (json!({ "token": "t" }), "no signature"),
        (json!({ "token": "t", "signing_secret": "whsec_b3RoZXI=" }), "another secret"),
    ] {
        let access = Access { credentials: secret(&wrong.to_string()), ..access.clone() };
        assert_eq!(kind(create(&world, &access, &order).await), (E::Auth, R::Refused), "{why}");
    }
    let late = Access { now: access.now - chrono::Duration::seconds(400), ..access.clone() };
    assert_eq!(kind(create(&world, &late, &order).await), (E::Auth, R::Refused), "an old signature");
}

#[tokio::test]
async fn each_way_to_say_who_we_are_opens_the_door() {
    let world = world(SandboxOptions::default()).await;
    let headers =
        vec![("x-house-key".to_owned(), "one".to_owned()), ("x-client-id".to_owned(), "two".to_owned())];
    let basic = Some(("us".to_owned(), "pass".to_owned()));
    world.sandbox.add_generic("basic", GenericOptions { basic, ..GenericOptions::default() }).unwrap();
    world.sandbox.add_generic("headers", GenericOptions { headers, ..GenericOptions::default() }).unwrap();
    let credentials = json!({ "username": "us", "password": "pass", "header_1": "one", "header_2": "two" });
    for (tenant, settings) in [
        ("basic", json!({ "auth": "basic" })),
        ("headers", json!({ "auth": "headers", "headers": ["X-House-Key"] })),
    ] {
        let access = Access {
            base_url: world.sandbox.generic_base(tenant),
            credentials: SecretString::from(credentials.to_string()),
            settings,
            now: waybill::clock::now(),
        };
        create(&world, &access, &post("SHP-1", &["A"])).await.unwrap();
        let stranger = Access { credentials: SecretString::from("{}"), ..access };
        assert_eq!(kind(create(&world, &stranger, &post("SHP-2", &["A"])).await), (E::Auth, R::Refused));
    }
}
