//! One turn of the kernel: a cause, and the events that come of it.
//!
//! Each event gets its place, ordinal and link of the chain here, is written, and
//! is folded at once, so that the next decision of the turn sees it.

use bytes::Bytes;

use super::evolve::evolve;
use super::reaction;
use super::state::{Backing, State, StateError};
use crate::event::catalogue::Event;
use crate::event::entry::{Decided, Entry};
use crate::id::{CaseId, Seq, Sha, UnitId};
use crate::time::Instant;

/// The most events that one fact may have: its group is appended in one batch,
/// and the engine joins groups up to the broker's limit of 1000.
pub const MOST_IN_TURN: usize = 400;

/// An entry with its bytes, ready for the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The entry.
    pub entry: Entry,
    /// Its subject.
    pub subject: String,
    /// Its bytes, over which the chain is.
    pub body: Bytes,
}

/// Whom and what an event is about.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The case.
    pub case: Option<CaseId>,
    /// The unit.
    pub unit: Option<UnitId>,
    /// The definition that judges.
    pub policy: Option<Sha>,
}

/// A turn under way.
pub struct Turn<'a, B> {
    /// The state; decisions read it, only [`Turn::emit`] changes it.
    pub state: &'a mut State<B>,
    cause: Seq,
    by_time: bool,
    out: Vec<Outgoing>,
}

impl<'a, B: Backing> Turn<'a, B> {
    /// A turn caused by the fact (or tick) at `cause`; `by_time` when the fact
    /// only let time pass.
    pub const fn new(state: &'a mut State<B>, cause: Seq, by_time: bool) -> Self {
        Self { state, cause, by_time, out: Vec::new() }
    }

    /// How many events there are so far.
    #[expect(clippy::len_without_is_empty, reason = "only room is asked about")]
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// The intake place that caused it.
    pub const fn cause(&self) -> Seq {
        self.cause
    }

    /// Writes an event and folds it; what reacts to it comes at once after it.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read or written.
    pub fn emit(&mut self, at: Instant, about: &About, event: Event) -> Result<(), StateError> {
        let checkpoint = self.state.checkpoint();
        let ordinal = if checkpoint.cause == self.cause { checkpoint.ordinal } else { 0 };
        let entry = Entry {
            seq: checkpoint.seq.next(),
            previous: checkpoint.hash,
            ordinal,
            decided: Decided {
                at,
                cause: self.cause,
                by_time: self.by_time,
                case: about.case.clone(),
                unit: about.unit.clone(),
                policy: about.policy,
                event,
            },
        };
        let tenant = checkpoint.tenant.clone();
        let (subject, body) = entry.to_message(&tenant).map_err(|error| StateError::Entry {
            seq: entry.seq,
            kind: entry.decided.event.kind().to_owned(),
            reason: error.to_string(),
        })?;
        evolve(self.state, &entry, Sha::of(&body))?;
        let followed = reaction::may_follow(self.state, &entry.decided.event)
            .then(|| (entry.seq, entry.decided.event.clone()));
        self.out.push(Outgoing { entry, subject, body: body.into() });
        match followed {
            Some((seq, event)) => reaction::follow(self, at, about, (seq, &event)),
            None => Ok(()),
        }
    }

    /// The events of the turn.
    pub fn finish(self) -> Vec<Outgoing> {
        self.out
    }
}
