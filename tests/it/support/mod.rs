//! What several tests need: real servers that end with the test.

pub mod engine;
pub mod kernel;
pub mod nats;
