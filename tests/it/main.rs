//! The integration tests, as one binary.

mod local_broker;
mod log_contract;
mod log_on_nats;
mod memory_log;
mod support;
