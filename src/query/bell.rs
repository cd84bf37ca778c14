//! The desk's bell 铃: the latest reminders and escalations, for whoever is told.
//!
//! The kernel keeps the last [`BELL_SLOTS`] of each unit and of all; here they are told,
//! the newest first, as far as somebody sees, each with whether it still stands.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::explained::act_words;
use super::naming::{Named, calendar_of, clock_of, workflow_of};
use super::outbox::{Standing, stands};
use super::policy_cache::Policies;
use super::reader::{Reader, answer};
use super::rows::{Answer, Stretch, case, decode, walk};
use super::span::due_text;
use crate::calendar::Text;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Seq};
use crate::identity::sight::Scope;
use crate::kernel::row::{BELL_SLOTS, Family, Rang, bell_key};
use crate::port::log::Log;
use crate::port::store::{Rows, Store};
use crate::time::Instant;

/// A reminder or escalation that rang.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ring {
    /// The ledger entry that raised it.
    pub reminder: Seq,
    /// When it was raised.
    pub raised_at: Instant,
    /// The same as people write it.
    pub raised: Text,
    /// The case that it is about.
    pub case: CaseId,
    /// The case's workflow.
    pub workflow: Named,
    /// The unit that owes.
    pub unit: Named,
    /// The clock that it is about.
    pub clock: Named,
    /// When what it is about is due.
    pub due_at: Instant,
    /// The same as people write it.
    pub due: Text,
    /// What is to be done.
    pub act: Act,
    /// The same in words.
    pub words: Text,
    /// The colour of the sheet.
    pub light: RungLight,
    /// The how-manieth of its rung.
    pub nth: u16,
    /// Who is told.
    pub to: Vec<Named>,
    /// Whether what it is about is still so.
    pub standing: Standing,
    /// Whether it was signed for since.
    pub acknowledged: bool,
}

/// The latest that rang, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rings {
    /// At most 50.
    pub rows: Vec<Ring>,
}

/// What rang for whoever sees `scope`, the newest first.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn rang(rows: &impl Rows, scope: &Scope) -> Result<Vec<Rang>, QueryError> {
    let keys: Vec<Vec<u8>> = match scope {
        Scope::All => vec![bell_key(None)],
        Scope::Units(units) => units.iter().map(|unit| bell_key(Some(unit))).collect(),
    };
    let mut found: Vec<Rang> = Vec::new();
    for prefix in keys {
        walk(rows, Family::Bell, &Stretch::of_prefix(&prefix), |key, row| {
            // The count stands under the prefix itself.
            if key != prefix {
                found.push(decode(Family::Bell, key, row)?);
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    found.sort_by_key(|rang| std::cmp::Reverse(rang.seq));
    // What two units of the same person are told is one thing.
    found.dedup_by_key(|rang| rang.seq);
    found.truncate(usize::try_from(BELL_SLOTS).unwrap_or(usize::MAX));
    Ok(found)
}

fn told(rows: &impl Rows, policies: &Policies, rang: Rang) -> Result<Option<Ring>, QueryError> {
    let Some(of) = case(rows, &rang.case)? else { return Ok(None) };
    let workflow = workflow_of(policies, &of)?;
    let deadline = of.deadlines.iter().find(|deadline| deadline.clock == rang.clock);
    let clock = match deadline {
        Some(deadline) => Named::clock(clock_of(&workflow, &of, deadline)?),
        None => Named::bare(rang.clock.as_str()),
    };
    let due = match deadline.filter(|deadline| deadline.term.due_at == rang.due_at) {
        Some(deadline) => due_text(calendar_of(policies, &of, deadline)?, &deadline.term),
        None => policies.moment(rang.due_at),
    };
    let acknowledged = deadline.and_then(|deadline| deadline.acknowledged_at).is_some_and(|at| at >= rang.at);
    Ok(Some(Ring {
        reminder: rang.seq,
        raised: policies.moment(rang.at),
        raised_at: rang.at,
        workflow: Named::workflow(&workflow),
        unit: Named::unit(policies, &of.owner),
        clock,
        due,
        due_at: rang.due_at,
        act: rang.act,
        words: act_words(rang.act),
        light: rang.light,
        nth: rang.nth,
        to: rang.to.iter().map(|unit| Named::unit(policies, unit)).collect(),
        standing: stands(&of, &rang.clock, Some(rang.due_at)),
        acknowledged,
        case: rang.case,
    }))
}

impl<S: Store, L: Log> Reader<S, L> {
    /// The latest that rang. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn bell(&self, at: Instant) -> Result<Answer<Rings>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let mut rows = Vec::new();
        for rang in rang(&view, &self.sight.cases)? {
            rows.extend(told(&view, &policies, rang)?);
        }
        answer(&view, at, Rings { rows })
    }
}
