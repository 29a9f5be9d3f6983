//! Files of orders and shipments: what is in them, what reads them, and their life.

mod jobs;
mod pages;
mod same_rows;
mod writing;

use crate::support::shop::Shop;
use waybill::{
    accounts::Role,
    actions::By,
    exports::{
        Export, Format, Resource, Wanted, Which,
        begin::{self},
        columns, find,
    },
    ids::ExportId,
};

/// Orders with a shipment each, as many as one likes.
async fn filled(orders: i32) -> Shop {
    let shop = Shop::open().await;
    shop.database.unchecked("the benchmark’s orders leave their fulfillment orders open");
    let mut scope = shop.scope().await;
    waybill::cli::bench::orders::make(&mut scope, orders, true).await.unwrap();
    scope.commit().await.unwrap();
    shop
}

/// Everything of a resource, in its usual columns.
fn wanted(resource: Resource, format: Format, names: &[&str]) -> Wanted {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Wanted {
        which: match resource {
            Resource::Orders => Which::Orders(Box::default()),
            Resource::Shipments => Which::Shipments(Box::default()),
        },
        columns: columns::chosen(resource, &names, |_| true).unwrap(),
        format,
        phrase: "Everything".into(),
    }
}

async fn ask(shop: &Shop, wanted: &Wanted, by: &By) -> ExportId {
    let mut scope = shop.scope().await;
    let id = begin::begin(&mut scope, wanted, by, crate::support::shop::now()).await.unwrap();
    scope.commit().await.unwrap();
    id
}

async fn export(shop: &Shop, id: ExportId) -> Export {
    find(&mut shop.scope().await, id).await.unwrap().unwrap()
}

/// An admin who is there, so that their rights can be looked up and taken away.
async fn admin(shop: &Shop) -> By {
    let roles = [(shop.account, Role::Admin)];
    let user = crate::support::portal::add_user(&shop.database, "exporter", &roles).await;
    let mut by = shop.by(Role::Admin);
    by.actor.id = Some(user.id.0);
    by
}

/// What lies in the folder for exports.
fn lying(shop: &Shop) -> Vec<String> {
    let entries = std::fs::read_dir(shop.work.files.join("exports")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The records of a CSV file.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}
