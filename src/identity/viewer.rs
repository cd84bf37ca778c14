//! Somebody who asks: who it is, and what their grants let them see and do.

use std::fmt;

use super::grant::{Denial, Grant, Right};
use super::sight::Sight;
use crate::event::fact::Fact;
use crate::id::{AccountName, Name, TenantId, UnitId};

/// Who somebody is, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever works on this machine, where nobody needs to sign in.
    Local,
    /// A person with an account of the office.
    Account(AccountName),
    /// A system with a token.
    Token(Name),
    /// A unit that the broker vouches for.
    Unit(UnitId),
    /// A person whom the issuer vouches for, by the name it knows for good.
    Issued {
        /// The issuer's own name for the person; never given to another.
        subject: String,
        /// What the person is called.
        title: String,
    },
}

/// Somebody with what they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    who: Who,
    grants: Vec<Grant>,
}

impl Viewer {
    /// Somebody with these grants.
    #[must_use]
    pub const fn new(who: Who, grants: Vec<Grant>) -> Self {
        Self { who, grants }
    }

    /// Whoever works on this machine: the operator.
    #[must_use]
    pub fn local() -> Self {
        Self::new(Who::Local, vec![Grant::Operator])
    }

    /// A unit that the broker vouches for: what it owes, as its members see it.
    #[must_use]
    pub fn unit(tenant: &TenantId, unit: &UnitId) -> Self {
        let grant = Grant::Member { tenant: tenant.clone(), unit: unit.clone() };
        Self::new(Who::Unit(unit.clone()), vec![grant])
    }

    /// Who it is.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// What was granted.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether there is anything for them in `tenant`.
    #[must_use]
    pub fn is_of(&self, tenant: &TenantId) -> bool {
        self.of(tenant).next().is_some()
    }

    /// Whether they have `right`, in `tenant` where it is about one.
    #[must_use]
    pub fn may(&self, right: Right, tenant: Option<&TenantId>) -> bool {
        match (right, tenant) {
            (Right::Open | Right::SignedIn, _) => true,
            (_, Some(tenant)) => self.of(tenant).any(|grant| grant.gives(right)),
            (Right::Measure | Right::Operate, None) => self.grants.iter().any(|grant| grant.gives(right)),
            (
                Right::Common | Right::Cases | Right::Refusals | Right::State | Right::Replay | Right::Feeds,
                None,
            ) => false,
        }
    }

    /// What they see of `tenant`.
    #[must_use]
    pub fn sight(&self, tenant: &TenantId) -> Sight {
        self.of(tenant).map(Grant::sight).fold(Sight::nothing(), Sight::and)
    }

    /// The office that they supervise `tenant` for, if they do.
    #[must_use]
    pub fn office(&self, tenant: &TenantId) -> Option<&UnitId> {
        self.of(tenant).find_map(|grant| match grant {
            Grant::Supervisor { unit, .. } => Some(unit),
            Grant::Operator
            | Grant::Reviewer { .. }
            | Grant::Member { .. }
            | Grant::Service { .. }
            | Grant::Reader { .. } => None,
        })
    }

    /// Whether they may state `fact` in `tenant`.
    ///
    /// # Errors
    /// [`Denial`], that of the grant that comes nearest.
    pub fn may_state(&self, tenant: &TenantId, fact: &Fact) -> Result<(), Denial> {
        let mut denial = Denial::Actor;
        for grant in self.of(tenant) {
            match grant.may_state(fact) {
                Ok(()) => return Ok(()),
                // "Wrong type" says more than "not your unit".
                Err(Denial::Actor) => {}
                Err(other) => denial = other,
            }
        }
        Err(denial)
    }

    /// Who it is as a fact carries it; nobody in particular on an open machine.
    #[must_use]
    pub fn stated_by(&self) -> Option<String> {
        match &self.who {
            Who::Local => None,
            Who::Account(_) | Who::Token(_) | Who::Unit(_) | Who::Issued { .. } => Some(self.who.to_string()),
        }
    }

    fn of(&self, tenant: &TenantId) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.holds_in(tenant))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => out.write_str("local"),
            Self::Account(name) => write!(out, "account:{name}"),
            Self::Token(name) => write!(out, "token:{name}"),
            Self::Unit(unit) => write!(out, "unit:{unit}"),
            Self::Issued { subject, .. } => write!(out, "issued:{subject}"),
        }
    }
}
