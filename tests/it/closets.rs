//! The ground floor: money, paging, ids, secrets, statements, enums.

use crate::support::database::TestDatabase;
use proptest::prelude::*;
use waybill::{
    clock,
    db::{Db, sql},
    ids::{AccountId, log_id_floor, log_id_time},
    money,
    paging::{Cursor, Page},
    secrets::{Keyring, Place},
};

#[test]
fn money_is_shown_as_people_read_it() {
    for (minor, currency, shown) in [
        (12840, "EUR", "€128.40"),
        (-420, "EUR", "−€4.20"),
        (12800, "JPY", "¥12,800"),
        (6400, "CAD", "$64.00 CAD"),
        (123_456_789, "USD", "$1,234,567.89"),
        (51200, "PLN", "512.00 PLN"),
        (1234, "KWD", "1.234 KWD"),
        (5, "GBP", "£0.05"),
        (i64::MIN, "EUR", "−€92,233,720,368,547,758.08"),
    ] {
        assert_eq!(money::display(minor, currency), shown);
    }
}

proptest! {
    #[test]
    fn an_amount_survives_being_written(minor in any::<i32>(), currency in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
        let minor = i64::from(minor);
        prop_assert_eq!(money::parse(&money::decimal(minor, currency), currency), Some(minor));
    }

    #[test]
    fn nothing_written_as_an_amount_makes_it_stumble(text in ".{0,24}") {
        let _ = money::parse(&text, "EUR");
    }

    #[test]
    fn a_cursor_survives_its_url(at in -4_000_000_000_000_000_i64..4_000_000_000_000_000, id in any::<i64>(), backwards in any::<bool>()) {
        let cursor = Cursor { at_micros: at, id, backwards };
        prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn a_made_up_cursor_is_none_or_harmless(text in ".{0,40}") {
        let _ = Cursor::decode(&text);
    }

    /// Walking a list forwards and back meets every row once, in order.
    #[test]
    fn pages_meet_every_row_once(rows in 0_usize..60, size in 1_usize..9) {
        let all: Vec<i64> = (0..rows as i64).rev().collect();
        let fetch = |from: Option<Cursor>| -> Page<i64> {
            let found: Vec<i64> = match from {
                None => all.iter().copied().take(size + 1).collect(),
                Some(c) if c.backwards => all.iter().rev().copied().filter(|r| *r > c.id).take(size + 1).collect(),
                Some(c) => all.iter().copied().filter(|r| *r < c.id).take(size + 1).collect(),
            };
            Page::cut(found, size, from, |r| (chrono::DateTime::from_timestamp(*r, 0).unwrap_or_default(), *r))
        };
        let (mut seen, mut page) = (Vec::new(), fetch(None));
        let mut pages = vec![page.rows.clone()];
        prop_assert!(page.previous.is_none());
        seen.extend(page.rows.clone());
        while let Some(next) = page.next {
            page = fetch(Some(next));
            seen.extend(page.rows.clone());
            pages.push(page.rows.clone());
        }
        prop_assert_eq!(&seen, &all);
        while let Some(previous) = page.previous {
            page = fetch(Some(previous));
            pages.pop();
            prop_assert_eq!(Some(&page.rows), pages.last());
        }
        prop_assert_eq!(pages.len(), 1);
    }
}

#[test]
fn a_time_ordered_id_tells_its_time() {
    let now = clock::now();
    let id = log_id_floor(now);
    assert_eq!(log_id_time(id).timestamp_millis(), now.timestamp_millis());
    assert_eq!(log_id_time(id | 4095).timestamp_millis(), now.timestamp_millis());
}

#[test]
fn a_sealed_secret_opens_only_where_it_lies() {
    use secrecy::ExposeSecret;
    let keys = Keyring::random();
    let here = Place { account: AccountId(1), column: "channels.credentials", row: 7 };
    let sealed = keys.seal(here, "shpat_secret").unwrap();
    assert_eq!(keys.open(here, &sealed).unwrap().expose_secret(), "shpat_secret");
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
    assert_ne!(sealed, keys.seal(here, "shpat_secret").unwrap(), "each sealing has its own nonce");
    for elsewhere in [
        Place { account: AccountId(2), ..here },
        Place { row: 8, ..here },
        Place { column: "connections.credentials", ..here },
    ] {
        assert!(keys.open(elsewhere, &sealed).is_err());
    }
    for byte in 0..sealed.len() {
        let mut wrong = sealed.clone();
        wrong[byte] ^= 1;
        assert!(keys.open(here, &wrong).is_err(), "byte {byte}");
    }
    let said = Keyring::random().open(here, &sealed).unwrap_err().to_string();
    assert!(said.contains("another installation key"), "{said}");
    assert_eq!(format!("{keys:?}"), "Keyring(…)");
}

#[tokio::test]
async fn a_statement_with_a_hole_too_many_or_too_few_does_not_run() {
    let database = TestDatabase::create().await;
    let db = Db::open(&database.app_url(), 2, "test").unwrap();
    let mut scope = db.scope(AccountId(1)).await.unwrap();
    assert!(scope.execute(sql("select {}::text")).await.is_err());
    assert!(scope.execute(sql("select 1").bind("one too many")).await.is_err());
    assert!(scope.execute(sql("select {}::text, {}::bigint").bind("a").bind(1_i64)).await.is_ok());
}

#[tokio::test]
async fn a_transaction_that_failed_inside_says_so_at_its_commit() {
    let database = TestDatabase::create().await;
    let db = Db::open(&database.app_url(), 1, "test").unwrap();
    let mut scope = db.scope(AccountId(1)).await.unwrap();
    assert!(scope.execute(sql("select 1 / 0")).await.is_err());
    assert!(scope.commit().await.is_err(), "COMMIT alone would answer ROLLBACK and no error");
    // the one connection of the pool works again, and a dropped scope rolled back
    for _ in 0..3 {
        let mut scope = db.scope(AccountId(1)).await.unwrap();
        scope.execute(sql("select 1")).await.unwrap();
    }
}

#[tokio::test]
async fn every_word_of_every_state_passes_its_check() {
    use waybill::{
        accounts::Role,
        channels::{ChannelKind, Notification, OnUnmappedCourier},
        evidence::{ActorKind, LogType, RecordStatus, activity::Ended},
        notify::{emails::EmailState, responders::Trigger},
        orders::{HoldKind, OrderStatus, PaymentStatus},
        problems::ProblemKind,
        providers::ProviderKind,
        shipments::{
            ChannelSync, FulfillmentType, InventoryStatus, Status, TrackingStatus,
            posts::{PostState, Step},
        },
    };
    macro_rules! words {
        ($($table:literal, $column:literal => $type:ty;)*) => {
            vec![$(($table, $column, <$type>::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>())),*]
        };
    }
    let all = words! {
        "memberships", "role" => Role;
        "channels", "kind" => ChannelKind;
        "channels", "on_unmapped_courier" => OnUnmappedCourier;
        "channels", "channel_notification" => Notification;
        "connections", "kind" => ProviderKind;
        "orders", "status" => OrderStatus;
        "orders", "payment_status" => PaymentStatus;
        "order_holds", "kind" => HoldKind;
        "shipments", "status" => Status;
        "shipments", "channel_sync" => ChannelSync;
        "shipments", "fulfillment_type" => FulfillmentType;
        "shipments", "inventory_status" => InventoryStatus;
        "shipments", "tracking_status" => TrackingStatus;
        "posts", "state" => PostState;
        "post_attempts", "step" => Step;
        "transaction_records", "log_type" => LogType;
        "transaction_records", "status" => RecordStatus;
        "activities", "actor_kind" => ActorKind;
        "activities", "result" => Ended;
        "problems", "kind" => ProblemKind;
        "responders", "trigger" => Trigger;
        "emails", "state" => EmailState;
    };
    let database = TestDatabase::create().await;
    let client = database.connect_as_owner().await;
    for (table, column, words) in all {
        let row = client
            .query_one(
                "select string_agg(pg_get_constraintdef(c.oid), ' ') from pg_constraint c \
                 join pg_attribute a on a.attrelid = c.conrelid and array[a.attnum] = c.conkey \
                 where c.conrelid = $1::text::regclass and c.contype = 'c' and a.attname = $2",
                &[&table, &column],
            )
            .await
            .unwrap();
        let check: Option<String> = row.get(0);
        let check = check.unwrap_or_else(|| panic!("{table}.{column} has no check"));
        let known: std::collections::BTreeSet<&str> = check.split('\'').skip(1).step_by(2).collect();
        for word in words {
            assert!(known.contains(word), "{table}.{column} does not know {word}: {check}");
        }
    }
}

#[test]
fn states_move_only_as_the_table_says() {
    use waybill::shipments::Status;
    let table: String = Status::ALL
        .iter()
        .map(|from| {
            let to: Vec<&str> =
                Status::ALL.iter().filter(|to| from.can_become(**to)).map(|s| s.as_str()).collect();
            format!("{from} → {}\n", to.join(" "))
        })
        .collect();
    insta::assert_snapshot!(table, @"
    pending_post → posting shipped error canceled
    posting → pending_post pending_tracking shipped delivered error unconfirmed
    pending_tracking → pending_post posting shipped delivered error canceled
    shipped → posting delivered error canceled
    delivered → posting canceled
    error → posting pending_tracking shipped delivered unconfirmed canceled
    unconfirmed → posting pending_tracking shipped error canceled
    canceled → pending_post pending_tracking shipped delivered error
    ");
}

/// A page reads with several statements; they must tell of one moment.
#[tokio::test]
async fn a_page_sees_one_moment_and_cannot_write() {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let shop = crate::support::shop::Shop::open().await;
    let read = async |scope: &mut waybill::db::Scope| {
        let row: Option<Name> = scope
            .row(sql("select name from warehouses where account_id = {}").bind(shop.account))
            .await
            .unwrap();
        row.unwrap().name
    };
    let mut page = shop.db.snapshot(shop.account).await.unwrap();
    assert_eq!(read(&mut page).await, "Antwerp");
    shop.sql("update warehouses set name = 'Leeds'").await;
    assert_eq!(read(&mut page).await, "Antwerp");
    let written =
        page.execute(sql("update warehouses set name = 'x' where account_id = {}").bind(shop.account)).await;
    assert!(written.is_err());
    assert_eq!(read(&mut shop.db.snapshot(shop.account).await.unwrap()).await, "Leeds");
}
