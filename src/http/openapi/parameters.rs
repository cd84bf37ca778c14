//! The parameters that operations share, with schemas from the types they are read into.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::operation::Parameter;
use super::schemas::Schemas;
use crate::calendar::Period;
use crate::id::{CaseId, EventType, Name, TenantId, UnitId};
use crate::query::light::Light;
use crate::query::page::{MOST, USUAL};
use crate::time::Instant;

/// The tenant of an address.
pub fn tenant(schemas: &mut Schemas) -> Parameter {
    let meaning = "The jurisdiction; `GET /v1` lists those that you may ask about.";
    Parameter::path("tenant", schemas.question::<TenantId>(), meaning).such_as("changqing")
}

/// A case in an address. Its slash may stand as it is, or as `%2F`.
pub fn case(schemas: &mut Schemas) -> Parameter {
    let meaning = "The case: its workflow, a slash and its key. The slash may be written `%2F`.";
    Parameter::path("id", schemas.question::<CaseId>(), meaning).such_as("objection/YY-2022-001")
}

/// The unit that owes.
pub fn unit(schemas: &mut Schemas) -> Parameter {
    Parameter::query("unit", schemas.question::<UnitId>(), "Those that this unit owes.")
}

/// The workflow of what is listed.
pub fn workflow(schemas: &mut Schemas) -> Parameter {
    Parameter::query("workflow", schemas.question::<Name>(), "Those of this workflow.").such_as("objection")
}

/// The state of the cases listed.
pub fn state(schemas: &mut Schemas) -> Parameter {
    Parameter::query("state", schemas.question::<Name>(), "Those of cases in this state.")
}

/// The scorecard that is meant.
pub fn scorecard(schemas: &mut Schemas) -> Parameter {
    let meaning = "The scorecard; it may be left out where only one ranks.";
    Parameter::query("scorecard", schemas.question::<Name>(), meaning)
}

/// The period that is meant.
pub fn period(schemas: &mut Schemas) -> Parameter {
    let meaning = "The period, such as `2026`, `2026-Q1`, `2026-03`; the one of `at` without it.";
    Parameter::query("period", schemas.question::<Period>(), meaning)
}

/// A type of facts.
pub fn kind(schemas: &mut Schemas) -> Parameter {
    let meaning = "Those of facts of this type.";
    Parameter::query("type", schemas.question::<EventType>(), meaning).such_as("objection.received")
}

/// The instant asked about.
pub fn at(schemas: &mut Schemas) -> Parameter {
    instant(schemas, "at", "The instant asked about; now without it.")
}

/// An instant.
pub fn instant(schemas: &mut Schemas, name: &'static str, meaning: &str) -> Parameter {
    let meaning = format!("{meaning} RFC 3339 with an offset, between the years 1678 and 2262.");
    Parameter::query(name, schemas.question::<Instant>(), meaning)
}

/// A civil day.
pub fn day(schemas: &mut Schemas, name: &'static str, meaning: &str) -> Parameter {
    Parameter::query(name, schemas.question::<NaiveDate>(), meaning)
}

/// How much of a list, and from where on.
pub fn page() -> [Parameter; 2] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL});
    let cursor = json!({"type": "string", "minLength": 1});
    [
        Parameter::query("limit", limit, "How many rows at most."),
        Parameter::query("cursor", cursor, "`next` of the page before, with the same filter and order."),
    ]
}

/// Lights, of those that a list has; all that there are where it has no own.
pub fn lights(of_list: &BTreeSet<Light>) -> Parameter {
    let has = |light: &Light| of_list.is_empty() || of_list.contains(light);
    let names = |is_paused: bool| -> Vec<&str> {
        let of_kind = |light: &Light| has(light) && (*light == Light::Paused) == is_paused;
        Light::ALL.into_iter().filter(of_kind).map(Light::name).collect()
    };
    let (running, paused) = (names(false), names(true));
    let all = [&running[..], &paused[..]].concat();
    let mut schema = json!({"type": "array", "minItems": 1, "items": {"enum": all}});
    let mut meaning = "Those with one of these lights, joined by commas.".to_owned();
    if !paused.is_empty() {
        // What stands still has no due instant that it could be listed by.
        schema["anyOf"] = json!([{"items": {"enum": running}}, {"items": {"enum": paused}}]);
        meaning.push_str(" Paused ones by themselves: they have no due instant while they stand still.");
    }
    Parameter::query("light", schema, meaning)
}

/// One of a few words.
pub fn word(name: &'static str, words: &[&str], meaning: &str) -> Parameter {
    Parameter::query(name, json!({"enum": words}), meaning)
}

/// A text of any form.
#[must_use]
pub fn text() -> Value {
    json!({"type": "string"})
}
