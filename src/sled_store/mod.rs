//! sled_store.
