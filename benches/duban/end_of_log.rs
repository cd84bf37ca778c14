//! The end of a log that is too long to be kept in memory whole. It is read only.

use std::sync::Arc;
use std::time::Duration;

use duban::id::Seq;
use duban::port::log::{AppendError, Log, LogError, NewRecord, Reader};
use duban::port::record::Record;

/// The last records of a log; none of an empty one.
#[derive(Clone, Default)]
pub struct EndOfLog {
    records: Arc<Vec<Record>>,
}

impl EndOfLog {
    pub fn new(records: Vec<Record>) -> Self {
        Self { records: Arc::new(records) }
    }
}

impl Log for EndOfLog {
    type Reader = EndReader;

    fn name(&self) -> &'static str {
        "end"
    }

    async fn last(&self) -> Result<Seq, LogError> {
        Ok(self.records.last().map_or(Seq::ZERO, |record| record.seq))
    }

    async fn get(&self, seq: Seq) -> Result<Option<Record>, LogError> {
        Ok(self.records.iter().find(|record| record.seq == seq).cloned())
    }

    async fn reader(&self, after: Seq) -> Result<EndReader, LogError> {
        Ok(EndReader { log: self.clone(), after })
    }

    async fn append(&self, _: Vec<NewRecord>, _: Option<Seq>) -> Result<Seq, AppendError> {
        Err(AppendError::Refused { reason: "it is read only".into() })
    }
}

pub struct EndReader {
    log: EndOfLog,
    after: Seq,
}

impl Reader for EndReader {
    async fn next(&mut self, most: usize, _: Duration) -> Result<Vec<Record>, LogError> {
        let later = self.log.records.iter().filter(|record| record.seq > self.after);
        let found: Vec<Record> = later.take(most).cloned().collect();
        self.after = found.last().map_or(self.after, |record| record.seq);
        Ok(found)
    }
}
