//! A log in memory: the twin of the one on the broker.
//!
//! It keeps the contract of [`crate::port::log::Log`] and fails on demand, in
//! every way in which the real one fails: an answer is lost, records arrive
//! late, the server is away, records disappear. It is deterministic: what it
//! does depends only on the calls made and the clock given.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant as Moment;

use crate::id::Seq;
use crate::memory::clock::Clock;
use crate::port::log::{AppendError, Log, LogError, MOST_IN_APPEND, Reader};
use crate::port::record::{NewRecord, Record};

/// How one append fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The records are stored, but the answer is lost.
    LoseAnswer,
    /// Neither the records nor the answer arrive.
    LoseRecords,
    /// No answer arrives, and the records only at [`MemoryLog::deliver_late`].
    ArriveLate,
    /// The server refuses with these words.
    Refuse(String),
    /// The server is away; nothing is sent.
    Away,
}

/// One log in memory. Cheap to clone; all clones are one log.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    subjects: Vec<String>,
    most_bytes: usize,
    clock: Clock,
    held: Mutex<Held>,
    /// Rises when readers should look again.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Held {
    records: BTreeMap<Seq, Record>,
    last: Seq,
    appends: u64,
    faults: BTreeMap<u64, Fault>,
    late: Vec<(Vec<NewRecord>, Option<Seq>)>,
    hidden_after: Option<Seq>,
    away: bool,
}

