//! A tenant's rules as a list, in words: who owes what by when, and which clause
//! says so.
//!
//! [`list`] makes the rows, [`words`] says a rule as a person would, [`titles`]
//! knows what units and facts are called. It reads definitions and judges nothing.

pub mod list;
pub mod titles;
pub mod words;

#[cfg(test)]
mod tests;

pub use list::{Row, rules};
pub use titles::Titles;
