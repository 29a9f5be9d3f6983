//! Files written in the background: their life from the question to the broom.

use super::{admin, ask, export, filled, lying, records, wanted};
use crate::support::shop::{Shop, now};
use calamine::{Reader, Xlsx, open_workbook};
use waybill::{
    accounts::Role,
    exports::{ExportState, Files, Format, Resource, Wanted, Which, begin, sweep},
    ids::ExportId,
    jobs::{self, Slots},
};

fn read(shop: &Shop, name: &str) -> String {
    std::fs::read_to_string(shop.work.files.join("exports").join(name)).unwrap()
}

#[tokio::test]
async fn a_file_is_written_kept_a_week_and_swept() {
    let shop = filled(2_300).await;
    let by = admin(&shop).await;
    let csv = ask(&shop, &wanted(Resource::Orders, Format::Csv, &["id", "number"]), &by).await;
    let xlsx = ask(&shop, &wanted(Resource::Shipments, Format::Xlsx, &[]), &by).await;
    shop.run().await;
    for id in [csv, xlsx] {
        let done = export(&shop, id).await;
        assert_eq!((done.state, done.rows_written), (ExportState::Finished, 2_300), "{}", done.reason);
        assert_eq!(done.expires_at.unwrap() - done.finished_at.unwrap(), chrono::Duration::days(7));
    }
    let done = export(&shop, csv).await;
    let text = read(&shop, done.file(now()).unwrap());
    assert_eq!(i64::try_from(text.len()).unwrap(), done.file_bytes.unwrap());
    let rows = records(&text);
    // the newest first, as in the list; each once
    let ids: Vec<&str> = rows[1..].iter().map(|row| row[0].as_str()).collect();
    let expected =
        shop.text("select string_agg(id::text, ' ' order by placed_at desc, id desc) from orders").await;
    assert_eq!(ids.join(" "), expected);
    let done = export(&shop, xlsx).await;
    let path = shop.work.files.join("exports").join(done.file(now()).unwrap());
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    assert_eq!(book.worksheet_range_at(0).unwrap().unwrap().height(), 2_301);
    assert_eq!(shop.value("select count(*) from activities where verb = 'export_finished'").await, 2);

    let files = Files::of(&shop.work.files);
    assert_eq!(sweep(&shop.db, &files, now()).await.unwrap(), 0);
    assert_eq!(lying(&shop).len(), 2);
    let later = now() + chrono::Duration::days(7);
    assert_eq!(
        export(&shop, csv).await.file(later).unwrap_err(),
        "Its file was kept for 7 days and is gone. Export again."
    );
    assert_eq!(sweep(&shop.db, &files, later).await.unwrap(), 2);
    assert_eq!((export(&shop, csv).await.state, lying(&shop).len()), (ExportState::Expired, 0));
}

#[tokio::test]
async fn a_worker_that_died_leaves_nothing_and_the_next_begins_anew() {
    let shop = filled(1_500).await;
    let by = admin(&shop).await;
    let id = ask(&shop, &wanted(Resource::Shipments, Format::Csv, &["id"]), &by).await;
    // one claims it, writes half of it and is killed
    let claimed = jobs::claim(&shop.db, "dead", Slots { free: 1, all: 1 }, now()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let folder = shop.work.files.join("exports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}-{id}-0123.csv.part", shop.account)), "Id\r\n1\r\n").unwrap();
    shop.sql("update exports set state = 'running', rows_written = 1000").await;
    assert_eq!(shop.run().await, 0, "its lease still runs");
    shop.run_in(120).await;
    let done = export(&shop, id).await;
    assert_eq!((done.state, done.rows_written), (ExportState::Finished, 1_500));
    let rows = records(&read(&shop, done.file(now()).unwrap()));
    let distinct: std::collections::BTreeSet<&String> = rows[1..].iter().map(|row| &row[0]).collect();
    assert_eq!((rows.len(), distinct.len()), (1_501, 1_500));
    // whoever had it before may hold on to nothing
    assert!(!jobs::renew(&shop.db, &claimed[0], now()).await.unwrap());
}

