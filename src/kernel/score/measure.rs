//! Where figures come from: reports, facts and deadlines of a unit, over a time.
//!
//! The same code measures in the kernel, when a ranking is published, and behind
//! queries: both open their [`Books`] to it, so that the numbers agree.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize as _;
use serde_json::Value;

use super::{Figure, Figures, value};
use crate::calendar::{Calendar, Period};
use crate::exact::Exact;
use crate::id::{CaseId, InputName, ItemName, Name, UnitId};
use crate::kernel::row::Case;
use crate::kernel::tally::Tallied;
use crate::policy::definition::score::{
    Deadlines, Every, Input, Outcome, Per, ReportPart, Scorecard, Source, Target, Targets, Workflows,
};
use crate::policy::definition::{Opening, Workflow};
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// The workflow whose cases hold reported figures: `indicator/<unit>/<name>/<period>`.
pub const INDICATOR: &str = "indicator";

/// What figures are read from.
pub trait Books {
    /// Why they cannot be read.
    type Error;

    /// How many there are of a unit in a span of time (see [`crate::kernel::tally`]).
    ///
    /// # Errors
    /// When they cannot be read.
    fn tallied(
        &self,
        unit: &UnitId,
        name: &str,
        of: Tallied,
        span: (Instant, Instant),
    ) -> Result<i64, Self::Error>;

    /// The cases whose ids begin with `prefix`, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    fn cases(&self, prefix: &str) -> Result<Vec<Case>, Self::Error>;
}

/// A figure as it was reported for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The period.
    pub period: Period,
    /// The value.
    pub value: Exact,
    /// What it is a part of, where that was reported.
    pub of: Option<Exact>,
    /// The case that holds it.
    pub case: CaseId,
}

impl Report {
    /// The part of it that an input asks for.
    #[must_use]
    pub fn figure(&self, part: ReportPart) -> Figure {
        match (part, &self.of) {
            (ReportPart::Value, _) | (ReportPart::Share, None) => Figure::Known(self.value.clone()),
            (ReportPart::Of, Some(of)) => Figure::Known(of.clone()),
            (ReportPart::Of, None) => Figure::Missing,
            (ReportPart::Share, Some(of)) => self.value.over(of).map_or(Figure::NothingDue, Figure::Known),
        }
    }
}

/// Whose figures are wanted, and when.
pub struct Measure<'a, B> {
    /// What they are read from.
    pub books: &'a B,
    /// The definitions that say what counts.
    pub policies: &'a PolicySet,
    /// The calendar that says when days begin.
    pub calendar: &'a Calendar,
    /// Whose.
    pub unit: &'a UnitId,
    /// The last day that counts.
    pub last_day: NaiveDate,
}

/// The days that an item's figures are taken over, both included; no first one
/// from the beginning.
#[must_use]
pub fn days(per: Per, last_day: NaiveDate) -> (Option<NaiveDate>, NaiveDate) {
    (per.kind().map(|kind| Period::containing(kind, last_day).start()), last_day)
}

