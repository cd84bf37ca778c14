//! Going over a ledger entry by entry, believing nothing.
//!
//! It checks form, places, the chain, whose ledger it is, and that each entry lies
//! under its own subject. It goes on after a fault, so that all can be named.

use crate::event::catalogue::Event;
use crate::event::chain::{Chain, ChainError};
use crate::event::entry::{Entry, EntryError};
use crate::id::{Seq, Sha, TenantId};
use crate::port::record::Record;

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("read the ledger entry {seq}: {source}")]
    Entry {
        /// Its place.
        seq: Seq,
        /// What is wrong with it.
        #[source]
        source: EntryError,
    },
    /// It does not follow the one before.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The stream holds it at another place than it says itself.
    #[error("find the entry {stated} at its place: the stream holds it at {seq}")]
    Moved {
        /// Where it is.
        seq: Seq,
        /// Where it says it is.
        stated: Seq,
    },
    /// The first entry does not open a ledger of this tenant.
    #[error("find the beginning of {tenant}'s ledger: entry 1 is {found}")]
    Beginning {
        /// Whose ledger it should be.
        tenant: TenantId,
        /// What it is instead.
        found: String,
    },
    /// It lies under a subject that is not its own.
    #[error("find entry {seq} under its subject: it lies under {found}, not {expected}")]
    Subject {
        /// Its place.
        seq: Seq,
        /// Where it lies.
        found: String,
        /// Where it belongs.
        expected: String,
    },
}

/// How far a ledger was gone over.
#[derive(Debug, Clone)]
pub struct Walk {
    tenant: TenantId,
    /// The last place and the digest there.
    pub chain: Chain,
    /// The ledger's identity, once its first entry was read.
    pub ledger: Option<uuid::Uuid>,
    /// The last intake record that is decided on it.
    pub decided: Seq,
    /// Whether the entry before could not be read, so that its digest is unknown.
    skipped: bool,
}

impl Walk {
    /// Before the first entry of a tenant's ledger.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, chain: Chain::default(), ledger: None, decided: Seq::ZERO, skipped: false }
    }

    /// Passes over an entry that cannot be read.
    pub fn skip(&mut self, seq: Seq) {
        self.chain.seq = seq;
        self.skipped = true;
    }

    /// Goes over the next record and answers with everything that is wrong with it.
    pub fn step(&mut self, record: &Record) -> Vec<Fault> {
        let mut faults = Vec::new();
        let here = Chain { seq: record.seq, hash: Sha::of(&record.body) };
        match Entry::read(&record.body) {
            Ok(entry) => self.look_at(record, &entry, &mut faults),
            Err(source) => faults.push(Fault::Entry { seq: record.seq, source }),
        }
        self.chain = here;
        faults
    }

    fn look_at(&mut self, record: &Record, entry: &Entry, faults: &mut Vec<Fault>) {
        if std::mem::take(&mut self.skipped) {
            // Only the entry itself still tells what the one before was.
            self.chain.hash = entry.previous;
        }
        if entry.seq != record.seq {
            faults.push(Fault::Moved { seq: record.seq, stated: entry.seq });
        }
        faults.extend(self.chain.follow(entry).err().map(Fault::from));
        match &entry.decided.event {
            Event::LedgerOpened(opened) if opened.tenant == self.tenant => self.ledger = Some(opened.ledger),
            event if record.seq == Seq(1) => {
                let found = event.kind().to_owned();
                faults.push(Fault::Beginning { tenant: self.tenant.clone(), found });
            }
            _ => {}
        }
        if let Ok((expected, _)) = entry.to_message(&self.tenant)
            && expected != record.subject
        {
            let found = record.subject.clone();
            faults.push(Fault::Subject { seq: record.seq, found, expected });
        }
        // As the fold counts it: what time did in passing decides no record.
        if !entry.decided.by_time && entry.decided.event.is_verdict() {
            self.decided = self.decided.max(entry.decided.cause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::catalogue::LedgerOpened;
    use crate::event::entry::Decided;
    use crate::time::Instant;
    use bytes::Bytes;

    fn tenant() -> TenantId {
        TenantId::new("genhe").expect("a tenant")
    }

    fn opened(seq: u64, previous: Sha) -> Record {
        let opened = LedgerOpened { ledger: uuid::Uuid::nil(), tenant: tenant(), format: 1 };
        let decided = Decided {
            at: Instant::from_nanos(0),
            cause: Seq::ZERO,
            by_time: false,
            case: None,
            unit: None,
            policy: None,
            event: Event::LedgerOpened(opened),
        };
        let entry = Entry { seq: Seq(seq), previous, ordinal: 0, decided };
        let (subject, body) = entry.to_message(&tenant()).expect("an entry");
        Record { seq: Seq(seq), at: Instant::from_nanos(0), subject, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn a_whole_ledger_has_no_faults_and_a_broken_one_names_each() {
        let first = opened(1, Sha::ZERO);
        let second = opened(2, Sha::of(&first.body));
        let mut walk = Walk::new(tenant());
        assert!(walk.step(&first).is_empty() && walk.step(&second).is_empty());
        let mut walk = Walk::new(tenant());
        let mut altered = first.clone();
        altered.body =
            Bytes::from(String::from_utf8_lossy(&first.body).replace("\"format\":1", "\"format\":2"));
        assert!(walk.step(&altered).is_empty(), "one entry alone does not tell");
        assert!(matches!(walk.step(&second).as_slice(), [Fault::Chain(ChainError::Link { .. })]));
        let mut walk = Walk::new(tenant());
        assert!(!walk.step(&second).is_empty(), "the beginning is missing");
        let garbled = Record { body: Bytes::from_static(b"{"), ..first };
        assert!(matches!(Walk::new(tenant()).step(&garbled).as_slice(), [Fault::Entry { .. }]));
    }
}
