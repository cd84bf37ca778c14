//! The ledger off the broker: checking it, keeping it in a file, bringing it back.
//!
//! [`form`] is the file's form; [`walk`] goes over a ledger and believes nothing;
//! [`streams`] opens what is there without making anything; [`verify`],
//! [`backup`] and [`restore`] are the commands.

pub mod backup;
pub mod form;
pub mod restore;
pub mod streams;
pub mod verify;
pub mod walk;
