//! Appending: fenced atomic batches, and the truth about an unknown outcome.
//!
//! The server acknowledges a batch once, at its end, after one sync to disk.
//! When no clear answer comes, this file looks at what the leader holds after
//! the fence, and answers what it finds there; only if that is still open does
//! it say *unknown*. It never repeats an append: that is the caller's choice.

use std::time::Duration;

use async_nats::{HeaderMap, HeaderName};
use futures::StreamExt as _;
use tokio::time::Instant as Moment;

use crate::id::Seq;
use crate::nats::line::Silence;
use crate::nats::stream::NatsLog;
use crate::nats::wire::{Acknowledged, Answer, ApiError, headers_of};
use crate::port::log::{AppendError, Log as _, LogError, MOST_IN_APPEND};
use crate::port::record::NewRecord;

/// Every record of a batch carries these two.
static BATCH_ID: HeaderName = HeaderName::from_static("Nats-Batch-Id");
static BATCH_SEQUENCE: HeaderName = HeaderName::from_static("Nats-Batch-Sequence");

/// The server dropped a batch before its end (it restarted, or its leader
/// changed): nothing of it is stored.
const BATCH_INCOMPLETE: u32 = 10176;

/// The server's code (as in HTTP) when too many batches are open: later is fine.
const TOO_MANY: u16 = 429;

/// How often an answered look finds nothing before the outcome is left open. A
/// message that was under way when the connection broke arrives right after it
/// stands again.
const LOOKS: u32 = 5;
/// The pause between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Questions under way when stored records are compared.
const COMPARED_AT_ONCE: usize = 32;

pub(super) async fn append(
    log: &NatsLog,
    records: &[NewRecord],
    fence: Option<Seq>,
) -> Result<Seq, AppendError> {
    check(log, records)?;
    let within = log.inner.broker.answer_within();
    log.inner.broker.main().connected(Moment::now() + within).await.map_err(|silence| log.silent(silence))?;
    let answer = send(log, records, fence, Moment::now() + within).await;
    let acknowledged = match answer {
        Ok(message) => serde_json::from_slice::<Answer<Acknowledged>>(&message.payload)
            .map_err(|error| Outcome::Open(error.to_string())),
        Err(silence) => Err(after_silence(log, silence)),
    };
    match acknowledged.map_or_else(|outcome| outcome, |answer| judge(log, answer)) {
        Outcome::Stored(seq) => Ok(seq),
        Outcome::Failed(error) => Err(error),
        Outcome::Open(reason) => match fence {
            Some(fence) => look(log, records, fence, reason, Moment::now() + within).await,
            None => Err(AppendError::Unknown { reason }),
        },
    }
}

/// What an answer, or its absence, says of an append.
enum Outcome {
    Stored(Seq),
    Failed(AppendError),
    /// It may or may not be stored; the reason to look.
    Open(String),
}

fn check(log: &NatsLog, records: &[NewRecord]) -> Result<(), AppendError> {
    let refused = |reason| Err(AppendError::Refused { reason });
    if records.is_empty() || records.len() > MOST_IN_APPEND {
        return refused(format!("{} records are not 1 to {MOST_IN_APPEND}", records.len()));
    }
    for (place, record) in records.iter().enumerate() {
        if let Some(fault) = record.fault(&log.inner.subjects, log.inner.settings.max_message_bytes) {
            return refused(format!("record {place}: {fault}"));
        }
    }
    Ok(())
}

/// Sends all records and waits for the answer to the last one.
async fn send(
    log: &NatsLog,
    records: &[NewRecord],
    fence: Option<Seq>,
    until: Moment,
) -> Result<async_nats::Message, Silence> {
    let line = log.inner.broker.main();
    let batch = (records.len() > 1).then(|| log.fresh_name());
    let Some((last, before)) = records.split_last() else {
        return Err(Silence::NotSent("there is no record".into()));
    };
    for (place, record) in before.iter().enumerate() {
        let fence = fence.filter(|_| place == 0);
        let headers = framed(record, batch.as_deref(), place, fence);
        // A batch without its end is never stored, so this failure is certain.
        line.tell(record.subject.clone(), headers, record.body.clone()).await?;
    }
    let mut headers = framed(last, batch.as_deref(), before.len(), fence.filter(|_| before.is_empty()));
    if batch.is_some() {
        headers.insert("Nats-Batch-Commit", "1");
    }
    line.ask(&last.subject, Some(headers), last.body.clone(), until).await
}

