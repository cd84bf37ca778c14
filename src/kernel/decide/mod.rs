//! Deciding: state × fact × time → events.
//!
//! A fact goes through the same doors in the same order, and the first that stays
//! shut is the reason of its refusal: read (`admit`), seen before, publisher
//! known, type known, time plausible, data as its schema says; then its case is
//! found (`route`), the transition is judged (`transit`), and the clocks follow
//! (`clocks`), and what it counts for (`quota`). Policies come in by `publish`, what
//! became of messages by `told`, and what every case takes by `answers`. Every fact has at least one
//! event; nothing here reads a clock, draws a number or does I/O.

mod admit;
mod answers;
pub(super) mod clocks;
pub(super) mod opening;
pub(super) mod publish;
mod quota;
mod route;
mod told;
pub(super) mod transit;

pub use admit::decide;
pub(super) use admit::expire;
pub use transit::would_take;
