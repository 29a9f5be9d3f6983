//! The pages of bulk edit, over real HTTP.

use crate::support::{
    parcels::Parcels,
    portal::{Answer, Browser, Portal},
    rows::Rows,
};
use waybill::{accounts::Role, jobs};

/// A portal whose own account has these shipments to post.
pub(super) struct Desk {
    pub portal: Portal,
    parcels: Parcels,
    pub ids: Vec<i64>,
}

impl Desk {
    pub async fn open(n: usize) -> Desk {
        let portal = Portal::open().await;
        let rows = Rows::of(&portal.database).await;
        rows
            .batch_execute("truncate orders, channels, connections, warehouses, customers, problems, activities, jobs, bulk_rows, bulk_operations cascade")
            .await
            .unwrap();
        let parcels = Parcels::furnish(&rows, portal.own.account.0, portal.own.store.0).await;
        let mut ids = Vec::new();
        for k in 0..n {
            ids.push(parcels.ship(&rows, &format!("SHP-P-{k:03}"), "").await);
        }
        Desk { portal, parcels, ids }
    }

    /// Runs what a worker would.
    async fn work(&self) {
        jobs::run_due(&self.portal.app.work(), &self.portal.app.handlers).await.unwrap();
    }
}

/// The ticked rows of a list as its form sends them.
fn ticked<'a>(on: &'a str, action: &'a str, ids: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("on", on), ("list", "tab=active"), ("action", action)];
    form.extend(ids.iter().map(|id| ("id", id.as_str())));
    form
}

pub(super) async fn begun(browser: &mut Browser, form: &[(&str, &str)]) -> (String, Answer) {
    let begun = browser.post("/bulk", form).await;
    assert_eq!(begun.status, 303, "{}", begun.body);
    let at = begun.location().to_owned();
    let page = browser.get(&at).await;
    (at, page)
}

