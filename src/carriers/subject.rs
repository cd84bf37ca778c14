//! A subject of the broker for other services: `duban.<tenant>.told.<unit>`.
//!
//! Delivered means that a stream has it or a listener has answered; a subject that
//! nobody hears is tried again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::id::TenantId;
use crate::port::announce::{Announce, AnnounceError};
use crate::port::carrier::{
    Carried, Carrier, CarryError, Carrying, Destination, Message, Pace, Recipient, short,
};

/// The broker takes more than any courier sends; this keeps facts from waiting behind it.
pub const PACE: Pace = Pace { most: 1000, within: Duration::from_secs(1), at_once: 16 };

/// Carries messages to a subject a unit.
pub struct Subject {
    /// Whose units.
    pub tenant: TenantId,
    /// Announces.
    pub announce: Arc<dyn Announce>,
    /// How fast.
    pub pace: Pace,
}

impl Carrier for Subject {
    fn destination(&self, _: &Recipient) -> Option<Destination> {
        Some(Destination { name: format!("duban.{}.told", self.tenant), pace: self.pace })
    }

    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a> {
        Box::pin(async move {
            let subject = format!("duban.{}.told.{}", self.tenant, to.unit);
            let media = if message.event.is_array() {
                "application/cloudevents-batch+json"
            } else {
                "application/cloudevents+json"
            };
            let body = Bytes::from(message.event.to_string());
            let told = self.announce.announce(&subject, &message.key, media, body).await;
            told.map(|note| Carried { note: short(&note) }).map_err(|error| of(&error))
        })
    }
}

fn of(error: &AnnounceError) -> CarryError {
    let reason = short(&error.to_string());
    match error {
        // The broker's permissions, too, can be put right while it is tried.
        AnnounceError::Unavailable { .. }
        | AnnounceError::Nobody { .. }
        | AnnounceError::Forbidden { .. } => CarryError::Again { after: None, reason },
        AnnounceError::Unknown { .. } => CarryError::Unknown { reason },
    }
}
