//! An append-only sequence of records: an intake or a ledger.
//!
//! This file states what an adapter promises. It does not know what the records
//! mean, and it names no broker.

use std::future::Future;
use std::time::Duration;

use crate::id::Seq;
pub use crate::port::record::{NewRecord, Record, fits};

/// The most records that one [`Log::append`] takes: the broker's limit of an
/// atomic batch (NATS server 2.12 and later).
pub const MOST_IN_APPEND: usize = 1000;

/// Why a log did not answer.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The server cannot be reached or did not answer in time. Retry.
    #[error("reach the log {log}: {reason}")]
    Unavailable {
        /// The log's name.
        log: String,
        /// What the client said.
        reason: String,
    },
    /// Records that were there are gone, or are not contiguous. Give up: this
    /// log's holder must look.
    #[error(
        "read the log {log} on from {expected}: the server offers {found} instead; records were lost or cut off; restore the stream from a backup or let a healthy replica take over"
    )]
    Broken {
        /// The log's name.
        log: String,
        /// The place that should have come.
        expected: Seq,
        /// The place that came, or the last one there is.
        found: Seq,
    },
    /// The log exists but is not kept as it must be. Give up until it is mended.
    #[error("accept the log {log} as it is configured: {}", faults.join("; "))]
    Misconfigured {
        /// The log's name.
        log: String,
        /// Each setting that is wrong, with the value it must have.
        faults: Vec<String>,
    },
    /// The server does not let this client do that. Give up until permitted.
    #[error("use the log {log}: {reason}")]
    Forbidden {
        /// The log's name.
        log: String,
        /// What the server said.
        reason: String,
    },
}

/// Why records were not appended, or are not known to be.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else appended first: nothing of this append was or will be
    /// stored. Read on from the log and follow.
    #[error("append after {expected}: the log has moved on")]
    Fenced {
        /// The last place the writer believed in.
        expected: Seq,
    },
    /// No answer came: the records may be stored, now or a moment later. Look at
    /// what is stored; repeat only under the same fence.
    #[error("learn whether the append was stored: {reason}")]
    Unknown {
        /// What the client said.
        reason: String,
    },
    /// The records break a rule of the log; repeating them is of no use.
    #[error("append to the log: {reason}")]
    Refused {
        /// What is wrong: too large, too many, a subject not taken.
        reason: String,
    },
    /// The server cannot be reached; nothing was sent. Retry.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// One append-only sequence of records. Cheap to clone; all clones are one log.
pub trait Log: Clone + Send + Sync + 'static {
    /// Reads records in order.
    type Reader: Reader;

    /// The log's name, for messages.
    fn name(&self) -> &str;

    /// The place of the last record, as the log's *leader* knows it; zero when
    /// there is none. It never goes back unless records were lost.
    fn last(&self) -> impl Future<Output = Result<Seq, LogError>> + Send;

    /// One record, from the leader; `None` when that place is not there.
    fn get(&self, seq: Seq) -> impl Future<Output = Result<Option<Record>, LogError>> + Send;

    /// A reader whose first record is the one after `after`.
    ///
    /// # Errors
    /// [`LogError::Broken`] when the log ends before `after`; the others when the
    /// server cannot say.
    fn reader(&self, after: Seq) -> impl Future<Output = Result<Self::Reader, LogError>> + Send;

    /// Appends 1 to [`MOST_IN_APPEND`] records, all or none, contiguously, durably
    /// (synced to disk, on a majority where there are replicas) before it answers
    /// with the place of the last one. With a fence nothing is appended unless the
    /// log's last record is just `fence`; without one, records of others may have
    /// come before, never between.
    ///
    /// An append that finds exactly its own records after its fence answers as if
    /// it had stored them, so repeating under the same fence is always safe.
    fn append(
        &self,
        records: Vec<NewRecord>,
        fence: Option<Seq>,
    ) -> impl Future<Output = Result<Seq, AppendError>> + Send;
}

/// Reads a log in order, from where it was opened.
pub trait Reader: Send + 'static {
    /// The next records, at least one unless `wait` passes first, at most `most`.
    ///
    /// Contiguous: the adapter drops what it has already given and reports
    /// [`LogError::Broken`] rather than skip. A reader goes on by itself after the
    /// server was away; [`LogError::Unavailable`] means only that it is away now.
    fn next(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> impl Future<Output = Result<Vec<Record>, LogError>> + Send;
}
