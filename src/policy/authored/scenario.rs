//! Scenarios as people write them: what happens to a tenant, day by day, and what
//! must come of it.
//!
//! Only the form is here; scenarios are no policies and are never published. They
//! are run by [`crate::scenario`]'s floor.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::event::catalogue::Act;
use crate::id::{CaseId, EventType, Name, TenantId, UnitId};
use crate::policy::definition::Text;
use crate::policy::problem::{Flaw, child};

/// A story in virtual time with what must come of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub struct AuthoredScenario {
    /// What it shows, in a few words.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The same for readers of either language.
    #[serde(default)]
    #[schemars(with = "Text")]
    pub about: Option<Text>,
    /// Whose policies are tried.
    pub tenant: TenantId,
    /// The workflows, duties and scorecards in force; all of the tenant's when left out.
    #[serde(default)]
    pub policies: Vec<Name>,
    /// When the story begins. The policies are published at the first instant of
    /// that month.
    pub begin: LocalTime,
    /// What happens, in order.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
}

/// One of three: a fact that somebody states, time that goes by, or a look at a case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ScenarioStep")]
pub struct Step {
    /// What happens, in words.
    #[serde(default)]
    pub given: Option<String>,
    /// The type of a fact that is stated now.
    #[serde(default)]
    #[schemars(with = "EventType")]
    pub fact: Option<EventType>,
    /// The unit that states it.
    #[serde(default)]
    #[schemars(with = "UnitId")]
    pub by: Option<UnitId>,
    /// With a fact its subject; with `advance` the case to which `then` is limited.
    #[serde(default)]
    pub on: Option<String>,
    /// The fact's id, to state one fact twice; one of its own when left out.
    #[serde(default)]
    pub id: Option<String>,
    /// What the fact says.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub data: Option<Map<String, Value>>,
    /// When it occurred, as its publisher claims.
    #[serde(default)]
    #[schemars(with = "LocalTime")]
    pub time: Option<LocalTime>,
    /// How far time goes on.
    #[serde(default)]
    #[schemars(with = "Advance")]
    pub advance: Option<Advance>,
    /// How a case must stand now.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub expect: Option<Expected>,
    /// The ledger's events that the step brings, all of them and in order.
    #[serde(default)]
    #[schemars(with = "Vec<Happened>")]
    pub then: Option<Vec<Happened>>,
    /// That the fact is refused, and by which rule.
    #[serde(default)]
    #[schemars(with = "Refusal")]
    pub refused: Option<Refusal>,
}

/// What a step does.
#[derive(Debug, Clone, Copy)]
pub enum Deed<'a> {
    /// A fact is stated by a unit.
    Fact(&'a EventType, &'a UnitId),
    /// Time goes on.
    Advance(&'a Advance),
    /// A case is looked at.
    Expect(&'a Expected),
}

/// How far time goes on: exactly one of these.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Advance {
    /// So many working days, to the same time of day.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3660))]
    pub working_days: Option<i32>,
    /// So many days, to the same time of day.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3660))]
    pub days: Option<u64>,
    /// So many hours by the clock.
    #[serde(default)]
    #[schemars(range(min = 1, max = 87_600))]
    pub hours: Option<i64>,
    /// So many minutes.
    #[serde(default)]
    #[schemars(range(min = 1, max = 5_256_000))]
    pub minutes: Option<i64>,
    /// Up to this local time.
    #[serde(default)]
    #[schemars(with = "LocalTime")]
    pub to: Option<LocalTime>,
}

