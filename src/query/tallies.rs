//! Sums over a span of time: what a unit did, and what was judged of it.
//!
//! It reads the rows that the kernel sums itself ([`State::tallied`]), so that a
//! score that is asked for and one that is published agree.
//!
//! [`State::tallied`]: crate::kernel::state::State::tallied

use std::ops::{Bound, ControlFlow};

use super::error::QueryError;
use super::rows::{Stretch, walk};
use crate::id::UnitId;
use crate::kernel::row::Family;
use crate::kernel::tally::{Tallied, stretch};
use crate::port::store::Rows;
use crate::time::Instant;

/// How many there are of a unit from the first instant of `span` up to but not
/// including its second: facts of the type `name`, or deadlines of the workflow
/// `name` with an outcome, by the last instant at which they are in time.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn tallied(
    rows: &impl Rows,
    unit: &UnitId,
    name: &str,
    of: Tallied,
    span: (Instant, Instant),
) -> Result<i64, QueryError> {
    let (from, to) = stretch(unit, name, of, span);
    let stretch = Stretch { from: Bound::Included(from), to: Bound::Excluded(to), backward: false };
    let mut sum = 0_i64;
    walk(rows, Family::Tally, &stretch, |key, bytes| {
        let wrong = |_| QueryError::row(Family::Tally, key, &"it is no number");
        sum = sum.saturating_add(bytes.try_into().map(i64::from_be_bytes).map_err(wrong)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(sum)
}
