//! Tags: what people add and remove survives what the channel says.

use crate::support::{counter::Counter, shop::Shop};
use waybill::{
    accounts::Role,
    actions::{Action, ActionError, By, Outcome},
    evidence::TraceId,
    ids::OrderId,
    orders::{
        PaymentStatus,
        receive::{self, IncomingLine, IncomingOrder, Received},
        tags::{AddTags, Input, RemoveTags, merged},
    },
};

fn words(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

/// What the channel says of an order with these tags.
async fn says(shop: &Shop, tags: &[&str]) -> Received {
    let line = IncomingLine {
        channel_line_id: "1".into(),
        sku: "A".into(),
        name: "Thing".into(),
        quantity: 1,
        refunded: 0,
        fulfilled: 0,
        price_minor: 100,
        discount_minor: 0,
        requires_shipping: true,
    };
    let order = IncomingOrder {
        channel_reference: "r-1".into(),
        number: "SO-1".into(),
        email: None,
        phone: None,
        customer_name: String::new(),
        payment_status: PaymentStatus::Paid,
        currency: "EUR".into(),
        subtotal_minor: 100,
        shipping_minor: 0,
        tax_minor: 0,
        discount_minor: 0,
        total_minor: 100,
        refunded_minor: 0,
        ship_to: None,
        bill_to: None,
        shipping_method: String::new(),
        placed_at: crate::support::shop::now(),
        canceled_at: None,
        tags: words(tags),
        extras: serde_json::json!({}),
        lines: vec![line],
    };
    let mut scope = shop.scope().await;
    let by = By::system(TraceId::new());
    let received =
        receive::receive(&mut scope, shop.shopify, &order, &by, crate::support::shop::now()).await.unwrap();
    scope.commit().await.unwrap();
    received
}

async fn act<A: Action<Input = Input>>(
    shop: &Shop,
    order: OrderId,
    tags: &str,
) -> Result<Outcome, ActionError> {
    shop.act::<A>(order.0, Input { tags: tags.into() }).await
}

async fn tags(shop: &Shop) -> String {
    shop.text("select array_to_string(tags, '|') from orders").await
}

#[tokio::test]
async fn what_people_do_to_tags_survives_the_channel() {
    let shop = Shop::open().await;
    let order = says(&shop, &["vip", "Rush"]).await.id();
    let added = act::<AddTags>(&shop, order, " Gift  wrap, gift wrap ,VIP, fragile").await.unwrap();
    assert_eq!(tags(&shop).await, "vip|Rush|Gift wrap|fragile");
    assert!(added.message.contains("“Gift wrap”, “fragile”"), "{}", added.message);
    act::<RemoveTags>(&shop, order, "RUSH").await.unwrap();
    assert_eq!(tags(&shop).await, "vip|Gift wrap|fragile");
    assert!(matches!(says(&shop, &["vip", "Rush"]).await, Received::Unchanged(_)));
    assert_eq!(tags(&shop).await, "vip|Gift wrap|fragile", "the same word again");
    // the channel changes its own
    assert!(matches!(says(&shop, &["Rush", "late", "fragile"]).await, Received::Updated(_)));
    assert_eq!(tags(&shop).await, "late|fragile|Gift wrap");
    says(&shop, &["Rush"]).await;
    assert_eq!(tags(&shop).await, "Gift wrap|fragile", "what a person added stays");
    // added again, it is back; and undone, away
    let back = act::<AddTags>(&shop, order, "rush").await.unwrap();
    says(&shop, &["Rush"]).await;
    assert_eq!(tags(&shop).await.to_lowercase(), "rush|gift wrap|fragile");
    let undo = back.undo.unwrap();
    assert_eq!((undo.action.as_str(), &undo.input["tags"]), ("remove_tags", &serde_json::json!("rush")));
    act::<RemoveTags>(&shop, order, "rush").await.unwrap();
    says(&shop, &["Rush"]).await;
    assert_eq!(tags(&shop).await, "Gift wrap|fragile");
    assert_eq!(
        shop.text("select (before->>'tags') || ' → ' || (after->>'tags') from activities where verb = 'tags_removed' order by id limit 1").await,
        "vip, Rush, Gift wrap, fragile → vip, Gift wrap, fragile"
    );
}

#[test]
fn the_channels_tags_and_peoples_are_merged() {
    let merged = |channel: &[&str], added: &[&str], removed: &[&str]| {
        merged(&words(channel), &words(added), &words(removed))
    };
    assert_eq!(merged(&["a", "b"], &["c", "A"], &["B"]), ["a", "c"]);
    assert_eq!(merged(&[], &["c"], &["B"]), ["c"]);
    assert!(merged(&["b"], &[], &["B"]).is_empty());
}

#[tokio::test]
async fn tags_have_their_limits() {
    let shop = Shop::open().await;
    let order = says(&shop, &["vip"]).await.id();
    let refused = async |text: &str| match act::<AddTags>(&shop, order, text).await {
        Err(ActionError::Refused(list)) => list[0].1.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(" , ").await, "Enter a tag, or several with commas between.");
    assert_eq!(
        refused(&"x".repeat(41)).await,
        "“xxxxxxxxxxxx…” is too long. A tag has 40 characters at most."
    );
    let many: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    assert_eq!(refused(&many.join(",")).await, "An order has 20 tags at most: 19 more can be added.");
    assert!(!act::<AddTags>(&shop, order, "Vip").await.unwrap().changed);
    assert!(!act::<RemoveTags>(&shop, order, "none").await.unwrap().changed);
    act::<RemoveTags>(&shop, order, "vip").await.unwrap();
    assert!(matches!(act::<RemoveTags>(&shop, order, "vip").await, Err(ActionError::Unavailable(_))));
}

#[tokio::test]
async fn tags_are_worked_on_the_page_of_the_order_without_script() {
    let shop = Shop::open().await;
    let order = says(&shop, &["vip"]).await.id();
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let path = format!("/orders/{order}");
    let page = client.get(&path).await;
    let send = async |browser: &mut crate::support::portal::Browser, act: &str, tags: &str| {
        let page = browser.get(&path).await;
        let of = |name: &str| {
            page.attribute(&format!("form[action$='/{act}'] input[name={name}]"), "value").unwrap()
        };
        let (version, op) = (of("version"), of("op"));
        browser.post(&format!("{path}/{act}"), &[("version", &version), ("op", &op), ("tags", tags)]).await
    };
    assert_eq!(page.texts(".tags .chip"), ["vip"]);
    assert_eq!(send(&mut client, "add-tags", "gift").await.status, 303);
    let page = client.get(&path).await;
    assert_eq!(page.texts(".tags .chip"), ["vip", "gift"]);
    assert_eq!(page.attribute(".flash form", "action"), Some(format!("{path}/remove-tags")));
    assert_eq!(send(&mut client, "remove-tags", "vip").await.status, 303);
    assert_eq!(client.get(&path).await.texts(".tags .chip"), ["gift"]);
    let wrong = send(&mut client, "add-tags", "").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text(".error-summary").contains("Enter a tag"));
    let mut support = counter.visitor(Role::Support).await;
    let page = support.get(&path).await;
    assert_eq!((page.texts(".tags .chip").len(), page.texts(".tags button").len()), (1, 0));
}
