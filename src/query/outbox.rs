//! What is still to be delivered, lane by lane.
//!
//! A lane is what goes through one channel to one unit; its rows are one stretch of keys
//! in the order of the ledger, so the courier reads a page of a lane, however many
//! reminders wait. Whether what a row is about still stands is told by its case.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::case::seen;
use super::error::QueryError;
use super::policy_cache::Policies;
use super::reader::Reader;
use super::rows::{Stretch, as_of, case, decode, walk};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::kernel::row::{Case, Family, Pending, Status, lane_key, split_outbox_key};
use crate::policy::definition::delivery::INTAKE;
use crate::port::log::Log;
use crate::port::store::{Rows, Store};
use crate::time::Instant;

/// What goes through one channel to one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The channel.
    pub channel: Name,
    /// The unit.
    pub unit: UnitId,
    /// The first of its reminders.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
}

/// Whether what a reminder is about is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is: the deadline runs, and to the same instant.
    Stands,
    /// The deadline was met.
    Met,
    /// The case is closed, or the deadline ended without judgement.
    Closed,
    /// The deadline stands still, or is due at another instant.
    Moved,
}

impl Standing {
    /// Why nothing is sent, for the ledger; empty while it stands.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stands => "",
            Self::Met => "the deadline was met before this could be sent",
            Self::Closed => "the case was closed before this could be sent",
            Self::Moved => "the deadline was moved before this could be sent",
        }
    }
}

/// A page of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePage {
    /// The last entry that it takes into account.
    pub seq: Seq,
    /// The reminders with their places on the ledger, in order.
    pub rows: Vec<(Seq, Pending)>,
    /// Whether the lane has more.
    pub more: bool,
}

/// The lanes that have anything, by channel and unit, at most `most` of them.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn lanes(rows: &impl Rows, most: usize) -> Result<Vec<Lane>, QueryError> {
    let mut found = Vec::new();
    let mut from = Bound::Unbounded;
    while found.len() < most {
        let stretch = Stretch { from, to: Bound::Unbounded, backward: false };
        let Some((channel, unit, first)) = first_key(rows, &stretch)? else { break };
        let of_lane = Stretch::of_prefix(&lane_key(&channel, &unit));
        from = match &of_lane.to {
            Bound::Excluded(end) => Bound::Included(end.clone()),
            Bound::Included(_) | Bound::Unbounded => break,
        };
        let last = first_key(rows, &of_lane.reversed())?.map_or(first, |(_, _, last)| last);
        found.push(Lane { channel, unit, first, last });
    }
    Ok(found)
}

fn first_key(rows: &impl Rows, stretch: &Stretch) -> Result<Option<(Name, UnitId, Seq)>, QueryError> {
    let mut found = None;
    walk(rows, Family::Outbox, stretch, |key, _| {
        found = Some(split(Family::Outbox, key)?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

pub(super) fn split(family: Family, key: &[u8]) -> Result<(Name, UnitId, Seq), QueryError> {
    split_outbox_key(key).ok_or_else(|| QueryError::row(family, key, &"its key names no delivery"))
}

/// The first `most` rows of a lane.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn lane_page(
    rows: &impl Rows,
    channel: &Name,
    unit: &UnitId,
    most: usize,
) -> Result<LanePage, QueryError> {
    let seq = as_of(rows, Instant::MIN)?.ledger_seq;
    let (mut found, mut more) = (Vec::new(), false);
    walk(rows, Family::Outbox, &Stretch::of_prefix(&lane_key(channel, unit)), |key, bytes| {
        if found.len() >= most {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        let (_, _, reminder) = split(Family::Outbox, key)?;
        found.push((reminder, decode::<Pending>(Family::Outbox, key, bytes)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(LanePage { seq, rows: found, more })
}

/// Whether what a reminder is about is still so. What is about no deadline stands.
///
/// # Errors
/// [`QueryError`] when its case cannot be read.
pub fn standing(rows: &impl Rows, pending: &Pending) -> Result<Standing, QueryError> {
    let (Some(id), Some(clock)) = (&pending.case, &pending.clock) else { return Ok(Standing::Stands) };
    Ok(case(rows, id)?.map_or(Standing::Closed, |case| stands(&case, clock, pending.due_at)))
}

/// Whether what was raised about a clock of a case, then due at `due_at`, is still so.
#[must_use]
pub fn stands(case: &Case, clock: &Name, due_at: Option<Instant>) -> Standing {
    if case.closed_at.is_some() {
        return Standing::Closed;
    }
    let deadline = case.deadlines.iter().find(|deadline| deadline.clock == *clock);
    let Some(deadline) = deadline else { return Standing::Closed };
    match deadline.status {
        Status::Met { .. } => Standing::Met,
        Status::Cancelled => Standing::Closed,
        Status::Paused { .. } => Standing::Moved,
        Status::Running if due_at.is_some_and(|due_at| due_at != deadline.term.due_at) => Standing::Moved,
        Status::Running => Standing::Stands,
    }
}

/// Whether a channel is the way of reactions into the intake rather than one to people.
#[must_use]
pub fn is_intake(channel: &Name) -> bool {
    channel.as_str() == INTAKE
}

impl<S: Store, L: Log> Reader<S, L> {
    /// The lanes that have anything, at most `most`, all of them at least as of the
    /// entry that is told. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn lanes(&self, most: usize) -> Result<(Seq, Vec<Lane>), QueryError> {
        let store = self.store();
        let seq = as_of(&*store, Instant::MIN)?.ledger_seq;
        Ok((seq, lanes(&*store, most)?))
    }

    /// One case as the fold keeps it. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn case_row(&self, id: &CaseId) -> Result<Option<Case>, QueryError> {
        case(&*self.store(), id)
    }

    /// One case as the fold keeps it, if it is seen. Blocking.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] when there is none that is seen.
    pub fn case_seen(&self, id: &CaseId) -> Result<Case, QueryError> {
        seen(&*self.store(), &self.sight.cases, id)
    }

    /// The identity of the ledger. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn ledger_id(&self) -> Result<uuid::Uuid, QueryError> {
        Ok(as_of(&*self.store(), Instant::MIN)?.ledger_id)
    }

    /// The policies in force. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn in_force(&self) -> Result<Arc<Policies>, QueryError> {
        self.policies_of(&*self.store())
    }

    /// The first rows of a lane, all as of one entry. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn lane_page(&self, channel: &Name, unit: &UnitId, most: usize) -> Result<LanePage, QueryError> {
        let store = self.store();
        let view = store.view();
        lane_page(&view, channel, unit, most)
    }

    /// Whether what a reminder is about is still so. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn standing(&self, pending: &Pending) -> Result<Standing, QueryError> {
        standing(&*self.store(), pending)
    }
}
