//! Courier mappings: what is refused, what is stale, what is kept.

use super::channel;
use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_comes_back_with_what_was_typed() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = format!("{}/couriers", channel(&portal));
    let page = admin.get(&format!("{path}?courier=dpd_be&name=")).await;
    let again =
        admin.submit(&page, &[("courier", "dpd_be"), ("custom_name", " "), ("custom_code", "D1")]).await;
    assert_eq!(again.status, 422);
    assert!(again.text("title").starts_with("Error: "));
    assert_eq!(again.text(".error-summary a"), "Enter the custom name eBay of own uses for this courier.");
    assert_eq!(again.attribute("select#courier option[selected]", "value").as_deref(), Some("dpd_be"));
    assert_eq!(again.attribute("#custom_code", "value").as_deref(), Some("D1"));
    let neither = admin.submit(&page, &[("courier", ""), ("custom_name", "DPD")]).await;
    assert_eq!(neither.status, 422);
    assert_eq!(neither.text(".error-summary a"), "Choose the courier as it is sent to us.");
    let two = [("courier", "dpd_be"), ("other_courier", "dpd_nl"), ("custom_name", "DPD")];
    let two = admin.submit(&page, &two).await;
    assert_eq!(two.status, 422, "neither is passed over in silence");
    assert_eq!(
        two.text(".error-summary a"),
        "Choose one: dpd_be from the list, or dpd_nl. Only one mapping is saved at a time."
    );
    assert_eq!(two.attribute("#other_courier", "value").as_deref(), Some("dpd_nl"));
    assert_eq!(portal.count("select count(*) from courier_mappings where courier like 'dpd_%'").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_a_mapping_keeps_the_one_before_and_says_who() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = format!("{}/couriers", channel(&portal));
    let id = portal.own.record("mapping");
    let edit = admin.get(&format!("{path}?edit={id}")).await;
    let version = edit.attribute(&format!("#mapping-{id} [name=version]"), "value").unwrap();
    let form = |name| {
        [
            ("edit", id.to_string()),
            ("version", version.clone()),
            ("courier", "royal mail".into()),
            ("custom_name", name),
        ]
    };
    let post = form("RoyalMail".to_owned());
    let post: Vec<(&str, &str)> = post.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(admin.post(&path, &post).await.status, 303);
    let page = admin.get(&path).await;
    assert!(page.text("section[aria-labelledby=previous] li").contains("royal mail was sent as Royal Mail"));
    let history = "select count(*) from activities where verb = 'courier_mapping_changed' and actor_name = 'admin.own' \
                   and before->>'custom_name' = 'Royal Mail' and after->>'custom_name' = 'RoyalMail'";
    assert_eq!(portal.count(history).await, 1);

    // the same page once more: it does not know of the change
    let stale = form("Royal".to_owned());
    let stale: Vec<(&str, &str)> = stale.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = admin.post(&path, &stale).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text(".banner.warning").contains("now “RoyalMail”"), "{}", answer.text(".banner"));
    assert_eq!(
        answer.attribute(&format!("#mapping-{id} [name=custom_name]"), "value").as_deref(),
        Some("Royal")
    );
    assert_eq!(
        portal.count("select count(*) from courier_mappings where custom_name = 'RoyalMail'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_map_the_same_courier_do_not_overwrite_each_other() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = format!("{}/couriers", channel(&portal));
    let (first, second) = (admin.get(&path).await, admin.get(&path).await);
    let fields = |name| [("courier", "dpd_be"), ("custom_name", name)];
    assert_eq!(admin.submit(&first, &fields("DPD")).await.status, 303);
    let answer = admin.submit(&second, &fields("Interlink")).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text(".banner.warning").contains("now “DPD”"));
    // looked at again, it may be changed
    let third = admin.get(&path).await;
    let loaded = third.attribute("[name=loaded]", "value").unwrap();
    let form = [("loaded", loaded.as_str()), ("courier", "dpd_be"), ("custom_name", "Interlink")];
    assert_eq!(admin.post(&path, &form).await.status, 303);
    assert_eq!(
        portal.count("select count(*) from courier_mapping_versions where custom_name = 'DPD'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_a_mapping_asks_and_can_be_restored() {
    let portal = Portal::open().await;
    let mut admin = portal.visitor(Role::Admin).await;
    let path = format!("{}/couriers", channel(&portal));
    let remove = format!("{path}/{}/remove", portal.own.record("mapping"));
    let page = admin.get(&remove).await;
    assert_eq!(page.text("h1"), "Remove the mapping of royal mail?");
    let dialog = admin.partial(&remove).await;
    assert!(!dialog.body.contains("<html"), "the dialog gets the part alone");
    assert_eq!(admin.submit(&page, &[]).await.status, 303);
    let list = admin.get(&path).await;
    assert!(list.text(".flash p").starts_with("The mapping of royal mail is removed."));
    let restore = list.attribute("section[aria-labelledby=previous] a", "href").unwrap();
    let form = admin.get(&restore).await;
    assert_eq!(form.attribute("#custom_name", "value").as_deref(), Some("Royal Mail"));
    assert_eq!(form.attribute("#other_courier", "value").as_deref(), Some("royal mail"));
    assert_eq!(admin.submit(&form, &[]).await.status, 303);
    assert_eq!(
        portal.count("select count(*) from courier_mappings where custom_name = 'Royal Mail'").await,
        2
    );
    assert_eq!(admin.get(&remove).await.status, 410, "that mapping is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_look_and_only_admins_may_change() {
    let portal = Portal::open().await;
    let path = format!("{}/couriers", channel(&portal));
    for role in [Role::Client, Role::Support] {
        let mut browser = portal.visitor(role).await;
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.texts("main form").is_empty(), "{role:?} sees a form");
        let form = [("courier", "dpd_be"), ("custom_name", "DPD"), ("loaded", "0")];
        assert_eq!(browser.post(&path, &form).await.status, 403);
        assert_eq!(browser.post(&format!("{path}/resend"), &form[..1]).await.status, 403);
        let remove = format!("{path}/{}/remove", portal.own.record("mapping"));
        assert_eq!(browser.post(&remove, &[]).await.status, 403);
    }
    assert_eq!(portal.count("select count(*) from courier_mappings").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_of_another_store_or_account_is_not_found() {
    let portal = Portal::open().await;
    portal
        .sql(&format!(
            "insert into stores (account_id, id, name) values ({}, 9001, 'Empty')",
            portal.own.account
        ))
        .await;
    let mut admin = portal.visitor(Role::Admin).await;
    let channel = portal.own.record("channel");
    let theirs = format!("/stores/{}/channels/{}", portal.other.store, portal.other.record("channel"));
    for base in [format!("/stores/9001/channels/{channel}"), theirs] {
        for page in ["", "/couriers", "/transaction-records"] {
            assert_eq!(admin.get(&format!("{base}{page}")).await.status, 404, "{base}{page}");
        }
        let form = [("courier", "dpd_be"), ("custom_name", "DPD"), ("version", "1"), ("name", "X")];
        assert_eq!(admin.post(&base, &form).await.status, 404);
        assert_eq!(admin.post(&format!("{base}/couriers"), &form).await.status, 404);
        assert_eq!(admin.post(&format!("{base}/couriers/resend"), &form).await.status, 404);
    }
    // their mapping under our channel
    let remove = format!("{}/couriers/{}/remove", super::channel(&portal), portal.other.record("mapping"));
    assert_eq!(admin.post(&remove, &[]).await.status, 404);
    assert_eq!(portal.count("select count(*) from courier_mappings").await, 2);
}
