//! The policies in force, compiled once and kept until a new one is published.
//!
//! It reads policy rows only; a page of deadlines costs one key comparison here.

use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, PoisonError, RwLock};

use super::error::QueryError;
use super::rows::{Stretch, decode, walk};
use crate::id::{Seq, Sha};
use crate::kernel::row::{Family, PolicyRow};
use crate::policy::definition::Definition;
use crate::policy::set::PolicySet;
use crate::port::store::Rows;
use crate::time::Instant;

/// A definition with its place on the ledger.
#[derive(Debug, Clone)]
pub struct Published {
    /// The ledger entry that brought it.
    pub seq: Seq,
    /// Its digest.
    pub sha: Sha,
    /// Since when it is in force.
    pub at: Instant,
    /// The definition.
    pub definition: Arc<Definition>,
}

/// All definitions of a tenant.
#[derive(Clone, Default)]
pub struct Policies {
    /// What is in force, compiled.
    pub set: PolicySet,
    /// Every definition ever published, in the order of the ledger.
    pub published: Vec<Published>,
    /// Key and content of the last row read.
    last: Option<(Vec<u8>, Vec<u8>)>,
}

/// Keeps [`Policies`] between questions.
#[derive(Default)]
pub struct PolicyCache {
    held: RwLock<Arc<Policies>>,
}

impl PolicyCache {
    /// The policies that `rows` hold, read again only when they changed.
    ///
    /// # Errors
    /// [`QueryError`] when a row cannot be read or compiled.
    pub fn read(&self, rows: &impl Rows) -> Result<Arc<Policies>, QueryError> {
        let held = Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner));
        let last = last(rows)?;
        if held.last == last {
            return Ok(held);
        }
        let fresh = Arc::new(read_on(rows, &held)?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }
}

/// A key with its row.
type KeyAndRow = (Vec<u8>, Vec<u8>);

fn last(rows: &impl Rows) -> Result<Option<KeyAndRow>, QueryError> {
    let mut last = None;
    walk(rows, Family::Policy, &Stretch::of_prefix(&[]).reversed(), |key, row| {
        last = Some((key.to_vec(), row.to_vec()));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(last)
}

/// The definitions after those that are held, or all of them when the rows are
/// not a continuation of what is held.
fn read_on(rows: &impl Rows, held: &Policies) -> Result<Policies, QueryError> {
    let mut fresh = match &held.last {
        Some((key, row)) if continues(rows, key, row)? => held.clone(),
        _ => Policies::default(),
    };
    let from = fresh.last.as_ref().map_or(Bound::Unbounded, |(key, _)| Bound::Excluded(key.clone()));
    let stretch = Stretch { from, to: Bound::Unbounded, backward: false };
    walk(rows, Family::Policy, &stretch, |key, bytes| {
        add(&mut fresh, key, bytes)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(fresh)
}

fn continues(rows: &impl Rows, key: &[u8], row: &[u8]) -> Result<bool, QueryError> {
    let stored = rows.get(super::rows::table(Family::Policy), key)?;
    Ok(stored.is_some_and(|stored| stored == row))
}

fn add(policies: &mut Policies, key: &[u8], bytes: &[u8]) -> Result<(), QueryError> {
    let wrong = |reason: &dyn std::fmt::Display| QueryError::row(Family::Policy, key, reason);
    let row: PolicyRow = decode(Family::Policy, key, bytes)?;
    let seq = key.try_into().map(u64::from_be_bytes).map_err(|_| wrong(&"its key is no sequence"))?;
    let definition: Definition = serde_json::from_str(&row.document).map_err(|error| wrong(&error))?;
    policies.set = policies.set.with(&definition).map_err(|error| wrong(&error))?;
    let definition = Arc::new(definition);
    policies.published.push(Published { seq: Seq(seq), sha: row.sha, at: row.at, definition });
    policies.last = Some((key.to_vec(), bytes.to_vec()));
    Ok(())
}
