//! The state: rows of a store with layers of newer changes over them.
//!
//! Reads look through the layers, newest first, and then into the store; cases and
//! known facts, which every fact asks for, are looked up in the memory of what was
//! sealed lately (`recent`) instead of in each layer. Writes go to the working layer
//! only. The engine moves it on when its events are sent ([`State::seal`]), stores it
//! when they are on the ledger, and then lets it go ([`State::release`]). Nothing here
//! decides anything.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::layer::{Layer, Rows, Touched};
use super::recent::Recent;
use super::row::{Case, Checkpoint, Family, Known, PolicyRow, Timer, TimerKey};
use super::tally;
use crate::id::{CaseId, TenantId};
use crate::policy::definition::Definition;
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// Stored rows, as the state reads them.
pub trait Backing {
    /// One row.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store is damaged.
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// Rows from `from` on in ascending order, until `visit` says `false`.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store is damaged.
    fn scan(
        &self,
        family: Family,
        from: &[u8],
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StateError>;
}

/// A state that cannot be read or continued. Set the projection aside and fold
/// the ledger again; if that fails too, the ledger itself needs its holder.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The store failed.
    #[error("read the stored state: {0}")]
    Store(String),
    /// A row is not what was written.
    #[error("read the row {key} of {family}: {reason}")]
    Row {
        /// The table.
        family: &'static str,
        /// The key, as text.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// An entry does not follow from the state: the ledger was not written by a
    /// kernel like this one.
    #[error("fold the ledger entry {seq} ({kind}): {reason}")]
    Entry {
        /// The entry's place.
        seq: crate::id::Seq,
        /// Its type.
        kind: String,
        /// What does not fit.
        reason: String,
    },
}

/// The state of one tenant.
pub struct State<B> {
    backing: B,
    pending: VecDeque<Arc<Layer>>,
    working: Layer,
    /// How many layers were sealed.
    sealed: u64,
    recent_cases: Recent<CaseId, Arc<Case>>,
    recent_known: Recent<Vec<u8>, Known>,
    checkpoint: Checkpoint,
    policies: PolicySet,
    /// No timer is due before this; one may not be due at it either.
    wake: Instant,
    /// Whether a fact may wait for a case; it may be so though none does any more.
    waits: bool,
    /// Timers set lately, for whoever fires the ones up to an instant.
    heard: Option<(Instant, Vec<TimerKey>)>,
}

impl<B: Backing> State<B> {
    /// The state that `backing` holds; that of an empty ledger if it holds none.
    ///
    /// # Errors
    /// [`StateError`] when its rows cannot be read.
    pub fn load(backing: B, tenant: &TenantId) -> Result<Self, StateError> {
        let stored = backing.get(Family::Checkpoint, &[])?;
        let checkpoint = match stored {
            Some(bytes) => decode(Family::Checkpoint, &[], &bytes)?,
            None => Checkpoint::origin(uuid::Uuid::nil(), tenant.clone()),
        };
        let policies = load_policies(&backing)?;
        let mut state = Self {
            backing,
            pending: VecDeque::new(),
            working: Layer::default(),
            sealed: 0,
            recent_cases: Recent::default(),
            recent_known: Recent::default(),
            checkpoint,
            policies,
            waits: false,
            heard: None,
            wake: Instant::MIN,
        };
        state.waits = !state.keys(Family::ParkedFor, &[], 1)?.is_empty();
        state.refresh_wake()?;
        Ok(state)
    }

    /// How far the fold has come, working layer included.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint, for the fold alone.
    pub(super) const fn checkpoint_mut(&mut self) -> &mut Checkpoint {
        &mut self.checkpoint
    }

    /// The definitions in force.
    #[must_use]
    pub const fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Puts other definitions in force, for the fold alone.
    pub(super) fn set_policies(&mut self, policies: PolicySet) {
        self.policies = policies;
    }

