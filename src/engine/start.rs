//! Before an engine decides anything: do the projection and the ledger belong
//! together, and is the ledger whole where it can be told?

use super::error::EngineError;
use super::fold::{Fold, read};
use super::settings::Settings;
use crate::event::catalogue::Event;
use crate::id::{Seq, Sha};
use crate::kernel::genesis::open_ledger;
use crate::kernel::row::Checkpoint;
use crate::port::log::{AppendError, Log, NewRecord};
use crate::port::store::Store;

/// Compares the checkpoint with the ledger: its identity, its end, and the digest
/// of the entry where the fold stands. Gives the ledger's last place.
///
/// # Errors
/// [`EngineError::Identity`], [`EngineError::Truncated`], [`EngineError::Altered`]
/// when they do not belong together.
pub async fn check<L: Log>(ledger: &L, settings: &Settings, at: &Checkpoint) -> Result<Seq, EngineError> {
    let last = ledger.last().await?;
    if at.seq == Seq::ZERO {
        return Ok(last);
    }
    if last < at.seq {
        return Err(EngineError::Truncated { last, checkpoint: at.seq });
    }
    let cut = || EngineError::Truncated { last, checkpoint: at.seq };
    let first = read(&ledger.get(Seq(1)).await?.ok_or_else(cut)?)?;
    if let Event::LedgerOpened(opened) = &first.entry.decided.event
        && opened.ledger != at.ledger
    {
        return Err(EngineError::Identity {
            tenant: settings.tenant.clone(),
            expected: at.ledger,
            found: opened.ledger,
        });
    }
    let here = ledger.get(at.seq).await?.ok_or_else(cut)?;
    let found = Sha::of(&here.body);
    if found != at.hash {
        return Err(EngineError::Altered { seq: at.seq, expected: at.hash, found });
    }
    Ok(last)
}

/// Writes the first entry of an empty ledger, or leaves it to whoever was faster.
///
/// # Errors
/// [`EngineError`] when the ledger cannot be written, or is not known to be: nothing
/// may be decided before the first entry stands.
pub async fn open<L: Log, S: Store>(
    ledger: &L,
    settings: &Settings,
    fold: &mut Fold<S>,
) -> Result<(), EngineError> {
    let (id, now) = ((settings.draw_id)(), (settings.now)());
    let out = open_ledger(fold.state_mut(), id, &settings.tenant, now)?;
    let records = out
        .into_iter()
        .map(|out| NewRecord { subject: out.subject, headers: Vec::new(), body: out.body })
        .collect();
    // What is on the ledger is read back from it, whoever wrote it.
    fold.reload()?;
    match ledger.append(records, Some(Seq::ZERO)).await {
        Ok(_) | Err(AppendError::Fenced { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