/// How a case must stand; what is left out may be anything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ScenarioExpected")]
pub struct Expected {
    /// The case: `objection/YY-1`.
    pub case: CaseId,
    /// Whether there is such a case; true when left out.
    #[serde(default)]
    pub there: Option<bool>,
    /// Its state.
    #[serde(default)]
    #[schemars(with = "Name")]
    pub state: Option<Name>,
    /// The unit that owes it.
    #[serde(default)]
    #[schemars(with = "UnitId")]
    pub owner: Option<UnitId>,
    /// Whether it is closed.
    #[serde(default)]
    pub closed: Option<bool>,
    /// Its most alarming light; an open case without a running deadline is on track.
    #[serde(default)]
    #[schemars(with = "CaseLight")]
    pub light: Option<CaseLight>,
    /// What it remembers of its facts: these values at least.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub kept: Option<Map<String, Value>>,
    /// Who of the unit sees to it.
    #[serde(default)]
    pub handler: Option<String>,
    /// The unit that is asked to take it over.
    #[serde(default)]
    #[schemars(with = "UnitId")]
    pub handover: Option<UnitId>,
    /// Whether an extension is asked for and not decided.
    #[serde(default)]
    pub extension: Option<bool>,
    /// Its deadlines, by clock.
    #[serde(default)]
    pub deadlines: BTreeMap<Name, ExpectedDeadline>,
}

/// How a deadline must stand; what is left out may be anything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedDeadline {
    /// The due instant, as local time.
    #[serde(default)]
    #[schemars(with = "LocalTime")]
    pub due: Option<LocalTime>,
    /// Where it stands.
    #[serde(default)]
    #[schemars(with = "DeadlineStatus")]
    pub status: Option<DeadlineStatus>,
    /// Met too late, or running and past due.
    #[serde(default)]
    pub late: Option<bool>,
    /// The escalation level: 0 none, 1 supervision sheet, 2 bulletin, 3 summons.
    #[serde(default)]
    pub level: Option<u8>,
    /// How many reminders there were.
    #[serde(default)]
    pub reminders: Option<u16>,
    /// How often it was started.
    #[serde(default)]
    pub round: Option<u32>,
    /// Whether its due instant may still move with the calendar.
    #[serde(default)]
    pub provisional: Option<bool>,
    /// How many extensions were granted.
    #[serde(default)]
    pub extensions: Option<u16>,
    /// Whether a reminder about it was acknowledged.
    #[serde(default)]
    pub acknowledged: Option<bool>,
}

/// Where a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeadlineStatus {
    /// It runs, perhaps past its due instant.
    Running,
    /// It stands still.
    Paused,
    /// It was met, in time or late.
    Met,
    /// It ended without judgement.
    Cancelled,
}

/// The light of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CaseLight {
    /// 正常.
    OnTrack,
    /// 临期.
    DueSoon,
    /// 超期.
    Overdue,
    /// 已升级.
    Escalated,
    /// 暂停.
    Paused,
    /// 暂定: its due instant may still move.
    Provisional,
    /// The case is closed and has none.
    None,
}

/// By which rule a fact must be refused, and for which field.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ScenarioRefusal")]
pub struct Refusal {
    /// The rule: `actor.forbidden`.
    pub rule: String,
    /// The field: `actor`.
    #[serde(default)]
    pub field: Option<String>,
}

/// An event of the ledger: its type, or the type with more about it.
#[derive(Debug, Clone)]
pub struct Happened(pub HappenedInFull);

/// An event of the ledger with what must be so of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HappenedInFull {
    /// Its type: `escalation.raised`.
    pub event: String,
    /// The local time at which it is so.
    #[serde(default)]
    #[schemars(with = "LocalTime")]
    pub at: Option<LocalTime>,
    /// The clock that it is about.
    #[serde(default)]
    #[schemars(with = "Name")]
    pub clock: Option<Name>,
    /// What is to be done, of a reminder or an escalation.
    #[serde(default)]
    #[schemars(with = "Act")]
    pub act: Option<Act>,
    /// Who is told, in any order.
    #[serde(default)]
    #[schemars(with = "Vec<UnitId>")]
    pub to: Option<Vec<UnitId>>,
    /// Whether a deadline was met late.
    #[serde(default)]
    pub late: Option<bool>,
    /// The due instant of a deadline.
    #[serde(default)]
    #[schemars(with = "LocalTime")]
    pub due: Option<LocalTime>,
    /// The reaction that counts, is called or is stopped.
    #[serde(default)]
    #[schemars(with = "Name")]
    pub reaction: Option<Name>,
}

