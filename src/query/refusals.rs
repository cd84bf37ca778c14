//! Refused facts, the newest first, each with its reason and original.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::error::QueryError;
use super::naming::Named;
use super::page::{List, Page, PageAsk};
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, walk};
use crate::calendar::Text;
use crate::event::catalogue::Reason;
use crate::id::{EventType, Seq, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::row::{Family, Refused};
use crate::port::store::Rows;
use crate::time::Instant;

/// The most refusals one question looks at.
const MOST_ROWS: usize = 10_000;

/// Which refusals are asked for; everything left out is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalFilter {
    /// Those of facts that this unit published.
    pub actor: Option<UnitId>,
    /// Those by this rule, such as `schema.violated`.
    pub rule: Option<String>,
    /// Those of facts of this type.
    pub kind: Option<EventType>,
    /// Those recorded at or after this instant.
    pub since: Option<Instant>,
    /// Whose refusals may be shown, whatever else is asked for. The reader sets it.
    pub scope: Scope,
}

/// A refused fact.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The ledger entry that refused it.
    pub ledger_seq: Seq,
    /// Its place in the intake.
    pub intake_seq: Seq,
    /// When it was recorded.
    pub at: Instant,
    /// The same as people write it.
    pub when: Text,
    /// Its source, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<UnitId>,
    /// Its type, where it could be read.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<EventType>,
    /// Why.
    pub reason: Reason,
    /// The original as it was stated; text where it is no JSON.
    pub original: Value,
}

impl RefusalFilter {
    fn takes(&self, refused: &Refused) -> bool {
        is_seen(&self.scope, refused)
            && self.actor.as_ref().is_none_or(|actor| refused.actor.as_ref() == Some(actor))
            && self.rule.as_ref().is_none_or(|rule| refused.reason.rule == *rule)
            && self.kind.as_ref().is_none_or(|kind| refused.kind.as_ref() == Some(kind))
            // Imported facts carry instants of the past, so the order of the ledger is
            // not that of `at`, and the walk cannot end at the first older one.
            && self.since.is_none_or(|since| refused.at >= since)
    }
}

/// Whether a refusal is shown. What came from nobody known is shown to those only who
/// see everything.
fn is_seen(scope: &Scope, refused: &Refused) -> bool {
    *scope == Scope::All || refused.actor.as_ref().is_some_and(|actor| scope.has(actor))
}

/// A page of refusals.
///
/// # Errors
/// [`QueryError::Asked`] for a cursor of another list; others when the projection
/// cannot be read.
pub fn refusals(
    rows: &impl Rows,
    policies: &Policies,
    filter: &RefusalFilter,
    ask: &PageAsk,
) -> Result<Page<Refusal>, QueryError> {
    let mut stretch = Stretch::of_prefix(&[]).reversed();
    if let Some(after) = ask.after(List::Refusals)? {
        stretch = stretch.after(after);
    }
    let (mut found, mut last, mut looked, mut more) = (Vec::new(), Vec::new(), 0, false);
    walk(rows, Family::Refused, &stretch, |key, bytes| {
        let refused: Refused = decode(Family::Refused, key, bytes)?;
        let asked = filter.takes(&refused);
        if looked >= MOST_ROWS || asked && found.len() >= ask.limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        last = key.to_vec();
        if asked {
            found.push(refusal(policies, key, refused)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page::of(List::Refusals, found, more.then_some(&last)))
}

/// The refusal of one ledger entry.
///
/// # Errors
/// [`QueryError::Unknown`] when that entry refused nothing that `scope` shows.
pub fn one_refusal(
    rows: &impl Rows,
    policies: &Policies,
    scope: &Scope,
    seq: Seq,
) -> Result<Refusal, QueryError> {
    let key = seq.0.to_be_bytes();
    let refused: Option<Refused> = super::rows::row(rows, Family::Refused, &key)?;
    let refused = refused.filter(|refused| is_seen(scope, refused));
    let unknown = || QueryError::Unknown {
        what: "the refusal",
        name: seq.to_string(),
        hint: "the list of refusals names the ledger entries that refused",
    };
    refusal(policies, &key, refused.ok_or_else(unknown)?)
}

/// How many facts of one publisher were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedOf {
    /// The publisher; none where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Named>,
    /// How many.
    pub count: u64,
}

/// Refusals counted by their publishers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedBy {
    /// The publishers, those with the most refusals first.
    pub publishers: Vec<RefusedOf>,
    /// Whether only the latest were counted, because there are too many.
    pub cut: bool,
}

/// Counts the latest refusals by publisher.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn refused_by(rows: &impl Rows, policies: &Policies, scope: &Scope) -> Result<RefusedBy, QueryError> {
    let (mut counts, mut looked, mut cut) = (BTreeMap::<Option<UnitId>, u64>::new(), 0, false);
    walk(rows, Family::Refused, &Stretch::of_prefix(&[]).reversed(), |key, bytes| {
        if looked >= MOST_ROWS {
            cut = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        let refused: Refused = decode(Family::Refused, key, bytes)?;
        if is_seen(scope, &refused) {
            *counts.entry(refused.actor).or_default() += 1;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let named = |(actor, count): (Option<UnitId>, u64)| RefusedOf {
        actor: actor.map(|actor| Named::unit(policies, &actor)),
        count,
    };
    let mut publishers: Vec<RefusedOf> = counts.into_iter().map(named).collect();
    publishers.sort_by_key(|it| std::cmp::Reverse(it.count));
    Ok(RefusedBy { publishers, cut })
}

fn refusal(policies: &Policies, key: &[u8], refused: Refused) -> Result<Refusal, QueryError> {
    let seq = key.try_into().map(u64::from_be_bytes);
    let seq = seq.map_err(|_| QueryError::row(Family::Refused, key, &"its key is no sequence"))?;
    let (source, id) = refused.fact.unzip();
    let original = serde_json::from_str(&refused.original);
    Ok(Refusal {
        ledger_seq: Seq(seq),
        intake_seq: refused.intake,
        when: policies.moment(refused.at),
        at: refused.at,
        source,
        id,
        actor: refused.actor,
        kind: refused.kind,
        reason: refused.reason,
        original: original.unwrap_or(Value::String(refused.original)),
    })
}
