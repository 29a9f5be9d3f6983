//! What the schema must keep to, asked of PostgreSQL's own catalogue.
//!
//! Each test is one rule; a query lists what breaks it. A new table that forgets
//! its account, its policy or its index cannot be merged.

use tokio_postgres::{Client, error::SqlState};

use crate::support::database::{TestDatabase, connect};

/// The only tables without row-level security: they are read before the account
/// is known, belong to people and not to accounts, or are the same for everyone.
const GLOBAL: &[&str] = &[
    "__diesel_schema_migrations",
    "accounts",
    "api_tokens",
    "couriers",
    "inbound_endpoints",
    "jobs",
    "memberships",
    "sessions",
    "sign_in_attempts",
    "users",
];

/// Grow by time and are dropped by the month.
const LOGS: &[&str] = &[
    "activities",
    "bodies",
    "emails",
    "finished_jobs",
    "post_attempts",
    "transaction_records",
    "webhook_deliveries",
];

/// `owned`: the tables of accounts, partitions aside (they follow their parent).
const OWNED: &str = "with owned as (
    select c.oid, c.relname::text as name, c.relkind, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and not c.relname = any ($1::text[])
)";

/// `$1` is the list of global tables; the query's first column says what is wrong.
async fn broken(client: &Client, query: &str) -> Vec<String> {
    let rows = client.query(&format!("{OWNED} {query}"), &[&GLOBAL]).await.expect("a catalogue query");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn assert_nothing_breaks(rule: &str, query: &str) {
    let database = TestDatabase::create().await;
    let broken = broken(&database.connect_as_owner().await, query).await;
    assert!(broken.is_empty(), "{rule}, but not here: {broken:#?}");
}

#[tokio::test]
async fn the_list_of_global_tables_names_only_what_exists() {
    let database = TestDatabase::create().await;
    let client = database.connect_as_owner().await;
    let rows = client
        .query("select t from unnest($1::text[]) t where to_regclass('public.' || t) is null", &[&GLOBAL])
        .await
        .expect("a catalogue query");
    let gone: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(gone.is_empty(), "GLOBAL names tables that do not exist: {gone:?}");
    let owned = broken(&client, "select name from owned").await;
    assert!(owned.len() > 30, "the rules below look at {} tables only", owned.len());
}

#[tokio::test]
async fn every_owned_table_has_its_account() {
    assert_nothing_breaks(
        "account_id is bigint and not null",
        "select name from owned where not exists (
             select from pg_attribute a
             where a.attrelid = owned.oid and a.attname = 'account_id' and a.attnotnull
               and a.atttypid = 'bigint'::regtype and not a.attisdropped)",
    )
    .await;
}

#[tokio::test]
async fn every_primary_key_starts_with_the_account() {
    assert_nothing_breaks(
        "the primary key starts with account_id",
        "select name from owned where not exists (
             select from pg_index i
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
             where i.indrelid = owned.oid and i.indisprimary and a.attname = 'account_id')",
    )
    .await;
}

#[tokio::test]
async fn every_unique_index_includes_the_account() {
    assert_nothing_breaks(
        "a unique index includes account_id",
        "select i.indexrelid::regclass::text from owned
         join pg_index i on i.indrelid = owned.oid
         where i.indisunique and not exists (
             select from pg_attribute a
             where a.attrelid = i.indrelid and a.attname = 'account_id'
               and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1]))",
    )
    .await;
}

/// Search indexes are the exception: a gin index over trigrams has no order, and
/// the policy filters what it finds.
#[tokio::test]
async fn every_index_leads_with_the_account() {
    assert_nothing_breaks(
        "an index leads with account_id",
        "select i.indexrelid::regclass::text from owned
         join pg_index i on i.indrelid = owned.oid
         join pg_class c on c.oid = i.indexrelid
         join pg_am am on am.oid = c.relam
         where am.amname <> 'gin' and not exists (
             select from pg_attribute a
             where a.attrelid = i.indrelid and a.attname = 'account_id' and a.attnum = i.indkey[0])",
    )
    .await;
}

/// From one owned table to another the account goes along, onto the account. To
/// `accounts` and `users` a plain key is right, and the first is by account_id.
#[tokio::test]
async fn every_foreign_key_carries_the_account() {
    assert_nothing_breaks(
        "a foreign key carries account_id",
        "select format('%s: %s', f.conrelid::regclass, pg_get_constraintdef(f.oid))
         from pg_constraint f
         join pg_class parent on parent.oid = f.confrelid
         where f.contype = 'f' and f.conparentid = 0
           and (f.conrelid in (select oid from owned) or f.confrelid in (select oid from owned))
           and parent.relname <> 'users'
           and not exists (
               select from unnest(f.conkey, f.confkey) as pair (child_column, parent_column)
               join pg_attribute c on c.attrelid = f.conrelid and c.attnum = pair.child_column
               join pg_attribute p on p.attrelid = f.confrelid and p.attnum = pair.parent_column
               where c.attname = 'account_id'
                 and p.attname = case parent.relname when 'accounts' then 'id' else 'account_id' end)",
    )
    .await;
}

