//! The portal over a shop in its sandbox.

use super::{
    portal::{Browser, PASSWORD, Settings, add_user},
    shop::Shop,
};
use clap::Parser;
use std::net::{SocketAddr, TcpListener};
use waybill::{
    accounts::Role,
    cli::registry::adapters,
    web::app::{App, Running, serve},
};

/// The pages over a shop of `support/shop.rs`.
pub struct Counter<'a> {
    shop: &'a Shop,
    address: SocketAddr,
    _running: Running,
}

impl Counter<'_> {
    /// Opens it.
    pub fn over(shop: &Shop) -> Counter<'_> {
        // as often as a test likes
        Counter::over_with(shop, &["--api-rate=10000"])
    }

    /// Opens it with settings of its own.
    pub fn over_with<'a>(shop: &'a Shop, flags: &[&str]) -> Counter<'a> {
        let var = format!("--var={}", shop.work.files.display());
        let usual = ["portal", "--threads=1", "--stop-seconds=1", &var];
        let config = Settings::parse_from(usual.iter().chain(flags)).config;
        let (keyring, outbound) = (shop.work.keyring.clone(), shop.work.outbound.clone());
        let app = App::new(shop.db.clone(), keyring, outbound, adapters(), config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let running = serve(app, listener, waybill::api::rooms()).expect("a server");
        Counter { shop, address: running.address, _running: running }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A browser with somebody of a role.
    pub async fn visitor(&self, role: Role) -> Browser {
        let user =
            add_user(&self.shop.database, &format!("{role}.counter"), &[(self.shop.account, role)]).await;
        let mut browser = Browser::new(self.address);
        assert_eq!(browser.sign_in(&user.email, PASSWORD).await.status, 303);
        browser
    }
}
