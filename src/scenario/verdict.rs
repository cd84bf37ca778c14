//! How a scenario came out: that it holds, or where it does not and what came instead.

use std::fmt;

use crate::policy::problem::Place;

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Where it begins.
    pub place: Place,
    /// How many steps were taken.
    pub steps: usize,
    /// What does not hold; the step that it is of was the last.
    pub mismatches: Vec<Mismatch>,
}

impl Verdict {
    /// Whether everything came as it should.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Something that did not come as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file that says what should come.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// The prose of the step.
    pub prose: Option<String>,
    /// What was looked at.
    pub what: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl fmt::Display for Mismatch {
    /// `file:line: prose`, then the two things to compare, each on its own lines.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, prose, what, expected, came } = self;
        write!(out, "{file}:{}:{}: {what}", place.line, place.column)?;
        if let Some(prose) = prose {
            write!(out, "\n  step:     {prose}")?;
        }
        let indented = |text: &str| text.replace('\n', "\n            ");
        write!(out, "\n  expected: {}\n  came:     {}", indented(expected), indented(came))
    }
}

/// A difference before it is known where in the text it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part of the scenario that asks for it, as a JSON Pointer.
    pub pointer: String,
    /// What was looked at.
    pub what: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl Difference {
    /// Something else came than was expected at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        what: impl Into<String>,
        expected: impl fmt::Display,
        came: impl fmt::Display,
    ) -> Self {
        let (expected, came) = (expected.to_string(), came.to_string());
        Self { pointer: pointer.into(), what: what.into(), expected, came }
    }
}
