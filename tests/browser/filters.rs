//! Narrowing a list by any column and keeping it as a view: with JavaScript and
//! without.

use super::{Browser, Demo, TURN, named};
use fantoccini::Locator;

async fn narrows(live: bool) {
    let _turn = TURN.lock().await;
    let demo = Demo::open().await;
    let size = if live { (1440, 1000) } else { (360, 800) };
    let mut client = Browser::open_at(&demo.base, live, size).await;
    client.signs_in(named::CLIENT, named::PASSWORD).await;
    client.goto("/shipments").await;
    client.press("Add filter").await;
    client.press("All filters").await;
    client.sees("Filter by").await;
    client.choose("select[name=column]", "Status").await;
    if !live {
        client.press("Next").await;
    }
    client.sees("How it compares").await;
    client.click(Locator::Css("input[name=value][value=delivered]")).await;
    client.screenshot(&format!("filter-{live}")).await;
    client.click(Locator::XPath("//form//button[normalize-space(.)='Add filter']")).await;
    client.sees("Status: Delivered").await;
    client.sees_no("Clear all").await;
    client.press("Save view").await;
    client.fill("input[name=name]", "What arrived").await;
    client.click(Locator::XPath("//form//button[normalize-space(.)='Save view']")).await;
    client.sees("View saved.").await;
    client.click(Locator::Css(".chip.applied a")).await;
    client.sees("Edited").await;
    client.screenshot(&format!("view-edited-{live}")).await;
    client.press("Discard").await;
    client.sees("Status: Delivered").await;
    client.press("Rename or delete").await;
    client.sees("Delete this view").await;
    client.press("Delete view").await;
    client.sees("deleted").await;
    client.close().await;
    demo.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_is_narrowed_and_kept_as_a_view() {
    narrows(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_is_narrowed_and_kept_as_a_view_without_javascript() {
    narrows(false).await;
}
