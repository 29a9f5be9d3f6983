//! The stories, walked with the real adapters against the sandbox.

use super::support::{World, number, world};
use crate::support::database::connect;
use waybill::{
    accounts::Role,
    actions::{self, Action, By, Call, NoInput},
    cli::registry::adapters,
    clock,
    couriers::mapping::NewMapping,
    demo::stories,
    evidence::{Actor, ActorKind, TraceId},
    ids::{AccountId, OrderId, ShipmentId},
    jobs::{self, Work},
    outbound::{AddressPolicy, Client},
    remedies::map_courier,
    sandbox::{SeedLine, SeedOrder},
    shipments::{
        ChannelSync, Status, Subject,
        post::Post,
        reconcile::CheckWithProvider,
        repost::{self, Repost},
        resend::ResendFulfillments,
        resync_from::ResyncFrom,
    },
};

fn by(role: Role) -> By {
    By {
        actor: Actor { kind: ActorKind::User, id: None, name: "Somebody".into() },
        role: Some(role),
        trace: TraceId::new(),
        ip: None,
        behind: None,
    }
}

async fn act<A: Action>(world: &World, account: AccountId, id: i64, input: A::Input) -> actions::Outcome {
    actions::run::<A>(&world.db, account, &by(Role::Client), Call::plain(id, input), clock::now())
        .await
        .expect("the action")
}

/// Runs what is due now, as the worker would.
async fn run(world: &World) -> usize {
    let outbound =
        Client::new(AddressPolicy::public().with_sandbox(world.sandbox.address())).expect("a client");
    let work = Work {
        db: world.db.clone(),
        outbound,
        keyring: world.keyring.clone(),
        files: std::env::temp_dir(),
        now: clock::now,
    };
    jobs::run_due(&work, &adapters().handlers).await.expect("the jobs")
}

async fn find(world: &World, account: AccountId, number: &str) -> (OrderId, ShipmentId) {
    let mut scope = world.db.scope(account).await.unwrap();
    stories::find(&mut scope, number).await.unwrap().unwrap_or_else(|| panic!("no order {number}"))
}

async fn shipment(world: &World, account: AccountId, id: ShipmentId) -> Subject {
    let mut scope = world.db.scope(account).await.unwrap();
    Subject::load(&mut scope, id, false).await.unwrap().unwrap()
}

fn mapping(courier: &str, name: &str, version: Option<i32>) -> NewMapping {
    NewMapping {
        courier: courier.into(),
        service: String::new(),
        custom_name: name.into(),
        custom_code: None,
        version,
    }
}

async fn count(world: &World, statement: &str) -> i64 {
    number(&connect(&world.database.superuser_url()).await, statement).await
}

/// One world for all of them, since none stands in another's way.
#[tokio::test]
async fn every_story_can_be_walked() {
    let world = world(clock::now()).await;
    waiting_orders_arrive_and_nothing_else_changes(&world).await;
    an_unmapped_courier_is_mapped_and_everything_that_waits_for_it_is_synced(&world).await;
    a_wrong_mapping_is_corrected_and_a_held_back_courier_is_mapped(&world).await;
    re_posting_passes_the_gate_only_when_the_earlier_order_is_gone(&world).await;
    a_first_post_is_accepted_or_goes_to_the_error_queue(&world).await;
    asking_the_provider_settles_what_nobody_knew(&world).await;
    a_recent_parcel_can_be_read_back_from_its_provider(&world).await;
    what_was_refused_is_refused_again_for_the_same_reason(&world).await;
}

