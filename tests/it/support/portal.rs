//! The whole portal over real HTTP, on a database of its own, and a browser
//! that sends what browsers send.
//!
//! ```ignore
//! let portal = Portal::open().await;
//! let mut admin = portal.sign_in(&portal.own.admin).await;
//! let page = admin.get("/orders").await;
//! assert_eq!(page.status, 200);
//! ```

#![allow(dead_code, reason = "for all tests of pages, and not all are there")]

use super::{
    database::{TestDatabase, connect},
    furnish::furnish,
    rows::Rows,
};
use clap::Parser;
use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
use tokio::sync::OnceCell;
use waybill::{
    accounts::{Role, passwords},
    cli::registry::adapters,
    config::Config,
    db::{Db, Scope},
    ids::{AccountId, StoreId, UserId},
    outbound::{AddressPolicy, Client},
    secrets::Keyring,
    web::app::{App, Rooms, Running, serve},
};

/// Everybody's.
pub const PASSWORD: &str = "correct horse battery staple";

/// A portal that ends with the value.
pub struct Portal {
    /// The account most tests look at.
    pub own: World,
    /// Another merchant's, which nobody of `own` may see.
    pub other: World,
    /// A client of `own` who is an admin of `other`.
    pub both: User,
    /// What the handlers share.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The database below it.
    pub database: TestDatabase,
    running: Option<Running>,
}

/// One account with somebody of each role and a row of each thing with pages.
/// Authors of pages add their sample rows here, and fill them in `furnish`.
pub struct World {
    /// The account.
    pub account: AccountId,
    /// Its portal user.
    pub client: User,
    /// Its admin.
    pub admin: User,
    /// Somebody from support, assigned to it.
    pub support: User,
    /// A store.
    pub store: StoreId,
    /// A record of each kind, by the kind's name: `order`, `shipment`, `channel` …
    pub records: BTreeMap<&'static str, i64>,
}

impl World {
    /// The id of its record of a kind.
    pub fn record(&self, kind: &str) -> i64 {
        *self
            .records
            .get(kind)
            .unwrap_or_else(|| panic!("no {kind}: add one to furnish in support/portal.rs"))
    }

    /// Whoever has the role.
    pub fn user(&self, role: Role) -> &User {
        match role {
            Role::Client => &self.client,
            Role::Admin => &self.admin,
            Role::Support => &self.support,
        }
    }
}

/// Somebody who can sign in with [`PASSWORD`].
#[derive(Clone)]
pub struct User {
    /// Who they are.
    pub id: UserId,
    /// What they sign in with.
    pub email: String,
}

#[derive(Parser)]
pub(super) struct Settings {
    #[command(flatten)]
    pub(super) config: Config,
}

impl Portal {
    /// With the usual settings.
    pub async fn open() -> Portal {
        Portal::open_with(&[], waybill::api::rooms()).await
    }

    /// With flags as on the command line, and rooms beside the table's.
    pub async fn open_with(flags: &[&str], rooms: Rooms) -> Portal {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::create().await;
        let flags = ["portal", "--threads=1", "--stop-seconds=1"].iter().chain(flags);
        let config = Settings::parse_from(flags).config;
        let db = Db::open(&database.owner_url(), 8, "test").expect("a pool");
        let outbound = Client::new(AddressPolicy::public()).expect("a client");
        let app = App::new(db, Keyring::random(), outbound, adapters(), config);
        let own = World::make(&database, "own").await;
        let other = World::make(&database, "other").await;
        let roles = [(own.account, Role::Client), (other.account, Role::Admin)];
        let both = add_user(&database, "both", &roles).await;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let running = serve(app.clone(), listener, rooms).expect("a server");
        let address = running.address;
        Portal { own, other, both, app, address, database, running: Some(running) }
    }

