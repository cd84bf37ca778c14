//! Whose rows somebody sees. The read side applies it to every question, so that a
//! page, an export and an answer in JSON cannot differ.

use std::collections::BTreeSet;

use crate::id::UnitId;

/// The units whose rows are seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every unit's, and what belongs to none.
    #[default]
    All,
    /// Those of these units only; none at all when there are none.
    Units(BTreeSet<UnitId>),
}

impl Scope {
    /// Nobody's.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Units(BTreeSet::new())
    }

    /// One unit's.
    #[must_use]
    pub fn unit(unit: &UnitId) -> Self {
        Self::Units(BTreeSet::from([unit.clone()]))
    }

    /// Whether rows of `unit` are seen.
    #[must_use]
    pub fn has(&self, unit: &UnitId) -> bool {
        match self {
            Self::All => true,
            Self::Units(units) => units.contains(unit),
        }
    }

    /// The only unit whose rows are seen, if it is one.
    #[must_use]
    pub fn only(&self) -> Option<&UnitId> {
        match self {
            Self::All => None,
            Self::Units(units) => units.first().filter(|_| units.len() == 1),
        }
    }

    /// What either sees.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Units(mut units), Self::Units(more)) => {
                units.extend(more);
                Self::Units(units)
            }
        }
    }
}

/// What somebody sees of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whose cases, deadlines and counts.
    pub cases: Scope,
    /// Whose refused facts, with their originals.
    pub refusals: Scope,
}

impl Sight {
    /// Everything.
    #[must_use]
    pub const fn all() -> Self {
        Self { cases: Scope::All, refusals: Scope::All }
    }

    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { cases: Scope::nothing(), refusals: Scope::nothing() }
    }

    /// What either sees.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { cases: self.cases.and(other.cases), refusals: self.refusals.and(other.refusals) }
    }
}