impl<B: Books> Measure<'_, B> {
    /// The figures of every item of a scorecard.
    ///
    /// # Errors
    /// When the books cannot be read.
    pub fn card(&self, card: &Scorecard) -> Result<BTreeMap<ItemName, Figures>, B::Error> {
        let items = card.items();
        items.map(|item| Ok((item.name.clone(), self.inputs(&item.inputs, item.per)?))).collect()
    }

    /// The figures of some inputs, taken over a time.
    ///
    /// # Errors
    /// When the books cannot be read.
    pub fn inputs(&self, inputs: &BTreeMap<InputName, Input>, per: Per) -> Result<Figures, B::Error> {
        inputs.iter().map(|(name, input)| Ok((name.clone(), self.input(input, per)?))).collect()
    }

    fn input(&self, input: &Input, per: Per) -> Result<Figure, B::Error> {
        let found = match input.source() {
            Some(Source::Indicator { name, part, sum }) => self.indicator(name, (part, sum), per)?,
            Some(Source::Facts(events)) => {
                let span = self.span(per);
                let counts = events
                    .iter()
                    .map(|event| self.books.tallied(self.unit, event.as_str(), Tallied::Facts, span));
                known(sum(counts)?)
            }
            Some(Source::Deadlines(deadlines)) => known(self.deadlines(deadlines, per)?),
            Some(Source::Targets(which)) => known(self.targets(which)?),
            // No policy is admitted whose input comes from nowhere.
            None => Figure::Missing,
        };
        Ok(match (found, &input.otherwise) {
            (Figure::Missing, Some(otherwise)) => Figure::Known(otherwise.clone()),
            (found, _) => found,
        })
    }

    /// The instants of the days that count.
    fn span(&self, per: Per) -> (Instant, Instant) {
        let (first, last) = days(per, self.last_day);
        let end = self.calendar.midnight(last.succ_opt().unwrap_or(last));
        (first.map_or(Instant::MIN, |day| self.calendar.midnight(day)), end)
    }

    fn indicator(&self, name: &Name, (part, sum): (ReportPart, bool), per: Per) -> Result<Figure, B::Error> {
        let reports = self.reports(name, per)?;
        if !sum {
            return Ok(latest(&reports, per).map_or(Figure::Missing, |report| report.figure(part)));
        }
        Ok(added(&reports, part))
    }

    /// What was reported for periods that end within the days that count, in the
    /// order of their beginnings, longer periods first. A figure that was withdrawn,
    /// so that its case is closed, is not there.
    ///
    /// # Errors
    /// When the books cannot be read.
    pub fn reports(&self, name: &Name, per: Per) -> Result<Vec<Report>, B::Error> {
        let (first, last) = days(per, self.last_day);
        let cases = self.books.cases(&format!("{INDICATOR}/{}/{name}/", self.unit))?;
        let open = cases.iter().filter(|case| case.closed_at.is_none());
        let mut reports: Vec<Report> = open.filter_map(report).collect();
        reports.retain(|it| {
            let end = it.period.last_day();
            end <= last && first.is_none_or(|first| first <= end)
        });
        reports.sort_by_key(|it| (it.period.start(), std::cmp::Reverse(it.period.end())));
        Ok(reports)
    }

    fn deadlines(&self, of: &Deadlines, per: Per) -> Result<i64, B::Error> {
        let span = self.span(per);
        let outcomes: &[Tallied] = match of.outcome {
            Outcome::InTime => &[Tallied::InTime],
            Outcome::Late => &[Tallied::Late],
            Outcome::Open => &[Tallied::Open],
            Outcome::All => &Tallied::OUTCOMES,
        };
        let names = self.workflows(&of.workflows);
        let counts = names.iter().flat_map(|name| {
            outcomes.iter().map(|outcome| self.books.tallied(self.unit, name.as_str(), *outcome, span))
        });
        sum(counts)
    }

    /// The workflows whose deadlines are counted: of many only those that the unit
    /// may owe in some version.
    #[must_use]
    pub fn workflows(&self, of: &Workflows) -> Vec<Name> {
        let owed = |name: &&Name, wanted: fn(&Workflow) -> bool| {
            self.policies.versions(name).any(|it| wanted(it) && may_owe(it, self.unit))
        };
        let names = self.policies.workflow_names();
        match of {
            Workflows::Named(names) => names.clone(),
            Workflows::Every(Every::All) => names.filter(|name| owed(name, |_| true)).cloned().collect(),
            Workflows::Every(Every::Quotas) => {
                names.filter(|name| owed(name, |it| it.quota.is_some())).cloned().collect()
            }
        }
    }

    fn targets(&self, which: Targets) -> Result<i64, B::Error> {
        let mut count = 0_i64;
        for (_, target) in self.policies.targets_on(self.last_day) {
            if !target.units.contains(self.unit) {
                continue;
            }
            let counts = match (self.target(target)?.0, which) {
                (Reached::Met, _) | (Reached::Missed | Reached::NoFigure, Targets::All) => true,
                (Reached::Missed | Reached::NoFigure, Targets::Met) | (Reached::NothingDue, _) => false,
            };
            count += i64::from(counts);
        }
        Ok(count)
    }

    /// How a target stands, with its value where there is one, and its figures.
    ///
    /// # Errors
    /// When the books cannot be read.
    pub fn target(&self, target: &Target) -> Result<(Reached, Option<Exact>, Figures), B::Error> {
        let figures = self.inputs(&target.inputs, target.per)?;
        let (reached, value) = match value(&target.value, &figures) {
            Ok(value) if target.threshold.holds(&value) => (Reached::Met, Some(value)),
            Ok(value) => (Reached::Missed, Some(value)),
            Err(super::Gap::NothingDue) => (Reached::NothingDue, None),
            Err(super::Gap::Missing(_)) => (Reached::NoFigure, None),
        };
        Ok((reached, value, figures))
    }
}

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reached {
    /// Its value keeps the bound.
    Met,
    /// It does not.
    Missed,
    /// A share of nothing: it does not apply.
    NothingDue,
    /// Nobody reported a figure that it needs.
    NoFigure,
}

fn may_owe(workflow: &Workflow, unit: &UnitId) -> bool {
    match &workflow.opens {
        Opening::Event { .. } => workflow.owed_by.is_empty() || workflow.owed_by.contains(unit),
        Opening::Calendar { units, .. } | Opening::Once { units, .. } => units.contains(unit),
    }
}

fn sum<E>(mut counts: impl Iterator<Item = Result<i64, E>>) -> Result<i64, E> {
    counts.try_fold(0_i64, |sum, count| Ok(sum.saturating_add(count?)))
}

fn known(count: i64) -> Figure {
    Figure::Known(Exact::from(count))
}

/// What a case of the indicators' workflow holds; none when it is no report.
fn report(case: &Case) -> Option<Report> {
    let period: Period = case.id.as_str().rsplit('/').next()?.parse().ok()?;
    let kept: Value = serde_json::from_str(&case.kept).ok()?;
    let number = |field: &str| kept.get(field).and_then(exact);
    Some(Report { period, value: number("value")?, of: number("of"), case: case.id.clone() })
}

/// A number, decimal text or truth value, exactly.
fn exact(value: &Value) -> Option<Exact> {
    match value {
        Value::Bool(holds) => Some(Exact::from(*holds)),
        // The shortest decimal that means the number is what the publisher wrote.
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(_) => Exact::deserialize(value).ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The report that stands: of those that end last the one of the item's own kind
/// of period, else the longest.
#[must_use]
pub fn latest(reports: &[Report], per: Per) -> Option<&Report> {
    let own = |report: &Report| per.kind() == Some(report.period.kind());
    let days = |report: &Report| report.period.end() - report.period.start();
    reports.iter().max_by_key(|it| (it.period.last_day(), own(it), days(it)))
}

/// All reports added up; a period that lies within another reported one is in its
/// figure already.
fn added(reports: &[Report], part: ReportPart) -> Figure {
    let mut sum: Option<Exact> = None;
    let mut covered: Option<NaiveDate> = None;
    for report in reports {
        if covered.is_some_and(|end| report.period.end() <= end) {
            continue;
        }
        covered = Some(report.period.end());
        if let Figure::Known(number) = report.figure(part) {
            sum = Some(sum.unwrap_or_else(Exact::zero) + &number);
        }
    }
    sum.map_or(Figure::Missing, Figure::Known)
}
