//! The pages of shipments and of what went wrong with them, over real HTTP.

mod acting;
mod fixing;
mod listing;
mod queue;
mod showing;

use crate::support::{database::connect, portal::Portal};
use tokio_postgres::Client;

/// A connection past every policy, for rows.
async fn rows(portal: &Portal) -> Client {
    connect(&portal.database.superuser_url()).await
}
