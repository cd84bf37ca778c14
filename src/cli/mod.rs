//! The command line: the only place that reads the environment, starts other
//! programs and wires adapters to the engine.
//!
//! * [`nats_server`]: finds a `nats-server`, or fetches one once.
//! * [`broker`]: keeps it running for `duban up` and for tests.
//! * `process`: one life of its process.

pub mod broker;
pub mod exit;
pub mod folder;
pub mod nats_server;
mod process;
pub mod shelf;
pub mod world;
