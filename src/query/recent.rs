//! What the end of the ledger says happened lately, counted and told.
//!
//! It reads a bounded number of the last entries, in the order of the ledger; when
//! the stretch asked about is longer than that, the answer says so.

use std::time::Duration;

use serde::Serialize;

use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::Policies;
use super::reader::sees;
use super::telling::tell;
use crate::calendar::Text;
use crate::event::catalogue::Event;
use crate::event::entry::Entry;
use crate::id::{CaseId, Seq};
use crate::identity::sight::Sight;
use crate::port::log::{Log, Reader as _};
use crate::time::Instant;

/// The most entries that are read: some 10 ms from a broker beside it.
pub const MOST_ENTRIES: u64 = 1_000;
/// How many of what happened are told one by one.
const MOST_TOLD: usize = 40;
/// How long the ledger may take to give them.
const WITHIN: Duration = Duration::from_secs(2);

/// How much of what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    /// Cases that opened.
    pub opened: u64,
    /// Cases that closed.
    pub closed: u64,
    /// Deadlines met in time.
    pub met_in_time: u64,
    /// Deadlines met late.
    pub met_late: u64,
    /// Deadlines declared overdue.
    pub breached: u64,
    /// Reminders raised.
    pub reminders: u64,
    /// Escalations raised.
    pub escalations: u64,
    /// Facts refused.
    pub refused: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The ledger entry.
    pub ledger_seq: Seq,
    /// The instant at which it is so.
    pub at: Instant,
    /// The same as people write it.
    pub when: Text,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The case it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// The unit that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Named>,
    /// What happened, in a sentence.
    pub words: Text,
}

/// What happened lately.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recent {
    /// From when on.
    pub since: Instant,
    /// Whether all entries since then were read.
    pub complete: bool,
    /// How much of what.
    pub happened: Happened,
    /// What a supervisor wants to know of, the newest first, some dozens at most.
    pub changes: Vec<Change>,
    /// How many deadlines were overdue when yesterday ended, beyond those that today's
    /// rows tell for that instant; none when it cannot be told.
    pub overdue_lacking: Option<i64>,
}

/// What the last `entries` say happened from `since` until `at`, as far as `sight` goes.
#[must_use]
pub fn recent(
    entries: &[Entry],
    policies: &Policies,
    sight: &Sight,
    (since, at): (Instant, Instant),
) -> Recent {
    let first = entries.first();
    let mut found = Recent {
        since,
        complete: first.is_none_or(|first| first.seq == Seq(1) || first.decided.at < since),
        happened: Happened::default(),
        changes: Vec::new(),
        overdue_lacking: None,
    };
    let asked = |entry: &&Entry| entry.decided.at >= since && entry.decided.at <= at && sees(sight, entry);
    for entry in entries.iter().rev().filter(asked) {
        found.happened.add(&entry.decided.event);
        if is_news(&entry.decided.event) && found.changes.len() < MOST_TOLD {
            found.changes.push(change(policies, entry));
        }
    }
    // Imported facts carry instants of the past; the newest first means by instant.
    found.changes.sort_by_key(|change| std::cmp::Reverse((change.at, change.ledger_seq)));
    found
}

/// The last entries of the ledger up to `last`, at most [`MOST_ENTRIES`].
///
/// # Errors
/// [`QueryError`] when the ledger does not answer or an entry is not readable.
pub async fn last_entries<L: Log>(ledger: &L, last: Seq) -> Result<Vec<Entry>, QueryError> {
    let after = Seq(last.0.saturating_sub(MOST_ENTRIES));
    let mut entries = Vec::new();
    if last == Seq::ZERO {
        return Ok(entries);
    }
    let mut reader = ledger.reader(after).await?;
    let mut left = usize::try_from(last.0 - after.0).unwrap_or(usize::MAX);
    while left > 0 {
        let records = reader.next(left, WITHIN).await?;
        if records.is_empty() {
            return Err(QueryError::entry(last, &"the ledger does not give its last entries in time"));
        }
        for record in records {
            let entry = Entry::read(&record.body).map_err(|error| QueryError::entry(record.seq, &error))?;
            if record.seq <= last {
                entries.push(entry);
            }
            left = left.saturating_sub(1);
        }
    }
    Ok(entries)
}

impl Happened {
    fn add(&mut self, event: &Event) {
        match event {
            Event::CaseOpened(_) => self.opened += 1,
            Event::CaseClosed(_) => self.closed += 1,
            Event::DeadlineMet(it) if it.late => self.met_late += 1,
            Event::DeadlineMet(_) => self.met_in_time += 1,
            Event::DeadlineBreached(_) => self.breached += 1,
            Event::ReminderDue(_) => self.reminders += 1,
            Event::EscalationRaised(_) => self.escalations += 1,
            Event::EventRefused(_) => self.refused += 1,
            Event::LedgerOpened(_)
            | Event::PolicyPublished(_)
            | Event::CalendarApplied(_)
            | Event::EventDuplicated(_)
            | Event::EventParked(_)
            | Event::FactAccepted(_)
            | Event::CaseCredited(_)
            | Event::PeriodOpened(_)
            | Event::PolicyBegun(_)
            | Event::RankingPublished(_)
            | Event::DeadlineSet(_)
            | Event::DeadlineMoved(_)
            | Event::DeadlinePaused(_)
            | Event::DeadlineResumed(_)
            | Event::DeadlineCancelled(_)
            | Event::BreachWithdrawn(_)
            | Event::CaseAnswered(_)
            | Event::DeliveryEnded(_)
            | Event::DeliveryReplayed(_)
            | Event::ReactionCounted(_)
            | Event::ReactionCalled(_)
            | Event::ReactionStopped(_) => {}
        }
    }
}

/// Whether a supervisor wants to be told of it one by one.
fn is_news(event: &Event) -> bool {
    match event {
        Event::DeadlineMet(it) => it.late,
        Event::CaseOpened(_)
        | Event::CaseClosed(_)
        | Event::DeadlineBreached(_)
        | Event::BreachWithdrawn(_)
        | Event::EscalationRaised(_)
        | Event::CalendarApplied(_) => true,
        Event::LedgerOpened(_)
        | Event::PolicyPublished(_)
        | Event::EventRefused(_)
        | Event::EventDuplicated(_)
        | Event::EventParked(_)
        | Event::FactAccepted(_)
        | Event::CaseCredited(_)
        | Event::PeriodOpened(_)
        | Event::PolicyBegun(_)
        | Event::RankingPublished(_)
        | Event::DeadlineSet(_)
        | Event::DeadlineMoved(_)
        | Event::DeadlinePaused(_)
        | Event::DeadlineResumed(_)
        | Event::DeadlineCancelled(_)
        | Event::ReminderDue(_)
        | Event::CaseAnswered(_)
        | Event::DeliveryEnded(_)
        | Event::DeliveryReplayed(_)
        | Event::ReactionCounted(_)
        | Event::ReactionCalled(_)
        | Event::ReactionStopped(_) => false,
    }
}

fn change(policies: &Policies, entry: &Entry) -> Change {
    let (decided, calendar) = (&entry.decided, policies.home_calendar());
    let plain = || Text::new(decided.at.to_string(), decided.at.to_string());
    Change {
        ledger_seq: entry.seq,
        at: decided.at,
        when: calendar.map_or_else(plain, |calendar| super::span::moment_text(calendar, decided.at)),
        kind: decided.event.kind().to_owned(),
        case: decided.case.clone(),
        unit: decided.unit.as_ref().map(|unit| Named::unit(policies, unit)),
        words: tell(policies, calendar, entry),
    }
}
