//! Stock that balances: what breaks a law is named, and nothing that people do,
//! in whatever order or at once, breaks one.

mod at_once;
mod checking;
mod model;
mod random;
mod world;

use proptest::{collection::vec, prelude::*};

/// What people do. The numbers pick one of what there is.
#[derive(Debug, Clone)]
pub enum Command {
    Receive { product: u8, n: i32, cost: i64 },
    Adjust { product: u8, n: i32, cost: i64 },
    ReverseAdjustment(u8),
    Order(Vec<(u8, i32)>),
    Reship { order: u8, items: Vec<(u8, i32)>, back: bool },
    Void(u8),
    Restore(u8),
    NewShipment(u8),
    Hold(u8),
    Leave(u8),
}

/// The products' names.
pub const SKUS: [&str; 3] = ["A", "B", "C"];

fn product() -> impl Strategy<Value = u8> {
    // mostly the same one: that is where things meet
    prop_oneof![4 => Just(0u8), 2 => Just(1), 1 => Just(2)]
}

fn items() -> impl Strategy<Value = Vec<(u8, i32)>> {
    vec((product(), 1..5i32), 1..3).prop_map(|mut items| {
        items.sort_unstable();
        items.dedup_by_key(|(product, _)| *product);
        items
    })
}

/// Anything anybody may do.
pub fn command() -> impl Strategy<Value = Command> {
    let cost = || 1..10i64;
    prop_oneof![
        4 => (product(), 1..8i32, cost()).prop_map(|(product, n, c)| Command::Receive { product, n, cost: c * 100 }),
        2 => (product(), -4..4i32, cost()).prop_map(|(product, n, c)| Command::Adjust { product, n, cost: c * 100 }),
        1 => any::<u8>().prop_map(Command::ReverseAdjustment),
        4 => items().prop_map(Command::Order),
        4 => (any::<u8>(), items(), any::<bool>()).prop_map(|(order, items, back)| Command::Reship { order, items, back }),
        4 => any::<u8>().prop_map(Command::Void),
        3 => any::<u8>().prop_map(Command::Restore),
        3 => any::<u8>().prop_map(Command::NewShipment),
        1 => any::<u8>().prop_map(Command::Hold),
        2 => any::<u8>().prop_map(Command::Leave),
    ]
}