#[tokio::test]
async fn every_owned_table_is_protected_even_from_its_owner() {
    let isolation = "(account_id = (current_setting(''waybill.account_id''::text))::bigint)";
    assert_nothing_breaks(
        "row-level security is on, forced, and by one policy on the account for every command and role",
        &format!(
            "select name from owned
             left join pg_policy p on p.polrelid = owned.oid
             group by name, relrowsecurity, relforcerowsecurity
             having not (relrowsecurity and relforcerowsecurity and count(p.oid) = 1
                 and coalesce(bool_and(p.polcmd = '*' and p.polroles = '{{0}}'
                     and pg_get_expr(p.polqual, p.polrelid) = '{isolation}'
                     and pg_get_expr(p.polwithcheck, p.polrelid) = '{isolation}'), false))"
        ),
    )
    .await;
}

/// A partition has no policy of its own: who could read it directly would read
/// every account.
#[tokio::test]
async fn the_app_reaches_no_partition_directly() {
    assert_nothing_breaks(
        "waybill_app has no privileges on partitions",
        "select c.relname::text from pg_class c
         where c.relispartition and c.relkind in ('r', 'p')
           and has_table_privilege('waybill_app', c.oid, 'select, insert, update, delete, truncate, references, trigger')",
    )
    .await;
}

#[tokio::test]
async fn ids_and_sequences_are_never_smaller_than_bigint() {
    assert_nothing_breaks(
        "a sequence is bigint",
        "select seqrelid::regclass::text from pg_sequence where seqtypid <> 'bigint'::regtype",
    )
    .await;
    assert_nothing_breaks(
        "an id is bigint (or the text of somebody else)",
        "select format('%s.%s', c.relname, a.attname) from pg_class c
         join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and (a.attname = 'id' or a.attname ~ '_id$') and not a.atttypid in ('bigint'::regtype, 'text'::regtype)",
    )
    .await;
}

#[tokio::test]
async fn log_tables_are_partitioned_by_range_of_id_and_never_deleted_from() {
    let database = TestDatabase::create().await;
    let client = database.connect_as_owner().await;
    let rows = client
        .query(
            "select c.relname::text, pg_get_partkeydef(c.oid), partdefid <> 0,
                    has_table_privilege('waybill_app', c.oid, 'delete, truncate'),
                    to_regclass(c.relname || to_char(now() at time zone 'UTC', '_YYYY_MM')) is not null
             from pg_partitioned_table p join pg_class c on c.oid = p.partrelid order by c.relname",
            &[],
        )
        .await
        .expect("a catalogue query");
    let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, LOGS);
    for row in &rows {
        let name: &str = row.get(0);
        assert_eq!(row.get::<_, &str>(1), "RANGE (id)", "{name}");
        assert!(row.get::<_, bool>(2), "{name} has no default partition");
        assert!(!row.get::<_, bool>(3), "waybill_app may delete from {name}");
        assert!(row.get::<_, bool>(4), "{name} has no partition for this month");
    }
}

/// diesel is built with its 32-column tables.
#[tokio::test]
async fn no_table_is_wider_than_32_columns() {
    assert_nothing_breaks(
        "a table has at most 32 columns",
        "select name from owned join pg_attribute a on a.attrelid = owned.oid and a.attnum > 0 and not a.attisdropped
         group by name having count(*) > 32",
    )
    .await;
}

/// Whoever may put a function in front of ours on the path would run it as the owner.
#[tokio::test]
async fn functions_that_run_as_their_owner_fix_their_search_path() {
    assert_nothing_breaks(
        "a security definer function sets search_path",
        "select oid::regprocedure::text from pg_proc
         where pronamespace = 'public'::regnamespace and prosecdef
           and not exists (select from unnest(proconfig) setting where setting like 'search_path=%')",
    )
    .await;
}

#[tokio::test]
async fn the_app_role_owns_nothing_and_bypasses_nothing() {
    let database = TestDatabase::create().await;
    let client = database.connect_as_owner().await;
    for role in ["waybill_app", "waybill_owner"] {
        let row = client
            .query_one(
                "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                 from pg_roles where rolname = $1",
                &[&role],
            )
            .await
            .expect("the role exists");
        assert!(!row.get::<_, bool>(0), "{role} may more than it should");
    }
    let row = client
        .query_one(
            "select (select count(*) from pg_shdepend d
                     where d.refobjid = 'waybill_app'::regrole and d.deptype = 'o'
                       and d.dbid = (select oid from pg_database where datname = current_database())),
                    (select count(*) from pg_auth_members where member = 'waybill_app'::regrole),
                    has_schema_privilege('waybill_app', 'public', 'create'),
                    has_database_privilege('waybill_app', current_database(), 'create')",
            &[],
        )
        .await
        .expect("a catalogue query");
    assert_eq!(row.get::<_, i64>(0), 0, "waybill_app owns something");
    assert_eq!(row.get::<_, i64>(1), 0, "waybill_app is a member of another role");
    assert!(!row.get::<_, bool>(2) && !row.get::<_, bool>(3), "waybill_app may create objects");
}

