//! One connection, and what the server said about it.
//!
//! The client hides two things that a writer must know: that a publish was
//! denied (it looks like silence) and that the connection was lost (what was
//! sent may never have arrived). This file listens for both and asks questions
//! whose silence is then explained. It knows no stream.

use std::collections::VecDeque;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, HeaderMap, Message, Request, RequestErrorKind, ServerError};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant as Moment;

/// Denials remembered; a denied batch brings one for each of its messages, and
/// only the newest matter.
const REMEMBERED: usize = 16;

/// How long an answer may still come after the connection was lost and stands
/// again: only a question that had not left by then can be answered.
const AFTER_DROP: Duration = Duration::from_millis(500);

/// What the server said about a connection, newest last.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Whether the connection stands.
    pub connected: bool,
    /// How often it was lost; a change means that messages may be missing.
    pub drops: u64,
    /// The last trouble, for messages.
    pub trouble: Option<String>,
    denials: u64,
    denied: VecDeque<(u64, String)>,
    inbox_denied: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// Nothing was sent: there was no connection for as long as was allowed.
    NotSent(String),
    /// The server denied it; it was not carried out.
    Denied(String),
    /// The server knows nobody who would answer.
    Nobody,
    /// It was sent, or may still be, and no answer came.
    Unknown(String),
}

/// One connection. Cheap to clone; all clones are one connection.
#[derive(Debug, Clone)]
pub struct Line {
    client: Client,
    news: watch::Receiver<News>,
}

impl Line {
    /// Connects once, or says why not.
    pub(super) async fn connect(
        urls: &[async_nats::ServerAddr],
        options: ConnectOptions,
        inbox_prefix: &str,
    ) -> Result<Self, async_nats::ConnectError> {
        let (told, news) = watch::channel(News::default());
        let inbox = format!("\"{inbox_prefix}.");
        let options = options.custom_inbox_prefix(inbox_prefix).event_callback(move |event| {
            told.send_modify(|news| news.take(&event, &inbox));
            std::future::ready(())
        });
        let client = options.connect(urls).await?;
        Ok(Self { client, news })
    }

