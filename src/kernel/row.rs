//! Rows: what the fold keeps, how it is keyed and how it is written.
//!
//! A row's bytes are a function of the ledger alone, so that two folds of one
//! ledger are equal byte for byte. Keys sort as the queries need them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::event::catalogue::{RankedUnit, Reason, Term};
use crate::event::fact::Fact;
use crate::id::{CaseId, EventType, Name, Seq, Sha, TenantId, UnitId};
use crate::policy::definition::{Sides, Workflow};
use crate::time::Instant;

mod bell;
mod outbox;

pub use bell::{BELL_SLOTS, Rang, bell_key};
pub use outbox::{Called, Counted, Dead, Pending, counted_key, lane_key, outbox_key, split_outbox_key};

/// Raised with every change of a row's form: the projection is then made again
/// beside the old one.
pub const VERSION: u32 = 4;

/// The tables. The order is part of the digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// The [`Checkpoint`], under an empty key.
    Checkpoint,
    /// [`PolicyRow`] by ledger sequence.
    Policy,
    /// [`Case`] by id.
    Case,
    /// [`Known`] facts by the digest of source and id.
    Known,
    /// [`Parked`] facts by intake sequence.
    Parked,
    /// Parked facts by the case that they wait for: case, 0, intake sequence.
    ParkedFor,
    /// [`Refused`] facts by ledger sequence.
    Refused,
    /// [`Schedule`] by workflow.
    Schedule,
    /// [`Sweep`] by calendar.
    Sweep,
    /// Timers: [`TimerKey`].
    Timer,
    /// Running deadlines by due instant: instant, case, 0, clock.
    Due,
    /// The same, after the owning unit and 0.
    DueOfUnit,
    /// The same, after the workflow and 0.
    DueOfWorkflow,
    /// Counts ([`super::index::CounterKey`]) as eight bytes.
    Counter,
    /// What was done and judged over time ([`super::tally::TallyKey`]), as eight bytes.
    Tally,
    /// [`RankingRow`] by scorecard, 0 and period.
    Ranking,
    /// [`Pending`] messages by [`outbox_key`].
    Outbox,
    /// [`Dead`] letters by the same key.
    DeadLetter,
    /// What reactions have [`Counted`] by [`counted_key`].
    Reaction,
    /// Facts that reactions have [`Called`] for, by the digest of source and id.
    Called,
    /// The latest of what was raised, for the desk's bell: how many there were by
    /// [`bell_key`], and [`Rang`] for each of the last by that key and its slot.
    Bell,
}

impl Family {
    /// All tables in order.
    pub const ALL: [Self; 21] = [
        Self::Checkpoint,
        Self::Policy,
        Self::Case,
        Self::Known,
        Self::Parked,
        Self::ParkedFor,
        Self::Refused,
        Self::Schedule,
        Self::Sweep,
        Self::Timer,
        Self::Due,
        Self::DueOfUnit,
        Self::DueOfWorkflow,
        Self::Counter,
        Self::Tally,
        Self::Ranking,
        Self::Outbox,
        Self::DeadLetter,
        Self::Reaction,
        Self::Called,
        Self::Bell,
    ];

    /// The table's name in a store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Policy => "policy",
            Self::Case => "case",
            Self::Known => "known",
            Self::Parked => "parked",
            Self::ParkedFor => "parked-for",
            Self::Refused => "refused",
            Self::Schedule => "schedule",
            Self::Sweep => "sweep",
            Self::Timer => "timer",
            Self::Due => "due",
            Self::DueOfUnit => "due-of-unit",
            Self::DueOfWorkflow => "due-of-workflow",
            Self::Counter => "counter",
            Self::Tally => "tally",
            Self::Ranking => "ranking",
            Self::Outbox => "outbox",
            Self::DeadLetter => "dead-letter",
            Self::Reaction => "reaction",
            Self::Called => "called",
            Self::Bell => "bell",
        }
    }
}

/// How far the fold has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The ledger's identity.
    pub ledger: uuid::Uuid,
    /// Whose ledger it is.
    pub tenant: TenantId,
    /// The last entry folded.
    pub seq: Seq,
    /// Its digest, the next entry's `previous`.
    pub hash: Sha,
    /// The last intake place that was decided.
    pub decided: Seq,
    /// The cause of the last entry and how many events it has had so far.
    pub cause: Seq,
    /// See `cause`.
    pub ordinal: u32,
    /// The latest instant that the ledger has seen.
    pub clock: Instant,
    /// When the ledger was opened: what was recorded before is history to it.
    pub opened_at: Instant,
}

