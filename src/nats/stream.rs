//! One stream as a log: opening it, its last place, one record.
//!
//! Every answer here comes from the stream's leader (`STREAM.INFO` and
//! `STREAM.MSG.GET`, never direct get), because a follower may be behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant as Moment;

use crate::id::Seq;
use crate::nats::broker::Broker;
use crate::nats::config::{BROKERS_SHARE, LogSettings};
use crate::nats::line::{Line, Silence};
use crate::nats::read::NatsReader;
use crate::nats::wire::{Answer, ApiError, Stored};
use crate::port::log::{AppendError, Log, LogError};
use crate::port::record::{NewRecord, Record};

/// The server's number for "no such stream".
const NO_STREAM: u32 = 10059;
/// The server's number for "a stream of that name exists with another configuration".
const NAME_TAKEN: u32 = 10058;
/// The server's number for "no such message".
const NO_MESSAGE: u32 = 10037;

/// How long a creation may take: a cluster first elects the stream's leader.
const CREATE_WITHIN: Duration = Duration::from_secs(15);

/// The pause between attempts to open a stream.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(200);

/// One stream as a log. Cheap to clone; all clones are one log.
#[derive(Debug, Clone)]
pub struct NatsLog {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) broker: Broker,
    pub(super) stream: String,
    pub(super) subjects: Vec<String>,
    pub(super) settings: LogSettings,
    /// What makes this log's batches and consumers distinct from all others'.
    pub(super) origin: String,
    pub(super) count: AtomicU64,
}

/// What the leader says of its stream.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    config: Value,
    pub(super) state: State,
}

/// What a stream holds.
#[derive(Debug, Deserialize)]
pub(super) struct State {
    #[serde(default)]
    pub(super) messages: u64,
    #[serde(default)]
    pub(super) first_seq: u64,
    #[serde(default)]
    pub(super) last_seq: u64,
    #[serde(default)]
    deleted: Vec<u64>,
}

impl NatsLog {
    pub(super) async fn open(
        broker: Broker,
        stream: &str,
        subjects: &[String],
        settings: &LogSettings,
    ) -> Result<Self, LogError> {
        let inbox = broker.main().inbox();
        let origin = inbox.rsplit('.').next().unwrap_or_default().to_owned();
        let log = Self {
            inner: Arc::new(Inner {
                broker,
                stream: stream.to_owned(),
                subjects: subjects.to_vec(),
                settings: settings.clone(),
                origin,
                count: AtomicU64::new(0),
            }),
        };
        let info = log.find_or_create().await?;
        log.check_config(&info)?;
        log.check_places(&info)?;
        Ok(log)
    }

    /// The stream as it is, created if absent. A cluster that has just started
    /// answers only when it has elected its leaders, so this tries for as long
    /// as connecting may take.
    async fn find_or_create(&self) -> Result<Info, LogError> {
        let until = Moment::now() + self.inner.broker.connect_within();
        loop {
            let found = match self.info().await {
                Ok(Some(info)) => Ok(info),
                Ok(None) => self.create().await,
                Err(error) => Err(error),
            };
            match found {
                Err(LogError::Unavailable { .. }) if Moment::now() < until => {
                    tokio::time::sleep(BETWEEN_ATTEMPTS).await;
                }
                found => return found,
            }
        }
    }

    /// Looks at the live stream again: an operator may have changed it.
    ///
    /// # Errors
    /// [`LogError::Misconfigured`] with every fault, [`LogError::Broken`] when
    /// records are missing.
    pub async fn check(&self) -> Result<(), LogError> {
        let info = self.info().await?.ok_or_else(|| self.gone())?;
        self.check_config(&info)?;
        self.check_places(&info)
    }

    fn check_config(&self, info: &Info) -> Result<(), LogError> {
        let mut faults = self.inner.settings.faults(&info.config, &self.inner.subjects);
        let payload = self.inner.broker.client().server_info().max_payload;
        let needed = self.inner.settings.max_message_bytes + BROKERS_SHARE;
        if payload < needed {
            faults.push(format!("the server's max_payload is {payload}, must be at least {needed}"));
        }
        if faults.is_empty() { Ok(()) } else { Err(self.misconfigured(faults)) }
    }

    /// Records must be contiguous: the server drops what it cannot read from its
    /// disk, and says so only here.
    /// A stream that was made to begin later, after an archive was restored, says
    /// so in its configuration.
    fn check_places(&self, info: &Info) -> Result<(), LogError> {
        let state = &info.state;
        let first = self.inner.settings.first.or_else(|| info.config["first_seq"].as_u64().map(Seq));
        let first = first.unwrap_or(Seq(1)).max(Seq(1));
        if state.messages > 0 && state.first_seq > first.0 {
            return Err(self.broken(first, Seq(state.first_seq)));
        }
        // An empty stream reports a missing message 0.
        let held = state.first_seq.max(1)..=state.last_seq;
        match state.deleted.iter().filter(|place| held.contains(place)).min() {
            Some(&missing) => Err(self.broken(Seq(missing), Seq(missing + 1))),
            None => Ok(()),
        }
    }

