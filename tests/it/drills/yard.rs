//! Where drills are held: a shop whose jobs run many at once on a clock moved by
//! hand, whose worker can die at any point, and whose outcome is judged by the
//! sandbox's own ledger and by what the pages say.

use super::{faults::Break, tally::Tally};
use crate::support::{
    counter::Counter,
    database::connect,
    portal::{Browser, add_user},
    shop::{Shop, now},
};
use futures_util::{StreamExt, stream};
use std::{cell::Cell, collections::BTreeMap, net::SocketAddr, sync::Once, time::Duration};
use waybill::{
    accounts::Role,
    actions::By,
    bulk::{
        Operation, Resource,
        pick::{self, NewOperation, Selection},
        steer::{self, Started},
    },
    crash,
    evidence::{Actor, ActorKind, TraceId},
    ids::{ConnectionId, JobId, ShipmentId, UserId},
    jobs::{self, Slots, claim},
    outbound::{AddressPolicy, Client},
    sandbox::Fault,
};

/// A point of our own: how far, and in what work.
pub type Point = (&'static str, &'static str);

tokio::task_local! {
    /// Where the worker of this task dies, and whether it has: a worker keeps what
    /// a handler's panic would end, but whoever is dead writes nothing more.
    static DIES_AT: (Option<Point>, Cell<bool>);
}

/// How many jobs run at once.
const AT_ONCE: usize = 8;
/// Nothing of ours plans further ahead.
const HORIZON: i64 = 30 * 3600;
/// How long a call may take: short, since some hang on purpose, but long enough
/// for a busy machine.
const PATIENCE: Duration = Duration::from_millis(600);

/// See the module.
pub struct Yard {
    pub shop: Shop,
    /// A port that is taken, and at which nobody listens.
    dark: tokio::net::TcpSocket,
    /// Time passes by moving what is due nearer, not the clock: other processes
    /// have no clock of ours.
    shifts: bool,
}

/// A shipment as the drills judge it.
#[derive(Debug)]
pub struct Judged {
    pub id: ShipmentId,
    pub number: String,
    pub status: String,
    pub remote: Option<String>,
    /// The newest post's state; empty without one.
    pub post: String,
    /// How often a request was meant to go out.
    pub sent: i64,
    /// How many problems of it are open.
    pub problems: i64,
    /// Whether a provider ever had an order of it.
    pub posted_before: bool,
    pub sync: String,
}

impl Yard {
    pub async fn open() -> Yard {
        Yard::over(Shop::open_with(PATIENCE).await, false)
    }

    /// Over a shop; `shifts` when other processes work on it too.
    pub fn over(mut shop: Shop, shifts: bool) -> Yard {
        static ARM: Once = Once::new();
        ARM.call_once(|| {
            crash::arm(|name, of| {
                let dies = DIES_AT.try_with(|(at, dead)| {
                    dead.set(dead.get() || *at == Some((name, of)));
                    dead.get()
                });
                if dies.unwrap_or(false) {
                    // not `panic!`: dying is no news here
                    std::panic::resume_unwind(Box::new("the worker died"));
                }
            });
        });
        let dark = tokio::net::TcpSocket::new_v4().expect("a socket");
        dark.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let policy = AddressPolicy::public()
            .with_sandbox(shop.sandbox.address())
            .with_sandbox(dark.local_addr().expect("its address"));
        shop.work.outbound = Client::with_timeout(policy, PATIENCE).expect("a client").with_clock(now);
        Yard { shop, dark, shifts }
    }

    /// A connection past every policy. A new one each time: the server may have died.
    async fn client(&self) -> tokio_postgres::Client {
        connect(&self.shop.database.superuser_url()).await
    }

    /// Lets time pass.
    pub async fn pass(&self, seconds: i64) {
        if !self.shifts {
            return self.shop.pass(seconds);
        }
        let ago = format!("interval '{seconds} seconds'");
        self.sql(&format!(
            "update jobs set due_at = due_at - {ago}, lease_until = lease_until - {ago}; \
             update posts set sent_at = sent_at - {ago}, created_at = created_at - {ago}, deadline_at = deadline_at - {ago}"
        ))
        .await;
    }

