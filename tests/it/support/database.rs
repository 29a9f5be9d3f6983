//! A database of its own for every test.
//!
//! It is a copy of a template that is named after the contents of all migrations.
//! Whoever comes first builds the template; so `cargo test`, one test in an editor
//! and CI all just work. The server is the private one of `waybill::db::embedded`,
//! without fsync, shared by all test processes; with `TEST_DATABASE_ADMIN_URL` (a
//! superuser's) it is another one.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::UNIX_EPOCH,
};

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use nix::unistd::geteuid;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, NoTls};
use url::Url;
use waybill::{
    cli::check,
    db::{
        Db,
        embedded::{
            ALLOW_SEARCHING, APP_ROLE, DATABASE, LocalPg, OWNER_ROLE, Options, bootstrap, create_roles,
        },
    },
};

/// All of them, in order.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// One builder and sweeper at a time, over all processes of the server.
const LOCK: i64 = 7_213_002;
/// Part of the template's name: raise it when the template is built differently.
const RECIPE: &str = "3";
const TEMPLATES: &str = "waybill_template_";
const COPIES: &str = "waybill_test_";

/// A database that ends with the value.
pub struct TestDatabase {
    name: String,
    server: &'static Server,
    /// Whether it is to balance in the end.
    checked: AtomicBool,
}

struct Server {
    admin: Url,
    template: String,
    /// Kept for its end: statics are not dropped, see `leave`.
    local: Option<LocalPg>,
}

static SERVER: OnceLock<Server> = OnceLock::new();

impl TestDatabase {
    /// Migrated and empty.
    pub async fn create() -> TestDatabase {
        let server = server();
        let database = TestDatabase::make(server, &format!("template {}", server.template)).await;
        database.checked.store(true, Ordering::Relaxed);
        database
    }

    /// Not even migrated.
    pub async fn create_bare() -> TestDatabase {
        TestDatabase::make(server(), "").await
    }

    /// Migrated and empty, on a server of the caller's own: one that drills may kill.
    pub async fn create_on(local: &LocalPg) -> TestDatabase {
        let admin = Url::parse(&local.superuser_url()).expect("a URL");
        let server = Box::leak(Box::new(Server { admin, template: String::new(), local: None }));
        bootstrap(server.admin.as_str()).await.expect("roles and database");
        let database = TestDatabase { name: DATABASE.to_owned(), server, checked: AtomicBool::new(false) };
        let url = database.owner_url();
        thread::scope(|scope| scope.spawn(|| migrate(&url)).join()).expect("migrating it");
        database
    }

    /// file_copy because fsync is off: a third of the time that a copy through the
    /// write-ahead log takes.
    async fn make(server: &'static Server, how: &str) -> TestDatabase {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // A process number comes back; with the moment it does not.
        static RUN: LazyLock<String> = LazyLock::new(|| {
            let moment = UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
            format!("{}_{moment:x}", process::id())
        });
        let name = format!("{COPIES}{}_{}", *RUN, COUNT.fetch_add(1, Ordering::Relaxed));
        let admin = connect(server.admin.as_str()).await;
        admin
            .batch_execute(&format!("create database {name} owner {OWNER_ROLE} strategy file_copy {how}"))
            .await
            .expect("making the test's database");
        TestDatabase { name, server, checked: AtomicBool::new(false) }
    }

    /// It need not balance in the end: only for tests whose subject is a law that is
    /// broken, or a balance that cannot be. What others write by hand is settled,
    /// see [`super::rows::Rows`]. `why`, for who reads the test.
    pub fn unchecked(&self, why: &'static str) {
        assert!(!why.is_empty());
        self.checked.store(false, Ordering::Relaxed);
    }

    /// What breaks a law in any of its accounts, in sentences.
    pub fn breaks(&self) -> String {
        let url = self.owner_url();
        apart(async move {
            let db = Db::open(&url, 1, "check").expect("a pool");
            let checked = check::database(&db, None).await.expect("the check");
            checked.iter().filter(|c| !c.broken.is_empty()).map(check::sentences).collect()
        })
    }

