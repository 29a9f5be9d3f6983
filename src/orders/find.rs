//! (one order; written with the pages)
