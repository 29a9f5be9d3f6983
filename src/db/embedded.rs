//! (from embedded branch)
