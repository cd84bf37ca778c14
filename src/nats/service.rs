//! A discoverable NATS service: carries questions to a [`Responder`] and its answers
//! back.
//!
//! A question comes under `duban.<tenant>.query.<asker>.<what>`. The server lets a user
//! publish under its own name only ([`super::users`]), so the subject says who asks and
//! nothing else does: headers are not even read.
//!
//! A client chooses the subject that it is answered under, and no server checks it.
//! Whoever answers blindly would publish with its own rights where the client may not:
//! on the ledger, for one. Users in accounts of their own ([`super::accounts`]) cannot do
//! that; on a broker without users answers go to inboxes only, all the same, and other
//! reply subjects are passed over in silence.
//!
//! Several processes serve one tenant as one service: each question goes to one of them.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{HeaderMap, Message, Subscriber};
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant as Moment;

use super::line::Line;
use super::micro::{DISCOVERY, Instance, QUEUE_GROUP};
use super::users::REPLIES;
use crate::id::TenantId;
use crate::port::log::LogError;
use crate::port::service::{Question, Reply, Responder};
use crate::time::Instant;

/// Every subject that answers may go to begins with one of these: a client's inboxes, and
/// where answers to other accounts come in.
const INBOXES: [&str; 2] = ["_INBOX", REPLIES];
/// The headers that tell an error, as NATS' services do.
const ERROR: &str = "Nats-Service-Error";
/// Its code.
const ERROR_CODE: &str = "Nats-Service-Error-Code";
/// Room that headers need beside a body.
const HEADER_ROOM: usize = 1024;
/// How long questions under way may take once the service is to end.
const END_WITHIN: Duration = Duration::from_secs(5);

/// What an instance serves.
pub struct ServiceSettings {
    /// Whose questions it answers.
    pub tenant: TenantId,
    /// The program's semantic version.
    pub version: String,
    /// When it began, for whoever watches.
    pub started: Instant,
}

/// A running service.
pub struct QueryService {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl QueryService {
    /// Answers questions on `line` from now on, which should carry nothing else: a
    /// message with malformed headers makes the client drop its connection for a moment.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] when the client takes no subscription.
    pub async fn start<R: Responder>(
        line: Line,
        settings: ServiceSettings,
        responder: Arc<R>,
    ) -> Result<Self, LogError> {
        let ServiceSettings { tenant, version, started } = settings;
        let id = line.inbox().rsplit('.').next().unwrap_or_default().to_owned();
        let instance = Instance::new(id, tenant, &version, started, responder.endpoints());
        let questions = format!("{}>", instance.prefix());
        let away = |error: async_nats::SubscribeError| LogError::Unavailable {
            log: questions.clone(),
            reason: error.to_string(),
        };
        let asked = line.client().queue_subscribe(questions.clone(), QUEUE_GROUP.to_owned());
        let asked = asked.await.map_err(away)?;
        let sought = line.client().subscribe(DISCOVERY).await.map_err(away)?;
        let (stop, stopped) = watch::channel(false);
        let carrier = Arc::new(Carrier { line, instance, responder });
        let task = tokio::spawn(carry(carrier, asked, sought, stopped));
        Ok(Self { stop, task })
    }

    /// Takes no more questions and answers those under way, for a while.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(END_WITHIN, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// What every question needs.
struct Carrier<R> {
    line: Line,
    instance: Instance,
    responder: Arc<R>,
}

async fn carry<R: Responder>(
    carrier: Arc<Carrier<R>>,
    mut asked: Subscriber,
    mut sought: Subscriber,
    mut stopped: watch::Receiver<bool>,
) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            Some(message) = asked.next() => {
                under_way.spawn(answer(Arc::clone(&carrier), message));
            }
            Some(message) = sought.next() => discovered(&carrier, &message).await,
            Some(_) = under_way.join_next() => {}
            _ = stopped.changed() => break,
            else => break,
        }
    }
    // Another process of the tenant gets what comes from here on.
    let _ = asked.unsubscribe().await;
    let _ = sought.unsubscribe().await;
    while under_way.join_next().await.is_some() {}
    let _ = carrier.line.client().flush().await;
}

/// Where an answer may go.
fn inbox(message: &Message) -> Option<&async_nats::Subject> {
    let inbox = message.reply.as_ref().filter(|reply| INBOXES.iter().any(|inbox| reply.starts_with(inbox)));
    if inbox.is_none() {
        tracing::debug!(subject = %message.subject, reply = ?message.reply, "no inbox to answer to");
    }
    inbox
}

async fn discovered<R: Responder>(carrier: &Carrier<R>, message: &Message) {
    let Some(reply) = inbox(message) else { return };
    let Some(document) = carrier.instance.discovered(&message.subject) else { return };
    send(&carrier.line, reply, HeaderMap::new(), document).await;
}

async fn answer<R: Responder>(carrier: Arc<Carrier<R>>, message: Message) {
    let Some(reply) = inbox(&message) else { return };
    let began = Moment::now();
    let subject = message.subject.as_str();
    let rest = subject.strip_prefix(&carrier.instance.prefix()).unwrap_or_default();
    let (asker, what) = rest.split_once('.').unwrap_or((rest, ""));
    let question = Question {
        subject: subject.to_owned(),
        asker: asker.to_owned(),
        what: what.to_owned(),
        body: message.payload.clone(),
        most: carrier.line.client().max_payload().saturating_sub(HEADER_ROOM),
    };
    let Reply { body, problem } = carrier.responder.answer(question).await;
    let mut headers = HeaderMap::new();
    let error = problem.map(|trouble| {
        headers.insert(ERROR_CODE, trouble.code.to_string());
        headers.insert(ERROR, trouble.title.replace(|letter: char| letter.is_control(), " "));
        format!("{}:{}", trouble.code, trouble.title)
    });
    send(&carrier.line, reply, headers, body).await;
    carrier.instance.count(what, began.elapsed(), error);
}

async fn send(line: &Line, reply: &async_nats::Subject, headers: HeaderMap, body: Vec<u8>) {
    // Who asked asks again when the connection is lost.
    if let Err(silence) = line.tell(reply.to_string(), headers, body.into()).await {
        tracing::debug!(?silence, "an answer could not be sent");
    }
}