/// A record's headers with the broker's: batch, place in it, and fence.
fn framed(record: &NewRecord, batch: Option<&str>, place: usize, fence: Option<Seq>) -> HeaderMap {
    let mut headers = headers_of(record);
    if let Some(batch) = batch {
        headers.insert(BATCH_ID.clone(), batch);
        headers.insert(BATCH_SEQUENCE.clone(), (place + 1).to_string());
    }
    if let Some(fence) = fence {
        headers.insert("Nats-Expected-Last-Sequence", fence.to_string());
    }
    headers
}

fn after_silence(log: &NatsLog, silence: Silence) -> Outcome {
    match silence {
        Silence::Unknown(reason) => Outcome::Open(reason),
        Silence::Nobody => {
            Outcome::Failed(log.unavailable("no stream takes the subject now; nothing was stored").into())
        }
        certain @ (Silence::NotSent(_) | Silence::Denied(_)) => Outcome::Failed(log.silent(certain).into()),
    }
}

fn judge(log: &NatsLog, answer: Answer<Acknowledged>) -> Outcome {
    match (answer.error, answer.content) {
        (Some(error), _) => judge_error(log, &error),
        (None, Some(stored)) if !stored.duplicate => Outcome::Stored(Seq(stored.seq)),
        (None, Some(_)) => Outcome::Open("the server takes it for a repetition".into()),
        (None, None) => Outcome::Open("the answer is no acknowledgement".into()),
    }
}

/// What the server's refusal means. Only what is certain is judged here; R1 and
/// R3 differ in the error they give for a fence that does not hold (10071,
/// 10164), and 10158 and 10201 mean a repetition, so all those are looked at.
fn judge_error(log: &NatsLog, error: &ApiError) -> Outcome {
    let dropped = || LogError::Unavailable {
        log: log.inner.stream.clone(),
        reason: format!("{error}; nothing was stored"),
    };
    match error.err_code {
        BATCH_INCOMPLETE => Outcome::Failed(dropped().into()),
        _ if error.code == TOO_MANY => Outcome::Failed(dropped().into()),
        10071 | 10164 | 10158 | 10201 => Outcome::Open(error.to_string()),
        _ if error.code < 500 => Outcome::Failed(AppendError::Refused { reason: error.to_string() }),
        _ => Outcome::Open(error.to_string()),
    }
}

/// Looks at what the leader holds after the fence until it is clear whether that
/// is this append, or `until` passes.
async fn look(
    log: &NatsLog,
    records: &[NewRecord],
    fence: Seq,
    reason: String,
    until: Moment,
) -> Result<Seq, AppendError> {
    let mut looks = 0;
    loop {
        match log.last().await {
            Ok(last) if last > fence => {
                return if is_stored(log, records, fence, last).await? {
                    Ok(Seq(fence.0 + records.len() as u64))
                } else {
                    Err(AppendError::Fenced { expected: fence })
                };
            }
            Ok(last) if last < fence => return Err(log.broken(fence, last).into()),
            Ok(_) => looks += 1,
            Err(LogError::Unavailable { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if looks == LOOKS || Moment::now() + BETWEEN_LOOKS >= until {
            return Err(AppendError::Unknown { reason });
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Whether the records after `fence` are these, byte for byte.
async fn is_stored(log: &NatsLog, records: &[NewRecord], fence: Seq, last: Seq) -> Result<bool, AppendError> {
    let unclear = |error: LogError| AppendError::Unknown { reason: error.to_string() };
    if last.0 - fence.0 < records.len() as u64 {
        return Ok(false);
    }
    let places = (fence.0 + 1..).take(records.len());
    let mut stored =
        futures::stream::iter(places).map(|place| log.get(Seq(place))).buffered(COMPARED_AT_ONCE);
    for record in records {
        let found = stored.next().await.unwrap_or(Ok(None)).map_err(unclear)?;
        if !found.is_some_and(|found| record.is_stored_as(&found)) {
            return Ok(false);
        }
    }
    Ok(true)
}
