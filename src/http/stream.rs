//! `GET stream`: the ledger's entries as they come, as server-sent events.
//!
//! An event's id is its ledger sequence, so that whoever was cut off goes on where
//! it was (`Last-Event-ID`). An entry is sent once queries see it: who asks after it
//! came reads what it brought.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::problem::Problem;
use super::site::Asked;
use crate::engine::handle::Status;
use crate::event::entry::Entry;
use crate::id::Seq;
use crate::port::log::Log;
use crate::port::record::Record;
use crate::port::store::Store;

/// How many streams of a tenant are open at once; each holds a reader of the ledger.
const MOST_STREAMS: usize = 256;
/// How many entries are read ahead of a slow listener.
const AHEAD: usize = 128;
/// How long the ledger may take to give entries that are there.
const WITHIN: Duration = Duration::from_secs(5);
/// How often a silent stream says that it is alive, before proxies cut it.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// When a client that was cut off tries again.
const RETRY: Duration = Duration::from_secs(2);

/// The open streams of a tenant, and the word that ends them.
pub struct Streams {
    room: Arc<Semaphore>,
    ended: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(MOST_STREAMS)), ended: watch::Sender::new(false) }
    }
}

impl Streams {
    /// Ends all streams, so that a server that is to stop need not wait for them.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }
}

/// The entries after a place: that of `Last-Event-ID`, or of `after`, or the end.
///
/// # Errors
/// A problem when the place is not on the ledger or too many listen.
pub async fn stream<S: Store, L: Log>(asked: Asked<S, L>, headers: HeaderMap) -> Result<Response, Problem> {
    let params = asked.params(&["after"])?;
    let status = asked.tenant.handle.watch();
    let last = status.borrow().ledger_seq;
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    // What is wrong is told even where the other one goes first.
    let asked_after = params.text("after").map(|text| place(text, last)).transpose()?;
    let after = resumed.map(|text| place(text, last)).transpose()?.or(asked_after).unwrap_or(last);
    let busy = |_| Problem::new("server.busy", format!("{MOST_STREAMS} streams are open; try again later"));
    let room = Arc::clone(&asked.tenant.streams.room).try_acquire_owned().map_err(busy)?;
    let seen = asked.reader();
    let reader = seen.follow(after).await?;
    let ended = asked.tenant.streams.ended.subscribe();
    let following = Following { reader, status, ended, last: after, ahead: VecDeque::new(), _room: room };
    let entries = futures::stream::unfold((following, seen), |(mut following, seen)| async {
        loop {
            let record = following.next().await?;
            // What cannot be read stops the tenant; it is shown to nobody here.
            if Entry::read(&record.body).is_ok_and(|entry| seen.sees(&entry)) {
                return Some((Ok::<_, Infallible>(event(&record)), (following, seen)));
            }
        }
    });
    Ok(Sse::new(entries).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)).into_response())
}

fn place(text: &str, last: Seq) -> Result<Seq, Problem> {
    let given = text.parse::<u64>().ok().map(Seq).filter(|seq| *seq <= last);
    given.ok_or_else(|| {
        let detail = format!("give a ledger sequence from 0 to {last}");
        Problem::new("parameter.invalid", detail).about("after", text)
    })
}

/// An entry as it stands on the ledger, in one line of JSON.
fn event(record: &Record) -> Event {
    let body = String::from_utf8_lossy(&record.body).replace(['\r', '\n'], " ");
    Event::default().event("ledger").id(record.seq.to_string()).retry(RETRY).data(body)
}

/// One listener's place on the ledger.
struct Following<R> {
    reader: R,
    status: watch::Receiver<Status>,
    ended: watch::Receiver<bool>,
    last: Seq,
    ahead: VecDeque<Record>,
    _room: OwnedSemaphorePermit,
}

impl<R: crate::port::log::Reader> Following<R> {
    /// The next entry that queries see; none when the stream is to end.
    async fn next(&mut self) -> Option<Record> {
        loop {
            if *self.ended.borrow() {
                return None;
            }
            let seen = self.status.borrow_and_update().ledger_seq;
            if self.last < seen {
                if self.ahead.is_empty() {
                    // A listener that is cut off because the broker is away tries again.
                    self.ahead.extend(self.reader.next(AHEAD, WITHIN).await.ok()?);
                }
                // What was read ahead of the queries waits for them.
                if self.ahead.front().is_some_and(|record| record.seq <= seen)
                    && let Some(record) = self.ahead.pop_front()
                {
                    self.last = record.seq;
                    return Some(record);
                }
                if self.ahead.is_empty() {
                    continue;
                }
            }
            tokio::select! {
                changed = self.status.changed() => changed.ok()?,
                _ = self.ended.changed() => return None,
            }
        }
    }
}
