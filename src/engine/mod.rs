//! The tenant's loop: facts from the intake, decisions to the ledger, rows to the
//! store.
//!
//! [`tenant::Engine`] runs sessions; within one it recovers ([`start`],
//! [`catchup`]), then leads ([`lead`]) or follows ([`follow`]), while [`scrub`] looks at
//! what was folded long ago. A [`handle::Handle`]
//! is what the surfaces hold of it. Everything is generic over the ports: no
//! adapter is named here, and no rule is held here.

pub mod backing;
pub mod catchup;
pub mod error;
pub mod fold;
pub mod follow;
mod group;
pub mod handle;
pub mod ingest;
pub mod intake;
pub mod lead;
pub mod outcomes;
pub mod rebuild;
pub mod scrub;
pub mod settings;
pub mod start;
pub mod tenant;
pub mod tick;
