//! The authored register: units, groups of them, roles, settings.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::{Member, Members};
use crate::id::{Name, RoleId, UnitId};
use crate::policy::definition::{Register, Settings, Text, Unit};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// Who there is in a jurisdiction, one register a tenant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Register")]
pub struct AuthoredRegister {
    /// The register's name.
    pub name: Name,
    /// Its version, usually the date of the notice that names the units.
    #[schemars(length(min = 1))]
    pub version: String,
    /// The jurisdiction's title.
    pub title: Text,
    /// Every unit that may publish or owe, in the order of the notice.
    #[schemars(length(min = 1))]
    pub units: Vec<Unit>,
    /// Named lists of units; a group may contain groups.
    #[serde(default)]
    pub groups: BTreeMap<Name, Members>,
    /// Who plays which part; `operator`, `importer` and `engine` are known to the engine.
    pub roles: BTreeMap<RoleId, Vec<UnitId>>,
    /// What the texts leave to the office.
    #[serde(default)]
    pub settings: Settings,
}

impl AuthoredRegister {
    /// The register with its groups expanded. Flaws are of the groups only; the
    /// rest is [`crate::policy::check::register`]'s.
    #[must_use]
    pub fn resolve(&self) -> (Register, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let mut groups = BTreeMap::new();
        for name in self.groups.keys() {
            let mut units = Vec::new();
            self.expand(name, &mut BTreeSet::new(), &mut units, &mut flaws);
            groups.insert(name.clone(), units);
        }
        flaws.dedup();
        let register = Register {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            units: self.units.clone(),
            groups,
            roles: self.roles.clone(),
            settings: self.settings.clone(),
        };
        (register, flaws)
    }

    /// Appends the group's units in order, each once. A group is entered once,
    /// so that circles end.
    fn expand(&self, name: &Name, seen: &mut BTreeSet<Name>, units: &mut Vec<UnitId>, flaws: &mut Vec<Flaw>) {
        if !seen.insert(name.clone()) {
            return;
        }
        let Some(members) = self.groups.get(name) else { return };
        for (at, member) in members.0.iter().enumerate() {
            match member {
                Member::Unit(unit) if units.contains(unit) => {}
                Member::Unit(unit) => units.push(unit.clone()),
                Member::Group(inner) if self.groups.contains_key(inner) => {
                    self.expand(inner, seen, units, flaws);
                }
                Member::Group(inner) => {
                    let field = child(&child("/groups", name), at);
                    let message = format!("no group is called {:?}", inner.as_str());
                    let hint = near::hint(inner.as_str(), self.groups.keys().map(Name::as_str));
                    flaws.push(
                        Flaw::mistake("group.unknown", &field, inner.as_str(), message).with_hint(hint),
                    );
                }
            }
        }
    }
}
