//! Who waits for the outcome of which fact.
//!
//! Outcomes are kept for a while after they are known, because a publisher learns
//! its intake place only when the engine may have decided the fact already.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::handle::Outcome;
use crate::id::Seq;

/// How many outcomes are kept for those who have not asked yet: some seconds of
/// the highest load.
const KEPT: usize = 50_000;

#[derive(Default)]
struct Book {
    waiting: BTreeMap<Seq, Vec<oneshot::Sender<Outcome>>>,
    known: BTreeMap<Seq, Outcome>,
}

/// Promises of outcomes, and outcomes not asked for yet.
#[derive(Default)]
pub struct Outcomes(Mutex<Book>);

impl Outcomes {
    /// A promise of what becomes of the intake record `seq`.
    pub fn expect(&self, seq: Seq) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = book.known.get(&seq) {
            // The receiver is in our hands; it cannot have gone.
            let _ = tell.send(outcome.clone());
        } else {
            let waiting = book.waiting.entry(seq).or_default();
            waiting.retain(|other| !other.is_closed());
            waiting.push(tell);
        }
        told
    }

    /// Tells what became of records, now that queries see it.
    pub fn tell(&self, outcomes: impl IntoIterator<Item = (Seq, Outcome)>) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (seq, outcome) in outcomes {
            for waiting in book.waiting.remove(&seq).into_iter().flatten() {
                // Whoever waited may have given up.
                let _ = waiting.send(outcome.clone());
            }
            book.known.insert(seq, outcome);
            if book.known.len() > KEPT {
                book.known.pop_first();
            }
        }
    }
}