    /// Runs what is due, many jobs at once, until nothing is. With a point, each
    /// of them dies there, and what it had claimed stays claimed.
    pub async fn run(&self, dies_at: Option<Point>) {
        loop {
            self.expire().await;
            let due = format!(
                "select id from jobs where state = 'ready' and due_at <= '{}' order by due_at, id limit 500",
                now().to_rfc3339()
            );
            let due: Vec<i64> =
                self.client().await.query(&due, &[]).await.expect("jobs").iter().map(|r| r.get(0)).collect();
            let ran = stream::iter(due)
                .map(|id| {
                    let (work, handlers) = (self.shop.work.clone(), self.shop.handlers.clone());
                    let job = async move { jobs::run_now(&work, &handlers, JobId(id)).await };
                    tokio::spawn(DIES_AT.scope((dies_at, Cell::new(false)), job))
                })
                .buffer_unordered(AT_ONCE)
                .filter(|ended| std::future::ready(!matches!(ended, Ok(Ok(None)))))
                .count()
                .await;
            if ran == 0 {
                return;
            }
        }
    }

    /// Gives back what leases ran out on.
    async fn expire(&self) {
        // connections of before a server's death are found dead one by one
        for _ in 0..20 {
            if claim(&self.shop.db, "drill", Slots { free: 0, all: 1 }, now()).await.is_ok() {
                return;
            }
        }
        panic!("the database does not answer");
    }

    /// Moves the clock from one due job to the next until none is left. `false`:
    /// it never comes to rest.
    pub async fn quiesce(&self) -> bool {
        self.quiesce_for(HORIZON).await
    }

    /// As [`Yard::quiesce`], but no more than so many seconds pass.
    pub async fn quiesce_for(&self, seconds: i64) -> bool {
        let mut left = seconds;
        for _ in 0..300 {
            self.run(None).await;
            let next = format!(
                "select ceil(extract(epoch from min(case state when 'ready' then due_at else lease_until end) - '{}'))::bigint \
                 from jobs where state in ('ready', 'claimed')",
                now().to_rfc3339()
            );
            let next: Option<i64> =
                self.client().await.query_one(&next, &[]).await.expect("the next job").get(0);
            match next.map(|seconds| seconds.max(0) + 1) {
                Some(seconds) if seconds < left => {
                    self.pass(seconds).await;
                    left -= seconds;
                }
                _ => return true,
            }
        }
        false
    }

    /// Lets `how` break the next run of what is due: operations of `vendor` there,
    /// or our worker in `job` around `call`.
    pub async fn strike(&self, how: Break, vendor: &str, operations: &[&str], dark: Dark, job: Point) {
        let (work, call) = job;
        match how {
            Break::Refused => {
                let table = dark.table();
                let address = self.dark.local_addr().expect("its address");
                self.sql(&format!("alter table {table} add column if not exists lit text; update {table} set lit = base_url, base_url = 'http://{address}'")).await;
                self.run(None).await;
                self.sql(&format!("update {table} set base_url = lit")).await;
            }
            Break::There(kind) => {
                for operation in operations {
                    self.shop.sandbox.set_fault(Fault::once(vendor, operation, kind).times(0));
                }
                self.run(None).await;
                self.shop.sandbox.clear_faults();
                self.shop.sandbox.let_go();
                // what was let go is done when another request has been answered after it
                tokio::task::yield_now().await;
            }
            Break::Here(point) => self.run(Some((point, super::faults::work_at(point, work, call)))).await,
        }
    }

    pub async fn sql(&self, statement: &str) {
        self.client().await.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }

    /// Where these shipments stand.
    pub async fn judge(&self, shipments: &[ShipmentId]) -> Vec<Judged> {
        let ids: Vec<i64> = shipments.iter().map(|id| id.0).collect();
        let query = "select s.id, s.number, s.status, s.fulfillment_id, s.channel_sync, \
             coalesce((select state from posts p where p.shipment_id = s.id order by group_no desc limit 1), ''), \
             (select count(*) from post_attempts a where a.shipment_id = s.id and a.step = 'sent'), \
             (select count(*) from problems p where p.shipment_id = s.id and p.resolved_at is null), \
             exists (select 1 from provider_orders o where o.shipment_id = s.id) \
             from shipments s where s.id = any($1) order by s.id";
        let judged = |row: &tokio_postgres::Row| Judged {
            id: ShipmentId(row.get(0)),
            number: row.get(1),
            status: row.get(2),
            remote: row.get(3),
            sync: row.get(4),
            post: row.get(5),
            sent: row.get(6),
            problems: row.get(7),
            posted_before: row.get(8),
        };
        self.client().await.query(query, &[&ids]).await.expect("the shipments").iter().map(judged).collect()
    }

    /// What is alive at the providers for each shipment's number.
    pub fn live(&self) -> BTreeMap<String, Vec<String>> {
        let mut live: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for order in self.shop.sandbox.live() {
            if matches!(order.vendor.as_str(), "shipstation" | "generic") {
                // the number, and after a dot whose it is
                let number = order.reference.split('.').next().unwrap_or_default();
                live.entry(number.to_owned()).or_default().extend(order.remote_ids);
            }
        }
        live
    }

