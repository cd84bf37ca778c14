//! What a policy means once it is resolved: the definitions that the kernel
//! applies and that the ledger carries.
//!
//! Authored YAML is *not* here (see [`super::authored`]); a definition is
//! complete: defaults filled in, ladders put inside their clocks, names checked.
//! Its canonical JSON is its identity, so a field is never added without a
//! default that leaves the old JSON as it was.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::notice::Notice;
use crate::calendar::{CalendarDef, DueRule, Offset, PeriodKind};
use crate::event::catalogue::{Act, RungLight};
use crate::id::{EventType, Name, Sha, UnitId};

pub mod answers;
pub mod delivery;
pub mod reaction;
mod register;
mod repeats;
pub mod score;
pub mod side;

pub use register::{Register, Settings, Unit};

use answers::Answers;
use delivery::Delivery;
use reaction::Reaction;
use score::{Scorecard, Target};
pub use side::{Beside, Sides, Who};

/// A title in both languages of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Title")]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cite {
    /// The document, as the register of notices names it: `changqing-2022`.
    pub notice: String,
    /// The clause within it, in the document's own numbering: `三(四)18`.
    pub clause: String,
    /// The topic of the clause, shared by all that is said about one matter:
    /// `publicity`. Periods and thresholds of one topic are compared, and what
    /// contradicts is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Name>,
    /// Further clauses of the document that the same rule serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Set when the number or rule is the office's own setting, not the notice's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub office_setting: bool,
    /// What the reader should know about the reading taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One published piece of policy. Its JSON carries `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub enum Definition {
    /// Who there is.
    Register(Register),
    /// Which days count.
    Calendar(CalendarDef),
    /// What a fact of some type must look like.
    EventType(EventTypeDefinition),
    /// A document whose clauses the rules cite.
    Notice(Notice),
    /// What is owed, by whom, by when. Boxed: by far the largest.
    Workflow(Box<Workflow>),
    /// A figure that has to reach a number.
    Target(Box<Target>),
    /// What figures are worth, and the order that they make.
    Scorecard(Box<Scorecard>),
    /// Who is told by what.
    Delivery(Box<Delivery>),
    /// What every open case takes beside its own workflow.
    Answers(Box<Answers>),
    /// What follows from events by itself.
    Reaction(Box<Reaction>),
}

/// A version and the days on which it is in force.
type Span<'a> = (&'a str, Effective);

impl Definition {
    /// The kind as its JSON says it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Register(_) => "Register",
            Self::Calendar(_) => "Calendar",
            Self::EventType(_) => "EventType",
            Self::Notice(_) => "Notice",
            Self::Workflow(_) => "Workflow",
            Self::Target(_) => "Target",
            Self::Scorecard(_) => "Scorecard",
            Self::Delivery(_) => "Delivery",
            Self::Answers(_) => "Answers",
            Self::Reaction(_) => "Reaction",
        }
    }

    /// The name under which later versions replace it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Register(it) => it.name.to_string(),
            Self::Calendar(it) => it.name.to_string(),
            Self::EventType(it) => it.name.to_string(),
            Self::Notice(it) => it.name.to_string(),
            Self::Workflow(it) => it.name.to_string(),
            Self::Target(it) => it.name.to_string(),
            Self::Scorecard(it) => it.name.to_string(),
            Self::Delivery(it) => it.name.to_string(),
            Self::Answers(it) => it.name.to_string(),
            Self::Reaction(it) => it.name.to_string(),
        }
    }

    /// The version its author gave it.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Register(it) => &it.version,
            Self::Calendar(it) => &it.version,
            Self::EventType(it) => &it.version,
            Self::Notice(it) => &it.version,
            Self::Workflow(it) => &it.version,
            Self::Target(it) => &it.version,
            Self::Scorecard(it) => &it.version,
            Self::Delivery(it) => &it.version,
            Self::Answers(it) => &it.version,
            Self::Reaction(it) => &it.version,
        }
    }

    /// The event type, if it is one.
    #[must_use]
    pub const fn event_type(&self) -> Option<&EventTypeDefinition> {
        match self {
            Self::EventType(it) => Some(it),
            Self::Register(_)
            | Self::Calendar(_)
            | Self::Notice(_)
            | Self::Workflow(_)
            | Self::Target(_)
            | Self::Scorecard(_)
            | Self::Delivery(_)
            | Self::Answers(_)
            | Self::Reaction(_) => None,
        }
    }

    /// The days on which it is in force, where it has such days.
    #[must_use]
    pub fn effective(&self) -> Option<Effective> {
        match self {
            Self::Register(_)
            | Self::Calendar(_)
            | Self::EventType(_)
            | Self::Notice(_)
            | Self::Delivery(_) => None,
            Self::Workflow(it) => Some(it.effective),
            Self::Target(it) => Some(it.effective),
            Self::Scorecard(it) => Some(it.effective),
            Self::Answers(it) => Some(it.effective),
            Self::Reaction(it) => Some(it.effective),
        }
    }

    /// The workflow, if it is one.
    #[must_use]
    pub fn as_workflow(&self) -> Option<&Workflow> {
        match self {
            Self::Workflow(it) => Some(it),
            Self::Register(_)
            | Self::Calendar(_)
            | Self::EventType(_)
            | Self::Notice(_)
            | Self::Target(_)
            | Self::Scorecard(_)
            | Self::Delivery(_)
            | Self::Answers(_)
            | Self::Reaction(_) => None,
        }
    }

    /// The notice, if it is one.
    #[must_use]
    pub const fn as_notice(&self) -> Option<&Notice> {
        match self {
            Self::Notice(it) => Some(it),
            Self::Register(_)
            | Self::Calendar(_)
            | Self::EventType(_)
            | Self::Workflow(_)
            | Self::Target(_)
            | Self::Scorecard(_)
            | Self::Delivery(_)
            | Self::Answers(_)
            | Self::Reaction(_) => None,
        }
    }

    /// The versions and days of it and of another definition, if both are versions
    /// of one name.
    pub(super) fn effective_beside<'a>(&'a self, other: &'a Self) -> Option<(Span<'a>, Span<'a>)> {
        let same = self.kind() == other.kind() && self.name() == other.name();
        let spans = self.effective().zip(other.effective()).filter(|_| same)?;
        Some(((self.version(), spans.0), (other.version(), spans.1)))
    }

    /// Its canonical JSON: keys in order, no white space.
    ///
    /// # Errors
    /// Never for definitions that were read from JSON or YAML.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        // `Value`'s maps are ordered by key, which makes the text canonical.
        serde_json::to_value(self).map(|value| value.to_string())
    }

    /// Its identity: the digest of the canonical JSON.
    ///
    /// # Errors
    /// As [`Definition::canonical`].
    pub fn sha(&self) -> Result<Sha, serde_json::Error> {
        self.canonical().map(|text| Sha::of(text.as_bytes()))
    }
}

