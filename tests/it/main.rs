//! The integration tests, as one binary.

mod log_contract;
mod log_on_nats;
mod support;
