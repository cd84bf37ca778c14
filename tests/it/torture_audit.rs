//! What must be so whenever everything is quiet, whatever happened before: every
//! fact is answered once, nothing is raised twice or missing, and the ledger is
//! what a fresh kernel makes of the recorded intake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use duban::cli::shelf::FolderShelf;
use duban::engine::backing::Stored;
use duban::engine::intake::received;
use duban::event::catalogue::Event;
use duban::event::chain::Chain;
use duban::event::entry::Entry;
use duban::event::fact::Content;
use duban::id::{Seq, Sha, TenantId};
use duban::kernel::digest::digest;
use duban::nats::NatsLog;
use duban::port::log::{Log as _, Reader as _};
use duban::port::record::Record;
use duban::port::shelf::{Current, Shelf as _};
use duban::sled_store::SledSettings;

use crate::support::kernel::Given;

/// A fact that was acknowledged: its source and id, and its place in the intake.
pub type Acknowledged = ((String, String), Seq);

/// Everything that the broker holds of a tenant.
pub struct Held {
    pub tenant: TenantId,
    pub intake: Vec<Record>,
    pub ledger: Vec<Record>,
}

/// What was found, for the test's output.
#[derive(Debug, Default)]
pub struct Found {
    pub intake: usize,
    pub ticks: usize,
    pub ledger: usize,
    pub verdicts: BTreeMap<&'static str, usize>,
    pub alarms: BTreeMap<&'static str, usize>,
}

/// Reads a whole log.
pub async fn read_all(log: &NatsLog) -> Vec<Record> {
    let last = log.last().await.expect("an end");
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let mut records: Vec<Record> = Vec::new();
    while records.last().map_or(Seq::ZERO, |record| record.seq) < last {
        records.extend(reader.next(5_000, Duration::from_secs(10)).await.expect("records"));
    }
    records
}

impl Held {
    /// Reads both logs of a tenant.
    pub async fn read(tenant: &TenantId, intake: &NatsLog, ledger: &NatsLog) -> Self {
        let (intake, ledger) = (read_all(intake).await, read_all(ledger).await);
        Self { tenant: tenant.clone(), intake, ledger }
    }

    /// Holds everything against everything; panics at the first thing that is wrong.
    pub fn audit(&self, acknowledged: &[Acknowledged], projection: &Path) -> Found {
        let mut found = Found { intake: self.intake.len(), ledger: self.ledger.len(), ..Found::default() };
        let entries = self.entries();
        self.acknowledged_is_stored(acknowledged);
        self.each_is_answered_once(&entries, &mut found);
        alarms_are_raised_once(&entries, &mut found);
        let mut fresh = self.decided_afresh();
        self.is_what_a_fresh_kernel_decides(&fresh);
        assert_eq!(stored_digest(projection), fresh.digest(), "the projection is not the ledger's fold");
        found
    }

    /// The ledger's entries, each linked to the one before.
    fn entries(&self) -> Vec<Entry> {
        let mut chain = Chain { seq: Seq::ZERO, hash: Sha::ZERO };
        let each = |record: &Record| {
            let entry = Entry::read(&record.body).unwrap_or_else(|error| panic!("failed to {error}"));
            chain.follow(&entry).unwrap_or_else(|error| panic!("failed to {error}"));
            chain = Chain { seq: entry.seq, hash: Sha::of(&record.body) };
            assert_eq!(entry.seq, record.seq);
            entry
        };
        self.ledger.iter().map(each).collect()
    }

    /// What was acknowledged is in the intake, where the acknowledgement says.
    fn acknowledged_is_stored(&self, acknowledged: &[Acknowledged]) {
        for ((source, id), seq) in acknowledged {
            let record = &self.intake[seq.0 as usize - 1];
            let body = String::from_utf8_lossy(&record.body);
            let there = source.is_empty() || body.contains(&format!("\"id\":\"{id}\""));
            assert!(there, "{id} was acknowledged at {seq}, where there is {body}");
        }
    }

