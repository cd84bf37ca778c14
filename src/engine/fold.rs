//! Folding a ledger into a store: catching up, following, making it again.
//!
//! One fold serves all three. It trusts nothing it reads: places must be
//! contiguous and each entry must carry the digest of the one before. It decides
//! nothing and publishes nothing, so it may run as often as one likes.

use std::sync::Arc;

use super::backing::{Stored, commit};
use super::error::EngineError;
use crate::event::catalogue::Event;
use crate::event::chain::Chain;
use crate::event::entry::Entry;
use crate::id::{Seq, Sha, TenantId};
use crate::kernel::evolve::evolve;
use crate::kernel::state::{State, settle};
use crate::port::log::Record;
use crate::port::store::Store;
use crate::time::Instant;

/// How many rows a fold gathers before it writes them: large enough that most rows
/// which change often are written once, small enough that storing one step and
/// folding the next go on at the same time.
pub const ROWS_IN_STEP: usize = 40_000;

/// An entry with the digest of its bytes.
pub struct Read {
    /// The entry.
    pub entry: Entry,
    /// The digest of its bytes.
    pub hash: Sha,
}

/// Reads a record of the ledger.
///
/// # Errors
/// [`EngineError::Entry`] when it is no entry.
pub fn read(record: &Record) -> Result<Read, EngineError> {
    let entry = Entry::read(&record.body).map_err(|source| EngineError::Entry { seq: record.seq, source })?;
    Ok(Read { entry, hash: Sha::of(&record.body) })
}

/// A store with the fold's state over it.
pub struct Fold<S: Store> {
    state: State<Stored<S>>,
    store: S,
    tenant: TenantId,
    /// Where the fold stood when it was last written here.
    written: Seq,
}

impl<S: Store> Fold<S> {
    /// The fold that goes on where `store` stands.
    ///
    /// # Errors
    /// [`EngineError::State`] when its rows cannot be read.
    pub fn load(store: S, tenant: &TenantId) -> Result<Self, EngineError> {
        let state = State::load(Stored(store.clone()), tenant)?;
        let written = state.checkpoint().seq;
        Ok(Self { state, store, tenant: tenant.clone(), written })
    }

    /// The state, stored or not.
    pub const fn state(&self) -> &State<Stored<S>> {
        &self.state
    }

    /// The state, for deciding on.
    pub const fn state_mut(&mut self) -> &mut State<Stored<S>> {
        &mut self.state
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Forgets everything that is not stored.
    ///
    /// # Errors
    /// As [`Fold::load`].
    pub fn reload(&mut self) -> Result<(), EngineError> {
        self.state = State::load(Stored(self.store.clone()), &self.tenant)?;
        self.written = self.seq();
        Ok(())
    }

    /// Folds an entry that was read from the ledger.
    ///
    /// # Errors
    /// [`EngineError::Chain`] when it does not follow; [`EngineError::Tenant`] when
    /// the ledger is somebody else's.
    pub fn apply(&mut self, read: &Read) -> Result<(), EngineError> {
        let checkpoint = self.state.checkpoint();
        Chain { seq: checkpoint.seq, hash: checkpoint.hash }.follow(&read.entry)?;
        if let Event::LedgerOpened(opened) = &read.entry.decided.event
            && opened.tenant != self.tenant
        {
            let (expected, found) = (self.tenant.clone(), opened.tenant.clone());
            return Err(EngineError::Tenant { expected, found });
        }
        Ok(evolve(&mut self.state, &read.entry, read.hash)?)
    }

    /// Whether so much has gathered that it should be written.
    pub fn is_full(&self) -> bool {
        self.state.weight() >= ROWS_IN_STEP
    }

    /// Writes what has gathered. Blocking.
    ///
    /// # Errors
    /// [`EngineError::State`] when the store is damaged.
    pub fn write(&mut self) -> Result<(), EngineError> {
        // An entry may leave no row but the checkpoint, as the first one does.
        if self.state.weight() == 0 && self.seq() == self.written {
            return Ok(());
        }
        let layer = self.state.seal()?;
        let rows = settle(&layer, self.state.backing())?;
        commit(&self.store, rows)?;
        self.state.release();
        self.written = self.seq();
        Ok(())
    }

    /// When the next timer is due, or a little before; none when there is none.
    pub fn next_timer(&self) -> Option<Instant> {
        let wake = self.state.wake();
        (wake < Instant::MAX).then_some(wake)
    }

    /// Where the fold stands.
    pub fn seq(&self) -> Seq {
        self.state.checkpoint().seq
    }

    /// Takes the layer at hand away for the leader, who stores it once its events
    /// are on the ledger.
    ///
    /// # Errors
    /// Never in practice.
    pub fn seal(&mut self) -> Result<Arc<crate::kernel::layer::Layer>, EngineError> {
        Ok(self.state.seal()?)
    }
}
