//! Typed reading of the projection's rows.
//!
//! It knows how rows are written and keys are ordered, not what is asked.

use std::ops::{Bound, ControlFlow};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::QueryError;
use crate::id::{CaseId, Seq, TenantId};
use crate::kernel::row::{Case, Checkpoint, Family};
use crate::port::store::{KeyRange, Rows, Table};
use crate::time::Instant;

/// What an answer holds as of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsOf {
    /// The last ledger entry that the answer takes into account.
    pub ledger_seq: Seq,
    /// The instant that was asked about.
    pub at: Instant,
    /// Whose ledger it is.
    pub tenant: TenantId,
    /// The ledger's identity.
    pub ledger_id: uuid::Uuid,
}

/// An answer with what it holds as of.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}Answer")]
pub struct Answer<T> {
    /// What it holds as of.
    pub as_of: AsOf,
    /// The answer itself.
    #[serde(flatten)]
    pub body: T,
}

/// A stretch of keys, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub from: Bound<Vec<u8>>,
    /// Where it ends.
    pub to: Bound<Vec<u8>>,
    /// Whether it is walked from its end.
    pub backward: bool,
}

impl Stretch {
    /// Everything that begins with `prefix`, in order.
    #[must_use]
    pub fn of_prefix(prefix: &[u8]) -> Self {
        let from = Bound::Included(prefix.to_vec());
        Self { from, to: after_prefix(prefix), backward: false }
    }

    /// The same stretch, walked from its end.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { backward: true, ..self }
    }

    /// What is left of the stretch after `key` was walked over.
    #[must_use]
    pub fn after(self, key: Vec<u8>) -> Self {
        if self.backward {
            Self { to: Bound::Excluded(key), ..self }
        } else {
            Self { from: Bound::Excluded(key), ..self }
        }
    }

    fn range(&self) -> KeyRange<'_> {
        (self.from.as_ref().map(Vec::as_slice), self.to.as_ref().map(Vec::as_slice))
    }
}

/// The first key that does not begin with `prefix` and lies after all that do.
fn after_prefix(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

/// The table of a family.
#[must_use]
pub const fn table(family: Family) -> Table {
    Table(family as u8)
}

/// One row.
///
/// # Errors
/// [`QueryError`] when it cannot be read.
pub fn row<T: DeserializeOwned>(
    rows: &impl Rows,
    family: Family,
    key: &[u8],
) -> Result<Option<T>, QueryError> {
    let bytes = rows.get(table(family), key)?;
    bytes.map(|bytes| decode(family, key, &bytes)).transpose()
}

/// One case.
///
/// # Errors
/// [`QueryError`] when it cannot be read.
pub fn case(rows: &impl Rows, id: &CaseId) -> Result<Option<Case>, QueryError> {
    row(rows, Family::Case, id.as_str().as_bytes())
}

/// What the rows hold as of, for a question about `at`.
///
/// # Errors
/// [`QueryError::Empty`] before the first entry was folded.
pub fn as_of(rows: &impl Rows, at: Instant) -> Result<AsOf, QueryError> {
    let checkpoint: Checkpoint = row(rows, Family::Checkpoint, &[])?.ok_or(QueryError::Empty)?;
    Ok(AsOf { ledger_seq: checkpoint.seq, at, tenant: checkpoint.tenant, ledger_id: checkpoint.ledger })
}

/// The row's content.
///
/// # Errors
/// [`QueryError::Row`] when it is damaged.
pub fn decode<T: DeserializeOwned>(family: Family, key: &[u8], bytes: &[u8]) -> Result<T, QueryError> {
    postcard::from_bytes(bytes).map_err(|error| QueryError::row(family, key, &error))
}

/// Walks over a stretch until the visitor breaks or fails.
///
/// # Errors
/// [`QueryError`] of the store or of the visitor.
pub fn walk(
    rows: &impl Rows,
    family: Family,
    stretch: &Stretch,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, QueryError>,
) -> Result<(), QueryError> {
    let mut failed = None;
    rows.scan(table(family), stretch.range(), stretch.backward, &mut |key, row| {
        visit(key, row).unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_one() {
        assert_eq!(after_prefix(b"ab"), Bound::Excluded(b"ac".to_vec()));
        assert_eq!(after_prefix(&[b'a', 0xff]), Bound::Excluded(b"b".to_vec()));
        assert_eq!(after_prefix(&[0xff]), Bound::Unbounded);
        assert_eq!(after_prefix(&[]), Bound::Unbounded);
    }

    #[test]
    fn a_family_has_the_table_of_its_place() {
        for (place, family) in Family::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(table(family).0), place);
        }
    }
}
