//! The kernel: what is decided and what follows, as pure functions.
//!
//! `decide` answers facts, `timers` lets time pass, `sweep` applies an amended
//! calendar; each returns events that were folded by `evolve` already. Time, ids
//! and rows are arguments. Nothing here waits, reads a clock, draws a number or
//! iterates in an order that could differ between two runs.

pub mod clock;
pub mod decide;
pub mod digest;
pub mod evolve;
pub mod genesis;
pub mod index;
pub mod layer;
pub mod ranking;
pub mod reaction;
mod recent;
pub mod row;
pub mod score;
pub mod state;
pub mod sweep;
pub mod tally;
pub mod timers;
pub mod turn;
