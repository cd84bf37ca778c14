//! The way into the intake for facts that come over HTTP.
//!
//! The broker syncs once an append, so concurrent submissions share appends: while
//! one is on its way, the next gathers whoever waits. Nothing is acknowledged that
//! was not stored, and nothing is decided here.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::event::fact::Fact;
use crate::event::structured;
use crate::id::{Seq, TenantId};
use crate::port::log::{AppendError, Log, LogError, MOST_IN_APPEND, NewRecord};

/// How many appends are on their way at once: while the broker syncs one, the next
/// one travels; a third would only wait at the broker.
const IN_FLIGHT: usize = 2;
/// How much may wait to be appended, in KiB, before submissions are turned away:
/// some seconds of the broker's work.
const MOST_WAITING_KIB: usize = 64 * 1024;
/// How many submissions may wait; with small ones this bound comes first.
const MOST_WAITING: usize = 16 * 1024;
/// How many bytes one append gathers, so that one slow batch does not hold up all.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Why a submission was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too much waits already; nothing of this was stored. Submit again soon.
    #[error("take the facts in: too many wait to be stored")]
    Busy,
    /// The broker cannot be reached; nothing of this was stored. Submit again.
    #[error("take the facts in: {reason}")]
    Away {
        /// What the client said.
        reason: String,
    },
    /// The facts may be stored or not. Submit them again with the same ids: what
    /// was stored is recognised.
    #[error("learn whether the facts were stored: {reason}")]
    Unknown {
        /// What the client said.
        reason: String,
    },
    /// The broker takes no such records; repeating them is of no use.
    #[error("take the facts in: {reason}")]
    Refused {
        /// What is wrong with them.
        reason: String,
    },
    /// More facts than one append holds; nothing was stored.
    #[error("take {count} facts in at once: at most {MOST_IN_APPEND} share a batch")]
    TooMany {
        /// How many there were.
        count: usize,
    },
}

/// Facts on their way into the intake, with those who wait for them.
struct Submission {
    records: Vec<NewRecord>,
    answer: oneshot::Sender<Result<Seq, SubmitError>>,
    /// Room in the queue, given back when the submission is answered.
    _room: OwnedSemaphorePermit,
}

/// Takes facts in for one tenant. Cheap to clone; its task ends with the last one.
#[derive(Clone)]
pub struct Ingest {
    tenant: TenantId,
    queue: mpsc::Sender<Submission>,
    room: Arc<Semaphore>,
}

impl Ingest {
    /// Starts taking facts into `intake`. Must be called within a runtime.
    #[must_use]
    pub fn start<L: Log>(intake: L, tenant: TenantId) -> Self {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        tokio::spawn(run(intake, waiting));
        Self { tenant, queue, room: Arc::new(Semaphore::new(MOST_WAITING_KIB)) }
    }

    /// Stores facts durably, in their order and next to each other, and gives their
    /// places in the intake.
    ///
    /// # Errors
    /// [`SubmitError`]; only after [`SubmitError::Unknown`] may they be stored.
    pub async fn submit(&self, facts: &[Fact]) -> Result<Vec<Seq>, SubmitError> {
        let count = facts.len();
        if count > MOST_IN_APPEND {
            return Err(SubmitError::TooMany { count });
        }
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let records: Vec<NewRecord> = facts.iter().map(|fact| self.record(fact)).collect();
        let kib = records.iter().map(|record| record.size() / 1024 + 1).sum::<usize>();
        let kib = u32::try_from(kib.min(MOST_WAITING_KIB)).map_err(|_| SubmitError::Busy)?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(kib).map_err(|_| SubmitError::Busy)?;
        let (answer, told) = oneshot::channel();
        let submission = Submission { records, answer, _room: room };
        self.queue.try_send(submission).map_err(|_| SubmitError::Busy)?;
        let ended = || SubmitError::Unknown { reason: "the engine is stopping".into() };
        let last = told.await.map_err(|_| ended())??;
        let before = last.0.saturating_sub(count as u64);
        Ok((1..=count as u64).map(|place| Seq(before + place)).collect())
    }

    fn record(&self, fact: &Fact) -> NewRecord {
        let (subject, headers, body) = structured::to_message(fact, &self.tenant);
        NewRecord { subject, headers, body: Bytes::from(body) }
    }
}

async fn run<L: Log>(intake: L, mut waiting: mpsc::Receiver<Submission>) {
    let flights = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut carried = None;
    loop {
        // Room for an append comes first: whoever arrives meanwhile shares it.
        let Ok(flight) = Arc::clone(&flights).acquire_owned().await else { return };
        let first = match carried.take() {
            Some(first) => first,
            None => match waiting.recv().await {
                Some(first) => first,
                None => return,
            },
        };
        let (group, next) = gather(first, &mut waiting);
        carried = next;
        let intake = intake.clone();
        tokio::spawn(async move {
            store(&intake, group).await;
            drop(flight);
        });
    }
}

/// Whoever waits, as far as one append holds, and the one that was too much.
fn gather(
    first: Submission,
    waiting: &mut mpsc::Receiver<Submission>,
) -> (Vec<Submission>, Option<Submission>) {
    let bytes = |it: &Submission| it.records.iter().map(NewRecord::size).sum::<usize>();
    let (mut records, mut size) = (first.records.len(), bytes(&first));
    let mut group = vec![first];
    while let Ok(next) = waiting.try_recv() {
        records += next.records.len();
        size += bytes(&next);
        if records > MOST_IN_APPEND || size > MOST_BYTES {
            return (group, Some(next));
        }
        group.push(next);
    }
    (group, None)
}

