//! The private server: starts, stops, is shared, and outlives no one.

use std::{
    path::PathBuf,
    process::{self, Command},
    time::{Duration, Instant},
};

use tokio_postgres::NoTls;
use waybill::db::embedded::{DATABASE, LocalPg, Options, bootstrap};

use crate::support::database::{connect, scratch_folder};

/// A scratch folder that goes with the value.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        Home(scratch_folder().join(format!("waybill-embedded-{name}-{}", process::id())))
    }

    fn start(&self) -> LocalPg {
        LocalPg::start(&Options::kept(&self.0)).expect("a private server")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn write_down(url: &str) {
    let client = connect(url).await;
    client
        .batch_execute("create table kept (word text); insert into kept values ('still here')")
        .await
        .expect("a row");
}

async fn assert_still_here(url: &str) {
    let row = connect(url).await.query_one("select word from kept", &[]).await.expect("the row of before");
    assert_eq!(row.get::<_, &str>(0), "still here");
}

#[tokio::test]
async fn starts_takes_a_guest_stops_and_keeps_its_data() {
    let home = Home::new("restart");
    let mut server = home.start();
    assert!(server.report.initdb.is_some() && !server.is_guest());
    bootstrap(&server.superuser_url()).await.expect("roles and database");
    bootstrap(&server.superuser_url()).await.expect("a second time changes nothing");
    write_down(&server.owner_url(DATABASE)).await;
    let app = connect(&server.app_url(DATABASE)).await;
    app.batch_execute("select * from kept").await.expect_err("nothing is granted yet");

    let guest = home.start();
    assert!(guest.is_guest());
    assert_still_here(&guest.owner_url(DATABASE)).await;
    drop(guest);
    assert_still_here(&server.owner_url(DATABASE)).await;

    server.stop();
    assert!(tokio_postgres::connect(&server.superuser_url(), NoTls).await.is_err(), "it runs on after stop");
    let again = home.start();
    assert!(again.report.initdb.is_none() && again.report.recovered.is_none(), "{:?}", again.report);
    assert_still_here(&again.owner_url(DATABASE)).await;
}

#[tokio::test]
async fn the_owner_may_act_as_the_app() {
    let home = Home::new("roles");
    let server = home.start();
    bootstrap(&server.superuser_url()).await.expect("roles and database");
    let url = format!("{}?options=-c%20role%3Dwaybill_app", server.owner_url(DATABASE));
    let row = connect(&url).await.query_one("select current_user::text, session_user::text", &[]).await;
    let row = row.expect("who am I");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("waybill_app", "waybill_owner"));
    let owner = connect(&server.owner_url(DATABASE)).await;
    owner.batch_execute("create extension pg_trgm").await.expect("a trusted extension");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn kill_9_of_the_app_stops_the_server() {
    let home = Home::new("killed");
    let mut app = Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["serve", "--worker-only", "--log=warn", "--var"])
        .arg(&home.0)
        .spawn()
        .expect("the app");
    // the app owns the server as soon as its own database is there
    let since = Instant::now();
    let url = loop {
        assert!(since.elapsed() < Duration::from_secs(60), "the app opens no database");
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !home.0.join("postgres/data/postmaster.pid").exists() {
            continue;
        }
        let guest = LocalPg::start(&Options::kept(home.0.join("postgres"))).expect("its server");
        if guest.is_guest() && tokio_postgres::connect(&guest.owner_url(DATABASE), NoTls).await.is_ok() {
            break guest.superuser_url();
        }
    };
    write_down(&url).await;

    // Child::kill is SIGKILL: no destructor runs.
    app.kill().expect("kill");
    app.wait().expect("reaped");
    let since = Instant::now();
    while tokio_postgres::connect(&url, NoTls).await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(10), "the server outlives the app");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let again = LocalPg::start(&Options::kept(home.0.join("postgres"))).expect("a private server");
    assert!(!again.is_guest());
    assert_still_here(&again.superuser_url()).await;
}

/// Power cut: app and server die at once and leave their lock files behind.
#[tokio::test]
async fn stale_lock_files_do_not_keep_it_from_starting() {
    let home = Home::new("stale");
    let mut server = home.start();
    write_down(&server.superuser_url()).await;
    let pid_file = server.report.data_dir.join("postmaster.pid");
    let stale = std::fs::read_to_string(&pid_file).expect("a pid file");
    server.stop();
    // The number of a living process that is no server: our own.
    let (_, rest) = stale.split_once('\n').expect("more than a line");
    std::fs::write(&pid_file, format!("{}\n{rest}", process::id())).expect("a stale pid file");
    let again = home.start();
    assert!(again.report.recovered.is_some());
    assert_still_here(&again.superuser_url()).await;
}

/// An initdb that was cut short, and a cluster of a version that is not installed.
#[tokio::test]
async fn half_a_cluster_is_made_again_and_a_foreign_one_is_explained() {
    let home = Home::new("half");
    std::fs::create_dir_all(home.0.join("data.new/base")).expect("half a cluster");
    let mut server = home.start();
    server.stop();
    assert!(!home.0.join("data.new").exists());
    std::fs::write(server.report.data_dir.join("PG_VERSION"), "9\n").expect("another version");
    let error = LocalPg::start(&Options::kept(&home.0)).expect_err("nobody has PostgreSQL 9");
    assert!(error.to_string().contains("made by PostgreSQL 9"), "{error}");
}
