//! The authored duty: what units owe without anybody asking, one case per unit,
//! once or in every period.
//!
//! A duty is short for a workflow that the calendar opens. `parts` builds its
//! states and clocks, `form` says which keys go together and finds a flaw's place.
//! There are four forms: with a date; standing, which collects reports and has no
//! date; once, which is about no period; and a quota, which counts facts of the
//! unit's other cases.

mod form;
mod parts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::{By, Members};
use super::raw::Raw;
use super::workflow::Ladders;
use crate::calendar::{DueRule, PeriodKind};
use crate::id::{EventType, Name, UnitId};
use crate::policy::definition::{
    Beside, Cite, Covers, Effective, Guard, OnCalendarAmended, Opening, Path, Quota, Register, Text,
    TimeSource, Workflow,
};
use crate::policy::problem::Flaw;

/// What units owe, once or in every period.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Duty")]
pub struct AuthoredDuty {
    /// Its name.
    pub name: Name,
    /// Its version, usually the date of the notice.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What is owed.
    pub title: Text,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The clause within the cited notice that binds a unit, where it differs.
    #[serde(default)]
    pub clauses: BTreeMap<UnitId, String>,
    /// The local dates on which cases open under this version, both included.
    pub effective: Effective,
    /// Who owes it.
    #[serde(rename = "for")]
    pub owed_by: Members,
    /// Who leads (牵头单位).
    #[serde(default)]
    pub lead: Members,
    /// Who helps and owes nothing (配合单位).
    #[serde(default)]
    pub assist: Members,
    /// What proves that it was done.
    #[serde(default)]
    pub evidence: Option<Text>,
    /// How often.
    pub every: Every,
    /// Which period a case is about: the one that begins, or the one before. Left
    /// out where a case is about no period, and where it is a quota.
    #[serde(default)]
    pub covers: Option<Covers>,
    /// Which facts are about a case, in CEL; usually `data.period == case.period`.
    #[serde(default)]
    pub about: Option<Guard>,
    /// When it is due, counted from the beginning of the period in which the case
    /// opens; of a duty that is owed once, from its first day.
    #[serde(default)]
    pub due: Option<Raw<DueRule>>,
    /// Why it has no date, in words; instead of `due`.
    #[serde(default)]
    pub standing: Option<Text>,
    /// The calendar it counts on.
    pub calendar: Name,
    /// Whether an amended calendar moves its open deadlines; `recompute` when it is
    /// left out.
    #[serde(default)]
    pub on_calendar_amended: Option<OnCalendarAmended>,
    /// The ladder's name, or `none`.
    pub ladder: Name,
    /// The fact by which the owing unit does it.
    #[serde(default)]
    pub satisfied_by: Option<Satisfied>,
    /// Who looks at it then; when it is left out, the submission closes the case.
    #[serde(default)]
    pub review: Option<Review>,
    /// What a late submission does; `doneLate` when it is left out.
    #[serde(default)]
    pub late: Late,
    /// How many facts of the unit's other cases it takes. It makes the duty a quota.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub at_least: Option<u32>,
    /// The facts that a quota counts.
    #[serde(default)]
    pub counts: Option<Counts>,
}

/// How often a duty is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Every {
    /// One case per unit, for good.
    Once,
    /// A case every civil day.
    Day,
    /// A case every week from Monday to Sunday.
    Week,
    /// A case every month.
    Month,
    /// A case every quarter.
    Quarter,
    /// A case every half-year.
    HalfYear,
    /// A case every year.
    Year,
}

/// The facts that a quota counts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Their types; they count when they are accepted on any case of the unit.
    #[schemars(length(min = 1))]
    pub events: Vec<EventType>,
    /// A condition on them, in CEL.
    #[serde(default)]
    pub when: Option<Guard>,
}

/// The fact by which a duty is done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Satisfied {
    /// Its type; the owing unit states it.
    pub event: EventType,
    /// Which time counts.
    pub at: TimeSource,
}

/// How a submission is reviewed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// Who may state the outcome.
    pub by: By,
    /// The fact that accepts it.
    pub pass: EventType,
    /// The fact that sends it back.
    #[serde(rename = "return")]
    pub send_back: EventType,
    /// A limit for mending what was sent back.
    #[serde(default)]
    pub mend: Option<Mend>,
}

/// A limit for mending what a review sent back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mend {
    /// Where the limit comes from.
    pub cite: Cite,
    /// When it is due, counted from the sending back.
    pub due: Raw<DueRule>,
    /// The ladder's name, or `none`.
    pub ladder: Name,
}

/// What a late submission does to a duty.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Late {
    /// It is taken, closes the duty in the end, and counts as late.
    #[default]
    DoneLate,
}

impl Every {
    /// How long a period is; none for what is owed once.
    #[must_use]
    pub const fn period(self) -> Option<PeriodKind> {
        match self {
            Self::Once => None,
            Self::Day => Some(PeriodKind::Day),
            Self::Week => Some(PeriodKind::Week),
            Self::Month => Some(PeriodKind::Month),
            Self::Quarter => Some(PeriodKind::Quarter),
            Self::HalfYear => Some(PeriodKind::HalfYear),
            Self::Year => Some(PeriodKind::Year),
        }
    }
}

impl AuthoredDuty {
    /// The workflow that the duty is short for, with groups expanded, and what is
    /// wrong with the parts: keys that do not go together, unreadable due rules,
    /// unknown ladders and groups, by the duty's own fields.
    ///
    /// There is a workflow unless a due rule cannot be read or the fact that does
    /// the duty is not named; what is unknown is left out, so that the rest can be
    /// checked too.
    #[must_use]
    pub fn resolve(&self, ladders: &Ladders, register: &Register) -> (Option<Workflow>, Vec<Flaw>) {
        let mut flaws = self.form_flaws();
        let units = self.owed_by.units("/for", register, &mut flaws);
        let lead = self.lead.units("/lead", register, &mut flaws);
        let assist = self.assist.units("/assist", register, &mut flaws);
        let clocks = self.clocks(ladders, &mut flaws);
        let way = self.way();
        let (Some(clocks), Some((initial, states))) = (clocks, way) else { return (None, flaws) };
        let workflow = Workflow {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            key: self.key(),
            owner: Path("data.unit".into()),
            owed_by: Vec::new(),
            clauses: self.clauses.clone(),
            assist,
            lead,
            beside: Beside::default(),
            evidence: self.evidence.clone(),
            standing: self.standing.clone(),
            quota: self.quota(),
            keep: Vec::new(),
            opens: self.opening(units),
            initial,
            states,
            any_state: BTreeMap::new(),
            clocks,
        };
        (Some(workflow), flaws)
    }

    /// Whether it counts facts of other cases.
    fn is_quota(&self) -> bool {
        self.at_least.is_some() || self.counts.is_some()
    }

    fn key(&self) -> Vec<Path> {
        let parts = ["data.unit", "data.period"].into_iter().take(1 + usize::from(self.every != Every::Once));
        parts.map(|path| Path(path.into())).collect()
    }

    fn quota(&self) -> Option<Quota> {
        let (at_least, counts) = (self.at_least?, self.counts.as_ref()?);
        Some(Quota { at_least, events: counts.events.clone(), when: counts.when.clone() })
    }

    fn opening(&self, units: Vec<UnitId>) -> Opening {
        let calendar = self.calendar.clone();
        match self.every.period() {
            Some(every) => {
                Opening::Calendar { every, covers: self.covers.unwrap_or(Covers::Current), calendar, units }
            }
            None => Opening::Once { calendar, units },
        }
    }
}
