//! The roles that an office gives, and what each of them may.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sight::{Scope, Sight};
use crate::event::fact::Fact;
use crate::id::{EventType, TenantId, UnitId};

/// Publishers that are parts of duban itself.
const OWN_PUBLISHERS: [&str; 4] = ["operator", "importer", "engine", "courier"];
/// The fact that puts a policy in force.
const POLICY_PUBLISHED: &str = "policy.published";

/// One role of somebody, with where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "role", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Grant {
    /// Runs the service: everything, in every tenant. What an operator states for
    /// others stays on the ledger with the operator's name.
    Operator,
    /// Supervises a tenant: sees all of it, speaks for the supervising office.
    Supervisor {
        /// The tenant.
        tenant: TenantId,
        /// The office.
        unit: UnitId,
    },
    /// Reviews what units submit: sees all cases, speaks for the reviewing office.
    Reviewer {
        /// The tenant.
        tenant: TenantId,
        /// The office.
        unit: UnitId,
    },
    /// Works in a unit: sees what the unit owes, speaks for it.
    Member {
        /// The tenant.
        tenant: TenantId,
        /// The unit.
        unit: UnitId,
    },
    /// A system: states named types of facts for named units, and sees what these
    /// units owe.
    Service {
        /// The tenant.
        tenant: TenantId,
        /// The units it speaks for.
        units: BTreeSet<UnitId>,
        /// What it may state.
        events: BTreeSet<EventType>,
    },
    /// Reads the cases of a tenant, or of all tenants and the service's own numbers.
    Reader {
        /// The tenant; all when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<TenantId>,
    },
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Nothing: signing in, and whether the process lives.
    Open,
    /// To be somebody.
    SignedIn,
    /// What a tenant shows to all of its own: policies, calendars, public rankings,
    /// how the engine stands.
    Common,
    /// Cases, deadlines and counts, as far as one's sight goes.
    Cases,
    /// Refused facts with their originals, as far as one's sight goes.
    Refusals,
    /// To state facts, each for a unit that one may speak for.
    State,
    /// To have dead letters sent again.
    Replay,
    /// To give a unit that one sees an address for calendars, or to end it: it shows
    /// the unit's deadlines to whoever has it.
    Feeds,
    /// To make projections again.
    Operate,
    /// The service's own numbers.
    Measure,
}

/// Why a fact may not be stated by somebody: which attribute asks for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The actor is none that one may speak for.
    #[error("state facts as this unit: you may speak only for the units that your role names")]
    Actor,
    /// The type is none that the service may state.
    #[error("state facts of this type: this service may state only the types that it was given")]
    Kind,
    /// Importing facts of the past is the operator's.
    #[error("import a fact of the past: only an operator may say when a fact was recorded")]
    Import,
    /// Policies are the operator's.
    #[error("put a policy in force: only an operator may")]
    Policy,
}

impl Denial {
    /// The attribute that asks for too much.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Kind | Self::Policy => "type",
            Self::Import => "recordedtime",
        }
    }
}

impl Grant {
    /// The role's name, as commands and settings write it.
    #[must_use]
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Supervisor { .. } => "supervisor",
            Self::Reviewer { .. } => "reviewer",
            Self::Member { .. } => "member",
            Self::Service { .. } => "service",
            Self::Reader { .. } => "reader",
        }
    }

    /// Whether it holds in `tenant`.
    #[must_use]
    pub fn holds_in(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Operator | Self::Reader { tenant: None } => true,
            Self::Supervisor { tenant: own, .. }
            | Self::Reviewer { tenant: own, .. }
            | Self::Member { tenant: own, .. }
            | Self::Service { tenant: own, .. }
            | Self::Reader { tenant: Some(own) } => own == tenant,
        }
    }

    /// Whether it gives `right` where it holds.
    #[must_use]
    pub const fn gives(&self, right: Right) -> bool {
        match right {
            Right::Open | Right::SignedIn | Right::Common | Right::Cases => true,
            Right::Refusals | Right::State => !matches!(self, Self::Reader { .. }),
            Right::Replay => matches!(self, Self::Operator | Self::Supervisor { .. }),
            Right::Feeds => matches!(self, Self::Operator | Self::Supervisor { .. } | Self::Member { .. }),
            Right::Operate => matches!(self, Self::Operator),
            Right::Measure => matches!(self, Self::Operator | Self::Reader { tenant: None }),
        }
    }

    /// What it shows where it holds.
    #[must_use]
    pub fn sight(&self) -> Sight {
        match self {
            Self::Operator | Self::Supervisor { .. } => Sight::all(),
            Self::Reviewer { unit, .. } => Sight { cases: Scope::All, refusals: Scope::unit(unit) },
            Self::Member { unit, .. } => Sight { cases: Scope::unit(unit), refusals: Scope::unit(unit) },
            Self::Service { units, .. } => {
                Sight { cases: Scope::Units(units.clone()), refusals: Scope::Units(units.clone()) }
            }
            Self::Reader { .. } => Sight { cases: Scope::All, refusals: Scope::nothing() },
        }
    }

    /// Whether `fact` may be stated under it, where it holds.
    ///
    /// # Errors
    /// [`Denial`], the first thing that asks for too much.
    pub fn may_state(&self, fact: &Fact) -> Result<(), Denial> {
        if matches!(self, Self::Operator) {
            return Ok(());
        }
        if fact.imported_at.is_some() {
            return Err(Denial::Import);
        }
        if fact.kind.as_str() == POLICY_PUBLISHED {
            return Err(Denial::Policy);
        }
        if OWN_PUBLISHERS.contains(&fact.actor.as_str()) {
            return Err(Denial::Actor);
        }
        let (speaks, states) = match self {
            Self::Operator => (true, true),
            Self::Supervisor { unit, .. } | Self::Reviewer { unit, .. } | Self::Member { unit, .. } => {
                (*unit == fact.actor, true)
            }
            Self::Service { units, events, .. } => (units.contains(&fact.actor), events.contains(&fact.kind)),
            Self::Reader { .. } => (false, false),
        };
        match (speaks, states) {
            (false, _) => Err(Denial::Actor),
            (true, false) => Err(Denial::Kind),
            (true, true) => Ok(()),
        }
    }
}
