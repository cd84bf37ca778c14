//! The `OpenAPI` document: every address under `/v1`, generated from the code.
//!
//! `operation` is one method at one address, as its resource's file here tells it
//! (`questions`, `scores`, `deliveries`, `changes`, `session`); `parameters` are what
//! operations share; `schemas` come from the types that are read and written;
//! `document` puts all of it together. What an address needs and which problems may
//! follow is taken from [`super::rights`] and the table in [`super::problem`].
//!
//! Schemas are derived with `schemars`, which the policy language and the ledger use
//! too: its JSON Schema 2020-12 is just what `OpenAPI` 3.1 takes, so that one derive on
//! a type serves the language, this document and the `AsyncAPI` one. A crate such as
//! `utoipa` would want a second derive on every type, and attributes on handlers that
//! read their parameters strictly and by hand ([`super::params`]) all the same.
//!
//! To add an address: its line in [`super::rights`], its [`operation::Operation`] in one
//! of the lists. A test tells when either is missing, or when the parameters told here
//! are not those that the handler takes.

mod changes;
mod deliveries;
pub mod document;
pub mod operation;
pub mod parameters;
mod questions;
pub mod schemas;
mod scores;
mod session;

pub use document::{document, path_of};
