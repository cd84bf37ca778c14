//! What must be so once everything is delivered: each reminder has one recorded outcome,
//! and whatever came twice came twice for a reason.

use std::collections::BTreeMap;

use duban::event::catalogue::{Event, Outcome};
use duban::event::entry::Entry;
use duban::port::record::Record;
use duban::time::Instant;

use crate::courier_receivers::{Did, Reception};

/// How long before a receiver reads a message its sender may have been killed: what was
/// written to the wire is read all the same.
const ON_THE_WIRE_SECONDS: i64 = 2;

/// A reminder to one unit through one channel: its place on the ledger, unit, channel.
pub type Errand = (u64, String, String);

/// Reminders and their outcomes, as the ledger has them.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// When each was raised.
    pub raised: BTreeMap<Errand, Instant>,
    /// Every recorded end, with the instant at which the intake had its fact.
    pub ended: BTreeMap<Errand, Vec<(Outcome, Instant)>>,
}

/// What came of it, for the test's output.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub reminders: usize,
    pub receptions: usize,
    pub refused: usize,
    pub lost_answers: usize,
    /// Came again although it was taken: the answer was lost.
    pub again_after_lost: usize,
    /// Came again although it was taken: a kill came before the end was recorded.
    pub again_after_kill: usize,
}

impl Outcomes {
    /// Reads them off the ledger.
    pub fn read(ledger: &[Record]) -> Self {
        let mut outcomes = Self::default();
        for record in ledger {
            let entry = Entry::read(&record.body).unwrap_or_else(|error| panic!("failed to {error}"));
            match &entry.decided.event {
                Event::ReminderDue(it) | Event::EscalationRaised(it) => {
                    for told in &it.via {
                        let errand = (entry.seq.0, told.unit.to_string(), told.channel.to_string());
                        outcomes.raised.insert(errand, entry.decided.at);
                    }
                }
                Event::DeliveryEnded(it) => {
                    let errand = (it.reminder.0, it.unit.to_string(), it.channel.to_string());
                    outcomes.ended.entry(errand).or_default().push((it.outcome, entry.decided.at));
                }
                _ => {}
            }
        }
        outcomes
    }

    /// Each reminder has exactly one end, and it is this one.
    #[track_caller]
    pub fn each_ended_once(&self, expected: Outcome) {
        for errand in self.raised.keys() {
            let ends: Vec<Outcome> =
                self.ended.get(errand).into_iter().flatten().map(|(outcome, _)| *outcome).collect();
            assert_eq!(ends, [expected], "{errand:?}");
        }
        assert_eq!(self.raised.len(), self.ended.len(), "an end without a reminder");
    }

    /// Nothing is lost towards the outside, and what came twice came twice because an
    /// answer was lost, or because a kill came before the end was recorded.
    #[track_caller]
    pub fn hold_against(&self, receptions: &[Reception], kills: &[Instant]) -> Found {
        let mut by_key: BTreeMap<&str, Vec<&Reception>> = BTreeMap::new();
        for it in receptions {
            by_key.entry(&it.key).or_default().push(it);
        }
        let mut found =
            Found { reminders: self.raised.len(), receptions: receptions.len(), ..Found::default() };
        let mut keys = BTreeMap::new();
        for (key, came) in &by_key {
            let seq: u64 =
                key.split('-').nth(1).and_then(|seq| seq.parse().ok()).expect("a key with a place");
            let other = keys.insert((seq, came[0].place.clone()), *key);
            assert_eq!(other, None, "reminder {seq} has two keys");
            Self::one_was_taken(seq, came);
            found.count(came);
            for pair in came.windows(2) {
                self.came_again(seq, pair, kills, &mut found);
            }
        }
        for (seq, unit, _) in self.raised.keys() {
            assert!(keys.contains_key(&(*seq, unit.clone())), "reminder {seq} never came to {unit}");
        }
        found
    }

    fn ended_at(&self, seq: u64, unit: &str) -> Instant {
        let of = |errand: &&Errand| errand.0 == seq && errand.1 == unit;
        let errand = self.ended.keys().find(of).unwrap_or_else(|| panic!("{seq} to {unit} was never raised"));
        self.ended[errand][0].1
    }

    fn one_was_taken(seq: u64, came: &[&Reception]) {
        let is_taken = came.iter().any(|it| matches!(it.did, Did::Took | Did::TookTwice));
        assert!(is_taken, "reminder {seq} is recorded as delivered, but nobody took it: {came:?}");
    }

    fn came_again(&self, seq: u64, pair: &[&Reception], kills: &[Instant], found: &mut Found) {
        let [one, other] = pair else { return };
        match one.did {
            Did::Refused => {}
            Did::LostAnswer => found.again_after_lost += 1,
            Did::Took | Did::TookTwice => {
                let recorded = self.ended_at(seq, &one.place);
                let left = one.at.plus_seconds(-ON_THE_WIRE_SECONDS);
                let between = |kill: &&Instant| left <= **kill && **kill <= other.at && **kill <= recorded;
                let killed = kills.iter().any(|kill| between(&kill));
                assert!(
                    killed,
                    "{} came at {} and was taken, and came again at {}; its end was recorded at {recorded}",
                    one.key, one.at, other.at
                );
                found.again_after_kill += 1;
            }
        }
    }
}

impl Found {
    fn count(&mut self, came: &[&Reception]) {
        for it in came {
            match it.did {
                Did::Took | Did::TookTwice => {}
                Did::Refused => self.refused += 1,
                Did::LostAnswer => self.lost_answers += 1,
            }
        }
    }
}
