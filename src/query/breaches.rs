//! How much became overdue in a month, whether it was done since or not.
//!
//! Sums of what the fold tallies, over the units and workflows that have cases, so
//! that the cost does not grow with the number of cases.

use std::ops::AddAssign;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::counts::Cell;
use super::error::QueryError;
use super::tallies::tallied;
use crate::calendar::{Calendar, Period, PeriodKind};
use crate::exact::Exact;
use crate::id::UnitId;
use crate::kernel::tally::Tallied;
use crate::port::store::Rows;
use crate::time::Instant;

/// One month with what became overdue in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthBehind {
    /// The month.
    pub month: String,
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its last day, or the last one before the instant asked about.
    pub last_day: NaiveDate,
    /// The deadlines with their last instant in it that were met in time.
    pub in_time: i64,
    /// Those that were met late.
    pub met_late: i64,
    /// Those that are still overdue.
    pub still_overdue: i64,
}

impl MonthBehind {
    /// The deadlines that became overdue in it.
    #[must_use]
    pub const fn breached(&self) -> i64 {
        self.met_late + self.still_overdue
    }
}

/// How the deadlines ended that have their last instant in a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Met in time.
    pub in_time: i64,
    /// Met late.
    pub met_late: i64,
    /// Not met: overdue, or standing still.
    pub unmet: i64,
}

impl Outcomes {
    /// All of them together.
    #[must_use]
    pub const fn due(&self) -> i64 {
        self.in_time + self.met_late + self.unmet
    }

    /// How many of a hundred were met in time, with two decimal places; none when
    /// nothing was due.
    #[must_use]
    pub fn percent(&self) -> Option<String> {
        let share = Exact::from(self.in_time).over(&Exact::from(self.due()))?;
        Some((share * &Exact::from(100)).shown())
    }

    /// Those of one unit in one workflow, in the instants of `span`.
    ///
    /// # Errors
    /// [`QueryError`] when the projection cannot be read.
    pub(super) fn read(
        rows: &impl Rows,
        unit: &UnitId,
        workflow: &str,
        span: (Instant, Instant),
    ) -> Result<Self, QueryError> {
        let of = |of: Tallied| tallied(rows, unit, workflow, of, span);
        Ok(Self { in_time: of(Tallied::InTime)?, met_late: of(Tallied::Late)?, unmet: of(Tallied::Open)? })
    }
}

impl AddAssign for Outcomes {
    fn add_assign(&mut self, other: Self) {
        self.in_time += other.in_time;
        self.met_late += other.met_late;
        self.unmet += other.unmet;
    }
}

/// This month so far and the last, over the units and workflows of `cells`.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn months_behind(
    rows: &impl Rows,
    calendar: &Calendar,
    cells: &[Cell],
    at: Instant,
) -> Result<Vec<MonthBehind>, QueryError> {
    let today = calendar.local_date(at);
    let this = Period::containing(PeriodKind::Month, today);
    let yesterday = today.pred_opt().unwrap_or(today);
    let last = this.previous();
    let mut months = Vec::new();
    for (month, last_day) in [(this, yesterday), (last, last.last_day())] {
        // A deadline counts by its last instant in time, so a day ends before the
        // midnight after it.
        let span = (calendar.midnight(month.start()), calendar.day_end(last_day));
        let mut sum = Outcomes::default();
        if last_day >= month.start() {
            for cell in cells {
                let Ok(unit) = UnitId::new(&cell.unit.id) else { continue };
                sum += Outcomes::read(rows, &unit, &cell.workflow.id, span)?;
            }
        }
        let Outcomes { in_time, met_late, unmet: still_overdue } = sum;
        let (name, first_day) = (month.to_string(), month.start());
        months.push(MonthBehind { month: name, first_day, last_day, in_time, met_late, still_overdue });
    }
    Ok(months)
}
