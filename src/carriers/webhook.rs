//! Webhooks in the form of Standard Webhooks 1.0: signed, timestamped, safe to replay.
//!
//! The id is the message's key and stays the same over all attempts; the timestamp is
//! the attempt's, so that a receiver can refuse what is old. Body: the `CloudEvent`.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::book::{Book, Entry};
use super::guard::Place;
use super::post::Post;
use super::signature::{self, WebhookKey};
use crate::port::carrier::{Carried, Carrier, CarryError, Carrying, Destination, Message, Pace, Recipient};

/// The largest body; a merged message of 100 events of the usual size has 100 kB.
pub const MOST_BODY: usize = 512 * 1024;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const ONE: HeaderValue = HeaderValue::from_static("application/cloudevents+json; charset=utf-8");
const SEVERAL: HeaderValue = HeaderValue::from_static("application/cloudevents-batch+json; charset=utf-8");

/// A receiver and what it knows us by.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Where it is.
    pub place: Place,
    /// What messages to it are signed with, the newest first.
    pub keys: Vec<WebhookKey>,
}

/// Carries messages to webhooks.
pub struct Webhook {
    /// Posts.
    pub post: Post,
    /// Where to.
    pub book: Book<Entry<Hook>>,
    /// How fast.
    pub pace: Pace,
}

impl Webhook {
    async fn send(&self, hook: &Hook, message: &Message) -> Result<Carried, CarryError> {
        let body = message.event.to_string().into_bytes();
        if body.len() > MOST_BODY {
            let reason =
                format!("{} bytes are more than the {MOST_BODY} that a webhook is given", body.len());
            return Err(CarryError::Never { reason });
        }
        let headers = headers(hook, message, signature::seconds(self.post.now()), &body)?;
        let answer = self.post.post(&hook.place, hook.place.url().clone(), headers, body).await?;
        answer.by_status().map(|note| Carried { note })
    }
}

fn headers(hook: &Hook, message: &Message, seconds: i64, body: &[u8]) -> Result<HeaderMap, CarryError> {
    let wrong = |_| CarryError::Never { reason: "the message's key cannot be a header".to_owned() };
    let signed = signature::webhook(&hook.keys, &message.key, seconds, body);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, if message.event.is_array() { SEVERAL } else { ONE });
    headers.insert(ID, HeaderValue::try_from(message.key.as_str()).map_err(wrong)?);
    headers.insert(TIMESTAMP, HeaderValue::from(seconds));
    headers.insert(SIGNATURE, HeaderValue::try_from(signed).map_err(wrong)?);
    Ok(headers)
}

impl Carrier for Webhook {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        self.book.destination(to, self.pace)
    }

    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a> {
        Box::pin(async move { self.send(&self.book.of(to)?.address, message).await })
    }
}