impl Checkpoint {
    /// Before the first entry of a ledger.
    #[must_use]
    pub const fn origin(ledger: uuid::Uuid, tenant: TenantId) -> Self {
        Self {
            ledger,
            tenant,
            seq: Seq::ZERO,
            hash: Sha::ZERO,
            decided: Seq::ZERO,
            cause: Seq::ZERO,
            ordinal: 0,
            clock: Instant::MIN,
            opened_at: Instant::MIN,
        }
    }
}

/// A definition that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Its digest.
    pub sha: Sha,
    /// Since when it is in force.
    pub at: Instant,
    /// The document as JSON.
    pub document: String,
}

/// One supervised matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The definition that judges it.
    pub policy: Sha,
    /// The unit that owes.
    pub owner: UnitId,
    /// Its state.
    pub state: Name,
    /// When it opened.
    pub opened_at: Instant,
    /// When it closed.
    pub closed_at: Option<Instant>,
    /// Its period, when the calendar opened it.
    pub period: Option<Period>,
    /// What it remembers of the facts, a JSON object.
    pub kept: String,
    /// How many facts of each type it has taken.
    pub seen: BTreeMap<EventType, u32>,
    /// How many facts of other cases it was credited with, of a quota.
    pub credits: u32,
    /// One deadline a clock, the latest round, in the order of their first start.
    pub deadlines: Vec<Deadline>,
    /// The ledger sequences of its events.
    pub history: Vec<Seq>,
    /// Who of the owning unit sees to it, once that was said.
    pub handler: Option<String>,
    /// The unit that is asked to take it over.
    pub handover: Option<UnitId>,
    /// The extension that is asked for and not decided.
    pub extension: Option<Extension>,
    /// How many reactions stand behind it; 0 when people opened it.
    pub depth: u8,
}

impl Case {
    /// Who stands beside it, as the workflow that judges it and the facts have it.
    #[must_use]
    pub const fn sides<'a>(&'a self, workflow: &'a Workflow) -> Sides<'a> {
        workflow.sides(&self.owner, self.kept.as_str())
    }
}

/// An extension that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The clock.
    pub clock: Name,
    /// The due instant that is asked for.
    pub until: Instant,
    /// Who asks.
    pub by: UnitId,
    /// When.
    pub at: Instant,
}

/// Where a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It runs, perhaps past its due instant.
    Running,
    /// It stands still.
    Paused {
        /// Since when.
        since: Instant,
    },
    /// It was met.
    Met {
        /// When.
        at: Instant,
        /// Whether after the due instant.
        late: bool,
    },
    /// It ended without judgement.
    Cancelled,
}

/// A clock of a case, running or ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deadline {
    /// The clock.
    pub clock: Name,
    /// How many times it was started.
    pub round: u32,
    /// Where it stands.
    pub status: Status,
    /// Its due instant and what follows from it.
    pub term: Term,
    /// Since when it is declared breached.
    pub breached_at: Option<Instant>,
    /// The escalation level, 0 to 3.
    pub level: u8,
    /// How many reminders were raised.
    pub reminders: u16,
    /// When the last one was.
    pub reminded_at: Option<Instant>,
    /// When it stood still.
    pub pauses: Vec<(Instant, Instant)>,
    /// How often it was moved.
    pub moves: u16,
    /// How many extensions were granted.
    pub extensions: u16,
    /// The due instant that the last of them gave: a calendar's amendment or a
    /// pause never brings the deadline before it.
    pub extended_until: Option<Instant>,
    /// When a reminder about it was last acknowledged.
    pub acknowledged_at: Option<Instant>,
}

impl Deadline {
    /// Whether it can still be met or breached.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused { .. })
    }

    /// The first instant at which it is overdue.
    #[must_use]
    pub const fn overdue_from(&self) -> Instant {
        self.term.overdue_from()
    }
}

/// A fact that was seen, for recognising it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The intake place of the first.
    pub first: Seq,
    /// The digest of what it stated.
    pub content: Sha,
}

/// A fact that waits for the case it builds on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The fact as JSON.
    pub fact: String,
    /// Its digest.
    pub content: Sha,
    /// Its recorded instant.
    pub recorded_at: Instant,
    /// The cases it could belong to.
    pub cases: Vec<CaseId>,
    /// When it is refused.
    pub until: Instant,
}

impl Parked {
    /// The fact itself.
    ///
    /// # Errors
    /// When the row is damaged.
    pub fn fact(&self) -> Result<Fact, serde_json::Error> {
        serde_json::from_str(&self.fact)
    }
}