    /// One case.
    ///
    /// # Errors
    /// [`StateError`] when its row cannot be read.
    pub fn case(&self, id: &CaseId) -> Result<Option<Arc<Case>>, StateError> {
        if let Some(touched) = self.working.cases.get(id) {
            return Ok(Some(Arc::clone(&touched.after)));
        }
        case_below(&self.recent_cases, &self.backing, id)
    }

    /// The cases whose ids begin with `prefix`, a workflow and the beginning of a
    /// key, in order of ids.
    ///
    /// # Errors
    /// [`StateError`] when a row cannot be read.
    pub fn cases_under(&self, prefix: &str) -> Result<Vec<Case>, StateError> {
        let mut found: BTreeMap<String, Case> = BTreeMap::new();
        let Ok(first) = CaseId::new(prefix) else { return Ok(Vec::new()) };
        for layer in self.layers() {
            let within = layer.cases.range(&first..).take_while(|(id, _)| id.as_str().starts_with(prefix));
            for (id, touched) in within {
                found.entry(id.to_string()).or_insert_with(|| Case::clone(&touched.after));
            }
        }
        let mut damaged = None;
        self.backing.scan(Family::Case, prefix.as_bytes(), &mut |key, bytes| {
            let within = key.starts_with(prefix.as_bytes());
            let stored = String::from_utf8_lossy(key);
            if within && !found.contains_key(stored.as_ref()) {
                match decode::<Case>(Family::Case, key, bytes) {
                    Ok(case) => drop(found.insert(stored.into_owned(), case)),
                    Err(error) => damaged = Some(error),
                }
            }
            within && damaged.is_none()
        })?;
        damaged.map_or_else(|| Ok(found.into_values().collect()), Err)
    }

    /// What is known of a fact that was seen before, by its key.
    ///
    /// # Errors
    /// [`StateError`] when its row cannot be read.
    pub(super) fn known(&self, key: &[u8]) -> Result<Option<Known>, StateError> {
        if let Some(known) = self.working.known.get(key).or_else(|| self.recent_known.get(key)) {
            return Ok(Some(known.clone()));
        }
        let stored = self.backing.get(Family::Known, key)?;
        stored.map(|bytes| decode(Family::Known, key, &bytes)).transpose()
    }

    /// Notes a fact that was seen.
    pub(super) fn put_known(&mut self, key: Vec<u8>, known: Known) {
        self.working.known.insert(key, known);
    }

    /// Adds a case, with the timers that its deadlines want.
    pub(super) fn add_case(&mut self, case: Case) {
        for timer in wakes(&case) {
            self.put_timer(timer, true);
        }
        let touched = Touched { before: None, after: Arc::new(case) };
        self.working.cases.insert(touched.after.id.clone(), touched);
    }

    /// Changes a case and the timers that its deadlines want; `false` when there
    /// is none. A case that changes often within a layer is copied once.
    pub(super) fn edit_case(
        &mut self,
        id: &CaseId,
        edit: impl FnOnce(&mut Case),
    ) -> Result<bool, StateError> {
        let touched = match self.working.cases.entry(id.clone()) {
            Entry::Occupied(touched) => touched.into_mut(),
            Entry::Vacant(place) => {
                let Some(before) = case_below(&self.recent_cases, &self.backing, id)? else {
                    return Ok(false);
                };
                place.insert(Touched { after: Arc::clone(&before), before: Some(before) })
            }
        };
        let case = Arc::make_mut(&mut touched.after);
        let (before, stood) = (wakes(case), tally::standing(case));
        edit(case);
        let after = wakes(case);
        let tallied = tally::changes(&stood, case);
        if before != after {
            for timer in before {
                self.put_timer(timer, false);
            }
            for timer in after {
                self.put_timer(timer, true);
            }
        }
        for (key, by) in tallied {
            self.add_tally(key, by)?;
        }
        Ok(true)
    }

    /// Sets or takes away a timer.
    pub(super) fn put_timer(&mut self, timer: TimerKey, set: bool) {
        if set {
            self.wake = self.wake.min(timer.at);
        }
        if let Some((until, heard)) = &mut self.heard
            && set
            && timer.at <= *until
        {
            heard.push(timer.clone());
        }
        self.working.timers.insert(timer, set);
    }

