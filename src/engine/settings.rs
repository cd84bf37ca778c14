//! What an engine can be told.

use std::sync::Arc;
use std::time::Duration;

use crate::id::TenantId;
use crate::time::Instant;

/// Reads the wall clock; given by whoever starts the engine, since nothing below
/// the surfaces reads one.
pub type WallClock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Draws identities: of a new ledger, and of an engine each time it begins to lead.
pub type DrawId = Arc<dyn Fn() -> uuid::Uuid + Send + Sync>;

/// An engine's settings.
#[derive(Clone)]
pub struct Settings {
    /// Whose engine it is.
    pub tenant: TenantId,
    /// How long an engine that follows waits for the ledger to move, while there
    /// is something to decide, before it decides itself.
    pub takeover_after: Duration,
    /// How often an idle engine looks around.
    pub idle: Duration,
    /// How long after a fact of the past the engine lets no time pass on its own
    /// account, so that an import is through before the present breaks in. Whatever
    /// comes later is decided all the same, as a fact told late.
    pub import_pause: Duration,
    /// The wall clock: when to wake, never what to decide.
    pub now: WallClock,
    /// Draws identities.
    pub draw_id: DrawId,
    /// Makes each turn slower by this much; zero but in tests of slowness.
    pub slowed_by: Duration,
}

impl Settings {
    /// The usual settings.
    #[must_use]
    pub fn new(tenant: TenantId, now: WallClock, draw_id: DrawId) -> Self {
        Self {
            tenant,
            takeover_after: Duration::from_millis(1_200),
            idle: Duration::from_millis(300),
            import_pause: Duration::from_secs(10),
            now,
            draw_id,
            slowed_by: Duration::ZERO,
        }
    }
}
