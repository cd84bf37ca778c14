//! Reading a folder of policies: which files are texts of the language, and what
//! they resolve to for each tenant.
//!
//! It reads files and judges none of them; that is [`crate::policy`]'s.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::id::TenantId;
use crate::policy::definition::Definition;
use crate::policy::resolve::{Report, Source, by_tenant, resolve, resolve_all};

use super::exit::{Exit, Failure, OrExit as _};

/// Folders within a folder of policies that hold no policies.
const PASSED_OVER: [&str; 2] = ["samples", "scenarios"];

/// Every text of a folder of policies, with the schemas of the `events` folder
/// within it or beside it, in the order of their paths.
///
/// # Errors
/// [`Failure`] when a file or folder cannot be read.
pub fn sources(folder: &Path) -> Result<Vec<Source>, Failure> {
    if !folder.is_dir() {
        let words = format!(
            "read policies from {}: there is no such folder; run duban where its `workflows` folder is, or name one",
            folder.display()
        );
        return Err(Failure::new(Exit::Usage, words));
    }
    let mut texts = Vec::new();
    gather(folder, &mut texts)?;
    let beside = folder.join("..").join("events");
    let beside = folder.parent().map_or(beside, |parent| parent.join("events"));
    if !folder.join("events").is_dir() && beside.is_dir() {
        gather(&beside, &mut texts)?;
    }
    texts.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(texts)
}

/// Every text within a folder and nowhere else, in the order of their paths.
///
/// # Errors
/// [`Failure`] when a file or folder cannot be read.
pub fn within(folder: &Path) -> Result<Vec<Source>, Failure> {
    let mut texts = Vec::new();
    gather(folder, &mut texts)?;
    texts.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(texts)
}

fn gather(folder: &Path, texts: &mut Vec<Source>) -> Result<(), Failure> {
    let reading = |path: &Path| format!("read {}", path.display());
    for entry in fs::read_dir(folder).or_failed_to(Exit::Usage, reading(folder))? {
        let path = entry.or_failed_to(Exit::Usage, reading(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !PASSED_OVER.contains(&name.as_str()) {
                gather(&path, texts)?;
            }
        } else if is_text(&name) {
            let text = fs::read(&path).or_failed_to(Exit::Usage, reading(&path))?;
            // What is no UTF-8 is told as a mistake at its place, not hidden.
            let text = String::from_utf8_lossy(&text).into_owned();
            texts.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}

/// `.yaml` holds policies; `objection.received.v1.json` a type's schema. The
/// language's own schema is neither.
fn is_text(name: &str) -> bool {
    let versioned =
        |stem: &str| stem.rsplit_once(".v").is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    match name.rsplit_once('.') {
        Some((_, "yaml" | "yml")) => true,
        Some((stem, "json")) => versioned(stem),
        Some(_) | None => false,
    }
}

/// What each tenant's texts resolve to.
///
/// # Errors
/// As [`sources`].
pub fn reports(folder: &Path) -> Result<BTreeMap<String, Report>, Failure> {
    let texts = sources(folder)?;
    Ok(resolve_all(&texts))
}

/// The tenants that a folder of policies has.
///
/// # Errors
/// As [`sources`]; [`Failure`] when a folder's name is none of a tenant.
pub fn tenants(folder: &Path) -> Result<Vec<TenantId>, Failure> {
    let names = by_tenant(&sources(folder)?).into_keys();
    names.map(|name| TenantId::new(&name).or_failed_to(Exit::Usage, format!("read {name}"))).collect()
}

/// The definitions of the tenants that are asked for, in the order in which they
/// are published.
///
/// # Errors
/// [`Failure`] with every mistake when one of them has any, or has no policies.
pub fn definitions(
    folder: &Path,
    tenants: &[TenantId],
) -> Result<BTreeMap<TenantId, Vec<Definition>>, Failure> {
    let mut reports = reports(folder)?;
    let mut found = BTreeMap::new();
    let mut mistakes = Vec::new();
    for tenant in tenants {
        let Some(report) = reports.remove(tenant.as_str()) else {
            mistakes.push(format!("there is no folder of the tenant {tenant} in {}", folder.display()));
            continue;
        };
        let wrong = report.problems.iter().filter(|problem| problem.flaw.is_mistake());
        mistakes.extend(wrong.map(ToString::to_string));
        found.insert(tenant.clone(), report.definitions);
    }
    if mistakes.is_empty() {
        return Ok(found);
    }
    Err(Failure::new(Exit::Found, format!("put policies in force:\n  {}", mistakes.join("\n  "))))
}

/// What a single document of a tenant is read against: the tenant's register, the
/// calendars and the types of facts. The document itself may lie anywhere.
///
/// # Errors
/// As [`sources`].
pub fn foundations(folder: &Path, tenant: &TenantId) -> Result<Vec<Source>, Failure> {
    let own = by_tenant(&sources(folder)?).remove(tenant.as_str()).unwrap_or_default();
    let is_foundation = |source: &Source| {
        let kinds = ["kind: Register", "kind: Calendar"];
        Path::new(&source.path).extension().is_some_and(|end| end == "json")
            || source.text.lines().any(|line| kinds.contains(&line.trim_end()))
    };
    Ok(own.into_iter().filter(is_foundation).collect())
}

/// The calendar in a file, or the shipped one of a name.
///
/// # Errors
/// [`Failure`] with every mistake in it.
pub fn calendar(named: &str) -> Result<crate::calendar::Calendar, Failure> {
    let (path, text) = match named {
        "cn-gov" => ("cn-gov.yaml".to_owned(), CN_GOV.to_owned()),
        other => {
            let reading = format!("read the calendar {other} (a file, or cn-gov)");
            (other.to_owned(), fs::read_to_string(PathBuf::from(other)).or_failed_to(Exit::Usage, reading)?)
        }
    };
    let report = resolve(&[Source { path, text }]);
    let wrong = report.problems.iter().filter(|problem| problem.flaw.is_mistake());
    let mistakes: Vec<String> = wrong.map(ToString::to_string).collect();
    let found = report.definitions.into_iter().find_map(|definition| match definition {
        Definition::Calendar(def) => Some(def),
        Definition::Register(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => None,
    });
    let wrong = |text: String| Failure::new(Exit::Usage, format!("use the calendar {named}: {text}"));
    let def = found.ok_or_else(|| wrong(format!("\n  {}", mistakes.join("\n  "))))?;
    crate::calendar::Calendar::new(def)
        .map_err(|errors| wrong(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// The calendar that is used where none is named: the one that is shipped.
const CN_GOV: &str = include_str!("../../workflows/calendars/cn-gov.yaml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_of_types_are_told_from_the_language_s_own() {
        for (name, expected) in [
            ("objection.yaml", true),
            ("objection.received.v1.json", true),
            ("schema.json", false),
            ("a.vx.json", false),
            ("README.md", false),
        ] {
            assert_eq!(is_text(name), expected, "{name}");
        }
    }

    #[test]
    fn the_shipped_calendar_is_sound() {
        let calendar = calendar("cn-gov").expect("the shipped calendar");
        assert_eq!(calendar.def().name.as_str(), "cn-gov");
        assert!(self::calendar("/nowhere/calendar.yaml").is_err());
    }
}
