//! The pages of exports, as a browser sees them.

use super::{export, filled, lying, records};
use crate::support::counter::Counter;
use waybill::{accounts::Role, exports::ExportState, ids::ExportId};

#[tokio::test]
async fn a_small_list_is_saved_at_once() {
    let shop = filled(12).await;
    let counter = Counter::over(&shop);
    let mut client = counter.visitor(Role::Client).await;
    let list = client.get("/orders?q=BENCH-00000").await;
    assert!(list.body.contains("href=\"/exports/new?on=orders&#38;list=q%3DBENCH-00000\""), "{}", list.body);
    let page = client.get("/exports/new?on=orders&list=q%3DBENCH-00000").await;
    assert!(
        page.body.contains("Export 9 rows") && page.body.contains("Search: BENCH-00000"),
        "{}",
        page.body
    );
    assert!(page.body.contains("value=\"customer_name\" checked") && !page.body.contains("value=\"cost\""));
    let file = "/exports/file?on=orders&list=q%3DBENCH-00000&format=csv&column=number&column=total";
    let answer = client.get(file).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let saved = answer.header("content-disposition");
    assert!(saved.starts_with("attachment; filename=\"orders-") && saved.ends_with(".csv\""), "{saved}");
    let rows = records(&answer.body);
    assert_eq!((rows.len(), &rows[0][..]), (10, &["Number", "Total", "Currency"].map(String::from)[..]));
    assert_eq!(rows[1], ["BENCH-000001", "25.00", "EUR"]);
    let workbook = client.get(&file.replace("csv", "xlsx")).await;
    assert!(workbook.bytes.starts_with(b"PK"));
    assert_eq!(workbook.header("content-length"), workbook.bytes.len().to_string());
    assert_eq!(lying(&shop).len(), 0, "what was sent is not kept");

    let none = client.get("/exports/file?on=orders&format=csv").await;
    assert_eq!(none.status, 422);
    assert!(none.body.contains("Tick at least one column."));
    let mut support = counter.visitor(Role::Support).await;
    assert_eq!(support.get(file).await.status, 403);
    assert!(!support.get("/orders").await.body.contains("/exports/new"));
}

#[tokio::test]
async fn a_file_in_the_background_is_followed_opened_and_deleted() {
    let shop = filled(5).await;
    let counter = Counter::over(&shop);
    let mut admin = counter.visitor(Role::Admin).await;
    assert!(admin.get("/exports").await.body.contains("No exports yet"));
    let form =
        [("on", "shipments"), ("list", ""), ("format", "csv"), ("column", "reference"), ("column", "cost")];
    let answer = admin.post("/exports", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/exports"));
    let id = ExportId(shop.value("select max(id) from exports").await);
    let waiting = admin.get("/exports").await;
    assert!(waiting.body.contains(&format!("data-live=\"export:{id}\"")), "{}", waiting.body);
    assert!(waiting.body.contains("All shipments in Active"));
    assert_eq!(admin.get(&format!("/exports/{id}/file")).await.status, 409);
    shop.run().await;
    let there = admin.get("/exports").await;
    assert!(
        there.body.contains(&format!("href=\"/exports/{id}/file\""))
            && !there.body.contains("data-live=\"export")
    );
    let file = admin.get(&format!("/exports/{id}/file")).await;
    assert_eq!(records(&file.body).len(), 6);
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"shipments-"));
    // a client may not see costs, in no file either
    let mut client = counter.visitor(Role::Client).await;
    assert_eq!(client.get(&format!("/exports/{id}/file")).await.status, 409);
    assert!(client.get("/exports").await.body.contains("It has columns that your role may not see."));
    assert_eq!(admin.post(&format!("/exports/{id}/cancel"), &[]).await.status, 409);
    assert_eq!(admin.post(&format!("/exports/{id}/delete"), &[]).await.status, 303);
    assert_eq!((export(&shop, id).await.state, lying(&shop).len()), (ExportState::Deleted, 0));
    assert_eq!(admin.get(&format!("/exports/{id}/file")).await.status, 409);
}
