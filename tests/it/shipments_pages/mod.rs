//! The pages of shipments and of what went wrong with them, over real HTTP.

mod acting;
mod fixing;
mod listing;
mod queue;
mod showing;

use crate::support::{parcels::Parcels, portal::Portal, rows::Rows};
use std::ops::Deref;

/// A portal whose accounts have these parcels and no others.
struct Desk {
    portal: Portal,
    own: Parcels,
    other: Parcels,
}

impl Deref for Desk {
    type Target = Portal;
    fn deref(&self) -> &Portal {
        &self.portal
    }
}

impl Desk {
    async fn open() -> Desk {
        let portal = Portal::open().await;
        let client = rows(&portal).await;
        client
            .batch_execute(
                "truncate orders, channels, connections, warehouses, customers, problems, activities, jobs, emails,
                 transaction_records cascade",
            )
            .await
            .expect("an empty house");
        let own = Parcels::furnish(&client, portal.own.account.0, portal.own.store.0).await;
        let other = Parcels::furnish(&client, portal.other.account.0, portal.other.store.0).await;
        Desk { portal, own, other }
    }
}

/// A connection past every policy, for rows.
async fn rows(portal: &Portal) -> Rows {
    Rows::of(&portal.database).await
}
