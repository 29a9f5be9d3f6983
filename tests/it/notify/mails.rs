//! E-mails over a real mail server (aiosmtpd): what arrives, and that nothing
//! arrives twice unless somebody asks for it.

use crate::support::{
    database::TestDatabase,
    peers::{MailServer, header},
    shop::Shop,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    process::{Command, Stdio},
    time::Duration,
};
use waybill::{
    accounts::Role,
    actions::NoInput,
    db::sql,
    jobs::Work,
    notify::emails::{EmailState, ResendEmail},
    outbound::{Fate, Letter, Mailer},
    secrets::{Keyring, random_bytes},
    shipments::{
        post::Post,
        repost::{self, Repost},
    },
};

async fn with(mut shop: Shop, server: &MailServer) -> Shop {
    let outbound = shop.work.outbound.clone().with_mailer(Some(server.mailer()));
    shop.work = Work { outbound, ..shop.work };
    shop
}

async fn posted(shop: &Shop) -> i64 {
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1), ("B", 2)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    shop.run().await;
    shipment.0
}

async fn states(shop: &Shop) -> String {
    shop.text("select string_agg(state || ' ' || attempts, ', ' order by id) from emails").await
}

/// Whom the next e-mails go to.
async fn customer_is(shop: &Shop, address: &str) {
    shop.sql(&format!("update emails set recipient = '{address}' where state = 'queued'")).await;
}

/// E-mails as a post leaves them, before any worker has seen them.
async fn queued(shop: &Shop, address: &str) {
    let (_, shipment) = shop.order(shop.ebay, &[("A", 1)]).await;
    shop.act::<Post>(shipment.0, NoInput {}).await.unwrap();
    let handlers = &shop.handlers;
    // the post, and nothing after it
    let job = shop.value("select id from jobs where kind = 'post_shipment'").await;
    waybill::jobs::run_now(&shop.work, handlers, waybill::ids::JobId(job)).await.unwrap();
    customer_is(shop, address).await;
}

