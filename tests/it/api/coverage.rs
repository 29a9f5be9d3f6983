//! Which endpoint does each operation of the products ours is measured by, and
//! which test proves it. The table in `docs/api.md` is written from here:
//! `WRITE_DOCS=1 cargo test --test it api::coverage`.

use std::{collections::BTreeMap, fs, path::Path};

/// Operations by what they are called where people know them from, and what does
/// them here.
const OPERATIONS: &[(&str, &str)] = &[
    ("S0: Post to Fulfillment", "POST /v1/fulfillments/{id}/post"),
    ("S0: Re-Post to Fulfillment", "POST /v1/fulfillments/{id}/repost"),
    ("S0: Mark as error", "POST /v1/fulfillments/{id}/mark-as-error"),
    ("S1: Reship an order", "POST /v1/orders/{id}/reship"),
    ("S1: Reship multiple orders (bulk)", "POST /v1/bulk-operations"),
    ("S2: List Fulfillments", "GET /v1/fulfillments"),
    ("S2: Export Fulfillments", "GET /v1/fulfillments/export"),
    ("S2: Get Fulfillment Detail", "GET /v1/fulfillments/{id}"),
    ("S2: Get Fulfillment Line Items", "GET /v1/fulfillments/{id}/line-items"),
    ("S2: Get Activity Log", "GET /v1/fulfillments/{id}/activity-log"),
    ("S2: Get Inventory Movements", "GET /v1/fulfillments/{id}/inventory-movements"),
    ("S2: Clear Channel Submission", "POST /v1/fulfillments/{id}/clear-channel-submission"),
    ("S2: Submit to Sales Channel", "POST /v1/fulfillments/{id}/submit-to-sales-channel"),
    ("S2: Resync to Provider", "POST /v1/fulfillments/{id}/resync-to-provider"),
    ("S2: Resync from Provider", "POST /v1/fulfillments/{id}/resync-from-provider"),
    ("S2: Cancel Provider Order", "POST /v1/fulfillments/{id}/cancel-provider-order"),
    ("S2: Edit Shipping Details", "PATCH /v1/fulfillments/{id}/shipping-details"),
    ("S2: Void Shipment", "POST /v1/fulfillments/{id}/void"),
    ("S2: Bulk Void Shipments", "DELETE /v1/fulfillments"),
    ("S3: Create and list orders", "POST /v1/orders"),
    ("S3: Resend Fulfillments", "POST /v1/orders/{id}/resend-fulfillments"),
    ("S3: Courier Mappings", "PUT /v1/channels/{id}/courier-mappings"),
    ("S3: Transaction Records", "GET /v1/transaction-records"),
    ("S4: GET /fulfillments.json", "GET /v1/fulfillments.json"),
    ("S4: POST /fulfillments.json", "POST /v1/fulfillments.json"),
    ("S4: GET /fulfillments/{id}.json", "GET /v1/fulfillments/{id}.json"),
    ("S4: PUT /fulfillments/{id}.json", "PUT /v1/fulfillments/{id}.json"),
];

/// Operations that a comment above a test says it proves, with the tests.
fn proven() -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let mut proven: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let room = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut waiting: Vec<String> = Vec::new();
        let mut test = false;
        for line in fs::read_to_string(&file).unwrap().lines() {
            if let Some(operation) = line.strip_prefix("// proves ") {
                waiting.push(operation.to_owned());
            }
            test |= line.starts_with("#[tokio::test") || line.starts_with("#[test");
            if let Some(name) = line.strip_prefix("async fn ").or(line.strip_prefix("fn ")) {
                let name = name.split('(').next().unwrap_or_default();
                for operation in waiting.drain(..) {
                    assert!(test, "{name} is no test, so it proves nothing");
                    proven.entry(operation).or_default().push(format!("api::{room}::{name}"));
                }
                test = false;
            }
        }
    }
    proven
}

#[test]
fn the_table_in_the_docs_is_that_of_the_tests() {
    let proven = proven();
    for operation in proven.keys() {
        assert!(OPERATIONS.iter().any(|(known, _)| known == operation), "no operation is called {operation}");
    }
    let mut table = String::from("| operation | endpoint | tests |\n|---|---|---|\n");
    for (operation, endpoint) in OPERATIONS {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let lines = waybill::api::routes::LINES;
        assert!(lines.iter().any(|l| l.method == method && l.path == path), "{endpoint} is not in the table");
        let tests = proven.get(*operation).unwrap_or_else(|| panic!("no test proves {operation}"));
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        table.push_str(&format!("| {operation} | `{endpoint}` | {} |\n", tests.join(", ")));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once("<!-- table -->\n").expect("the place of the table");
    let after = after.split_once("<!-- end of table -->").expect("its end").1;
    let written = format!("{before}<!-- table -->\n{table}<!-- end of table -->{after}");
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, written).unwrap();
    } else {
        assert_eq!(text, written, "write it again with WRITE_DOCS=1");
    }
}
