//! The language of policies as people write it.
//!
//! A text becomes located trees ([`yaml`], [`node`]); a tree is held against the
//! JSON Schema of its kind ([`structure`], [`language`]), the same one that
//! editors use, and becomes an authored document ([`document`]). Each kind has
//! its file. What the words mean together is [`super::check`]'s.

pub mod document;
pub mod duty;
pub mod event_type;
pub mod ladder;
pub mod language;
pub mod node;
pub mod party;
pub mod raw;
pub mod register;
pub mod scalar;
pub mod scenario;
pub mod score;
pub mod structure;
pub mod told;
pub mod workflow;
pub mod yaml;
