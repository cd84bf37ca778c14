//! The auditor: looks at what is left when all engines have stopped.
//!
//! It trusts no engine. It reads both logs, decides the intake again with the bare
//! kernel, and compares.

use std::collections::BTreeMap;

use crate::engine::backing::Stored;
use crate::engine::intake::received;
use crate::event::catalogue::Event;
use crate::event::chain::{Chain, ChainError};
use crate::event::entry::{Entry, EntryError};
use crate::event::fact::Received;
use crate::id::{Seq, Sha, TenantId};
use crate::kernel::digest::digest;
use crate::kernel::state::{State, StateError};
use crate::kernel::turn::Outgoing;
use crate::memory::log::MemoryLog;
use crate::memory::store::MemoryStore;
use crate::port::log::{Log, LogError};
use crate::port::record::Record;
use crate::scenario::virtual_tenant::VirtualTenant;

/// How many events the auditor's groups have: any number gives the same ledger.
const IN_GROUP: usize = 250;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The ledger's chain is broken.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// An entry cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The kernel cannot go on.
    #[error(transparent)]
    State(#[from] StateError),
    /// An acknowledged fact is not on the ledger as it must be.
    #[error("find one verdict on the fact {id}: there are {verdicts}")]
    Verdicts {
        /// The fact's id.
        id: String,
        /// How many verdicts there are, repetitions left out.
        verdicts: usize,
    },
    /// The ledger is not what the intake gives.
    #[error("find the ledger that the intake gives: entry {seq} is {found}, not {expected}")]
    Ledger {
        /// The first place that differs.
        seq: Seq,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A store is not the fold of the ledger.
    #[error("find the fold of the ledger in a store: at {seq} it has the digest {found}, not {expected}")]
    Store {
        /// Where the store stands.
        seq: Seq,
        /// Its digest.
        found: Sha,
        /// The digest of the fold up to there.
        expected: Sha,
    },
}

/// What the auditor saw, when nothing is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Records in the intake, ticks and repetitions included.
    pub records: usize,
    /// Entries on the ledger.
    pub entries: usize,
    /// Entries by type.
    pub kinds: BTreeMap<String, usize>,
}

/// Looks at everything. `acknowledged` are the ids of the facts that were.
///
/// # Errors
/// The first thing that is [`Wrong`].
pub async fn audit(
    tenant: &TenantId,
    intake: &MemoryLog,
    ledger: &MemoryLog,
    stores: &[MemoryStore],
    acknowledged: &[String],
) -> Result<Audit, Wrong> {
    let stated: Vec<Received> = all(intake).await?.iter().map(|record| received(tenant, record)).collect();
    let found = all(ledger).await?;
    let mut chain = Chain::default();
    let mut entries = Vec::new();
    for record in &found {
        let entry = Entry::read(&record.body)?;
        chain = chain.verify(&entry, &record.body)?;
        entries.push(entry);
    }
    one_verdict_each(&entries, acknowledged)?;
    let expected = decide_again(tenant, entries.first(), &found, &stated)?;
    compare(&found, &expected)?;
    for store in stores {
        same_as_fold(tenant, store, &found)?;
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &entries {
        *kinds.entry(entry.decided.event.kind().to_owned()).or_default() += 1;
    }
    Ok(Audit { records: stated.len(), entries: entries.len(), kinds })
}

async fn all(log: &MemoryLog) -> Result<Vec<Record>, LogError> {
    let mut records = Vec::new();
    for place in 1..=log.last().await?.0 {
        records.extend(log.get(Seq(place)).await?);
    }
    Ok(records)
}

fn one_verdict_each(entries: &[Entry], acknowledged: &[String]) -> Result<(), Wrong> {
    let mut verdicts: BTreeMap<&str, usize> = acknowledged.iter().map(|id| (id.as_str(), 0)).collect();
    for entry in entries {
        let id = match &entry.decided.event {
            Event::PolicyPublished(it) => Some(&it.fact.id),
            Event::EventParked(it) => Some(&it.fact.id),
            Event::DeliveryEnded(it) => Some(&it.fact.id),
            Event::DeliveryReplayed(it) => Some(&it.fact.id),
            Event::FactAccepted(it) if it.parked.is_none() => Some(&it.fact.id),
            Event::EventRefused(it) if it.parked.is_none() && !it.conflicts => {
                it.fact.as_ref().map(|it| &it.id)
            }
            _ => None,
        };
        if let Some(count) = id.and_then(|id| verdicts.get_mut(id.as_str())) {
            *count += 1;
        }
    }
    match verdicts.into_iter().find(|(_, count)| *count != 1) {
        Some((id, verdicts)) => Err(Wrong::Verdicts { id: id.to_owned(), verdicts }),
        None => Ok(()),
    }
}

/// Decides the intake again after the ledger's own first entry.
fn decide_again(
    tenant: &TenantId,
    first: Option<&Entry>,
    found: &[Record],
    stated: &[Received],
) -> Result<Vec<Outgoing>, Wrong> {
    let mut again = VirtualTenant::new(tenant)?;
    again.delivery.most = IN_GROUP;
    let (Some(first), Some(record)) = (first, found.first()) else { return Ok(again.ledger) };
    again.fold(first, &record.body)?;
    for one in stated {
        again.deliver(one)?;
    }
    Ok(again.ledger)
}

fn compare(found: &[Record], expected: &[Outgoing]) -> Result<(), Wrong> {
    let show = |body: Option<&[u8]>| {
        body.map_or_else(|| "nothing".to_owned(), |body| String::from_utf8_lossy(body).into_owned())
    };
    let found = found.iter().skip(1).map(|record| &record.body[..]);
    let bodies: Vec<&[u8]> = found.collect();
    for place in 0..bodies.len().max(expected.len()) {
        let there = bodies.get(place).copied();
        let wanted = expected.get(place).map(|out| &out.body[..]);
        if there != wanted {
            return Err(Wrong::Ledger {
                seq: Seq(place as u64 + 2),
                found: show(there),
                expected: show(wanted),
            });
        }
    }
    Ok(())
}

fn same_as_fold(tenant: &TenantId, store: &MemoryStore, ledger: &[Record]) -> Result<(), Wrong> {
    let seq = State::load(Stored(store.clone()), tenant)?.checkpoint().seq;
    let mut fresh = VirtualTenant::new(tenant)?;
    for record in ledger.iter().take_while(|record| record.seq <= seq) {
        fresh.fold(&Entry::read(&record.body)?, &record.body)?;
    }
    let (found, expected) = (digest(&Stored(store.clone()))?, fresh.digest()?);
    if found == expected { Ok(()) } else { Err(Wrong::Store { seq, found, expected }) }
}
