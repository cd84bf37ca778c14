//! The tenant's loop.
pub mod backing;
pub mod error;
pub mod handle;
pub mod outcomes;
