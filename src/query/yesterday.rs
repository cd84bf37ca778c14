//! How many deadlines were overdue when yesterday ended, so that a page can say whether
//! it has become better.
//!
//! The rows hold what is, not what was: asked about yesterday they tell how what is open
//! today looked then, and lack what was overdue then and has ended, paused or moved
//! since. That much is taken from the ledger: of the few deadlines to which such a thing
//! has happened, the whole story is read and folded until then. The number is exact, or
//! there is none: when too much has happened since for the last entries to hold all of
//! it, nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::sees;
use crate::event::catalogue::Event;
use crate::event::entry::Entry;
use crate::id::{CaseId, Name};
use crate::identity::sight::Sight;
use crate::time::Instant;

/// The most cases whose stories are read: each costs some round trips to the broker.
pub(super) const MOST_CASES: usize = 64;

/// The cases of which the rows may tell another number for `then` than was true then.
/// For all others neither the rows nor the truth has anything overdue that the other
/// lacks: what was met had its due instant still before it, what was set or moved has it
/// after `then`.
pub(super) fn unclear(entries: &[Entry], sight: &Sight, then: Instant) -> BTreeSet<CaseId> {
    let since = entries.iter().filter(|entry| entry.decided.at > then && sees(sight, entry));
    let unclear = since.filter(|entry| match &entry.decided.event {
        Event::DeadlineMet(it) => it.due_at <= then,
        Event::DeadlineSet(it) => it.term.overdue_from() <= then,
        Event::DeadlineMoved(it) => it.before <= then || it.term.overdue_from() <= then,
        Event::DeadlineResumed(_) | Event::DeadlinePaused(_) | Event::DeadlineCancelled(_) => true,
        Event::LedgerOpened(_)
        | Event::PolicyPublished(_)
        | Event::CalendarApplied(_)
        | Event::EventRefused(_)
        | Event::EventDuplicated(_)
        | Event::EventParked(_)
        | Event::FactAccepted(_)
        | Event::CaseOpened(_)
        | Event::CaseClosed(_)
        | Event::CaseCredited(_)
        | Event::PeriodOpened(_)
        | Event::PolicyBegun(_)
        | Event::RankingPublished(_)
        | Event::DeadlineBreached(_)
        | Event::BreachWithdrawn(_)
        | Event::ReminderDue(_)
        | Event::EscalationRaised(_)
        | Event::CaseAnswered(_)
        | Event::DeliveryEnded(_)
        | Event::DeliveryReplayed(_)
        | Event::ReactionCounted(_)
        | Event::ReactionCalled(_)
        | Event::ReactionStopped(_) => false,
    });
    unclear.filter_map(|entry| entry.decided.case.clone()).collect()
}

/// How many deadlines of a case were overdue at `then`, beyond those that its rows of
/// today tell for that instant; `story` is all of its entries in order.
pub(super) fn lacking(story: &[Entry], then: Instant) -> i64 {
    let true_then = overdue(story.iter().filter(|entry| entry.decided.at <= then), then);
    true_then - overdue(story.iter(), then)
}

/// How many deadlines run after these entries and are overdue at `at`.
fn overdue<'e>(entries: impl Iterator<Item = &'e Entry>, at: Instant) -> i64 {
    let mut running: BTreeMap<&Name, Instant> = BTreeMap::new();
    for entry in entries {
        match &entry.decided.event {
            Event::DeadlineSet(it) => {
                running.insert(&it.clock, it.term.overdue_from());
            }
            Event::DeadlineMoved(it) => {
                // What stands still may move and stands still.
                running.entry(&it.clock).and_modify(|from| *from = it.term.overdue_from());
            }
            Event::DeadlineResumed(it) => {
                running.insert(&it.clock, it.term.overdue_from());
            }
            Event::DeadlinePaused(it) => {
                running.remove(&it.clock);
            }
            Event::DeadlineMet(it) => {
                running.remove(&it.clock);
            }
            Event::DeadlineCancelled(it) => {
                running.remove(&it.clock);
            }
            Event::LedgerOpened(_)
            | Event::PolicyPublished(_)
            | Event::CalendarApplied(_)
            | Event::EventRefused(_)
            | Event::EventDuplicated(_)
            | Event::EventParked(_)
            | Event::FactAccepted(_)
            | Event::CaseOpened(_)
            | Event::CaseClosed(_)
            | Event::CaseCredited(_)
            | Event::PeriodOpened(_)
            | Event::PolicyBegun(_)
            | Event::RankingPublished(_)
            | Event::DeadlineBreached(_)
            | Event::BreachWithdrawn(_)
            | Event::ReminderDue(_)
            | Event::EscalationRaised(_)
            | Event::CaseAnswered(_)
            | Event::DeliveryEnded(_)
            | Event::DeliveryReplayed(_)
            | Event::ReactionCounted(_)
            | Event::ReactionCalled(_)
            | Event::ReactionStopped(_) => {}
        }
    }
    running.values().map(|from| i64::from(*from <= at)).sum()
}