/// Two accounts with a store and an activity each.
async fn two_accounts() -> TestDatabase {
    let database = TestDatabase::create().await;
    connect(&database.superuser_url())
        .await
        .batch_execute(
            "insert into accounts (id, name, slug) values (1, 'One', 'one'), (2, 'Two', 'two');
             insert into stores (account_id, name) values (1, 'Store of one'), (2, 'Store of two');
             insert into activities (account_id, actor_kind, verb, summary, subject_kind, subject_id)
             values (1, 'user', 'test', 'Of one', 'store', 1), (2, 'user', 'test', 'Of two', 'store', 2)",
        )
        .await
        .expect("two accounts");
    database
}

async fn code_of(client: &Client, statement: &str) -> Option<SqlState> {
    let error = client.batch_execute(statement).await.expect_err(statement);
    error.code().cloned()
}

#[tokio::test]
async fn another_accounts_rows_can_be_neither_seen_nor_touched() {
    let database = two_accounts().await;
    let mut client = database.connect_as_app().await;
    let work = client.transaction().await.expect("begin");
    work.execute("select set_config('waybill.account_id', '1', true)", &[]).await.expect("the account");
    for (query, expected) in
        [("select name from stores", "Store of one"), ("select summary from activities", "Of one")]
    {
        let rows = work.query(query, &[]).await.expect(query);
        let seen: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(seen, [expected], "{query}");
    }
    let changed = work.execute("update stores set name = 'Mine' where account_id = 2", &[]).await;
    assert_eq!(changed.expect("an update of nothing"), 0);
    work.commit().await.expect("commit");
    for statement in [
        "insert into stores (account_id, name) values (2, 'Smuggled')",
        "update stores set account_id = 2",
        "insert into activities (account_id, actor_kind, verb, summary, subject_kind, subject_id)
         values (2, 'user', 'test', 'Smuggled', 'store', 1)",
    ] {
        let in_account_one = format!("select set_config('waybill.account_id', '1', true); {statement}");
        let code = code_of(&client, &in_account_one).await;
        assert_eq!(code, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{statement}");
    }
}

#[tokio::test]
async fn without_an_account_a_query_is_an_error() {
    let database = two_accounts().await;
    // The policy is forced, so it holds for the owner as well.
    for mut client in [database.connect_as_app().await, database.connect_as_owner().await] {
        for table in ["stores", "activities"] {
            let code = code_of(&client, &format!("select * from {table}")).await;
            assert_eq!(code, Some(SqlState::UNDEFINED_OBJECT), "{table}");
        }
        // After a transaction that had one the setting is known but empty.
        let work = client.transaction().await.expect("begin");
        work.execute("select set_config('waybill.account_id', '1', true)", &[]).await.expect("the account");
        work.commit().await.expect("commit");
        let code = code_of(&client, "select * from stores").await;
        assert_eq!(code, Some(SqlState::INVALID_TEXT_REPRESENTATION));
    }
}

#[tokio::test]
async fn the_app_cannot_take_a_partition_or_the_owners_place() {
    let database = two_accounts().await;
    let client = database.connect_as_app().await;
    for statement in [
        "select * from activities_default",
        "set role waybill_owner",
        "create table mine (id bigint)",
        "alter table stores disable row level security",
        "delete from activities",
    ] {
        let in_account_one = format!("select set_config('waybill.account_id', '1', true); {statement}");
        let code = code_of(&client, &in_account_one).await;
        assert_eq!(code, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{statement}");
    }
}

/// Under row-level security a condition may use an index only if its function
/// leaks nothing; a search that cannot is a scan of the whole account.
#[tokio::test]
async fn a_search_uses_its_index_under_row_level_security() {
    let database = TestDatabase::create().await;
    database
        .connect_as_owner()
        .await
        .batch_execute("insert into accounts (id, name, slug) overriding system value values (1, 'A', 'a')")
        .await
        .expect("an account");
    let client = database.connect_as_app().await;
    client
        .batch_execute(
            "begin; set local waybill.account_id = '1'; \
             insert into customers (account_id, name, search_text) \
             select 1, 'n' || n, 'customer ' || md5(n::text) from generate_series(1, 20000) n; commit",
        )
        .await
        .expect("customers");
    database.connect_as_owner().await.batch_execute("vacuum analyze customers").await.expect("statistics");
    client.batch_execute("begin; set local waybill.account_id = '1'").await.expect("a scope");
    let plan: String = client
        .query(
            "explain select id from customers where account_id = 1 and search_text like '%c4ca4238a0%'",
            &[],
        )
        .await
        .expect("a plan")
        .iter()
        .map(|row| row.get::<_, String>(0) + "\n")
        .collect();
    assert!(plan.contains("customers_search"), "{plan}");
}
