//! Shopify: the door, the schema, the list of orders, fulfillments and their refusals.

use reqwest::Method;
use serde_json::{Value, json};
use waybill::sandbox::{SandboxOptions, SeedOrder, SeededOrder};

use super::support::{World, json_of, line, order, world, world_with};

const CREATE: &str = "mutation($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){
    fulfillment{ id status displayStatus trackingInfo{company number url} } userErrors{ field message } } }";

const SHIP: &str = "query($id: ID!){ order(id:$id){ id name updatedAt displayFulfillmentStatus
    fulfillments{ id status trackingInfo{ company number url } }
    fulfillmentOrders(first:5){ nodes{ id status requestStatus
    supportedActions{action} assignedLocation{ location{ id } }
    lineItems(first:50){ nodes{ id remainingQuantity totalQuantity sku lineItem{ id } } } } } } }";

fn wish(groups: Value) -> Value {
    json!({ "f": { "notifyCustomer": false, "lineItemsByFulfillmentOrder": groups,
        "trackingInfo": { "company": "Evri", "number": "H00ABC", "url": "https://example.com/H00ABC" } } })
}

async fn create(world: &World, groups: Value) -> Value {
    world.graphql("demo", CREATE, wish(groups)).await
}

/// The one user error's field and message.
fn user_error(answer: &Value) -> (Value, String) {
    let errors = &answer["data"]["fulfillmentCreate"]["userErrors"];
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{answer}");
    assert!(answer["data"]["fulfillmentCreate"]["fulfillment"].is_null());
    (errors[0]["field"].clone(), errors[0]["message"].as_str().unwrap().to_owned())
}

fn two_lines(world: &World) -> SeededOrder {
    world.seed(order(vec![line("SKU-1", 2, "9.99"), line("SKU-2", 1, "5.00")]))
}

#[tokio::test]
async fn the_door_is_locked() {
    let world = world().await;
    world.sandbox.add_shop("demo", "shpat_own").unwrap();
    let (status, body) = world.graphql_with("demo", "{ shop { name } }", json!({})).await;
    assert_eq!(status, 401);
    assert_eq!(
        body["errors"],
        "[API] Invalid API key or access token (unrecognized login or wrong password)"
    );
    assert_eq!(world.graphql_with("nowhere", "{ shop { name } }", json!({})).await.0, 404);
    let url = format!("{}/admin/api/2026-07/graphql.json", world.sandbox.shopify_base("demo"));
    let body = json!({ "query": "{ s: shop { name myshopifyDomain } }" }).to_string();
    let request = world.http.post(url).header("x-shopify-access-token", "shpat_own").body(body);
    let (status, answer) = json_of(request.send().await.unwrap()).await;
    assert_eq!((status, &answer["data"]["s"]["name"]), (200, &json!("demo")), "{answer}");
    assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], 1);
}

#[tokio::test]
async fn what_the_schema_does_not_have_is_refused() {
    let world = world().await;
    two_lines(&world);
    let query = "mutation($f: FulfillmentInput!){ fulfillmentCreate(fulfillment:$f){ userErrors{ code } } }";
    let answer = world.graphql("demo", query, wish(json!([]))).await;
    assert_eq!(answer["errors"][0]["message"], "Field 'code' doesn't exist on type 'UserError'");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedField");
    assert_eq!(answer["errors"][0]["path"], json!(["mutation", "fulfillmentCreate", "userErrors", "code"]));
    assert!(answer.get("data").is_none());
    let cases = [
        ("{ orders(first: 1, colour: RED) { nodes { id } } }", "doesn't accept argument 'colour'"),
        ("{ orders(first: 1, sortKey: COLOUR) { nodes { id } } }", "invalid value"),
        ("{ orders { nodes { id } } }", "you must provide one of first or last"),
        ("{ orders(first: 251) { nodes { id } } }", "cannot exceed 250"),
        ("{ order { id } }", "missing required arguments: id"),
        ("{ shop }", "must have selections"),
        ("{ shop { name { first } } }", "Selections can't be made on scalars"),
        ("{ order(id: $id) { id } }", "not declared"),
        ("{ shop { name }", "syntax error"),
        (
            "query Q($id: ID!) { order(id: $id) { id } }",
            "Variable $id of type ID! was provided invalid value",
        ),
    ];
    for (query, message) in cases {
        let answer = world.graphql("demo", query, json!({})).await;
        let said = answer["errors"][0]["message"].as_str().unwrap_or("");
        assert!(said.contains(message), "{query}: {answer}");
    }
    let mut stranger = wish(json!([]));
    stranger["f"]["colour"] = json!("red");
    let answer = world.graphql("demo", CREATE, stranger).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_VARIABLE", "{answer}");
}

