//! One file a kind of provider.