    /// Notes the timers up to `until` that are set from now on; none for no more.
    pub(super) fn listen(&mut self, until: Option<Instant>) {
        self.heard = until.map(|until| (until, Vec::new()));
    }

    /// The timers that were set since they were asked for last.
    pub(super) fn heard(&mut self) -> Vec<TimerKey> {
        self.heard.as_mut().map(|(_, heard)| std::mem::take(heard)).unwrap_or_default()
    }

    /// Whether a timer is set.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read.
    pub(super) fn is_set(&self, timer: &TimerKey) -> Result<bool, StateError> {
        if let Some(set) = self.layers().find_map(|layer| layer.timers.get(timer)) {
            return Ok(*set);
        }
        Ok(self.backing.get(Family::Timer, &timer.to_bytes())?.is_some())
    }

    /// One row of a table of small things.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read.
    pub fn row<T: DeserializeOwned>(&self, family: Family, key: &[u8]) -> Result<Option<T>, StateError> {
        let place = (family, key.to_vec());
        for layer in self.layers() {
            if let Some(row) = layer.rows.get(&place) {
                return row.as_deref().map(|bytes| decode(family, key, bytes)).transpose();
            }
        }
        let stored = self.backing.get(family, key)?;
        stored.map(|bytes| decode(family, key, &bytes)).transpose()
    }

    /// Writes a row of a table of small things; `None` removes it.
    pub(super) fn put_row<T: Serialize>(
        &mut self,
        family: Family,
        key: &[u8],
        row: Option<&T>,
    ) -> Result<(), StateError> {
        let bytes = row.map(postcard::to_stdvec).transpose();
        let bytes = bytes.map_err(|error| wrong_row(family, key, &error))?;
        self.waits |= family == Family::ParkedFor && bytes.is_some();
        self.working.rows.insert((family, key.to_vec()), bytes);
        Ok(())
    }

    /// One tally; 0 where there is none.
    fn tally(&self, key: &[u8]) -> Result<i64, StateError> {
        if let Some(number) = self.layers().find_map(|layer| layer.tallies.get(key)) {
            return Ok(*number);
        }
        let stored = self.backing.get(Family::Tally, key)?;
        stored.map_or(Ok(0), |bytes| decode_tally(key, &bytes))
    }

    /// Adds to a tally. It is read from below once a layer, since every fact asks.
    pub(super) fn add_tally(&mut self, key: Vec<u8>, by: i64) -> Result<(), StateError> {
        if let Some(number) = self.working.tallies.get_mut(&key) {
            *number = number.saturating_add(by);
            return Ok(());
        }
        let after = self.tally(&key)?.saturating_add(by);
        self.working.tallies.insert(key, after);
        Ok(())
    }

