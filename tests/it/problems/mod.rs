//! What went wrong, as a work list: marked by hand, owned, put off, tried
//! again; and the chain that led there.

mod marking;
mod retrying;
mod selecting;
mod tracing;
mod working;
