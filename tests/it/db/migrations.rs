//! Every migration goes up, down without a trace, and up again.

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_migrations::MigrationHarness;
use tokio_postgres::Client;

use crate::support::database::{MIGRATIONS, TestDatabase, migrate_with};

#[tokio::test]
async fn each_migration_goes_up_and_down_and_up_again() {
    let database = TestDatabase::create_bare().await;
    let client = database.connect_as_owner().await;
    let up = || {
        migrate_with(&database.owner_url(), |harness| {
            harness.run_next_migration(MIGRATIONS).expect("up");
        });
    };
    let down = || {
        migrate_with(&database.owner_url(), |harness| {
            harness.revert_last_migration(MIGRATIONS).expect("down");
        });
    };
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().expect("the embedded migrations");
    let mut empty = Vec::new();
    for (n, migration) in migrations.iter().enumerate() {
        let before = objects(&client).await;
        if n == 0 {
            empty.clone_from(&before);
        }
        up();
        let after = objects(&client).await;
        down();
        assert_same(&before, &objects(&client).await, &format!("{} after its down", migration.name()));
        up();
        assert_same(&after, &objects(&client).await, &format!("{} up for the second time", migration.name()));
    }
    for _ in &migrations {
        down();
    }
    assert_same(&empty, &objects(&client).await, "all migrations, down again");
}

fn assert_same(expected: &[String], found: &[String], what: &str) {
    let missing: Vec<_> = expected.iter().filter(|object| !found.contains(object)).collect();
    let extra: Vec<_> = found.iter().filter(|object| !expected.contains(object)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{what}: missing {missing:#?}, left over {extra:#?}");
}

/// Everything a migration can make, one line each; diesel's own table aside.
/// Partitions are data: the months of a log come and go, and fall with their table.
async fn objects(client: &Client) -> Vec<String> {
    let rows = client
        .query(
            "with tables as (
                 select oid, relname, relkind, relacl, relrowsecurity, relforcerowsecurity from pg_class
                 where relnamespace = 'public'::regnamespace and relname not like '\\_\\_diesel%'
                   and not relispartition
             )
             select format('%s %s %s rls %s %s', relkind, relname, relacl, relrowsecurity, relforcerowsecurity) as object
                 from tables
             union all
             select format('column %s.%s %s %s %s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                           a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
                 from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                 left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
             union all
             select format('index %s', pg_get_indexdef(i.indexrelid)) from tables t join pg_index i on i.indrelid = t.oid
             union all
             select format('constraint %s.%s %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
                 from tables t join pg_constraint c on c.conrelid = t.oid
             union all
             select format('policy %s.%s', t.relname, p.polname) from tables t join pg_policy p on p.polrelid = t.oid
             union all
             select format('function %s %s', oid::regprocedure, proacl) from pg_proc
                 where pronamespace = 'public'::regnamespace
             union all
             select format('type %s', typname) from pg_type where typnamespace = 'public'::regnamespace
                 and typname not like '%\\_\\_diesel%'
                 and not typname ~ '^_' and typrelid in (select 0 union all select oid from tables)
             union all
             select format('extension %s', extname) from pg_extension
             union all
             select format('schema %s %s', nspname, nspacl) from pg_namespace where nspname !~ '^pg_(toast|temp)'
             order by object",
            &[],
        )
        .await
        .expect("reading the catalogue");
    rows.iter().map(|row| row.get(0)).collect()
}