    /// As the role that owns it; what the app's `DATABASE_URL` would be.
    pub fn owner_url(&self) -> String {
        self.server.url(Some(OWNER_ROLE), &self.name)
    }

    /// As the role the app works as.
    pub fn app_url(&self) -> String {
        self.server.url(Some(APP_ROLE), &self.name)
    }

    /// As the superuser: to look at what the others may not see.
    pub fn superuser_url(&self) -> String {
        self.server.url(None, &self.name)
    }

    /// A plain connection as the owner, for catalogue queries.
    pub async fn connect_as_owner(&self) -> Client {
        connect(&self.owner_url()).await
    }

    /// A plain connection as the application's role.
    pub async fn connect_as_app(&self) -> Client {
        connect(&self.app_url()).await
    }
}

impl Drop for TestDatabase {
    /// A test that went well leaves a database that balances. Dropping it is done
    /// at best: what stays is swept by a later run.
    fn drop(&mut self) {
        let checked = self.checked.load(Ordering::Relaxed) && !thread::panicking();
        let breaks = if checked { self.breaks() } else { String::new() };
        let admin = self.server.admin.to_string();
        let statement = format!("drop database if exists {} with (force)", self.name);
        apart(async move {
            let (client, connection) = tokio_postgres::connect(&admin, NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(&statement).await
        })
        .unwrap_or_else(|error| eprintln!("a test's database stays for the next sweep: {error}"));
        assert!(breaks.is_empty(), "the test left what does not balance:\n{breaks}");
    }
}

impl Server {
    fn url(&self, user: Option<&str>, database: &str) -> String {
        let mut url = self.admin.clone();
        if let Some(user) = user {
            url.set_username(user).expect("a URL with a host");
        }
        url.set_path(database);
        url.to_string()
    }
}

/// Runs every pending migration. The harness of diesel-async blocks, which only a
/// multi-thread runtime allows; tests and actix workers have the other kind.
pub fn migrate(url: &str) {
    migrate_with(url, |harness| {
        harness.run_pending_migrations(MIGRATIONS).map(|_| ()).expect("running the migrations");
    });
}

/// Hands a migration harness on `url` to `work`, on a runtime of its own.
pub fn migrate_with(url: &str, work: impl FnOnce(&mut AsyncMigrationHarness<AsyncPgConnection>) + Send) {
    apart(async move {
        let connection = AsyncPgConnection::establish(url).await.expect("connecting for migrations");
        work(&mut AsyncMigrationHarness::new(connection));
    });
}

/// A connection whose driver ends with it.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("connecting to {url}: {error}"));
    tokio::spawn(connection);
    client
}

/// On a thread with a runtime of its own, whatever runtime the test has.
fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| {
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime for the test's database")
        };
        scope
            .spawn(move || runtime().block_on(work))
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let local = match std::env::var("TEST_DATABASE_ADMIN_URL") {
            Ok(_) => None,
            Err(_) => Some(start_local()),
        };
        let admin = match &local {
            Some(local) => local.superuser_url(),
            None => std::env::var("TEST_DATABASE_ADMIN_URL").expect("looked up just now"),
        };
        let admin = Url::parse(&admin).expect("TEST_DATABASE_ADMIN_URL is a URL");
        let template = format!("{TEMPLATES}{}", fingerprint());
        let fresh = local.as_ref().is_some_and(|local| local.report.started_here());
        let server = Server { admin, template, local };
        apart(prepare(&server, fresh));
        server
    })
}

