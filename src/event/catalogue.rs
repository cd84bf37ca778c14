//! The ledger's events: everything that can be decided, in the past tense.
//!
//! An event says what is so from now on; nothing is computed again when it is
//! folded. The catalogue knows no wire format (see [`super::entry`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fact::{Fact, Malformed};
use crate::calendar::Period;
use crate::exact::Exact;
use crate::id::{CaseId, EventType, Name, Seq, Sha, TenantId, UnitId};
use crate::time::Instant;

/// What a rung of a ladder does. All but the reminder raise the escalation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// 催办.
    Reminder,
    /// 督办单.
    SupervisionSheet,
    /// 通报.
    Bulletin,
    /// 约谈.
    Summons,
}

impl Act {
    /// The escalation level that it brings a deadline to, 0 to 3.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::Reminder => 0,
            Self::SupervisionSheet => 1,
            Self::Bulletin => 2,
            Self::Summons => 3,
        }
    }
}

/// The colour of a rung's sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RungLight {
    /// Before due.
    Blue,
    /// At due.
    Yellow,
    /// After due.
    Red,
}

/// What was decided. The order of variants is the order of a case's life.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `ledger.opened`: the first entry of every ledger.
    LedgerOpened(LedgerOpened),
    /// `policy.published`: a definition is in force.
    PolicyPublished(PolicyPublished),
    /// `calendar.applied`: all open deadlines stand as an amended calendar has them.
    CalendarApplied(CalendarApplied),
    /// `event.refused`: a fact was not taken.
    EventRefused(Box<EventRefused>),
    /// `event.duplicated`: a fact was stated again.
    EventDuplicated(EventDuplicated),
    /// `event.parked`: a fact waits for the one it builds on.
    EventParked(EventParked),
    /// The accepted fact itself, under its own type.
    FactAccepted(Box<FactAccepted>),
    /// `case.opened`.
    CaseOpened(Box<CaseOpened>),
    /// `case.closed`.
    CaseClosed(CaseClosed),
    /// `case.credited`: a fact on another case counts for a quota.
    CaseCredited(CaseCredited),
    /// `period.opened`: the calendar has opened all cases of a period.
    PeriodOpened(PeriodOpened),
    /// `policy.begun`: the calendar has opened all cases of a duty owed once.
    PolicyBegun(PolicyBegun),
    /// `ranking.published`: the units of a scorecard in order, for a period.
    RankingPublished(Box<RankingPublished>),
    /// `deadline.set`.
    DeadlineSet(DeadlineSet),
    /// `deadline.moved`: an open deadline has another due instant.
    DeadlineMoved(DeadlineMoved),
    /// `deadline.paused`.
    DeadlinePaused(DeadlinePaused),
    /// `deadline.resumed`.
    DeadlineResumed(DeadlineMoved),
    /// `deadline.met`, in time or late.
    DeadlineMet(DeadlineMet),
    /// `deadline.cancelled`: ended without judgement.
    DeadlineCancelled(DeadlineCancelled),
    /// `deadline.breached`: the due instant passed unmet.
    DeadlineBreached(DeadlineBreached),
    /// `breach.withdrawn`: an imported fact shows that it was met in time.
    BreachWithdrawn(DeadlineBreached),
    /// `reminder.due`.
    ReminderDue(RungReached),
    /// `escalation.raised`.
    EscalationRaised(RungReached),
    /// `case.answered`: what an accepted answer means for its case.
    CaseAnswered(Box<CaseAnswered>),
    /// `reminder.delivered`, `reminder.failed` or `reminder.withdrawn`.
    DeliveryEnded(Box<DeliveryEnded>),
    /// `delivery.replayed`: a dead letter is to be sent again.
    DeliveryReplayed(Box<DeliveryReplayed>),
    /// `reaction.counted`: an event fits a reaction that waits for more of them.
    ReactionCounted(ReactionCounted),
    /// `reaction.called`: a fact is to be published because of an event.
    ReactionCalled(Box<ReactionCalled>),
    /// `reaction.stopped`: it would have been called, and is not.
    ReactionStopped(ReactionStopped),
}

