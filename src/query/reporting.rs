//! What an open case takes by its workflow, as a form needs it: which facts, from whom,
//! and what each of them says.
//!
//! The fields are read off the type's JSON Schema, so that a new type is a form without
//! new code. What no field of a form can hold (an object) is left to those who send JSON.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::naming::Named;
use super::policy_cache::Policies;
use crate::event::catalogue::Reason;
use crate::id::EventType;
use crate::kernel::row::Case;
use crate::policy::definition::{Transition, Workflow};
use crate::time::Instant;

/// A text longer than this is more than a line.
const LINE: u64 = 200;

/// A fact that a case takes now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reportable {
    /// Its type and title.
    #[serde(flatten)]
    pub fact: Named,
    /// The units that may state it; empty for anyone in the register.
    pub by: Vec<Named>,
    /// What it says.
    pub fields: Vec<Field>,
}

/// A part of what a fact says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Field {
    /// Its name in the fact's data, and its title.
    #[serde(flatten)]
    pub named: Named,
    /// What it holds.
    pub holds: Holds,
    /// Whether it must be given.
    pub required: bool,
    /// The words that it can be; empty where it is free.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Named>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// A line of text.
    Line,
    /// A longer text.
    Text,
    /// Several texts, a line each.
    Lines,
    /// A civil day.
    Day,
    /// An instant.
    Instant,
    /// A whole number.
    Number,
    /// Yes or no.
    Truth,
    /// One of a few words.
    Word,
}

/// What a case takes by the workflow under which it opened, by title; nothing once it is
/// closed.
#[must_use]
pub fn reportable(policies: &Policies, workflow: &Workflow, case: &Case) -> Vec<Reportable> {
    let Some(state) = workflow.states.get(&case.state).filter(|state| !state.is_final) else {
        return Vec::new();
    };
    let sides = case.sides(workflow);
    let always = workflow.any_state.iter().filter(|(kind, _)| !state.events.contains_key(*kind));
    let report = |(kind, transition): (&EventType, &Transition)| {
        let definition =
            policies.set.event_types().find(|(name, _)| *name == kind).and_then(|(_, it)| it.newest());
        let title = definition.map_or_else(
            || Named::bare(kind.as_str()),
            |it| Named::new(kind.as_str(), &it.title.zh, &it.title.en),
        );
        Reportable {
            fact: title,
            by: Named::units(policies, &transition.by, &sides),
            fields: definition.map(|it| fields(&it.schema)).unwrap_or_default(),
        }
    };
    state.events.iter().chain(always).map(report).collect()
}

/// The fields of a schema: what must be given first, each part by name.
fn fields(schema: &Value) -> Vec<Field> {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
    let field = |(name, schema): (&String, &Value)| {
        Some(Field {
            named: named(name, &schema["x-title"]),
            holds: holds(schema)?,
            required: required(name),
            words: words(schema),
        })
    };
    let properties = schema["properties"].as_object();
    let mut fields: Vec<Field> = properties.into_iter().flatten().filter_map(field).collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

fn holds(schema: &Value) -> Option<Holds> {
    if schema["enum"].is_array() {
        return Some(Holds::Word);
    }
    let format = schema["format"].as_str().unwrap_or_default();
    match (schema["type"].as_str(), format) {
        (Some("string"), "date") => Some(Holds::Day),
        (Some("string"), "date-time") => Some(Holds::Instant),
        (Some("string"), _) if schema["maxLength"].as_u64().unwrap_or(LINE) > LINE => Some(Holds::Text),
        // What may be a number, a truth or a text is given as a text.
        (Some("string") | None, _) => Some(Holds::Line),
        (Some("integer" | "number"), _) => Some(Holds::Number),
        (Some("boolean"), _) => Some(Holds::Truth),
        (Some("array"), _) => Some(Holds::Lines),
        (Some(_), _) => None,
    }
}

fn words(schema: &Value) -> Vec<Named> {
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    words.map(|word| named(word, &schema["x-words"][word])).collect()
}

/// A field or a word by its titles; by its name in a language that it has none in.
fn named(name: &str, titles: &Value) -> Named {
    let title = |lang: &str| titles[lang].as_str().unwrap_or(name);
    Named::new(name, title("zh"), title("en"))
}

impl Field {
    /// What a person wrote in the field, as the fact says it; an instant is what the wall
    /// clock shows, read by `instant`.
    ///
    /// # Errors
    /// A reason that names the field and the value.
    pub fn read(&self, text: &str, instant: impl FnOnce(&str) -> Option<Instant>) -> Result<Value, Reason> {
        let wrong = |what: &str| {
            Reason::new("schema.violated", &format!("data/{}", self.named.id), text, format!("give {what}"))
        };
        match self.holds {
            Holds::Line | Holds::Text | Holds::Word | Holds::Day => Ok(text.into()),
            Holds::Number => text.parse::<i64>().map(Into::into).map_err(|_| wrong("a whole number")),
            Holds::Truth => text.parse::<bool>().map(Into::into).map_err(|_| wrong("true or false")),
            Holds::Instant => {
                instant(text).map(|at| at.to_string().into()).ok_or_else(|| wrong("a day and a time"))
            }
            Holds::Lines => {
                Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_a_form() {
        let schema = json!({
            "type": "object", "required": ["outcome"],
            "properties": {
                "count": {"type": "integer"}, "held": {"type": "boolean"}, "on": {"type": "string", "format": "date"},
                "at": {"type": "string", "format": "date-time"}, "text": {"type": "string", "maxLength": 4000},
                "rows": {"type": "array", "items": {"type": "string"}}, "more": {"type": "object"},
                "outcome": {"enum": ["pass", "fail"], "x-title": {"zh": "结果", "en": "Outcome"},
                            "x-words": {"pass": {"zh": "通过", "en": "passed"}}},
            },
        });
        let fields = fields(&schema);
        assert_eq!(fields[0].named, Named::new("outcome", "结果", "Outcome"));
        assert!(fields[0].required);
        assert_eq!(fields[0].words, [Named::new("pass", "通过", "passed"), Named::bare("fail")]);
        let holds: Vec<(&str, Holds)> =
            fields[1..].iter().map(|it| (it.named.id.as_str(), it.holds)).collect();
        let expected = [
            ("at", Holds::Instant),
            ("count", Holds::Number),
            ("held", Holds::Truth),
            ("on", Holds::Day),
            ("rows", Holds::Lines),
            ("text", Holds::Text),
        ];
        assert_eq!(holds, expected, "an object is no field of a form");
    }

    #[test]
    fn what_is_written_is_read_as_the_schema_has_it() {
        let field = |holds| Field { named: Named::bare("x"), holds, required: true, words: Vec::new() };
        let read = |holds, text: &str| field(holds).read(text, |_| Some(Instant::from_nanos(0)));
        assert_eq!(read(Holds::Number, "3"), Ok(json!(3)));
        assert_eq!(read(Holds::Truth, "true"), Ok(json!(true)));
        assert_eq!(read(Holds::Lines, " 一 \n\n二"), Ok(json!(["一", "二"])));
        assert_eq!(read(Holds::Instant, "2026-03-11T10:00"), Ok(json!("1970-01-01T00:00:00Z")));
        let wrong = read(Holds::Number, "three").expect_err("no number");
        assert_eq!((wrong.field.as_str(), wrong.value.as_str()), ("data/x", "three"));
    }
}
