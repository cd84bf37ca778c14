//! The ports kept in memory, for tests and for the simulator.
//!
//! Same contracts as the real adapters, plus faults on demand. Nothing here
//! survives the process.

pub mod store;
