//! Folding many entries fast: reading, decoding, folding and storing each on a
//! thread of its own, with bounded queues between them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::backing::{Stored, commit};
use super::error::EngineError;
use super::fold::{Fold, Read, read};
use crate::id::Seq;
use crate::kernel::layer::Layer;
use crate::kernel::state::settle;
use crate::port::log::{Log, LogError, MOST_IN_APPEND, Reader, Record};
use crate::port::store::Store;

/// How many groups wait between two threads.
const GROUPS_WAITING: usize = 8;
/// How many records go from thread to thread at once: few enough that what one thread
/// has written is still near when the next one reads it.
const RECORDS_AT_ONCE: usize = MOST_IN_APPEND / 2;
/// How long one read waits.
const WAIT: Duration = Duration::from_millis(500);

/// Folds the ledger into `fold` up to and including `until`, and writes it.
/// `progress` hears how far it has come.
///
/// # Errors
/// [`EngineError`]; the fold is gone then, what it had stored is consistent.
pub async fn catch_up<L: Log, S: Store>(
    ledger: &L,
    fold: Fold<S>,
    until: Seq,
    progress: Option<watch::Sender<Seq>>,
) -> Result<Fold<S>, EngineError> {
    let from = fold.seq();
    if from >= until {
        return Ok(fold);
    }
    let (give_records, take_records) = mpsc::channel(GROUPS_WAITING);
    let (give_entries, take_entries) = sync_channel(GROUPS_WAITING);
    let reading = tokio::spawn(read_until(ledger.clone(), from, until, give_records));
    let decoding = tokio::task::spawn_blocking(move || decode(take_records, &give_entries));
    let folding = tokio::task::spawn_blocking(move || fold_all(fold, &take_entries, progress.as_ref()));
    let folded = folding.await.map_err(died)?;
    decoding.await.map_err(died)?;
    let read = reading.await.map_err(died)?;
    // A broken chain says more than the reader's complaint that nobody listens.
    let fold = folded?;
    read?;
    Ok(fold)
}

fn died(error: tokio::task::JoinError) -> EngineError {
    EngineError::Died(error.to_string())
}

async fn read_until<L: Log>(
    ledger: L,
    from: Seq,
    until: Seq,
    give: mpsc::Sender<Result<Vec<Record>, EngineError>>,
) -> Result<(), EngineError> {
    let mut reader = ledger.reader(from).await?;
    let mut at = from;
    while at < until {
        let mut records = match reader.next(RECORDS_AT_ONCE, WAIT).await {
            Ok(records) => records,
            Err(LogError::Unavailable { .. }) => {
                tokio::time::sleep(WAIT).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        records.retain(|record| record.seq <= until);
        let Some(last) = records.last() else { continue };
        at = last.seq;
        if give.send(Ok(records)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn decode(
    mut take: mpsc::Receiver<Result<Vec<Record>, EngineError>>,
    give: &SyncSender<Result<Vec<Read>, EngineError>>,
) {
    while let Some(records) = take.blocking_recv() {
        let entries = records.and_then(|records| records.iter().map(read).collect());
        if give.send(entries).is_err() {
            return;
        }
    }
}

fn fold_all<S: Store>(
    mut fold: Fold<S>,
    take: &Receiver<Result<Vec<Read>, EngineError>>,
    progress: Option<&watch::Sender<Seq>>,
) -> Result<Fold<S>, EngineError> {
    let mut storing = Storing::start(fold.store().clone());
    while let Ok(entries) = take.recv() {
        for read in entries? {
            fold.apply(&read)?;
            if fold.is_full() {
                storing.give(&mut fold)?;
            }
        }
        if let Some(progress) = progress {
            progress.send_replace(fold.seq());
        }
    }
    storing.give(&mut fold)?;
    storing.finish(&mut fold)?;
    Ok(fold)
}

/// The thread that writes layers, one behind the fold. Dropping it waits for the
/// layer at hand: the state must not be read again while one may still come to it.
struct Storing {
    give: Option<SyncSender<Arc<Layer>>>,
    stored: Receiver<Result<(), EngineError>>,
    waiting: usize,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Storing {
    fn drop(&mut self) {
        self.give = None;
        if let Some(thread) = self.thread.take() {
            // Whether it was stored shows when the state is read again.
            let _ = thread.join();
        }
    }
}

impl Storing {
    fn start<S: Store>(store: S) -> Self {
        let (give, take) = sync_channel::<Arc<Layer>>(1);
        let (tell, stored) = sync_channel(2);
        let thread = std::thread::spawn(move || {
            while let Ok(layer) = take.recv() {
                let written = settle(&layer, &Stored(store.clone())).and_then(|rows| commit(&store, rows));
                if tell.send(written.map_err(EngineError::from)).is_err() {
                    return;
                }
            }
        });
        Self { give: Some(give), stored, waiting: 0, thread: Some(thread) }
    }

    fn give<S: Store>(&mut self, fold: &mut Fold<S>) -> Result<(), EngineError> {
        self.finish(fold)?;
        let layer = fold.seal()?;
        let sent = self.give.as_ref().is_some_and(|give| give.send(layer).is_ok());
        if !sent {
            return Err(EngineError::Died("the thread that stores is gone".into()));
        }
        self.waiting += 1;
        Ok(())
    }

    fn finish<S: Store>(&mut self, fold: &mut Fold<S>) -> Result<(), EngineError> {
        while self.waiting > 0 {
            let gone = |_| EngineError::Died("the thread that stores is gone".into());
            self.stored.recv().map_err(gone)??;
            fold.state_mut().release();
            self.waiting -= 1;
        }
        Ok(())
    }
}
