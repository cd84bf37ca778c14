//! A ledger entry: an event with its place, time, cause and link of the chain.
//!
//! On the wire an entry is a structured `CloudEvent` in JSON. Encoding is
//! deterministic, because the hash chain is over the bytes.

use crate::id::{CaseId, Seq, Sha, UnitId};
use crate::time::Instant;

use super::catalogue::Event;

/// An event before it has its place: what `decide` returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The instant at which it is so: the fact's recorded one, or a timer's own.
    pub at: Instant,
    /// The intake place of the fact (or tick) that caused it.
    pub cause: Seq,
    /// Whether time caused it, and the fact only let time pass.
    pub by_time: bool,
    /// The case it is about.
    pub case: Option<CaseId>,
    /// The unit it concerns: the case's owner, or the publisher of a refused fact.
    pub unit: Option<UnitId>,
    /// The definition that judged it.
    pub policy: Option<Sha>,
    /// What was decided.
    pub event: Event,
}

/// An event in its place on the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place, from 1.
    pub seq: Seq,
    /// The digest of the entry before, [`Sha::ZERO`] for the first.
    pub previous: Sha,
    /// Its number among the events of the same cause, from 0.
    pub ordinal: u32,
    /// What was decided.
    pub decided: Decided,
}
