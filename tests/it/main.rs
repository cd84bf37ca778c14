//! All integration tests in one binary; each module says what it holds true.

mod calendar_vectors;
mod engine_on_nats;
mod entry;
mod envelope;
mod envelope_properties;
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
mod torture_audit;
mod torture_burst;
mod torture_chaos;
mod torture_kills;
mod torture_load;
mod torture_serve;
mod torture_two;
