//! One tenant's engine from start to stop.
//!
//! A session begins with the stored state and the ledger, checks that they belong
//! together, catches up, and then leads or follows until something fails. What a
//! failure calls for is the error's own advice; nothing is remembered across
//! sessions but the store.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use super::catchup::catch_up;
use super::error::{Advice, EngineError};
use super::fold::Fold;
use super::follow::Follower;
use super::handle::{Handle, Order, Role, Status};
use super::lead::Leader;
use super::outcomes::Outcomes;
use super::rebuild::Rebuild;
use super::scrub::Scrub;
use super::settings::Settings;
use super::start::{check, open};
use crate::id::Seq;
use crate::kernel::row::Checkpoint;
use crate::port::log::Log;
use crate::port::shelf::{Current, Shelf};
use crate::time::Instant;

/// How long an engine waits after a failure that passes.
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// So few entries are read one group at a time rather than on threads of their own.
const NEAR: u64 = 2_000;
/// How often a damaged projection is made again before the engine gives up.
const MOST_REBUILDS: u32 = 3;

/// What an engine works with.
pub struct Engine<L: Log, H: Shelf> {
    settings: Settings,
    intake: L,
    ledger: L,
    shelf: H,
    outcomes: Arc<Outcomes>,
    status: watch::Sender<Status>,
    orders: mpsc::Receiver<Order>,
    store: Arc<ArcSwap<H::Store>>,
    fold: Option<Fold<H::Store>>,
    rebuild: Option<Rebuild<H::Store>>,
    scrub: Option<Scrub>,
    rebuilds: u32,
    is_new: bool,
}

/// Why an engine leaves what it was doing.
enum Turn {
    /// It was asked to stop.
    Stop,
    /// The other role is due.
    Become(Role),
    /// A projection is ready to take the place of the one in use.
    Switch,
    /// The ledger turned out to be damaged where it was folded long ago.
    Damaged(EngineError),
}

impl<L: Log, H: Shelf> Engine<L, H> {
    /// An engine and the handle to it. The store in use is opened here, so that
    /// queries have something to read at once. Blocking.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the shelf cannot be used.
    pub fn new(
        settings: Settings,
        intake: L,
        ledger: L,
        shelf: H,
    ) -> Result<(Self, Handle<H::Store>), EngineError> {
        let (store, is_new) = match shelf.current()? {
            Current::Ready(store) => (store, false),
            Current::Absent(reason) => {
                info!(tenant = %settings.tenant, reason, "the projection is made from the ledger");
                (shelf.begin()?, true)
            }
        };
        let fold = Fold::load(store.clone(), &settings.tenant)?;
        let status = Status::starting(&settings.tenant, fold.state().checkpoint());
        let (status, watch) = watch::channel(status);
        let (give_orders, orders) = mpsc::channel(4);
        let store = Arc::new(ArcSwap::from_pointee(store));
        let outcomes = Arc::new(Outcomes::default());
        let handle = Handle {
            tenant: settings.tenant.clone(),
            store: Arc::clone(&store),
            status: watch,
            outcomes: Arc::clone(&outcomes),
            orders: give_orders,
        };
        let engine = Self {
            settings,
            intake,
            ledger,
            shelf,
            outcomes,
            status,
            orders,
            store,
            fold: Some(fold),
            rebuild: None,
            scrub: None,
            rebuilds: 0,
            is_new,
        };
        Ok((engine, handle))
    }

