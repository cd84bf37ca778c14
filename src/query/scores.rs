//! The score of one unit with its reasons, and the targets of a tenant.
//!
//! Every figure says how to list what is behind it: the reports that hold it, or
//! the question whose answer are the cases.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::books::ViewBooks;
use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::Policies;
use super::rankings::Judge;
use super::score_told::{self, CardTold, known};
use crate::calendar::Calendar;
use crate::id::{CaseId, InputName, ItemName, Name, Sha, UnitId};
use crate::kernel::score::card;
use crate::kernel::score::measure::{Measure, Reached, days};
use crate::policy::definition::Cite;
use crate::policy::definition::score::{Input, Outcome, Per, Source, Target, Threshold};
use crate::port::store::Rows;
use crate::time::Instant;

/// One unit's score.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Score")]
pub struct ScoreAnswer {
    /// The unit.
    pub unit: Named,
    /// The scorecard's definition.
    pub policy: Sha,
    /// The period.
    pub period: String,
    /// The last day that counts, while the period is under way today.
    pub until: NaiveDate,
    /// The points.
    #[serde(flatten)]
    pub score: CardTold,
    /// What is behind the figures of each item.
    pub sources: BTreeMap<ItemName, Vec<Behind>>,
}

/// What is behind a figure.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FigureSource")]
pub struct Behind {
    /// The input.
    pub input: InputName,
    /// Where it comes from: `indicator`, `facts`, `deadlines` or `targets`.
    pub from: &'static str,
    /// Its first day; none from the beginning.
    pub since: Option<NaiveDate>,
    /// Its last day.
    pub until: NaiveDate,
    /// The cases that hold what was reported.
    pub cases: Vec<CaseId>,
    /// Questions, below `/v1/<tenant>/`, whose answers are the rest.
    pub ask: Vec<String>,
}

/// The targets of a tenant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Targets")]
pub struct TargetsAnswer {
    /// The last day that counts.
    pub until: NaiveDate,
    /// One row for each target and unit, in order of names.
    pub rows: Vec<TargetRow>,
}

/// How a unit stands to a target.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetRow {
    /// The target.
    pub target: Named,
    /// Its definition.
    pub policy: Sha,
    /// Where it comes from.
    pub cite: Cite,
    /// The unit.
    pub unit: Named,
    /// Over which time.
    pub per: Per,
    /// The number to reach.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// How it stands.
    pub reached: Reached,
    /// The exact value, where there is one.
    pub value: Option<String>,
    /// The figures; null where nothing was due, left out where nobody reported.
    pub figures: BTreeMap<InputName, Option<String>>,
}

/// A unit's score on a scorecard, up to the end of a period or to today.
///
/// # Errors
/// [`QueryError`]; [`QueryError::Unknown`] when the scorecard does not score the unit.
pub fn score(
    rows: &impl Rows,
    policies: &Policies,
    unit: &UnitId,
    judge: &Judge<'_>,
    at: Instant,
) -> Result<ScoreAnswer, QueryError> {
    if !judge.card.units.contains(unit) {
        let hint = "the scorecard does not score it; the policy says whom it scores";
        return Err(QueryError::Unknown { what: "the unit", name: unit.to_string(), hint });
    }
    let (books, last_day) = (ViewBooks(rows), judge.last_day(at));
    let measure =
        Measure { books: &books, policies: &policies.set, calendar: judge.calendar, unit, last_day };
    let figures = measure.card(&judge.card)?;
    let score = card(&judge.card, &figures);
    let mut sources = BTreeMap::new();
    for item in judge.card.items() {
        let behind = item.inputs.iter().map(|(name, input)| behind(&measure, name, input, item.per));
        sources.insert(item.name.clone(), behind.collect::<Result<_, _>>()?);
    }
    Ok(ScoreAnswer {
        unit: Named::unit(policies, unit),
        policy: judge.sha,
        period: judge.period.to_string(),
        until: last_day,
        score: score_told::card(&judge.card, &score, &figures),
        sources,
    })
}

fn behind<R: Rows>(
    measure: &Measure<'_, ViewBooks<'_, R>>,
    name: &InputName,
    input: &Input,
    per: Per,
) -> Result<Behind, QueryError> {
    let (since, until) = days(per, measure.last_day);
    let (unit, mut cases, mut ask) = (measure.unit, Vec::new(), Vec::new());
    let from = match input.source() {
        Some(Source::Indicator { name, .. }) => {
            cases.extend(measure.reports(name, per)?.into_iter().map(|report| report.case));
            "indicator"
        }
        Some(Source::Facts(_)) => {
            ask.push(format!("cases?unit={unit}"));
            "facts"
        }
        Some(Source::Deadlines(deadlines)) => {
            // Deadlines that are met are on the pages of their cases.
            let names = measure.workflows(&deadlines.workflows);
            let list = match deadlines.outcome {
                Outcome::Open => "deadlines",
                Outcome::InTime | Outcome::Late | Outcome::All => "cases",
            };
            ask.extend(names.iter().map(|name| format!("{list}?unit={unit}&workflow={name}")));
            "deadlines"
        }
        Some(Source::Targets(_)) => {
            ask.push(format!("targets?unit={unit}"));
            "targets"
        }
        None => "nowhere",
    };
    Ok(Behind { input: name.clone(), from, since, until, cases, ask })
}

/// All targets in force on the day of `at`, or on the last day of a period.
///
/// # Errors
/// [`QueryError`].
pub fn targets(
    rows: &impl Rows,
    policies: &Policies,
    unit: Option<&UnitId>,
    target: Option<&Name>,
    calendar: &Calendar,
    last_day: NaiveDate,
) -> Result<TargetsAnswer, QueryError> {
    let books = ViewBooks(rows);
    let mut answer = Vec::new();
    let asked = |it: &Target| target.is_none_or(|name| it.name == *name);
    for (sha, target) in policies.set.targets_on(last_day).filter(|(_, it)| asked(it)) {
        for owing in target.units.iter().filter(|owing| unit.is_none_or(|unit| unit == *owing)) {
            let measure = Measure { books: &books, policies: &policies.set, calendar, unit: owing, last_day };
            let (reached, value, figures) = measure.target(target)?;
            answer.push(TargetRow {
                target: Named::new(target.name.as_str(), &target.title.zh, &target.title.en),
                policy: sha,
                cite: target.cite.clone(),
                unit: Named::unit(policies, owing),
                per: target.per,
                threshold: target.threshold.clone(),
                reached,
                value: value.map(|value| value.to_string()),
                figures: known(&figures),
            });
        }
    }
    Ok(TargetsAnswer { until: last_day, rows: answer })
}
