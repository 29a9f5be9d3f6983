//! How much may still be sent over a lane, and whether anything holds it back, in words.

use crate::{
    outbound::lane::State,
    web::{Visitor, badge::Badge, filters::grouped},
};

/// A lane in words.
#[derive(Debug, Clone)]
pub struct Budget {
    /// What holds it back; nothing while calls go out.
    pub held: Option<Badge>,
    /// How it stands.
    pub sentence: String,
}

/// Reads a lane. `None`: nothing was called yet.
pub fn of(visitor: &Visitor, state: Option<&State>, per_minute: i32) -> Budget {
    let all = grouped(i64::from(per_minute));
    let Some(state) = state else {
        return Budget { held: None, sentence: format!("{all} of {all} requests left this minute.") };
    };
    let now = visitor.now;
    let until = |at| visitor.stamp(at).short;
    let left = format!("{} of {all} requests left this minute.", grouped(state.left(now)));
    if let Some(open) = state.circuit_open_until {
        let when = if open > now { format!(" until {}", until(open)) } else { String::new() };
        return Budget {
            held: Some(Badge::attention("Circuit breaker open").with_icon("circle-pause")),
            sentence: format!(
                "Paused by the circuit breaker{when}: {} of {} calls failed. The next read tries it.",
                grouped(i64::from(state.failed)),
                grouped(i64::from(state.calls))
            ),
        };
    }
    if let Some(closed) = state.closed_until.filter(|at| *at > now) {
        return Budget {
            held: Some(Badge::waiting("Asked to wait").with_icon("clock")),
            sentence: format!("It asked for fewer requests: nothing is sent until {}.", until(closed)),
        };
    }
    match state.next_turn_at.filter(|at| *at > now && state.left(now) == 0) {
        Some(_) => Budget {
            held: Some(Badge::waiting("Waiting for its turn").with_icon("clock")),
            sentence: format!("Waiting for its turn: {left}"),
        },
        None => Budget { held: None, sentence: left },
    }
}
