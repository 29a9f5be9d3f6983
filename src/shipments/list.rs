//! (lists of shipments; written with their page)
