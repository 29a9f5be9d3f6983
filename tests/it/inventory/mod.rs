//! Stock that balances: what breaks a law is named.

mod checking;
