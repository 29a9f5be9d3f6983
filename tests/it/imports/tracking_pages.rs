//! The pages of an import of tracking numbers, without JavaScript.

use crate::support::{
    counter::Counter,
    portal::{Answer, Browser},
    shop::Shop,
};
use waybill::{accounts::Role, actions::NoInput, ids::ShipmentId, shipments::post::Post};

async fn upload(browser: &mut Browser, file: &str, notify: &str) -> Answer {
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"notify\"\r\n\r\n{notify}\r\n\
         --edge\r\nContent-Disposition: form-data; name=\"tracking_file\"; filename=\"parcels.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", "multipart/form-data; boundary=edge")];
    browser.send("POST", "/imports/tracking-numbers", &headers, Some(body)).await
}

async fn posted(shop: &Shop) -> (ShipmentId, String) {
    let (_, id) = shop.order(shop.shopify, &[("A", 1)]).await;
    shop.act::<Post>(id.0, NoInput {}).await.unwrap();
    shop.run().await;
    (id, shop.shipment(id).await.shipment.number)
}

#[tokio::test]
async fn a_file_is_given_in_looked_at_confirmed_and_done() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let (shipment, number) = posted(&shop).await;
    let mut client = counter.visitor(Role::Client).await;
    let page = client.get("/imports").await;
    assert!(
        page.text("section:nth-of-type(2)").contains("up to 20 MB and 100,000 rows"),
        "{}",
        page.text("main")
    );
    let sample = client.get("/imports/tracking-numbers.csv").await;
    assert!(sample.header("content-disposition").contains("tracking-numbers.csv"));
    assert!(sample.body.starts_with("Shipment number,Order number,Tracking number"));
    assert!(client.get("/help").await.body.contains("Import tracking numbers"));

    let empty = upload(&mut client, "", "none").await;
    assert_eq!(empty.status, 422);
    assert!(empty.text("#tracking_file-error").contains("Choose the CSV file with the tracking numbers."));

    let file =
        format!("Shipment,Tracking number,Courier,Cost\r\n{number},1Z1,UPS,4.95\r\n=SHP(1),-2,UPS,\r\n");
    let given = upload(&mut client, &file, "channel").await;
    assert_eq!(given.status, 303, "{}", given.body);
    let path = given.location().to_owned();
    let page = client.get(&path).await;
    assert!(page.text("#progress").contains("0 of 0 rows looked at. Nothing is done yet."));
    assert!(page.attribute("#progress", "data-live").is_some());
    shop.run().await;
    let page = client.get(&path).await;
    assert_eq!(page.text("#progress h2"), "Import 1 row?");
    assert!(page.text(".effects").contains("1 shipment leaves the warehouse"));
    assert!(page.text("main").contains("The costs are left aside: your role does not see costs."));
    let wrong = page.texts("table td").join("|");
    assert!(wrong.contains("3|=SHP(1)|Shipment number|There is no shipment =SHP(1)."), "{wrong}");
    let download = client.get(&format!("{path}/failures.csv")).await;
    assert!(download.body.contains("'=SHP(1),'-2,UPS,"), "no formulas: {}", download.body);
    assert!(download.body.contains("Why it was not imported"));

    // who may not edit orders sees no button, and is refused
    let mut support = counter.visitor(Role::Support).await;
    assert_eq!(support.get(&path).await.status, 403);
    let old = client.post(&format!("{path}/confirm"), &[("fingerprint", "old")]).await;
    assert_eq!(old.status, 409);
    assert!(old.text(".banner").contains("newer than the one you confirmed"));
    assert_eq!(client.submit(&page, &[]).await.status, 303);
    assert_eq!(client.submit(&page, &[]).await.status, 303, "a second click is the same");
    shop.run().await;
    let page = client.get(&path).await;
    assert!(page.text(".facts").contains("Written 1"), "{}", page.text("main"));
    assert_eq!(page.attribute("#progress", "data-live"), None);
    let left = shop.shipment(shipment).await.shipment;
    assert_eq!((left.tracking_number.as_deref(), left.cost_minor), (Some("1Z1"), 0));
    assert_eq!(
        shop.text(&format!(
            "select actor_name from activities where verb = 'shipment_shipped' and shipment_id = {shipment}"
        ))
        .await,
        "client.counter",
        "in the name of whoever confirmed it"
    );
    assert!(client.get("/imports").await.text("table").contains("1 written, 0 unchanged, 1 failed"));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why_on_its_page() {
    let shop = Shop::open().await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let given = upload(&mut client, "Name,Total\n1,2\n", "none").await;
    let path = given.location().to_owned();
    shop.run().await;
    let page = client.get(&path).await;
    assert!(
        page.text("#progress")
            .contains("The first row names no column for the shipment number or the order number.")
    );
    assert!(page.texts("form[action$=confirm]").is_empty());
}
