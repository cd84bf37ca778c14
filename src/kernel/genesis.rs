//! The first entry of a ledger: its identity.

use super::state::{Backing, State, StateError};
use super::turn::{About, Outgoing, Turn};
use crate::event::catalogue::{Event, LedgerOpened};
use crate::id::{Seq, TenantId};
use crate::time::Instant;

/// The form of the entries that this kernel writes.
pub const FORMAT: u32 = 1;

/// Opens an empty ledger; the caller draws its identity.
///
/// # Errors
/// [`StateError`] when the state is not that of an empty ledger.
pub fn open_ledger<B: Backing>(
    state: &mut State<B>,
    ledger: uuid::Uuid,
    tenant: &TenantId,
    at: Instant,
) -> Result<Vec<Outgoing>, StateError> {
    let mut turn = Turn::new(state, Seq::ZERO, true);
    let opened = LedgerOpened { ledger, tenant: tenant.clone(), format: FORMAT };
    turn.emit(at, &About::default(), Event::LedgerOpened(opened))?;
    Ok(turn.finish())
}
