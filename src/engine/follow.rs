//! Following: another engine decides, this one folds what it reads and is ready.
//!
//! No lease is kept: an engine takes over when there is something to decide and
//! the ledger has not moved for a while. If it is wrong, the fence lets only one
//! of the two append, and the other follows again.

use tokio::time::Instant as Moment;

use super::error::EngineError;
use super::fold::{Fold, read};
use super::handle::Outcome;
use super::outcomes::Outcomes;
use super::settings::Settings;
use super::tick::tick;
use crate::id::Seq;
use crate::kernel::row::Checkpoint;
use crate::port::log::{Log, MOST_IN_APPEND, Reader, Record};
use crate::port::store::Store;
use crate::time::Instant;

/// How many records at the end of the intake are looked at for being mere ticks.
const MOST_TICKS: u64 = 8;

/// An engine that follows.
pub struct Follower<'a, L: Log, S: Store> {
    fold: &'a mut Fold<S>,
    intake: &'a L,
    reader: L::Reader,
    settings: &'a Settings,
    outcomes: &'a Outcomes,
    /// Since when there is something to decide and the ledger stands still.
    stalled: Option<Moment>,
}

impl<'a, L: Log, S: Store> Follower<'a, L, S> {
    /// Follows from where `fold` stands.
    ///
    /// # Errors
    /// [`EngineError::Log`] when the ledger cannot be read.
    pub async fn start(
        fold: &'a mut Fold<S>,
        intake: &'a L,
        ledger: &'a L,
        settings: &'a Settings,
        outcomes: &'a Outcomes,
    ) -> Result<Self, EngineError> {
        let reader = ledger.reader(fold.seq()).await?;
        Ok(Self { fold, intake, reader, settings, outcomes, stalled: None })
    }

    /// Folds the ledger up to `until`, and tells what became of whose facts.
    ///
    /// # Errors
    /// [`EngineError`], as its advice says.
    pub async fn reach(&mut self, until: Seq) -> Result<(), EngineError> {
        while self.fold.seq() < until {
            let records = self.reader.next(MOST_IN_APPEND, self.settings.idle).await?;
            self.fold_records(&records)?;
        }
        Ok(())
    }

    /// One round: folds what came, or looks whether to take over; `true` then.
    ///
    /// # Errors
    /// [`EngineError`], as its advice says.
    pub async fn round(&mut self) -> Result<bool, EngineError> {
        let records = self.reader.next(MOST_IN_APPEND, self.settings.idle).await?;
        if records.is_empty() {
            return self.should_lead().await;
        }
        self.stalled = None;
        self.fold_records(&records)?;
        Ok(false)
    }

    fn fold_records(&mut self, records: &[Record]) -> Result<(), EngineError> {
        let mut verdicts = Vec::new();
        for record in records {
            let read = read(record)?;
            self.fold.apply(&read)?;
            verdicts.extend(Outcome::of(&read.entry).map(|outcome| (read.entry.decided.cause, outcome)));
        }
        tokio::task::block_in_place(|| self.fold.write())?;
        self.fold.state_mut().refresh_wake()?;
        self.outcomes.tell(verdicts);
        Ok(())
    }

    async fn should_lead(&mut self) -> Result<bool, EngineError> {
        let checkpoint = self.fold.state().checkpoint();
        let seen = checkpoint.decided.max(checkpoint.cause);
        let due = self.fold.state().next_timer()?.is_some_and(|at| at <= (self.settings.now)());
        if !due && self.is_idle(seen).await? {
            self.stalled = None;
            return Ok(false);
        }
        let since = *self.stalled.get_or_insert_with(Moment::now);
        Ok(since.elapsed() >= self.settings.takeover_after)
    }

    /// Whether nothing after `seen` wants a decision. Ticks leave no trace on the
    /// ledger when they fired nothing, so a few of them at the end are looked at.
    async fn is_idle(&self, seen: Seq) -> Result<bool, EngineError> {
        let last = self.intake.last().await?;
        if last.0.saturating_sub(seen.0) > MOST_TICKS {
            return Ok(false);
        }
        let subject = tick(&self.settings.tenant).subject;
        for place in seen.0 + 1..=last.0 {
            let record = self.intake.get(Seq(place)).await?;
            if record.is_none_or(|record| record.subject != subject) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// When the next timer is due: whoever looks at an engine that is just taking
    /// over must not find it at rest while something is due.
    pub fn next_timer(&self) -> Option<Instant> {
        self.fold.next_timer()
    }

    /// Where the fold stands.
    pub fn checkpoint(&self) -> &Checkpoint {
        self.fold.state().checkpoint()
    }
}
