//! What a fact says: data made from the JSON Schema of its type.
//!
//! A few names mean the same in every schema: `unit` is who owes, `period` which
//! period, `report` which duty, `indicator` which figure. Everything else is drawn.

use serde_json::{Map, Value, json};

use super::pattern;
use crate::calendar::Calendar;
use crate::sim::random::Random;
use crate::time::Instant;

/// How many items a list has beyond what it must.
const MOST_MORE_ITEMS: u64 = 2;
/// How deep a schema is followed.
const MOST_DEEP: usize = 6;

/// What the facts on one case are about.
#[derive(Debug, Clone, Default)]
pub struct Matter {
    /// The unit that owes.
    pub unit: String,
    /// The workflow or duty.
    pub report: String,
    /// The period, if it has one.
    pub period: Option<String>,
    /// The figure, if it is about one.
    pub indicator: Option<String>,
    /// Parts of the case's key, which its facts repeat as they were.
    pub known: Map<String, Value>,
    /// Fields of the data that are wanted although they may be left out: parts of
    /// keys, what cases remember, what clocks start from.
    pub wanted: Vec<String>,
}

/// Makes data.
pub struct Maker<'a> {
    /// The tenant's calendar, for dates.
    pub calendar: &'a Calendar,
    /// The present.
    pub now: Instant,
    /// What it is about.
    pub matter: &'a Matter,
    /// A number that no other fact has.
    pub number: u64,
}

impl Maker<'_> {
    /// Data that the schema should accept.
    pub fn data(&self, schema: &Value, random: &mut Random) -> Value {
        let value = self.object(schema, random, 0);
        if value.is_object() { value } else { json!({}) }
    }

    fn object(&self, schema: &Value, random: &mut Random, deep: usize) -> Value {
        let is_required = |name: &str| {
            schema["required"].as_array().is_some_and(|list| list.iter().any(|it| it.as_str() == Some(name)))
        };
        let mut made = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = deep == 0 && self.matter.wanted.iter().any(|it| it == name);
            let known = deep == 0 && matches!(name.as_str(), "unit" | "report");
            if is_required(name) || wanted || known || random.happens(250) {
                let value = self.value(name, property, random, deep);
                made.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Value::Object(made)
    }

    fn value(&self, name: &str, schema: &Value, random: &mut Random, deep: usize) -> Option<Value> {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        if let Some(known) = self.matter.known.get(name).filter(|_| deep == 0) {
            return Some(known.clone());
        }
        match name {
            "unit" if deep == 0 => return text(&self.matter.unit),
            "report" if deep == 0 => return text(&self.matter.report),
            "period" if deep == 0 => return self.matter.period.as_deref().and_then(text),
            "indicator" if deep == 0 => return self.matter.indicator.as_deref().and_then(text),
            _ => {}
        }
        if let Some(fixed) = schema.get("const") {
            return Some(fixed.clone());
        }
        if let Some(words) = schema["enum"].as_array() {
            return random.pick(words).cloned();
        }
        let alternatives = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        if let Some(alternatives) = alternatives.filter(|_| deep < MOST_DEEP) {
            return self.value(name, alternatives.first()?, random, deep + 1);
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str());
        match kind {
            Some("string") => Some(Value::String(self.text(schema, random))),
            Some("boolean") => Some(Value::Bool(random.happens(850))),
            Some("integer" | "number") => Some(json!(whole(schema, random))),
            Some("array") if deep < MOST_DEEP => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                let most = schema["maxItems"].as_u64().unwrap_or(least + MOST_MORE_ITEMS);
                let count = (least + random.below(MOST_MORE_ITEMS)).min(most);
                let items = (0..count).filter_map(|_| self.value("", &schema["items"], random, deep + 1));
                Some(Value::Array(items.collect()))
            }
            Some("object") if deep < MOST_DEEP => Some(self.object(schema, random, deep + 1)),
            Some(_) | None => None,
        }
    }

    fn text(&self, schema: &Value, random: &mut Random) -> String {
        match schema["format"].as_str() {
            Some("date") => return self.calendar.local_date(self.now).to_string(),
            Some("date-time") => {
                return self.now.plus_seconds(-60 * i64::try_from(random.below(90)).unwrap_or(0)).to_string();
            }
            Some("uri") => return format!("https://example.invalid/evidence/{}", self.number),
            Some(_) | None => {}
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            return pattern::text(pattern, random);
        }
        let title = schema["x-title"]["zh"].as_str().unwrap_or("内容");
        let year = self.calendar.local_date(self.now).format("%Y").to_string();
        let text = format!("{title}〔{year}〕{}号", self.number);
        let most = schema["maxLength"].as_u64().unwrap_or(200);
        text.chars().take(usize::try_from(most).unwrap_or(usize::MAX)).collect()
    }
}

/// A whole number within a schema's bounds.
fn whole(schema: &Value, random: &mut Random) -> i64 {
    let bound = |key: &str| schema[key].as_i64();
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|it| it + 1)).unwrap_or(0);
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|it| it - 1)).unwrap_or(least + 100);
    let span = u64::try_from(most.saturating_sub(least).clamp(0, 1_000)).unwrap_or(0);
    least + i64::try_from(random.below(span + 1)).unwrap_or(0)
}
