//! Search: units, clauses and cases that a few letters or characters name.
//!
//! Titles and clauses are looked through whole; of the cases only their ids, and
//! no more of them than one question may look at.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, walk};
use crate::id::CaseId;
use crate::identity::sight::Scope;
use crate::kernel::row::{Case, Family};
use crate::policy::definition::Definition;
use crate::port::store::Rows;

/// The most ids of cases that are looked at: some 20 ms on one core.
const MOST_KEYS: usize = 50_000;
/// The most finds of one sort: more than that is no answer.
const MOST_FOUND: usize = 12;

/// A clock whose clause or title was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundClause {
    /// The workflow.
    pub workflow: Named,
    /// What is limited.
    pub clock: Named,
    /// The notice.
    pub notice: String,
    /// The clause.
    pub clause: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Units by title, other spelling or id.
    pub units: Vec<Named>,
    /// Workflows by title or name.
    pub workflows: Vec<Named>,
    /// Clauses by number or by what they limit.
    pub clauses: Vec<FoundClause>,
    /// Cases by id.
    pub cases: Vec<CaseId>,
    /// Whether there were more cases than could be looked at.
    pub more: bool,
}

/// Looks for `text`, among cases in those of `scope`; nothing is found for a blank one.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn find(rows: &impl Rows, policies: &Policies, scope: &Scope, text: &str) -> Result<Found, QueryError> {
    let wanted = folded(text);
    if wanted.is_empty() {
        return Ok(Found::default());
    }
    let has = |text: &str| folded(text).contains(&wanted);
    let mut found = Found { units: units(policies, has), ..Found::default() };
    clauses(policies, has, &mut found);
    cases(rows, scope, &wanted, &mut found)?;
    Ok(found)
}

/// Without case and blanks, so that what is pasted is found.
fn folded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn units(policies: &Policies, has: impl Fn(&str) -> bool) -> Vec<Named> {
    let Some(register) = policies.set.register() else { return Vec::new() };
    let named = register.units.iter().filter(|unit| {
        let spellings = unit.aliases.iter().map(String::as_str);
        let mut names = [unit.id.as_str(), &unit.title.zh, &unit.title.en].into_iter().chain(spellings);
        names.any(&has)
    });
    named.map(|unit| Named::unit(policies, &unit.id)).take(MOST_FOUND).collect()
}

fn clauses(policies: &Policies, has: impl Fn(&str) -> bool, found: &mut Found) {
    let mut latest = BTreeMap::new();
    for published in &policies.published {
        if let Definition::Workflow(workflow) = &*published.definition {
            latest.insert(&workflow.name, workflow);
        }
    }
    for workflow in latest.into_values() {
        let named = Named::workflow(workflow);
        if [&named.id, &named.title.zh, &named.title.en].into_iter().any(|text| has(text)) {
            found.workflows.push(named.clone());
        }
        for clock in &workflow.clocks {
            let whole = format!("{}{}", clock.cite.notice, clock.cite.clause);
            if [&clock.title.zh, &clock.title.en, &whole].into_iter().any(|text| has(text)) {
                found.clauses.push(FoundClause {
                    workflow: named.clone(),
                    clock: Named::clock(clock),
                    notice: clock.cite.notice.clone(),
                    clause: clock.cite.clause.clone(),
                });
            }
        }
    }
    found.workflows.truncate(MOST_FOUND);
    found.clauses.truncate(MOST_FOUND);
}

fn cases(rows: &impl Rows, scope: &Scope, wanted: &str, found: &mut Found) -> Result<(), QueryError> {
    let mut looked = 0;
    walk(rows, Family::Case, &Stretch::of_prefix(&[]), |key, bytes| {
        if looked >= MOST_KEYS || found.cases.len() >= MOST_FOUND {
            found.more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        let id = String::from_utf8_lossy(key);
        if folded(&id).contains(wanted) {
            // An id alone does not say whose case it is.
            let seen = *scope == Scope::All || scope.has(&decode::<Case>(Family::Case, key, bytes)?.owner);
            found.cases.extend(CaseId::new(&id).ok().filter(|_| seen));
        }
        Ok(ControlFlow::Continue(()))
    })
}
