//! Trees on the lists of shipments and orders.

use crate::support::portal::Portal;
use diesel::{QueryableByName, sql_types::BigInt};
use serde_json::{Value, json};
use std::time::Duration;
use waybill::{
    accounts::{Permission, Role},
    db::sql,
    filters::{self, Columns, Kind, ListError, Operator, Tree},
    orders, shipments,
    web::badge,
};

/// A value that fits, for any column and operator.
fn fitting(kind: &Kind, operator: Operator) -> Value {
    let one = match kind {
        Kind::Text | Kind::List => json!("x"),
        Kind::Choice(words) => json!(words[0].0),
        Kind::Named => json!("x"),
        Kind::Number => json!(1),
        Kind::Money => json!("1.50"),
        Kind::Time => json!("2026-11-20T12:00:00Z"),
        Kind::Boolean => json!(true),
    };
    match operator {
        Operator::IsEmpty | Operator::IsNotEmpty => Value::Null,
        Operator::In | Operator::NotIn | Operator::Between => json!([one, one]),
        Operator::WithinLast => json!("7d"),
        _ => one,
    }
}

fn tree(columns: &'static Columns, column: &str, operator: &str, value: Value) -> Tree {
    let value = json!({"filters": [{"column": column, "operator": operator, "value": value}]});
    Tree::from_value(value, columns).unwrap_or_else(|faults| panic!("{faults:?}"))
}

async fn found_shipments(portal: &Portal, tree: Tree) -> Vec<String> {
    let filter = shipments::list::Filter { tree: Some(tree), ..Default::default() };
    let mut scope = portal.scope().await;
    let found = shipments::list::find(&mut scope, &filter, None, 50).await.unwrap();
    assert_eq!(found.total, Some(i64::try_from(found.page.rows.len()).unwrap()));
    found.page.rows.into_iter().map(|row| row.number).collect()
}

async fn found_orders(portal: &Portal, tree: Tree) -> Vec<String> {
    let filter = orders::list::Filter { tree: Some(tree), ..Default::default() };
    let mut scope = portal.scope().await;
    let found = orders::list::find(&mut scope, &filter, None, 50).await.unwrap();
    assert_eq!(found.total, Some(i64::try_from(found.page.rows.len()).unwrap()));
    found.page.rows.into_iter().map(|row| row.number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_takes_every_operator_of_its_type() {
    let portal = Portal::open().await;
    let every = shipments::filter_columns::columns(|_| true);
    for column in &every.list {
        for &operator in column.kind.operators() {
            found_shipments(
                &portal,
                tree(every, column.name, operator.as_str(), fitting(&column.kind, operator)),
            )
            .await;
        }
        let some = found_shipments(
            &portal,
            tree(every, column.name, any_of(&column.kind), fitting_any(&column.kind)),
        )
        .await;
        let none = found_shipments(&portal, negated(every, column.name, &column.kind)).await;
        assert_eq!(some.len() + none.len(), 1, "{}: one or the other", column.name);
    }
    let every = orders::filter_columns::columns(|_| true);
    for column in &every.list {
        for &operator in column.kind.operators() {
            found_orders(
                &portal,
                tree(every, column.name, operator.as_str(), fitting(&column.kind, operator)),
            )
            .await;
        }
        let some =
            found_orders(&portal, tree(every, column.name, any_of(&column.kind), fitting_any(&column.kind)))
                .await;
        let none = found_orders(&portal, negated(every, column.name, &column.kind)).await;
        assert_eq!(some.len() + none.len(), 1, "{}: one or the other", column.name);
    }
}

/// An operator that has an opposite.
fn any_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Time => "is_not_empty",
        Kind::Boolean => "eq",
        _ => "in",
    }
}

fn fitting_any(kind: &Kind) -> Value {
    match kind {
        Kind::Time => Value::Null,
        Kind::Boolean => json!(true),
        kind => fitting(kind, Operator::In),
    }
}

