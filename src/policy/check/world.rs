//! What a definition may refer to, and the words for what it may not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::event::names::is_reserved;
use crate::id::EventType;
use crate::policy::definition::{Register, Who};
use crate::policy::near;
use crate::policy::notice::Notice;
use crate::policy::problem::{Flaw, child};

/// What is known by name while definitions are checked.
#[derive(Debug, Default, Clone)]
pub struct World<'a> {
    /// The tenant's register.
    pub register: Option<&'a Register>,
    /// The calendars' names.
    pub calendars: BTreeSet<&'a str>,
    /// Every version's schema of every event type.
    pub types: BTreeMap<&'a str, Vec<&'a Value>>,
    /// The notices by their names.
    pub notices: BTreeMap<&'a str, &'a Notice>,
    /// Kinds of names that cannot be looked up, because the document that has
    /// them is broken itself; they are not reported a second time.
    pub unknowable: BTreeSet<&'static str>,
}

impl World<'_> {
    /// The flaw of an event type that is not known, or is the engine's own.
    #[must_use]
    pub fn event(&self, event: &EventType, field: &str) -> Option<Flaw> {
        let name = event.as_str();
        if is_reserved(event) {
            let message = format!("events of {:?} are the engine's own", event.parts().0);
            return Some(Flaw::mistake("event.reserved", field, name, message));
        }
        if self.types.contains_key(name) || self.unknowable.contains("EventType") {
            return None;
        }
        let message = format!("no event type is called {name:?}");
        let hint = near::hint(name, self.types.keys().copied());
        Some(Flaw::mistake("event.unknown", field, name, message).with_hint(hint))
    }

    /// The flaw of a calendar that is not known.
    #[must_use]
    pub fn calendar(&self, name: &str, field: &str) -> Option<Flaw> {
        if self.calendars.contains(name) || self.unknowable.contains("Calendar") {
            return None;
        }
        let message = format!("no calendar is called {name:?}");
        let hint = near::hint(name, self.calendars.iter().copied());
        Some(Flaw::mistake("calendar.unknown", field, name, message).with_hint(hint))
    }

    /// The flaws of parties that are not known, and findings of roles nobody plays.
    pub fn parties<'a>(&'a self, parties: &'a [Who], field: &'a str) -> impl Iterator<Item = Flaw> + 'a {
        let several = parties.len() > 1;
        parties.iter().enumerate().filter_map(move |(at, who)| {
            let field = if several { child(field, at) } else { field.to_owned() };
            self.party(who, &field)
        })
    }

    fn party(&self, who: &Who, field: &str) -> Option<Flaw> {
        let register = self.register?;
        match who {
            // Whether the workflow has such units is asked of the workflow.
            Who::Owner | Who::Lead | Who::Assist => None,
            Who::Role(role) => match register.roles.get(role) {
                Some(units) if !units.is_empty() => None,
                Some(_) => {
                    let message = format!("no unit plays the role {:?}", role.as_str());
                    Some(Flaw::finding("role.empty", field, role.as_str(), message))
                }
                None => {
                    let message = format!("no role is called {:?}", role.as_str());
                    let known = register.roles.keys().map(AsRef::as_ref);
                    let hint = near::hint(role.as_str(), known);
                    Some(Flaw::mistake("role.unknown", field, role.as_str(), message).with_hint(hint))
                }
            },
            Who::Unit(unit) => self.unit(unit.as_str(), field),
        }
    }

    /// The flaw of a unit that is not known.
    #[must_use]
    pub fn unit(&self, unit: &str, field: &str) -> Option<Flaw> {
        let units = &self.register?.units;
        if units.iter().any(|known| known.id.as_str() == unit) {
            return None;
        }
        let message = format!("no unit is called {unit:?}");
        let hint = near::hint(unit, units.iter().map(|known| known.id.as_str()));
        Some(Flaw::mistake("unit.unknown", field, unit, message).with_hint(hint))
    }
}
