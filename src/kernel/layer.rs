//! A layer: the changes of one group of events, before they are stored.
//!
//! Layers lie over the store while their events are on the way to the ledger and
//! to disk; thrown away, they leave nothing behind. A layer writes each row once,
//! however often it changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{CounterKey, due_keys, is_due_alike, recount};
use super::row::{Case, Family, Known, TimerKey};
use crate::id::CaseId;

/// A case before the layer and after it.
#[derive(Debug, Clone)]
pub struct Touched {
    /// As the layers below have it.
    pub before: Option<Arc<Case>>,
    /// As it is now.
    pub after: Arc<Case>,
}

/// Changes that are not stored yet.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// Cases.
    pub cases: BTreeMap<CaseId, Touched>,
    /// Facts that were seen, by the bytes of their keys.
    pub known: BTreeMap<Vec<u8>, Known>,
    /// Timers set (`true`) and taken away (`false`).
    pub timers: BTreeMap<TimerKey, bool>,
    /// Tallies as they are now, by the bytes of their keys.
    pub tallies: BTreeMap<Vec<u8>, i64>,
    /// All other rows; `None` removes one.
    pub rows: BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>,
}

/// The rows that a layer changes, ready for a store, but for the counts.
#[derive(Debug, Default)]
pub struct Rows {
    /// The new content of each row; `None` removes it.
    pub rows: BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>,
    /// How much each count changes.
    pub counts: BTreeMap<CounterKey, i64>,
}

impl Layer {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weight() == 0
    }

    /// The layer of these changes and `later` ones: a row that both change is
    /// written once.
    #[must_use]
    pub fn and_then(mut self, later: &Self) -> Self {
        for (id, touched) in &later.cases {
            let after = touched.after.clone();
            let first = self.cases.entry(id.clone()).or_insert_with(|| touched.clone());
            first.after = after;
        }
        self.known.extend(later.known.iter().map(|(key, known)| (key.clone(), known.clone())));
        self.timers.extend(later.timers.iter().map(|(timer, set)| (timer.clone(), *set)));
        self.tallies.extend(later.tallies.iter().map(|(key, number)| (key.clone(), *number)));
        self.rows.extend(later.rows.iter().map(|(key, row)| (key.clone(), row.clone())));
        self
    }

    /// Roughly how many rows the layer will write.
    #[must_use]
    pub fn weight(&self) -> usize {
        let others = self.known.len() + self.timers.len() + self.tallies.len() + self.rows.len();
        self.cases.len() * 5 + others
    }

    /// The rows to write: cases, timers and what follows from them. An index key
    /// that a case had before and still has is left alone.
    ///
    /// # Errors
    /// Never for rows that the fold made.
    pub fn to_rows(&self) -> Result<Rows, postcard::Error> {
        let mut all = Rows { rows: self.rows.clone(), counts: BTreeMap::new() };
        for (id, touched) in &self.cases {
            let before = touched.before.as_deref();
            if !before.is_some_and(|before| is_due_alike(before, &touched.after)) {
                let before = before.map(due_keys).unwrap_or_default();
                let after = due_keys(&touched.after);
                let gone = before.difference(&after).cloned().map(|key| (key, None));
                let new = after.difference(&before).cloned().map(|key| (key, Some(Vec::new())));
                all.rows.extend(gone.chain(new));
            }
            recount(before, &touched.after, &mut all.counts);
            let row = postcard::to_stdvec(&*touched.after)?;
            all.rows.insert((Family::Case, id.as_str().as_bytes().to_vec()), Some(row));
        }
        for (key, known) in &self.known {
            all.rows.insert((Family::Known, key.clone()), Some(postcard::to_stdvec(known)?));
        }
        for (timer, set) in &self.timers {
            all.rows.insert((Family::Timer, timer.to_bytes()), set.then(Vec::new));
        }
        for (key, number) in &self.tallies {
            let row = (*number != 0).then(|| number.to_be_bytes().to_vec());
            all.rows.insert((Family::Tally, key.clone()), row);
        }
        all.counts.retain(|_, change| *change != 0);
        Ok(all)
    }
}
