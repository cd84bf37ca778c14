//! What several tests need: real servers that end with the test.

pub mod nats;
pub mod site;
