//! Files by the API: at once, and in the background.

use crate::support::{api::Program, counter::Counter, shop::Shop};
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;
use waybill::accounts::{Role, tokens::Scope};

async fn filled(orders: i32) -> Shop {
    let shop = Shop::open().await;
    shop.database.unchecked("the benchmark’s orders leave their fulfillment orders open");
    let mut scope = shop.scope().await;
    waybill::cli::bench::orders::make(&mut scope, orders, true).await.unwrap();
    scope.commit().await.unwrap();
    shop
}

// proves S2: Export Fulfillments
#[tokio::test]
async fn fulfillments_are_exported_as_csv_and_as_a_workbook() {
    let shop = filled(1_203).await;
    shop.sql("update shipments set courier = '=cmd()' where id = (select max(id) from shipments)").await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let tree = "%7B%22filters%22%3A%5B%7B%22column%22%3A%22reference%22%2C%22operator%22%3A%22neq%22%2C%22value%22%3A%22SHP-BENCH-000001%22%7D%5D%7D";
    let path = format!(
        "/v1/fulfillments/export?filter_groups={tree}&columns=reference,courier,cost,items,date_post"
    );
    let reply = program.get(&path).await;
    assert_eq!((reply.status, reply.answer.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(reply.answer.header("content-disposition").starts_with("attachment; filename=\"shipments-"));
    let text = reply.answer.body;
    assert!(text.starts_with("Reference,Courier,Shipping cost,Currency,Items,Posted (UTC)\r\n"), "{text}");
    assert_eq!(text.lines().count(), 1_203, "the head, and all but one");
    assert!(text.contains(",'=cmd(),0.00,EUR,1,"));
    let reply = program.get(&format!("{path}&format=xlsx")).await;
    let mut book = Xlsx::new(Cursor::new(reply.answer.bytes)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(sheet.height(), 1_203);
    let row = sheet.rows().find(|row| row[1] == Data::String("=cmd()".into())).expect("as it is");
    assert!(matches!((&row[2], &row[5]), (Data::Float(_), Data::DateTime(_))), "{row:?}");
    let orders = program.get("/v1/orders/export?columns=number").await;
    assert_eq!(orders.answer.body.lines().count(), 1_204);

    let unknown = program.get("/v1/fulfillments/export?columns=refrence").await.refused(422, "invalid");
    assert_eq!(unknown.fields(), ["columns"]);
    program.get("/v1/fulfillments/export?format=pdf").await.refused(422, "invalid");
    let mut client = Program::with(&counter, &shop, Role::Client, Scope::ALL).await;
    client.get("/v1/fulfillments/export?columns=cost").await.refused(422, "invalid");
    let mut support = Program::with(&counter, &shop, Role::Support, Scope::ALL).await;
    support.get("/v1/fulfillments/export").await.refused(403, "forbidden");
}

#[tokio::test]
async fn above_ten_thousand_rows_it_is_written_in_the_background() {
    let shop = filled(10_001).await;
    let counter = Counter::over(&shop);
    let mut program = Program::over(&counter, &shop).await;
    let reply = program.get("/v1/orders/export?columns=id").await;
    let address = reply.answer.header("location").to_owned();
    assert_eq!(reply.status, 202, "{}", reply.answer.body);
    let again = program.get("/v1/orders/export?columns=id").await;
    assert_eq!((again.status, again.json["id"].clone()), (202, reply.json["id"].clone()), "asked twice");
    let waiting = program.get(&address).await.ok();
    assert_eq!((waiting["state"].as_str(), waiting["file"].is_null()), (Some("queued"), true));
    program.get(&format!("{address}/file")).await.refused(404, "not_found");
    shop.run().await;
    let done = program.get(&address).await.ok();
    assert_eq!((done["state"].as_str(), done["rows"].as_i64()), (Some("finished"), Some(10_001)));
    let file = program.get(done["file"].as_str().unwrap()).await;
    assert_eq!(file.answer.body.lines().count(), 10_002);
    assert_eq!(done["bytes"].as_u64(), Some(file.answer.body.len() as u64));
    // what it is of decides which scope reads it
    let mut other = Program::with(&counter, &shop, Role::Admin, &[Scope::ShipmentsRead]).await;
    other.get(&address).await.refused(403, "missing_scope");
    let mut same = Program::with(&counter, &shop, Role::Admin, &[Scope::OrdersRead]).await;
    same.get(&address).await.ok();
}
