//! Tracking numbers from a file: read, looked at, confirmed, written.

use crate::support::shop::{Shop, now};
use proptest::prelude::*;
use waybill::{
    accounts::Role,
    actions::{ActionError, NoInput},
    ids::{ImportId, ShipmentId},
    imports::tracking::{self, Confirmed, NewTracking, file},
    shipments::{
        Status,
        edit_shipping::{EditShipping, Input, Notify},
        post::Post,
        reship::{How, ReshipOrders},
        void::{self, VoidShipment},
    },
};

fn rows(text: &str) -> Vec<file::TrackingRow> {
    file::read(text.as_bytes()).unwrap().rows
}

#[test]
fn headers_and_delimiters_are_known_by_many_names() {
    for text in [
        "Shipment number,Tracking number,Courier,Ship date,Cost\r\nSHP-1,1Z,UPS,2026-11-20,4.95\r\n",
        "\u{feff}shipment;tracking_no;CARRIER;Shipped At;shipping cost\nSHP-1;1Z;UPS;2026-11-20;4.95",
        "sep=;\r\nShipment No.;Tracking;carrier code;dispatch-date;Postage\r\nSHP-1;1Z;UPS;2026-11-20;4.95\r\n",
        "SHIPMENT\tTracking Code\tCourier Name\tdate shipped\tLabel cost\nSHP-1\t\"1Z\"\tUPS\t2026-11-20\t4.95\n",
    ] {
        let all = rows(text);
        let [row] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(
            (row.shipment.as_str(), row.tracking_number.as_str(), &row.wrong),
            ("SHP-1", "1Z", &None),
            "{text}"
        );
        assert_eq!((row.courier.as_deref(), row.cost.as_deref()), (Some("UPS"), Some("4.95")), "{text}");
        assert_eq!(row.shipped_at.as_deref(), Some("2026-11-20T00:00:00+00:00"), "{text}");
    }
    let quoted = rows("order,tracking,service\n#1,\"A\"\"1\",\"Next, please\nnow\"\n#2,B,\n");
    assert_eq!(
        (quoted[0].tracking_number.as_str(), quoted[0].service.as_deref()),
        ("A\"1", Some("Next, please\nnow"))
    );
    assert_eq!((quoted[1].line, quoted[1].service.as_deref()), (4, None), "lines are the file's own");
    assert_eq!(rows(file::SAMPLE).iter().filter(|row| row.wrong.is_none()).count(), 2, "the sample is right");
}