    /// Every request the outside saw since the last time has its record, and every
    /// post its step.
    pub async fn check_listed(&self, tally: &mut Tally, shipments: &[Judged]) {
        let all = self.shop.sandbox.requests();
        assert!(all.first().is_none_or(|first| first.seq == 1), "the sandbox has forgotten requests");
        let records = self
            .client()
            .await
            .query("select method, url from transaction_records where direction = 'out'", &[])
            .await;
        let mut listed: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in records.expect("the records") {
            *listed.entry((row.get(0), path_of(row.get(1)))).or_default() += 1;
        }
        for request in &all {
            let path = request.path.split('?').next().unwrap_or_default();
            let left =
                listed.entry((request.method.clone(), format!("/{}{path}", request.vendor))).or_default();
            *left -= 1;
            if *left < 0 {
                tally.unlisted.push(format!("{} {} has no record", request.method, request.path));
            }
        }
        for shipment in shipments {
            let quoted = format!("\"{}", shipment.number);
            let posts = all
                .iter()
                .filter(|r| matches!(r.operation.as_str(), "createorder" | "createshipment"))
                .filter(|r| r.body.contains(&quoted));
            let posts = i64::try_from(posts.count()).unwrap_or(i64::MAX);
            if posts > shipment.sent {
                tally.unlisted.push(format!("{}: {posts} posts, {} steps", shipment.number, shipment.sent));
            }
        }
    }

    /// What the page of a shipment says stands in the way, and the steps it offers.
    pub async fn says(&self, browser: &mut Browser, shipment: ShipmentId) -> (String, Vec<String>) {
        let page = browser.get(&format!("/shipments/{shipment}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        (page.text("#condition p"), page.attributes("#condition a.btn", "href"))
    }

    /// Starts a bulk operation that was looked at; what it does is due.
    pub async fn bulk(&self, action: &str, shipments: &[ShipmentId]) {
        let shop = &self.shop;
        let find = "select coalesce(min(id), 0) from users where email = 'bulk@example.com'";
        let known = shop.value(find).await;
        let user = match known {
            0 => add_user(&shop.database, "bulk", &[(shop.account, Role::Client)]).await.id,
            id => UserId(id),
        };
        let actor = Actor { kind: ActorKind::User, id: Some(user.0), name: "Bulk".into() };
        let by = By { actor, role: Some(Role::Client), trace: TraceId::new(), ip: None, behind: None };
        let new = NewOperation {
            resource: Resource::Shipments,
            action: action.into(),
            input: serde_json::json!({}),
            selection: Selection::Ids(shipments.iter().map(|id| id.0).collect()),
            phrase: "What was ticked".into(),
            from: String::new(),
        };
        let mut scope = shop.scope().await;
        let (id, _) = pick::begin(&mut scope, new, &by, now()).await.unwrap();
        scope.commit().await.unwrap();
        self.run(None).await;
        let mut scope = shop.scope().await;
        let operation = Operation::find(&mut scope, id).await.unwrap().unwrap();
        let fingerprint = operation.fingerprint.expect("it was looked at");
        let (started, _) = steer::start(&mut scope, id, &fingerprint, &by, now()).await.unwrap();
        assert_eq!(started, Started::Running);
        scope.commit().await.unwrap();
    }

    /// The pages over this shop, and somebody who may do what drills do.
    pub async fn counter(&self) -> (Counter<'_>, Browser) {
        let counter = Counter::over(&self.shop);
        let browser = counter.visitor(Role::Client).await;
        (counter, browser)
    }

    /// Sends shipments over another connection.
    pub async fn ship_by(&self, shipments: &[ShipmentId], connection: ConnectionId) {
        let ids: Vec<String> = shipments.iter().map(ToString::to_string).collect();
        let ids = ids.join(",");
        // as many requests as it likes: waiting for turns is tried elsewhere
        self.sql(&format!(
            "update shipments set connection_id = {connection} where id in ({ids}); \
             update connections set requests_per_minute = 6000 where id = {connection}"
        ))
        .await;
    }
}

/// Whose address goes dark.
#[derive(Clone, Copy)]
pub enum Dark {
    Connections,
    Channels,
}

impl Dark {
    fn table(self) -> &'static str {
        match self {
            Dark::Connections => "connections",
            Dark::Channels => "channels",
        }
    }
}

fn path_of(url: &str) -> String {
    url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default()
}
