//! Rows of the desk's bell: the latest of what was raised, for each unit that is told and
//! for everybody who sees all.
//!
//! A ring of slots, so that a rung writes two small rows however many came before it,
//! and none is ever removed.

use serde::{Deserialize, Serialize};

use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::time::Instant;

/// How many of the latest are kept.
pub const BELL_SLOTS: u64 = 50;

/// A rung that was reached, as the bell keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rang {
    /// The ledger entry that raised it.
    pub seq: Seq,
    /// When.
    pub at: Instant,
    /// The case that it is about.
    pub case: CaseId,
    /// The clock that it is about.
    pub clock: Name,
    /// The due instant that it is about.
    pub due_at: Instant,
    /// What is to be done.
    pub act: Act,
    /// The colour of the sheet.
    pub light: RungLight,
    /// The how-manieth of its rung.
    pub nth: u16,
    /// Who is told.
    pub to: Vec<UnitId>,
}

/// Where a unit's count stands, and its slots after it; that of everything when no unit is
/// named, which no unit's id can be.
#[must_use]
pub fn bell_key(unit: Option<&UnitId>) -> Vec<u8> {
    let mut key = unit.map(|unit| unit.as_str().as_bytes().to_vec()).unwrap_or_default();
    key.push(0);
    key
}
