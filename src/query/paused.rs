//! Paused deadlines, in the order of their cases.
//!
//! They have no due instant, so no due index holds them; few cases pause, and what
//! one question may look at is bounded.

use std::ops::ControlFlow;

use super::deadline_row::{DeadlineRow, deadline_row};
use super::deadlines::DeadlineFilter;
use super::error::QueryError;
use super::light::Light;
use super::page::{List, Page, PageAsk};
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, walk};
use crate::kernel::row::{Case, Family};
use crate::port::store::Rows;
use crate::time::Instant;

/// The most cases one question decodes, some 30 ms on one core.
const MOST_CASES: usize = 10_000;

/// A page of paused deadlines. A case is never split between pages, so a page may
/// have a few rows more than asked for.
///
/// # Errors
/// [`QueryError::Asked`] when running ones are asked for too, or a due window.
pub fn paused(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeadlineFilter,
    ask: &PageAsk,
    at: Instant,
) -> Result<Page<DeadlineRow>, QueryError> {
    if filter.lights.len() > 1
        || filter.due_from.is_some()
        || filter.due_until.is_some()
        || filter.day_from.is_some()
        || filter.day_to.is_some()
    {
        let hint = "ask for paused deadlines by themselves: they have no due instant while they stand still";
        return Err(QueryError::asked("light", Light::Paused.name(), hint));
    }
    let prefix = filter.workflow.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
    let mut stretch = Stretch::of_prefix(prefix.as_bytes());
    if let Some(after) = ask.after(List::Paused)?.filter(|key| key.starts_with(prefix.as_bytes())) {
        stretch = stretch.after(after);
    }
    let (mut found, mut last, mut looked, mut more) = (Vec::new(), Vec::new(), 0, false);
    walk(rows, Family::Case, &stretch, |key, bytes| {
        if found.len() >= ask.limit || looked >= MOST_CASES {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        last = key.to_vec();
        let case: Case = decode(Family::Case, key, bytes)?;
        for deadline in &case.deadlines {
            if let Some(light) = filter.light(policies, &case, deadline, at) {
                found.push(deadline_row(policies, &case, deadline, light, at)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page::of(List::Paused, found, more.then_some(&last)))
}