impl MemoryLog {
    /// An empty log that takes `subjects` and records of at most `most_bytes`,
    /// stamped by `clock`.
    #[must_use]
    pub fn new(name: &str, subjects: &[String], most_bytes: usize, clock: Clock) -> Self {
        let shared = Shared {
            name: name.to_owned(),
            subjects: subjects.to_vec(),
            most_bytes,
            clock,
            held: Mutex::default(),
            changes: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Lets an append fail: the next one if `after` is 0, else one `after` later.
    pub fn plan(&self, after: u64, fault: Fault) {
        let mut held = self.held();
        let number = held.appends + after;
        held.faults.insert(number, fault);
    }

    /// Lets late records arrive, in the order they were sent; each append is
    /// stored only if its fence still holds. Returns how many were stored.
    #[must_use]
    pub fn deliver_late(&self) -> usize {
        let mut held = self.held();
        let late = std::mem::take(&mut held.late);
        let now = self.shared.clock.now();
        let stored =
            late.iter().filter(|(records, fence)| held.store(records, *fence, now).is_some()).count();
        drop(held);
        self.change();
        stored
    }

    /// Hides what comes after `seq` from readers, as a lagging replica does;
    /// `None` shows everything again.
    pub fn hide_after(&self, seq: Option<Seq>) {
        self.held().hidden_after = seq;
        self.change();
    }

    /// Makes the server unreachable, or reachable again.
    pub fn set_away(&self, away: bool) {
        self.held().away = away;
        self.change();
    }

    /// Damages the log: all after `seq` is lost and its places are used again.
    pub fn cut_after(&self, seq: Seq) {
        let mut held = self.held();
        held.records.split_off(&seq.next());
        held.last = held.last.min(seq);
        drop(held);
        self.change();
    }

    /// Damages the log: one record is lost.
    pub fn lose(&self, seq: Seq) {
        self.held().records.remove(&seq);
        self.change();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is made whole before anything can panic.
        self.shared.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) {
        self.shared.changes.send_modify(|changes| *changes += 1);
    }

    fn broken(&self, expected: Seq, found: Seq) -> LogError {
        LogError::Broken { log: self.shared.name.clone(), expected, found }
    }

    fn reachable(&self, held: &Held) -> Result<(), LogError> {
        if held.away { Err(self.away()) } else { Ok(()) }
    }

    fn away(&self) -> LogError {
        LogError::Unavailable { log: self.shared.name.clone(), reason: "the server is away".into() }
    }

    fn check(&self, records: &[NewRecord]) -> Result<(), AppendError> {
        if records.is_empty() || records.len() > MOST_IN_APPEND {
            let reason = format!("{} records are not 1 to {MOST_IN_APPEND}", records.len());
            return Err(AppendError::Refused { reason });
        }
        for (place, record) in records.iter().enumerate() {
            if let Some(fault) = record.fault(&self.shared.subjects, self.shared.most_bytes) {
                return Err(AppendError::Refused { reason: format!("record {place}: {fault}") });
            }
        }
        Ok(())
    }

    fn take(&self, records: Vec<NewRecord>, fence: Option<Seq>) -> Result<Seq, AppendError> {
        self.check(&records)?;
        let mut held = self.held();
        let number = held.appends;
        held.appends += 1;
        let fault = held.faults.remove(&number);
        self.reachable(&held)?;
        let now = self.shared.clock.now();
        let unknown = |reason: &str| Err(AppendError::Unknown { reason: reason.to_owned() });
        match fault {
            None => self.store(&mut held, &records, fence, now),
            Some(Fault::LoseAnswer) => {
                held.store(&records, fence, now);
                unknown("the answer was lost")
            }
            Some(Fault::LoseRecords) => unknown("the records were lost"),
            Some(Fault::ArriveLate) => {
                held.late.push((records, fence));
                unknown("the records are late")
            }
            Some(Fault::Refuse(reason)) => Err(AppendError::Refused { reason }),
            Some(Fault::Away) => Err(self.away().into()),
        }
    }

    fn store(
        &self,
        held: &mut Held,
        records: &[NewRecord],
        fence: Option<Seq>,
        now: crate::time::Instant,
    ) -> Result<Seq, AppendError> {
        match (held.store(records, fence, now), fence) {
            (Some(last), _) => Ok(last),
            (None, Some(fence)) if fence > held.last => Err(self.broken(fence, held.last).into()),
            (None, Some(fence)) if held.has(records, fence) => Ok(Seq(fence.0 + records.len() as u64)),
            (None, fence) => Err(AppendError::Fenced { expected: fence.unwrap_or_default() }),
        }
    }

    /// What a reader that has given up to `given` may be given now.
    fn after(&self, given: Seq, most: usize) -> Result<Vec<Record>, LogError> {
        let held = self.held();
        self.reachable(&held)?;
        if held.last < given {
            return Err(self.broken(given.next(), held.last));
        }
        let visible = held.hidden_after.map_or(held.last, |seq| seq.min(held.last)).max(given);
        let mut records = Vec::new();
        let range = (Bound::Excluded(given), Bound::Included(visible));
        for (record, place) in held.records.range(range).map(|(_, record)| record).zip(given.0 + 1..) {
            if record.seq.0 != place && records.is_empty() {
                return Err(self.broken(Seq(place), record.seq));
            }
            if record.seq.0 != place || records.len() == most.max(1) {
                break;
            }
            records.push(record.clone());
        }
        if records.is_empty() && visible > given {
            return Err(self.broken(given.next(), held.last));
        }
        Ok(records)
    }
}

impl Held {
    /// Stores the records if the fence holds; the last place.
    fn store(&mut self, records: &[NewRecord], fence: Option<Seq>, now: crate::time::Instant) -> Option<Seq> {
        if fence.is_some_and(|fence| fence != self.last) {
            return None;
        }
        for record in records {
            let mut headers = record.headers.clone();
            headers.sort_by(|one, other| one.0.cmp(&other.0));
            let seq = self.last.next();
            let (subject, body) = (record.subject.clone(), record.body.clone());
            self.records.insert(seq, Record { seq, at: now, subject, headers, body });
            self.last = seq;
        }
        Some(self.last)
    }

    /// Whether just these records come after the fence.
    fn has(&self, records: &[NewRecord], fence: Seq) -> bool {
        let mut places = records.iter().zip(fence.0 + 1..);
        places.all(|(record, place)| {
            self.records.get(&Seq(place)).is_some_and(|stored| record.is_stored_as(stored))
        })
    }
}

impl Log for MemoryLog {
    type Reader = MemoryReader;

    fn name(&self) -> &str {
        &self.shared.name
    }

    async fn last(&self) -> Result<Seq, LogError> {
        let held = self.held();
        self.reachable(&held).map(|()| held.last)
    }

    async fn get(&self, seq: Seq) -> Result<Option<Record>, LogError> {
        let held = self.held();
        self.reachable(&held).map(|()| held.records.get(&seq).cloned())
    }

    async fn reader(&self, after: Seq) -> Result<MemoryReader, LogError> {
        let last = self.last().await?;
        if last < after {
            return Err(self.broken(after.next(), last));
        }
        Ok(MemoryReader { log: self.clone(), given: after, changes: self.shared.changes.subscribe() })
    }

    async fn append(&self, records: Vec<NewRecord>, fence: Option<Seq>) -> Result<Seq, AppendError> {
        let taken = self.take(records, fence);
        self.change();
        taken
    }
}

/// Reads one log in memory.
#[derive(Debug)]
pub struct MemoryReader {
    log: MemoryLog,
    given: Seq,
    changes: watch::Receiver<u64>,
}

impl Reader for MemoryReader {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Record>, LogError> {
        let until = Moment::now() + wait;
        loop {
            self.changes.mark_unchanged();
            let found = self.log.after(self.given, most);
            match found {
                Ok(records) if !records.is_empty() => {
                    self.given = Seq(self.given.0 + records.len() as u64);
                    return Ok(records);
                }
                Ok(_) | Err(LogError::Unavailable { .. }) => {}
                Err(error) => return Err(error),
            }
            if tokio::time::timeout_at(until, self.changes.changed()).await.is_err() {
                return found;
            }
        }
    }
}