    /// The sum of the tallies under the keys from `from` up to but not including `to`.
    pub(super) fn sum_tallies(&self, from: &[u8], to: &[u8]) -> Result<i64, StateError> {
        let mut newer: BTreeMap<&[u8], i64> = BTreeMap::new();
        for layer in self.layers() {
            for (key, number) in layer.tallies.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)))
            {
                newer.entry(key).or_insert(*number);
            }
        }
        let mut sum = newer.values().fold(0_i64, |sum, number| sum.saturating_add(*number));
        let mut damaged = None;
        self.backing.scan(Family::Tally, from, &mut |key, bytes| {
            let within = key < to;
            if within && !newer.contains_key(key) {
                match decode_tally(key, bytes) {
                    Ok(number) => sum = sum.saturating_add(number),
                    Err(error) => damaged = Some(error),
                }
            }
            within && damaged.is_none()
        })?;
        damaged.map_or(Ok(sum), Err)
    }

    /// Whether a fact may wait for a case. It costs nothing to ask, and every case that
    /// opens asks.
    pub(super) const fn may_wait(&self) -> bool {
        self.waits
    }

    /// The keys of a table that begin with `prefix`, at most `most`, in order.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read.
    pub fn keys(&self, family: Family, prefix: &[u8], most: usize) -> Result<Vec<Vec<u8>>, StateError> {
        let mut fates = BTreeMap::new();
        for layer in self.layers() {
            let rows = layer.rows.range((family, prefix.to_vec())..);
            for ((_, key), row) in rows.take_while(|((at, key), _)| *at == family && key.starts_with(prefix))
            {
                fates.entry(key.clone()).or_insert(row.is_some());
            }
        }
        let mut keys = Vec::new();
        self.backing.scan(family, prefix, &mut |key, _| {
            if !key.starts_with(prefix) || keys.len() >= most {
                return false;
            }
            if !fates.contains_key(key) {
                keys.push(key.to_vec());
            }
            true
        })?;
        keys.extend(fates.into_iter().filter_map(|(key, there)| there.then_some(key)));
        keys.sort();
        keys.truncate(most);
        Ok(keys)
    }

    /// The first timers that are due at `now`, at most `most`, in firing order.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read.
    pub fn due_timers(&self, now: Instant, most: usize) -> Result<Vec<TimerKey>, StateError> {
        let mut fates = BTreeMap::new();
        for layer in self.layers() {
            for (timer, set) in layer.timers.iter().take_while(|(timer, _)| timer.at <= now) {
                fates.entry(timer.clone()).or_insert(*set);
            }
        }
        let mut due: Vec<TimerKey> = Vec::new();
        let mut damaged = None;
        self.backing.scan(Family::Timer, &[], &mut |key, _| {
            let Some(timer) = TimerKey::from_bytes(key) else {
                damaged = Some(key.to_vec());
                return false;
            };
            if timer.at > now || due.len() >= most {
                return false;
            }
            if !fates.contains_key(&timer) {
                due.push(timer);
            }
            true
        })?;
        if let Some(key) = damaged {
            return Err(wrong_row(Family::Timer, &key, &"it names no timer"));
        }
        due.extend(fates.into_iter().filter_map(|(timer, set)| set.then_some(timer)));
        due.sort();
        due.truncate(most);
        Ok(due)
    }

    /// When the next timer is due, if there is one.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read.
    pub fn next_timer(&self) -> Result<Option<Instant>, StateError> {
        // It is asked for with every fact, so it looks no further than it must.
        let layers: Vec<&Layer> = self.layers().collect();
        let mut first: Option<Instant> = None;
        for (place, layer) in layers.iter().enumerate() {
            let newer = layers.get(..place).unwrap_or_default();
            let stands = |timer: &TimerKey| !newer.iter().any(|layer| layer.timers.contains_key(timer));
            let set = layer.timers.iter().find(|(timer, set)| **set && stands(timer));
            first = first.into_iter().chain(set.map(|(timer, _)| timer.at)).min();
        }
        self.backing.scan(Family::Timer, &[], &mut |key, _| {
            let Some(timer) = TimerKey::from_bytes(key) else { return true };
            if first.is_some_and(|first| first <= timer.at) {
                return false;
            }
            let stands = !layers.iter().any(|layer| layer.timers.contains_key(&timer));
            if stands {
                first = Some(timer.at);
            }
            !stands
        })?;
        Ok(first)
    }

    /// An instant before which no timer is due. It costs nothing to ask; timers
    /// that were taken away may leave it too early ([`State::refresh_wake`]).
    pub const fn wake(&self) -> Instant {
        self.wake
    }

    /// Looks when the next timer is really due.
    ///
    /// # Errors
    /// As [`State::next_timer`].
    pub fn refresh_wake(&mut self) -> Result<(), StateError> {
        self.wake = self.next_timer()?.unwrap_or(Instant::MAX);
        Ok(())
    }

    /// Roughly how many rows the working layer will write.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.working.weight()
    }

    /// Ends the working layer: its events are complete and on their way.
    ///
    /// # Errors
    /// [`StateError::Row`], never in practice: the checkpoint can be written.
    pub fn seal(&mut self) -> Result<Arc<Layer>, StateError> {
        let checkpoint = self.checkpoint.clone();
        self.put_row(Family::Checkpoint, &[], Some(&checkpoint))?;
        let layer = Arc::new(std::mem::take(&mut self.working));
        let stored = self.sealed - self.pending.len() as u64;
        self.sealed += 1;
        let cases = layer.cases.iter().map(|(id, touched)| (id.clone(), Arc::clone(&touched.after)));
        self.recent_cases.take_in(cases, self.sealed, stored);
        let known = layer.known.iter().map(|(key, known)| (key.clone(), known.clone()));
        self.recent_known.take_in(known, self.sealed, stored);
        self.pending.push_back(Arc::clone(&layer));
        Ok(layer)
    }

    /// Lets the oldest sealed layer go, after it was stored.
    pub fn release(&mut self) {
        self.pending.pop_front();
    }

    /// The rows under everything.
    pub const fn backing(&self) -> &B {
        &self.backing
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.working).chain(self.pending.iter().rev().map(|layer| &**layer))
    }
}