/// The failures on record are those that the sandbox really answers with.
async fn what_was_refused_is_refused_again_for_the_same_reason(world: &World) {
    for (kind, class) in [
        ("submit", "tracking_rejected"),
        ("submit", "order_not_found"),
        ("submit", "already_fulfilled"),
        ("submit", "order_closed"),
        ("submit", "sku_unknown"),
        ("submit", "invalid_request"),
        ("post", "sku_unknown"),
        ("post", "address_invalid"),
        ("post", "auth"),
    ] {
        let look = connect(&world.database.superuser_url()).await;
        let statement = format!(
            "select p.id, p.account_id, p.shipment_id, p.order_id, p.attempts, p.detail from problems p \
             join shipments s on s.account_id = p.account_id and s.id = p.shipment_id \
             where p.kind = '{kind}' and p.error_class = '{class}' and p.resolved_at is null and (p.kind = 'submit' or not exists \
             (select from provider_orders o where o.account_id = p.account_id and o.shipment_id = p.shipment_id)) order by p.id limit 1"
        );
        let row =
            look.query_one(&statement, &[]).await.unwrap_or_else(|error| panic!("{kind} {class}: {error}"));
        let (problem, account, shipment, order): (i64, i64, i64, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let (attempts, detail): (i32, String) = (row.get(4), row.get(5));
        if kind == "submit" {
            act::<ResendFulfillments>(world, AccountId(account), order, NoInput {}).await;
        } else {
            act::<Post>(world, AccountId(account), shipment, NoInput {}).await;
        }
        run(world).await;
        let statement = format!(
            "select error_class, attempts, detail from problems where id = {problem} and resolved_at is null"
        );
        let row =
            look.query_one(&statement, &[]).await.unwrap_or_else(|error| panic!("{kind} {class}: {error}"));
        let again: (String, i32, String) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(again, (class.to_owned(), attempts + 1, detail), "{kind}");
    }
}

async fn an_unmapped_courier_is_mapped_and_everything_that_waits_for_it_is_synced(world: &World) {
    let harbour = world.seeded.harbour;
    let (order, id) = find(world, harbour, stories::UNMAPPED).await;
    let before = shipment(world, harbour, id).await.shipment;
    assert_eq!(before.channel_sync, ChannelSync::Failed);
    assert_eq!(before.courier.as_deref(), Some(stories::UNMAPPED_COURIER));
    let shown = format!(
        "select count(*) from activities a join transaction_records r on r.account_id = a.account_id and r.id = a.transaction_record_id \
         where a.shipment_id = {id} and a.verb = 'fulfillment_replied' and r.log_type = 'submit_fulfillment' and r.status = 'failed' \
         and r.response_status = 400 and r.response_body like '%32300%'"
    );
    assert_eq!(count(world, &shown).await, 1);

    // without the mapping it is refused again, live, in the same words
    act::<ResendFulfillments>(world, harbour, order.0, NoInput {}).await;
    run(world).await;
    assert_eq!(shipment(world, harbour, id).await.shipment.channel_sync, ChannelSync::Failed);
    assert_eq!(count(world, &shown).await, 2);

    let waiting = format!(
        "select count(*) from shipments where courier = '{}' and channel_sync = 'failed'",
        stories::UNMAPPED_COURIER
    );
    assert!(count(world, &waiting).await >= 10);
    let new = mapping(stories::UNMAPPED_COURIER, stories::UNMAPPED_FIX, None);
    let outcome =
        map_courier::save(&world.db, harbour, before.channel_id, &new, true, &by(Role::Admin), clock::now())
            .await
            .unwrap();
    assert!(outcome.jobs.len() >= 10, "{outcome:?}");
    run(world).await;
    let after = shipment(world, harbour, id).await.shipment;
    assert_eq!(after.channel_sync, ChannelSync::Synced);
    assert!(after.submitted_to_sales_channel_at.is_some());
    assert_eq!(count(world, &waiting).await, 0);
    let open = "select count(*) from problems where resolved_at is null and cause_key like '%:dpd_be'";
    assert_eq!(count(world, open).await, 0);
}

async fn a_wrong_mapping_is_corrected_and_a_held_back_courier_is_mapped(world: &World) {
    let (harbour, fjord) = (world.seeded.harbour, world.seeded.fjord);
    for (account, number, courier, fix, version) in [
        (harbour, stories::MISMAPPED, stories::MISMAPPED_COURIER, stories::MISMAPPED_FIX, Some(2)),
        (fjord, stories::HELD_BACK, stories::HELD_BACK_COURIER, stories::HELD_BACK_FIX, None),
    ] {
        let (_, id) = find(world, account, number).await;
        let before = shipment(world, account, id).await.shipment;
        assert_eq!((before.channel_sync, before.courier.as_deref()), (ChannelSync::Failed, Some(courier)));
        let new = mapping(courier, fix, version);
        let outcome = map_courier::save(
            &world.db,
            account,
            before.channel_id,
            &new,
            true,
            &by(Role::Admin),
            clock::now(),
        )
        .await
        .unwrap();
        assert!(outcome.jobs.len() >= 5, "{outcome:?}");
        run(world).await;
        assert_eq!(shipment(world, account, id).await.shipment.channel_sync, ChannelSync::Synced, "{number}");
    }
}

async fn re_posting_passes_the_gate_only_when_the_earlier_order_is_gone(world: &World) {
    let harbour = world.seeded.harbour;
    for (number, passes) in
        [(stories::REPOST_DELETED, true), (stories::REPOST_CANCELED, true), (stories::REPOST_ALIVE, false)]
    {
        let (_, id) = find(world, harbour, number).await;
        let before = shipment(world, harbour, id).await.shipment;
        assert_eq!(before.status, Status::PendingTracking);
        act::<Repost>(world, harbour, id.0, repost::Input::default()).await;
        run(world).await;
        let after = shipment(world, harbour, id).await.shipment;
        assert_eq!(after.status, Status::PendingTracking, "{number}");
        assert_eq!(after.date_post > before.date_post, passes, "{number}");
        assert_eq!(after.fulfillment_id != before.fulfillment_id, passes, "{number}");
        let live = world
            .sandbox
            .live()
            .into_iter()
            .filter(|l| l.vendor == "shipstation" && l.reference == before.number);
        assert_eq!(live.map(|l| l.count).sum::<usize>(), 1, "{number}");
    }
}

async fn a_first_post_is_accepted_or_goes_to_the_error_queue(world: &World) {
    let harbour = world.seeded.harbour;
    for (number, status) in
        [(stories::NEVER_POSTED, Status::PendingTracking), (stories::POST_REFUSED, Status::Error)]
    {
        let (_, id) = find(world, harbour, number).await;
        assert_eq!(shipment(world, harbour, id).await.shipment.status, Status::PendingPost);
        act::<Post>(world, harbour, id.0, NoInput {}).await;
        run(world).await;
        assert_eq!(shipment(world, harbour, id).await.shipment.status, status, "{number}");
    }
    assert_eq!(count(world, "select count(*) from problems where error_class = 'sku_unknown' and resolved_at is null and first_seen_at > now() - interval '1 minute'").await, 1);
}

async fn asking_the_provider_settles_what_nobody_knew(world: &World) {
    let harbour = world.seeded.harbour;
    let (_, there) = find(world, harbour, stories::UNCONFIRMED_THERE).await;
    let (_, absent) = find(world, harbour, stories::UNCONFIRMED_ABSENT).await;
    for id in [there, absent] {
        assert_eq!(shipment(world, harbour, id).await.shipment.status, Status::Unconfirmed);
        act::<CheckWithProvider>(world, harbour, id.0, NoInput {}).await;
    }
    run(world).await;
    let found = shipment(world, harbour, there).await.shipment;
    assert_eq!(found.status, Status::PendingTracking);
    assert!(found.fulfillment_id.is_some());
    // what it was sent is not known to the letter any more, and one read is not
    // enough to say that it is not there
    assert_eq!(shipment(world, harbour, absent).await.shipment.status, Status::Unconfirmed);
    let read = format!(
        "select count(*) from post_attempts where shipment_id = {absent} and step = 'checked_absent'"
    );
    assert_eq!(count(world, &read).await, 1);
}

async fn waiting_orders_arrive_and_nothing_else_changes(world: &World) {
    let before = count(world, "select count(*) from orders").await;
    waybill::channels::orders_in::schedule(&world.db, clock::now()).await.unwrap();
    run(world).await;
    assert_eq!(count(world, "select count(*) from orders").await, before + 2 * stories::WAITING as i64);
    // what the poll reads again is what we have
    assert_eq!(count(world, "select count(*) from activities where verb = 'order_updated' and log_id_time(id) > now() - interval '1 minute'").await, 0);

    // a signed message, taken in at the door the shop was told of
    waybill::demo::listen_to_shops(
        &world.db,
        &world.keyring,
        &world.sandbox,
        "http://127.0.0.1:9",
        clock::now(),
    )
    .await
    .unwrap();
    let order = SeedOrder {
        lines: vec![SeedLine {
            sku: "HP-MUG-SND".into(),
            quantity: Some(2),
            unit_price: Some("19.00".into()),
            ..SeedLine::default()
        }],
        ..SeedOrder::default()
    };
    world.sandbox.receive_shopify_order(stories::HARBOUR_SHOP, order).unwrap();
    let message = world.sandbox.deliveries().pop().expect("a message of the shop");
    let endpoint = message.url.rsplit('/').next().unwrap();
    let channels = adapters().channels;
    let accepted = waybill::channels::inbound::accept(
        &world.db,
        &world.keyring,
        &channels,
        "shopify",
        endpoint,
        &message.headers,
        message.body.as_bytes(),
        clock::now(),
    )
    .await
    .unwrap();
    assert_eq!(accepted, waybill::channels::inbound::Accepted::Kept);
    run(world).await;
    assert_eq!(count(world, "select count(*) from orders").await, before + 2 * stories::WAITING as i64 + 1);
}

async fn a_recent_parcel_can_be_read_back_from_its_provider(world: &World) {
    let harbour = world.seeded.harbour;
    let recent = "select id from shipments where status = 'shipped' and account_id = (select id from accounts where slug = 'harbour') \
        and date_post > now() - interval '3 days' order by id desc limit 1";
    let id = ShipmentId(count(world, recent).await);
    let before = shipment(world, harbour, id).await.shipment;
    act::<ResyncFrom>(world, harbour, id.0, NoInput {}).await;
    run(world).await;
    let after = shipment(world, harbour, id).await.shipment;
    assert_eq!((after.status, after.tracking_number), (before.status, before.tracking_number));
    assert_eq!(
        count(
            world,
            &format!(
                "select count(*) from activities where shipment_id = {id} and verb = 'shipment_resynced'"
            )
        )
        .await,
        1
    );
}
