//! What is wrong with a policy, or worth a look: in parts, and in a sentence.
//!
//! A flaw knows the place in the document (a JSON Pointer); a problem also knows
//! the place in a file. Neither decides what to do about it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::catalogue::Reason;

/// How much of a value a problem repeats, in characters.
const MOST_VALUE: usize = 200;

/// Whether a policy with it can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The policy is refused.
    Mistake,
    /// The policy is taken; somebody should look.
    Finding,
}

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The line, from 1; 0 when the text has no place for it.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// Something wrong at a place in a document, before it is known in which file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flaw {
    /// Whether it prevents the policy.
    pub severity: Severity,
    /// The rule that is broken, such as `state.unknown`.
    pub rule: String,
    /// The field, as a JSON Pointer into the document.
    pub field: String,
    /// Its value, cut to 200 characters.
    pub value: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What would be right, where it can be guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Box<str>>,
}

/// A flaw with its place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The file's path as it was given.
    pub file: String,
    /// Where in it.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    #[serde(flatten)]
    pub flaw: Flaw,
}

impl Flaw {
    /// A mistake at a field.
    #[must_use]
    pub fn mistake(rule: &str, field: &str, value: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Mistake, rule, field, value, message)
    }

    /// A finding at a field.
    #[must_use]
    pub fn finding(rule: &str, field: &str, value: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Finding, rule, field, value, message)
    }

    fn new(severity: Severity, rule: &str, field: &str, value: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            rule: rule.into(),
            field: field.into(),
            value: value.chars().take(MOST_VALUE).collect(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint, if there is one.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        // A boxed text keeps the flaw small enough to be an error by value.
        self.hint = hint.map(String::into_boxed_str);
        self
    }

    /// Whether it prevents the policy.
    #[must_use]
    pub const fn is_mistake(&self) -> bool {
        matches!(self.severity, Severity::Mistake)
    }

    /// The same flaw of a part, seen from the document that has it at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.field.insert_str(0, prefix);
        self
    }

    /// The message and the hint in one.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<&Flaw> for Reason {
    fn from(flaw: &Flaw) -> Self {
        Self::new(&flaw.rule, &flaw.field, &flaw.value, flaw.sentence())
    }
}

impl fmt::Display for Problem {
    /// One line, as compilers write them: `file:line:column: mistake[rule] …`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        let kind = match self.flaw.severity {
            Severity::Mistake => "mistake",
            Severity::Finding => "finding",
        };
        let Flaw { rule, field, value, .. } = &self.flaw;
        write!(out, "{}:{line}:{column}: {kind}[{rule}] {}", self.file, self.flaw.sentence())?;
        let place = if field.is_empty() { "/" } else { field };
        if value.is_empty() { write!(out, " (at {place})") } else { write!(out, " (at {place} = {value:?})") }
    }
}

/// The pointer to a child: `key` is escaped as RFC 6901 demands.
#[must_use]
pub fn child(pointer: &str, key: impl fmt::Display) -> String {
    let key = key.to_string().replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{key}")
}

/// The keys of a pointer, unescaped.
pub fn keys(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line() {
        let flaw = Flaw::mistake("state.unknown", "/initial", "recieved", "no state is called \"recieved\"")
            .with_hint(Some("did you mean \"received\"?".into()));
        let problem = Problem { file: "a.yaml".into(), place: Place { line: 3, column: 10 }, flaw };
        insta::assert_snapshot!(problem, @r#"a.yaml:3:10: mistake[state.unknown] no state is called "recieved"; did you mean "received"? (at /initial = "recieved")"#);
    }

    #[test]
    fn pointers_escape_what_separates_them() {
        let pointer = child(&child("", "a/b"), "c~d");
        assert_eq!(pointer, "/a~1b/c~0d");
        assert_eq!(keys(&pointer).collect::<Vec<_>>(), ["a/b", "c~d"]);
    }
}
