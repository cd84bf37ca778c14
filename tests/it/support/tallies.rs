//! What the tallies must be, read off the ledger alone: every fact that was taken,
//! and every round of every clock with its outcome.

use std::collections::BTreeMap;

use duban::event::catalogue::{Answer, Event};
use duban::kernel::index::Count;
use duban::kernel::tally::{Tallied, TallyKey};

use super::kernel::Given;

/// The tallies by their keys' bytes.
pub fn of_ledger(given: &Given) -> BTreeMap<Vec<u8>, i64> {
    let mut tallies: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    // One place for each round of a clock; the latest round of a clock is the one
    // that events speak of.
    let mut rounds: BTreeMap<(String, String), Vec<TallyKey>> = BTreeMap::new();
    for entry in given.entries() {
        let decided = &entry.decided;
        let unit = decided.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        let case = decided.case.as_ref().map(ToString::to_string).unwrap_or_default();
        let workflow = case.split('/').next().unwrap_or_default().to_owned();
        let place = |clock: &dyn ToString| (case.clone(), clock.to_string());
        match &decided.event {
            Event::FactAccepted(it) => {
                let bucket = Count::bucket(decided.at);
                let key = TallyKey { unit, name: it.fact.kind.to_string(), of: Tallied::Facts, bucket };
                *tallies.entry(key.to_bytes()).or_default() += 1;
            }
            Event::DeadlineSet(it) => {
                let bucket = Count::bucket(it.term.overdue_from().just_before());
                let key = TallyKey { unit, name: workflow, of: Tallied::Open, bucket };
                rounds.entry(place(&it.clock)).or_default().push(key);
            }
            Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => {
                let round = rounds.get_mut(&place(&it.clock)).and_then(|all| all.last_mut());
                round.expect("it was set").bucket = Count::bucket(it.term.overdue_from().just_before());
            }
            Event::DeadlineMet(it) => {
                let round = rounds.get_mut(&place(&it.clock)).and_then(|all| all.last_mut());
                round.expect("it was set").of = if it.late { Tallied::Late } else { Tallied::InTime };
            }
            Event::DeadlineCancelled(it) => {
                rounds.get_mut(&place(&it.clock)).and_then(Vec::pop).expect("it was set");
            }
            // What is open goes with the case; what was judged stays where it was.
            Event::CaseAnswered(it) => {
                if let Answer::HandedOver { to, .. } = &it.answer {
                    let own = rounds.iter_mut().filter(|((of, _), _)| *of == case);
                    for key in own.filter_map(|(_, all)| all.last_mut()) {
                        if key.of == Tallied::Open {
                            key.unit = to.to_string();
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for key in rounds.into_values().flatten() {
        *tallies.entry(key.to_bytes()).or_default() += 1;
    }
    tallies
}
