//! Lanes in the database: every process asks the same row, in a short
//! transaction of its own, before it calls and, where there is something to
//! tell, after.

use super::lane::{Asks, Circuit, Lane, State, Told, Turn, Why};
use crate::{
    clock::Instant,
    db::{Db, DbResult, Scope, Sql, sql},
    evidence::{
        Actor, Entry, activity,
        activity::{Ended, Subject},
    },
    ids::AccountId,
};
use diesel::{
    QueryableByName,
    sql_types::{Double, Integer, Nullable, Text, Timestamptz},
};
use std::collections::HashMap;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    lane: String,
    #[diesel(sql_type = Integer)]
    requests_per_minute: i32,
    #[diesel(sql_type = Double)]
    tokens: f64,
    #[diesel(sql_type = Timestamptz)]
    refilled_at: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_turn_at: Option<Instant>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    closed_until: Option<Instant>,
    #[diesel(sql_type = Integer)]
    calls: i32,
    #[diesel(sql_type = Integer)]
    failed: i32,
    #[diesel(sql_type = Timestamptz)]
    counted_since: Instant,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    circuit_open_until: Option<Instant>,
}

impl From<Row> for State {
    fn from(row: Row) -> State {
        State {
            per_minute: row.requests_per_minute,
            tokens: row.tokens,
            refilled_at: row.refilled_at,
            next_turn_at: row.next_turn_at,
            closed_until: row.closed_until,
            calls: row.calls,
            failed: row.failed,
            counted_since: row.counted_since,
            circuit_open_until: row.circuit_open_until,
        }
    }
}

macro_rules! lane_columns {
    ($owner:literal, $rest:literal) => {
        concat!(
            "select l.lane, o.requests_per_minute, l.tokens, l.refilled_at, l.next_turn_at, l.closed_until, l.calls, \
             l.failed, l.counted_since, l.circuit_open_until from lanes l join ",
            $owner,
            " o on o.account_id = l.account_id ",
            $rest
        )
    };
}

fn one(account: AccountId, lane: Lane) -> Sql {
    match lane {
        Lane::Connection(id) => {
            sql(lane_columns!("connections", "where o.id = {} and l.account_id = {} and l.lane = {}"))
                .bind(id)
        }
        Lane::Channel(id) => {
            sql(lane_columns!("channels", "where o.id = {} and l.account_id = {} and l.lane = {}")).bind(id)
        }
    }
    .bind(account)
    .bind(lane.to_string())
}

/// Its row, locked; `None` when there is no such connection or channel.
async fn lock(scope: &mut Scope, lane: Lane, now: Instant) -> DbResult<Option<State>> {
    let account = scope.account();
    if let Some(row) = scope.row::<Row>(one(account, lane).push(" for update of l")).await? {
        return Ok(Some(row.into()));
    }
    // as many tokens as fit: the budget cuts them
    scope
        .execute(
            sql("insert into lanes (account_id, lane, tokens, refilled_at, counted_since) \
                 values ({}, {}, 1e9, {}, {}) on conflict (account_id, lane) do nothing")
            .bind(account)
            .bind(lane.to_string())
            .bind(now)
            .bind(now),
        )
        .await?;
    Ok(scope.row::<Row>(one(account, lane).push(" for update of l")).await?.map(State::from))
}

async fn save(scope: &mut Scope, lane: Lane, state: &State) -> DbResult<()> {
    let account = scope.account();
    scope
        .execute(
            sql("update lanes set tokens = {}, refilled_at = {}, next_turn_at = {}, closed_until = {}, calls = {}, \
                 failed = {}, counted_since = {}, circuit_open_until = {} where account_id = {} and lane = {}")
            .bind(state.tokens)
            .bind(state.refilled_at)
            .bind(state.next_turn_at)
            .bind(state.closed_until)
            .bind(state.calls)
            .bind(state.failed)
            .bind(state.counted_since)
            .bind(state.circuit_open_until)
            .bind(account)
            .bind(lane.to_string()),
        )
        .await?;
    Ok(())
}

/// Kept back: why, until when, and how the lane stands.
#[derive(Debug)]
pub(super) struct KeptBack {
    pub(super) why: Why,
    pub(super) until: Instant,
    pub(super) state: State,
}

/// Asks for a turn, committed.
pub(super) async fn ask(
    db: &Db,
    account: AccountId,
    lane: Lane,
    what: Asks,
    now: Instant,
) -> DbResult<Result<Turn, KeptBack>> {
    let mut scope = db.scope(account).await?;
    let Some(mut state) = lock(&mut scope, lane, now).await? else {
        return Ok(Ok(Turn { decides: false }));
    };
    let answer = state.ask(what, now);
    save(&mut scope, lane, &state).await?;
    scope.commit().await?;
    Ok(answer.map_err(|(why, until)| KeptBack { why, until, state }))
}

/// Keeps what a call told, where that is news, with a line of activity when the
/// circuit breaker opened or closed.
pub(super) async fn learn(
    db: &Db,
    account: AccountId,
    lane: Lane,
    turn: Turn,
    told: Told,
    now: Instant,
) -> DbResult<()> {
    if told.answered && !turn.decides && !told.too_many && told.wait.is_none() {
        return Ok(());
    }
    let mut scope = db.scope(account).await?;
    let Some(mut state) = lock(&mut scope, lane, now).await? else {
        return Ok(());
    };
    let circuit = state.learn(turn, told, now);
    save(&mut scope, lane, &state).await?;
    if let Some(circuit) = circuit {
        let (subject, id) = match lane {
            Lane::Connection(id) => (Subject::Connection, id.0),
            Lane::Channel(id) => (Subject::Channel, id.0),
        };
        let (verb, ended, summary) = match circuit {
            Circuit::Opened => (
                "circuit_opened",
                Ended::Warning,
                format!(
                    "The circuit breaker paused all calls: {} of {} failed. The next read tries it",
                    state.failed, state.calls
                ),
            ),
            Circuit::Closed => {
                ("circuit_closed", Ended::Ok, "A read went well; calls are no longer paused".to_owned())
            }
        };
        let entry = Entry::new(&Actor::system(), verb, subject, id, summary).ended(ended);
        activity::record(&mut scope, entry).await?;
    }
    scope.commit().await
}

/// How a lane stands; `None` while nothing was called.
pub async fn of(scope: &mut Scope, lane: Lane) -> DbResult<Option<State>> {
    let account = scope.account();
    let row: Option<Row> = scope.row(one(account, lane)).await?;
    Ok(row.map(State::from))
}

/// How the lanes of all connections stand, by the lane's name.
pub async fn of_connections(scope: &mut Scope) -> DbResult<HashMap<String, State>> {
    let account = scope.account();
    let rows: Vec<Row> = scope
        .rows(
            sql(lane_columns!(
                "connections",
                "and l.lane = 'connection:' || o.id where l.account_id = {} limit 500"
            ))
            .bind(account),
        )
        .await?;
    Ok(rows.into_iter().map(|row| (row.lane.clone(), row.into())).collect())
}
