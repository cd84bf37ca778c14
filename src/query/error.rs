//! Why a question was not answered.
//!
//! It tells a question that cannot be answered from a projection that cannot be
//! read; how either is shown is a surface's matter.

use crate::id::Seq;
use crate::port::log::LogError;
use crate::port::store::StoreError;

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The projection cannot be read. The engine makes it again; ask later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what was written. The engine makes the projection again.
    #[error("read the row {key} of {family}: {reason}")]
    Row {
        /// The table.
        family: &'static str,
        /// The key, as text.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The ledger did not answer.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no such thing.
    #[error("find {what} {name:?}: {hint}")]
    Unknown {
        /// What was looked for: a case, a policy, a calendar.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where to look.
        hint: &'static str,
    },
    /// A part of the question is not as it should be.
    #[error("read {field} {value:?}: {hint}")]
    Asked {
        /// The parameter.
        field: &'static str,
        /// What was given, cut to 64 characters.
        value: String,
        /// What would be right.
        hint: String,
    },
    /// Nothing was folded yet, so there is nothing to ask about.
    #[error("read the projection: no entry of the ledger was folded yet")]
    Empty,
}

/// Whose turn it is after a question had no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The asker names something that is not there.
    Missing,
    /// The asker must ask otherwise.
    Question,
    /// Ask again later.
    Later,
    /// The projection is damaged; the engine must make it again.
    Projection,
}

impl QueryError {
    /// A parameter that is not as it should be.
    #[must_use]
    pub fn asked(field: &'static str, value: &str, hint: impl Into<String>) -> Self {
        Self::Asked { field, value: value.chars().take(64).collect(), hint: hint.into() }
    }

    /// A row that cannot be read.
    #[must_use]
    pub fn row(family: crate::kernel::row::Family, key: &[u8], reason: &dyn std::fmt::Display) -> Self {
        let key = String::from_utf8_lossy(key).into_owned();
        Self::Row { family: family.name(), key, reason: reason.to_string() }
    }

    /// An entry of the ledger that is not there or not readable.
    #[must_use]
    pub fn entry(seq: Seq, reason: &dyn std::fmt::Display) -> Self {
        Self::Row { family: "ledger", key: seq.to_string(), reason: reason.to_string() }
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Unknown { .. } => Blame::Missing,
            Self::Asked { .. } => Blame::Question,
            Self::Log(_) | Self::Empty => Blame::Later,
            Self::Store(_) | Self::Row { .. } => Blame::Projection,
        }
    }
}