    /// Runs until it is asked to stop, or must stop.
    pub async fn run(mut self) {
        loop {
            let failure = match self.session().await {
                Ok(()) => break,
                Err(failure) => failure,
            };
            match failure.advice() {
                Advice::Again => {
                    info!(tenant = %self.settings.tenant, %failure, "the engine reads the ledger on");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Advice::Rebuild if self.rebuilds < MOST_REBUILDS => {
                    warn!(tenant = %self.settings.tenant, %failure, "the projection is set aside and made again");
                    if let Err(failure) = self.set_aside() {
                        return self.stop_for_good(&failure).await;
                    }
                }
                Advice::Rebuild | Advice::Stop => return self.stop_for_good(&failure).await,
            }
        }
        info!(tenant = %self.settings.tenant, "the engine has stopped");
    }

    /// From the stored state to the first failure, or the order to stop.
    async fn session(&mut self) -> Result<(), EngineError> {
        self.become_role(Role::Recovering);
        let mut fold = self.recover().await?;
        self.rebuilds = 0;
        let mut role = Role::Leading;
        // Whoever sees it lead sees what is due, too, before its first round.
        self.tell(fold.state().checkpoint(), fold.next_timer(), None, false);
        loop {
            self.become_role(role);
            let turn = match role {
                Role::Following => self.follow(&mut fold).await,
                Role::Leading | Role::Recovering | Role::Stopped => self.lead(&mut fold).await,
            };
            match turn {
                Ok(Turn::Stop) => return Ok(()),
                Ok(Turn::Become(next)) => role = next,
                Ok(Turn::Switch) => fold = self.switch(fold).await,
                Err(failure) if failure.is_fenced() => {
                    info!(tenant = %self.settings.tenant, "another engine has appended; this one follows");
                    fold.reload()?;
                    role = Role::Following;
                }
                Ok(Turn::Damaged(failure)) | Err(failure) => return Err(failure),
            }
        }
    }

    /// The state of the ledger's end, whatever was stored before.
    async fn recover(&mut self) -> Result<Fold<H::Store>, EngineError> {
        let store = H::Store::clone(&self.store.load());
        let mut fold = match self.fold.take() {
            Some(fold) => fold,
            None => Fold::load(store, &self.settings.tenant)?,
        };
        let mut last = check(&self.ledger, &self.settings, fold.state().checkpoint()).await?;
        // What an earlier life has folded is looked at once; the fold looks at the rest.
        let (ledger, until) = (&self.ledger, fold.seq());
        self.scrub.get_or_insert_with(|| Scrub::start(ledger.clone(), until));
        if last == Seq::ZERO {
            open(&self.ledger, &self.settings, &mut fold).await?;
            last = self.ledger.last().await?;
        }
        info!(tenant = %self.settings.tenant, from = fold.seq().0, to = last.0, "folding the ledger");
        if last.0.saturating_sub(fold.seq().0) <= NEAR {
            // Somebody may wait for what became of facts that were decided just now.
            let (settings, outcomes) = (self.settings.clone(), Arc::clone(&self.outcomes));
            let mut follower =
                Follower::start(&mut fold, &self.intake, &self.ledger, &settings, &outcomes).await?;
            follower.reach(last).await?;
        } else {
            fold = catch_up(&self.ledger, fold, last, None).await?;
        }
        if self.is_new {
            self.shelf.adopt(fold.store())?;
            self.is_new = false;
        }
        Ok(fold)
    }

    async fn lead(&mut self, fold: &mut Fold<H::Store>) -> Result<Turn, EngineError> {
        let (intake, ledger, settings) = (self.intake.clone(), self.ledger.clone(), self.settings.clone());
        let outcomes = Arc::clone(&self.outcomes);
        let mut leader = Leader::start(fold, &intake, &ledger, &settings, &outcomes)?;
        loop {
            if let Err(failure) = leader.round().await {
                leader.abandon().await;
                return Err(failure);
            }
            let read = leader.read_seq();
            self.confirm(leader.is_confirmed());
            self.tell(leader.checkpoint(), leader.next_timer(), Some(read), leader.is_quiet());
            if let Some(turn) = self.next_turn() {
                let finished = leader.finish().await;
                leader.abandon().await;
                // Whoever asked to stop is not kept waiting by what went wrong; what was
                // not appended is decided again by the next engine.
                return if matches!(turn, Turn::Stop) { Ok(turn) } else { finished.map(|()| turn) };
            }
        }
    }

    async fn follow(&mut self, fold: &mut Fold<H::Store>) -> Result<Turn, EngineError> {
        let (intake, ledger, settings) = (self.intake.clone(), self.ledger.clone(), self.settings.clone());
        let outcomes = Arc::clone(&self.outcomes);
        let mut follower = Follower::start(fold, &intake, &ledger, &settings, &outcomes).await?;
        loop {
            let take_over = follower.round().await?;
            self.tell(follower.checkpoint(), follower.next_timer(), None, false);
            if let Some(turn) = self.next_turn() {
                return Ok(turn);
            }
            if take_over {
                info!(tenant = %settings.tenant, "the ledger stands still; this engine takes over");
                return Ok(Turn::Become(Role::Leading));
            }
        }
    }

    /// Puts the projection that was made again in the place of the one in use.
    async fn switch(&mut self, fold: Fold<H::Store>) -> Fold<H::Store> {
        let Some(rebuild) = self.rebuild.take() else { return fold };
        let made = rebuild.finish(&self.ledger, &self.shelf, fold.store(), fold.seq()).await;
        let Some(made) = made else { return fold };
        self.store.store(Arc::new(made.store().clone()));
        info!(tenant = %self.settings.tenant, seq = made.seq().0, "the projection made again is in use");
        made
    }

    /// What the orders and the rebuild under way ask for, if anything.
    fn next_turn(&mut self) -> Option<Turn> {
        match self.orders.try_recv() {
            Ok(Order::Stop) | Err(mpsc::error::TryRecvError::Disconnected) => return Some(Turn::Stop),
            Ok(Order::Lead) => {
                if self.status.borrow().role == Role::Following {
                    return Some(Turn::Become(Role::Leading));
                }
            }
            Ok(Order::Rebuild(asker)) if self.rebuild.is_some() => {
                // Whoever asked may have gone.
                let _ = asker.send(Err("the projection is being made again already".into()));
            }
            Ok(Order::Rebuild(asker)) => {
                let (ledger, shelf) = (self.ledger.clone(), self.shelf.clone());
                self.rebuild = Some(Rebuild::start(ledger, shelf, self.settings.tenant.clone(), asker));
            }
            Err(mpsc::error::TryRecvError::Empty) => {}
        }
        if let Some(damage) = self.scrub.as_mut().and_then(Scrub::found) {
            return Some(Turn::Damaged(damage));
        }
        self.rebuild.as_ref().is_some_and(Rebuild::is_ready).then_some(Turn::Switch)
    }

    fn set_aside(&mut self) -> Result<(), EngineError> {
        self.rebuilds += 1;
        self.shelf.set_aside()?;
        let store = self.shelf.begin()?;
        self.is_new = true;
        self.store.store(Arc::new(store.clone()));
        self.fold = Some(Fold::load(store, &self.settings.tenant)?);
        Ok(())
    }

    /// Says why, and waits for a person.
    async fn stop_for_good(mut self, failure: &EngineError) {
        error!(tenant = %self.settings.tenant, %failure, "the engine of this tenant stops; a person must look");
        self.status.send_modify(|status| {
            status.role = Role::Stopped;
            status.stopped = Some(failure.to_string());
        });
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Stop => return,
                Order::Lead => {}
                Order::Rebuild(asker) => {
                    // Whoever asked may have gone.
                    let _ = asker.send(Err(format!("the engine has stopped: {failure}")));
                }
            }
        }
    }

    fn confirm(&self, confirmed: bool) {
        self.status.send_if_modified(|status| {
            let changed = status.confirmed != confirmed;
            status.confirmed = confirmed;
            changed
        });
    }

    fn become_role(&self, role: Role) {
        self.status.send_if_modified(|status| {
            let changed = status.role != role;
            status.role = role;
            status.confirmed &= !changed;
            changed
        });
    }

    fn tell(&self, at: &Checkpoint, next_timer_at: Option<Instant>, read: Option<Seq>, is_quiet: bool) {
        let rebuilding_seq = self.rebuild.as_ref().map(Rebuild::seq);
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.ledger_seq = at.seq;
            status.decided_seq = at.decided;
            status.intake_seq = status.intake_seq.max(read.unwrap_or_default()).max(at.decided);
            // A tick that fired nothing leaves no trace on the ledger, and waits for nothing.
            let waiting = status.intake_seq.0.saturating_sub(at.decided.max(at.cause).0);
            status.lag = if is_quiet { 0 } else { waiting };
            status.next_timer_at = next_timer_at;
            status.rebuilding_seq = rebuilding_seq;
            *status != before
        });
    }
}
