//! How much became overdue in a month, whether it was done since or not.
//!
//! Sums of what the fold tallies, over the units and workflows that have cases, so
//! that the cost does not grow with the number of cases.

use chrono::NaiveDate;
use serde::Serialize;

use super::counts::Cell;
use super::error::QueryError;
use super::tallies::tallied;
use crate::calendar::{Calendar, Period, PeriodKind};
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
        let mut sums = [0; 3];
        if last_day >= month.start() {
            for cell in cells {
                let Ok(unit) = UnitId::new(&cell.unit.id) else { continue };
                for (sum, of) in sums.iter_mut().zip([Tallied::InTime, Tallied::Late, Tallied::Open]) {
                    *sum += tallied(rows, &unit, &cell.workflow.id, of, span)?;
                }
            }
        }
        let [in_time, met_late, still_overdue] = sums;
        let (name, first_day) = (month.to_string(), month.start());
        months.push(MonthBehind { month: name, first_day, last_day, in_time, met_late, still_overdue });
    }
    Ok(months)
}