    /// A browser nobody has signed in with.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser somebody has signed in with.
    pub async fn sign_in(&self, user: &User) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(&user.email, PASSWORD).await;
        assert_eq!(answer.status, 303, "signing in: {}", answer.body);
        browser
    }

    /// A browser with the client, admin or support person of `own`.
    pub async fn visitor(&self, role: Role) -> Browser {
        self.sign_in(self.own.user(role)).await
    }

    /// A transaction on the data of `own`.
    pub async fn scope(&self) -> Scope {
        self.app.db.scope(self.own.account).await.expect("a scope")
    }

    /// Runs SQL as the superuser, past every policy.
    pub async fn sql(&self, statement: &str) {
        let client = connect(&self.database.superuser_url()).await;
        client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }

    /// As [`Portal::sql`], for rows that the product derives others of.
    pub async fn by_hand(&self, statement: &str) {
        Rows::of(&self.database).await.write(statement).await;
    }

    /// One number, asked as the superuser.
    pub async fn count(&self, query: &str) -> i64 {
        let client = connect(&self.database.superuser_url()).await;
        client.query_one(query, &[]).await.unwrap_or_else(|e| panic!("{query}: {e:?}")).get(0)
    }

    /// What every table holds: rows and a sum over their contents. Sessions and
    /// counted sign-ins are left out; they change by asking.
    pub async fn snapshot(&self) -> BTreeMap<String, String> {
        let client = connect(&self.database.superuser_url()).await;
        let tables = client
            .query(
                "select relname::text from pg_class where relnamespace = 'public'::regnamespace
                 and relkind in ('r', 'p') and not relispartition
                 and relname not in ('sessions', 'sign_in_attempts')",
                &[],
            )
            .await
            .expect("the tables");
        let parts: Vec<String> = tables
            .iter()
            .map(|row| {
                let table: &str = row.get(0);
                format!(
                    "select '{table}', count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)
                     from {table} t"
                )
            })
            .collect();
        let rows = client.query(&parts.join(" union all "), &[]).await.expect("their contents");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Stops the server as SIGTERM would.
    pub async fn stop(&mut self) {
        self.app.begin_stop();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

impl World {
    async fn make(database: &TestDatabase, name: &str) -> World {
        let client = connect(&database.superuser_url()).await;
        let statement = format!(
            "insert into accounts (name, slug, time_zone) values ('The {name} account', '{name}', 'Europe/Brussels')
             returning id"
        );
        let account = AccountId(client.query_one(&statement, &[]).await.expect("an account").get(0));
        let statement = format!(
            "insert into stores (account_id, name) values ({account}, 'Store of {name}') returning id"
        );
        let store = StoreId(client.query_one(&statement, &[]).await.expect("a store").get(0));
        World {
            account,
            client: add_user(database, &format!("client.{name}"), &[(account, Role::Client)]).await,
            admin: add_user(database, &format!("admin.{name}"), &[(account, Role::Admin)]).await,
            support: add_user(database, &format!("support.{name}"), &[(account, Role::Support)]).await,
            store,
            records: furnish(&client_of(database).await, account, store, name).await,
        }
    }
}

async fn client_of(database: &TestDatabase) -> tokio_postgres::Client {
    connect(&database.superuser_url()).await
}

/// Hashing is slow on purpose: everybody shares one hash.
pub async fn add_user(database: &TestDatabase, name: &str, roles: &[(AccountId, Role)]) -> User {
    static HASH: OnceCell<String> = OnceCell::const_new();
    let hash = HASH.get_or_init(|| async { passwords::hash(PASSWORD.into()).await.expect("a hash") }).await;
    let client = connect(&database.superuser_url()).await;
    let email = format!("{name}@example.com");
    let support = roles.iter().any(|(_, role)| *role == Role::Support);
    let row = client
        .query_one(
            "insert into users (email, name, password_hash, is_support) values ($1, $2, $3, $4) returning id",
            &[&email, &name, hash, &support],
        )
        .await
        .expect("a user");
    let id = UserId(row.get(0));
    for (account, role) in roles {
        let statement = "insert into memberships (user_id, account_id, role) values ($1, $2, $3)";
        client.execute(statement, &[&id.0, &account.0, &role.as_str()]).await.expect("a membership");
    }
    User { id, email }
}

/// One browser: keeps cookies, says where its requests come from. A clone is
/// another window of it.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    /// The cookies it holds.
    pub cookies: BTreeMap<String, String>,
}

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, unpacked.
    pub body: String,
    /// The body as it came, where it is no text.
    pub bytes: Vec<u8>,
}

impl Browser {
    /// A browser without cookies.
    #[expect(clippy::disallowed_methods, reason = "it calls the portal under test and nothing else")]
    pub fn new(address: SocketAddr) -> Browser {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // a connection that was left open may be closed by the portal just as it is used again
            .pool_max_idle_per_host(0)
            .build()
            .expect("a browser");
        Browser { http, base: format!("http://{address}"), cookies: BTreeMap::new() }
    }

