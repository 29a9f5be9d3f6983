//! Whatever people do in whatever order, stock is what the model says. A failure
//! is shrunk and told as a short story.

use super::{Command, command, world::World};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use std::future::Future;

/// Runs so many stories and panics with the shortest that goes wrong.
fn stories<T: std::fmt::Debug + Clone>(
    cases: u32,
    of: impl Strategy<Value = T>,
    told: impl AsyncFn(T) -> Result<(), String>,
) {
    let cases = std::env::var("STORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let ended = runner.run(&of, |value| on_its_own(told(value)).map_err(TestCaseError::fail));
    match ended {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{}", reason.message()),
        Err(other) => panic!("{other}"),
    }
}

fn on_its_own<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn all(world: &mut World, commands: &[Command]) -> Result<(), String> {
    for command in commands {
        world.does(command).await?;
    }
    Ok(())
}

/// Of two products a few are there from the beginning; of the third nothing was ever counted.
fn day(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Command>> {
    let receive = |product, n| Command::Receive { product, n, cost: 300 };
    vec(command(), length).prop_map(move |mut commands| {
        commands.splice(0..0, [receive(0, 3), receive(1, 2)]);
        commands
    })
}

#[test]
fn stock_costs_budgets_and_refusals_are_what_the_model_says() {
    stories(16, day(8..24), async |commands| all(&mut World::open().await, &commands).await);
}

#[test]
fn a_void_and_a_restore_leave_everything_as_it_was() {
    stories(8, (day(3..14), any::<u8>()), async |(commands, which)| {
        let mut world = World::open().await;
        all(&mut world, &commands).await?;
        let standing: Vec<usize> =
            (0..world.model.shipments.len()).filter(|s| !world.model.shipments[*s].voided).collect();
        if standing.is_empty() {
            return Ok(());
        }
        let at = standing[usize::from(which) % standing.len()];
        let before = world.found().await;
        let which = u8::try_from(at).unwrap();
        all(&mut world, &[Command::Void(which), Command::Restore(which)]).await?;
        // the ledger only grows: there is a movement there and one back
        let but_movements = |picture: Vec<(String, String)>| -> Vec<(String, String)> {
            picture.into_iter().filter(|(name, _)| !name.starts_with("movements")).collect()
        };
        let (before, after) = (but_movements(before), but_movements(world.found().await));
        match before.iter().zip(&after).find(|(before, after)| before != after) {
            None => Ok(()),
            Some(((name, before), (_, after))) => {
                Err(world.tells(&format!("expected {name} as before, {before}, found {after}")))
            }
        }
    });
}

/// More is reserved than lies there: an order that was owed its unit was voided too.
#[test]
fn a_restore_takes_what_its_own_void_gave_back_though_more_is_reserved() {
    on_its_own(async {
        let mut world = World::open().await;
        let one = |n| Command::Receive { product: 0, n, cost: 300 };
        let wants = |n| Command::Order(vec![(0, n)]);
        let story = [one(1), wants(1), wants(1), Command::Void(1)];
        all(&mut world, &story).await.unwrap_or_else(|story| panic!("{story}"));
        let stands = world.found().await.into_iter().find(|(name, _)| name.starts_with("SHP-000001"));
        let story = [Command::Void(0), Command::Restore(0)];
        all(&mut world, &story).await.unwrap_or_else(|story| panic!("{story}"));
        let again = world.found().await.into_iter().find(|(name, _)| name.starts_with("SHP-000001"));
        assert_eq!(stands, again);
    });
}

#[test]
fn a_reship_with_add_back_nets_to_zero_until_the_original_leaves() {
    stories(6, (1..9i32, vec((1..9i32, 1..10i64), 1..4), 1..9i32), async |(bought, arrivals, again)| {
        let mut world = World::open().await;
        for (n, cost) in arrivals {
            world.does(&Command::Receive { product: 0, n, cost: cost * 100 }).await?;
        }
        world.does(&Command::Order(vec![(0, bought)])).await?;
        let of_stock = |found: Vec<(String, String)>| -> Vec<(String, String)> {
            found
                .into_iter()
                .filter(|(name, _)| name.starts_with("on hand") || name.starts_with("backordered"))
                .collect()
        };
        let before = of_stock(world.found().await);
        world.does(&Command::Reship { order: 0, items: vec![(0, again)], back: true }).await?;
        let after = of_stock(world.found().await);
        if before != after {
            return Err(world.tells(&format!("expected {before:?}, found {after:?}")));
        }
        // it takes again what was added back, and nothing of it twice
        world.does(&Command::Leave(0)).await
    });
}
