//! What the model of posting shows: with every guard the promise holds, and what
//! each guard is for.

use super::{
    model::{ALL, Guards, Posting},
    tally::Tally,
};
use stateright::{Checker, Model};

fn check(model: Posting) -> impl Checker<Posting> {
    model.checker().threads(2).spawn_bfs().join()
}

/// The guard that is out, and the property that must then break.
fn breaks(guards: Guards, property: &'static str) {
    let checked = check(Posting { guards, searchable: true, ever_late: false });
    let found = checked.discovery(property);
    assert!(found.is_some(), "without the guard, “{property}” still holds: {guards:?}");
}

#[test]
fn no_interleaving_makes_two_orders_or_hides_one() {
    let mut tally = Tally::new("model");
    for searchable in [true, false] {
        for ever_late in [false, true] {
            let checked = check(Posting { guards: ALL, searchable, ever_late });
            checked.assert_properties();
            tally.cells += checked.unique_state_count();
        }
    }
    tally.close();
}

#[test]
fn without_one_live_post_two_clicks_are_two_orders() {
    breaks(Guards { one_live_post: false, ..ALL }, "never two live orders");
}

#[test]
fn without_the_intent_a_zombie_sends_again() {
    breaks(Guards { intent: false, ..ALL }, "never two live orders");
}

#[test]
fn without_its_job_what_an_outrunner_sent_is_left_in_the_middle() {
    breaks(Guards { outrun: false, ..ALL }, "nothing rests in the middle");
}

#[test]
fn without_the_lease_epoch_a_zombie_ends_somebody_elses_job() {
    breaks(Guards { lease_epoch: false, ..ALL }, "a job is ended by whoever holds it");
}

#[test]
fn without_the_read_before_a_re_post_there_are_two_orders() {
    breaks(Guards { read_before_repost: false, ..ALL }, "never two live orders");
}

#[test]
fn without_the_reads_before_absent_there_are_two_orders() {
    breaks(Guards { reads_before_absent: false, ..ALL }, "never two live orders");
}

#[test]
fn without_the_sweep_a_late_order_stays_hidden() {
    let model = Posting { guards: Guards { sweep: false, ..ALL }, searchable: true, ever_late: true };
    assert!(check(model).discovery("what is at rest is visible").is_some());
}
