//! What several tests need: real servers that end with the test.

pub mod browser;
pub mod cli;
pub mod drafts;
pub mod engine;
pub mod fetched;
pub mod guarded;
pub mod kernel;
pub mod model;
pub mod nats;
pub mod office;
pub mod office_program;
pub mod people;
pub mod python;
pub mod receivers;
pub mod site;
pub mod tallies;
pub mod year;
