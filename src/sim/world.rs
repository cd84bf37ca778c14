//! The simulated world: two logs, a clock, and engines that come and go.
//!
//! It does to the engines what it is told; what to do is drawn in
//! [`super::simulation`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::random::Random;
use crate::engine::error::EngineError;
use crate::engine::handle::{Handle, Role, Status};
use crate::engine::settings::Settings;
use crate::engine::tenant::Engine;
use crate::event::fact::Fact;
use crate::event::structured::to_message;
use crate::id::{Seq, TenantId};
use crate::memory::clock::Clock;
use crate::memory::log::{Fault, MemoryLog};
use crate::memory::shelf::MemoryShelf;
use crate::memory::store::MemoryStore;
use crate::port::log::Log;
use crate::port::record::NewRecord;
use crate::port::shelf::{Current, Shelf};
use crate::time::Instant;

/// What one record may have; no simulated fact comes near it.
const MOST_BYTES: usize = 1024 * 1024;
/// How often an idle engine looks around: simulated hours pass in milliseconds.
const IDLE: Duration = Duration::from_millis(4);
/// How long a follower waits before it takes over.
const TAKEOVER_AFTER: Duration = Duration::from_millis(20);
/// The most steps that a crash takes from a store.
const MOST_STEPS_LOST: u64 = 4;

/// One engine with what outlives it.
struct Slot {
    shelf: MemoryShelf,
    handle: Handle<MemoryStore>,
    task: JoinHandle<()>,
}

/// Logs, clock and engines of one tenant.
pub struct World {
    /// Whose world it is.
    pub tenant: TenantId,
    /// The wall clock and the server's.
    pub clock: Clock,
    /// What was stated.
    pub intake: MemoryLog,
    /// What was decided.
    pub ledger: MemoryLog,
    slots: Vec<Slot>,
    /// How many identities were drawn: no two engines of a world share one, since
    /// an append is told for an engine's own by the identity that it carries.
    drawn: Arc<AtomicU64>,
}

impl World {
    /// A world in which nothing has happened, with `engines` of them running.
    ///
    /// # Errors
    /// [`EngineError`] when an engine cannot be made.
    pub fn new(tenant: TenantId, begins_at: Instant, engines: usize) -> Result<Self, EngineError> {
        let clock = Clock::at(begins_at);
        let log = |name: &str| {
            let subjects = [format!("duban.{tenant}.{name}.>")];
            MemoryLog::new(name, &subjects, MOST_BYTES, clock.clone())
        };
        let (intake, ledger) = (log("intake"), log("ledger"));
        let drawn = Arc::default();
        let mut world = Self { tenant, clock, intake, ledger, slots: Vec::new(), drawn };
        for _ in 0..engines {
            let slot = world.start(MemoryShelf::new())?;
            world.slots.push(slot);
        }
        Ok(world)
    }

    fn start(&self, shelf: MemoryShelf) -> Result<Slot, EngineError> {
        let clock = self.clock.clone();
        let now = Arc::new(move || clock.now());
        let drawn = Arc::clone(&self.drawn);
        let draw_id =
            Arc::new(move || uuid::Uuid::from_u128(u128::from(drawn.fetch_add(1, Ordering::Relaxed)) + 1));
        let settings = Settings {
            idle: IDLE,
            takeover_after: TAKEOVER_AFTER,
            ..Settings::new(self.tenant.clone(), now, draw_id)
        };
        let (engine, handle) =
            Engine::new(settings, self.intake.clone(), self.ledger.clone(), shelf.clone())?;
        let task = tokio::spawn(engine.run());
        Ok(Slot { shelf, handle, task })
    }

    /// States a fact; whether it was acknowledged.
    pub async fn state(&self, fact: &Fact) -> bool {
        let (subject, headers, body) = to_message(fact, &self.tenant);
        let record = NewRecord { subject, headers, body: body.into() };
        self.intake.append(vec![record], None).await.is_ok()
    }

    /// Kills an engine where it stands, and starts it again on what its store would
    /// be found to be.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot be started again.
    pub async fn crash(&mut self, random: &mut Random) -> Result<(), EngineError> {
        let Some(place) = self.any_slot(random) else { return Ok(()) };
        let slot = self.slots.swap_remove(place);
        slot.task.abort();
        // It ends at the next point where it waits.
        let _ = slot.task.await;
        let found = match slot.shelf.current()? {
            Current::Ready(store) if !random.happens(150) => {
                let lost = usize::try_from(random.below(MOST_STEPS_LOST)).unwrap_or(0);
                Some(store.after_crash(lost))
            }
            Current::Ready(_) | Current::Absent(_) => None,
        };
        let shelf = MemoryShelf::new();
        shelf.replace(found);
        let slot = self.start(shelf)?;
        self.slots.push(slot);
        Ok(())
    }

