//! Reading: contiguous, resumable, and suspicious.
//!
//! A reader pulls batches through a consumer of its own that the server forgets
//! when it is left alone. Any doubt (a gap, a lost connection, silence where a
//! heartbeat was due, a deleted consumer) ends the consumer; the next one starts
//! after the last record given, and the leader is asked whether the log still
//! reaches that far. Whether records are lost is for the leader to say, never
//! for a consumer.

use std::collections::VecDeque;
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant as Moment;

use crate::id::Seq;
use crate::nats::line::{News, Silence};
use crate::nats::stream::NatsLog;
use crate::nats::wire::delivered;
use crate::port::log::{Log as _, LogError, Reader};
use crate::port::record::Record;

/// Messages of one pull; two pulls are under way, so that the server always has
/// one to fill while the other is being consumed.
const PULL_MESSAGES: u64 = 4096;
/// Bytes of one pull, or of eight of the log's largest records if that is more.
const PULL_BYTES: usize = 4 * 1024 * 1024;
/// How long the server keeps a pull that it cannot fill.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// How often the server shows that it still has our pull.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Silence that means the consumer is gone: two heartbeats missed, and a grace
/// for a busy machine.
const SILENCE: Duration = Duration::from_secs(3);
/// How long the server keeps a consumer that nobody pulls from.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Records read one by one after a doubt, so that a message the client cannot
/// parse (a publisher's malformed header drops the connection) is got over.
const BY_HAND: u64 = 8;
/// The pause before asking a replicated log again whether it ends before what
/// was given: a new leader may still be catching up with what it holds.
const BETWEEN_ASKS: Duration = Duration::from_millis(200);
/// How often it is asked.
const ASKS: u32 = 15;

/// Reads one log in order.
#[derive(Debug)]
pub struct NatsReader {
    log: NatsLog,
    given: Seq,
    /// Read already, not yet given.
    ready: VecDeque<Record>,
    session: Option<Session>,
    /// The consumer of the last session, to be removed.
    stale: Option<String>,
    /// Whether the last session ended in doubt.
    doubt: bool,
}

/// One consumer and what was asked of it.
#[derive(Debug)]
struct Session {
    inbox: Subscriber,
    reply: String,
    pull: String,
    consumer: String,
    /// Messages asked for and not yet come.
    asked: u64,
    /// When the server last gave a sign, or should have begun to.
    heard: Moment,
    news: watch::Receiver<News>,
    drops: u64,
    /// From where denials count.
    mark: u64,
}

impl NatsReader {
    pub(super) async fn open(log: NatsLog, after: Seq) -> Result<Self, LogError> {
        let mut reader =
            Self { log, given: after, ready: VecDeque::new(), session: None, stale: None, doubt: false };
        reader.reopen().await?;
        Ok(reader)
    }

    /// Makes a consumer after the last record given, then asks the leader whether
    /// the log reaches that far: in this order a loss in between is seen.
    async fn reopen(&mut self) -> Result<(), LogError> {
        if let Some(stale) = self.stale.take() {
            Session::forget(&self.log, &stale).await;
        }
        let session = Session::open(&self.log, self.given).await?;
        let last = self.leaders_last().await?;
        if self.doubt {
            let until = last.0.min(self.given.0 + BY_HAND);
            while self.given.0 < until {
                let next = self.given.next();
                let record = self.log.get(next).await?.ok_or_else(|| self.log.broken(next, last))?;
                self.ready.push_back(record);
                self.given = next;
            }
            self.doubt = false;
        }
        self.session = Some(session);
        Ok(())
    }

    /// The leader's last place, if it is not before what was given.
    async fn leaders_last(&self) -> Result<Seq, LogError> {
        let asks = if self.log.inner.settings.replicas > 1 { ASKS } else { 1 };
        let mut last = self.log.last().await?;
        for _ in 1..asks {
            if last >= self.given {
                break;
            }
            tokio::time::sleep(BETWEEN_ASKS).await;
            last = self.log.last().await?;
        }
        if last < self.given { Err(self.log.broken(self.given.next(), last)) } else { Ok(last) }
    }

    /// Waits until at least one record is ready or the session is in doubt.
    async fn wait(&mut self) -> Result<(), LogError> {
        let Some(session) = &mut self.session else {
            return self.reopen().await;
        };
        session.pull_more(&self.log).await?;
        match session.message().await {
            Some(message) => self.take(message),
            None => match session.denial(&self.log) {
                Some(reason) => return Err(self.log.silent(Silence::Denied(reason))),
                None => self.distrust("the server fell silent or the connection was lost"),
            },
        }
        Ok(())
    }

    /// Takes what has arrived without waiting, up to `most`.
    fn take_arrived(&mut self, most: usize) {
        while self.ready.len() < most {
            let Some(session) = &mut self.session else { return };
            match session.inbox.next().now_or_never() {
                Some(Some(message)) => self.take(message),
                Some(None) => self.distrust("the subscription ended"),
                None => return,
            }
        }
    }

    fn take(&mut self, message: Message) {
        if let Some(session) = &mut self.session {
            session.heard = Moment::now();
        }
        if let Some(status) = message.status {
            return self.take_status(status, &message);
        }
        if let Some(session) = &mut self.session {
            session.asked = session.asked.saturating_sub(1);
        }
        match delivered(message) {
            Some(record) if record.seq <= self.given => {}
            Some(record) if record.seq == self.given.next() => {
                self.given = record.seq;
                self.ready.push_back(record);
            }
            Some(record) => self.distrust(&format!("{} came after {}", record.seq, self.given)),
            None => self.distrust("a message that is no delivery"),
        }
    }