impl Event {
    /// Whether it answers a fact: every fact has exactly one such event, unless
    /// it was parked, and then one more.
    #[must_use]
    pub const fn is_verdict(&self) -> bool {
        matches!(
            self,
            Self::PolicyPublished(_)
                | Self::EventRefused(_)
                | Self::EventDuplicated(_)
                | Self::EventParked(_)
                | Self::FactAccepted(_)
                | Self::DeliveryEnded(_)
                | Self::DeliveryReplayed(_)
        )
    }
}

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        $(#[$doc])*
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }
    };
}

mod answers;

pub use answers::{
    Answer, CaseAnswered, DeliveryEnded, DeliveryReplayed, NOBODY, Outcome, ReactionCalled, ReactionCounted,
    ReactionStopped, Sum, TOO_DEEP, Told,
};

payload! {
    /// The ledger's identity.
    LedgerOpened {
        /// Drawn once; a projection of another ledger is not this one's.
        ledger: uuid::Uuid,
        /// Whose ledger it is.
        tenant: TenantId,
        /// The form of the entries, raised when old ones need an upcaster.
        format: u32,
    }
}

payload! {
    /// A definition that is in force from this entry on.
    PolicyPublished {
        /// The fact that brought it.
        fact: FactRef,
        /// `Register`, `Calendar`, `EventType` or `Workflow`.
        kind: String,
        /// Later versions of the same kind and name replace it.
        name: String,
        /// The author's version.
        version: String,
        /// The digest of the canonical document.
        sha: Sha,
        /// The definition itself.
        document: Value,
        /// When it opens its first period, for a workflow that the calendar opens
        /// and that had none before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<FirstPeriod>,
        /// When it opens its cases, for a duty that is owed once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begins_at: Option<Instant>,
        /// Whether open deadlines are to be computed again, for an amended calendar.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        amends: bool,
    }
}

payload! {
    /// Where a recurring duty begins.
    FirstPeriod {
        /// The first period.
        period: Period,
        /// When its cases open.
        opens_at: Instant,
    }
}

payload! {
    /// Which fact a decision is about.
    FactRef {
        /// `CloudEvents` `source`.
        source: String,
        /// `CloudEvents` `id`.
        id: String,
        /// Who published it.
        actor: UnitId,
        /// The digest of what it states, to tell repetition from contradiction.
        content: Sha,
    }
}

payload! {
    /// The end of a calendar's amendment.
    CalendarApplied {
        /// The calendar.
        calendar: Name,
        /// Its definition.
        sha: Sha,
        /// How many deadlines moved.
        moved: u64,
    }
}

payload! {
    /// Why a fact was not taken, and the fact.
    EventRefused {
        /// The fact, where it could be read so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fact: Option<FactRef>,
        /// Its type, where it could be read.
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        kind: Option<EventType>,
        /// The reason.
        #[serde(flatten)]
        reason: Reason,
        /// The original as it was stated: JSON where it could be read.
        original: Value,
        /// Whether another fact of the same source and id was seen before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        conflicts: bool,
        /// The intake place of a parked fact that is refused only now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parked: Option<Seq>,
    }
}

payload! {
    /// A refusal in words and in parts.
    #[schemars(rename = "RefusalReason")]
    Reason {
        /// The rule that is broken: `transition.forbidden`, `schema.violated`, …
        rule: String,
        /// The field in question, as a path into the envelope.
        field: String,
        /// Its value, cut to 200 characters.
        value: String,
        /// A sentence that says what is wrong and what would be right.
        message: String,
    }
}

payload! {
    /// A fact that was stated before.
    EventDuplicated {
        /// The fact.
        fact: FactRef,
        /// The intake place of the first.
        first: Seq,
    }
}