    /// Every record that is no tick has one verdict, and each source and id is
    /// judged once: all others of the same name repeat or contradict it.
    fn each_is_answered_once(&self, entries: &[Entry], found: &mut Found) {
        let mut verdicts: BTreeMap<Seq, (&'static str, bool)> = BTreeMap::new();
        for entry in entries {
            let verdict = match &entry.decided.event {
                Event::FactAccepted(it) if it.parked.is_none() => ("accepted", true),
                Event::PolicyPublished(_) => ("published", true),
                Event::EventRefused(it) if it.parked.is_none() => {
                    ("refused", !it.conflicts && it.fact.is_some())
                }
                Event::EventParked(_) => ("parked", true),
                Event::EventDuplicated(_) => ("duplicated", false),
                _ => continue,
            };
            *found.verdicts.entry(verdict.0).or_default() += 1;
            let before = verdicts.insert(entry.decided.cause, verdict);
            assert_eq!(before, None, "intake {} is answered twice", entry.decided.cause);
        }
        let mut judged = BTreeSet::new();
        for record in &self.intake {
            let received = received(&self.tenant, record);
            let verdict = verdicts.get(&record.seq);
            match received.content {
                Content::Tick => {
                    found.ticks += 1;
                    assert_eq!(verdict, None, "the tick {} has a verdict", record.seq);
                }
                Content::Malformed(..) => {
                    assert_eq!(verdict.map(|it| it.0), Some("refused"), "intake {}", record.seq);
                }
                Content::Fact(fact) => {
                    let (word, first) =
                        verdict.unwrap_or_else(|| panic!("intake {} has no verdict", record.seq));
                    let new = judged.insert((fact.source, fact.id.clone()));
                    assert_eq!(new, *first, "{} at intake {} is {word}", fact.id, record.seq);
                }
            }
        }
    }

    /// The recorded intake, decided again from nothing.
    fn decided_afresh(&self) -> Given {
        let first = Entry::read(&self.ledger[0].body).expect("the first entry");
        let Event::LedgerOpened(opened) = &first.decided.event else { panic!("{first:?}") };
        let mut given = Given::opened(&self.tenant, opened.ledger, first.decided.at);
        for record in &self.intake {
            given.deliver(&received(&self.tenant, record));
        }
        given
    }

    fn is_what_a_fresh_kernel_decides(&self, fresh: &Given) {
        for (record, expected) in self.ledger.iter().zip(&fresh.ledger) {
            let same = record.body == expected.body && record.subject == expected.subject;
            let bodies = (String::from_utf8_lossy(&record.body), String::from_utf8_lossy(&expected.body));
            assert!(same, "{}: the ledger has\n{}\nand a fresh kernel\n{}", record.seq, bodies.0, bodies.1);
        }
        let missing = fresh.ledger.get(self.ledger.len()).map(|out| String::from_utf8_lossy(&out.body));
        assert_eq!((self.ledger.len(), missing), (fresh.ledger.len(), None));
    }
}

/// Nothing that alarms somebody is there twice for one round of a clock.
fn alarms_are_raised_once(entries: &[Entry], found: &mut Found) {
    let mut rounds = BTreeMap::new();
    let mut raised = BTreeSet::new();
    for entry in entries {
        let case = entry.decided.case.clone();
        let round =
            |clock: &duban::id::Name| rounds.get(&(case.clone(), clock.clone())).copied().unwrap_or(0);
        let (kind, clock, round, rung) = match &entry.decided.event {
            Event::DeadlineSet(it) => {
                rounds.insert((case.clone(), it.clock.clone()), it.round);
                ("set", it.clock.clone(), it.round, (0, 0))
            }
            Event::DeadlineBreached(it) => ("breached", it.clock.clone(), round(&it.clock), (0, 0)),
            Event::DeadlineMet(it) => ("met", it.clock.clone(), round(&it.clock), (0, 0)),
            Event::ReminderDue(it) => ("reminder", it.clock.clone(), round(&it.clock), (it.rung, it.nth)),
            Event::EscalationRaised(it) => {
                ("escalation", it.clock.clone(), round(&it.clock), (it.rung, it.nth))
            }
            _ => continue,
        };
        *found.alarms.entry(kind).or_default() += 1;
        let told = raised.insert((kind, case, clock, round, rung));
        assert!(told, "{} says again what was said: {entry:#?}", entry.seq);
    }
}

/// The digest of the rows that a process left behind.
pub fn stored_digest(projection: &Path) -> Sha {
    let shelf = FolderShelf::open(projection, SledSettings::default()).expect("a shelf");
    match shelf.current().expect("a folder") {
        Current::Ready(store) => digest(&Stored(store)).expect("a digest"),
        Current::Absent(why) => panic!("no projection was left in {}: {why}", projection.display()),
    }
}