/// A type of fact and the form of its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventTypeDefinition {
    /// The type: `objection.received`.
    pub name: EventType,
    /// The schema's version, "1", "2", …
    pub version: String,
    /// What it states.
    pub title: Text,
    /// JSON Schema 2020-12 of `data`.
    pub schema: serde_json::Value,
}

/// A place in a fact: `subject`, `actor`, `time`, or `data.` and a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Path(pub String);

impl fmt::Debug for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A matter's way from opening to closing, with its clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workflow {
    /// Its name; with a key it names a case.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// What it supervises.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// The days on which cases open under this version.
    pub effective: Effective,
    /// Parts of the case key, joined by "/", for facts that name no subject.
    pub key: Vec<Path>,
    /// Where the owing unit stands in the opening fact.
    pub owner: Path,
    /// Who may owe its cases, groups expanded; empty means anyone in the register.
    #[serde(rename = "for", default, skip_serializing_if = "Vec::is_empty")]
    pub owed_by: Vec<UnitId>,
    /// The clause that binds a unit, where it is not the one of `cite`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clauses: BTreeMap<UnitId, String>,
    /// Units that help and owe nothing, groups expanded (配合单位).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assist: Vec<UnitId>,
    /// Units that lead its cases, groups expanded (牵头单位).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lead: Vec<UnitId>,
    /// Where facts name further units that lead or help.
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    pub beside: Beside,
    /// What proves that it was done, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Text>,
    /// Why nothing of it is due at a date, when the document names none (持续推进).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Text>,
    /// How many facts of other cases it takes to close one of its cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Parts of the facts that the case remembers for guards and pages; later
    /// values replace earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Path>,
    /// What opens a case.
    pub opens: Opening,
    /// The state a case opens in.
    pub initial: Name,
    /// All states.
    pub states: BTreeMap<Name, State>,
    /// Transitions that hold in every state that is not final.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub any_state: BTreeMap<EventType, Transition>,
    /// The clocks, in the order in which they are evaluated.
    pub clocks: Vec<Clock>,
}

impl Workflow {
    /// Where the workflow comes from for a unit: the clause that binds it.
    #[must_use]
    pub fn cite_for(&self, unit: &UnitId) -> Cite {
        self.cite_of(&self.cite, unit)
    }

    /// A cite of one of its parts for a unit. A part that cites the clause of the
    /// whole is bound by the unit's own clause where it has one.
    #[must_use]
    pub fn cite_of(&self, part: &Cite, unit: &UnitId) -> Cite {
        let whole = (&part.notice, &part.clause) == (&self.cite.notice, &self.cite.clause);
        match self.clauses.get(unit).filter(|_| whole) {
            Some(clause) => Cite { clause: clause.clone(), ..part.clone() },
            None => part.clone(),
        }
    }
}

