//! Questions over the broker: the same ones as over HTTP, with the same answers.
//!
//! [`what`] is the list of what may be asked; [`asker`] says who somebody is and what
//! they may see; [`fields`] reads parameters; [`answers`] puts it together. The answers
//! themselves are the functions behind HTTP's addresses, so that the two surfaces cannot
//! differ. How questions travel is an adapter's matter.

pub mod answers;
pub mod asker;
pub mod fields;
pub mod what;

pub use answers::Answers;
