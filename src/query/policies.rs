//! The policies and calendars in force, with where they came from.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::{Policies, Published};
use crate::calendar::{Calendar, Day, Reason, Span};
use crate::id::{Name, Seq, Sha};
use crate::policy::definition::{Cite, Definition, Effective, EventTypeDefinition};
use crate::time::Instant;

/// A published definition as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyEntry {
    /// `Register`, `Calendar`, `EventType`, `Notice` or `Workflow`.
    pub kind: &'static str,
    /// The name under which later versions replace it.
    pub name: String,
    /// The version its author gave it.
    pub version: String,
    /// Its digest.
    pub sha: Sha,
    /// Since when it is in force.
    pub since: Instant,
    /// The ledger entry that brought it.
    pub ledger_seq: Seq,
    /// The title, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Named>,
    /// Where it comes from, for a workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cite: Option<Cite>,
    /// The days on which cases open under it, for a workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

/// The definitions in force.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Policies")]
pub struct PolicyList {
    /// The latest of each kind and name, in that order.
    pub policies: Vec<PolicyEntry>,
}

/// One definition with all its versions.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Policy")]
pub struct PolicyAnswer {
    /// The definition asked for.
    #[serde(flatten)]
    pub policy: PolicyEntry,
    /// What it says: the canonical document.
    pub document: Value,
    /// Every version that was published, the oldest first.
    pub versions: Vec<PolicyEntry>,
}

/// One year of a calendar.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarYear {
    /// The calendar.
    pub calendar: Name,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub sha: Sha,
    /// Its zone.
    pub time_zone: String,
    /// The days whose arrangements were published.
    pub verified: Span,
    /// The year.
    pub year: i32,
    /// How many working days it has.
    pub working_days: i64,
    /// The days that do not follow the plain week, and why.
    pub days: Vec<Day>,
}

impl Policies {
    /// A workflow by the title of its latest version.
    #[must_use]
    pub fn workflow_named(&self, name: &Name) -> Named {
        let mut latest =
            self.published.iter().rev().filter_map(|published| published.definition.as_workflow());
        let named = latest.find(|workflow| workflow.name == *name).map(Named::workflow);
        named.unwrap_or_else(|| Named::bare(name.as_str()))
    }

    /// The event types of every version that facts may name, by type and version.
    #[must_use]
    pub fn event_types(&self) -> Vec<EventTypeDefinition> {
        let types = self.published.iter().filter_map(|published| published.definition.event_type());
        let latest: BTreeMap<_, _> = types.map(|it| ((&it.name, &it.version), it)).collect();
        latest.into_values().cloned().collect()
    }

    /// The latest definition of each kind and name.
    #[must_use]
    pub fn list(&self) -> PolicyList {
        let latest: BTreeMap<_, _> = self
            .published
            .iter()
            .map(|published| ((published.definition.kind(), published.definition.name()), published))
            .collect();
        PolicyList { policies: latest.into_values().map(row).collect() }
    }

    /// One definition: its latest version, or the one with the given version or
    /// digest.
    ///
    /// # Errors
    /// [`QueryError::Unknown`].
    pub fn one(&self, kind: &str, name: &str, version: Option<&str>) -> Result<PolicyAnswer, QueryError> {
        let all: Vec<&Published> = self
            .published
            .iter()
            .filter(|it| it.definition.kind().eq_ignore_ascii_case(kind) && it.definition.name() == name)
            .collect();
        let asked = |it: &&&Published| {
            version.is_none_or(|version| it.definition.version() == version || it.sha.to_string() == version)
        };
        let found = all.iter().rev().find(asked).ok_or_else(|| QueryError::Unknown {
            what: "the policy",
            name: format!("{kind}/{name}{}", version.map(|it| format!(" {it}")).unwrap_or_default()),
            hint: "the list of policies names kinds, names and versions",
        })?;
        let document = serde_json::to_value(&*found.definition);
        let document = document.map_err(|error| QueryError::entry(found.seq, &error))?;
        Ok(PolicyAnswer { policy: row(found), document, versions: all.iter().copied().map(row).collect() })
    }

