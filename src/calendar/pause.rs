//! Pauses: spans of time that a limit does not run in.
//!
//! It sorts and merges them; what a pause does to a due date is in
//! [`super::due()`].

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compiled::Calendar;
use super::due::DueError;
use crate::time::Instant;

/// A span `[from, until)` in which a clock stood still.
///
/// An open pause has no due date yet; a caller asks again when it resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// When it stopped.
    pub from: Instant,
    /// When it ran on.
    pub until: Instant,
}

/// The pauses after `start`, in order, cut to it and without overlap.
///
/// # Errors
/// [`DueError::PauseBackwards`] when one ends before it begins.
pub(super) fn merged(pauses: &[Pause], start: Instant) -> Result<Vec<Pause>, DueError> {
    if let Some(wrong) = pauses.iter().find(|pause| pause.from > pause.until) {
        return Err(DueError::PauseBackwards { from: wrong.from, until: wrong.until });
    }
    let mut sorted: Vec<Pause> = pauses
        .iter()
        .map(|pause| Pause { from: pause.from.max(start), until: pause.until })
        .filter(|pause| pause.until > pause.from)
        .collect();
    sorted.sort_by_key(|pause| (pause.from, pause.until));
    let mut merged: Vec<Pause> = Vec::with_capacity(sorted.len());
    for pause in sorted {
        match merged.last_mut() {
            Some(last) if pause.from <= last.until => last.until = last.until.max(pause.until),
            _ => merged.push(pause),
        }
    }
    Ok(merged)
}

/// The pauses that span days, with the days on which they begin and end: the day
/// of the pause still counts, the day of the resumption does not, just as the day
/// of a start does not.
pub(super) fn paused_days<'a>(
    calendar: &'a Calendar,
    merged: &'a [Pause],
) -> impl Iterator<Item = (Pause, (NaiveDate, NaiveDate))> + 'a {
    let days = move |pause: &Pause| (calendar.local_date(pause.from), calendar.local_date(pause.until));
    merged.iter().map(move |pause| (*pause, days(pause))).filter(|(_, (from, until))| until > from)
}

/// Whether a day is one that pauses take out.
pub(super) fn is_paused(days: &[(NaiveDate, NaiveDate)], date: NaiveDate) -> bool {
    days.iter().any(|(from, until)| *from < date && date <= *until)
}