#[tokio::test]
async fn each_item_of_a_post_is_one_letter_and_again_after_a_repost() {
    let server = MailServer::start();
    let shop = with(Shop::open().await, &server).await;
    let mut scope = shop.scope().await;
    scope
        .execute(
            sql("insert into responders (account_id, trigger, name, subject, body, enabled) \
                 values ({}, 'fulfilled', 'Mail', {}, {}, true)")
            .bind(shop.account)
            .bind("Ihr {{item_name}} – für {{customer_name}}")
            .bind("Liebe {{customer_name}},\n\n{{quantity}} × {{item_sku}}: 1,50 €.\n.\nGruß aus Ghent 🚚\n"),
        )
        .await
        .unwrap();
    scope.commit().await.unwrap();
    let shipment = posted(&shop).await;
    let letters = server.letters().await;
    assert_eq!(letters.len(), 2);
    let letter = &letters[0];
    assert_eq!(letter["defects"].as_array().unwrap().len(), 0, "{letter}");
    assert_eq!(letter["from"], "orders@shop.example");
    assert_eq!(letter["to"][0], "ada@buyer.example");
    assert_eq!(header(letter, "From"), "Shop <orders@shop.example>");
    assert_eq!(header(letter, "Subject"), "Ihr Thing A – für Ada Ólafsdóttir");
    assert_eq!(header(letter, "Auto-Submitted"), "auto-generated");
    assert!(header(letter, "Content-Type").starts_with("text/plain"));
    assert!(!header(letter, "Date").is_empty());
    let body = letter["body"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(body.trim_end(), "Liebe Ada Ólafsdóttir,\n\n1 × A: 1,50 €.\n.\nGruß aus Ghent 🚚");
    assert!(letters[1]["body"].as_str().unwrap().contains("2 × B"));
    let ids: Vec<&str> = letters.iter().map(|l| header(l, "Message-ID")).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(ids[0].starts_with("<email-") && ids[0].ends_with("@shop.example>"), "{ids:?}");
    assert_eq!(states(&shop).await, "sent 1, sent 1");
    assert_eq!(shop.text("select reply from emails limit 1").await, "250 2.0.0 Taken as 4711");
    assert_eq!(shop.value("select count(*) from activities where verb = 'email_sent'").await, 2);

    let remote = shop.text(&format!("select fulfillment_id from shipments where id = {shipment}")).await;
    shop.sandbox.cancel_at_shipstation(remote.parse().unwrap()).unwrap();
    shop.act::<Repost>(shipment, repost::Input::default()).await.unwrap();
    shop.run().await;
    assert_eq!(server.letters().await.len(), 4, "for each item again");
}

#[tokio::test]
async fn what_the_server_says_decides() {
    let server = MailServer::start();
    let shop = with(Shop::open().await, &server).await;
    shop.responds("fulfilled").await;

    queued(&shop, "later@buyer.example").await;
    shop.run().await;
    assert_eq!(states(&shop).await, "queued 1");
    assert!(shop.text("select last_error from emails").await.contains("Greylisted"));
    customer_is(&shop, "ada@buyer.example").await;
    shop.run_in(70).await;
    assert_eq!(states(&shop).await, "sent 2");
    shop.sql("delete from emails").await;

    queued(&shop, "refused@buyer.example").await;
    shop.run_in(86_400).await;
    assert_eq!(states(&shop).await, "failed 1", "a refusal is not tried again");
    assert!(shop.text("select last_error from emails").await.contains("No such user here"));
    assert_eq!(shop.value("select count(*) from activities where verb = 'email_failed'").await, 1);
    shop.sql("delete from emails").await;

    queued(&shop, "full@buyer.example").await;
    shop.run().await;
    assert_eq!(states(&shop).await, "failed 1");
    shop.sql("delete from emails").await;

    // put off until nobody waits any more
    queued(&shop, "later@buyer.example").await;
    for seconds in [0, 70, 340, 1_000, 4_000, 16_000, 48_000, 96_000] {
        shop.run_in(seconds).await;
    }
    assert_eq!(states(&shop).await, "failed 8");
    assert_eq!(server.letters().await.len(), 1);
}

#[tokio::test]
async fn where_no_answer_comes_nobody_knows_and_nothing_is_sent_again() {
    let server = MailServer::start();
    let shop = with(Shop::open().await, &server).await;
    shop.responds("fulfilled").await;
    queued(&shop, "silent@buyer.example").await;
    shop.run_in(3 * 86_400).await;
    assert_eq!(states(&shop).await, "unknown 1");
    assert_eq!(server.letters().await.len(), 1, "it had arrived");
    // a person decides, and is told to whom
    let email = shop.value("select id from emails").await;
    shop.sql("update emails set recipient = 'ada@buyer.example'").await;
    shop.act_as::<ResendEmail>(Role::Client, email, NoInput {}).await.unwrap();
    shop.run().await;
    assert_eq!(states(&shop).await, "unknown 1, sent 1");
    assert_eq!(shop.value("select resend_of from emails order by id desc limit 1").await, email);
    let letters = server.letters().await;
    assert_eq!(letters.len(), 2);
    assert_ne!(header(&letters[0], "Message-ID"), header(&letters[1], "Message-ID"));
}

#[tokio::test]
async fn without_a_mail_server_they_are_kept() {
    let shop = Shop::open().await;
    shop.responds("fulfilled").await;
    posted(&shop).await;
    assert_eq!(states(&shop).await, "kept 0, kept 0");
    assert_eq!(EmailState::parse("kept"), Some(EmailState::Kept));
}

#[tokio::test]
async fn who_answers_410_is_told_of_to_the_admins() {
    let server = MailServer::start();
    let shop = with(Shop::open().await, &server).await;
    crate::support::portal::add_user(&shop.database, "jonas", &[(shop.account, Role::Admin)]).await;
    shop.listens("erp").await;
    shop.sandbox.set_hook_status("erp", 410);
    posted(&shop).await;
    let letters = server.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["to"][0], "jonas@example.com");
    assert!(letters[0]["body"].as_str().unwrap().contains("It answered 410"));
}

fn letter<'a>(to: &'a str, subject: &'a str) -> Letter<'a> {
    Letter { to, subject, body: "x", message_id: "<a@shop.example>", at: waybill::clock::now() }
}

