//! The definitions in force, compiled: what the kernel asks while it decides.
//!
//! [`policies`] holds the set and how it grows, [`admit`] what it refuses,
//! `lookup` what it answers; [`schema`] holds facts' data against their
//! schemas, [`directory`] knows who is meant. All of it is data: no clock, no
//! I/O, and lookups in a fixed order.

pub mod admit;
pub mod directory;
mod lookup;
pub mod policies;
pub mod schema;

#[cfg(test)]
mod tests;

pub use admit::Unsound;
pub use policies::PolicySet;
