//! The ports' twins in memory: for tests and for the simulator.
//!
//! They keep the same contracts as the real adapters, hold nothing after the
//! process ends, and can be told to fail in every way the real ones can.

pub mod clock;
pub mod directory;
pub mod log;
pub mod shelf;
pub mod store;
