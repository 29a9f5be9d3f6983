//! Responders: their texts, and that each writes once.

use crate::support::shop::{Shop, now};
use proptest::prelude::*;
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    evidence::TraceId,
    ids::{EventId, OrderId, ShipmentId},
    notify::responders::{
        self, DisableResponder, Draft, EditResponder, EnableResponder, STARTERS, Trigger, VARIABLES, check,
        fill,
    },
    shipments::{arrive::MarkAsDelivered, post::Post},
};

fn draft(subject: &str, body: &str) -> Draft {
    Draft { trigger: "shipped".into(), name: "Mail".into(), subject: subject.into(), body: body.into() }
}

#[test]
fn an_unknown_variable_is_named_with_its_line() {
    assert_eq!(check("Dear {{customer_name}},\n{{ tracking_url }}"), Ok(()));
    let said = check("Dear {{customer_name}},\n\nyour {{item}} is here");
    assert_eq!(said, Err("Line 3: there is no variable {{item}}.".to_owned()));
    assert_eq!(check("a\n{{item_name"), Err("Line 2: {{ is not closed by }}.".to_owned()));
    for start in STARTERS {
        assert_eq!((check(start.subject), check(start.body)), (Ok(()), Ok(())), "{}", start.name);
    }
    let triggers: Vec<Trigger> = STARTERS.iter().map(|start| start.trigger).collect();
    assert_eq!(triggers, Trigger::ALL);
    match draft("Your {{oops}}", "x").checked() {
        Err(ActionError::Refused(list)) => assert_eq!(list[0].0, "subject"),
        other => panic!("{other:?}"),
    }
    assert!(draft("two\nlines", "x").checked().is_err());
}

proptest! {
    #[test]
    fn what_a_value_holds_is_never_read_as_a_variable(value in ".{0,40}") {
        let values = vec![("customer_name", value.clone()), ("item_name", "X".to_owned())];
        prop_assert_eq!(fill("{{customer_name}}|{{item_name}}", &values), format!("{value}|X"));
    }

    #[test]
    fn whatever_passes_the_check_has_no_braces_left(text in "[a-z{} \n]{0,60}") {
        let values: Vec<(&str, String)> = VARIABLES.iter().map(|(name, _)| (*name, "v".to_owned())).collect();
        if check(&text).is_ok() {
            prop_assert!(!fill(&text, &values).contains("{{"), "{text:?}");
        }
    }
}

async fn shipped(shop: &Shop) -> (OrderId, ShipmentId) {
    let (order, shipment) = shop.order(shop.shopify, &[("A", 1), ("B", 2)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    (order, shipment)
}

#[tokio::test]
async fn however_many_ask_at_once_each_item_is_written_for_once() {
    let shop = Shop::open().await;
    shop.responds("fulfilled").await;
    let (order, shipment) = shipped(&shop).await;
    assert_eq!(shop.value("select count(*) from emails").await, 2, "one for each item");
    let event = EventId(shop.value("select id from webhook_events").await);
    let trace = TraceId::new();
    let ask = async |n: usize| {
        let mut scope = shop.scope().await;
        let wrote =
            responders::trigger(&mut scope, Trigger::Fulfilled, event, order, shipment, &trace, now())
                .await
                .unwrap();
        // half of them think better of it
        if n.is_multiple_of(2) {
            scope.commit().await.unwrap()
        }
        wrote
    };
    let wrote = futures_util::future::join_all((0..8).map(ask)).await;
    assert_eq!(wrote, [0; 8], "the post wrote already");
    // a further event, told by eight at once
    shop.sql(
        "insert into webhook_events (account_id, id, event_type, cause, payload, occurred_at) \
              select account_id, 77, event_type, 'once more', payload, occurred_at from webhook_events",
    )
    .await;
    let ask = async |_: usize| {
        let mut scope = shop.scope().await;
        let wrote =
            responders::trigger(&mut scope, Trigger::Fulfilled, EventId(77), order, shipment, &trace, now())
                .await
                .unwrap();
        scope.commit().await.unwrap();
        wrote
    };
    let wrote: usize = futures_util::future::join_all((0..8).map(ask)).await.into_iter().sum();
    assert_eq!(wrote, 2);
    assert_eq!(shop.value("select count(*) from emails where event_id = 77").await, 2);
}

#[tokio::test]
async fn each_trigger_writes_when_it_is_switched_on_and_not_before() {
    let shop = Shop::open().await;
    let mut scope = shop.scope().await;
    let text =
        Draft { trigger: "delivered".into(), ..draft("{{order_number}} is there", "Dear {{customer_name}}") };
    let id = responders::create(&mut scope, &text, &shop.by(Role::Admin), now()).await.unwrap();
    scope.commit().await.unwrap();
    let arrives = async || {
        let (_, shipment) = shipped(&shop).await;
        shop.leaves(shipment, "dpd", "05308900123456").await;
        shop.run().await;
        shop.act::<MarkAsDelivered>(shipment.0, NoInput {}).await.unwrap();
        shop.run().await;
    };
    arrives().await;
    assert_eq!(shop.value("select count(*) from emails").await, 0, "it is switched off");
    shop.act_as::<EnableResponder>(Role::Admin, id.0, NoInput {}).await.unwrap();
    assert_eq!(shop.value("select count(*) from emails").await, 0, "0 in the past");
    arrives().await;
    assert_eq!(
        shop.value("select count(*) from emails where state = 'kept' and trigger = 'delivered'").await,
        2
    );
    let refused = shop.act::<EditResponder>(id.0, text.clone()).await;
    assert!(matches!(refused, Err(ActionError::Forbidden(_))), "{refused:?}");
    let edited = Draft { body: "Dear {{customer_name}}, it is there.".into(), ..text };
    shop.act_as::<EditResponder>(Role::Admin, id.0, edited).await.unwrap();
    shop.act_as::<DisableResponder>(Role::Admin, id.0, NoInput {}).await.unwrap();
    arrives().await;
    assert_eq!(shop.value("select count(*) from emails").await, 2);
    let verbs = "select string_agg(verb, ' ' order by id) from activities where subject_kind = 'responder'";
    assert_eq!(
        shop.text(verbs).await,
        "responder_added responder_enabled responder_edited responder_disabled"
    );
}
