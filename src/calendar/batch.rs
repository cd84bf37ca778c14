//! One line of a batch of due dates: JSON in, JSON out.
//!
//! A line that cannot be answered is answered with what is wrong with it, so a
//! batch always goes on. Reading and writing the lines is a surface's work.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compiled::Calendar;
use super::due::DueError;
use super::explain::{Explanation, explain};
use super::period::{Period, PeriodKind};
use super::rule::DueRule;
use super::rule_form::{Fields, RuleError};
use super::text::Text;
use crate::time::Instant;

/// What is asked on a line: `{"id": 1, "rule": {"workingDays": 7}, "start": "2022-09-28"}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DueQuestion")]
pub struct Question {
    /// Any text, number, truth value or null; it comes back as it is.
    #[serde(default)]
    id: Value,
    /// How the limit is counted.
    #[schemars(with = "DueRule")]
    rule: Fields,
    /// An instant with its offset, or a civil date, whose local midnight is meant.
    start: String,
}

/// When it is due, and why.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DueAnswer")]
pub struct Answer {
    /// The question's.
    id: Value,
    /// The due instant in the offset of the calendar's zone; a day's end is its 24:00.
    due: String,
    /// Whether an answer at just that instant is in time.
    inclusive: bool,
    /// The last civil day in time; none for a limit in hours.
    last_day: Option<NaiveDate>,
    /// Whether it may still move when the calendar is published further.
    provisional: bool,
    /// The reason in one sentence.
    sentence: Text,
    /// The reason day by day.
    explanation: Explanation,
}

/// Why a question has no answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DueRefused")]
pub struct Refused {
    /// The question's; null where it could not be read.
    id: Value,
    /// What is wrong.
    error: RuleError,
}

/// Answers one line with one line, without a line break.
///
/// `start` is an RFC 3339 instant, with or without seconds, or a civil date, whose local midnight is
/// meant; `id` is any JSON scalar and comes back as it is. The answer is
/// `{id, due, inclusive, lastDay, provisional, sentence, explanation}` with `due`
/// in the offset of the calendar's zone, or `{id, error: {rule, field, value,
/// message}}`.
#[must_use]
pub fn answer_line(calendar: &Calendar, line: &str) -> String {
    let written = match answer(calendar, line) {
        Ok(answer) => serde_json::to_string(&answer),
        Err(refused) => serde_json::to_string(&*refused),
    };
    // Writing texts and numbers does not fail; were it to, the line still answers.
    written.unwrap_or_else(|_| r#"{"id":null,"error":{"rule":"line.unwritable"}}"#.to_owned())
}

fn answer(calendar: &Calendar, line: &str) -> Result<Answer, Box<Refused>> {
    let question: Question =
        serde_json::from_str(line).map_err(|error| Box::new(unreadable(line, &error)))?;
    let id = question.id;
    let refuse = |error| Box::new(Refused { id: id.clone(), error });
    if id.is_array() || id.is_object() {
        let wanted = "give a text, a number, a truth value or null";
        return Err(Box::new(Refused { id: Value::Null, error: wrong("line.form", "id", id, wanted) }));
    }
    let given = || Value::String(question.start.chars().take(64).collect());
    let start = start(calendar, &question.start).ok_or_else(|| {
        let wanted = "give an instant like 2022-09-28T16:20:00+08:00 or a date like 2022-09-28";
        refuse(wrong("start.form", "start", given(), wanted))
    })?;
    let rule = question.rule.rule().map_err(refuse)?;
    let explanation = explain(calendar, &rule, start, &[]).map_err(|error| {
        let (field, value) = match &error {
            DueError::NoBusinessHours { calendar } => ("calendar", Value::String(calendar.clone())),
            DueError::OutOfRange => ("start", given()),
            DueError::NoSuchDay { .. } | DueError::PauseBackwards { .. } | DueError::PauseOfDate { .. } => {
                ("rule", serde_json::to_value(&rule).unwrap_or_default())
            }
        };
        refuse(wrong(error.rule(), field, value, &error.to_string()))
    })?;
    let due = explanation.due;
    Ok(Answer {
        id: id.clone(),
        due: calendar.local_text(due.at),
        inclusive: due.inclusive,
        last_day: due.last_day,
        provisional: due.provisional,
        sentence: explanation.sentences(),
        explanation,
    })
}

fn start(calendar: &Calendar, text: &str) -> Option<Instant> {
    if let Ok(at) = text.parse::<Instant>().or_else(|_| with_seconds(text).parse()) {
        return Some(at);
    }
    let day = text.parse::<Period>().ok().filter(|period| period.kind() == PeriodKind::Day)?;
    Some(calendar.midnight(day.start()))
}

/// A letter is stamped to the minute, and RFC 3339 demands seconds.
fn with_seconds(text: &str) -> String {
    match (text.get(..16), text.get(16..)) {
        (Some(minute), Some(zone)) => format!("{minute}:00{zone}"),
        _ => String::new(),
    }
}

fn wrong(rule: &'static str, field: &str, value: Value, message: &str) -> RuleError {
    RuleError { rule, field: field.to_owned(), value, message: message.to_owned() }
}

/// The answer to a line of another form; its id, where it has one, is kept, so
/// that the asker can tell which line it was.
fn unreadable(line: &str, error: &serde_json::Error) -> Refused {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    let id = value.get("id").filter(|id| !id.is_array() && !id.is_object()).cloned().unwrap_or_default();
    let missing = ["rule", "start"].into_iter().find(|field| value.is_object() && value.get(field).is_none());
    let of_another_kind = || {
        ["rule", "start"].into_iter().find(|field| match value.get(field) {
            Some(given) => {
                if *field == "rule" {
                    !given.is_object()
                } else {
                    !given.is_string()
                }
            }
            None => false,
        })
    };
    let unknown = || {
        let mut fields = value.as_object()?.keys();
        fields.find(|field| !["id", "rule", "start"].contains(&field.as_str())).cloned()
    };
    let field = missing.or_else(of_another_kind).map(str::to_owned).or_else(unknown);
    let field = field.unwrap_or_else(|| "line".to_owned());
    let given = value.get(&field).cloned().unwrap_or_else(|| Value::String(line.chars().take(200).collect()));
    let given = if missing.is_some() { Value::Null } else { given };
    Refused { id, error: wrong("line.form", &field, given, &error.to_string()) }
}
