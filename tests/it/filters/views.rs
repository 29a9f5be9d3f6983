//! Saved views: made, shown, edited, shared, taken away.

use crate::support::portal::Portal;
use waybill::accounts::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_saved_edited_and_discarded_and_nothing_by_itself() {
    let portal = Portal::open().await;
    portal.sql("delete from saved_views").await;
    let mut client = portal.visitor(Role::Client).await;
    assert!(client.get("/orders").await.texts(".saved-view a").is_empty(), "nothing to save");
    let list = client.get("/orders?tab=unshipped&status=shipped&q=ord").await;
    let save = list.attribute(".saved-view a", "href").unwrap();
    let page = client.get(&save).await;
    assert_eq!(page.text("h1"), "Save view");
    let nameless = client.submit(&page, &[("name", "  ")]).await;
    assert_eq!(
        (nameless.status, nameless.text("#name-error").as_str()),
        (422, "Error: Give the view a name.")
    );
    let saved = client.submit(&nameless, &[("name", " My  view ")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let shown = client.get(saved.location()).await;
    assert_eq!(shown.texts(".tabs a[aria-current]"), ["My view"]);
    assert!(!shown.texts(".saved-view .chip").contains(&"Edited".to_owned()));
    let again = client.submit(&page, &[("name", "My view")]).await;
    assert_eq!(again.text("#name-error"), "Error: You have a view of this name. Choose another.");

    // a filter more: edited, and only pressing saves it
    let address = saved.location().replace("status=shipped", "status=unshipped");
    let edited = client.get(&address).await;
    assert_eq!(edited.text(".saved-view .chip"), "Edited");
    assert_eq!(edited.texts(".saved-view a"), ["Save as", "Discard", "Rename or delete"]);
    let other = client.get(&format!("{address}&size=25")).await;
    assert_eq!(other.text(".saved-view .chip"), "Edited");
    let discard = edited.attributes(".saved-view a", "href")[1].clone();
    assert!(client.get(&discard).await.texts(".saved-view .chip").is_empty());
    let action = edited.attribute(".saved-view form", "action").unwrap();
    let sent = edited.attributes(".saved-view form input", "value");
    let kept = client.post(&action, &[("version", &sent[0]), ("list", &sent[1])]).await;
    assert_eq!(kept.status, 303);
    assert!(client.get(kept.location()).await.texts(".saved-view .chip").is_empty());
    assert!(kept.location().contains("status=unshipped"), "{}", kept.location());

    // another name, then it goes
    let manage = client.get(kept.location()).await.attributes(".saved-view a", "href").pop().unwrap();
    let page = client.get(&manage).await;
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("My view"));
    let renamed = client.submit(&page, &[("name", "Theirs"), ("shared", "")]).await;
    assert_eq!(client.get(renamed.location()).await.texts(".tabs a[aria-current]"), ["Theirs"]);
    let stale = client.submit(&page, &[("name", "Mine")]).await;
    assert_eq!(stale.status, 409, "another page changed it meanwhile");
    let gone = client.post(&format!("{manage}/delete"), &[("version", "3")]).await;
    assert_eq!((gone.status, gone.location()), (303, "/orders"));
    assert_eq!(portal.count("select count(*) from saved_views").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_view_is_everybodys_to_see_and_its_owners_to_change() {
    let portal = Portal::open().await;
    portal.sql("delete from saved_views").await;
    let mut client = portal.visitor(Role::Client).await;
    let mut admin = portal.visitor(Role::Admin).await;
    let mut support = portal.visitor(Role::Support).await;
    let form = |name: &'static str, shared: &'static str| {
        [("on", "shipments"), ("list", "tab=errors"), ("name", name), ("shared", shared)]
    };
    assert_eq!(client.post("/views", &form("Mine", "")).await.status, 303);
    assert_eq!(client.post("/views", &form("Ours", "yes")).await.status, 303);
    assert_eq!(support.post("/views", &form("Theirs", "yes")).await.status, 422, "support shares nothing");
    assert_eq!(support.post("/views", &form("Theirs", "")).await.status, 303);
    let tabs = |page: crate::support::portal::Answer| page.texts(".tabs a").split_off(7);
    assert_eq!(tabs(client.get("/shipments").await), ["Mine", "Ours shared"]);
    assert_eq!(tabs(support.get("/shipments").await), ["Theirs", "Ours shared"]);
    assert_eq!(tabs(admin.get("/shipments").await), ["Ours shared"]);
    assert!(admin.get("/orders").await.texts(".tabs a").len() == 5, "of its list only");

    let id =
        async |name: &str| portal.count(&format!("select id from saved_views where name = '{name}'")).await;
    let (mine, ours) = (id("Mine").await, id("Ours").await);
    assert_eq!(
        support.get(&format!("/views/{mine}")).await.status,
        404,
        "another's own is nobody's business"
    );
    assert_eq!(support.post(&format!("/views/{mine}/delete"), &[]).await.status, 404);
    for act in ["", "/save", "/delete"] {
        let answer = support.post(&format!("/views/{ours}{act}"), &form("Stolen", "")).await;
        assert_eq!(answer.status, 409, "{act}: {}", answer.body);
    }
    assert!(support.get(&format!("/views/{ours}")).await.texts("form .btn.primary").is_empty());
    assert_eq!(
        portal.count("select count(*) from saved_views where name = 'Ours' and query = 'tab=errors'").await,
        1
    );
    assert_eq!(admin.post(&format!("/views/{ours}/delete"), &[("version", "1")]).await.status, 303);
    assert_eq!(tabs(client.get("/shipments").await), ["Mine"]);
}