fn negated(columns: &'static Columns, column: &str, kind: &Kind) -> Tree {
    let operator = match kind {
        Kind::Time => "is_empty",
        Kind::Boolean => "neq",
        _ => "not_in",
    };
    tree(columns, column, operator, fitting_any(kind))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_surrounds_a_row_is_found_through_it() {
    let portal = Portal::open().await;
    let account = portal.own.account;
    portal
        .sql(&format!(
            "update shipments set tracking_number = 'JD0002', courier = 'DPD_be', tags = '{{Gift}}', cost_minor = 1250 \
             where account_id = {account}; \
             update orders set tags = '{{VIP,late}}', total_minor = 4999 where account_id = {account}"
        ))
        .await;
    let every = shipments::filter_columns::columns(|_| true);
    for (column, operator, value) in [
        ("reference", "eq", json!("shp-OWN")),
        ("order_number", "starts_with", json!("ord-")),
        ("tracking_number", "ends_with", json!("0002")),
        ("courier", "in", json!(["gls", "dpd_BE"])),
        ("tags", "contains", json!("gift")),
        ("cost", "between", json!(["12.5", "12.50"])),
        ("customer_name", "contains", json!("lovelace")),
        ("is_reship", "eq", json!(false)),
        ("voided_at", "is_empty", Value::Null),
    ] {
        let tree = tree(every, column, operator, value);
        assert_eq!(found_shipments(&portal, tree.clone()).await, ["SHP-own"], "{:?}", tree.phrases());
    }
    let every = orders::filter_columns::columns(|_| true);
    for (column, operator, value) in [
        ("number", "eq", json!("ord-own")),
        ("tags", "in", json!(["vip"])),
        ("total", "eq", json!("49.99")),
        ("total", "gt", json!(49.98)),
        ("customer_email", "is_not_empty", Value::Null),
    ] {
        let tree = tree(every, column, operator, value);
        assert_eq!(found_orders(&portal, tree.clone()).await, ["ORD-own"], "{:?}", tree.phrases());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn voided_shipments_are_there_for_who_asks_for_them() {
    let portal = Portal::open().await;
    portal.database.unchecked("a state set by hand");
    let account = portal.own.account;
    portal
        .sql(&format!(
            "update shipments set status = 'canceled', voided_at = now() where account_id = {account}"
        ))
        .await;
    let every = shipments::filter_columns::columns(|_| true);
    let found = async |column: &str, operator: &str, value| {
        found_shipments(&portal, tree(every, column, operator, value)).await.len()
    };
    assert_eq!(found("reference", "eq", json!("shp-own")).await, 0);
    assert_eq!(found("status", "eq", json!("canceled")).await, 1);
    assert_eq!(found("status", "in", json!(["error", "canceled"])).await, 1);
    assert_eq!(found("status", "neq", json!("error")).await, 0, "not asked for by name");
    assert_eq!(found("voided_at", "within_last", json!("1d")).await, 1);
}

#[test]
fn people_filter_by_what_they_may_see() {
    let client = shipments::filter_columns::columns(|p| Role::Client.can(p));
    assert!(client.find("customer_name").is_some() && client.find("cost").is_none());
    assert_eq!(client.withheld, [("cost", "Costs")]);
    let support = orders::filter_columns::columns(|p| Role::Support.can(p));
    assert!(support.find("customer_email").is_none() && support.find("sku").is_some());
    let nobody = shipments::filter_columns::columns(|_| false);
    assert_eq!(nobody.withheld.len(), 3);
    let all = shipments::filter_columns::columns(|_| true);
    let names: Vec<&str> = all.list.iter().map(|column| column.name).collect();
    // the list of design/api.md
    let designed = "id reference order_number channel_reference status channel_sync tracking_number tracking_status courier \
        connection provider warehouse store channel customer_name customer_email sku country fulfillment_type inventory_status \
        is_reship error_class tags cost date_post shipped_at delivered_at submitted_to_sales_channel_at created_at updated_at voided_at";
    assert_eq!(names.join(" "), designed);
    assert!(client.find("cost").is_none() && Role::Admin.can(Permission::CostsView));
}

#[test]
fn a_choice_reads_as_its_badge() {
    let columns = shipments::filter_columns::columns(|_| true);
    let others = orders::filter_columns::columns(|_| true);
    let read = |columns: &'static Columns, name: &str, word: &str| {
        let Kind::Choice(words) = &columns.find(name).unwrap().kind else { panic!("{name}") };
        words.iter().find(|(known, _)| *known == word).unwrap_or_else(|| panic!("{name} {word}")).1.clone()
    };
    for &status in shipments::Status::ALL {
        let label = badge::shipment_status(status).label;
        assert_eq!(read(columns, "status", status.as_str()), label);
        assert_eq!(read(others, "shipment_status", status.as_str()), label);
    }
    for &sync in shipments::ChannelSync::ALL {
        let label = badge::channel_sync(sync).label;
        assert_eq!(read(columns, "channel_sync", sync.as_str()), label);
        assert_eq!(read(others, "channel_sync", sync.as_str()), label);
    }
    for &status in orders::OrderStatus::ALL {
        assert_eq!(read(others, "status", status.as_str()), badge::order_status(status).label);
    }
    for &status in orders::PaymentStatus::ALL {
        assert_eq!(read(others, "payment_status", status.as_str()), badge::payment_status(status).label);
    }
}

#[test]
fn a_kept_filter_keeps_its_tree_or_is_nothing() {
    let every = shipments::filter_columns::columns(|_| true);
    let filter =
        shipments::list::Filter { tree: Some(tree(every, "cost", "gt", json!("3"))), ..Default::default() };
    let mut kept = serde_json::to_value(&filter).unwrap();
    let read: shipments::list::Filter = serde_json::from_value(kept.clone()).unwrap();
    assert_eq!(read.tree, filter.tree);
    kept["tree"]["filters"][0]["column"] = json!("lost");
    assert!(serde_json::from_value::<shipments::list::Filter>(kept.clone()).is_err(), "never a wider one");
    kept.as_object_mut().unwrap().remove("tree");
    let earlier: shipments::list::Filter = serde_json::from_value(kept).unwrap();
    assert!(earlier.tree.is_none(), "of an operation from before there were trees");
}

#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_names_the_condition_and_leaves_the_page_its_transaction() {
    let portal = Portal::open().await;
    let columns = orders::filter_columns::columns(|_| true);
    let broad = json!({"filters": [{"column": "status", "operator": "eq", "value": "shipped"}], "groups": [{"filters": [
        {"column": "customer_name", "operator": "contains", "value": "e"}, {"column": "number", "operator": "neq", "value": "1"}]}]});
    let broad = Tree::from_value(broad, columns).unwrap();
    let mut scope = portal.scope().await;
    let statement = sql("select 1::bigint as n from pg_sleep(60)");
    let error = filters::rows::<One>(&mut scope, Some(&broad), Duration::from_millis(50), statement)
        .await
        .err()
        .unwrap();
    assert!(error.is_too_slow(), "{error:?}");
    let ListError::TooBroad(fault) = ListError::of(error, Some(&broad)) else { panic!("it is the tree’s") };
    assert_eq!((fault.path.as_str(), fault.code), ("filter_groups.groups[0].filters[0]", "too_broad"));
    assert!(fault.detail.starts_with("“Customer: contains “e”” is too broad"), "{}", fault.detail);
    let again: Vec<One> = scope
        .rows(sql("select setting::bigint as n from pg_settings where name = 'statement_timeout'"))
        .await
        .unwrap();
    assert_eq!(again[0].n, 15_000, "as before");
}