impl<'de> Deserialize<'de> for Happened {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(from)? {
            Value::String(event) => json!({ "event": event }),
            other => other,
        };
        serde_json::from_value(value).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Happened {
    fn schema_name() -> Cow<'static, str> {
        "Happened".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // No `anyOf`, so that an error names the key and not the alternatives.
        let mut schema = HappenedInFull::json_schema(generator);
        schema.insert("type".into(), json!(["string", "object"]));
        schema.insert("pattern".into(), json!("^[a-z0-9-]+(\\.[a-z0-9-]+)+$"));
        schema.insert("description".into(), json!("the type of an event, such as deadline.breached"));
        schema
    }
}

/// A local time of the tenant's calendar: `2022-09-28T16:20`; 24:00 is the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime(pub NaiveDateTime);

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || serde::de::Error::custom(format!("{text:?} is no day and time"));
        let (date, time) = text.split_once('T').unwrap_or((&text, "00:00"));
        let date: NaiveDate = date.parse().map_err(|_| wrong())?;
        if time == "24:00" {
            let next = date.checked_add_days(Days::new(1)).ok_or_else(wrong)?;
            return Ok(Self(next.and_time(NaiveTime::MIN)));
        }
        let form = if time.len() > 5 { "%H:%M:%S" } else { "%H:%M" };
        NaiveTime::parse_from_str(time, form).map(|time| Self(date.and_time(time))).map_err(|_| wrong())
    }
}

impl JsonSchema for LocalTime {
    fn schema_name() -> Cow<'static, str> {
        "LocalTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        const DATE: &str = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
        const TIME: &str = "(T(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00))?";
        json_schema!({
            "type": "string",
            "pattern": format!("^{DATE}{TIME}$"),
            "description": "a local time such as \"2022-09-28T16:20\"; \"2022-09-28T24:00\" is the end of that day",
        })
    }
}

impl Step {
    /// What the step does.
    ///
    /// # Errors
    /// A mistake at `pointer` when it is none or several of the three, or says
    /// something that means nothing there.
    pub fn deed(&self, pointer: &str) -> Result<Deed<'_>, Flaw> {
        let wrong =
            |key: &str, message: &str| Err(Flaw::mistake("step.form", &child(pointer, key), "", message));
        let act = match (&self.fact, &self.advance, &self.expect) {
            (Some(fact), None, None) => match &self.by {
                Some(by) => Deed::Fact(fact, by),
                None => return wrong("fact", "a fact is stated by a unit; add by"),
            },
            (None, Some(advance), None) => Deed::Advance(advance),
            (None, None, Some(expected)) => Deed::Expect(expected),
            _ => return wrong("", "a step is one of fact, advance and expect"),
        };
        let of_fact = [
            ("by", self.by.is_some()),
            ("id", self.id.is_some()),
            ("data", self.data.is_some()),
            ("time", self.time.is_some()),
            ("refused", self.refused.is_some()),
        ];
        if self.fact.is_none()
            && let Some((key, _)) = of_fact.into_iter().find(|(_, there)| *there)
        {
            return wrong(key, "this belongs to a fact");
        }
        match act {
            Deed::Expect(_) if self.then.is_some() => wrong("then", "a look at a case brings no events"),
            Deed::Expect(_) if self.on.is_some() => wrong("on", "the case stands under expect"),
            Deed::Fact(..) if self.then.is_some() && self.refused.is_some() => {
                wrong("then", "a fact that is refused brings nothing else")
            }
            Deed::Fact(..) | Deed::Advance(_) | Deed::Expect(_) => Ok(act),
        }
    }
}