pub(super) fn texts(ids: &[i64]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_has_boxes_and_a_bar_for_those_who_may() {
    let desk = Desk::open(2).await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let page = client.get("/shipments?tab=active&q=SHP-P").await;
    assert_eq!(page.attributes("tbody .pick input[name=id]", "aria-label").len(), 2);
    assert_eq!(page.attribute("form.grid", "action").as_deref(), Some("/bulk/new"));
    assert_eq!(
        page.attributes(".bulk button[name=action]", "value"),
        ["post", "repost", "submit"],
        "three by name"
    );
    assert_eq!(page.attribute(".bulk input[name=list]", "value").as_deref(), Some("tab=active&q=SHP-P"));
    assert_eq!(page.attribute(".bulk button[data-key=b]", "data-key").as_deref(), Some("b"));
    assert!(page.texts(".bulk a[data-when-all]").is_empty(), "the page shows all that match");
    let mut support = desk.portal.visitor(Role::Support).await;
    let page = support.get("/shipments").await;
    assert_eq!(page.attributes(".bulk button[name=action]", "value"), ["submit", "clear_submission"]);
    let orders = client.get("/orders").await;
    assert_eq!(
        orders.attributes(".bulk button[name=action]", "value"),
        ["reship_orders", "resend_fulfillments", "add_hold"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_are_previewed_at_once_and_done_in_the_background() {
    let desk = Desk::open(4).await;
    desk.portal
        .by_hand(&format!(
            "update shipments set status = 'canceled', voided_at = now() where id = {}",
            desk.ids[3]
        ))
        .await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let ids = texts(&desk.ids);
    let (at, page) = begun(&mut client, &ticked("shipments", "post", &ids)).await;
    assert_eq!(page.text("h1"), "Post 3 shipments to fulfillment?");
    assert_eq!(page.texts(".tally dd"), ["3", "0", "1"]);
    assert_eq!(page.attribute(".confirm form a.btn", "href").as_deref(), Some("/shipments?tab=active"));
    assert_eq!(page.text(".confirm .btn.destroy"), "Post 3 shipments to fulfillment");
    assert!(page.body.contains("The shipment is voided."), "the button's own sentence");
    assert!(page.body.contains("They are sent to ShipStation Antwerp."));
    assert_eq!(desk.portal.count("select count(*) from posts").await, 0);

    let started = client.submit(&page, &[]).await;
    assert_eq!((started.status, started.location()), (303, at.as_str()));
    assert_eq!(client.submit(&page, &[]).await.status, 303, "a second click is the same act");
    let running = client.get(&at).await;
    let id = at.trim_start_matches("/bulk/");
    assert_eq!(running.attribute("#operation", "data-live"), Some(format!("bulk_operation:{id}")));
    assert_eq!(running.attribute("progress", "max").as_deref(), Some("4"));
    assert!(running.texts("footer button").contains(&"Pause".to_owned()));
    desk.work().await;
    assert_eq!(desk.portal.count("select count(*) from posts").await, 3);
    let part = client.partial(&at).await;
    assert!(part.body.contains("id=\"operation\"") && !part.body.contains("<html"));
    let of_one = client.get(&format!("{at}?outcome=skipped")).await;
    assert_eq!(of_one.texts("tbody th"), ["SHP-P-003"]);
    let list = client.get("/bulk").await;
    assert!(list.text("tbody th").starts_with("Post 3 shipments to fulfillment"), "{}", list.text("tbody"));
    let csv = client.get(&format!("{at}/results.csv?outcome=skipped")).await;
    assert!(csv.body.contains("SHP-P-003,skipped,The shipment is voided.,"), "{}", csv.body);
    assert!(csv.header("content-disposition").contains("attachment"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_taken_back_by_a_button() {
    let desk = Desk::open(3).await;
    desk.portal
        .by_hand("update shipments set status = 'pending_tracking', date_post = now(), fulfillment_id = 'F' || id where number like 'SHP-P-%'")
        .await;
    desk.portal.sql(super::WAYS_BACK).await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let (at, page) =
        begun(&mut client, &ticked("shipments", "resync_from_provider", &texts(&desk.ids))).await;
    assert_eq!(client.submit(&page, &[]).await.status, 303);
    let early = client.post(&format!("{at}/undo"), &[]).await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("It can be undone once it has ended."));
    // the rows, and without an outside their jobs
    desk.work().await;
    desk.portal.sql("delete from jobs where kind <> 'bulk_operation'; update jobs set due_at = now()").await;
    desk.work().await;
    let ended = client.get(&at).await;
    assert!(ended.texts("footer button").contains(&"Undo this bulk change".to_owned()), "{}", ended.body);
    let undo = client.post(&format!("{at}/undo"), &[]).await;
    assert_eq!(undo.status, 303, "{}", undo.body);
    let again = client.post(&format!("{at}/undo"), &[]).await;
    assert_eq!(again.location(), undo.location(), "a second click leads to the same");
    let review = client.get(undo.location()).await;
    assert_eq!(review.text("h1"), "Undo: resync 3 shipments from their providers?");
    assert_eq!(review.attribute(".confirm p a", "href").as_deref(), Some(at.as_str()));
    assert_eq!(client.submit(&review, &[]).await.status, 303);
    desk.work().await;
    assert_eq!(desk.portal.count("select count(*) from posts").await, 3);
    let ended = client.get(&at).await;
    assert!(!ended.texts("footer button").contains(&"Undo this bulk change".to_owned()));
    assert_eq!(ended.attribute(".operation > p > a", "href").as_deref(), Some(undo.location()));
    let mut support = desk.portal.visitor(Role::Support).await;
    assert_eq!(support.post(&format!("{at}/undo"), &[]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_between_preview_and_confirmation_is_shown() {
    let desk = Desk::open(3).await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let ids = texts(&desk.ids);
    let (_, page) = begun(&mut client, &ticked("shipments", "post", &ids)).await;
    desk.portal
        .by_hand(&format!(
            "update shipments set status = 'canceled', voided_at = now(), version = version + 1 where id = {}",
            desk.ids[0]
        ))
        .await;
    let changed = client.submit(&page, &[]).await;
    assert_eq!(changed.status, 409);
    assert_eq!(changed.text("h1"), "Post 2 shipments to fulfillment?");
    assert_eq!(changed.text(".banner strong"), "1 of them changed after you looked");
    assert_eq!(desk.portal.count("select count(*) from posts").await, 0);
    let old = client.submit(&page, &[]).await;
    assert_eq!(old.status, 409);
    assert!(old.body.contains("This preview is newer than the one you confirmed"));
    assert_eq!(client.submit(&changed, &[]).await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_re_posts_are_typed() {
    let desk = Desk::open(101).await;
    desk.portal
        .by_hand("update shipments set status = 'pending_tracking', date_post = now(), fulfillment_id = 'F' || id where number like 'SHP-P-%'")
        .await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let form = [
        ("on", "shipments"),
        ("list", "q=SHP-P-"),
        ("all", "yes"),
        ("action", "repost"),
        ("repost-reason", "Lost"),
    ];
    let (at, mut page) = begun(&mut client, &form).await;
    for _ in 0..100 {
        if page.text("h1").ends_with('?') {
            break;
        }
        desk.work().await;
        page = client.get(&at).await;
    }
    assert_eq!(page.text("h1"), "Re-post 101 shipments to fulfillment?");
    assert!(page.body.contains("All shipments in Active · Search: SHP-P-"));
    assert_eq!(page.text("label[for=count]"), "Type 101 to confirm");
    let refused = client.submit(&page, &[("count", "100")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("title").starts_with("Error: "));
    assert_eq!(refused.attribute("#count", "value").as_deref(), Some("100"));
    assert_eq!(client.submit(&refused, &[("count", "101")]).await.status, 303);
    desk.work().await;
    let told = "select count(*) from activities where verb = 'shipment_repost_queued' and after ->> 'reason' = 'Lost'";
    assert_eq!(desk.portal.count(told).await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_ticked_and_nothing_chosen_are_said() {
    let desk = Desk::open(1).await;
    let mut client = desk.portal.visitor(Role::Client).await;
    let page = client.get("/bulk/new?on=shipments&list=tab%3Derrors").await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Tick at least one shipment in the list, then Bulk Edit."));
    assert_eq!(page.attribute("main p .btn", "href").as_deref(), Some("/shipments?tab=errors"));
    let id = desk.ids[0].to_string();
    let page = client.get(&format!("/bulk/new?on=shipments&list=&id={id}")).await;
    assert_eq!(page.attributes("input[type=radio]", "value").len(), 9);
    let refused = client.post("/bulk", &[("on", "shipments"), ("id", &id)]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.text(".error-summary a"), "Choose what to do.");
    let mut support = desk.portal.visitor(Role::Support).await;
    let page = support.get(&format!("/bulk/new?on=shipments&id={id}")).await;
    assert_eq!(page.attributes("input[type=radio]", "value"), ["submit", "clear_submission"]);
    let forbidden = support.post("/bulk", &[("on", "shipments"), ("id", &id), ("action", "post")]).await;
    assert_eq!(forbidden.status, 403);
    // another account's shipment is not picked
    let foreign = desk.portal.count("select max(id) from shipments").await + 5;
    let foreign = foreign.to_string();
    let (_, page) = begun(&mut client, &[("on", "shipments"), ("id", &foreign), ("action", "post")]).await;
    assert_eq!(page.text("h1"), "Nothing to do");
    assert_ne!(desk.parcels.shipment, 0);
}

#[test]
fn a_cell_that_a_spreadsheet_takes_for_a_formula_is_text() {
    use waybill::bulk::{RowOutcome, list};
    let row = |label: &str, reason: &str| list::Row {
        position: 1,
        subject_id: 1,
        subject_label: label.into(),
        outcome: RowOutcome::Failed,
        reason: reason.into(),
        finished_at: None,
    };
    let csv = list::csv("shipment", &[row("=cmd()", "say \"no\", twice"), row("@a", "+1"), row("-2", "\tx")]);
    assert_eq!(
        csv,
        "shipment,result,what,finished_at\r\n'=cmd(),failed,\"say \"\"no\"\", twice\",\r\n'@a,failed,'+1,\r\n'-2,failed,'\tx,\r\n"
    );
}
