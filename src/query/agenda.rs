//! What falls due on the days ahead, from the counts that the fold keeps.
//!
//! A deadline belongs to its last day: one until 24:00 passes at the midnight
//! after it. The buckets of the counts begin at midnights, so that only the
//! quarter of an hour after each midnight is looked at key by key, and the cost
//! does not grow with the number of cases.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use chrono::NaiveDate;
use serde::Serialize;

use super::error::QueryError;
use super::rows::{Stretch, walk};
use crate::calendar::{Calendar, Day};
use crate::id::UnitId;
use crate::kernel::index::{Count, CounterKey};
use crate::kernel::row::Family;
use crate::port::store::Rows;
use crate::time::Instant;

/// One day with what falls due on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayAhead {
    /// The day as its calendar sees it.
    #[serde(flatten)]
    pub day: Day,
    /// The running deadlines whose last day it is.
    pub due: i64,
}

/// Running deadlines by the bucket of their first overdue instant.
pub struct Buckets<'r, R> {
    rows: &'r R,
    unit: Option<UnitId>,
    due: BTreeMap<i64, i64>,
}

impl<'r, R: Rows> Buckets<'r, R> {
    /// The buckets of all units, or of one.
    ///
    /// # Errors
    /// [`QueryError`] when the projection cannot be read.
    pub fn read(rows: &'r R, unit: Option<&UnitId>) -> Result<Self, QueryError> {
        let prefix = unit.map(|unit| [unit.as_str().as_bytes(), &[0]].concat()).unwrap_or_default();
        let mut due: BTreeMap<i64, i64> = BTreeMap::new();
        walk(rows, Family::Counter, &Stretch::of_prefix(&prefix), |key, bytes| {
            let wrong = |reason: &str| QueryError::row(Family::Counter, key, &reason);
            let counted = CounterKey::from_bytes(key).ok_or_else(|| wrong("its key names no count"))?;
            if let Count::Due(bucket) = counted.count {
                let count = bytes.try_into().map(i64::from_be_bytes);
                *due.entry(bucket).or_default() += count.map_err(|_| wrong("it is no number"))?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self { rows, unit: unit.cloned(), due })
    }

    /// How many running deadlines have their last day from `from` to `to`.
    ///
    /// # Errors
    /// [`QueryError`] when the projection cannot be read.
    pub fn ending(&self, calendar: &Calendar, from: NaiveDate, to: NaiveDate) -> Result<i64, QueryError> {
        let (after, until) = (calendar.midnight(from), calendar.day_end(to));
        let (first, last) = (Count::bucket(after), Count::bucket(until));
        let whole: i64 = self.due.range(first..last.max(first)).map(|(_, count)| count).sum();
        // What passes at the first midnight itself belongs to the day before; what
        // passes at the last one belongs to the last day.
        Ok(whole - self.at_edge(after)? + self.at_edge(until)?)
    }

    /// How many pass just at a midnight.
    fn at_edge(&self, midnight: Instant) -> Result<i64, QueryError> {
        let bucket = Count::bucket(midnight);
        let Some(all) = self.due.get(&bucket).copied().filter(|count| *count != 0) else { return Ok(0) };
        let (family, prefix) = match &self.unit {
            Some(unit) => (Family::DueOfUnit, [unit.as_str().as_bytes(), &[0]].concat()),
            None => (Family::Due, Vec::new()),
        };
        let place = |at: Instant| [&prefix[..], &at.to_key()].concat();
        let just_after = Instant::from_nanos(midnight.as_nanos().saturating_add(1));
        let stretch = Stretch {
            from: Bound::Included(place(just_after)),
            to: Bound::Excluded(place(Count::bucket_start(bucket + 1))),
            backward: false,
        };
        let mut later = 0;
        walk(self.rows, family, &stretch, |_, _| {
            later += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all - later)
    }
}

/// The days from that of `at` until `working_days` more have been worked, rest
/// days included.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn days_ahead<R: Rows>(
    buckets: &Buckets<'_, R>,
    calendar: &Calendar,
    at: Instant,
    working_days: i32,
) -> Result<Vec<DayAhead>, QueryError> {
    let today = calendar.local_date(at);
    let last = calendar.add_working_days(today, working_days);
    let dates = today.iter_days().take_while(|date| *date <= last);
    dates
        .map(|date| Ok(DayAhead { due: buckets.ending(calendar, date, date)?, day: calendar.day(date) }))
        .collect()
}
