//! What a message is to say of a deadline: the facts, as every surface shows them.
//!
//! The same sentences and counts as on the desk, so that a letter and the screen agree.

use serde_json::Value;

use super::error::QueryError;
use super::explained::{cite_told, explained};
use super::naming::{Named, workflow_of};
use super::policy_cache::Policies;
use crate::event::catalogue::{Act, RungLight};
use crate::id::Name;
use crate::kernel::row::Case;
use crate::message::Facts;
use crate::port::carrier::Link;
use crate::time::Instant;

/// A reminder or escalation that was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Of which clock.
    pub clock: Name,
    /// What.
    pub act: Act,
    /// The colour of its sheet.
    pub light: RungLight,
    /// How often, this time included.
    pub nth: u16,
    /// What the reader can do about it.
    pub links: Vec<Link>,
    /// The ledger entry for machines.
    pub event: Value,
}

/// The facts of what was raised about a deadline of `case`, as it stands at `at`.
///
/// # Errors
/// [`QueryError::Unknown`] when the case has no such deadline; [`QueryError::Row`] when
/// the projection lacks its policy or calendar.
pub fn facts(policies: &Policies, case: &Case, raised: Raised, at: Instant) -> Result<Facts, QueryError> {
    let workflow = workflow_of(policies, case)?;
    let deadline = case.deadlines.iter().find(|deadline| deadline.clock == raised.clock);
    let deadline = deadline.ok_or_else(|| QueryError::Unknown {
        what: "the deadline",
        name: format!("{}#{}", case.id, raised.clock),
        hint: "its case has none of this clock",
    })?;
    let told = explained(policies, case, &workflow, deadline, at)?;
    Ok(Facts {
        act: raised.act,
        light: raised.light,
        nth: raised.nth,
        case: case.id.clone(),
        workflow: Named::workflow(&workflow).title,
        clock: raised.clock,
        duty: told.clock.title,
        owner: Named::unit(policies, &case.owner).title,
        due: told.due,
        last_day: told.last_day,
        is_late: told.light.is_some_and(super::light::Light::is_late),
        span: told.span.map(|span| span.words),
        clause: cite_told(policies, &told.cite),
        days: told.reason,
        explanation: told.explanation,
        next: told.next.map(|next| next.words),
        is_provisional: told.term.provisional,
        moves: told.moves,
        links: raised.links,
        event: raised.event,
    })
}
