//! Policies: what a notice demands, as data.
//!
//! Texts go in ([`resolve::Source`]), definitions or located problems come out
//! ([`resolve::resolve`]); the kernel asks a [`set::PolicySet`] what is in force.
//!
//! - [`authored`] is the language as people write it, read with line and column;
//! - [`check`] is what must hold of a definition, whoever wrote it;
//! - [`definition`] is what the kernel applies and the ledger carries;
//! - [`publication`] is the fact by which a definition comes into force;
//! - [`notice`] is a document with its clauses, [`cites`] finds what refers to them,
//!   [`coverage`] says which clauses are encoded;
//! - [`diagram`] draws a workflow, [`diff`] says what changed between two;
//! - [`rules`] lists what is owed, in words;
//! - [`guard`] compiles and evaluates conditions.
//!
//! No file is read here, no clock, no environment: reading folders is the
//! command line's, deciding is the kernel's.

pub mod authored;
pub mod check;
pub mod cites;
pub mod coverage;
pub mod definition;
pub mod diagram;
pub mod diff;
pub mod guard;
pub mod near;
pub mod notice;
pub mod problem;
pub mod publication;
pub mod resolve;
pub mod rules;
pub mod set;
pub mod words;

#[cfg(test)]
mod given;

pub use authored::language::language_schema;
pub use resolve::check_text;
