//! A message made of the reminders that it tells.

use serde_json::{Value, json};

use crate::engine::settings::WallClock;
use crate::id::{Seq, TenantId, UnitId};
use crate::kernel::row::Pending;
use crate::policy::definition::delivery::Channel;
use crate::port::carrier::{Carriers, Message};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::policy_cache::Policies;
use crate::query::reader::Reader;
use crate::time::Instant;

use super::outcome::Errand;

/// What a courier delivers from, and through whom.
pub struct Office<S, L> {
    /// Whose reminders.
    pub tenant: TenantId,
    /// Reads the wall clock: when to send, never what is recorded.
    pub now: WallClock,
    /// The read side; it sees everything.
    pub reader: Reader<S, L>,
    /// The carriers by the names of their channels.
    pub carriers: Carriers,
}

/// The idempotency key of a message whose first reminder is this one: the ledger's
/// identity, the reminder's place on it, to whom and by which channel. A message that
/// is made again has the same first reminder, so it has the same key.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn key<S: Store, L: Log>(office: &Office<S, L>, first: &Errand) -> Result<String, QueryError> {
    let ledger = office.reader.ledger_id()?.simple().to_string();
    let ledger: String = ledger.chars().take(8).collect();
    let Errand { channel, unit, reminder, .. } = first;
    Ok(format!("{ledger}-{reminder}-{unit}-{channel}"))
}

/// The message that tells `rows` to a unit.
///
/// # Errors
/// [`QueryError`] when a case cannot be read.
pub fn write<S: Store, L: Log>(
    office: &Office<S, L>,
    _policies: &Policies,
    _channel: Option<&Channel>,
    (unit, key, at): (&UnitId, String, Instant),
    rows: &[&(Seq, Pending)],
) -> Result<Message, QueryError> {
    let text: Vec<String> = rows
        .iter()
        .map(|(seq, pending)| format!("{seq} {} {:?}", pending.case.as_ref().map_or("", |case| case.as_str()), pending.act))
        .collect();
    let _ = office;
    let text = text.join("\n");
    let event: Value = json!({"id": key, "unit": unit, "reminders": rows.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>()});
    let light = rows.iter().filter_map(|(_, pending)| pending.light).max();
    Ok(Message {
        key,
        at,
        title: text.clone(),
        html: text.clone(),
        markdown: text.clone(),
        text,
        event,
        light: light.unwrap_or(crate::event::catalogue::RungLight::Blue),
        attachments: Vec::new(),
        links: Vec::new(),
    })
}
