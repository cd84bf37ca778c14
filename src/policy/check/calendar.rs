//! Calendars: what their own floor says about them.

use crate::calendar::{self, CalendarDef};
use crate::policy::problem::Flaw;

/// What is wrong with a calendar.
#[must_use]
pub fn flaws(calendar: &CalendarDef) -> Vec<Flaw> {
    let wrong = calendar::check(calendar);
    wrong
        .iter()
        .map(|error| {
            Flaw::mistake("calendar.unsound", "", calendar.name.as_str(), format!("failed to {error}"))
        })
        .collect()
}