/// The span of local dates on which cases open under a version, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effective {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, if the version ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// What opens a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Opening {
    /// A fact.
    Event {
        /// Its type.
        event: EventType,
        /// Who may state it; empty means anyone in the register.
        by: Vec<Who>,
        /// A condition on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when: Option<Guard>,
    },
    /// The calendar: one case per unit and period, when the period of work begins.
    Calendar {
        /// How long a period is.
        every: PeriodKind,
        /// Which period a case is about: the one that begins, or the one before.
        covers: Covers,
        /// Whose calendar begins the periods.
        calendar: Name,
        /// The owing units, groups expanded, in order.
        units: Vec<UnitId>,
    },
    /// The calendar, once: one case per unit, when the version begins. A unit that
    /// has its case of an earlier version gets no other.
    Once {
        /// Whose calendar says when that day begins.
        calendar: Name,
        /// The owing units, groups expanded, in order.
        units: Vec<UnitId>,
    },
}

impl Opening {
    /// The type of the fact that opens a case, if one does.
    #[must_use]
    pub const fn event(&self) -> Option<&EventType> {
        match self {
            Self::Event { event, .. } => Some(event),
            Self::Calendar { .. } | Self::Once { .. } => None,
        }
    }

    /// The calendar that opens the cases, if none opens by a fact.
    #[must_use]
    pub const fn calendar(&self) -> Option<&Name> {
        match self {
            Self::Event { .. } => None,
            Self::Calendar { calendar, .. } | Self::Once { calendar, .. } => Some(calendar),
        }
    }

    /// The units that the calendar opens cases for; none when facts open them.
    #[must_use]
    pub fn units(&self) -> &[UnitId] {
        match self {
            Self::Event { .. } => &[],
            Self::Calendar { units, .. } | Self::Once { units, .. } => units,
        }
    }
}

/// A number of facts that a unit owes within a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// How many it takes, at least 1.
    pub at_least: u32,
    /// The types that count, when they are accepted on a case of the same unit.
    pub events: Vec<EventType>,
    /// A condition on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Guard>,
}

/// Which period a case that the calendar opened is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Covers {
    /// The period in which it opens.
    Current,
    /// The period before: 每月4日前报送上月信息.
    Previous,
}

/// A state of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// What the desk calls it.
    pub title: Text,
    /// Whose move it is, in words for the desk: who must act next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<Who>,
    /// The facts it takes. A final state takes none.
    #[serde(default)]
    pub events: BTreeMap<EventType, Transition>,
    /// A case in a final state is closed.
    #[serde(rename = "final", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
}

/// What a fact does in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// The next state; none means the state stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// Who may state it; empty means anyone in the register.
    #[serde(default)]
    pub by: Vec<Who>,
    /// A condition on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Guard>,
}

/// A condition in CEL over `data`, `actor`, `subject`, `case`; neither clock nor I/O.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Guard(pub String);

/// A limit in time on a case. Clocks are apart from states: a breach moves none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// Its name within the workflow.
    pub name: Name,
    /// What it limits.
    pub title: Text,
    /// Where the limit comes from.
    pub cite: Cite,
    /// What starts it. A running clock is not started again.
    pub start: Trigger,
    /// States in which it stands still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pause_in: Vec<Name>,
    /// What meets it.
    pub stop: Trigger,
    /// Facts that end it without judgement. Closing the case does so too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancel: Vec<EventType>,
    /// When it is due, counted from its start.
    pub due: DueRule,
    /// The calendar it counts on.
    pub calendar: Name,
    /// Whether an amended calendar moves its open deadlines.
    #[serde(default)]
    pub on_calendar_amended: OnCalendarAmended,
    /// Who is told when; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ladder: Option<Ladder>,
}

/// What a calendar's amendment does to open deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnCalendarAmended {
    /// They are computed again and move.
    #[default]
    Recompute,
    /// They stay.
    Keep,
}

/// Facts that start or stop a clock, and which of their times counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    /// Any of these; `case.opened` stands for the case's opening itself.
    pub events: Vec<EventType>,
    /// Which time counts.
    pub at: TimeSource,
    /// A condition on the fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Guard>,
}

/// Which of a fact's times counts: `recorded`, `occurred`, or a path into its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeSource {
    /// The instant at which the intake recorded it; nobody can backdate it.
    Recorded,
    /// `CloudEvents` `time`, claimed by the publisher; recorded when it is absent.
    Occurred,
    /// An instant or a civil date (its first moment) in the data.
    Data(Path),
}

/// Rungs of reminders and escalations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ladder {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// Whether rungs wait for business hours; never past the due instant.
    #[serde(default)]
    pub quiet_outside_working_hours: bool,
    /// The rungs, in the order of their instants.
    pub rungs: Vec<Rung>,
}

/// One rung: at an instant relative to the due one, somebody is told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rung {
    /// When, along the clock's calendar.
    pub at: Offset,
    /// Its colour: blue, yellow or red.
    pub light: RungLight,
    /// What is done.
    pub act: Act,
    /// Who is told.
    pub to: Vec<Who>,
    /// The step between repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Offset>,
    /// How many times at most, 1 to 100.
    #[serde(default = "repeats::once", skip_serializing_if = "repeats::is_once")]
    pub most: u16,
}
