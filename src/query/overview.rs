//! A tenant at one glance: counts, the days ahead, the months behind.
//!
//! Everything comes from one still view and from counts that the fold keeps.

use serde::Serialize;

use super::agenda::{Buckets, DayAhead, days_ahead};
use super::breaches::{MonthBehind, months_behind};
use super::counts::{Counts, counts};
use super::error::QueryError;
use super::policy_cache::Policies;
use crate::id::UnitId;
use crate::identity::sight::Scope;
use crate::port::store::Rows;
use crate::time::Instant;

/// How many working days the strip of days reaches ahead.
const WORKING_DAYS_AHEAD: i32 = 10;

/// A tenant, or one of its units, at one glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The running deadlines whose last day is today, passed ones included.
    pub due_today: i64,
    /// Counts per unit and workflow.
    pub counts: Counts,
    /// How many of today's running deadlines were overdue when yesterday ended; none
    /// without a calendar.
    pub overdue_before: Option<i64>,
    /// From today on, rest days included; empty without a calendar.
    pub days: Vec<DayAhead>,
    /// This month and the last; empty without a calendar.
    pub months: Vec<MonthBehind>,
}

/// The overview at `at`, of one unit or of all; whoever asks has made sure that the
/// unit may be seen.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn overview(
    rows: &impl Rows,
    policies: &Policies,
    unit: Option<&UnitId>,
    at: Instant,
) -> Result<Overview, QueryError> {
    let counts = counts(rows, policies, unit, &Scope::All, at)?;
    let Some(calendar) = policies.home_calendar() else {
        return Ok(Overview {
            due_today: 0,
            counts,
            overdue_before: None,
            days: Vec::new(),
            months: Vec::new(),
        });
    };
    let buckets = Buckets::read(rows, unit)?;
    let days = days_ahead(&buckets, calendar, at, WORKING_DAYS_AHEAD)?;
    let months = months_behind(rows, calendar, &counts.cells, at)?;
    let then = policies.end_of_yesterday(at);
    let before = then.map(|then| self::counts(rows, policies, unit, &Scope::All, then)).transpose()?;
    Ok(Overview {
        due_today: days.first().map_or(0, |day| day.due),
        overdue_before: before.map(|before| before.all.overdue),
        counts,
        days,
        months,
    })
}