    /// Where the portal is, as in `Origin`.
    pub fn origin(&self) -> &str {
        &self.base
    }

    /// As [`Browser::get`], where nothing may be listening yet.
    pub async fn try_get(&mut self, path: &str) -> Option<Answer> {
        self.http.get(format!("{}{path}", self.base)).send().await.ok()?;
        Some(self.get(path).await)
    }

    /// Follows a link.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[("sec-fetch-site", "same-origin")], None).await
    }

    /// Asks as htmx does for a part of a page.
    pub async fn partial(&mut self, path: &str) -> Answer {
        let headers =
            [("sec-fetch-site", "same-origin"), ("hx-request", "true"), ("hx-request-type", "partial")];
        self.send("GET", path, &headers, None).await
    }

    /// Sends a form from a page of ours.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send("POST", path, &[("sec-fetch-site", "same-origin")], Some(encode(form))).await
    }

    /// Sends a form as htmx does from a dialog.
    pub async fn post_partial(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let headers =
            [("sec-fetch-site", "same-origin"), ("hx-request", "true"), ("hx-request-type", "partial")];
        self.send("POST", path, &headers, Some(encode(form))).await
    }

    /// Fills in the form of a page and sends it: hidden fields as they are, the
    /// named ones as given.
    pub async fn submit(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let (action, mut form) = page.form();
        form.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        let mut all: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        all.extend_from_slice(fields);
        self.post(&action, &all).await
    }

    /// Signs in.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// As [`Browser::post`], where whoever answers may be dying; `None`: nobody did.
    pub async fn try_post(&mut self, path: &str, form: &[(&str, &str)]) -> Option<Answer> {
        self.try_send("POST", path, &[("sec-fetch-site", "same-origin")], Some(encode(form))).await.ok()
    }

    /// Sends anything. A body is a form unless a header says otherwise.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|e| panic!("{path}: {e:?}"))
    }

    async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/x-www-form-urlencoded");
            }
            request = request.body(body);
        }
        if !self.cookies.is_empty() {
            let line: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            request = request.header("cookie", line.join("; "));
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap_or_default().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer { status, headers, body, bytes };
        self.keep_cookies(&answer);
        Ok(answer)
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if attributes.contains("Max-Age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn encode(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

impl Answer {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Every `Set-Cookie` line.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok())
    }

    /// Where it sends the browser.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The text of every element that a selector finds, whitespace made single.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let selector = scraper::Selector::parse(selector).expect("a selector");
        let page = scraper::Html::parse_document(&self.body);
        let text = |element: scraper::ElementRef<'_>| element.text().collect::<Vec<_>>().join(" ");
        page.select(&selector).map(|e| text(e).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// The text of the first element that a selector finds; empty without one.
    pub fn text(&self, selector: &str) -> String {
        self.texts(selector).into_iter().next().unwrap_or_default()
    }

    /// An attribute of every element that a selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = scraper::Selector::parse(selector).expect("a selector");
        let page = scraper::Html::parse_document(&self.body);
        page.select(&selector).filter_map(|e| e.attr(name)).map(str::to_owned).collect()
    }

    /// An attribute of the first element that a selector finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = scraper::Selector::parse(selector).expect("a selector");
        let page = scraper::Html::parse_document(&self.body);
        page.select(&selector).next().and_then(|e| e.attr(name)).map(str::to_owned)
    }

    /// The form in the page's main part: where it goes and what it holds.
    pub fn form(&self) -> (String, Vec<(String, String)>) {
        let page = scraper::Html::parse_document(&self.body);
        let find = |selector| scraper::Selector::parse(selector).expect("a selector");
        let form = page.select(&find("main form, section form")).next().expect("a form");
        let mut fields = Vec::new();
        for field in form.select(&find("input, textarea")) {
            let Some(name) = field.attr("name") else { continue };
            let kind = field.attr("type").unwrap_or_default();
            if matches!(kind, "checkbox" | "radio") && field.attr("checked").is_none() {
                continue;
            }
            let text: String = field.text().collect();
            fields.push((name.to_owned(), field.attr("value").map_or(text, str::to_owned)));
        }
        (form.attr("action").unwrap_or_default().to_owned(), fields)
    }
}