#[test]
fn a_file_that_will_not_do_says_what_it_lacks() {
    for (text, says) in [
        ("", "empty"),
        ("Name,Total\n", "the shipment number or the order number"),
        ("Shipment,Courier\nSHP-1,UPS\n", "no column for the tracking number"),
        ("Order,Tracking,Tracking no\n1,2,3\n", "“Tracking” and “Tracking no”"),
    ] {
        let refused = file::read(text.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let many = format!("order,tracking\n{}", "1,2\n".repeat(100_001));
    assert!(file::read(many.as_bytes()).unwrap_err().to_string().contains("more than 100,000 rows"));
    for (row, cell) in [
        (",,1Z,", "Shipment number"),
        ("SHP-1,,,", "Tracking number"),
        ("SHP-1,,6.74109E+12,", "Tracking number"),
        ("SHP-1,,1Z,20/11/2026", "Shipped at"),
        ("SHP-1,,1Z,,more", ""),
    ] {
        let all = rows(&format!("shipment,order,tracking,shipped at\n{row}\n"));
        assert_eq!(all[0].wrong.as_ref().map(|wrong| wrong.0), Some(cell), "{row}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), headed in any::<bool>()) {
        let head: &[u8] = if headed { b"shipment,order,tracking,courier,shipped at,cost\n" } else { b"" };
        if let Ok(file) = file::read([head, &bytes].concat().as_slice()) {
            let refused = file.rows.iter().map(|row| waybill::imports::shopify_csv::failures::Refused {
                reference: &row.shipment,
                reason: "=why",
                raw: &row.raw,
            });
            let text = waybill::imports::shopify_csv::failures::write(&file.header, refused);
            prop_assert!(text.lines().count() > file.rows.len());
        }
    }

    #[test]
    fn any_cell_comes_back_as_it_was(cell in "[^\u{0}\r\n]{1,40}") {
        let quoted = format!("shipment,tracking\nSHP-1,\"{}\"\n", cell.replace('"', "\"\""));
        prop_assert_eq!(&rows(&quoted)[0].tracking_number, cell.trim());
    }
}

/// Two posted shipments and their numbers.
async fn parcels(shop: &Shop, n: usize) -> Vec<(ShipmentId, String)> {
    let mut all = Vec::new();
    for id in shop.orders(shop.shopify, n).await {
        shop.act::<Post>(id.0, NoInput {}).await.unwrap();
        all.push(id);
    }
    shop.run().await;
    let mut numbered = Vec::new();
    for id in all {
        numbered.push((id, shop.shipment(id).await.shipment.number));
    }
    numbered
}

async fn given(shop: &Shop, text: &str, notify: Notify) -> ImportId {
    let mut scope = shop.scope().await;
    let new = NewTracking { file_name: "tracking.csv", bytes: text.as_bytes(), notify };
    let id = tracking::begin(&mut scope, new, &shop.by(Role::Client), now()).await.unwrap();
    scope.commit().await.unwrap();
    shop.run().await;
    id
}

async fn confirmed(shop: &Shop, id: ImportId) -> Result<Confirmed, ActionError> {
    let fingerprint = shop.text(&format!("select fingerprint from imports where id = {id}")).await;
    let mut scope = shop.scope().await;
    let confirmed = tracking::confirm(&mut scope, id, &fingerprint, &shop.by(Role::Client), now()).await?;
    scope.commit().await.unwrap();
    Ok(confirmed)
}

/// State, ready, updated, unchanged and failed.
async fn counts(shop: &Shop, id: ImportId) -> String {
    shop.text(&format!(
        "select concat_ws(' ', state, rows_ready, rows_updated, rows_unchanged, rows_failed) from imports where id = {id}"
    ))
    .await
}

async fn reason(shop: &Shop, id: ImportId, line: i32) -> String {
    shop.text(&format!(
        "select concat_ws('|', outcome, cell, reason) from import_rows where import_id = {id} and line = {line}"
    ))
    .await
}

#[tokio::test]
async fn rows_are_previewed_then_written_and_the_same_file_changes_nothing() {
    let shop = Shop::open().await;
    shop.responds("shipped").await;
    let parcels = parcels(&shop, 2).await;
    let order = shop
        .text(&format!(
            "select o.number from orders o join shipments s on s.order_id = o.id where s.id = {}",
            parcels[1].0
        ))
        .await;
    let text = format!(
        "Shipment,Order,Tracking number,Courier,Shipped at,Cost\n{},,1Z1,UPS,2026-11-18 09:41:00 +0100,4.95\n,{order},1Z2,UPS,,\n",
        parcels[0].1
    );
    let id = given(&shop, &text, Notify::Nobody).await;
    assert_eq!(counts(&shop, id).await, "previewed 2 0 0 0");
    assert_eq!(reason(&shop, id, 2).await, "ready||Leaves with UPS, tracking 1Z1.");
    assert_eq!(
        shop.shipment(parcels[0].0).await.shipment.status,
        Status::PendingTracking,
        "nothing is done yet"
    );

    assert_eq!(confirmed(&shop, id).await.unwrap(), Confirmed::Running);
    shop.run().await;
    assert_eq!(counts(&shop, id).await, "finished 0 2 0 0");
    let first = shop.shipment(parcels[0].0).await.shipment;
    assert_eq!((first.status, first.cost_minor), (Status::Shipped, 495));
    assert_eq!(first.shipped_at.unwrap().to_rfc3339(), "2026-11-18T08:41:00+00:00");
    assert_eq!(shop.value("select count(*) from emails").await, 2, "as whenever something leaves");
    assert_eq!(shop.value("select count(*) from shipments where channel_sync = 'synced'").await, 2);
    assert_eq!(confirmed(&shop, id).await.unwrap(), Confirmed::Already);
    assert_eq!(shop.run().await, 0);

    let versions = shop.text("select string_agg(version::text, ',' order by id) from shipments").await;
    let again = given(&shop, &text, Notify::Both).await;
    assert_eq!(counts(&shop, again).await, "previewed 0 0 2 0");
    let Err(ActionError::Unavailable(why)) = confirmed(&shop, again).await else {
        panic!("there is nothing to do")
    };
    assert_eq!(why.sentence, "No row of the file changes anything.");
    assert_eq!(shop.text("select string_agg(version::text, ',' order by id) from shipments").await, versions);
    assert_eq!(shop.value("select count(*) from emails").await, 2);
}

#[tokio::test]
async fn each_wrong_row_says_which_cell_and_what_to_do() {
    let shop = Shop::open().await;
    let mut parcels = parcels(&shop, 6).await;
    let (order, of) = (
        shop.shipment(parcels[3].0).await.around.order_number,
        shop.shipment(parcels[3].0).await.shipment.order_id,
    );
    shop.act::<VoidShipment>(parcels[1].0.0, void::Input { reason: "Wrong".into() }).await.unwrap();
    shop.by_hand(&format!("update shipments set status = 'unconfirmed' where id = {}", parcels[2].0)).await;
    // the order of the fourth has a second one
    shop.act::<ReshipOrders>(of.0, How::default()).await.unwrap();
    let reship = ShipmentId(shop.value("select max(id) from shipments").await);
    parcels[4] = (reship, shop.shipment(reship).await.shipment.number);
    let number = |at: usize| parcels[at].1.as_str();
    let text = format!(
        "shipment,order,tracking,courier,cost,shipped at\n\
         SHP-NONE,,1Z,UPS,,\n\
         {},,1Z,UPS,,\n\
         {},,1Z,UPS,,\n\
         ,{order},1Z,UPS,,\n\
         {},,1Z1,UPS,,\n\
         {},,1Z2,UPS,,\n\
         {},#nobody,1Z,UPS,,\n\
         {},,{},UPS,,\n\
         ,#9999999,1Z,UPS,,\n",
        number(1),
        number(2),
        number(5),
        number(5),
        number(0),
        number(3),
        "9".repeat(101)
    );
    let id = given(&shop, &text, Notify::Nobody).await;
    assert_eq!(counts(&shop, id).await, "previewed 0 0 0 9");
    for (line, starts, says) in [
        (2, "failed|Shipment number|", "There is no shipment SHP-NONE.".to_owned()),
        (3, "failed|Shipment number|", "The shipment is voided. Restore it first.".into()),
        (4, "failed|Tracking number|", "It is not known whether ShipStation has it.".into()),
        (5, "failed|Order number|", format!("number instead: {}, {}.", number(3), number(4))),
        (6, "failed|Shipment number|", "in lines 6, 7 with different values".into()),
        (7, "failed|Shipment number|", "in lines 6, 7 with different values".into()),
        (8, "failed|Shipment number|", "belongs to order".into()),
        (9, "failed|Tracking number|", "Keep it under 100 characters.".into()),
        (10, "failed|Order number|", "There is no order #9999999.".into()),
    ] {
        let found = reason(&shop, id, line).await;
        assert!(found.starts_with(starts) && found.contains(&says), "line {line}: {found}");
    }
    // courier and cost are the action's own sentences
    let text = format!("shipment,tracking,cost,courier\n{},1Z,lots,UPS\n{},1Z,,\n", number(0), number(5));
    let id = given(&shop, &text, Notify::Nobody).await;
    assert!(reason(&shop, id, 2).await.starts_with("failed|Cost|Write the cost in EUR"));
    assert!(reason(&shop, id, 3).await.starts_with("failed|Courier|Enter the courier"));
}

#[tokio::test]
async fn what_changed_meanwhile_is_looked_at_again_or_left_alone() {
    let shop = Shop::open().await;
    let parcels = parcels(&shop, 2).await;
    let text = format!("shipment,tracking,courier\n{},1Z1,UPS\n{},1Z2,UPS\n", parcels[0].1, parcels[1].1);
    let id = given(&shop, &text, Notify::Nobody).await;
    let edit = |number: &str| Input {
        tracking_number: Some(number.into()),
        courier: Some("DPD".into()),
        ..Input::default()
    };
    shop.act::<EditShipping>(parcels[0].0.0, edit("D1")).await.unwrap();
    assert_eq!(confirmed(&shop, id).await.unwrap(), Confirmed::Changed(1));
    shop.run().await;
    assert_eq!(counts(&shop, id).await, "previewed 2 0 0 0");
    assert_eq!(reason(&shop, id, 2).await, "ready||Corrects the tracking number and courier.");
    // an old preview confirms nothing
    let mut scope = shop.scope().await;
    let old = tracking::confirm(&mut scope, id, "old", &shop.by(Role::Client), now()).await.unwrap();
    assert_eq!(old, Confirmed::Newer);
    drop(scope);
    // and what changes after the confirmation is not overwritten
    assert_eq!(confirmed(&shop, id).await.unwrap(), Confirmed::Running);
    shop.act::<EditShipping>(parcels[1].0.0, edit("D2")).await.unwrap();
    shop.run().await;
    assert_eq!(counts(&shop, id).await, "finished 0 1 0 1");
    assert!(reason(&shop, id, 3).await.contains("changed after you opened the page"));
    let second = shop.shipment(parcels[1].0).await.shipment;
    assert_eq!(second.tracking_number.as_deref(), Some("D2"));
}

#[tokio::test]
async fn stopped_in_the_middle_it_goes_on_and_writes_each_row_once() {
    let shop = Shop::open().await;
    let parcels = parcels(&shop, 3).await;
    let text = parcels
        .iter()
        .enumerate()
        .fold("shipment,tracking,courier\n".to_owned(), |text, (at, (_, number))| {
            format!("{text}{number},1Z{at},UPS\n")
        });
    let id = given(&shop, &text, Notify::Nobody).await;
    // the worker died while it looked: two rows are forgotten, the rest is kept
    shop.sql(&format!(
        "update imports set state = 'previewing', fingerprint = null, rows_ready = 1 where id = {id};
         delete from import_rows where import_id = {id} and line > 2;
         insert into jobs (account_id, kind, object_key, due_at, payload) values ({}, 'import_tracking', 'import:{id}', now(), '{{\"import_id\": {id}}}')",
        shop.account
    ))
    .await;
    shop.run().await;
    assert_eq!(counts(&shop, id).await, "previewed 3 0 0 0");
    confirmed(&shop, id).await.unwrap();
    // two jobs of it, as after a lost lease
    shop.sql(&format!(
        "insert into jobs (account_id, kind, object_key, due_at, payload) values ({}, 'import_tracking', 'import:{id}', now(), '{{\"import_id\": {id}}}')",
        shop.account
    ))
    .await;
    shop.run().await;
    assert_eq!(counts(&shop, id).await, "finished 0 3 0 0");
    assert_eq!(shop.value("select count(*) from activities where verb = 'shipment_shipped'").await, 3);
    assert_eq!(shop.value("select count(*) from activities where verb = 'import_finished'").await, 1);
}
