//! Due rules and offsets seen from outside: their unit and amount.
//!
//! Read from their written form, so that this floor needs no knowledge of how a
//! calendar counts.

use serde::Serialize;
use serde_json::Value;

use crate::calendar::{DueRule, Offset};

/// An amount in a unit, such as 7 `workingDays`; `due` itself is 0 of no unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The unit as the language writes it; empty for `due`.
    pub unit: String,
    /// How many, negative before.
    pub amount: i64,
}

/// Rules that name a date, and so cannot stand still.
const DATED: [&str; 4] = ["dayOfMonth", "endOf", "date", "monthDay"];

/// Units that count from the start.
const COUNTED: [&str; 6] = ["workingDays", "days", "hours", "workingHours", "months", "years"];

/// Whether a rule names a date instead of counting from the start.
#[must_use]
pub fn is_dated(rule: &DueRule) -> bool {
    keys(rule).iter().any(|(key, _)| DATED.contains(&key.as_str()))
}

/// The length of a rule that counts from the start.
#[must_use]
pub fn length(rule: &DueRule) -> Option<Span> {
    span(&keys(rule))
}

/// An offset's unit and amount.
#[must_use]
pub fn step(offset: &Offset) -> Option<Span> {
    match serde_json::to_value(offset) {
        Ok(Value::String(_)) => Some(Span { unit: String::new(), amount: 0 }),
        _ => span(&keys(offset)),
    }
}

fn span(keys: &[(String, Value)]) -> Option<Span> {
    let (unit, amount) = keys.iter().find(|(key, _)| COUNTED.contains(&key.as_str()))?;
    Some(Span { unit: unit.clone(), amount: amount.as_i64()? })
}

fn keys<T: Serialize>(value: &T) -> Vec<(String, Value)> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map.into_iter().collect(),
        _ => Vec::new(),
    }
}
