//! One line of figures: JSON in, points and reasons out, without a tenant.
//!
//! A line that cannot be answered is answered with what is wrong with it, so a
//! batch always goes on. Numbers are taken from their text, so that none is
//! rounded on the way in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::score_told::{self, CardTold, ItemTold};
use crate::exact::Exact;
use crate::id::{InputName, ItemName};
use crate::kernel::score::{self, Figure, Figures};
use crate::policy::definition::score::{Item, Scorecard};
use crate::policy::near;

/// What is asked on a line: `{"id": 1, "item": "2.1", "inputs": {"compliance": "0.95"}}`,
/// or, without an item, `{"inputs": {"2.1": {…}, "2.2": {…}}}` for the whole card.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    item: Option<String>,
    inputs: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize)]
struct Answer<T> {
    id: Value,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct Refused {
    id: Value,
    error: Wrong,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// The field, such as `inputs.compliance`.
    pub field: String,
    /// Its value as it was given, cut to 200 characters.
    pub value: String,
    /// What would be right.
    pub message: String,
}

impl Wrong {
    fn new(rule: &'static str, field: impl Into<String>, value: &str, message: impl Into<String>) -> Self {
        let value = value.chars().take(200).collect();
        Self { rule, field: field.into(), value, message: message.into() }
    }
}

/// Answers one line with one line, without a line break: the points of an item or
/// of the whole card, or `{id, error: {rule, field, value, message}}`.
#[must_use]
pub fn answer(card: &Scorecard, line: &str) -> String {
    let (id, answered) = match serde_json::from_str::<Question>(line) {
        Ok(question) => (question.id.clone(), answered(card, &question)),
        Err(error) => unreadable(line, &error),
    };
    let written = match answered {
        Ok(Told::Item(told)) => serde_json::to_string(&Answer { id, told: *told }),
        Ok(Told::Card(told)) => serde_json::to_string(&Answer { id, told: *told }),
        Err(error) => serde_json::to_string(&Refused { id, error }),
    };
    // Writing texts does not fail; were it to, the line still answers.
    written.unwrap_or_else(|_| r#"{"id":null,"error":{"rule":"line.unwritable"}}"#.to_owned())
}

enum Told {
    Item(Box<ItemTold>),
    Card(Box<CardTold>),
}

fn answered(card: &Scorecard, question: &Question) -> Result<Told, Wrong> {
    if let Some(name) = &question.item {
        let item = find(card, name, "item")?;
        let figures = figures(item, &question.inputs, "inputs")?;
        let score = score::item(item, &card.floor, &figures);
        return Ok(Told::Item(Box::new(score_told::item(item, &score, &figures))));
    }
    let mut all: BTreeMap<ItemName, Figures> = BTreeMap::new();
    for (name, given) in &question.inputs {
        let field = format!("inputs.{name}");
        let item = find(card, name, &field)?;
        let inputs: BTreeMap<String, Box<RawValue>> = serde_json::from_str(given.get()).map_err(|error| {
            Wrong::new("line.form", &field, given.get(), format!("give the item's inputs by name: {error}"))
        })?;
        all.insert(item.name.clone(), figures(item, &inputs, &field)?);
    }
    let score = score::card(card, &all);
    Ok(Told::Card(Box::new(score_told::card(card, &score, &all))))
}

fn find<'a>(card: &'a Scorecard, name: &str, field: &str) -> Result<&'a Item, Wrong> {
    let found = card.items().find(|item| item.name.as_str() == name);
    found.ok_or_else(|| {
        let hint = near::hint(name, card.items().map(|item| item.name.as_str()));
        let hint = hint.unwrap_or_else(|| "its items are numbered as in the document".into());
        Wrong::new("item.unknown", field, name, format!("no item of {} is called so; {hint}", card.name))
    })
}

/// The figures of an item: each of its inputs once, and no others.
fn figures(item: &Item, given: &BTreeMap<String, Box<RawValue>>, field: &str) -> Result<Figures, Wrong> {
    let known = || item.inputs.keys().map(InputName::as_str);
    if let Some((name, value)) = given.iter().find(|(name, _)| known().all(|known| known != name.as_str())) {
        let hint = near::hint(name, known()).unwrap_or_default();
        let message = format!("item {} has no such input; {hint}", item.name);
        return Err(Wrong::new("input.unknown", format!("{field}.{name}"), value.get(), message));
    }
    let mut figures = Figures::new();
    for (name, input) in &item.inputs {
        let field = format!("{field}.{name}");
        let figure = match (given.get(name.as_str()), &input.otherwise) {
            (Some(value), _) => figure(value.get(), &field)?,
            (None, Some(otherwise)) => Figure::Known(otherwise.clone()),
            (None, None) => {
                let message = format!("item {} needs it; write null where nothing was due", item.name);
                return Err(Wrong::new("input.missing", field, "", message));
            }
        };
        figures.insert(name.clone(), figure);
    }
    Ok(figures)
}

/// Reads a figure from its text.
fn figure(text: &str, field: &str) -> Result<Figure, Wrong> {
    let wrong = |rule, message: String| Wrong::new(rule, field, text, message);
    let number = match text {
        "null" => return Ok(Figure::NothingDue),
        "true" | "false" => Exact::from(text == "true"),
        _ => {
            let unquoted: Option<String> =
                text.starts_with('"').then(|| serde_json::from_str(text).ok()).flatten();
            let digits = unquoted.as_deref().unwrap_or(text);
            digits.parse::<Exact>().map_err(|error| {
                wrong("input.form", format!("{error}; or give true, false, or null where nothing was due"))
            })?
        }
    };
    if number < Exact::zero() {
        return Err(wrong("input.negative", "a figure is a count or a rate and never below 0".into()));
    }
    Ok(Figure::Known(number))
}

/// The answer to a line of another form, with its id where it has one.
fn unreadable(line: &str, error: &serde_json::Error) -> (Value, Result<Told, Wrong>) {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    let id = value.get("id").cloned().unwrap_or_default();
    let known = ["id", "item", "inputs"];
    let strange = value.as_object().and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())));
    let of_another_kind = known.into_iter().skip(1).find(|key| match value.get(key) {
        Some(given) if *key == "item" => !given.is_string(),
        Some(given) => !given.is_object(),
        None => *key == "inputs" && value.is_object(),
    });
    let field = strange.map(String::as_str).or(of_another_kind).unwrap_or("line");
    let given = value.get(field).map(ToString::to_string);
    let given = given.unwrap_or_else(|| if field == "line" { line.to_owned() } else { String::new() });
    let message = format!("{error}; write {{\"item\": \"2.1\", \"inputs\": {{…}}}}");
    (id, Err(Wrong::new("line.form", field, &given, message)))
}