/// A case as it is below the working layer.
fn case_below<B: Backing>(
    recent: &Recent<CaseId, Arc<Case>>,
    backing: &B,
    id: &CaseId,
) -> Result<Option<Arc<Case>>, StateError> {
    if let Some(case) = recent.get(id) {
        return Ok(Some(Arc::clone(case)));
    }
    let key = id.as_str().as_bytes();
    let Some(bytes) = backing.get(Family::Case, key)? else { return Ok(None) };
    decode(Family::Case, key, &bytes).map(|case| Some(Arc::new(case)))
}

/// New contents of rows by family and key; `None` removes one.
pub type Changes = BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>;

/// The rows of a layer with its counts added to what is stored.
///
/// # Errors
/// [`StateError`] when a count cannot be read.
pub fn settle<B: Backing>(layer: &Layer, backing: &B) -> Result<Changes, StateError> {
    let Rows { mut rows, counts } = layer.to_rows().map_err(|error| wrong_row(Family::Case, &[], &error))?;
    for (key, change) in counts {
        let key = key.to_bytes();
        let before = backing.get(Family::Counter, &key)?;
        let before = before.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes);
        let after = before.saturating_add(change);
        rows.insert((Family::Counter, key), (after != 0).then(|| after.to_be_bytes().to_vec()));
    }
    Ok(rows)
}

fn decode_tally(key: &[u8], bytes: &[u8]) -> Result<i64, StateError> {
    let number = bytes.try_into().map(i64::from_be_bytes);
    number.map_err(|_| wrong_row(Family::Tally, key, &"it is no number"))
}

fn wakes(case: &Case) -> Vec<TimerKey> {
    let open = case.deadlines.iter().filter(|deadline| deadline.is_open());
    open.filter_map(|deadline| {
        let timer = Timer::Deadline(case.id.clone(), deadline.clock.clone());
        deadline.term.wake_at.map(|at| TimerKey { at, timer })
    })
    .collect()
}

fn load_policies<B: Backing>(backing: &B) -> Result<PolicySet, StateError> {
    let mut rows = Vec::new();
    backing.scan(Family::Policy, &[], &mut |key, bytes| {
        rows.push((key.to_vec(), bytes.to_vec()));
        true
    })?;
    let mut policies = PolicySet::default();
    for (key, bytes) in rows {
        let row: PolicyRow = decode(Family::Policy, &key, &bytes)?;
        let definition: Definition =
            serde_json::from_str(&row.document).map_err(|error| wrong_row(Family::Policy, &key, &error))?;
        policies = policies.with(&definition).map_err(|error| wrong_row(Family::Policy, &key, &error))?;
    }
    Ok(policies)
}

fn decode<T: DeserializeOwned>(family: Family, key: &[u8], bytes: &[u8]) -> Result<T, StateError> {
    postcard::from_bytes(bytes).map_err(|error| wrong_row(family, key, &error))
}

fn wrong_row(family: Family, key: &[u8], reason: &dyn std::fmt::Display) -> StateError {
    let key = String::from_utf8_lossy(key).into_owned();
    StateError::Row { family: family.name(), key, reason: reason.to_string() }
}
