//! What the engine needs from the outside world, as contracts in words.
//!
//! A [`log::Log`] keeps records in order and for ever; a [`store::Store`] keeps
//! rows that can be made again from a log. Both have a twin in memory and a real
//! adapter, and one contract suite that runs on both; a [`service::Responder`] answers
//! what is asked over a broker. No library is named here.

pub mod directory;
pub mod log;
pub mod record;
pub mod service;
pub mod shelf;
pub mod store;
