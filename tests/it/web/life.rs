//! Whether it is up, and how it goes down.

use super::rename::rooms;
use crate::support::{
    database::TestDatabase,
    portal::{Browser, Portal},
};
use std::time::{Duration, Instant};
use waybill::{accounts::Role, config::Network};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_get_plain_answers() {
    let portal = Portal::open().await;
    let mut machine = portal.browser();
    for (path, body) in
        [("/healthz", "ok\n"), ("/readyz", "ready\n"), ("/robots.txt", "User-agent: *\nDisallow: /\n")]
    {
        let answer = machine.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.cookies().next().is_none());
    }
    let soon = Duration::from_millis(100);
    assert!(tokio::time::timeout(soon, portal.app.stopping()).await.is_err());
    portal.app.begin_stop();
    assert!(tokio::time::timeout(soon, portal.app.stopping()).await.is_ok(), "streams are told");
    let stopping = machine.get("/readyz").await;
    assert_eq!((stopping.status, stopping.body.as_str()), (503, "stopping\n"));
    assert_eq!(machine.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_ready_before_the_last_migration() {
    let portal = Portal::open().await;
    portal.sql("create table held as select * from __diesel_schema_migrations where version like '20261120000900%'; \
                delete from __diesel_schema_migrations where version like '20261120000900%'").await;
    portal.app.watch_migrations(portal.database.owner_url());
    let mut machine = portal.browser();
    let waiting = machine.get("/readyz").await;
    assert_eq!((waiting.status, waiting.body.as_str()), (503, "waiting for migrations\n"));
    portal.sql("insert into __diesel_schema_migrations select * from held").await;
    let since = Instant::now();
    while machine.get("/readyz").await.status != 200 {
        assert!(since.elapsed() < Duration::from_secs(20), "never ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_ends_though_its_client_has_gone() {
    let mut portal = Portal::open_with(&[], rooms()).await;
    let mut client = portal.visitor(Role::Client).await;
    let gone = tokio::time::timeout(Duration::from_millis(150), client.post("/test/slow", &[])).await;
    assert!(gone.is_err(), "it was to be slow");
    drop(client);
    portal.stop().await;
    portal.app.wait_for_writes(Duration::from_secs(5)).await;
    assert_eq!(portal.count("select count(*) from activities where verb = 'slow_done'").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_answered_at_a_stop() {
    let mut portal = Portal::open_with(&[], rooms()).await;
    let mut client = portal.visitor(Role::Client).await;
    let asking = tokio::spawn(async move { client.post("/test/slow", &[]).await.status });
    tokio::time::sleep(Duration::from_millis(100)).await;
    portal.stop().await;
    assert_eq!(asking.await.expect("an answer"), 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forwarded_addresses_count_only_from_trusted_proxies() {
    let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.2.3")];
    let form = || Some("email=client.own%40example.com&password=correct+horse+battery+staple".to_owned());
    for (flags, expected) in [
        (&[][..], "127.0.0.1"),
        (&["--trusted-proxies=127.0.0.1"], "10.1.2.3"),
        (&["--trusted-proxies=127.0.0.0/8,10.0.0.0/8"], "203.0.113.9"),
    ] {
        let portal = Portal::open_with(flags, Default::default()).await;
        assert_eq!(portal.browser().send("POST", "/login", &headers, form()).await.status, 303);
        let seen = format!("select count(*) from activities where ip = '{expected}'");
        assert_eq!(portal.count(&seen).await, 1, "{flags:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_serves_and_stops() {
    let database = TestDatabase::create_bare().await;
    let listen =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let folder = std::env::temp_dir().join(format!("waybill-serve-{}", std::process::id()));
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["serve", "--listen", &listen.to_string(), "--log", "warn"])
        .env("DATABASE_URL", database.owner_url())
        .env("WAYBILL_VAR", &folder)
        .spawn()
        .expect("the program");
    let since = Instant::now();
    let mut browser = Browser::new(listen);
    while browser.try_get("/readyz").await.is_none_or(|answer| answer.status != 200) {
        assert!(since.elapsed() < Duration::from_secs(30), "never ready");
        assert!(program.try_wait().expect("a state").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(browser.get("/login").await.text("h1"), "Sign in");
    assert!(folder.join("secret.key").exists());
    let pid = nix::unistd::Pid::from_raw(i32::try_from(program.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("a signal");
    let ended = tokio::task::spawn_blocking(move || program.wait()).await.expect("a wait").expect("an end");
    assert!(ended.success(), "{ended}");
    std::fs::remove_dir_all(folder).expect("tidying up");
}

#[test]
fn networks() {
    let inside = |network: &str, ip: &str| {
        network.parse::<Network>().expect("a network").contains(ip.parse().expect("an address"))
    };
    assert!(inside("10.0.0.0/8", "10.255.0.1") && !inside("10.0.0.0/8", "11.0.0.1"));
    assert!(
        inside("10.1.2.3", "10.1.2.3")
            && inside("10.1.2.3", "::ffff:10.1.2.3")
            && !inside("10.1.2.3", "10.1.2.4")
    );
    assert!(inside("0.0.0.0/0", "8.8.8.8") && !inside("0.0.0.0/0", "2001:db8::1"));
    assert!(inside("2001:db8::/32", "2001:db8:1::1") && inside("::/0", "1.2.3.4"));
    for wrong in ["10.0.0.0/33", "x", "10.0.0.0/x", "::/129", ""] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
}
