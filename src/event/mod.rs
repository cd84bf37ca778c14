//! Facts and events: what is said, what is decided, and how both are written.

pub mod catalogue;
pub mod entry;
pub mod fact;
