//! Policies: what a notice demands, as data.

pub mod definition;
pub mod words;
