//! Which documents of two sides belong together, and what became of each.
//!
//! Two documents of one kind and name belong together. Where a side has several
//! versions of a name, those that begin on the same day do; a version that is new
//! is compared with the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::compare::{Change, Comparing};
use super::labels;
use crate::calendar::Text;
use crate::policy::authored::document::{Authored, Document};
use crate::policy::authored::yaml;
use crate::policy::definition::Definition;
use crate::policy::problem::Problem;
use crate::policy::resolve::Source;
use crate::policy::rules::Titles;

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
    /// It is a new version beside an earlier one.
    Succeeds,
}

/// A document that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its folder; empty when files were compared.
    pub tenant: String,
    /// What it is: its kind, title and name.
    pub about: Text,
    /// What became of it.
    pub fate: Fate,
    /// What it says differently, in the order of its parts.
    pub changes: Vec<Change>,
}

/// Folder, kind and name.
type Key = (String, String, String);
/// The versions of a name by what keeps them apart.
type Versions = BTreeMap<String, Value>;

/// What differs between two sides. Paths are as seen from each side's root:
/// `genhe/register.yaml` belongs to the tenant `genhe`, `register.yaml` to none.
///
/// # Errors
/// Every document that cannot be read.
pub fn diff(old: &[Source], new: &[Source]) -> Result<Vec<Difference>, Vec<Problem>> {
    let (mut definitions, mut problems) = (Vec::new(), Vec::new());
    let old = read(old, &mut definitions, &mut problems);
    let new = read(new, &mut definitions, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let titles = Titles::of(&definitions);
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    let none = Versions::new();
    let mut differences = Vec::new();
    for key in keys {
        let (before, after) = (old.get(key).unwrap_or(&none), new.get(key).unwrap_or(&none));
        differences.extend(of_name(key, before, after, &titles));
    }
    Ok(differences)
}

/// The documents of a side, and the definitions that titles are taken from.
fn read(
    sources: &[Source],
    definitions: &mut Vec<Definition>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Key, Versions> {
    let mut found: BTreeMap<Key, Versions> = BTreeMap::new();
    for source in sources {
        let schema_file = Path::new(&source.path).extension().is_some_and(|it| it == "json");
        let tenant = source.path.split_once('/').map_or("", |(folder, _)| folder).to_owned();
        let parsed = yaml::parse(&source.text);
        let textual = crate::policy::authored::document::textual;
        problems.extend(parsed.flaws.into_iter().map(|flaw| textual(&source.path, flaw)));
        for node in parsed.documents {
            let json = node.json();
            let (document, wrong) = Document::read(&source.path, node, schema_file);
            problems.extend(wrong);
            let Some(authored) = &document.authored else { continue };
            let (kind, name) = match authored {
                Authored::EventType(it) => ("EventType".to_owned(), it.name.to_string()),
                Authored::Register(_)
                | Authored::Calendar(_)
                | Authored::Ladder(_)
                | Authored::Notice(_)
                | Authored::Scenario(_)
                | Authored::Workflow(_)
                | Authored::Duty(_)
                | Authored::Target(_)
                | Authored::Scorecard(_)
                | Authored::Delivery(_)
                | Authored::Answers(_)
                | Authored::Reaction(_) => (text(&json, "kind"), text(&json, "name")),
            };
            match authored {
                Authored::EventType(it) => definitions.push(Definition::EventType(it.clone())),
                Authored::Register(it) => definitions.push(Definition::Register(it.resolve().0)),
                Authored::Calendar(_)
                | Authored::Ladder(_)
                | Authored::Notice(_)
                | Authored::Scenario(_)
                | Authored::Workflow(_)
                | Authored::Duty(_)
                | Authored::Target(_)
                | Authored::Scorecard(_)
                | Authored::Delivery(_)
                | Authored::Answers(_)
                | Authored::Reaction(_) => {}
            }
            let begins = json.pointer("/effective/from").or_else(|| json.get("$id"));
            let version = begins.and_then(Value::as_str).unwrap_or_default().to_owned();
            found.entry((tenant.clone(), kind, name)).or_default().insert(version, json);
        }
    }
    found
}

fn text(json: &Value, key: &str) -> String {
    json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn of_name(key: &Key, before: &Versions, after: &Versions, titles: &Titles) -> Vec<Difference> {
    let told = |fate: Fate, about: &Value, changes: Vec<Change>| Difference {
        tenant: key.0.clone(),
        about: labels::document(&key.1, &key.2, about),
        fate,
        changes,
    };
    let comparing = Comparing { titles };
    // One version on each side is the same one, even when it begins on another day.
    if let (Some((_, old)), Some((_, new)), 1, 1) =
        (before.first_key_value(), after.first_key_value(), before.len(), after.len())
    {
        let changes = comparing.documents(old, new);
        return if changes.is_empty() { Vec::new() } else { vec![told(Fate::Changed, new, changes)] };
    }
    let mut differences = Vec::new();
    for (begins, new) in after {
        if let Some(old) = before.get(begins) {
            let changes = comparing.documents(old, new);
            if !changes.is_empty() {
                differences.push(told(Fate::Changed, new, changes));
            }
            continue;
        }
        let earlier =
            after.range(..begins.clone()).next_back().or_else(|| before.range(..begins.clone()).next_back());
        differences.push(match earlier {
            Some((_, old)) => told(Fate::Succeeds, new, comparing.documents(old, new)),
            None => told(Fate::Added, new, Vec::new()),
        });
    }
    let gone = before.iter().filter(|(begins, _)| !after.contains_key(*begins));
    differences.extend(gone.map(|(_, old)| told(Fate::Removed, old, Vec::new())));
    differences
}

/// What differs between the versions of one name, each compared with the one
/// before it.
///
/// # Errors
/// Every document that cannot be read.
pub fn versions(sources: &[Source], name: &str) -> Result<Vec<Difference>, Vec<Problem>> {
    let (mut definitions, mut problems) = (Vec::new(), Vec::new());
    let found = read(sources, &mut definitions, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let titles = Titles::of(&definitions);
    let comparing = Comparing { titles: &titles };
    let mut differences = Vec::new();
    for ((tenant, kind, named), versions) in &found {
        if named != name {
            continue;
        }
        for (old, new) in versions.values().zip(versions.values().skip(1)) {
            differences.push(Difference {
                tenant: tenant.clone(),
                about: labels::document(kind, named, new),
                fate: Fate::Succeeds,
                changes: comparing.documents(old, new),
            });
        }
    }
    Ok(differences)
}
