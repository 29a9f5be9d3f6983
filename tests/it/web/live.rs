//! The stream of a page: what it says, what it never says, and when it ends.

use crate::support::portal::{Browser, Portal, World};
use std::time::Duration;
use waybill::{
    accounts::Role,
    clock,
    db::Scope,
    evidence::{Actor, Entry, activity},
    ids::{OrderId, ShipmentId, log_id_floor},
};

/// Longer than anything here takes; who waits so long has waited in vain.
const PATIENCE: Duration = Duration::from_secs(20);

/// One open stream.
struct Stream {
    answer: reqwest::Response,
    rest: String,
}

/// One event: its id and its data. A beat has no data.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    id: String,
    name: String,
    data: serde_json::Value,
}

impl Stream {
    /// Opens one with a browser's cookies.
    #[expect(clippy::disallowed_methods, reason = "it calls the portal under test and nothing else")]
    async fn open(browser: &Browser, about: &str, last: Option<&str>) -> Stream {
        let http = reqwest::Client::builder().no_proxy().build().expect("a browser");
        let cookies: Vec<String> =
            browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = http
            .get(format!("{}/live?about={about}", browser.origin()))
            .header("accept", "text/event-stream")
            .header("cookie", cookies.join("; "));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(!answer.headers().contains_key("content-encoding"), "what is packed is held back");
        Stream { answer, rest: String::new() }
    }

    /// The next event, beats too; none when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let mut read = Event::default();
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => read.id = id.to_owned(),
                        Some(("event", name)) => read.name = name.to_owned(),
                        Some(("data", data)) => read.data = serde_json::from_str(data).expect("JSON"),
                        _ => {}
                    }
                }
                self.rest = rest.to_owned();
                return Some(read);
            }
            // a connection that is broken off has ended too
            let more = self.answer.chunk().await.ok().flatten()?;
            self.rest.push_str(std::str::from_utf8(&more).expect("UTF-8"));
        }
    }

    /// The next event that says something.
    async fn says(&mut self) -> Option<Event> {
        let says = async {
            loop {
                let event = self.next().await?;
                if !event.data.is_null() {
                    return Some(event);
                }
            }
        };
        tokio::time::timeout(PATIENCE, says).await.expect("nothing was said")
    }

    /// The name of the last event: everything up to the end is read.
    async fn last_word(&mut self) -> String {
        let all = async {
            let mut last = String::new();
            while let Some(event) = self.next().await {
                last = event.name;
            }
            last
        };
        tokio::time::timeout(PATIENCE, all).await.expect("it does not end")
    }
}

/// Whatever has happened so far, signing in too, was an hour ago: beyond the
/// overlap that every stream begins with.
async fn long_ago(portal: &Portal) {
    for table in ["activities", "post_attempts"] {
        portal.sql(&format!("update {table} set id = id - (3600 * 1000::bigint << 12)")).await;
    }
}

/// Something happens to the shipment of an account.
async fn happens(portal: &Portal, world: &World) -> i64 {
    happened(portal, world, clock::now()).await
}

/// As [`happens`], at another time.
async fn happened(portal: &Portal, world: &World, at: clock::Instant) -> i64 {
    let mut scope: Scope = portal.app.db.scope(world.account).await.expect("a scope");
    let (shipment, order) = (ShipmentId(world.record("shipment")), OrderId(world.record("order")));
    let entry = Entry::shipment(&Actor::system(), "shipment_posted", shipment, order, "Posted").at(at);
    let id = activity::record(&mut scope, entry).await.expect("a line");
    scope.commit().await.expect("a commit");
    id.0
}

