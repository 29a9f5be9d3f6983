//! The adapters against the sandbox, over real HTTP.

mod ebay;
mod generic;
mod shipstation;
mod shopify;

use super::{at, kind, line, submission};
use secrecy::SecretString;
use serde_json::{Value, json};
use waybill::{
    channels::{
        self, Channel, Look, Submission, Submitted, Told, kinds::ebay::Ebay, kinds::shopify::Shopify,
    },
    outbound::{Answer, ErrorClass as E, Failure, HttpRequest, HttpResponse, Reached as R},
    providers::{self, PostLine, PostOrder, Provider, RemoteState, ShipTo, kinds::shipstation::Shipstation},
    sandbox::{
        Fault, FaultKind, Sandbox, SandboxOptions, SeedAddress, SeedLine, SeedOrder, SeededOrder, Ship,
    },
};

struct World {
    sandbox: Sandbox,
    http: reqwest::Client,
}

async fn world(options: SandboxOptions) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "a tiny sender of its own; the sandbox is the outside world"
    )]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    World { sandbox: Sandbox::start(options).await.unwrap(), http }
}

impl World {
    /// As the outbound client does it, without records and guards.
    async fn send(&self, request: HttpRequest) -> HttpResponse {
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut builder = self.http.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.body(request.body.unwrap_or_default()).send().await.unwrap();
        let status = response.status().as_u16();
        let pair = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(pair).collect();
        HttpResponse { status, headers, body: response.text().await.unwrap() }
    }

    fn shopify(&self) -> channels::Access {
        access(&self.sandbox.shopify_base("demo"), "shpat_sandbox_demo")
    }

    fn ebay(&self) -> channels::Access {
        access(&self.sandbox.ebay_base(), "sandbox-ebay-token")
    }

    fn shipstation(&self) -> providers::Access {
        providers::Access {
            base_url: self.sandbox.shipstation_base(),
            credentials: SecretString::from(
                json!({ "api_key": "sandbox-key", "api_secret": "sandbox-secret" }).to_string(),
            ),
            settings: json!({}),
            now: at("2026-11-20T08:00:00Z"),
        }
    }

    async fn look(
        &self,
        adapter: &dyn Channel,
        access: &channels::Access,
        one: &Submission,
    ) -> Result<Look, Failure> {
        let response = self.send(adapter.look(access, one)).await;
        adapter.looked(&response, one).map(|answer| answer.value)
    }

    /// Looks, then submits what was found.
    async fn tell(
        &self,
        adapter: &dyn Channel,
        access: &channels::Access,
        one: &Submission,
    ) -> Result<Answer<Submitted>, Failure> {
        match self.look(adapter, access, one).await? {
            Look::AlreadyThere { remote_id } => panic!("{remote_id} is there already"),
            Look::Correct(_) => panic!("it was never told"),
            Look::Send(look) => self.submit(adapter, access, one, &look).await,
        }
    }

    async fn submit(
        &self,
        adapter: &dyn Channel,
        access: &channels::Access,
        one: &Submission,
        look: &Value,
    ) -> Result<Answer<Submitted>, Failure> {
        let response = self.send(adapter.submit(access, one, look)).await;
        adapter.submitted(&response, one)
    }

    /// Follows an order until nothing remains to be read.
    async fn track(&self, remote_id: &str) -> Vec<RemoteState> {
        let access = self.shipstation();
        let mut next = Shipstation.track(&access, remote_id);
        let mut states = Vec::new();
        while let Some(request) = next.take() {
            let response = self.send(request).await;
            let state = Shipstation.tracked(&access, &response).unwrap().value;
            next = state.next.clone();
            states.push(state);
            assert!(states.len() < 5, "it never ends");
        }
        states
    }
}

fn access(base: &str, token: &str) -> channels::Access {
    channels::Access {
        base_url: base.into(),
        external_account: "demo".into(),
        credentials: SecretString::from(json!({ "access_token": token }).to_string()),
    }
}

fn seed(lines: &[(&str, u32, u32)]) -> SeedOrder {
    let line = |(sku, quantity, location): &(&str, u32, u32)| SeedLine {
        sku: (*sku).into(),
        quantity: Some(*quantity),
        unit_price: Some("9.99".into()),
        location: Some(*location),
        ..SeedLine::default()
    };
    SeedOrder {
        email: Some("zoe@example.com".into()),
        lines: lines.iter().map(line).collect(),
        shipping_address: Some(SeedAddress {
            name: "Zoë Łuczak".into(),
            address1: "1 Main St".into(),
            city: "Austin".into(),
            province: Some("TX".into()),
            zip: Some("78703".into()),
            country: "US".into(),
            ..SeedAddress::default()
        }),
        shipping_method: Some("Standard".into()),
        shipping_price: Some("4.90".into()),
        created_at: Some(at("2026-11-20T06:00:00Z")),
        ..SeedOrder::default()
    }
}

/// A parcel with so many of each line.
fn parcel(order: &SeededOrder, quantities: &[i32]) -> Submission {
    let last = |id: &str| id.rsplit('/').next().unwrap().to_owned();
    let lines = order.lines.iter().zip(quantities).filter(|(_, quantity)| **quantity > 0);
    Submission {
        order_reference: last(&order.id),
        ..submission(lines.map(|(one, quantity)| line(&last(&one.id), &one.sku, *quantity)).collect())
    }
}

fn fulfilled(world: &World) -> usize {
    world.sandbox.ledger().iter().filter(|entry| entry.what == "fulfilled").count()
}

#[tokio::test]
async fn the_tests_of_the_connections() {
    let world = world(SandboxOptions::default()).await;
    world.sandbox.add_shop("demo", "shpat_sandbox_demo").unwrap();
    let response = world.send(Shopify.test(&world.shopify())).await;
    assert_eq!(Shopify.tested(&response).unwrap().value, "demo");
    let response = world.send(Ebay.test(&world.ebay())).await;
    assert_eq!(Ebay.tested(&response).unwrap().value, "eBay");
    let response = world.send(Shipstation.test(&world.shipstation())).await;
    assert_eq!(Shipstation.tested(&response).unwrap().value, "Sandbox Store");
}