    /// The client itself, for what a line does not offer.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// What the server has said and will say.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.clone()
    }

    /// A mark from which [`Line::denial`] counts.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.news.borrow().denials
    }

    /// Why the server denied publishing under `subject`, or hearing the answer,
    /// since `mark`.
    #[must_use]
    pub fn denial(&self, mark: u64, subject: &str) -> Option<String> {
        let news = self.news.borrow();
        let named = format!("\"{subject}\"");
        let of_subject = |(number, text): &&(u64, String)| *number > mark && text.contains(&named);
        news.denied
            .iter()
            .find(of_subject)
            .map(|(_, text)| text.clone())
            .or_else(|| news.inbox_denied.clone())
    }

    /// Waits until the connection stands.
    ///
    /// # Errors
    /// [`Silence::NotSent`] when `until` passes first.
    pub async fn connected(&self, until: Moment) -> Result<(), Silence> {
        let mut news = self.news();
        let stands = news.wait_for(|news| news.connected);
        let found = tokio::time::timeout_at(until, stands).await;
        if matches!(found, Ok(Ok(_))) {
            return Ok(());
        }
        let trouble = self.news.borrow().trouble.clone();
        Err(Silence::NotSent(trouble.unwrap_or_else(|| "the connection is lost".into())))
    }

    /// Publishes and does not wait for an answer.
    ///
    /// # Errors
    /// [`Silence::NotSent`] when the client takes no more, or not this.
    pub async fn tell(&self, subject: String, headers: HeaderMap, body: Bytes) -> Result<(), Silence> {
        let sent = self.client.publish_with_headers(subject, headers, body).await;
        sent.map_err(|error| Silence::NotSent(error.to_string()))
    }

    /// Publishes and waits for the answer until `until`.
    ///
    /// # Errors
    /// A [`Silence`], with its reason.
    pub async fn ask(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        body: Bytes,
        until: Moment,
    ) -> Result<Message, Silence> {
        self.connected(until).await?;
        let mark = self.mark();
        let mut request = Request::new().payload(body).timeout(None);
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        tokio::select! {
            biased;
            answer = self.client.send_request(subject.to_owned(), request) => answer.map_err(|error| silence(&error)),
            denial = self.denied(mark, subject) => Err(Silence::Denied(denial)),
            () = self.dropped() => Err(Silence::Unknown("the connection was lost before the answer came".into())),
            () = tokio::time::sleep_until(until) => Err(self.unknown()),
        }
    }

    /// Ends when the server denies what was asked under `subject`.
    async fn denied(&self, mark: u64, subject: &str) -> String {
        let mut news = self.news();
        loop {
            if let Some(denial) = self.denial(mark, subject) {
                return denial;
            }
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends when no answer to what was asked before can come any more.
    async fn dropped(&self) {
        let mut news = self.news();
        let drops = news.borrow().drops;
        let lost = news.wait_for(|news| news.drops != drops && news.connected).await.is_ok();
        if !lost {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(AFTER_DROP).await;
    }

    fn unknown(&self) -> Silence {
        let news = self.news.borrow();
        let trouble = news.trouble.as_deref().filter(|_| !news.connected);
        Silence::Unknown(trouble.map_or_else(|| "no answer came in time".into(), ToOwned::to_owned))
    }

    /// A subject of this connection's own, for answers.
    #[must_use]
    pub fn inbox(&self) -> String {
        self.client.new_inbox()
    }
}

fn silence(error: &async_nats::RequestError) -> Silence {
    match error.kind() {
        RequestErrorKind::NoResponders => Silence::Nobody,
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
            Silence::NotSent(error.to_string())
        }
        RequestErrorKind::TimedOut | RequestErrorKind::Other => Silence::Unknown(error.to_string()),
    }
}

impl News {
    fn take(&mut self, event: &Event, inbox: &str) {
        match event {
            Event::Connected => {
                self.connected = true;
                self.inbox_denied = None;
                tracing::debug!("connected to the broker");
            }
            Event::Disconnected | Event::Closed => {
                self.connected = false;
                self.drops += 1;
                self.trouble = Some("the connection to the broker is lost".into());
                tracing::warn!("lost the connection to the broker");
            }
            Event::ServerError(error) => self.take_error(error, inbox),
            Event::ClientError(error) => {
                self.trouble = Some(error.to_string());
                tracing::debug!(%error, "the broker's client reports an error");
            }
            // A full channel drops messages; the reader finds the gap and reads
            // again, so a note is enough. The others need nothing.
            Event::SlowConsumer(_) | Event::LameDuckMode | Event::Draining => {
                tracing::debug!(%event, "the broker's client reports");
            }
        }
    }

    fn take_error(&mut self, error: &ServerError, inbox: &str) {
        let text = match error {
            ServerError::Other(text) => text.clone(),
            ServerError::AuthorizationViolation | ServerError::SlowConsumer(_) => error.to_string(),
        };
        tracing::warn!(error = text, "the broker refuses");
        if text.to_ascii_lowercase().contains("permissions violation") {
            if text.contains(inbox) {
                self.inbox_denied = Some(text.clone());
            }
            self.denials += 1;
            self.denied.push_back((self.denials, text));
            if self.denied.len() > REMEMBERED {
                self.denied.pop_front();
            }
        } else {
            self.trouble = Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_remembered_and_bounded() {
        let mut news = News::default();
        for number in 0..40 {
            let text = format!("Permissions Violation for Publish to \"a.{number}\"");
            news.take(&Event::ServerError(ServerError::Other(text)), "\"_INBOX.");
        }
        assert_eq!((news.denied.len(), news.denials), (REMEMBERED, 40));
        assert_eq!(news.inbox_denied, None);
        let text = "Permissions Violation for Subscription to \"_INBOX.x.*\"".to_owned();
        news.take(&Event::ServerError(ServerError::Other(text.clone())), "\"_INBOX.");
        assert_eq!(news.inbox_denied, Some(text));
    }
}
