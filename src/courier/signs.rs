//! How couriers of one tenant know of each other, where several processes run.

use std::time::Duration;

use tokio::time::Instant as Moment;

use super::book::{Notes, Turned};
use super::letter::Office;
use super::survey::survey;
use crate::id::Seq;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::outbox::Lane;
use crate::time::Instant;

/// How many lanes it looks into for something that should have been sent.
const MOST_LOOKED_INTO: usize = 200;

/// How couriers of one tenant know of each other, where several processes run. One that
/// has something to deliver lets time pass in the intake now and then, although nothing
/// happens; one that follows and sees neither the intake nor the ledger move, although
/// something should be sent, has its engine lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// How often a courier with something to deliver gives a sign of life.
    pub every: Duration,
    /// After which silence another takes over: several signs may be lost.
    pub patience: Duration,
}

impl Default for Signs {
    fn default() -> Self {
        // A few thousand ticks a day where something waits for days; a minute of delay
        // after a machine has died in a quiet hour.
        Self { every: Duration::from_secs(20), patience: Duration::from_secs(70) }
    }
}

/// Since when neither log has moved.
pub(super) struct Still {
    /// The ends of ledger and intake; none before the first look.
    pub at: Option<(Seq, Seq)>,
    /// Since when they are the same.
    pub since: Moment,
}

impl Default for Still {
    fn default() -> Self {
        Self { at: None, since: Moment::now() }
    }
}

/// Whether a courier that knows nothing of the past would send something now. Blocking.
pub(super) fn something_is_due<S: Store, L: Log>(office: &Office<S, L>) -> Result<bool, QueryError> {
    let now = (office.now)();
    for Lane { channel, unit, .. } in office.reader.lanes(MOST_LOOKED_INTO)?.1 {
        let place = (channel.clone(), unit.to_string());
        let turned = Turned { lane: (channel, unit), place, notes: Notes::new() };
        let survey = survey(office, &turned, (now, Instant::MAX))?;
        if survey.parcel.is_some() || !survey.ends.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