/// A fact that was not taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Its place in the intake.
    pub intake: Seq,
    /// When it was recorded.
    pub at: Instant,
    /// Its source and id, where they could be read.
    pub fact: Option<(String, String)>,
    /// Who published it.
    pub actor: Option<UnitId>,
    /// Its type, where it could be read.
    pub kind: Option<EventType>,
    /// Why.
    pub reason: Reason,
    /// The original, as JSON.
    pub original: String,
}

/// A ranking as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingRow {
    /// The ledger entry.
    pub seq: Seq,
    /// When it was published.
    pub at: Instant,
    /// The scorecard's definition.
    pub policy: Sha,
    /// The period.
    pub period: Period,
    /// The units in order.
    pub rows: Vec<RankedUnit>,
}

/// When the calendar opens the next period of a workflow, or a scorecard's next
/// ranking is published ([`super::ranking::schedule_key`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The period.
    pub period: Period,
    /// When its cases open.
    pub opens_at: Instant,
}

/// An amended calendar whose deadlines are still to be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The calendar's definition.
    pub sha: Sha,
    /// When it was published.
    pub at: Instant,
    /// How many deadlines it has moved so far.
    pub moved: u64,
}

/// What is to be looked at, at an instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A parked fact expires.
    Parked(Seq),
    /// A workflow's next period opens.
    Period(Name),
    /// The cases of a duty that is owed once open, by its definition.
    Once(Sha),
    /// A deadline is reached, or a rung of its ladder.
    Deadline(CaseId, Name),
    /// A scorecard's ranking is published.
    Ranking(Name),
}

/// A timer in the order in which timers fire: by instant, then kind, then name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// When.
    pub at: Instant,
    /// What.
    pub timer: Timer,
}

impl TimerKey {
    /// The key whose order is that of the timers.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut key = self.at.to_key().to_vec();
        match &self.timer {
            Timer::Parked(seq) => {
                key.push(0);
                key.extend(seq.0.to_be_bytes());
            }
            Timer::Period(workflow) => {
                key.push(1);
                key.extend(workflow.as_str().as_bytes());
            }
            Timer::Once(policy) => {
                key.push(2);
                key.extend(policy.as_bytes());
            }
            Timer::Deadline(case, clock) => {
                key.push(3);
                key.extend(deadline_key(case, clock));
            }
            Timer::Ranking(scorecard) => {
                key.push(4);
                key.extend(scorecard.as_str().as_bytes());
            }
        }
        key
    }

    /// The timer that `key` names; none when the row is damaged.
    #[must_use]
    pub fn from_bytes(key: &[u8]) -> Option<Self> {
        let at = Instant::from_key(key.get(..8)?.try_into().ok()?);
        let rest = key.get(9..)?;
        let timer = match key.get(8)? {
            0 => Timer::Parked(Seq(u64::from_be_bytes(rest.try_into().ok()?))),
            1 => Timer::Period(Name::new(std::str::from_utf8(rest).ok()?).ok()?),
            2 => Timer::Once(Sha::from(<[u8; 32]>::try_from(rest).ok()?)),
            3 => {
                let (case, clock) = split_deadline_key(rest)?;
                Timer::Deadline(case, clock)
            }
            4 => Timer::Ranking(Name::new(std::str::from_utf8(rest).ok()?).ok()?),
            _ => return None,
        };
        Some(Self { at, timer })
    }
}

/// The part of a key that names a deadline: case, 0, clock.
#[must_use]
pub fn deadline_key(case: &CaseId, clock: &Name) -> Vec<u8> {
    [case.as_str().as_bytes(), &[0], clock.as_str().as_bytes()].concat()
}

/// The deadline that the end of a key names; none when the row is damaged.
#[must_use]
pub fn split_deadline_key(key: &[u8]) -> Option<(CaseId, Name)> {
    let text = std::str::from_utf8(key).ok()?;
    let (case, clock) = text.split_once('\0')?;
    Some((CaseId::new(case).ok()?, Name::new(clock).ok()?))
}

/// The longest id that is its own part of a key; a longer one is there by its digest.
const MOST_ID_IN_KEY: usize = 48;

/// The key under which a fact is known: half a SHA-256 of the source, then the id.
/// Ids that a publisher counts up, or begins with the time, are neighbours so, and
/// neighbours are cheap to store.
#[must_use]
pub fn known_key(source: &str, id: &str) -> Vec<u8> {
    let source = Sha::of(source.as_bytes());
    let mut key = Vec::with_capacity(17 + MOST_ID_IN_KEY);
    key.extend_from_slice(source.as_bytes().get(..16).unwrap_or_default());
    if id.len() <= MOST_ID_IN_KEY {
        key.push(0);
        key.extend_from_slice(id.as_bytes());
    } else {
        key.push(1);
        key.extend_from_slice(Sha::of(id.as_bytes()).as_bytes());
    }
    key
}
