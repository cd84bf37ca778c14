//! duban.
pub mod calendar;
pub mod cli;
pub mod engine;
pub mod event;
pub mod id;
pub mod kernel;
pub mod memory;
pub mod nats;
pub mod policy;
pub mod port;
pub mod query;
pub mod sled_store;
pub mod time;
