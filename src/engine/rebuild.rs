//! Making the projection again beside the one in use.

use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant as Moment;

use super::backing::Stored;
use super::catchup::catch_up;
use super::error::EngineError;
use super::fold::Fold;
use super::handle::Rebuilt;
use crate::id::{Seq, TenantId};
use crate::kernel::digest::digest;
use crate::port::log::Log;
use crate::port::shelf::Shelf;
use crate::port::store::Store;

/// So near to the end of the ledger a rebuild gives over to the loop, which does
/// the rest while it stands still.
const NEAR: u64 = 2_000;

/// Who asked for a rebuild and waits for what comes of it.
pub type Asker = oneshot::Sender<Result<Rebuilt, String>>;

/// A rebuild under way.
pub struct Rebuild<S: Store> {
    task: JoinHandle<Result<(Fold<S>, Duration), EngineError>>,
    progress: watch::Receiver<Seq>,
    began: Moment,
    asker: Asker,
}

impl<S: Store> Rebuild<S> {
    /// Folds the ledger into a new store, in the background.
    pub fn start<L: Log, H: Shelf<Store = S>>(ledger: L, shelf: H, tenant: TenantId, asker: Asker) -> Self {
        let (tell, progress) = watch::channel(Seq::ZERO);
        let task = tokio::spawn(async move {
            let begun = tokio::task::spawn_blocking(move || shelf.begin()).await;
            let store = begun.map_err(|error| EngineError::Died(error.to_string()))??;
            let mut fold = Fold::load(store, &tenant)?;
            let began = Moment::now();
            loop {
                let last = ledger.last().await?;
                if last.0.saturating_sub(fold.seq().0) <= NEAR {
                    return Ok((fold, began.elapsed()));
                }
                fold = catch_up(&ledger, fold, last, Some(tell.clone())).await?;
            }
        });
        Self { task, progress, began: Moment::now(), asker }
    }

    /// How far it has come.
    pub fn seq(&self) -> Seq {
        *self.progress.borrow()
    }

    /// Whether it is ready to take over.
    pub fn is_ready(&self) -> bool {
        self.task.is_finished()
    }

    /// The rest of the ledger, the comparison with the store in use, and the
    /// switch. The loop must stand still at `until`, and `current` with it.
    pub async fn finish<L: Log, H: Shelf<Store = S>>(
        self,
        ledger: &L,
        shelf: &H,
        current: &S,
        until: Seq,
    ) -> Option<Fold<S>> {
        let made = match self.task.await {
            Ok(made) => made,
            Err(error) => Err(EngineError::Died(error.to_string())),
        };
        let switched = async {
            let (fold, folding) = made?;
            let fold = catch_up(ledger, fold, until, None).await?;
            let (old, new) = (current.clone(), fold.store().clone());
            let shelf = shelf.clone();
            let digests = tokio::task::spawn_blocking(move || {
                let digests = (digest(&Stored(old)).ok(), digest(&Stored(new.clone()))?);
                shelf.adopt(&new)?;
                Ok::<_, EngineError>(digests)
            });
            let (old, new) = digests.await.map_err(|error| EngineError::Died(error.to_string()))??;
            Ok::<_, EngineError>((fold, folding, old == Some(new), new))
        };
        match switched.await {
            Ok((fold, folding, agreed, digest)) => {
                let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
                let (folded_ms, took_ms) = (millis(folding), millis(self.began.elapsed()));
                let entries = fold.seq().0;
                // Whoever asked may have gone.
                let _ = self.asker.send(Ok(Rebuilt {
                    entries,
                    folded_ms,
                    took_ms,
                    digest: digest.to_string(),
                    agreed,
                }));
                Some(fold)
            }
            Err(error) => {
                let _ = self.asker.send(Err(error.to_string()));
                None
            }
        }
    }
}
