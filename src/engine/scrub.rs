//! A slow walk over entries that were folded in an earlier life, in search of
//! damage that nobody would read otherwise.
//!
//! A broker that was stopped in order does not look at its blocks when it starts,
//! and an engine with a sound projection reads the ledger only from there on. A bit
//! that flipped in between would stay unseen while the ledger grows. The walk
//! changes nothing, and goes so slowly that nobody notices it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::error::EngineError;
use super::fold::read;
use crate::event::chain::Chain;
use crate::id::Seq;
use crate::port::log::{Log, LogError, Reader};

/// How many entries are read at once.
const AT_ONCE: usize = 1_000;
/// The pause after each group: ten thousand entries a second, some per cent of a
/// core, and a few minutes for millions of entries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one read waits.
const WAIT: Duration = Duration::from_secs(1);

/// A walk under way. Dropping it ends it.
pub struct Scrub {
    task: JoinHandle<()>,
    found: oneshot::Receiver<EngineError>,
}

impl Scrub {
    /// Walks over `ledger` from its first entry up to and including `until`.
    pub fn start<L: Log>(ledger: L, until: Seq) -> Self {
        let (tell, found) = oneshot::channel();
        let task = tokio::spawn(async move {
            if let Err(damage) = walk(&ledger, until).await {
                // The engine may have stopped meanwhile.
                let _ = tell.send(damage);
            }
        });
        Self { task, found }
    }

    /// What is wrong with the ledger, once that was found.
    pub fn found(&mut self) -> Option<EngineError> {
        self.found.try_recv().ok()
    }
}

impl Drop for Scrub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn walk<L: Log>(ledger: &L, until: Seq) -> Result<(), EngineError> {
    if until == Seq::ZERO {
        return Ok(());
    }
    let mut chain = Chain::default();
    let mut reader = loop {
        match ledger.reader(Seq::ZERO).await {
            Ok(reader) => break reader,
            Err(LogError::Unavailable { .. }) => tokio::time::sleep(WAIT).await,
            Err(error) => return Err(error.into()),
        }
    };
    while chain.seq < until {
        match reader.next(AT_ONCE, WAIT).await {
            Ok(records) => {
                for record in &records {
                    let read = read(record)?;
                    chain.follow(&read.entry)?;
                    chain = Chain { seq: read.entry.seq, hash: read.hash };
                }
            }
            // It comes back, or the engine finds out that it does not.
            Err(LogError::Unavailable { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
