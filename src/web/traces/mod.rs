//! `/traces/{id}`: one chain, from the click to the last e-mail.

mod show;

pub use show::show;