#[tokio::test]
async fn no_text_becomes_a_header() {
    let server = MailServer::start();
    let subject = "Hello\r\nBcc: eve@example.com\r\n\r\nbody";
    let open = server.mailer().open(&letter("ada@buyer.example", subject)).await.unwrap();
    open.send().await.unwrap();
    let letters = server.letters().await;
    assert_eq!(header(&letters[0], "Bcc"), "");
    assert!(header(&letters[0], "Subject").contains("Bcc: eve@example.com"));
    assert_eq!(letters[0]["to"].as_array().unwrap().len(), 1);
    for hostile in ["ada@buyer.example\r\nRCPT TO:<eve@example.com>", "no address", "a@b, c@d"] {
        let failure = server.mailer().open(&letter(hostile, "x")).await.unwrap_err();
        assert_eq!(failure.fate, Fate::Refused, "{hostile:?}");
    }
    server.mailer().open(&letter("zoë@buyer.example", "x")).await.unwrap().send().await.unwrap();
    assert_eq!(server.letters().await[1]["to"][0], "zoë@buyer.example");
}

#[tokio::test]
async fn the_server_may_ask_who_we_are() {
    let server = MailServer::with_users();
    let url = |user: &str| server.url().replace("smtp://", &format!("smtp://{user}@"));
    let from = "orders@shop.example";
    Mailer::new(&url("sho%70:secret"), from).unwrap().test().await.unwrap();
    let wrong = Mailer::new(&url("shop:wrong"), from).unwrap();
    let failure = wrong.open(&letter("ada@buyer.example", "x")).await.unwrap_err();
    assert_eq!(failure.fate, Fate::Later, "it is ours to mend: {}", failure.words);
    assert!(!format!("{wrong:?} {} {}", wrong.place(), failure.words).contains("wrong"));
    // nothing leaves in the clear where STARTTLS is wanted
    let private = Mailer::new(&format!("{}?tls=starttls", url("shop:secret")), from).unwrap();
    assert_eq!(private.test().await.unwrap_err().fate, Fate::Later);
    for bad in ["http://mail.example", "smtp://mail.example?tls=maybe", "mail.example", "smtp://"] {
        assert!(Mailer::new(bad, from).is_err(), "{bad}");
    }
    assert!(Mailer::new("smtp://mail.example", "no address").is_err());
    assert_eq!(Mailer::new("smtp://mail.example", from).unwrap().place(), "mail.example:587, STARTTLS");
    assert_eq!(Mailer::new("smtps://mail.example", from).unwrap().place(), "mail.example:465, TLS");
}

/// The real program, ended as by `kill -9` at a point of its work.
async fn dies_at(point: &str, letters: usize, state: &str) {
    let server = MailServer::start();
    let key = STANDARD.encode(random_bytes::<32>());
    let keyring = Keyring::from_base64(&key).unwrap();
    let shop = Shop::open_on(TestDatabase::create().await, keyring, Duration::from_secs(2)).await;
    let shop = with(shop, &server).await;
    shop.responds("fulfilled").await;
    queued(&shop, "ada@buyer.example").await;
    let mut worker = Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["serve", "--no-migrate", "--worker-only", "--connections=4", "--log=error"])
        .arg(format!("--sandbox={}", shop.sandbox.address()))
        .arg(format!("--crash-at={point}"))
        .args(["--smtp-url", &server.url(), "--mail-from", "Shop <orders@shop.example>"])
        .env("DATABASE_URL", shop.database.owner_url())
        .env("WAYBILL_SECRET_KEY", &key)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = tokio::task::spawn_blocking(move || worker.wait()).await.unwrap().unwrap();
    assert!(!ended.success(), "it was killed at {point}");
    // the lease runs out, and another worker takes over
    shop.run_in(120).await;
    shop.run_in(3 * 86_400).await;
    assert_eq!(states(&shop).await, state, "{point}");
    assert_eq!(server.letters().await.len(), letters, "{point}");
}

#[tokio::test]
async fn a_worker_that_dies_before_the_text_is_replaced() {
    dies_at("claimed:send_email", 1, "sent 1").await;
}

#[tokio::test]
async fn a_worker_that_dies_as_the_text_is_to_go_out_leaves_a_question() {
    dies_at("sending:send_email", 0, "unknown 1").await;
}

#[tokio::test]
async fn a_worker_that_dies_after_the_text_sends_nothing_twice() {
    dies_at("mailed:send_email", 1, "unknown 1").await;
}
