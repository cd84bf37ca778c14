//! The kernel as the engine drives it, in virtual time, on a store in memory.
//!
//! A record is delivered as the leader delivers it: timers first, in groups, then
//! the fact, then the sweep of an amended calendar. After each group the layer is
//! sealed, stored and released. Scenarios, simulations and the auditor decide
//! through this one driver, so that none of them has an order of its own. It
//! reads no clock and waits for nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::backing::{Stored, commit};
use crate::event::entry::Entry;
use crate::event::fact::{Content, Fact, Received};
use crate::id::{Name, Seq, Sha, TenantId};
use crate::kernel::decide::decide;
use crate::kernel::digest::digest;
use crate::kernel::evolve::evolve;
use crate::kernel::genesis::open_ledger;
use crate::kernel::layer::Layer;
use crate::kernel::row::{Family, Pending, split_outbox_key};
use crate::kernel::state::{State, StateError, settle};
use crate::kernel::turn::Outgoing;
use crate::kernel::{sweep, timers};
use crate::memory::store::MemoryStore;
use crate::policy::definition::delivery::INTAKE;
use crate::time::Instant;

/// The state of a virtual tenant.
pub type VirtualState = State<Stored<MemoryStore>>;

/// How records are delivered; no choice may change what is decided.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// About how many events a group has.
    pub most: usize,
    /// How many sealed layers wait to be stored.
    pub unstored: usize,
}

impl Default for Delivery {
    fn default() -> Self {
        // A group and one fact's events are well within an append of 1000.
        Self { most: 600, unstored: 0 }
    }
}

/// A tenant without logs and without a clock.
pub struct VirtualTenant {
    /// The state that facts are decided on.
    pub state: VirtualState,
    /// Everything that was decided since it was made, in order.
    pub ledger: Vec<Outgoing>,
    /// The ledger places after which a group ended, where an engine can die.
    pub group_ends: Vec<Seq>,
    /// How records are delivered.
    pub delivery: Delivery,
    store: MemoryStore,
    sealed: VecDeque<Arc<Layer>>,
}

impl VirtualTenant {
    /// A tenant without a ledger.
    ///
    /// # Errors
    /// [`StateError`] never, for an empty store.
    pub fn new(tenant: &TenantId) -> Result<Self, StateError> {
        Self::found(tenant, MemoryStore::new())
    }

    /// A tenant whose store holds what was folded before; its ledger is not known.
    ///
    /// # Errors
    /// [`StateError`] when the store's rows cannot be read.
    pub fn found(tenant: &TenantId, store: MemoryStore) -> Result<Self, StateError> {
        let state = State::load(Stored(store.clone()), tenant)?;
        let (ledger, group_ends, sealed) = (Vec::new(), Vec::new(), VecDeque::new());
        Ok(Self { state, ledger, group_ends, delivery: Delivery::default(), store, sealed })
    }

    /// Opens its ledger under an identity.
    ///
    /// # Errors
    /// [`StateError`] when it has one already.
    pub fn open(&mut self, ledger: uuid::Uuid, tenant: &TenantId, at: Instant) -> Result<(), StateError> {
        let out = open_ledger(&mut self.state, ledger, tenant, at)?;
        self.group(out)
    }

    /// Takes up an entry that was decided elsewhere.
    ///
    /// # Errors
    /// [`StateError`] when it does not follow.
    pub fn fold(&mut self, entry: &Entry, body: &[u8]) -> Result<(), StateError> {
        evolve(&mut self.state, entry, Sha::of(body))?;
        self.seal()
    }

    /// Decides a record as the leader does.
    ///
    /// # Errors
    /// [`StateError`] when the state contradicts itself.
    pub fn deliver(&mut self, received: &Received) -> Result<(), StateError> {
        let now = timers::passes_until(&self.state, received);
        let mut more = true;
        while more {
            let fired = timers::fire(&mut self.state, received.seq, now, self.delivery.most)?;
            self.group(fired.out)?;
            more = fired.more;
        }
        if !matches!(received.content, Content::Tick) {
            self.decide(received)?;
        }
        self.sweep()
    }

