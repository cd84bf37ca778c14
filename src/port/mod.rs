//! What the engine needs from the outside world, as contracts in words.
//!
//! A [`log::Log`] keeps records in order and for ever; a [`store::Store`] keeps
//! rows that can be made again from a log; a [`carrier::Carrier`] hands messages to
//! those outside; a [`service::Responder`] answers what is asked over a broker. Log and
//! store have a twin in memory and a real adapter, and one contract suite that runs on
//! both. No library is named here.

pub mod announce;
pub mod carrier;
pub mod directory;
pub mod log;
pub mod record;
pub mod service;
pub mod shelf;
pub mod store;
