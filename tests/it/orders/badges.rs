//! Every value of every state machine has one badge, and a label of its own.

use std::collections::BTreeMap;
use waybill::{
    evidence::{activity::Ended, record::RecordStatus},
    notify::emails::EmailState,
    orders::{HoldKind, OrderStatus, PaymentStatus},
    shipments::{ChannelSync, Status, posts::Step},
    traces::{DeliveryState, JobState},
    web::badge::{self, Badge, Certainty},
};

fn icons() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/static/icons.svg")).unwrap()
}

fn check<T: Copy + std::fmt::Debug>(values: &[T], badge: impl Fn(T) -> Badge) {
    let icons = icons();
    let mut seen: BTreeMap<&str, T> = BTreeMap::new();
    for &value in values {
        let badge = badge(value);
        assert!(!badge.label.is_empty(), "{value:?} has no word");
        assert!(badge.label.split(' ').count() <= 3, "{value:?}: {} is long", badge.label);
        assert!(icons.contains(&format!("id=\"{}\"", badge.icon)), "{value:?}: no icon {}", badge.icon);
        if let Some(other) = seen.insert(badge.label, value) {
            panic!("{value:?} and {other:?} are both {:?}", badge.label);
        }
    }
}

#[test]
fn every_state_has_a_badge_of_its_own() {
    check(Status::ALL, badge::shipment_status);
    check(ChannelSync::ALL, badge::channel_sync);
    check(OrderStatus::ALL, badge::order_status);
    check(PaymentStatus::ALL, badge::payment_status);
    check(HoldKind::ALL, badge::hold);
    check(RecordStatus::ALL, badge::record_status);
    check(EmailState::ALL, badge::email_state);
    check(Ended::ALL, badge::activity_result);
    check(JobState::ALL, badge::job_state);
    check(DeliveryState::ALL, badge::delivery_state);
    check(Step::ALL, badge::post_step);
}

#[test]
fn only_what_nobody_knows_is_dashed() {
    for &status in Status::ALL {
        let dashed = badge::shipment_status(status).certainty == Certainty::Unknown;
        assert_eq!(dashed, status == Status::Unconfirmed, "{status}");
    }
}

#[test]
fn a_hold_is_named_as_the_rest_of_the_product_names_it() {
    for &kind in HoldKind::ALL {
        assert_eq!(badge::hold(kind).label, kind.label());
    }
}