    async fn create(&self) -> Result<Info, LogError> {
        let inner = &self.inner;
        let config = inner.settings.to_config(&inner.stream, &inner.subjects);
        let within = CREATE_WITHIN.max(inner.broker.answer_within());
        let subject = format!("$JS.API.STREAM.CREATE.{}", inner.stream);
        match self.ask_within(&subject, &config, within).await? {
            Ok(info) => Ok(info),
            // Somebody else made it in between; it is judged as any other.
            Err(error) if error.err_code == NAME_TAKEN => self.info().await?.ok_or_else(|| self.gone()),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// What the leader says of the stream; `None` when there is no stream.
    pub(super) async fn info(&self) -> Result<Option<Info>, LogError> {
        let subject = format!("$JS.API.STREAM.INFO.{}", self.inner.stream);
        match self.ask(&subject, &json!({ "deleted_details": true })).await? {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.err_code == NO_STREAM => Ok(None),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    /// Asks the server's API over the main connection.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Value,
    ) -> Result<Result<T, ApiError>, LogError> {
        self.ask_within(subject, question, self.inner.broker.answer_within()).await
    }

    async fn ask_within<T: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Value,
        within: Duration,
    ) -> Result<Result<T, ApiError>, LogError> {
        self.ask_on(self.inner.broker.main(), subject, question, within).await
    }

    /// Asks the server's API over the given connection.
    pub(super) async fn ask_on<T: DeserializeOwned>(
        &self,
        line: &Line,
        subject: &str,
        question: &Value,
        within: Duration,
    ) -> Result<Result<T, ApiError>, LogError> {
        let body = Bytes::from(question.to_string());
        let message = line.ask(subject, None, body, Moment::now() + within).await;
        let message = message.map_err(|silence| self.silent(silence))?;
        let answer: Answer<T> =
            serde_json::from_slice(&message.payload).map_err(|error| self.unavailable(error))?;
        match (answer.error, answer.content) {
            (Some(error), _) => Ok(Err(error)),
            (None, Some(content)) => Ok(Ok(content)),
            (None, None) => {
                Err(self.unavailable(format!("the answer of {subject} has not the expected form")))
            }
        }
    }

    /// A name that no other batch or consumer has.
    pub(super) fn fresh_name(&self) -> String {
        format!("{}-{}", self.inner.origin, self.inner.count.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn silent(&self, silence: Silence) -> LogError {
        let log = self.inner.stream.clone();
        match silence {
            Silence::Denied(reason) => LogError::Forbidden { log, reason },
            Silence::NotSent(reason) | Silence::Unknown(reason) => LogError::Unavailable { log, reason },
            Silence::Nobody => self.unavailable("JetStream is not enabled, or has no leader now"),
        }
    }

    pub(super) fn unavailable(&self, reason: impl std::fmt::Display) -> LogError {
        LogError::Unavailable { log: self.inner.stream.clone(), reason: reason.to_string() }
    }

    pub(super) fn broken(&self, expected: Seq, found: Seq) -> LogError {
        LogError::Broken { log: self.inner.stream.clone(), expected, found }
    }

    pub(super) fn gone(&self) -> LogError {
        self.misconfigured(vec!["the stream does not exist any more".into()])
    }

    fn misconfigured(&self, faults: Vec<String>) -> LogError {
        LogError::Misconfigured { log: self.inner.stream.clone(), faults }
    }
}

impl Log for NatsLog {
    type Reader = NatsReader;

    fn name(&self) -> &str {
        &self.inner.stream
    }

    async fn last(&self) -> Result<Seq, LogError> {
        let info = self.info().await?.ok_or_else(|| self.gone())?;
        Ok(Seq(info.state.last_seq))
    }

    async fn get(&self, seq: Seq) -> Result<Option<Record>, LogError> {
        if seq == Seq::ZERO {
            return Ok(None);
        }
        let subject = format!("$JS.API.STREAM.MSG.GET.{}", self.inner.stream);
        match self.ask::<Stored>(&subject, &json!({ "seq": seq.0 })).await? {
            Ok(stored) => {
                let record = stored.into_record();
                record.map(Some).ok_or_else(|| self.unavailable("a stored message has not the expected form"))
            }
            Err(error) if error.err_code == NO_MESSAGE => Ok(None),
            Err(error) if error.err_code == NO_STREAM => Err(self.gone()),
            Err(error) => Err(self.unavailable(error)),
        }
    }

    async fn reader(&self, after: Seq) -> Result<NatsReader, LogError> {
        NatsReader::open(self.clone(), after).await
    }

    async fn append(&self, records: Vec<NewRecord>, fence: Option<Seq>) -> Result<Seq, AppendError> {
        super::append::append(self, &records, fence).await
    }
}
