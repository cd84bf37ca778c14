//! Who is meant: units by any of their spellings, roles, parties.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{RoleId, UnitId};
use crate::policy::definition::{Register, Sides, Unit, Who};

/// A register, ready to be asked.
#[derive(Debug)]
pub struct Directory {
    register: Register,
    units: BTreeMap<UnitId, usize>,
    spellings: BTreeMap<String, UnitId>,
    roles: BTreeMap<RoleId, BTreeSet<UnitId>>,
}

impl Directory {
    /// The directory of a register.
    #[must_use]
    pub fn new(register: Register) -> Self {
        let mut spellings = BTreeMap::new();
        for unit in &register.units {
            let titles = [&unit.title.zh, &unit.title.en];
            for spelling in titles.into_iter().chain(&unit.aliases) {
                // The first unit keeps a spelling that two of them claim.
                spellings.entry(spelling.trim().to_owned()).or_insert_with(|| unit.id.clone());
            }
        }
        // An id is never taken over by another unit's title.
        spellings.extend(register.units.iter().map(|unit| (unit.id.to_string(), unit.id.clone())));
        let units = register.units.iter().enumerate().map(|(at, unit)| (unit.id.clone(), at)).collect();
        let roles = register
            .roles
            .iter()
            .map(|(role, units)| (role.clone(), units.iter().cloned().collect()))
            .collect();
        Self { register, units, spellings, roles }
    }

    /// The register itself.
    #[must_use]
    pub const fn register(&self) -> &Register {
        &self.register
    }

    /// A unit by its id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.register.units.get(*self.units.get(id)?)
    }

    /// The unit of an id, title or alias; white space around it is ignored.
    #[must_use]
    pub fn resolve(&self, spelling: &str) -> Option<UnitId> {
        self.spellings.get(spelling.trim()).cloned()
    }

    /// Whether a unit plays a role.
    #[must_use]
    pub fn has_role(&self, unit: &UnitId, role: &RoleId) -> bool {
        self.roles.get(role).is_some_and(|units| units.contains(unit))
    }

    /// The units that parties mean for a case: in the order of the parties, within a
    /// role by id, within leading and helping units as they were named, without
    /// repeats. A spelling that the register no longer knows means nobody.
    #[must_use]
    pub fn units_of(&self, parties: &[Who], case: &Sides<'_>) -> Vec<UnitId> {
        let mut units: Vec<UnitId> = Vec::new();
        for who in parties {
            let meant = match who {
                Who::Owner => vec![case.owner.clone()],
                Who::Unit(unit) => vec![unit.clone()],
                Who::Role(role) => self.roles.get(role).into_iter().flatten().cloned().collect(),
                Who::Lead => self.named(case.lead()),
                Who::Assist => self.named(case.assist()),
            };
            for unit in meant {
                if !units.contains(&unit) {
                    units.push(unit);
                }
            }
        }
        units
    }

    fn named(&self, (fixed, spellings): (&[UnitId], Vec<String>)) -> Vec<UnitId> {
        let stated = spellings.iter().filter_map(|spelling| self.resolve(spelling));
        fixed.iter().cloned().chain(stated).collect()
    }
}
