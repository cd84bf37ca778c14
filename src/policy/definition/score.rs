//! Targets and scorecards: what figures are worth, in a closed set of forms.
//!
//! Only the forms are here, exact and complete; computing with them is
//! [`crate::kernel::score`]'s, and where a figure comes from is the reader's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cite, Effective, Text};
use crate::calendar::{DueRule, PeriodKind};
use crate::exact::Exact;
use crate::id::{EventType, InputName, ItemName, Name, UnitId};

mod expression;

pub use expression::{Expression, MOST_DEPTH};

/// Points for units, in sections and items, and the order that they make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scorecard {
    /// Its name.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// What it scores.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// The days whose periods are scored under this version.
    pub effective: Effective,
    /// Who is scored, groups expanded, in order.
    #[serde(rename = "for")]
    pub units: Vec<UnitId>,
    /// The points that its document says one can reach.
    pub total: Exact,
    /// What no item falls below.
    #[serde(default = "Exact::zero")]
    pub floor: Exact,
    /// Its sections in the order of the document.
    pub sections: Vec<Section>,
    /// How units are put in order, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
}

impl Scorecard {
    /// All items in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|section| &section.items)
    }

    /// An item by its name.
    #[must_use]
    pub fn item(&self, name: &ItemName) -> Option<&Item> {
        self.items().find(|item| item.name == *name)
    }
}

/// A part of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Section {
    /// Its name.
    pub name: Name,
    /// What it is about.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// The points that its document says it gives at most.
    pub most: Exact,
    /// Its items in order.
    #[schemars(length(min = 1, max = 64))]
    pub items: Vec<Item>,
}

/// What points are given for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// Its name, usually its number in the document.
    pub name: ItemName,
    /// What it is about.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// Over which time its figures are taken.
    pub per: Per,
    /// The points that it gives at most.
    pub most: Exact,
    /// The figures that it needs, by the names that its points use.
    pub inputs: BTreeMap<InputName, Input>,
    /// What is added up; the sum is held between the scorecard's floor and `most`.
    #[schemars(length(min = 1, max = 16))]
    pub points: Vec<Form>,
    /// What a share over nothing makes of the item.
    #[serde(default, skip_serializing_if = "WhenNothingDue::is_default")]
    pub when_nothing_due: WhenNothingDue,
    /// What a figure makes of the item that nobody has reported.
    #[serde(default, skip_serializing_if = "WhenMissing::is_default")]
    pub when_missing: WhenMissing,
}

/// Over which time figures are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// The month in which the scored period ends (月度指标).
    Month,
    /// The quarter in which it ends (季度指标).
    Quarter,
    /// The half-year in which it ends.
    HalfYear,
    /// The year in which it ends (年度指标).
    Year,
    /// From the beginning (累计指标).
    Cumulative,
}

impl Per {
    /// The kind of period; none from the beginning.
    #[must_use]
    pub const fn kind(self) -> Option<PeriodKind> {
        match self {
            Self::Month => Some(PeriodKind::Month),
            Self::Quarter => Some(PeriodKind::Quarter),
            Self::HalfYear => Some(PeriodKind::HalfYear),
            Self::Year => Some(PeriodKind::Year),
            Self::Cumulative => None,
        }
    }
}

/// A figure and where it comes from: exactly one of `indicator`, `facts`,
/// `deadlines` and `targets`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// A reported figure of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Name>,
    /// Which part of the report it is.
    #[serde(default, skip_serializing_if = "ReportPart::is_default")]
    pub part: ReportPart,
    /// Adds up all that was reported instead of taking the latest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sum: bool,
    /// The number of accepted facts of these types on cases of the unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<EventType>,
    /// The number of the unit's deadlines that fell due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadlines: Option<Deadlines>,
    /// The number of targets that bind the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Targets>,
    /// What is taken when nothing is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Exact>,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// Reported under a name; added up where `sum` says so.
    Indicator {
        /// The indicator's name.
        name: &'a Name,
        /// Which part of the report.
        part: ReportPart,
        /// Whether all reports are added up.
        sum: bool,
    },
    /// Counted facts.
    Facts(&'a [EventType]),
    /// Counted deadlines.
    Deadlines(&'a Deadlines),
    /// Counted targets.
    Targets(Targets),
}

impl Input {
    /// Where it comes from; none when not exactly one place is named.
    #[must_use]
    pub fn source(&self) -> Option<Source<'_>> {
        let indicator =
            self.indicator.as_ref().map(|name| Source::Indicator { name, part: self.part, sum: self.sum });
        let facts = (!self.facts.is_empty()).then_some(Source::Facts(&self.facts));
        let deadlines = self.deadlines.as_ref().map(Source::Deadlines);
        let targets = self.targets.map(Source::Targets);
        let mut named = [indicator, facts, deadlines, targets].into_iter().flatten();
        match (named.next(), named.next()) {
            (source, None) => source,
            (_, Some(_)) => None,
        }
    }
}

