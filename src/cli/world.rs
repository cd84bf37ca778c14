//! The wall clock and the drawing of identities: the only place that touches them.
//!
//! Everything below the surfaces gets time and ids as arguments. Nothing is
//! decided by what is read here; the broker's recorded instants decide.

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::engine::settings::{DrawId, WallClock};
use crate::identity::secret::{Draw, Undrawn};
use crate::time::Instant;

/// The present moment.
#[must_use]
pub fn now() -> Instant {
    // A clock outside the years 1678 to 2262 is broken; its end is as good a guess.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    let now = chrono::Utc::now();
    now.try_into().unwrap_or(Instant::MAX)
}

/// The clock that engines and surfaces read.
#[must_use]
pub fn wall_clock() -> WallClock {
    Arc::new(now)
}

/// Draws the secrets of sessions and tokens.
#[must_use]
pub fn draw_secret() -> Draw {
    let system = SystemRandom::new();
    Arc::new(move || {
        let mut drawn = [0; 32];
        system.fill(&mut drawn).map_err(|_| Undrawn)?;
        Ok(drawn)
    })
}

/// Draws the identities of new ledgers.
#[must_use]
pub fn draw_id() -> DrawId {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws identities")]
    let draw = uuid::Uuid::new_v4;
    Arc::new(draw)
}
