//! What recurs for one unit, month by month: each duty and how it went.
//!
//! The cases of a duty are keyed by unit and period, so that a year of one unit is
//! a few short walks, however many cases there are.

use std::ops::ControlFlow;

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::error::QueryError;
use super::light::Light;
use super::naming::{Named, workflow_of};
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, walk};
use super::span::{due_text, last_day};
use crate::calendar::{PeriodKind, Text};
use crate::id::{CaseId, UnitId};
use crate::kernel::row::{Case, Deadline, Family, Status};
use crate::policy::definition::{Cite, Opening};
use crate::port::store::Rows;
use crate::time::Instant;

/// The most cases of one duty and unit that are looked at: thirty years of months.
const MOST_CASES: usize = 400;

/// How one period of a duty went.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DutyCell {
    /// The case.
    pub case: CaseId,
    /// The period it is about.
    pub period: String,
    /// The month in which its last day lies, 1 to 12.
    pub month: u32,
    /// `open`, `met`, `met-late`, `cancelled` or `none` when it has no deadline.
    pub status: &'static str,
    /// Its light while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    /// The due instant as people write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Text>,
}

/// One duty of a unit, over a year.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DutyRow {
    /// The duty.
    pub workflow: Named,
    /// Where it comes from.
    pub cite: Cite,
    /// How often it recurs.
    pub every: PeriodKind,
    /// When it is due, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Text>,
    /// The periods whose last day lies in the year, in order.
    pub cells: Vec<DutyCell>,
}

/// The duties of one unit over one year.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DutyYear {
    /// The unit.
    pub unit: Named,
    /// The year.
    pub year: i32,
    /// The duties, in the order of their names.
    pub duties: Vec<DutyRow>,
}

/// The duties of `unit` whose last days lie in `year`.
///
/// # Errors
/// [`QueryError::Unknown`] when the register has no such unit; others when the
/// projection cannot be read.
pub fn duties(
    rows: &impl Rows,
    policies: &Policies,
    unit: &UnitId,
    year: Option<i32>,
    at: Instant,
) -> Result<DutyYear, QueryError> {
    if policies.set.unit(unit).is_none() {
        let hint = "the register in force has no such unit";
        return Err(QueryError::Unknown { what: "the unit", name: unit.to_string(), hint });
    }
    let year = year.unwrap_or_else(|| policies.day_of(at).year());
    let mut duties = Vec::new();
    for name in policies.set.workflow_names() {
        let latest = policies
            .published
            .iter()
            .rev()
            .filter_map(|it| it.definition.as_workflow())
            .find(|workflow| workflow.name == *name);
        let Some(workflow) = latest else { continue };
        let Opening::Calendar { every, units, .. } = &workflow.opens else { continue };
        let cells = cells(rows, policies, &format!("{name}/{unit}"), year, at)?;
        if cells.is_empty() && !units.contains(unit) {
            continue;
        }
        duties.push(DutyRow {
            workflow: Named::workflow(workflow),
            cite: workflow.cite.clone(),
            every: *every,
            rule: workflow.clocks.first().map(|clock| clock.due.text()),
            cells,
        });
    }
    Ok(DutyYear { unit: Named::unit(policies, unit), year, duties })
}

fn cells(
    rows: &impl Rows,
    policies: &Policies,
    prefix: &str,
    year: i32,
    at: Instant,
) -> Result<Vec<DutyCell>, QueryError> {
    let (mut cells, mut looked) = (Vec::new(), 0);
    walk(rows, Family::Case, &Stretch::of_prefix(prefix.as_bytes()), |key, bytes| {
        let rest = key.get(prefix.len()..).unwrap_or_default();
        // Another unit's id may begin with this one's.
        if rest.first().is_some_and(|byte| *byte != b'/') {
            return Ok(ControlFlow::Continue(()));
        }
        looked += 1;
        if looked > MOST_CASES {
            return Ok(ControlFlow::Break(()));
        }
        let case: Case = decode(Family::Case, key, bytes)?;
        cells.extend(cell(policies, &case, year, at)?);
        Ok(ControlFlow::Continue(()))
    })?;
    cells.sort_by_key(|(last, _): &(NaiveDate, DutyCell)| *last);
    Ok(cells.into_iter().map(|(_, cell)| cell).collect())
}

fn cell(
    policies: &Policies,
    case: &Case,
    year: i32,
    at: Instant,
) -> Result<Option<(NaiveDate, DutyCell)>, QueryError> {
    workflow_of(policies, case)?;
    let deadline = case.deadlines.first();
    let calendar = deadline.and_then(|it| policies.set.calendar_by_sha(&it.term.calendar));
    let last = match (deadline, calendar) {
        (Some(deadline), Some(calendar)) => last_day(calendar, &deadline.term),
        _ => policies.day_of(case.opened_at),
    };
    if last.year() != year {
        return Ok(None);
    }
    let cell = DutyCell {
        case: case.id.clone(),
        period: case.period.as_ref().map(ToString::to_string).unwrap_or_default(),
        month: last.month(),
        status: deadline.map_or("none", status),
        light: deadline.and_then(|deadline| Light::of(deadline, at)),
        due: deadline.zip(calendar).map(|(deadline, calendar)| due_text(calendar, &deadline.term)),
    };
    Ok(Some((last, cell)))
}

const fn status(deadline: &Deadline) -> &'static str {
    match deadline.status {
        Status::Running | Status::Paused { .. } => "open",
        Status::Met { late: false, .. } => "met",
        Status::Met { late: true, .. } => "met-late",
        Status::Cancelled => "cancelled",
    }
}
