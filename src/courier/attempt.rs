//! One attempt to hand over what a lane sends.

use std::time::Duration;

use tokio::time::Instant as Moment;

use super::book::LaneId;
use super::letter::Office;
use super::survey::Content;
use crate::engine::ingest::{Ingest, SubmitError};
use crate::event::fact::Fact;
use crate::port::carrier::{Carried, CarryError, Recipient};
use crate::port::log::Log;
use crate::port::store::Store;

/// The backstop of an attempt, should a carrier not keep its own bound.
const CARRY_WITHIN: Duration = Duration::from_secs(120);

/// One attempt.
pub(super) async fn carry<S: Store, L: Log>(
    office: &Office<S, L>,
    ingest: &Ingest,
    (channel, unit): &LaneId,
    content: Content,
) -> Result<Carried, CarryError> {
    let began = Moment::now();
    let result = match content {
        Content::Fact(fact) => publish(ingest, &fact).await,
        Content::Message(message) => match office.carriers.get(channel) {
            None => Err(CarryError::Never { reason: "the channel has no settings in this office".into() }),
            Some(carrier) => {
                let to = Recipient { unit: unit.clone() };
                let lost = || CarryError::Unknown { reason: "no answer came in time".into() };
                let carried = tokio::time::timeout(CARRY_WITHIN, carrier.carry(&to, &message)).await;
                carried.unwrap_or_else(|_| Err(lost()))
            }
        },
    };
    let channel = channel.to_string();
    metrics::histogram!("duban_delivery_try_seconds", "channel" => channel)
        .record(began.elapsed().as_secs_f64());
    result
}

/// Gives the fact of a reaction to the intake.
async fn publish(ingest: &Ingest, fact: &Fact) -> Result<Carried, CarryError> {
    let after = None;
    ingest.submit(std::slice::from_ref(fact)).await.map(|_| Carried { note: String::new() }).map_err(
        |error| {
            let reason = error.to_string();
            match error {
                SubmitError::Busy | SubmitError::Away { .. } => CarryError::Again { after, reason },
                SubmitError::Unknown { .. } => CarryError::Unknown { reason },
                SubmitError::Refused { .. } | SubmitError::TooMany { .. } => CarryError::Never { reason },
            }
        },
    )
}
