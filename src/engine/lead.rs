//! Leading: facts in, decisions on the ledger, rows in the store, outcomes out.
//!
//! Three things go on at once, each one step behind the other: one group of
//! events is decided, the one before it is being appended, and the ones before
//! that are being stored. Only one append is under way, because the next one is
//! fenced by it. Whatever goes wrong, the layers that are not stored are thrown
//! away and the ledger says what is so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::backing::{Stored, commit};
use super::error::EngineError;
use super::fold::Fold;
use super::group::{Group, Verdicts};
use super::intake::Intake;
use super::outcomes::Outcomes;
use super::settings::Settings;
use super::tick::tick;
use crate::event::catalogue::Event;
use crate::event::fact::{Content, Received};
use crate::id::{Name, Seq};
use crate::kernel::layer::Layer;
use crate::kernel::row::Checkpoint;
use crate::kernel::state::settle;
use crate::kernel::sweep::{self, Progress};
use crate::kernel::turn::MOST_IN_TURN;
use crate::kernel::{decide, timers};
use crate::port::log::{AppendError, Log, MOST_IN_APPEND};
use crate::port::store::Store;
use crate::time::Instant;

/// How many events time makes at once, roughly: with what the last of them brings they
/// must fit into one append.
const MOST_BY_TIME: usize = MOST_IN_APPEND - MOST_IN_TURN;
/// How many appended groups may wait to be stored before appending waits too.
const MOST_UNSTORED: usize = 8;
/// Up to how many rows the groups that wait are stored in one step: what changes in
/// several of them is written once, and a step of this size is still atomic in every
/// store.
const MOST_ROWS_AT_ONCE: usize = 12_000;
/// How long the engine waits for its own tick before it publishes another.
const TICK_AGAIN: Duration = Duration::from_millis(250);

type Ended = Result<(Seq, Verdicts), AppendError>;

struct Appending {
    task: JoinHandle<Ended>,
    layer: Arc<Layer>,
    last: Checkpoint,
}

/// A group on the ledger, to be stored.
struct Appended {
    layer: Arc<Layer>,
    verdicts: Verdicts,
    last: Checkpoint,
}

/// Groups that are being stored in one step.
struct Storing {
    task: JoinHandle<Result<(), EngineError>>,
    groups: usize,
    verdicts: Verdicts,
    last: Checkpoint,
}

/// An engine that decides.
pub struct Leader<'a, L: Log, S: Store> {
    fold: &'a mut Fold<S>,
    intake_log: &'a L,
    ledger: &'a L,
    settings: &'a Settings,
    outcomes: &'a Outcomes,
    intake: Intake,
    queue: VecDeque<Received>,
    group: Group,
    appending: Option<Appending>,
    appended: VecDeque<Appended>,
    storing: Option<Storing>,
    sweep: Option<(Name, Progress)>,
    ticked_at: Option<tokio::time::Instant>,
    /// When a fact of the past last came in.
    imported_at: Option<tokio::time::Instant>,
    read_seq: Seq,
    stored: Checkpoint,
    /// Drawn anew whenever an engine begins to lead.
    writer: String,
    /// Whether an append of its own has shown that it leads.
    confirmed: bool,
}

impl<'a, L: Log, S: Store> Leader<'a, L, S> {
    /// Leads from where `fold` stands.
    ///
    /// # Errors
    /// [`EngineError::State`] when the state cannot be read.
    pub fn start(
        fold: &'a mut Fold<S>,
        intake_log: &'a L,
        ledger: &'a L,
        settings: &'a Settings,
        outcomes: &'a Outcomes,
    ) -> Result<Self, EngineError> {
        let stored = fold.state().checkpoint().clone();
        let decided = stored.decided;
        let intake = Intake::read(intake_log.clone(), settings.tenant.clone(), decided);
        let sweep = sweep::pending(fold.state())?.map(|name| (name, Progress::default()));
        Ok(Self {
            fold,
            intake_log,
            ledger,
            settings,
            outcomes,
            intake,
            queue: VecDeque::new(),
            group: Group::default(),
            appending: None,
            appended: VecDeque::new(),
            storing: None,
            sweep,
            ticked_at: None,
            imported_at: None,
            read_seq: decided,
            stored,
            writer: (settings.draw_id)().to_string(),
            confirmed: false,
        })
    }

    /// The last intake record that was read.
    pub const fn read_seq(&self) -> Seq {
        self.read_seq
    }