payload! {
    /// A fact that came before the one it builds on.
    EventParked {
        /// The fact, whole, so that the ledger alone can decide it later.
        fact: Fact,
        /// Its digest.
        content: Sha,
        /// The instant that counts as its recorded one.
        recorded_at: Instant,
        /// The cases it could belong to.
        cases: Vec<CaseId>,
        /// When it is refused, unless one of them opens.
        until: Instant,
    }
}

payload! {
    /// A fact that was taken, with what it did to the case's state.
    FactAccepted {
        /// The fact.
        fact: Fact,
        /// Its digest.
        content: Sha,
        /// The state before; none when it opened the case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Name>,
        /// The state after.
        to: Name,
        /// The intake place of a parked fact that could be taken only now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parked: Option<Seq>,
        /// All that the case remembers from now on, when the fact changes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<serde_json::Map<String, Value>>,
        /// How many reactions stand behind it, if one does.
        #[serde(default, skip_serializing_if = "answers::is_zero")]
        depth: u8,
    }
}

payload! {
    /// A matter is supervised from now on.
    CaseOpened {
        /// Its workflow.
        workflow: Name,
        /// The definition that judges it, for good.
        policy: Sha,
        /// The unit that owes.
        owner: UnitId,
        /// Its first state.
        state: Name,
        /// The period that it is about, when the calendar opened it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<Period>,
        /// The type of the fact that opened it, whose entry is the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opened_by: Option<EventType>,
        /// What the case remembers of its opening fact.
        #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
        kept: serde_json::Map<String, Value>,
        /// How many reactions stand behind the fact that opened it, if one does.
        #[serde(default, skip_serializing_if = "answers::is_zero")]
        depth: u8,
    }
}

payload! {
    /// The order of units for a period; it stays as it was published.
    RankingPublished {
        /// The scorecard.
        scorecard: Name,
        /// Its definition; zeros where none was in force and nobody is ranked.
        policy: Sha,
        /// The period.
        period: Period,
        /// The units, the first first; those without a place at the end.
        rows: Vec<RankedUnit>,
        /// The period whose ranking comes next.
        next: Period,
        /// When.
        next_at: Instant,
    }
}

/// A unit in a ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RankedUnit {
    /// The unit.
    pub unit: UnitId,
    /// Its place; equals share one. None when no item of the scorecard applies.
    pub rank: Option<u32>,
    /// Its place in the period before.
    pub before: Option<u32>,
    /// Its points, exactly.
    pub points: Exact,
    /// What it could reach.
    pub attainable: Exact,
    /// The points of each item in the scorecard's order; none where it does not apply.
    pub items: Vec<Option<Exact>>,
}

payload! {
    /// A matter is done with.
    CaseClosed {
        /// The final state.
        state: Name,
    }
}

payload! {
    /// A fact that was accepted on one case counts for the quota of another.
    CaseCredited {
        /// The fact.
        fact: FactRef,
        /// Its type.
        #[serde(rename = "type")]
        kind: EventType,
        /// The case on which it was accepted.
        from: CaseId,
        /// How many there are, this one included.
        nth: u32,
        /// How many it takes.
        of: u32,
        /// The state after.
        to: Name,
    }
}

payload! {
    /// The calendar has opened every case of a duty that is owed once.
    PolicyBegun {
        /// The workflow.
        workflow: Name,
        /// Its definition.
        policy: Sha,
    }
}

payload! {
    /// The calendar has opened every case of a period.
    PeriodOpened {
        /// The workflow.
        workflow: Name,
        /// Its definition.
        policy: Sha,
        /// The period in which the cases were opened.
        period: Period,
        /// The period after it.
        next: Period,
        /// When that one opens.
        next_at: Instant,
    }
}

payload! {
    /// A clock runs.
    DeadlineSet {
        /// The clock.
        clock: Name,
        /// 1 for the first time, 2 when it was started again, and so on.
        round: u32,
        /// What stands at this deadline.
        term: Term,
    }
}