#[tokio::test]
async fn a_fulfillment_closes_what_it_ships() {
    let world = world().await;
    let order = two_lines(&world);
    let before = world.graphql("demo", SHIP, json!({ "id": order.id })).await;
    let group = &before["data"]["order"]["fulfillmentOrders"]["nodes"][0];
    assert_eq!(group["status"], "OPEN", "{before}");
    assert_eq!(group["supportedActions"][0]["action"], "CREATE_FULFILLMENT");
    let part = json!([{ "fulfillmentOrderId": order.fulfillment_orders[0],
        "fulfillmentOrderLineItems": [{ "id": order.lines[0].fulfillment_order_line, "quantity": 1 }] }]);
    let answer = create(&world, part).await;
    let made = &answer["data"]["fulfillmentCreate"];
    assert_eq!(made["userErrors"], json!([]), "{answer}");
    assert_eq!(made["fulfillment"]["status"], "SUCCESS");
    assert_eq!(
        made["fulfillment"]["trackingInfo"],
        json!([{ "company": "Evri", "number": "H00ABC", "url": "https://example.com/H00ABC" }])
    );
    let after = world.graphql("demo", SHIP, json!({ "id": order.id })).await;
    assert_eq!(after["data"]["order"]["displayFulfillmentStatus"], "PARTIALLY_FULFILLED");
    let group = &after["data"]["order"]["fulfillmentOrders"]["nodes"][0];
    assert_eq!(
        (&group["status"], &group["lineItems"]["nodes"][0]["remainingQuantity"]),
        (&json!("IN_PROGRESS"), &json!(1))
    );

    let rest = json!([{ "fulfillmentOrderId": order.fulfillment_orders[0] }]);
    create(&world, rest.clone()).await;
    let number = order.fulfillment_orders[0].rsplit('/').next().unwrap();
    let said = user_error(&create(&world, rest).await);
    assert_eq!(said.1, format!("Fulfillment order {number} has an unfulfillable status= closed."));
    assert_eq!(said.0, json!(["fulfillment"]));
    assert_eq!(world.sandbox.ledger().iter().filter(|entry| entry.what == "fulfilled").count(), 2);
}

#[tokio::test]
async fn every_refusal_has_its_recorded_words() {
    let world = world().await;
    let mine = two_lines(&world);
    let other = two_lines(&world);
    let mut spread = order(vec![line("SKU-1", 1, "1"), line("SKU-2", 1, "1")]);
    spread.lines[1].location = Some(2);
    let spread = world.seed(spread);
    assert_eq!(spread.fulfillment_orders.len(), 2);
    let part = |quantity: i64| {
        json!([{ "fulfillmentOrderId": mine.fulfillment_orders[0],
            "fulfillmentOrderLineItems": [{ "id": mine.lines[0].fulfillment_order_line, "quantity": quantity }] }])
    };
    let whole = |ids: &[&String]| ids.iter().map(|id| json!({ "fulfillmentOrderId": id })).collect::<Value>();
    let strange_line = json!([{ "fulfillmentOrderId": mine.fulfillment_orders[0],
        "fulfillmentOrderLineItems": [{ "id": other.lines[0].fulfillment_order_line, "quantity": 1 }] }]);
    let unknown = "gid://shopify/FulfillmentOrder/1".to_owned();
    let cases = [
        (whole(&[&unknown]), "Fulfillment order does not exist."),
        (part(3), "Invalid fulfillment order line item quantity requested."),
        (part(0), "Quantity must be greater than 0"),
        (strange_line, "Fulfillment order line item does not exist."),
        (
            whole(&[&mine.fulfillment_orders[0], &other.fulfillment_orders[0]]),
            "All fulfillment orders must belong to the same order",
        ),
        (
            whole(&[&spread.fulfillment_orders[0], &spread.fulfillment_orders[1]]),
            "must be assigned to a single location",
        ),
    ];
    for (groups, words) in cases {
        let (_, said) = user_error(&create(&world, groups).await);
        assert!(said.contains(words), "{words}: {said}");
    }
    for id in ["gid://shopify/FulfillmentOrder/0", "gid://shopify/Order/5", "17"] {
        let answer = create(&world, whole(&[&id.to_owned()])).await;
        assert_eq!(answer["errors"][0]["message"], "invalid id", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "RESOURCE_NOT_FOUND");
        assert!(answer["data"]["fulfillmentCreate"].is_null());
    }
    assert!(world.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn tracking_changes_and_fulfillments_are_cancelled() {
    let world = world().await;
    let order = two_lines(&world);
    let made = create(&world, json!([{ "fulfillmentOrderId": order.fulfillment_orders[0] }])).await;
    let id = made["data"]["fulfillmentCreate"]["fulfillment"]["id"].clone();
    let update = "mutation($id: ID!, $t: FulfillmentTrackingInput!){ fulfillmentTrackingInfoUpdate(
        fulfillmentId:$id, trackingInfoInput:$t, notifyCustomer:false){
        fulfillment{ trackingInfo{ company number url } } userErrors{ field message } } }";
    let said =
        world.graphql("demo", update, json!({ "id": id, "t": { "company": "UPS", "number": "1Z 9" } })).await;
    let info = &said["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"][0];
    assert_eq!(info["url"], "https://www.ups.com/track?tracknum=1Z+9", "{said}");
    let said = world
        .graphql("demo", update, json!({ "id": id, "t": { "company": "Bob's Van", "number": "7" } }))
        .await;
    assert!(said["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"][0]["url"].is_null());
    let said = world.graphql("demo", update, json!({ "id": "gid://shopify/Fulfillment/1", "t": {} })).await;
    assert_eq!(
        said["data"]["fulfillmentTrackingInfoUpdate"]["userErrors"],
        json!([{ "field": ["fulfillmentId"], "message": "Fulfillment does not exist." }])
    );
    let cancel =
        "mutation($id: ID!){ fulfillmentCancel(id:$id){ fulfillment{ status } userErrors{ message } } }";
    for _ in 0..2 {
        let said = world.graphql("demo", cancel, json!({ "id": id })).await;
        assert_eq!(said["data"]["fulfillmentCancel"]["userErrors"], json!([]));
        assert_eq!(said["data"]["fulfillmentCancel"]["fulfillment"]["status"], "CANCELLED");
    }
    assert_eq!(world.sandbox.ledger().iter().filter(|entry| entry.what == "canceled").count(), 1);
    assert!(world.sandbox.live().is_empty());
    let after = world.graphql("demo", SHIP, json!({ "id": order.id })).await;
    assert_eq!(after["data"]["order"]["fulfillmentOrders"]["nodes"][0]["status"], "OPEN");
}