/// Appends a group and tells everyone; if the broker refuses it, each submission is
/// tried by itself, so that one bad record does not turn the others away.
async fn store<L: Log>(intake: &L, group: Vec<Submission>) {
    let records: Vec<NewRecord> = group.iter().flat_map(|it| it.records.iter().cloned()).collect();
    let count = records.len() as u64;
    let width = u16::try_from(records.len()).unwrap_or(u16::MAX);
    metrics::histogram!("duban_ingest_batch_records").record(f64::from(width));
    match intake.append(records, None).await {
        Ok(last) => {
            let mut place = last.0.saturating_sub(count);
            for submission in group {
                place += submission.records.len() as u64;
                tell(submission, Ok(Seq(place)));
            }
        }
        Err(AppendError::Refused { .. }) if group.len() > 1 => {
            for submission in group {
                let stored = intake.append(submission.records.clone(), None).await;
                tell(submission, stored.map_err(|error| failed(&error)));
            }
        }
        Err(error) => {
            let error = failed(&error);
            for submission in group {
                tell(submission, Err(error.clone()));
            }
        }
    }
}

fn tell(submission: Submission, answer: Result<Seq, SubmitError>) {
    // Whoever submitted may have gone; the facts are stored all the same.
    let _ = submission.answer.send(answer);
}

fn failed(error: &AppendError) -> SubmitError {
    match error {
        AppendError::Refused { reason } => SubmitError::Refused { reason: reason.clone() },
        AppendError::Unknown { reason } => SubmitError::Unknown { reason: reason.clone() },
        // Without a fence none is broken; should one be, what was stored is not known.
        AppendError::Fenced { .. } => SubmitError::Unknown { reason: error.to_string() },
        AppendError::Log(LogError::Unavailable { reason, .. }) => {
            SubmitError::Away { reason: reason.clone() }
        }
        AppendError::Log(other) => SubmitError::Away { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::clock::Clock;
    use crate::memory::log::{Fault, MemoryLog};
    use crate::time::Instant;

    fn intake() -> MemoryLog {
        let clock = Clock::at(Instant::from_nanos(0));
        MemoryLog::new("intake", &["duban.genhe.intake.>".to_owned()], 2_000, clock)
    }

    fn ingest(log: &MemoryLog) -> Ingest {
        Ingest::start(log.clone(), TenantId::new("genhe").expect("a tenant"))
    }

    fn facts(name: &str, count: usize, size: usize) -> Vec<Fact> {
        (0..count)
            .map(|n| Fact {
                source: "/test".into(),
                id: format!("{name}-{n}"),
                kind: "objection.received".parse().expect("a type"),
                version: None,
                subject: None,
                actor: "tax".parse().expect("a unit"),
                occurred_at: None,
                imported_at: None,
                stated_by: None,
                data: serde_json::json!({"text": "x".repeat(size)}),
            })
            .collect()
    }

    #[tokio::test]
    async fn concurrent_submissions_share_appends_and_each_learns_its_own_places() {
        let (log, mut tasks) = (intake(), tokio::task::JoinSet::new());
        let ingest = ingest(&log);
        for n in 0..50 {
            let ingest = ingest.clone();
            tasks.spawn(async move { (n, ingest.submit(&facts(&format!("s{n}"), 3, 10)).await) });
        }
        while let Some(done) = tasks.join_next().await {
            let (n, places) = done.expect("a task");
            for (index, place) in places.expect("stored").into_iter().enumerate() {
                let record = log.get(place).await.expect("the log").expect("a record");
                let body = String::from_utf8_lossy(&record.body).into_owned();
                assert!(
                    body.contains(&format!("\"s{n}-{index}\"")),
                    "{place} should hold s{n}-{index}: {body}"
                );
            }
        }
        assert_eq!(log.last().await.expect("the log"), Seq(150));
    }

    #[tokio::test]
    async fn a_lost_answer_is_unknown_and_an_absent_broker_is_away() {
        let log = intake();
        let ingest = ingest(&log);
        log.plan(0, Fault::LoseAnswer);
        let lost = ingest.submit(&facts("a", 1, 10)).await;
        assert!(matches!(lost, Err(SubmitError::Unknown { .. })), "{lost:?}");
        assert_eq!(log.last().await.expect("the log"), Seq(1));
        log.set_away(true);
        let away = ingest.submit(&facts("b", 1, 10)).await;
        assert!(matches!(away, Err(SubmitError::Away { .. })), "{away:?}");
        log.set_away(false);
        assert_eq!(ingest.submit(&facts("b", 1, 10)).await, Ok(vec![Seq(2)]));
    }

    #[tokio::test]
    async fn a_record_that_is_refused_turns_nobody_else_away() {
        let log = intake();
        let ingest = ingest(&log);
        let (big, one, two) = (facts("big", 1, 5_000), facts("one", 1, 10), facts("two", 2, 10));
        let all = tokio::join!(ingest.submit(&one), ingest.submit(&big), ingest.submit(&two));
        assert_eq!(all.0.map(|places| places.len()), Ok(1));
        assert!(matches!(all.1, Err(SubmitError::Refused { .. })), "{:?}", all.1);
        assert_eq!(all.2.map(|places| places.len()), Ok(2));
        assert_eq!(log.last().await.expect("the log"), Seq(3));
    }

    #[tokio::test]
    async fn what_no_append_could_hold_is_turned_away_at_once() {
        let ingest = ingest(&intake());
        let refused = ingest.submit(&facts("many", MOST_IN_APPEND + 1, 1)).await;
        assert_eq!(refused, Err(SubmitError::TooMany { count: MOST_IN_APPEND + 1 }));
        assert_eq!(ingest.submit(&[]).await, Ok(Vec::new()));
    }
}
