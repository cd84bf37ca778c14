//! What may be asked, with the address over HTTP that answers the same.
//!
//! The address gives each question its right ([`crate::http::rights`]) and says which
//! parameters stand in its path, so that neither is written down twice.

use crate::http::rights;
use crate::identity::grant::Right;
use crate::port::service::Endpoint;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Deadlines that have passed.
    Overdue,
    /// Deadlines to come.
    Upcoming,
    /// Any deadlines.
    Deadlines,
    /// Cases.
    Cases,
    /// One case in full.
    Case,
    /// How many deadlines of each light.
    Counts,
    /// Facts that were refused.
    Refusals,
    /// A ranking.
    Rankings,
    /// One unit's score.
    Score,
    /// How units stand to targets.
    Targets,
    /// What is in force.
    Policies,
    /// One definition.
    Policy,
    /// One year of a calendar.
    Calendar,
    /// How the engine stands.
    Status,
    /// When something would be due.
    Due,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Overdue,
        Self::Upcoming,
        Self::Deadlines,
        Self::Cases,
        Self::Case,
        Self::Counts,
        Self::Refusals,
        Self::Rankings,
        Self::Score,
        Self::Targets,
        Self::Policies,
        Self::Policy,
        Self::Calendar,
        Self::Status,
        Self::Due,
    ];

    /// The question of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.endpoint().name == name)
    }

    /// The method and the route over HTTP that answer the same.
    #[must_use]
    pub const fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::Overdue => ("GET", "/v1/{tenant}/overdue"),
            Self::Upcoming => ("GET", "/v1/{tenant}/upcoming"),
            Self::Deadlines => ("GET", "/v1/{tenant}/deadlines"),
            Self::Cases => ("GET", "/v1/{tenant}/cases"),
            Self::Case => ("GET", "/v1/{tenant}/cases/{*id}"),
            Self::Counts => ("GET", "/v1/{tenant}/counts"),
            Self::Refusals => ("GET", "/v1/{tenant}/refusals"),
            Self::Rankings => ("GET", "/v1/{tenant}/rankings"),
            Self::Score => ("GET", "/v1/{tenant}/scores/{unit}"),
            Self::Targets => ("GET", "/v1/{tenant}/targets"),
            Self::Policies => ("GET", "/v1/{tenant}/policies"),
            Self::Policy => ("GET", "/v1/{tenant}/policies/{kind}/{name}"),
            Self::Calendar => ("GET", "/v1/{tenant}/calendars/{name}"),
            Self::Status => ("GET", "/v1/{tenant}/status"),
            Self::Due => ("POST", "/v1/{tenant}/due"),
        }
    }

    /// What it needs; nothing when its address is closed to everybody.
    #[must_use]
    pub fn right(self) -> Option<Right> {
        let (method, route) = self.route();
        rights::needed(method, route)
    }

    /// The parameters that stand in the path of its address, the tenant apart.
    pub fn in_path(self) -> impl Iterator<Item = &'static str> {
        let parts = self.route().1.split('/');
        let named = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        named.map(|name| name.trim_start_matches('*')).filter(|name| *name != "tenant")
    }

    /// As it is discovered.
    #[must_use]
    pub const fn endpoint(self) -> Endpoint {
        let (name, about) = match self {
            Self::Overdue => {
                ("overdue", "deadlines that have passed: unit, workflow, light, limit, cursor, at …")
            }
            Self::Upcoming => ("upcoming", "deadlines to come: unit, workflow, until, limit, cursor, at …"),
            Self::Deadlines => {
                ("deadlines", "any deadlines: unit, workflow, state, light, from, until, order …")
            }
            Self::Cases => ("cases", "cases: unit, workflow, state, open, limit, cursor, at"),
            Self::Case => ("case", "one case in full: id; at, format, lang"),
            Self::Counts => ("counts", "deadlines by unit and light: unit, at"),
            Self::Refusals => {
                ("refusals", "facts that were refused: actor, rule, type, since, limit, cursor")
            }
            Self::Rankings => ("rankings", "units in order: scorecard, period, at"),
            Self::Score => ("score", "one unit's points and why: unit; scorecard, period, at"),
            Self::Targets => ("targets", "units against targets: unit, target, period, at"),
            Self::Policies => ("policies", "what is in force"),
            Self::Policy => ("policy", "one definition with its versions: kind, name; version"),
            Self::Calendar => ("calendar", "one year of a calendar: name; year"),
            Self::Status => ("status", "how the engine stands"),
            Self::Due => ("due", "when something would be due and why: rule, start; calendar, id"),
        };
        Endpoint { name, about }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_an_open_address_and_a_name_of_its_own() {
        for what in What::ALL {
            assert!(what.right().is_some(), "{what:?} leads nowhere");
            assert_eq!(What::named(what.endpoint().name), Some(what));
        }
        assert_eq!(What::Policy.in_path().collect::<Vec<_>>(), ["kind", "name"]);
        assert_eq!(What::Case.in_path().collect::<Vec<_>>(), ["id"]);
    }
}
