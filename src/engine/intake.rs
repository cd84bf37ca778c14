//! Reads the intake ahead of the loop and turns records into facts.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::EngineError;
use crate::event::envelope::read_message;
use crate::event::fact::{Content, Received};
use crate::event::upcast;
use crate::id::{Seq, TenantId};
use crate::port::log::{Log, LogError, MOST_IN_APPEND, Reader, Record};

/// How many groups of records are read ahead.
const GROUPS_AHEAD: usize = 4;
/// How long one read waits for the first record.
const WAIT: Duration = Duration::from_secs(1);

/// Records of the intake, decoded, in order. Dropping it stops the reading.
pub struct Intake {
    groups: mpsc::Receiver<Result<Vec<Received>, EngineError>>,
    task: JoinHandle<()>,
}

impl Intake {
    /// Reads `log` on from the record after `after`.
    pub fn read<L: Log>(log: L, tenant: TenantId, after: Seq) -> Self {
        let (give, groups) = mpsc::channel(GROUPS_AHEAD);
        let task = tokio::spawn(async move {
            let end = read_on(log, &tenant, after, &give).await;
            // Nobody may be there to hear it any more.
            let _ = give.send(Err(end.into())).await;
        });
        Self { groups, task }
    }

    /// The next group.
    ///
    /// # Errors
    /// [`EngineError::Log`] when the intake cannot be read on.
    pub async fn next(&mut self) -> Result<Vec<Received>, EngineError> {
        let ended = || EngineError::Died("the intake is read no more".into());
        self.groups.recv().await.unwrap_or_else(|| Err(ended()))
    }

    /// The next group if one was read already.
    ///
    /// # Errors
    /// As [`Intake::next`].
    pub fn try_next(&mut self) -> Result<Option<Vec<Received>>, EngineError> {
        self.groups.try_recv().ok().transpose()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_on<L: Log>(
    log: L,
    tenant: &TenantId,
    after: Seq,
    give: &mpsc::Sender<Result<Vec<Received>, EngineError>>,
) -> LogError {
    let mut reader = loop {
        match log.reader(after).await {
            Ok(reader) => break reader,
            Err(LogError::Unavailable { .. }) => tokio::time::sleep(WAIT / 4).await,
            Err(error) => return error,
        }
    };
    loop {
        match reader.next(MOST_IN_APPEND, WAIT).await {
            Ok(records) if records.is_empty() => {}
            Ok(records) => {
                let received = records.iter().map(|record| received(tenant, record)).collect();
                if give.send(Ok(received)).await.is_err() {
                    return LogError::Unavailable { log: log.name().into(), reason: "nobody reads".into() };
                }
            }
            Err(LogError::Unavailable { .. }) => tokio::time::sleep(WAIT / 4).await,
            Err(error) => return error,
        }
    }
}

/// What a record of the intake says.
#[must_use]
pub fn received(tenant: &TenantId, record: &Record) -> Received {
    let content = read_message(tenant, &record.subject, &record.headers, &record.body);
    let content = match content {
        Content::Fact(fact) => match upcast::TODAY.lift_fact(*fact) {
            Ok(fact) => Content::Fact(Box::new(fact)),
            Err(error) => {
                let fault =
                    crate::event::fact::Malformed::new("schema.upcast", "dataschema", "", error.to_string());
                let original = String::from_utf8_lossy(&record.body);
                Content::Malformed(fault, original.chars().take(1_000).collect())
            }
        },
        other @ (Content::Malformed(..) | Content::Tick) => other,
    };
    Received { seq: record.seq, at: record.at, content }
}
