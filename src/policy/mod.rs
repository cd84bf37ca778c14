//! Policies: what a notice demands, as data.
pub mod definition;
pub mod guard;
pub mod set;
pub mod words;
