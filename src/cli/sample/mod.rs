//! A realistic sample for a first look: some three weeks of two jurisdictions up to now.
//!
//! [`load`] states it once, as history that the importer brings; [`story`] lays
//! facts on working days; [`changqing`], [`genhe`] and [`duties`] tell what
//! happened. Names of enterprises are made up. Everything is a function of the
//! instant at which the sample was begun.

pub mod changqing;
pub mod duties;
pub mod genhe;
pub mod load;
pub mod story;
