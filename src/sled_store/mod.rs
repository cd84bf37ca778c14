//! The [`crate::port::store::Store`] on sled 0.34, and the folders it lives in.
//!
//! What sled does not promise by itself is added here: rows that stand still for
//! a reader, a digest that tells a whole store from one that lost rows silently,
//! and errors where the library panics. No row's meaning is known here.
//!
//! * [`store`]: the store: steps, views, flushing.
//! * [`folder`]: which folder holds a tenant's rows, and how one replaces another.
//! * `leaf`: neighbouring rows as one value, because sled pays by the key.
//! * `runs`: reads that follow each other in one leaf.
//! * `opening`: opens and checks; `writes`: makes a step ready; `tally`: the digest
//!   of all rows; `gate`: readers and the writer take turns; `guard`: panics become
//!   errors.

pub mod folder;
mod gate;
mod guard;
mod leaf;
mod opening;
mod runs;
pub mod store;
mod tally;
mod writes;

pub use folder::{Folder, FolderError, HalfBuilt, NotCurrent};

pub use store::{SledSettings, SledStore, SledView};
