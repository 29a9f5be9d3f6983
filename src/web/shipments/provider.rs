//! The provider's side of a shipment: its orders there, and the posts that made
//! them, step by step.

use super::story::{self, Moment};
use crate::{
    db::{DbResult, Scope},
    providers::connection,
    shipments::{
        Subject,
        posts::{self, Attempt, Post},
        provider_orders::{self, ProviderOrder},
    },
    web::{Visitor, markup::Stamp},
};

/// An order at the provider.
pub struct Order {
    /// As the database has it.
    pub row: ProviderOrder,
    /// Whose.
    pub connection: String,
    /// When it was made.
    pub created: Stamp,
    /// When it was read last.
    pub read: Option<Stamp>,
    /// When a later one took its place.
    pub superseded: Option<Stamp>,
}

/// A post with its steps.
pub struct Sent {
    /// As the database has it.
    pub row: Post,
    /// Where it stands.
    pub state: &'static str,
    /// Why it was asked for; empty when a step below says the same.
    pub reason: String,
    /// When it was asked for.
    pub asked: Stamp,
    /// Its steps, newest first.
    pub steps: Vec<Moment>,
}

/// All of it, the current first.
pub struct Side {
    /// The order that counts.
    pub current: Option<Order>,
    /// Those before it.
    pub previous: Vec<Order>,
    /// The posts.
    pub posts: Vec<Sent>,
    /// What the newest steps were, for the banner.
    pub attempts: Vec<Attempt>,
}

/// Reads it.
pub async fn side(scope: &mut Scope, visitor: &Visitor, subject: &Subject) -> DbResult<Side> {
    let id = subject.shipment.id;
    let orders = provider_orders::of_shipment(scope, id).await?;
    let made = posts::of_shipment(scope, id).await?;
    let attempts = posts::attempts(scope, id).await?;
    let names = connection::list(scope).await?;
    let name = |id| {
        let found = names.iter().find(|c| c.id == id);
        found.map_or_else(|| "the provider".to_owned(), |c| c.name.clone())
    };
    let mut orders = orders.into_iter().map(|row| Order {
        connection: name(row.connection_id),
        created: visitor.stamp(row.created_at),
        read: row.last_read_at.map(|at| visitor.stamp(at)),
        superseded: row.superseded_at.map(|at| visitor.stamp(at)),
        row,
    });
    let (current, previous): (Vec<Order>, Vec<Order>) = orders.by_ref().partition(|o| o.superseded.is_none());
    let posts = made
        .into_iter()
        .map(|row| {
            let provider = name(row.connection_id);
            let said = attempts.iter().any(|a| a.post_id == row.id && a.detail == row.reason);
            Sent {
                state: story::state(row.state),
                reason: if said { String::new() } else { row.reason.clone() },
                asked: visitor.stamp(row.created_at),
                steps: attempts
                    .iter()
                    .filter(|a| a.post_id == row.id)
                    .map(|a| story::step(visitor, a, &provider))
                    .collect(),
                row,
            }
        })
        .collect();
    Ok(Side { current: current.into_iter().next(), previous, posts, attempts })
}