/// Which part of a report a figure is: a report has a value and may say what it is
/// a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReportPart {
    /// The value, whatever it is a part of.
    #[default]
    Value,
    /// What the value is a part of.
    Of,
    /// The value over what it is a part of, not applicable over 0; where that was
    /// not reported the value is a share itself.
    Share,
}

impl ReportPart {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Targets that are counted: those in force at the end of the scored period that
/// bind the unit and apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Targets {
    /// Those that the unit has met; a figure that nobody reported meets none.
    Met,
    /// All of them.
    All,
}

/// Deadlines that are counted, by the first instant at which they are overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deadlines {
    /// Of which workflows.
    pub workflows: Workflows,
    /// Which of them.
    pub outcome: Outcome,
}

/// Workflows whose deadlines are counted: a word or a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Workflows {
    /// A word for many.
    Every(Every),
    /// These.
    Named(#[schemars(length(min = 1))] Vec<Name>),
}

/// A word for many workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Every {
    /// All that have deadlines.
    All,
    /// Those that count facts.
    Quotas,
}

/// How a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Met in time.
    InTime,
    /// Met late.
    Late,
    /// Not met.
    Open,
    /// Any of these.
    All,
}

/// One part of an item's points: a value and exactly one of `times`, `linear`
/// and `allOrNothing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Form {
    /// The value.
    pub of: Expression,
    /// Multiplies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Exact>,
    /// Places it on the line between two points; beyond them it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<Linear>,
    /// Gives all points or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_or_nothing: Option<AllOrNothing>,
    /// What this part gives at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<Exact>,
}

/// What a form does with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// Multiplies it.
    Times(&'a Exact),
    /// Places it on a line.
    Linear(&'a Linear),
    /// Gives all or nothing.
    AllOrNothing(&'a AllOrNothing),
}

impl Form {
    /// What it does; none when not exactly one shape is given.
    #[must_use]
    pub const fn shape(&self) -> Option<Shape<'_>> {
        match (&self.times, &self.linear, &self.all_or_nothing) {
            (Some(by), None, None) => Some(Shape::Times(by)),
            (None, Some(line), None) => Some(Shape::Linear(line)),
            (None, None, Some(rule)) => Some(Shape::AllOrNothing(rule)),
            (None, None, None) | (Some(_), _, _) | (None, Some(_), Some(_)) => None,
        }
    }
}

/// A line through two points: `{from: ["0.90", 0], to: ["1.00", 5]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// Where it begins: a value and its points.
    pub from: (Exact, Exact),
    /// Where it ends.
    pub to: (Exact, Exact),
}

/// All points or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllOrNothing {
    /// The condition; without one the value must be true, that is at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Threshold>,
    /// The points when it holds.
    pub points: Exact,
}

/// Bounds on a value: at least one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Threshold {
    /// It is not less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Exact>,
    /// It is not more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Exact>,
    /// It is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Exact>,
}

impl Threshold {
    /// Whether a value keeps all its bounds.
    #[must_use]
    pub fn holds(&self, value: &Exact) -> bool {
        self.at_least.as_ref().is_none_or(|bound| value >= bound)
            && self.at_most.as_ref().is_none_or(|bound| value <= bound)
            && self.equals.as_ref().is_none_or(|bound| value == bound)
    }
}

/// What a share over nothing makes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenNothingDue {
    /// It is left out, and so are its points from what can be reached.
    #[default]
    NotApplicable,
    /// It gives no points.
    Zero,
    /// It gives all its points.
    Full,
}

impl WhenNothingDue {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a figure that nobody has reported makes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenMissing {
    /// It gives no points.
    #[default]
    Zero,
    /// It is left out, and so are its points from what can be reached.
    NotApplicable,
}

impl WhenMissing {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How units are put in order, and when that is made public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rank {
    /// By what.
    pub by: RankBy,
    /// What happens to equals.
    pub ties: Ties,
    /// How often.
    pub every: PeriodKind,
    /// When a period's ranking is published, counted from the first instant after the
    /// period, as a duty's due rule is from the beginning of its.
    pub publish: DueRule,
    /// The calendar that says when periods end, and that counts.
    pub calendar: Name,
}

/// By what units are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RankBy {
    /// By points.
    Total,
    /// By points over the points that the unit could reach.
    Share,
}

/// What happens to units with the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ties {
    /// They share a rank and the ranks behind are left out: 1, 2, 2, 4.
    Shared,
}

/// A figure that has to reach a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Its name.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// What it demands.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// The days on which it is in force.
    pub effective: Effective,
    /// Who is to reach it, groups expanded, in order.
    #[serde(rename = "for")]
    pub units: Vec<UnitId>,
    /// Over which time its figures are taken.
    pub per: Per,
    /// The figures that it needs.
    pub inputs: BTreeMap<InputName, Input>,
    /// What is held against the number.
    pub value: Expression,
    /// The number.
    pub threshold: Threshold,
}
