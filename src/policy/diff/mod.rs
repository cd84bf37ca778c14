//! What changed between two sets of policies, in words.
//!
//! It compares documents as they are written, so that a file can be compared
//! without all that it refers to. [`documents`] finds which belong together,
//! [`compare`] walks two of them, [`labels`] knows what keys are called and
//! [`values`] how values read.

pub mod compare;
pub mod documents;
pub mod labels;
pub mod values;

#[cfg(test)]
mod tests;

pub use compare::Change;
pub use documents::{Difference, Fate, diff};
