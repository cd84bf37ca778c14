//! Rows of what is to be sent: the outbox, the dead letters, and what reactions
//! have counted and called.

use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::time::Instant;

/// What is to be sent through a channel to a unit, in [`super::Family::Outbox`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The case that it is about.
    pub case: Option<CaseId>,
    /// The clock that it is about; none for a fact of a reaction.
    pub clock: Option<Name>,
    /// When it was raised.
    pub at: Instant,
    /// The due instant that it is about.
    pub due_at: Option<Instant>,
    /// What is to be done; none for a fact of a reaction.
    pub act: Option<Act>,
    /// The colour of the sheet; none for a fact of a reaction.
    pub light: Option<RungLight>,
    /// The how-manieth of its rung.
    pub nth: u16,
    /// How often it was replayed.
    pub round: u32,
    /// The fact to be published, as JSON, in the channel
    /// [`crate::policy::definition::delivery::INTAKE`].
    pub fact: Option<String>,
}

/// What was given up, in [`super::Family::DeadLetter`], under its key of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// What was to be sent.
    pub pending: Pending,
    /// When it was given up.
    pub at: Instant,
    /// How many times it was tried.
    pub attempts: u32,
    /// What the destination said last.
    pub note: String,
}

/// How many events of a unit a reaction has counted, in [`super::Family::Reaction`]
/// under the reaction, 0 and the unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Within which period; another begins anew.
    pub period: Period,
    /// How many.
    pub count: u32,
}

/// A fact that a reaction has called for and that is not decided yet, in
/// [`super::Family::Called`] under its [`super::known_key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// The ledger place of `reaction.called`.
    pub seq: Seq,
    /// The unit that states it.
    pub unit: UnitId,
    /// The digest of what it is to state.
    pub content: crate::id::Sha,
    /// How many reactions stand behind it.
    pub depth: u8,
}

/// The key of what is to be sent: channel, 0, unit, 0, the event's ledger place. What
/// goes through one channel to one unit is one stretch, in the order of the ledger.
#[must_use]
pub fn outbox_key(channel: &Name, unit: &UnitId, seq: Seq) -> Vec<u8> {
    let mut key = lane_key(channel, unit);
    key.extend(seq.0.to_be_bytes());
    key
}

/// What the keys of one channel and unit begin with.
#[must_use]
pub fn lane_key(channel: &Name, unit: &UnitId) -> Vec<u8> {
    [channel.as_str().as_bytes(), &[0], unit.as_str().as_bytes(), &[0]].concat()
}

/// The parts of an [`outbox_key`]; none when the row is damaged.
#[must_use]
pub fn split_outbox_key(key: &[u8]) -> Option<(Name, UnitId, Seq)> {
    let (names, seq) = key.split_at_checked(key.len().checked_sub(8)?)?;
    let (channel, unit) = std::str::from_utf8(names).ok()?.strip_suffix('\0')?.split_once('\0')?;
    let seq = Seq(u64::from_be_bytes(seq.try_into().ok()?));
    Some((Name::new(channel).ok()?, UnitId::new(unit).ok()?, seq))
}

/// The key of what a reaction has counted of a unit.
#[must_use]
pub fn counted_key(reaction: &Name, unit: &UnitId) -> Vec<u8> {
    [reaction.as_str().as_bytes(), &[0], unit.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_a_lane_is_in_the_order_of_the_ledger() {
        let (channel, unit) =
            (Name::new("unit-hook").expect("a name"), UnitId::new("water").expect("a unit"));
        let keys: Vec<Vec<u8>> = [1, 2, 256, 65_536].map(|seq| outbox_key(&channel, &unit, Seq(seq))).into();
        assert!(keys.is_sorted() && keys.iter().all(|key| key.starts_with(&lane_key(&channel, &unit))));
        assert_eq!(split_outbox_key(&keys[2]), Some((channel, unit, Seq(256))));
        assert_eq!(split_outbox_key(b"unit-hook"), None);
    }
}