    fn take_status(&mut self, status: StatusCode, message: &Message) {
        let words = message.description.as_deref().unwrap_or_default();
        let full = words.eq_ignore_ascii_case("Message Size Exceeds MaxBytes")
            || words.eq_ignore_ascii_case("Batch Completed");
        match status.as_u16() {
            100 => {}
            // The pull is over, and says how much of it was left.
            404 | 408 | 409 if status.as_u16() != 409 || full => {
                let headers = message.headers.as_ref();
                let left = headers.and_then(|headers| headers.get("Nats-Pending-Messages"));
                let left = left.and_then(|left| left.as_str().parse().ok()).unwrap_or(PULL_MESSAGES);
                if let Some(session) = &mut self.session {
                    session.asked = session.asked.saturating_sub(left);
                }
            }
            _ => self.distrust(&format!("status {status} {words}")),
        }
    }

    fn distrust(&mut self, why: &str) {
        tracing::debug!(log = self.log.name(), given = self.given.0, why, "a reader starts again");
        self.stale = self.session.take().map(|session| session.consumer).or(self.stale.take());
        self.doubt = true;
    }

    fn give(&mut self, most: usize) -> Vec<Record> {
        let count = most.max(1).min(self.ready.len());
        self.ready.drain(..count).collect()
    }
}

impl Reader for NatsReader {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Record>, LogError> {
        let until = Moment::now() + wait;
        let mut away = None;
        loop {
            self.take_arrived(most.max(1));
            if !self.ready.is_empty() {
                return Ok(self.give(most));
            }
            match tokio::time::timeout_at(until, self.wait()).await {
                Ok(Ok(())) => {}
                // What was read before the error comes first; the error comes back.
                Ok(Err(_)) if !self.ready.is_empty() => return Ok(self.give(most)),
                Ok(Err(error @ LogError::Unavailable { .. })) => {
                    self.distrust("the server does not answer");
                    away = Some(error);
                    // An error that comes at once must not become a busy loop.
                    let pause = tokio::time::sleep(BETWEEN_ASKS);
                    let _ = tokio::time::timeout_at(until, pause).await;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) if self.session.is_some() => return Ok(self.give(most)),
                Err(_) => return Err(away.unwrap_or_else(|| self.log.unavailable("no answer yet"))),
            }
            if Moment::now() >= until && self.ready.is_empty() {
                return away.map_or_else(|| Ok(Vec::new()), Err);
            }
        }
    }
}

impl Session {
    async fn open(log: &NatsLog, after: Seq) -> Result<Self, LogError> {
        let inner = &log.inner;
        let line = inner.broker.reading();
        line.connected(Moment::now() + inner.broker.answer_within()).await.map_err(|s| log.silent(s))?;
        let news = line.news();
        let drops = news.borrow().drops;
        let mark = line.mark();
        let reply = line.inbox();
        let inbox = line.client().subscribe(reply.clone()).await.map_err(|error| log.unavailable(error))?;
        let name = log.fresh_name();
        let subject = format!("$JS.API.CONSUMER.CREATE.{}.{name}", inner.stream);
        let question = consumer(&inner.stream, &name, after);
        let answer = log.ask_on::<Value>(line, &subject, &question, inner.broker.answer_within()).await?;
        answer.map_err(|error| log.unavailable(error))?;
        let pull = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{name}", inner.stream);
        Ok(Self { inbox, reply, pull, consumer: name, asked: 0, heard: Moment::now(), news, drops, mark })
    }

    /// Keeps up to two pulls under way.
    async fn pull_more(&mut self, log: &NatsLog) -> Result<(), LogError> {
        let bytes = PULL_BYTES.max(log.inner.settings.max_message_bytes.saturating_mul(8));
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        while self.asked <= PULL_MESSAGES {
            let question = json!({
                "batch": PULL_MESSAGES,
                "max_bytes": bytes,
                "expires": nanos(PULL_EXPIRES),
                "idle_heartbeat": nanos(HEARTBEAT),
            });
            let client = log.inner.broker.reading().client();
            let body = Bytes::from(question.to_string());
            let sent = client.publish_with_reply(self.pull.clone(), self.reply.clone(), body).await;
            sent.map_err(|error| log.unavailable(error))?;
            self.asked += PULL_MESSAGES;
            self.heard = Moment::now();
        }
        Ok(())
    }

    /// Asks the server to drop a consumer; it would do so itself in a while.
    async fn forget(log: &NatsLog, consumer: &str) {
        let subject = format!("$JS.API.CONSUMER.DELETE.{}.{consumer}", log.inner.stream);
        let client = log.inner.broker.reading().client();
        if let Err(error) = client.publish(subject, Bytes::new()).await {
            tracing::debug!(%error, consumer, "a consumer is left to expire");
        }
    }

    /// Why the server does not let us pull.
    fn denial(&self, log: &NatsLog) -> Option<String> {
        log.inner.broker.reading().denial(self.mark, &self.pull)
    }

    /// The next message; `None` when none can be trusted to come.
    async fn message(&mut self) -> Option<Message> {
        let drops = self.drops;
        // What came before the connection was lost is still good.
        if let Some(message) = self.inbox.next().now_or_never() {
            return message;
        }
        tokio::select! {
            biased;
            message = self.inbox.next() => message,
            _ = self.news.wait_for(|news| news.drops != drops) => None,
            () = tokio::time::sleep_until(self.heard + SILENCE) => None,
        }
    }
}

fn consumer(stream: &str, name: &str, after: Seq) -> Value {
    let forget = u64::try_from(FORGET_AFTER.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "stream_name": stream,
        "action": "create",
        "config": {
            "name": name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after.next().0,
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": true,
            "num_replicas": 1,
            "inactive_threshold": forget,
        }
    })
}
