//! Search → Customers: the list, and one customer with their sales.

mod index;
mod show;

pub use index::index;
pub use show::show;
