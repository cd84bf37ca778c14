//! A year in a minute: a tenant's year generated from its policies and a seed.
//!
//! Nothing here knows a policy by name. What is owed, who may state what and in
//! which form are read from the definitions; the units' manners ([`manner`]) are
//! drawn from the seed. The [`agenda`] is what will be done when, [`walker`] knows
//! what moves a case forward, [`data`] fills in what a fact says, and [`course`]
//! takes one thing after the other on a virtual tenant. [`summary`] counts.
//!
//! Every fact is one of the past, recorded at its own instant, and nothing but
//! facts lets time pass: an engine that imports them into an empty tenant decides
//! the same ledger.

pub mod agenda;
pub mod course;
pub mod data;
pub mod manner;
pub mod openings;
pub mod pattern;
pub mod summary;
pub mod walker;
