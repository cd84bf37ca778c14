//! Registers: every id once, every name meaning one unit, every reference known.

use std::collections::BTreeMap;

use crate::id::UnitId;
use crate::policy::definition::Register;
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// How long a fact may be parked at most, in hours: a year.
const MOST_PARKED_HOURS: u32 = 8760;
/// How far ahead a publisher's clock may be at most, in minutes: a day.
const MOST_TOLERANCE_MINUTES: u32 = 1440;

/// What is wrong with a register.
#[must_use]
pub fn flaws(register: &Register) -> Vec<Flaw> {
    let mut flaws = spellings(register);
    for (name, units) in &register.groups {
        flaws.extend(members(register, units, &child("/groups", name)));
        if units.is_empty() {
            let message = "no unit belongs to the group, so nobody owes what it owes";
            flaws.push(Flaw::finding("group.empty", &child("/groups", name), name.as_str(), message));
        }
    }
    for (role, units) in &register.roles {
        flaws.extend(members(register, units, &child("/roles", role)));
    }
    for part in ["operator", "importer", "engine"] {
        if !register.roles.keys().any(|role| role.as_str() == part) {
            let message = format!("the engine looks for units with the role {part:?}, and there are none");
            flaws.push(Flaw::finding("role.missing", "/roles", part, message));
        }
    }
    flaws.extend(settings(register));
    flaws
}

/// Every id, title and alias means one unit.
fn spellings(register: &Register) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut taken: BTreeMap<&str, &UnitId> = BTreeMap::new();
    for (at, unit) in register.units.iter().enumerate() {
        let pointer = child("/units", at);
        let title = child(&pointer, "title");
        let titles =
            [(unit.title.zh.as_str(), child(&title, "zh")), (unit.title.en.as_str(), child(&title, "en"))];
        let aliases = unit.aliases.iter().enumerate();
        let aliases = aliases.map(|(at, alias)| (alias.as_str(), child(&child(&pointer, "aliases"), at)));
        let id = [(unit.id.as_str(), child(&pointer, "id"))];
        for (spelling, field) in id.into_iter().chain(titles).chain(aliases) {
            if spelling.trim().is_empty() {
                flaws.push(Flaw::mistake(
                    "unit.untitled",
                    &field,
                    spelling,
                    "a unit has a title in both languages",
                ));
            } else if let Some(other) = taken.insert(spelling, &unit.id)
                && (*other != unit.id || field.ends_with("/id"))
            {
                let message = format!("the spelling already means the unit {:?}", other.as_str());
                flaws.push(Flaw::mistake("unit.ambiguous", &field, spelling, message));
            }
        }
    }
    flaws
}

fn members(register: &Register, units: &[UnitId], pointer: &str) -> Vec<Flaw> {
    let known = |unit: &UnitId| register.units.iter().any(|it| it.id == *unit);
    let unknown = units.iter().enumerate().filter(|(_, unit)| !known(unit));
    unknown
        .map(|(at, unit)| {
            let message = format!("no unit is called {:?}", unit.as_str());
            let hint = near::hint(unit.as_str(), register.units.iter().map(|it| it.id.as_str()));
            Flaw::mistake("unit.unknown", &child(pointer, at), unit.as_str(), message).with_hint(hint)
        })
        .collect()
}

fn settings(register: &Register) -> Vec<Flaw> {
    let settings = &register.settings;
    let bounds = [
        ("parkedForHours", settings.parked_for_hours, MOST_PARKED_HOURS),
        ("clockToleranceMinutes", settings.clock_tolerance_minutes, MOST_TOLERANCE_MINUTES),
    ];
    let beyond = bounds.into_iter().filter(|(_, value, most)| value > most);
    beyond
        .map(|(key, value, most)| {
            let message = format!("{key} is at most {most}");
            Flaw::mistake("setting.range", &child("/settings", key), &value.to_string(), message)
        })
        .collect()
}
