//! duban.
pub mod calendar;
pub mod id;
pub mod time;
