//! HTTP: the questions of the read side, and the way in for facts.
//!
//! [`routes`] is the list of addresses, one file per resource; [`site`] is what is
//! served. Reading requests ([`params`]), telling what went wrong ([`problem`]) and
//! watching over requests ([`watch`]) are the same for all. [`gate`] stands before all
//! of them and knows who asks; [`rights`] is what each address needs; [`session`] is
//! signing in and out. Questions give an [`answered::Answered`], so that another surface
//! can ask them, too; [`beside`] is where another surface's pages join in. [`openapi`] and
//! [`asyncapi`] tell programs of it, in [`documents`]. No rule is held here.

pub mod answered;
pub mod asyncapi;
pub mod beside;
pub mod cases;
mod cookie;
pub mod deadlines;
pub mod deliveries;
pub mod documents;
pub mod events;
pub mod gate;
pub mod health;
pub mod lists;
pub mod openapi;
pub mod operations;
mod origin;
pub mod params;
pub mod problem;
pub mod rights;
pub mod routes;
pub mod scores;
pub mod session;
pub mod site;
pub mod stream;
pub mod watch;

pub use routes::{router, router_with};
pub use site::{Site, Tenant};
