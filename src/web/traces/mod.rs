//! `/traces/{id}`: one chain, from the click to the last e-mail.

mod show;

pub(in crate::web) use show::job_words;
pub use show::show;
