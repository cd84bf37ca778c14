//! HTTP: the questions of the read side, and the way in for facts.
//!
//! [`routes`] is the list of addresses, one file per resource; [`site`] is what is
//! served. Reading requests ([`params`]), telling what went wrong ([`problem`]) and
//! watching over requests ([`watch`]) are the same for all. No rule is held here.

pub mod cases;
pub mod deadlines;
pub mod events;
pub mod health;
pub mod lists;
pub mod operations;
pub mod params;
pub mod problem;
pub mod routes;
pub mod scores;
pub mod site;
pub mod stream;
pub mod watch;

pub use routes::{router, router_with};
pub use site::{Site, Tenant};
