//! The timeline of a case, read from the ledger and told in sentences.
//!
//! The projection only knows the places of a case's events; what happened is what
//! the ledger says, and each entry is checked to be about the case.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::explained::act_name;
use super::naming::Named;
use super::policy_cache::Policies;
use super::telling::tell;
use crate::calendar::{Calendar, Text};
use crate::event::catalogue::Event;
use crate::event::entry::Entry;
use crate::id::{CaseId, Name, Seq};
use crate::port::log::Log;
use crate::time::Instant;

/// The most entries of a timeline; the oldest are left out.
pub(super) const MOST_ENTRIES: usize = 500;
/// How many entries are asked for at once.
const AT_ONCE: usize = 16;

/// One event of a case, told.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TimelineEntry")]
pub struct Told {
    /// Its place on the ledger.
    pub ledger_seq: Seq,
    /// The instant at which it is so.
    pub at: Instant,
    /// The same as people write it.
    pub when: Text,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who stated the fact; none for what the engine concluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Named>,
    /// The person or system that stated it for that unit, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
    /// The intake place of the fact (or tick) that caused it.
    pub cause: Seq,
    /// Its number among the events of the same cause.
    pub ordinal: u32,
    /// Whether time caused it.
    pub by_time: bool,
    /// Whether an importer stated its instant.
    pub imported: bool,
    /// What happened, in a sentence.
    pub words: Text,
    /// What the fact said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    /// Which rung of a ladder was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
}

/// A rung that was reached.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rung {
    /// The clock whose ladder it is.
    pub clock: Name,
    /// `reminder`, `supervision-sheet`, `bulletin` or `summons`.
    pub act: &'static str,
    /// How often it has been reached, this time included.
    pub nth: u16,
}

/// A timeline, with how much of it is left out.
pub struct Timeline {
    /// The entries, the oldest first.
    pub told: Vec<Told>,
    /// How many older ones there are.
    pub omitted: usize,
}

/// Reads and tells the entries at the places of `history`.
///
/// # Errors
/// [`QueryError`] when the ledger does not answer or an entry is not about `case`.
pub async fn timeline<L: Log>(
    ledger: &L,
    policies: &Policies,
    case: &CaseId,
    history: &[Seq],
    calendar: Option<&Calendar>,
) -> Result<Timeline, QueryError> {
    let omitted = history.len().saturating_sub(MOST_ENTRIES);
    let places: Vec<Seq> = history.iter().skip(omitted).copied().collect();
    let entries = entries(ledger, case, places).await?;
    let told = entries.iter().map(|entry| told(policies, calendar, entry)).collect();
    Ok(Timeline { told, omitted })
}

/// The entries of `case` at `places`.
///
/// # Errors
/// As [`timeline`].
pub(super) async fn entries<L: Log>(
    ledger: &L,
    case: &CaseId,
    places: Vec<Seq>,
) -> Result<Vec<Entry>, QueryError> {
    let entries = stream::iter(places.into_iter().map(|seq| entry(ledger, case, seq)));
    entries.buffered(AT_ONCE).try_collect().await
}

async fn entry<L: Log>(ledger: &L, case: &CaseId, seq: Seq) -> Result<Entry, QueryError> {
    let record = ledger.get(seq).await?;
    let record = record.ok_or_else(|| QueryError::entry(seq, &"the ledger does not have it"))?;
    let entry = Entry::read(&record.body).map_err(|error| QueryError::entry(seq, &error))?;
    if entry.seq != seq {
        return Err(QueryError::entry(seq, &format!("it says that it is {}", entry.seq)));
    }
    if entry.decided.case.as_ref() != Some(case) {
        return Err(QueryError::entry(seq, &format!("it is not about {case}")));
    }
    Ok(entry)
}

fn told(policies: &Policies, calendar: Option<&Calendar>, entry: &Entry) -> Told {
    let decided = &entry.decided;
    let fact = if let Event::FactAccepted(it) = &decided.event { Some(&it.fact) } else { None };
    let rung = if let Event::ReminderDue(it) | Event::EscalationRaised(it) = &decided.event {
        Some(Rung { clock: it.clock.clone(), act: act_name(it.act), nth: it.nth })
    } else {
        None
    };
    let when = calendar.map_or_else(
        || Text::new(decided.at.to_string(), decided.at.to_string()),
        |calendar| super::span::moment_text(calendar, decided.at),
    );
    Told {
        ledger_seq: entry.seq,
        at: decided.at,
        when,
        kind: decided.event.kind().to_owned(),
        by: fact.map(|fact| Named::unit(policies, &fact.actor)),
        stated_by: fact.and_then(|fact| fact.stated_by.clone()),
        cause: decided.cause,
        ordinal: entry.ordinal,
        by_time: decided.by_time,
        imported: fact.is_some_and(|fact| fact.imported_at.is_some()),
        words: tell(policies, calendar, entry),
        data: fact.map(|fact| fact.data.clone()),
        rung,
    }
}