    /// Stops an engine in order, and starts it again.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot be started again.
    pub async fn restart(&mut self, random: &mut Random) -> Result<(), EngineError> {
        let Some(place) = self.any_slot(random) else { return Ok(()) };
        let slot = self.slots.swap_remove(place);
        slot.handle.stop().await;
        // While a log is away an engine may not come to hear it.
        let patience = Duration::from_millis(500);
        let Slot { shelf, mut task, .. } = slot;
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            task.abort();
            let _ = task.await;
            let found = shelf.current()?;
            let copy = MemoryShelf::new();
            copy.replace(match found {
                Current::Ready(store) => Some(store.after_crash(0)),
                Current::Absent(_) => None,
            });
            let slot = self.start(copy)?;
            self.slots.push(slot);
            return Ok(());
        }
        let slot = self.start(shelf)?;
        self.slots.push(slot);
        Ok(())
    }

    /// Asks an engine to make its projection again, without waiting for it.
    pub fn rebuild(&self, random: &mut Random) {
        let Some(slot) = random.pick(&self.slots) else { return };
        let handle = slot.handle.clone();
        tokio::spawn(async move {
            // Whether it agrees shows in the audit; an engine may die meanwhile.
            let _ = handle.rebuild().await;
        });
    }

    /// Lets one of the next commits of an engine's store fail.
    ///
    /// # Errors
    /// [`EngineError`] never, for a shelf in memory.
    pub fn fail_commit(&self, random: &mut Random) -> Result<(), EngineError> {
        let Some(slot) = random.pick(&self.slots) else { return Ok(()) };
        if let Current::Ready(store) = slot.shelf.current()? {
            store.fail_commit(1 + random.below(3));
        }
        Ok(())
    }

    /// One of the logs.
    pub fn any_log(&self, random: &mut Random) -> &MemoryLog {
        if random.happens(700) { &self.ledger } else { &self.intake }
    }

    /// Lets one of the next appends to a log go wrong.
    pub fn lose_append(&self, random: &mut Random) {
        let fault = match random.below(3) {
            0 => Fault::LoseAnswer,
            1 => Fault::LoseRecords,
            _ => Fault::ArriveLate,
        };
        let after = random.below(3);
        self.any_log(random).plan(after, fault);
    }

    /// Hides the last records of a log from its readers.
    pub async fn hide(&self, random: &mut Random) {
        let log = self.any_log(random);
        if let Ok(last) = log.last().await {
            log.hide_after(Some(Seq(last.0.saturating_sub(random.below(5)))));
        }
    }

    /// Ends whatever is wrong with the logs.
    pub fn heal(&self) {
        for log in [&self.intake, &self.ledger] {
            log.set_away(false);
            log.hide_after(None);
            // However many were late, none is now.
            let _ = log.deliver_late();
        }
    }

    /// How the engines stand.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        self.slots.iter().map(|slot| slot.handle.status()).collect()
    }

    /// Waits until an engine has decided everything up to `until`, and no timer is
    /// due; `false` when that does not happen in time.
    pub async fn rest(&self, until: Seq, within: Duration) -> bool {
        let resting = |status: &Status, now: Instant| {
            status.role == Role::Leading
                && status.decided_seq >= until
                && status.lag == 0
                && status.next_timer_at.is_none_or(|at| at > now)
        };
        let look = async {
            loop {
                if self.statuses().iter().any(|status| resting(status, self.clock.now())) {
                    return;
                }
                let changes = self.slots.iter().map(|slot| {
                    let mut watch = slot.handle.watch();
                    Box::pin(async move { watch.changed().await.is_ok() })
                });
                // A change may have come before it was watched for.
                let _ = tokio::time::timeout(10 * IDLE, futures::future::select_all(changes)).await;
            }
        };
        tokio::time::timeout(within, look).await.is_ok()
    }

    /// Stops all engines in order; their stores.
    ///
    /// # Errors
    /// [`EngineError`] never, for a shelf in memory.
    pub async fn stop(self) -> Result<(MemoryLog, MemoryLog, Vec<MemoryStore>), EngineError> {
        let mut stores = Vec::new();
        for slot in self.slots {
            slot.handle.stop().await;
            // A panic of an engine shows in what it left behind.
            let _ = slot.task.await;
            if let Current::Ready(store) = slot.shelf.current()? {
                stores.push(store);
            }
        }
        Ok((self.intake, self.ledger, stores))
    }

    fn any_slot(&self, random: &mut Random) -> Option<usize> {
        usize::try_from(random.below(self.slots.len() as u64)).ok().filter(|_| !self.slots.is_empty())
    }
}