fn start_local() -> LocalPg {
    let checkout = Sha256::digest(env!("CARGO_MANIFEST_DIR").as_bytes());
    // One for each account: root and a developer may test the same checkout.
    let name = format!("waybill-tests-{}-{}", geteuid(), hex(&checkout));
    let home = scratch_folder().join(name);
    let local = LocalPg::start(&Options::throwaway(home)).expect("the tests' PostgreSQL server");
    extern "C" fn leave() {
        if let Some(local) = SERVER.get().and_then(|server| server.local.as_ref()) {
            local.leave_on_exit();
        }
    }
    // SAFETY: `leave` is a plain function that reads a static and does not unwind.
    unsafe { libc::atexit(leave) };
    local
}

/// In memory where there is room. A copy is a thousand files that come and go, and
/// a disk can mind: ext4 without a journal (many virtual machines) steps over every
/// file deleted in the last minutes to make a new one, which took a test from 50 ms
/// to over a second.
pub fn scratch_folder() -> PathBuf {
    #[cfg(target_os = "linux")]
    {
        const ENOUGH: u64 = 1 << 30;
        let memory = Path::new("/dev/shm");
        let free =
            nix::sys::statvfs::statvfs(memory).map(|disk| disk.blocks_available() * disk.fragment_size());
        if free.is_ok_and(|free| free >= ENOUGH) {
            return memory.to_owned();
        }
    }
    std::env::temp_dir()
}

/// Sweeps what older runs left and builds the template if it is not there.
async fn prepare(server: &Server, fresh: bool) {
    let admin = connect(server.admin.as_str()).await;
    admin.execute("select pg_advisory_lock($1)", &[&LOCK]).await.expect("the builders' lock");
    sweep(&admin, &server.template, fresh).await;
    create_roles(&admin, server.admin.password()).await.expect("making the roles");
    let known = admin
        .query_opt("select from pg_database where datname = $1", &[&server.template])
        .await
        .expect("looking for the template");
    if known.is_some() {
        return;
    }
    let half = format!("{}_half", server.template);
    let template = &server.template;
    admin
        .batch_execute(&format!("drop database if exists {half} with (force)"))
        .await
        .expect("clearing the way");
    admin
        .batch_execute(&format!("create database {half} owner {OWNER_ROLE}"))
        .await
        .expect("the template to be");
    let superuser = connect(&server.url(None, &half)).await;
    superuser.batch_execute(ALLOW_SEARCHING).await.expect("allowing searches their index");
    drop(superuser);
    let url = server.url(Some(OWNER_ROLE), &half);
    thread::scope(|scope| scope.spawn(|| migrate(&url)).join()).expect("migrating the template");
    // Renamed when done: a template is whole or not there.
    admin
        .batch_execute(&format!("alter database {half} rename to {template}"))
        .await
        .expect("naming the template");
}

/// Other templates and copies, unless they may be in use: on a server that was
/// started just now nothing is, elsewhere what is younger than two hours.
async fn sweep(admin: &Client, template: &str, fresh: bool) {
    let leftovers = admin
        .query(
            "select datname::text from pg_database
             where (starts_with(datname, $1) or starts_with(datname, $2)) and datname <> $3
               and ($4 or (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '2 hours')",
            &[&TEMPLATES, &COPIES, &template, &fresh],
        )
        .await
        .expect("looking for leftovers");
    for row in leftovers {
        let name: &str = row.get(0);
        // Another process may be at it too.
        let _ = admin.batch_execute(&format!("drop database if exists {name} with (force)")).await;
    }
}

/// Sixteen hexadecimal digits that change with any byte of any migration.
fn fingerprint() -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
        .expect("the migrations' folder")
        .flatten()
        .flat_map(|migration| ["up.sql", "down.sql"].map(|file| migration.path().join(file)))
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    hash.update(RECIPE);
    for file in files {
        hash.update(file.file_name().expect("named above").as_encoded_bytes());
        hash.update(fs::read(&file).unwrap_or_default());
    }
    hex(&hash.finalize())
}

/// The first sixteen hexadecimal digits.
fn hex(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
