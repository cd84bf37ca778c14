//! All integration tests in one binary; each module says what it holds true.

mod calendar_vectors;
mod cli_archive;
mod cli_damage;
mod cli_local;
mod cli_serve;
mod cli_up;
mod engine_on_nats;
mod entry;
mod envelope;
mod envelope_properties;
mod http_cases;
mod http_problems;
mod layout;
mod local_broker;
mod log_contract;
mod log_on_nats;
mod memory_log;
mod policies;
mod samples;
mod store_contract;
mod store_crash;
mod store_damage;
mod store_folder;
mod store_steps;
mod support;
