//! duban.
pub mod calendar;
pub mod cli;
pub mod id;
pub mod memory;
pub mod nats;
pub mod port;
pub mod sled_store;
pub mod time;