    /// Whether it has appended since it began to lead.
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Where the rows stand that queries see.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.stored
    }

    /// When the next timer is due, or a little before; none when there is none.
    pub fn next_timer(&self) -> Option<Instant> {
        self.fold.next_timer()
    }

    /// Whether everything read is decided, appended and stored.
    pub fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.is_settled()
    }

    fn is_settled(&self) -> bool {
        self.group.is_empty()
            && self.appending.is_none()
            && self.appended.is_empty()
            && self.storing.is_none()
    }

    /// One round: decides what there is room for, sends it, and waits for
    /// whatever comes first, at most until `idle` is over.
    ///
    /// # Errors
    /// [`EngineError`]; throw the unsaved state away and ask its advice.
    pub async fn round(&mut self) -> Result<(), EngineError> {
        if !self.settings.slowed_by.is_zero() {
            tokio::time::sleep(self.settings.slowed_by).await;
        }
        self.fill()?;
        self.send()?;
        self.store();
        if !self.queue.is_empty() && self.has_room() {
            // What was sent has made room; there is nothing to wait for.
            return Ok(());
        }
        let (pause, wants_more) = (self.pause(), self.queue.is_empty() && self.has_room());
        tokio::select! {
            biased;
            stored = done(self.storing.as_mut().map(|storing| &mut storing.task)) => self.stored(stored)?,
            appended = done(self.appending.as_mut().map(|appending| &mut appending.task)) => self.appended(appended)?,
            received = self.intake.next(), if wants_more => self.take(received?),
            () = tokio::time::sleep(pause) => self.look_at_the_time().await?,
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        !self.group.is_full() && self.sweep.is_none()
    }

    fn take(&mut self, received: Vec<Received>) {
        if let Some(last) = received.last() {
            self.read_seq = last.seq;
        }
        if received.iter().any(is_imported) {
            self.imported_at = Some(tokio::time::Instant::now());
        }
        self.queue.extend(received);
    }

    /// Decides as much as the group has room for.
    fn fill(&mut self) -> Result<(), EngineError> {
        if self.sweep.is_some() {
            return self.sweep_on();
        }
        while self.has_room() {
            if self.queue.is_empty() {
                let Some(received) = self.intake.try_next()? else { break };
                self.take(received);
            }
            let Some(received) = self.queue.pop_front() else { continue };
            if let Some(waits) = self.decide(received)? {
                self.queue.push_front(waits);
            }
        }
        Ok(())
    }

    /// Decides one record; gives it back when timers come first, of which this was a part.
    fn decide(&mut self, received: Received) -> Result<Option<Received>, EngineError> {
        let now = timers::passes_until(self.fold.state(), &received);
        if self.fold.state().wake() <= now {
            let fired = timers::fire(self.fold.state_mut(), received.seq, now, MOST_BY_TIME)?;
            self.group.push(fired.out);
            self.fold.state_mut().refresh_wake()?;
            if fired.more || self.group.is_full() {
                return Ok(Some(received));
            }
        }
        let decided = decide::decide(self.fold.state_mut(), received)?;
        if decided
            .iter()
            .any(|out| matches!(&out.entry.decided.event, Event::PolicyPublished(it) if it.amends))
        {
            self.sweep = sweep::pending(self.fold.state())?.map(|name| (name, Progress::default()));
        }
        self.group.push(decided);
        Ok(None)
    }

    /// Goes on moving deadlines, once everything before is stored.
    fn sweep_on(&mut self) -> Result<(), EngineError> {
        if !self.is_settled() {
            return Ok(());
        }
        let Some((name, mut progress)) = self.sweep.take() else { return Ok(()) };
        let out = sweep::sweep(self.fold.state_mut(), &name, &mut progress, MOST_BY_TIME)?;
        self.group.push(out);
        self.sweep = match sweep::pending(self.fold.state())? {
            Some(same) if same == name => Some((name, progress)),
            other => other.map(|name| (name, Progress::default())),
        };
        Ok(())
    }

    /// Sends the group to the ledger, if none is on its way.
    fn send(&mut self) -> Result<(), EngineError> {
        let busy = self.appending.is_some() || self.appended.len() >= MOST_UNSTORED;
        if busy || self.group.is_empty() {
            return Ok(());
        }
        let group = std::mem::take(&mut self.group);
        let last = self.fold.state().checkpoint().clone();
        let layer = self.fold.seal()?;
        let (ledger, writer) = (self.ledger.clone(), self.writer.clone());
        let task = tokio::spawn(async move { group.append(&ledger, &writer).await });
        self.appending = Some(Appending { task, layer, last });
        Ok(())
    }

    fn appended(&mut self, done: Done<Ended>) -> Result<(), EngineError> {
        let Some(appending) = self.appending.take() else { return Ok(()) };
        let (at, verdicts) = done.map_err(|error| EngineError::Died(error.to_string()))??;
        let Appending { layer, last, .. } = appending;
        if at != last.seq {
            let reason = format!("it ends at {at} instead of {}", last.seq);
            return Err(AppendError::Unknown { reason }.into());
        }
        self.confirmed = true;
        self.appended.push_back(Appended { layer, verdicts, last });
        Ok(())
    }

    /// Stores the groups that were appended, as far as they make one step, if none
    /// are being stored.
    fn store(&mut self) {
        if self.storing.is_some() {
            return;
        }
        let Some(Appended { layer, mut verdicts, mut last }) = self.appended.pop_front() else { return };
        let mut layers = vec![layer];
        let mut rows = layers.iter().map(|layer| layer.weight()).sum::<usize>();
        while let Some(next) = self.appended.front() {
            rows += next.layer.weight();
            if rows > MOST_ROWS_AT_ONCE {
                break;
            }
            let Some(next) = self.appended.pop_front() else { break };
            layers.push(next.layer);
            verdicts.extend(next.verdicts);
            last = next.last;
        }
        let (groups, store) = (layers.len(), self.fold.store().clone());
        let task = tokio::task::spawn_blocking(move || {
            let rows = match layers.as_slice() {
                [layer] => settle(layer, &Stored(store.clone()))?,
                layers => {
                    let joined = layers.iter().fold(Layer::default(), |joined, layer| joined.and_then(layer));
                    settle(&joined, &Stored(store.clone()))?
                }
            };
            Ok(commit(&store, rows)?)
        });
        self.storing = Some(Storing { task, groups, verdicts, last });
    }

    fn stored(&mut self, done: Done<Result<(), EngineError>>) -> Result<(), EngineError> {
        let Some(storing) = self.storing.take() else { return Ok(()) };
        done.map_err(|error| EngineError::Died(error.to_string()))??;
        for _ in 0..storing.groups {
            self.fold.state_mut().release();
        }
        self.stored = storing.last;
        self.outcomes.tell(storing.verdicts);
        Ok(())
    }

    /// How long to wait when nothing comes: until the next timer, or `idle`.
    fn pause(&self) -> Duration {
        if self.sweep.is_some() && self.is_settled() {
            // A group of cases had nothing to move; the next one waits for nothing.
            return Duration::ZERO;
        }
        let now = (self.settings.now)();
        let until_timer = self.next_timer().map_or(self.settings.idle, |at| at.since(now));
        let until_tick = self.ticked_at.map_or(Duration::ZERO, |at| TICK_AGAIN.saturating_sub(at.elapsed()));
        let until_tick = until_tick.max(self.import_pause());
        until_timer.max(until_tick).clamp(Duration::from_millis(1), self.settings.idle)
    }

    /// How long an import may still have the time to itself.
    fn import_pause(&self) -> Duration {
        let left = |at: tokio::time::Instant| self.settings.import_pause.saturating_sub(at.elapsed());
        self.imported_at.map_or(Duration::ZERO, left)
    }

    /// Publishes a tick when a timer is due and no fact has let time pass.
    async fn look_at_the_time(&mut self) -> Result<(), EngineError> {
        if !self.is_due() {
            return Ok(());
        }
        // The instant may be that of a timer that was taken away since.
        self.fold.state_mut().refresh_wake()?;
        let waiting = self.ticked_at.is_some_and(|at| at.elapsed() < TICK_AGAIN)
            || self.import_pause() > Duration::ZERO;
        if self.is_due() && !waiting && self.is_quiet() && self.sweep.is_none() {
            self.ticked_at = Some(tokio::time::Instant::now());
            match self.intake_log.append(vec![tick(&self.settings.tenant)], None).await {
                // A tick that may or may not have been stored does no harm.
                Ok(_) | Err(AppendError::Unknown { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.next_timer().is_some_and(|at| at <= (self.settings.now)())
    }

    /// Waits until nothing writes to the store any more, after a failure: the
    /// state must not be read again while an old layer may still come to it.
    pub async fn abandon(mut self) {
        if let Some(storing) = self.storing.take() {
            // Whether it was stored shows when the state is read again.
            let _ = storing.task.await;
        }
    }

    /// Finishes what was decided so far, without taking anything new.
    ///
    /// # Errors
    /// As [`Leader::round`].
    pub async fn finish(&mut self) -> Result<(), EngineError> {
        while !self.is_settled() {
            self.send()?;
            self.store();
            tokio::select! {
                biased;
                stored = done(self.storing.as_mut().map(|storing| &mut storing.task)) => self.stored(stored)?,
                appended = done(self.appending.as_mut().map(|appending| &mut appending.task)) => self.appended(appended)?,
            }
        }
        Ok(())
    }
}

type Done<T> = Result<T, tokio::task::JoinError>;

/// The end of a task; never, if there is none.
async fn done<T>(task: Option<&mut JoinHandle<T>>) -> Done<T> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

fn is_imported(received: &Received) -> bool {
    matches!(&received.content, Content::Fact(fact) if fact.imported_at.is_some())
}