fn about(world: &World) -> String {
    format!("shipment:{}", world.record("shipment"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_says_what_changed_and_the_count() {
    let portal = Portal::open().await;
    let client = portal.visitor(Role::Client).await;
    long_ago(&portal).await;
    let about = about(&portal.own);
    let mut stream = Stream::open(&client, &about, None).await;
    let first = happens(&portal, &portal.own).await;
    let told = stream.says().await.expect("an event");
    assert_eq!(told.id, first.to_string(), "the id is that of the history");
    assert_eq!(told.data["changed"], serde_json::json!([about]));
    assert_eq!(told.data["problems"], "1", "the navigation's count comes along");
    // what is about something else is not told
    let mut other = Stream::open(&client, "shipment:999999", Some(&told.id)).await;
    // of a shipment one does not look at, the count alone
    let told = other.says().await.expect("an event");
    assert_eq!(told.data["changed"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_while_nobody_listened_is_told_to_whoever_comes_back() {
    let portal = Portal::open().await;
    let client = portal.visitor(Role::Client).await;
    long_ago(&portal).await;
    let about = about(&portal.own);
    let ago = |seconds| clock::now() - chrono::Duration::seconds(seconds);
    let missed = happened(&portal, &portal.own, ago(60)).await;
    let last = log_id_floor(ago(120)).to_string();
    let told = Stream::open(&client, &about, Some(&last)).await.says().await.expect("an event");
    assert_eq!((told.id, told.data["changed"].clone()), (missed.to_string(), serde_json::json!([about])));
    // whoever comes now knows it from the page
    let first = Stream::open(&client, &about, None).await.next().await.expect("a beginning");
    assert!(first.data.is_null() && !first.id.is_empty(), "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_carries_only_its_own_account() {
    let portal = Portal::open().await;
    let client = portal.visitor(Role::Client).await;
    // somebody of the other account listens as well, so that it is read
    let admin = portal.sign_in(&portal.other.admin).await;
    long_ago(&portal).await;
    let theirs = about(&portal.other);
    let mut stream = Stream::open(&client, &format!("any&about={theirs}"), None).await;
    let mut witness = Stream::open(&admin, &theirs, None).await;
    happens(&portal, &portal.other).await;
    assert_eq!(witness.says().await.expect("an event").data["changed"], serde_json::json!([theirs]));
    let own = happens(&portal, &portal.own).await;
    let told = stream.says().await.expect("an event");
    assert_eq!((told.id, told.data["changed"].clone()), (own.to_string(), serde_json::json!(["any"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_session_its_role_and_its_account() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    let mut stream = Stream::open(&client, "any", None).await;
    let elsewhere = portal.visitor(Role::Client).await;
    let mut other = Stream::open(&elsewhere, "any", None).await;
    assert_eq!(client.post("/logout", &[]).await.status, 303);
    assert_eq!(stream.last_word().await, "bye", "signed out");
    happens(&portal, &portal.own).await;
    assert!(other.says().await.is_some_and(|event| event.name.is_empty()), "another session goes on");
    let user = portal.own.client.id;
    portal.sql(&format!("update memberships set role = 'support' where user_id = {user}")).await;
    assert_eq!(other.last_word().await, "bye", "another role is another page");

    let mut both = portal.sign_in(&portal.both).await;
    let mut stream = Stream::open(&both, "any", None).await;
    assert_eq!(both.post("/account", &[("account", &portal.other.account.to_string())]).await.status, 303);
    assert_eq!(stream.last_word().await, "bye", "another account is another page");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_at_a_stop_and_are_bounded() {
    let portal = Portal::open().await;
    let client = portal.visitor(Role::Client).await;
    let mut first = Stream::open(&client, "any", None).await;
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(Stream::open(&client, "any", None).await);
    }
    assert_eq!(first.last_word().await, "bye", "the ninth takes the place of the first");
    // not the server's end, which would break them off: what begins it
    portal.app.begin_stop();
    for mut stream in others {
        assert_eq!(stream.last_word().await, "", "these come back to the next server");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_asks_only_about_what_there_is() {
    let portal = Portal::open().await;
    let mut client = portal.visitor(Role::Client).await;
    for wrong in ["weather", "shipment:x", "secret:5", "shipment"] {
        assert_eq!(client.get(&format!("/live?about={wrong}")).await.status, 400, "{wrong}");
    }
    let many: Vec<String> = (0..51).map(|id| format!("about=order:{id}")).collect();
    assert_eq!(client.get(&format!("/live?{}", many.join("&"))).await.status, 400);
    // whoever asks for no stream is told what there is
    let line = happens(&portal, &portal.own).await;
    let so_far = client.get("/live?about=problems&after=1").await;
    assert_eq!(so_far.status, 200);
    assert!(so_far.body.contains(&format!("id: {line}\ndata: ")), "{}", so_far.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moves_row_by_row_is_told_without_a_line_of_history() {
    let portal = Portal::open().await;
    let account = portal.own.account;
    let client = portal.visitor(Role::Client).await;
    let import = format!("import:{}", portal.own.record("import"));
    let operation = portal
        .count(&format!(
            "with made as (insert into bulk_operations (account_id, action, resource, state, total, waiting) \
             values ({account}, 'post', 'shipments', 'running', 9, 9) returning id) select id from made"
        ))
        .await;
    portal
        .sql(&format!(
            "insert into bulk_rows (account_id, operation_id, position, subject_id, subject_label, subject_version, outcome) \
             select {account}, {operation}, n, n, 'SHP-' || n, 1, 'waiting' from generate_series(1, 9) n"
        ))
        .await;
    let operation = format!("bulk_operation:{operation}");
    long_ago(&portal).await;
    let mut stream = Stream::open(&client, &format!("{import}&about={operation}"), None).await;
    let told = stream.says().await.expect("an event");
    assert_eq!(told.data["changed"], serde_json::json!([import, operation]), "nobody knows what was missed");
    // the reader's own first look
    stream.says().await.expect("an event");
    let row_done = format!(
        "with row as (update bulk_rows set outcome = 'done' where account_id = {account} and position = 1) \
         update bulk_operations set waiting = waiting - 1, done = done + 1"
    );
    for (change, topic) in [
        ("update imports set rows_unchanged = rows_unchanged + 1", &import),
        (row_done.as_str(), &operation),
        ("update bulk_operations set state = 'paused'", &operation),
    ] {
        portal.sql(&format!("{change} where account_id = {account}")).await;
        let told = stream.says().await.expect("an event");
        assert_eq!(told.data["changed"], serde_json::json!([topic]), "{change}");
    }
}
