//! Questions to a running server, one file a kind of question.
//!
//! They hold no rules: what an answer says is the server's, here it becomes a
//! table. [`shown`] is what the tables have in common.

pub mod case;
pub mod deadlines;
pub mod deliveries;
pub mod lists;
pub mod operate;
pub mod publish;
pub mod scores;
pub mod shown;
pub mod watch;
