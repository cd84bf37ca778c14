//! The projection as books that figures are read from.
//!
//! It reads rows; what is counted and how is [`crate::kernel::score::measure`]'s,
//! the same code that the kernel ranks with.

use std::ops::ControlFlow;

use super::error::QueryError;
use super::rows::{Stretch, decode, walk};
use super::tallies::tallied;
use crate::id::UnitId;
use crate::kernel::row::{Case, Family};
use crate::kernel::score::measure::Books;
use crate::kernel::tally::Tallied;
use crate::port::store::Rows;
use crate::time::Instant;

/// A view of the projection, to be measured.
pub struct ViewBooks<'a, R>(pub &'a R);

impl<R: Rows> Books for ViewBooks<'_, R> {
    type Error = QueryError;

    fn tallied(
        &self,
        unit: &UnitId,
        name: &str,
        of: Tallied,
        span: (Instant, Instant),
    ) -> Result<i64, QueryError> {
        tallied(self.0, unit, name, of, span)
    }

    fn cases(&self, prefix: &str) -> Result<Vec<Case>, QueryError> {
        let mut cases = Vec::new();
        walk(self.0, Family::Case, &Stretch::of_prefix(prefix.as_bytes()), |key, row| {
            cases.push(decode(Family::Case, key, row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(cases)
    }
}