#[tokio::test]
async fn two_are_written_at_once_and_asking_twice_is_asking_once() {
    let shop = filled(3).await;
    let by = admin(&shop).await;
    let mut ids = Vec::new();
    for names in [["id"], ["number"], ["status"], ["items"]] {
        ids.push(ask(&shop, &wanted(Resource::Orders, Format::Csv, &names), &by).await);
    }
    let again = ask(&shop, &wanted(Resource::Orders, Format::Csv, &["number"]), &by).await;
    assert_eq!(again, ids[1]);
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.extend(jobs::claim(&shop.db, "busy", Slots { free: 10, all: 10 }, now()).await.unwrap());
    }
    assert_eq!(claimed.len(), 2, "the third waits for one of them");
    // twenty wait at most
    for n in 0..16 {
        let which = Which::Orders(Box::new(waybill::orders::list::Filter {
            q: format!("q{n}"),
            ..Default::default()
        }));
        ask(&shop, &Wanted { which, ..wanted(Resource::Orders, Format::Csv, &["id"]) }, &by).await;
    }
    let one_more = wanted(Resource::Orders, Format::Xlsx, &["id"]);
    let refused = begin::begin(&mut shop.scope().await, &one_more, &by, now()).await.unwrap_err();
    assert!(refused.to_string().contains("20 exports wait already"), "{refused}");
}

#[tokio::test]
async fn a_canceled_one_is_not_written_and_a_deleted_one_is_gone() {
    let shop = filled(3).await;
    let by = admin(&shop).await;
    let id = ask(&shop, &wanted(Resource::Orders, Format::Csv, &["id"]), &by).await;
    let steer = async |id: ExportId, delete: bool| {
        let scope = shop.scope().await;
        match delete {
            true => begin::delete_file(scope, &Files::of(&shop.work.files), id, &by, now()).await,
            false => {
                let mut scope = scope;
                begin::cancel(&mut scope, id, &by, now()).await?;
                Ok(scope.commit().await?)
            }
        }
    };
    assert!(steer(id, true).await.is_err(), "it is canceled first");
    steer(id, false).await.unwrap();
    steer(id, false).await.unwrap();
    shop.run().await;
    assert_eq!((export(&shop, id).await.state, lying(&shop).len()), (ExportState::Canceled, 0));
    let id = ask(&shop, &wanted(Resource::Orders, Format::Csv, &["id"]), &by).await;
    shop.run().await;
    assert_eq!((export(&shop, id).await.state, lying(&shop).len()), (ExportState::Finished, 1));
    assert!(steer(id, false).await.is_err(), "it is over");
    steer(id, true).await.unwrap();
    steer(id, true).await.unwrap();
    assert_eq!((export(&shop, id).await.state, lying(&shop).len()), (ExportState::Deleted, 0));
}

#[tokio::test]
async fn rights_count_as_they_are_when_it_is_written() {
    let shop = filled(3).await;
    let by = admin(&shop).await;
    let names = ["id", "customer_name", "cost"];
    let id = ask(&shop, &wanted(Resource::Shipments, Format::Csv, &names), &by).await;
    shop.sql("update memberships set role = 'client'").await;
    shop.run().await;
    let refused = export(&shop, id).await;
    assert_eq!(refused.state, ExportState::Failed);
    assert_eq!(refused.reason, "The column “cost” needs the permission Costs.");
    let id = ask(&shop, &wanted(Resource::Orders, Format::Csv, &["id"]), &by).await;
    shop.sql("delete from memberships").await;
    shop.run().await;
    assert_eq!(export(&shop, id).await.reason, "The person who asked for it may not export any more.");
    assert_eq!(lying(&shop).len(), 0);
    let (mut scope, support) = (shop.scope().await, shop.by(Role::Support));
    let everything = wanted(Resource::Orders, Format::Csv, &["id"]);
    let refused = begin::begin(&mut scope, &everything, &support, now()).await;
    assert!(refused.is_err(), "support exports nothing");
}

#[tokio::test]
async fn what_matches_a_persons_name_is_not_told_to_who_may_not_see_it() {
    let shop = filled(3).await;
    let by = admin(&shop).await;
    let tree =
        serde_json::json!({"filters": [{"column": "customer_name", "operator": "contains", "value": "Ada"}]});
    let columns = waybill::orders::filter_columns::columns(|_| true);
    let tree = waybill::filters::Tree::from_value(tree, columns).unwrap();
    let filter = waybill::orders::list::Filter { tree: Some(tree), ..Default::default() };
    let ada =
        Wanted { which: Which::Orders(Box::new(filter)), ..wanted(Resource::Orders, Format::Csv, &["id"]) };
    let id = ask(&shop, &ada, &by).await;
    shop.sql("update memberships set role = 'support'").await;
    shop.run().await;
    assert_eq!(export(&shop, id).await.state, ExportState::Failed);
    shop.sql("update memberships set role = 'client'").await;
    let id = ask(&shop, &ada, &by).await;
    shop.run().await;
    let done = export(&shop, id).await;
    assert_eq!((done.state, done.rows_written), (ExportState::Finished, 3), "{}", done.reason);
}
