//! Facts and events: what is said, what is decided, and how both are written.
//!
//! Coming in: [`envelope`] (a message of the intake) and [`batch`] (a request's
//! body) read `CloudEvents` in [`structured`] or [`binary`] mode into a
//! [`fact::Fact`], by way of `parts` and [`json`]. Going out: [`entry`] writes
//! and reads ledger entries of the [`catalogue`] under their [`names`],
//! [`chain`] links them, [`upcast`] lifts those of older forms. [`schemas`] tells both
//! to the interface documents.

pub mod batch;
pub mod binary;
pub mod catalogue;
pub mod chain;
pub mod entry;
pub mod envelope;
pub mod fact;
pub mod json;
pub mod names;
mod parts;
pub mod schemas;
pub mod structured;
pub mod upcast;
mod uri;
