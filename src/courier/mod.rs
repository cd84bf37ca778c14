//! Delivery to people and systems: what the ledger says is to be told, told.
//!
//! A loop of its own beside the engine. Its work list is a table of the projection
//! ([`crate::query::outbox`]): a reminder that was raised and has no recorded outcome. It
//! sends while its engine leads and has decided all that was there before it led; each
//! end of a delivery is a fact that it states into the intake ([`outcome`]), and the
//! fact's verdict takes the row away. It remembers only what it has under way: after a
//! crash the rows are still there, and whatever was sent without its end being recorded
//! is sent again under the same key.
//!
//! [`terms`] says when a channel lets something out and [`plan`] what a lane does now,
//! both pure; [`backoff`], [`circuit`] and [`pacing`] keep to what a place bears; [`book`]
//! is what is remembered; [`survey`] reads a lane, [`letter`] writes a message ([`preview`]
//! one before there is anything to tell), [`telling`] states facts; [`run`] is the loop, and
//! [`signs`] is how several know of each other.
//! It names no adapter and decides nothing that a case depends on.

mod attempt;
pub mod backoff;
pub mod book;
pub mod circuit;
pub mod letter;
pub mod outcome;
pub mod pacing;
pub mod plan;
pub mod preview;
pub mod run;
pub mod signs;
pub mod survey;
pub mod telling;
pub mod terms;
