//! Who there is in a jurisdiction: units, groups, roles, settings.
//!
//! It holds what was published; who is meant by a spelling is
//! [`crate::policy::set::directory`]'s.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Text;
use crate::id::{Name, RoleId, UnitId};

/// The units of a tenant, the groups and roles they form, and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Register {
    /// The register's name, one a tenant.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// The jurisdiction's title.
    pub title: Text,
    /// Every unit that may publish or owe.
    pub units: Vec<Unit>,
    /// Named lists of units.
    #[serde(default)]
    pub groups: BTreeMap<Name, Vec<UnitId>>,
    /// Who plays which part. `operator`, `importer` and `engine` are known to the
    /// kernel; the others are the policies' own.
    #[serde(default)]
    pub roles: BTreeMap<RoleId, Vec<UnitId>>,
    /// What the texts leave to the office.
    #[serde(default)]
    pub settings: Settings,
}

/// A department, office or platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unit {
    /// Its id, one token of a subject.
    pub id: UnitId,
    /// Its title.
    pub title: Text,
    /// Other spellings that notices and facts use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Settings of a tenant, each with its unit in its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// How long a fact waits for the case it builds on, 0 to 8760 hours.
    pub parked_for_hours: u32,
    /// How far in the future a publisher's own time may lie, 0 to 1440 minutes.
    pub clock_tolerance_minutes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { parked_for_hours: 72, clock_tolerance_minutes: 5 }
    }
}