    /// A year of a calendar in force, or the one in which `at` lies.
    ///
    /// # Errors
    /// [`QueryError::Unknown`]; [`QueryError::Asked`] for a year outside 1700–2200.
    pub fn calendar_year(
        &self,
        name: &str,
        year: Option<i32>,
        at: Instant,
    ) -> Result<CalendarYear, QueryError> {
        let calendar = Name::new(name).ok().and_then(|name| self.set.calendar(&name));
        let (sha, calendar) = calendar.ok_or_else(|| QueryError::Unknown {
            what: "the calendar",
            name: name.chars().take(64).collect(),
            hint: "the list of policies names the calendars",
        })?;
        let year = year.unwrap_or_else(|| calendar.local_date(at).year());
        let first = NaiveDate::from_ymd_opt(year, 1, 1).filter(|_| (1700..=2200).contains(&year));
        let first =
            first.ok_or_else(|| QueryError::asked("year", &year.to_string(), "give a year such as 2026"))?;
        let dates = first.iter_days().take_while(|date| date.year() == year);
        let days: Vec<Day> = dates.map(|date| calendar.day(date)).collect();
        let working_days = days.iter().filter(|day| day.working).count();
        let plain = |day: &Day| matches!(day.reason, Reason::Weekday | Reason::Weekend);
        Ok(CalendarYear {
            calendar: calendar.def().name.clone(),
            version: calendar.def().version.clone(),
            sha,
            time_zone: calendar.def().time_zone.clone(),
            verified: calendar.verified(),
            year,
            working_days: i64::try_from(working_days).unwrap_or(i64::MAX),
            days: days.into_iter().filter(|day| !plain(day)).collect(),
        })
    }

    /// The calendar in force by its name, or the only one there is.
    ///
    /// # Errors
    /// [`QueryError::Unknown`]; [`QueryError::Asked`] when none is named and there
    /// are several.
    pub fn calendar_named(&self, name: Option<&str>) -> Result<&Calendar, QueryError> {
        let names: Vec<String> =
            self.list().policies.into_iter().filter(|it| it.kind == "Calendar").map(|it| it.name).collect();
        let asked = match (name, names.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, _) => {
                return Err(QueryError::asked("calendar", "", format!("name one of {}", names.join(", "))));
            }
        };
        let found = Name::new(asked).ok().and_then(|name| self.set.calendar(&name));
        found.map(|(_, calendar)| calendar).ok_or_else(|| QueryError::Unknown {
            what: "the calendar",
            name: asked.chars().take(64).collect(),
            hint: "the list of policies names the calendars",
        })
    }
}

fn row(published: &Published) -> PolicyEntry {
    let definition = &*published.definition;
    let name = definition.name();
    let named = |zh: &str, en: &str| Some(Named::new(&name, zh, en));
    let (title, cite, effective) = match definition {
        Definition::Register(it) => (named(&it.title.zh, &it.title.en), None, None),
        Definition::Calendar(_) | Definition::Delivery(_) => (None, None, None),
        Definition::EventType(it) => (named(&it.title.zh, &it.title.en), None, None),
        Definition::Notice(it) => (named(&it.title.zh, &it.title.en), None, None),
        Definition::Workflow(it) => {
            (named(&it.title.zh, &it.title.en), Some(it.cite.clone()), Some(it.effective))
        }
        Definition::Target(it) => {
            (named(&it.title.zh, &it.title.en), Some(it.cite.clone()), Some(it.effective))
        }
        Definition::Scorecard(it) => {
            (named(&it.title.zh, &it.title.en), Some(it.cite.clone()), Some(it.effective))
        }
        Definition::Answers(it) => (None, Some(it.cite.clone()), Some(it.effective)),
        Definition::Reaction(it) => (None, Some(it.cite.clone()), Some(it.effective)),
    };
    PolicyEntry {
        kind: definition.kind(),
        version: definition.version().to_owned(),
        sha: published.sha,
        since: published.at,
        ledger_seq: published.seq,
        title,
        cite,
        effective,
        name,
    }
}
