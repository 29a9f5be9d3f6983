//! (the error queue as a list; written with its page)
