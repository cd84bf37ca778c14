//! Scenarios: policies held against what they should do, in virtual time.
//!
//! A scenario is a text that a policy's author writes beside the policy: what
//! happens, day by day, and what must come of it. Here it is read ([`text`]), run
//! on the bare kernel ([`run`]) and told where it does not hold ([`verdict`]).
//! [`virtual_tenant`] is the one driver of the kernel without an engine; [`look`]
//! holds a case against what is expected of it, [`events`] the ledger.
//!
//! No clock is read, nothing is waited for, no file is opened; nothing here is
//! part of a run of the real thing.

pub mod events;
pub mod look;
pub mod run;
pub mod text;
pub mod verdict;
pub mod virtual_tenant;
