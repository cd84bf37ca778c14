//! What must hold of a definition, whoever wrote it.
//!
//! Each file checks one kind or concern and returns every flaw at once, with
//! JSON Pointers into the definition. Mistakes refuse it; findings are told.

pub mod calendar;
pub mod cite;
pub mod clock;
pub mod coverage;
pub mod dated;
pub mod event_type;
pub mod graph;
pub mod ladder;
pub mod notice;
pub mod owing;
pub mod path;
pub mod register;
pub mod rule;
pub mod score;
pub mod told;
pub mod topic;
pub mod versions;
pub mod workflow;
pub mod world;
