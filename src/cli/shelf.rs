//! The shelf of a tenant's projections: [`Shelf`] over sled's folders.
//!
//! It chooses folders, opens stores in them and tidies up after builds that were
//! interrupted or replaced. When to build, and what the rows mean, is the engine's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::engine::backing::tables;
use crate::kernel::row::VERSION;
use crate::port::shelf::{Current, Shelf};
use crate::port::store::{Store as _, StoreError};
use crate::sled_store::{Folder, FolderError, HalfBuilt, NotCurrent, SledSettings, SledStore};

/// How often it is looked whether a replaced store is still read.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How often at most: five minutes, far longer than any question takes. What is
/// left then is swept at the next start.
const MOST_LOOKS: u32 = 1_500;

/// The projections of one tenant in one data folder, locked for this process.
/// Clones are one shelf.
#[derive(Debug, Clone)]
pub struct FolderShelf {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: PathBuf,
    settings: SledSettings,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    folder: Folder,
    /// Builds that this process has begun and not adopted.
    half: Vec<HalfBuilt>,
    /// Every folder that this process has opened: one that was set aside may still
    /// be held by a reader, and no other store may come to live under its path.
    used: BTreeSet<PathBuf>,
    /// The store in use, so that it can be let go and swept once it is replaced.
    current: Option<SledStore>,
}

impl FolderShelf {
    /// Takes a tenant's data folder; it is made if it is not there.
    ///
    /// # Errors
    /// [`FolderError`], among others when another process has it.
    pub fn open(place: &Path, settings: SledSettings) -> Result<Self, FolderError> {
        let folder = Folder::open(place, VERSION)?;
        let held = Held { folder, half: Vec::new(), used: BTreeSet::new(), current: None };
        let shared = Shared { place: place.to_owned(), settings, held: Mutex::new(held) };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Whoever panicked in here left the folder as some finished step had it.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &FolderError) -> StoreError {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        let reason = format!("{error}{}", cause.unwrap_or_default());
        StoreError { place: self.place.display().to_string(), reason }
    }

    fn open(&self, place: &Path) -> Result<SledStore, StoreError> {
        SledStore::open(place, &tables(), self.settings.clone())
    }
}

impl Held {
    /// Removes builds that an earlier process began and did not finish.
    fn discard_interrupted(&self) -> Result<(), FolderError> {
        while let Some(half) = self.folder.half_built()? {
            self.folder.discard(&half)?;
        }
        Ok(())
    }

    /// A new folder whose path this process has never used.
    fn fresh(&mut self) -> Result<HalfBuilt, FolderError> {
        loop {
            let half = self.folder.begin()?;
            if self.used.insert(half.path().to_owned()) {
                return Ok(half);
            }
        }
    }
}

impl Shelf for FolderShelf {
    type Store = SledStore;

    fn current(&self) -> Result<Current<SledStore>, StoreError> {
        let shared = &self.shared;
        let mut held = shared.held();
        let failed = |error| shared.failed(&error);
        if held.half.is_empty() && held.current.is_none() {
            held.discard_interrupted().map_err(failed)?;
            held.folder.sweep().map_err(failed)?;
        }
        if let Some(store) = &held.current {
            return Ok(Current::Ready(store.clone()));
        }
        let why = match held.folder.current() {
            Ok(place) => match shared.open(&place) {
                Ok(store) => {
                    held.used.insert(place);
                    held.current = Some(store.clone());
                    return Ok(Current::Ready(store));
                }
                Err(damaged) => NotCurrent::Damaged(damaged),
            },
            Err(why) => why,
        };
        match why {
            NotCurrent::Folder(error) => Err(failed(error)),
            // The other version's rows stay until those of this one are in use.
            why @ (NotCurrent::Missing | NotCurrent::OtherVersion { .. }) => {
                Ok(Current::Absent(why.to_string()))
            }
            why @ (NotCurrent::Pointer { .. } | NotCurrent::Damaged(_)) => {
                let kept = held.folder.set_aside().map_err(failed)?;
                let kept = kept.map(|kept| format!("; it is kept in {}", kept.display()));
                Ok(Current::Absent(format!("{why}{}", kept.unwrap_or_default())))
            }
        }
    }

    fn begin(&self) -> Result<SledStore, StoreError> {
        let mut held = self.shared.held();
        let half = held.fresh().map_err(|error| self.shared.failed(&error))?;
        let store = self.shared.open(half.path())?;
        held.half.push(half);
        Ok(store)
    }

    fn adopt(&self, store: &SledStore) -> Result<(), StoreError> {
        // The pointer must never name rows that a power cut takes away again.
        store.flush()?;
        let mut held = self.shared.held();
        let is = |half: &HalfBuilt| half.path() == store.folder();
        let Some(at) = held.half.iter().position(is) else {
            let reason = "it was not begun on this shelf".to_owned();
            return Err(StoreError { place: store.folder().display().to_string(), reason });
        };
        let half = held.half.remove(at);
        held.folder.switch(&half).map_err(|error| self.shared.failed(&error))?;
        if let Some(old) = held.current.replace(store.clone()) {
            sweep_later(Arc::downgrade(&self.shared), old);
        }
        Ok(())
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        let mut held = self.shared.held();
        held.current = None;
        let kept = held.folder.set_aside().map_err(|error| self.shared.failed(&error))?;
        if let Some(kept) = kept {
            tracing::warn!(kept = %kept.display(), "a damaged projection is kept for a look");
        }
        Ok(())
    }
}

/// Removes a replaced store's folder once no question reads it any more.
fn sweep_later(shelf: Weak<Shared>, old: SledStore) {
    let wait = move || {
        for _ in 0..MOST_LOOKS {
            if !old.is_shared() || shelf.strong_count() == 0 {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let still_read = old.is_shared();
        drop(old);
        if let (false, Some(shelf)) = (still_read, shelf.upgrade()) {
            let swept = shelf.held().folder.sweep();
            if let Err(error) = swept {
                tracing::warn!(%error, "failed to remove a replaced projection");
            }
        }
    };
    let named = std::thread::Builder::new().name("duban-sweep".to_owned());
    if let Err(error) = named.spawn(wait) {
        tracing::warn!(%error, "a replaced projection is removed at the next start");
    }
}
