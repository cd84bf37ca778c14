//! The one read side behind every surface, so that numbers agree everywhere.
//!
//! A [`reader::Reader`] takes one still view of the projection per question and
//! says as of which ledger entry its answer holds. Lists are pages ([`page`]) over
//! the indexes that the fold keeps; nothing here writes, decides or reads a clock.
//!
//! [`deadlines`], [`cases`], [`refusals`], [`counts`], [`policies`], [`rankings`],
//! [`scores`], [`deliveries`], [`bell`], [`bulletin`] and [`case`] are the questions; [`outbox`] is
//! the courier's; [`score_line`] scores without a tenant; [`light`], [`span`], [`naming`],
//! [`explained`], [`answering`], [`reporting`],
//! [`telling`], [`progress`] and [`text_page`] are how answers are put; [`rows`],
//! [`tallies`], [`books`] and [`policy_cache`] are how the projection is read.

pub mod agenda;
pub mod answering;
pub mod bell;
pub mod books;
pub mod breaches;
pub mod bulletin;
pub mod case;
pub mod cases;
pub mod counts;
pub mod deadline_row;
pub mod deadlines;
pub mod deliveries;
pub mod desk;
pub mod duties;
pub mod error;
pub mod explained;
pub mod find;
pub mod home;
pub mod light;
pub mod naming;
pub mod notice;
pub mod outbox;
pub mod overview;
pub mod page;
pub mod particulars;
mod paused;
pub mod policies;
pub mod policy_cache;
pub mod progress;
pub mod rankings;
pub mod reader;
pub mod recent;
pub mod refusals;
pub mod reporting;
pub mod rows;
pub mod rules;
pub mod score_line;
pub mod score_told;
pub mod scores;
mod scoring;
pub mod settled;
pub mod span;
pub mod tallies;
pub mod telling;
pub mod text_page;
pub mod timeline;
pub mod trend;
mod yesterday;

#[cfg(test)]
mod properties;
