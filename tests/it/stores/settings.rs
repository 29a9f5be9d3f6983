//! A channel's settings: saved with a version, told in activity, secrets never shown.

use super::channel;
use crate::support::portal::Portal;
use waybill::accounts::Role;

const ADDRESS: &str = "https://api.ebay.com/sell/fulfillment/v1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_saved_and_told_with_before_and_after() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = channel(&portal);
    let page = admin.get(&path).await;
    let fields = [
        ("name", "eBay Belgium"),
        ("base_url", ADDRESS),
        ("on_unmapped_courier", "hold_back"),
        ("channel_notification", "mute"),
        ("credential_access_token", "v^1.1#a-secret-token"),
    ];
    let saved = admin.submit(&page, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let after = admin.get(&path).await;
    assert_eq!(after.text(".flash p"), "The settings of eBay Belgium are saved.");
    assert_eq!(after.attribute("[name=on_unmapped_courier][checked]", "value").as_deref(), Some("hold_back"));
    assert!(after.text("#credential_access_token-hint").starts_with("Set."));
    assert!(!after.body.contains("a-secret-token"), "a secret is never shown again");
    let activity = after.text("section[aria-labelledby=activity]");
    assert!(
        activity.contains("send_as_is → hold_back") && activity.contains("eBay of own → eBay Belgium"),
        "{activity}"
    );
    assert!(activity.contains("access_token"), "which credential was replaced: {activity}");
    let leaked = "select count(*) from activities where before::text like '%a-secret%' or after::text like '%a-secret%'";
    assert_eq!(portal.count(leaked).await, 0);

    // a second save of the first page
    let stale = admin
        .submit(
            &page,
            &[
                ("name", "Mine"),
                ("base_url", ADDRESS),
                ("on_unmapped_courier", "hold_back"),
                ("channel_notification", "mute"),
            ],
        )
        .await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.text(".banner.warning").contains("admin.own: Changed the settings of eBay Belgium"),
        "{}",
        stale.text(".banner")
    );
    assert_eq!(stale.attribute("#name", "value").as_deref(), Some("Mine"), "what was typed is kept");
    let again =
        admin.submit(&stale, &[("on_unmapped_courier", "hold_back"), ("channel_notification", "mute")]).await;
    assert_eq!(again.status, 303, "after looking, it may be saved");
    assert_eq!(
        portal
            .count("select count(*) from channels where name = 'Mine' and credentials_sealed is not null")
            .await,
        1,
        "an empty field keeps the credential"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_are_not_public_are_refused() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = channel(&portal);
    let page = admin.get(&path).await;
    for address in [
        "http://169.254.169.254/latest",
        "https://127.0.0.1",
        "https://10.0.0.1:8443/x",
        "ftp://example.com",
        "nonsense",
    ] {
        let answer = admin.submit(&page, &[("name", ""), ("base_url", address)]).await;
        assert_eq!(answer.status, 422, "{address}");
        assert_eq!(answer.attribute("#base_url", "value").as_deref(), Some(address));
        assert_eq!(answer.attribute("#base_url", "aria-invalid").as_deref(), Some("true"));
        assert_eq!(answer.texts(".error-summary a")[0], "Enter a name for this channel.");
    }
    assert_eq!(portal.count("select count(*) from activities where verb = 'channel_changed'").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_see_the_settings_without_a_form() {
    let portal = Portal::open().await;
    for role in [Role::Client, Role::Support] {
        let mut browser = portal.visitor(role).await;
        let page = browser.get(&channel(&portal)).await;
        assert_eq!(page.status, 200);
        assert!(page.texts("main form").is_empty());
        assert!(page.text("section[aria-labelledby=settings]").contains("Send it as it is"));
        assert_eq!(browser.post(&channel(&portal), &[("version", "1"), ("name", "X")]).await.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_channel_says_since_when_and_why() {
    let portal = Portal::open().await;
    portal
        .sql("update channels set failing_since = now() - interval '2 hours', failure_class = 'auth'")
        .await;
    let mut client = portal.visitor(Role::Client).await;
    let page = client.get(&channel(&portal)).await;
    assert!(page.text(".banner.danger").contains("refuses our credentials"), "{}", page.text(".banner"));
    let stores = client.get("/stores").await;
    assert_eq!(stores.text("tbody .badge"), "Failing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_channels_of_a_store_are_told_apart_by_name() {
    let portal = Portal::open().await;
    let (account, store) = (portal.own.account, portal.own.store);
    let insert = |name: &str| {
        format!(
            "insert into channels (account_id, store_id, kind, name) values ({account}, {store}, 'shopify', '{name}')"
        )
    };
    portal.sql(&insert("Webshop")).await;
    let mut admin = portal.visitor(Role::Admin).await;
    let page = admin.get(&channel(&portal)).await;
    let answer = admin.submit(&page, &[("name", "webshop")]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.texts(".error-summary a"),
        ["Another channel of this store has this name. Give it one of its own."]
    );
    assert_eq!(answer.attribute("#name", "value").as_deref(), Some("webshop"));
    let client = crate::support::database::connect(&portal.database.superuser_url()).await;
    let refused = client.batch_execute(&insert("WEBSHOP")).await.unwrap_err();
    assert!(format!("{refused:?}").contains("one_channel_per_name_in_a_store"), "{refused:?}");
}
