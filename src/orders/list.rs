//! (lists of orders; written with the pages)