    /// Decides a record alone: neither timers before it nor a sweep after it.
    ///
    /// # Errors
    /// As [`VirtualTenant::deliver`].
    pub fn decide(&mut self, received: &Received) -> Result<(), StateError> {
        let decided = decide(&mut self.state, received.clone())?;
        self.group(decided)
    }

    /// The facts that reactions have called for and that are not decided yet, in the
    /// order in which they were called for.
    ///
    /// # Errors
    /// [`StateError`] when a row cannot be read.
    pub fn called(&self) -> Result<Vec<Fact>, StateError> {
        let prefix = [INTAKE.as_bytes(), &[0]].concat();
        let mut called = Vec::new();
        for key in self.state.keys(Family::Outbox, &prefix, usize::MAX)? {
            let row = self.state.row::<Pending>(Family::Outbox, &key)?;
            let Some((_, _, seq)) = split_outbox_key(&key) else { continue };
            let fact = row.and_then(|row| serde_json::from_str(&row.fact?).ok());
            called.extend(fact.map(|fact: Fact| (seq, fact)));
        }
        called.sort_by_key(|(seq, _)| *seq);
        Ok(called.into_iter().map(|(_, fact)| fact).collect())
    }

    /// Goes on with sweeps that are pending until none is.
    ///
    /// # Errors
    /// As [`VirtualTenant::deliver`].
    pub fn sweep(&mut self) -> Result<(), StateError> {
        while let Some(name) = sweep::pending(&self.state)? {
            let mut progress = sweep::Progress::default();
            while sweep::pending(&self.state)?.as_ref() == Some(&name) {
                self.sweep_group(&name, &mut progress, self.delivery.most)?;
            }
        }
        Ok(())
    }

    /// One group of a sweep; how many events it had.
    ///
    /// # Errors
    /// As [`VirtualTenant::deliver`].
    pub fn sweep_group(
        &mut self,
        calendar: &Name,
        progress: &mut sweep::Progress,
        most: usize,
    ) -> Result<usize, StateError> {
        self.settle_all()?;
        let out = sweep::sweep(&mut self.state, calendar, progress, most)?;
        let events = out.len();
        self.group(out)?;
        Ok(events)
    }

    /// Stores everything that was decided.
    ///
    /// # Errors
    /// [`StateError`] when the store fails.
    pub fn settle_all(&mut self) -> Result<(), StateError> {
        while !self.sealed.is_empty() {
            self.store_oldest()?;
        }
        Ok(())
    }

    /// The store, with everything in it.
    ///
    /// # Errors
    /// As [`VirtualTenant::settle_all`].
    pub fn stored(&mut self) -> Result<&MemoryStore, StateError> {
        self.settle_all()?;
        Ok(&self.store)
    }

    /// The digest of the rows.
    ///
    /// # Errors
    /// As [`VirtualTenant::settle_all`].
    pub fn digest(&mut self) -> Result<Sha, StateError> {
        digest(&Stored(self.stored()?.clone()))
    }

    fn group(&mut self, out: Vec<Outgoing>) -> Result<(), StateError> {
        let Some(last) = out.last() else { return Ok(()) };
        self.group_ends.push(last.entry.seq);
        self.ledger.extend(out);
        self.seal()
    }

    fn seal(&mut self) -> Result<(), StateError> {
        self.sealed.push_back(self.state.seal()?);
        while self.sealed.len() > self.delivery.unstored {
            self.store_oldest()?;
        }
        Ok(())
    }

    fn store_oldest(&mut self) -> Result<(), StateError> {
        let Some(layer) = self.sealed.pop_front() else { return Ok(()) };
        commit(&self.store, settle(&layer, &Stored(self.store.clone()))?)?;
        self.state.release();
        Ok(())
    }
}