payload! {
    /// A due instant and what follows from it.
    Term {
        /// The instant from which it is counted.
        started_at: Instant,
        /// The due instant.
        due_at: Instant,
        /// Whether an answer at just that instant is in time.
        inclusive: bool,
        /// From when on it counts as due soon.
        soon_at: Instant,
        /// Whether it may still move when the calendar is published further.
        provisional: bool,
        /// The calendar's definition that it was computed with.
        calendar: Sha,
        /// When the kernel must look at it next; none when nothing is left to do.
        wake_at: Option<Instant>,
        /// How often each rung of the ladder has been used up.
        rungs: Vec<u16>,
    }
}

/// A deadline moved because its calendar was amended.
pub const CALENDAR_AMENDED: &str = "calendar.amended";
/// A deadline moved because an extension of it was granted.
pub const EXTENDED: &str = "extended";
/// A deadline moved because its clock had stood still.
pub const RESUMED: &str = "resumed";
/// A deadline stays where it is, but is looked at again at another instant.
pub const RESCHEDULED: &str = "rescheduled";

payload! {
    /// A running clock has another due instant.
    DeadlineMoved {
        /// The clock.
        clock: Name,
        /// Why: [`CALENDAR_AMENDED`], [`EXTENDED`], [`RESUMED`] or [`RESCHEDULED`].
        reason: String,
        /// The due instant before.
        before: Instant,
        /// The instant at which it resumed, when it was paused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resumed_at: Option<Instant>,
        /// What stands now.
        term: Term,
    }
}

payload! {
    /// A clock stands still.
    DeadlinePaused {
        /// The clock.
        clock: Name,
        /// Since when.
        paused_at: Instant,
    }
}

payload! {
    /// What a clock limits was done.
    DeadlineMet {
        /// The clock.
        clock: Name,
        /// The instant that counts as that of doing it.
        met_at: Instant,
        /// The due instant that it was judged by.
        due_at: Instant,
        /// Whether it was late.
        late: bool,
    }
}

payload! {
    /// A clock was ended without judgement.
    DeadlineCancelled {
        /// The clock.
        clock: Name,
    }
}

payload! {
    /// A due instant passed unmet.
    DeadlineBreached {
        /// The clock.
        clock: Name,
        /// The due instant.
        due_at: Instant,
        /// When the kernel must look at it next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wake_at: Option<Instant>,
    }
}

payload! {
    /// A rung of a ladder was reached.
    RungReached {
        /// The clock.
        clock: Name,
        /// The rung's place in its ladder, from 0.
        rung: u16,
        /// How often it has been reached, this time included.
        nth: u16,
        /// What is to be done.
        act: Act,
        /// The colour of the sheet.
        light: RungLight,
        /// Who is told, roles resolved.
        to: Vec<UnitId>,
        /// The due instant that it is about.
        due_at: Instant,
        /// When the kernel must look at it next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wake_at: Option<Instant>,
        /// Who of them is told by which channel; the others are told on the desk.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        via: Vec<Told>,
    }
}

impl Term {
    /// The first instant at which it is overdue: the due instant itself, or the
    /// nanosecond after it where an answer at just that instant is in time.
    #[must_use]
    pub const fn overdue_from(&self) -> Instant {
        let nanos = self.due_at.as_nanos();
        if self.inclusive { Instant::from_nanos(nanos.saturating_add(1)) } else { self.due_at }
    }
}

impl Reason {
    /// A reason whose value is cut to what a page can show.
    #[must_use]
    pub fn new(rule: &str, field: &str, value: &str, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            field: field.into(),
            value: value.chars().take(200).collect(),
            message: message.into(),
        }
    }
}

impl From<&Malformed> for Reason {
    fn from(fault: &Malformed) -> Self {
        Self::new(&fault.rule, &fault.field, &fault.value, fault.message.clone())
    }
}

impl FactRef {
    /// The reference to `fact`, whose digest is `content`.
    #[must_use]
    pub fn to(fact: &Fact, content: Sha) -> Self {
        Self { source: fact.source.clone(), id: fact.id.clone(), actor: fact.actor.clone(), content }
    }
}