#[tokio::test]
async fn orders_are_listed_by_change_and_paged() {
    let world = world().await;
    let times =
        ["2026-11-20T08:00:00Z", "2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z", "2026-11-20T09:00:00Z"];
    let seeds = times.iter().map(|time| SeedOrder {
        created_at: Some(time.parse().unwrap()),
        ..order(vec![line("SKU-1", 2, "10"), line("SKU-2", 1, "5.50")])
    });
    let made = world.sandbox.seed_shopify("demo", seeds.collect()).unwrap();
    create(&world, json!([{ "fulfillmentOrderId": made[3].fulfillment_orders[0] }])).await;
    let query = "query($c: String){ orders(first:1, after:$c, sortKey:UPDATED_AT,
        query:\"updated_at:>='2026-11-20T07:00:00Z' fulfillment_status:unfulfilled\"){
        edges{ cursor } nodes{ name updatedAt totalPriceSet{ shopMoney{ amount currencyCode } } customer{ firstName lastName }
        shippingAddress{ zip countryCodeV2 } shippingLine{ title } lineItems(first: 1){ pageInfo{ hasNextPage }
        nodes{ id sku quantity originalUnitPriceSet{ shopMoney{ amount } } } } }
        pageInfo{ hasNextPage endCursor } } }";
    let first = world.graphql("demo", query, json!({})).await;
    let page = &first["data"]["orders"];
    assert_eq!(page["nodes"][0]["name"], made[2].name, "{first}");
    assert_eq!(
        page["nodes"][0]["totalPriceSet"]["shopMoney"],
        json!({ "amount": "30.4", "currencyCode": "USD" })
    );
    assert_eq!(page["nodes"][0]["customer"], json!({ "firstName": "Jane van", "lastName": "Doe" }));
    assert_eq!(page["nodes"][0]["lineItems"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(
        page["nodes"][0]["lineItems"]["nodes"][0]["originalUnitPriceSet"]["shopMoney"]["amount"],
        "10.0"
    );
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let second = world.graphql("demo", query, json!({ "c": page["pageInfo"]["endCursor"] })).await;
    assert_eq!(second["data"]["orders"]["nodes"][0]["name"], made[0].name);
    assert_eq!(second["data"]["orders"]["pageInfo"]["hasNextPage"], false);
    let odd =
        world.graphql("demo", "{ orders(first:1, query:\"colour:red\"){ nodes{ id } } }", json!({})).await;
    assert_eq!(odd["extensions"]["search"][0]["warnings"][0]["field"], "colour");
}

#[tokio::test]
async fn the_bucket_runs_dry() {
    let clock = std::sync::Arc::new(|| "2026-11-20T07:00:00Z".parse().unwrap());
    let world = world_with(SandboxOptions { shopify_bucket: 60, clock, ..SandboxOptions::default() }).await;
    two_lines(&world);
    let query = "{ orders(first: 50) { nodes { id } } }";
    assert!(world.graphql("demo", query, json!({})).await.get("data").is_some());
    let dry = world.graphql("demo", query, json!({})).await;
    assert_eq!(dry["errors"][0]["extensions"]["code"], "THROTTLED", "{dry}");
    assert!(dry.get("data").is_none());
    assert!(dry["extensions"]["cost"]["actualQueryCost"].is_null());
}

/// However full the bucket is: a query that could ask for too much never runs.
#[tokio::test]
async fn a_query_that_could_cost_more_than_a_thousand_points_is_refused() {
    let world = world().await;
    let made = two_lines(&world);
    let query = |orders: usize, lines: usize| {
        format!(
            "{{ orders(first: {orders}) {{ nodes {{ id lineItems(first: {lines}) {{ nodes {{ id }} }} }} }} }}"
        )
    };
    let fits = world.graphql("demo", &query(9, 100), json!({})).await;
    assert_eq!(fits["data"]["orders"]["nodes"].as_array().map(Vec::len), Some(1), "{fits}");
    let refused = world.graphql("demo", &query(10, 100), json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED", "{refused}");
    // ten orders, each with itself, its page and a hundred lines
    assert_eq!(refused["errors"][0]["extensions"]["cost"], 2 + 10 * (1 + 2 + 100));
    assert!(refused.get("data").is_none(), "{}", made.id);
}

#[tokio::test]
async fn an_order_shows_everything_an_import_needs() {
    let world = world().await;
    let mut seed = order(vec![line("SKU-1", 2, "10")]);
    seed.tags = Some(vec!["gift".into()]);
    seed.note = Some("ring".into());
    seed.discount = Some("1.50".into());
    seed.tax = Some("2".into());
    let made = world.seed(seed);
    let address = "{ name firstName lastName company address1 address2 city province provinceCode zip country countryCodeV2 phone }";
    let money = "{ shopMoney { amount currencyCode } }";
    let query = format!(
        "query Import($id: ID!) {{ order(id: $id) {{ __typename id name email phone note tags createdAt updatedAt processedAt
        cancelledAt displayFinancialStatus displayFulfillmentStatus currencyCode shippingLine {{ title }}
        customer {{ id firstName lastName email phone }} shippingAddress {address} billingAddress {address}
        subtotalPriceSet {money} totalTaxSet {money} totalShippingPriceSet {money} totalDiscountsSet {money}
        totalPriceSet {money} lineItems(first: 250) {{ nodes {{ id sku name title quantity currentQuantity
        unfulfilledQuantity requiresShipping originalUnitPriceSet {money} }} }} }} }}"
    );
    let answer = world.graphql("demo", &query, json!({ "id": made.id })).await;
    let order = &answer["data"]["order"];
    assert_eq!(order["__typename"], "Order", "{answer}");
    assert_eq!(order["tags"], json!(["gift"]));
    assert_eq!(order["displayFinancialStatus"], "PAID");
    let amounts =
        ["subtotalPriceSet", "totalTaxSet", "totalShippingPriceSet", "totalDiscountsSet", "totalPriceSet"]
            .map(|name| order[name]["shopMoney"]["amount"].as_str().unwrap().to_owned());
    assert_eq!(amounts, ["18.5", "2.0", "4.9", "1.5", "25.4"]);
    assert_eq!(order["billingAddress"], order["shippingAddress"]);
    let deep = format!("{{ shop {} {} }}", "{ a ".repeat(10_000), "}".repeat(10_000));
    let answer = world.graphql("demo", &deep, json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "the query nests too deeply");
}

