//! Posting to a place and telling what became of it.
//!
//! One request, no redirect followed, no proxy taken from the environment, a bounded
//! answer in a bounded time. It knows no channel's form.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, Url};

use super::guard::{Guard, GuardError, Place};
use crate::port::carrier::{CarryError, short};
use crate::time::Instant;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long all of it may take; the webhook standard advises receivers to answer within 15 to 30.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The most of an answer that is read; a robot's has 100 bytes.
const MOST_ANSWER: usize = 64 * 1024;
/// The longest that a receiver can ask to be left alone.
pub const MOST_WAIT: Duration = Duration::from_secs(60 * 60);
/// How much of an answer is shown to people, in characters.
const MOST_SHOWN: usize = 80;

/// The wall clock.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How posting is done.
#[derive(Clone)]
pub struct Post {
    strict: Client,
    allowed: Client,
    clock: Clock,
    within: Duration,
}

/// What a receiver said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// How long it wants to be left alone, bounded.
    pub after: Option<Duration>,
    /// Its content; none when it did not come whole and in bounds.
    pub body: Option<Vec<u8>>,
}

/// Why nothing can be posted at all.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// A certificate to be trusted is none.
    #[error("trust the certificates given")]
    Trust(#[source] reqwest::Error),
    /// The client cannot be made.
    #[error("make a client for HTTP")]
    Client(#[source] reqwest::Error),
}

impl Post {
    /// Posts to what `guard` lets through, trusting `roots` (PEM) besides the system's.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn new(guard: &Guard, roots: &[Vec<u8>], clock: Clock) -> Result<Self, PostError> {
        let mut trusted = Vec::new();
        for pem in roots {
            trusted.extend(reqwest::Certificate::from_pem_bundle(pem).map_err(PostError::Trust)?);
        }
        let client = |is_allowed| {
            let mut builder = crate::tls::client()
                // A redirect would lead what we say to somebody whom nobody has checked.
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would look the names up itself.
                .no_proxy()
                .retry(reqwest::retry::never())
                .referer(false)
                .user_agent(concat!("duban/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_WITHIN)
                .dns_resolver(guard.resolver(is_allowed));
            if !trusted.is_empty() {
                builder = builder.tls_certs_merge(trusted.clone());
            }
            builder.build().map_err(PostError::Client)
        };
        Ok(Self { strict: client(false)?, allowed: client(true)?, clock, within: ANSWER_WITHIN })
    }

    /// The same, waiting at most `within` for all of it.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// Posts `body` to `url`, which must be the place's own but for its query.
    ///
    /// # Errors
    /// [`CarryError`] when no answer came; a status of any kind is an answer.
    pub async fn post(
        &self,
        place: &Place,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, CarryError> {
        let client = if place.is_allowed() { &self.allowed } else { &self.strict };
        let request = client.post(url).headers(headers).body(body).timeout(self.within);
        let response = request.send().await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let after = self.after(response.headers());
        Ok(Answer { status, after, body: read(response).await })
    }

    /// What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3).
    fn after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        asked(text, self.now())
    }
}

fn asked(text: &str, now: Instant) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(MOST_WAIT));
    }
    let until: Instant = chrono::DateTime::parse_from_rfc2822(text).ok()?.to_utc().try_into().ok()?;
    Some(until.since(now).min(MOST_WAIT))
}

/// The content of an answer, if it comes whole and in bounds.
async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        if body.len() + part.len() > MOST_ANSWER {
            return None;
        }
        body.extend_from_slice(&part);
    }
    Some(body)
}

/// What it means that no answer came.
fn lost(error: &reqwest::Error) -> CarryError {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        if let Some(refused) = deeper.downcast_ref::<GuardError>() {
            // An answer of the name service can be put right; nothing was sent.
            return CarryError::Again { after: None, reason: short(&refused.to_string()) };
        }
        cause = deeper;
    }
    // The outer errors name the URL, which may carry a secret.
    let reason = short(&cause.to_string());
    if error.is_builder() {
        return CarryError::Never { reason };
    }
    if error.is_connect() {
        return CarryError::Again { after: None, reason };
    }
    let reason = if error.is_timeout() { "no answer came in time".to_owned() } else { reason };
    CarryError::Unknown { reason }
}

impl Answer {
    /// The same as a carrier's outcome, for receivers that answer by status alone.
    ///
    /// # Errors
    /// [`CarryError::Never`] where the receiver has understood and will not take it;
    /// [`CarryError::Again`] for everything else that is not a success, since what is wrong
    /// at the other side or in the settings can be put right while it is tried.
    pub fn by_status(&self) -> Result<String, CarryError> {
        let said = format!("answered {}", self.status);
        let told = || {
            let shown = self.shown();
            if shown.is_empty() { said.clone() } else { short(&format!("{said}: {shown}")) }
        };
        match self.status {
            200..=299 => Ok(said),
            300..=399 => Err(CarryError::Again {
                after: self.after,
                reason: format!("{said}: redirects are not followed; write the address it leads to"),
            }),
            400 | 410 | 413 | 414 | 415 | 422 => Err(CarryError::Never { reason: told() }),
            _ => Err(CarryError::Again { after: self.after, reason: told() }),
        }
    }

    /// The beginning of the content, for people.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(self.body.as_deref().unwrap_or_default());
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        text.trim().chars().map(plain).take(MOST_SHOWN).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_seconds_or_a_date_and_has_bounds() {
        let now: Instant = "2015-10-21T07:27:00Z".parse().expect("an instant");
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("999999999", Some(3600)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:26:00 GMT", Some(0)),
            ("Thu, 31 Dec 2099 23:59:59 GMT", Some(3600)),
            ("-5", None),
            ("soon", None),
        ] {
            assert_eq!(asked(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_status_says_whether_trying_again_is_of_use() {
        let of = |status| Answer { status, after: None, body: Some(b"said\r\nthis".to_vec()) }.by_status();
        assert_eq!(of(204), Ok("answered 204".to_owned()));
        for status in [301, 302, 307, 308, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(of(status), Err(CarryError::Again { .. })), "{status}");
        }
        for status in [400, 410, 413, 415, 422] {
            assert!(matches!(of(status), Err(CarryError::Never { .. })), "{status}");
        }
        let told = of(500).expect_err("no success");
        assert_eq!(told.reason(), "answered 500: said  this");
    }
}
