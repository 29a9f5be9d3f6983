//! Who may: accounts, the people in them, what each role may do, passwords,
//! sessions and API tokens.

pub mod passwords;
pub mod permissions;
pub mod rates;
pub mod saved_views;
pub mod sessions;
pub mod throttle;
pub mod tokens;
pub mod users;

pub use permissions::{Permission, Role};
pub use users::Person;