#[tokio::test]
async fn another_shop_sees_nothing() {
    let world = world().await;
    let order = two_lines(&world);
    world.helper(Method::PUT, "/_sandbox/shopify/other", Some(json!({}))).await;
    let answer = world.graphql("other", SHIP, json!({ "id": order.id })).await;
    assert!(answer["data"]["order"].is_null());
    let wish = wish(json!([{ "fulfillmentOrderId": order.fulfillment_orders[0] }]));
    let (_, said) = user_error(&world.graphql("other", CREATE, wish).await);
    assert_eq!(said, "Fulfillment order does not exist.");
}

#[tokio::test]
async fn held_and_cancelled_orders_cannot_be_shipped() {
    let world = world().await;
    for (change, word) in [
        (SeedOrder { on_hold: Some(true), ..SeedOrder::default() }, "on_hold"),
        (SeedOrder { cancelled: Some(true), ..SeedOrder::default() }, "cancelled"),
    ] {
        let order = two_lines(&world);
        let changed = world.seed(SeedOrder { id: Some(order.id.clone()), ..change });
        assert_eq!(changed, order);
        let (_, said) =
            user_error(&create(&world, json!([{ "fulfillmentOrderId": order.fulfillment_orders[0] }])).await);
        assert!(said.ends_with(&format!("has an unfulfillable status= {word}.")), "{said}");
    }
}
