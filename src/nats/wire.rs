//! Records as the server writes them: delivered messages, stored messages,
//! answers and errors.
//!
//! Stored messages are parsed leniently, because a publisher may have put
//! anything into a header; a record is never unreadable. Nothing is sent here.

use async_nats::{HeaderMap, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use crate::id::Seq;
use crate::port::record::{NewRecord, Record, is_brokers};
use crate::time::Instant;

/// What the server answers when it refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// As in HTTP: 4xx for the asker's faults, 5xx for the server's.
    #[serde(default)]
    pub code: u16,
    /// The server's own number of the error.
    #[serde(default)]
    pub err_code: u32,
    /// The server's words.
    #[serde(default)]
    pub description: String,
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} (error {})", self.description, self.err_code)
    }
}

/// An answer: an error, or the content.
#[derive(Debug, Deserialize)]
pub struct Answer<T> {
    /// The refusal.
    pub error: Option<ApiError>,
    /// The content, when there is no refusal.
    #[serde(flatten)]
    pub content: Option<T>,
}

/// The acknowledgement of a publish.
#[derive(Debug, Deserialize)]
pub struct Acknowledged {
    /// The place of the last record stored.
    pub seq: u64,
    /// Whether the server took it for one it has already.
    #[serde(default)]
    pub duplicate: bool,
}

/// One stored message.
#[derive(Debug, Deserialize)]
pub struct Stored {
    message: StoredMessage,
}

#[derive(Debug, Deserialize)]
struct StoredMessage {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: String,
}

impl Stored {
    /// The message as a record; `None` when it is not what the API promises.
    #[must_use]
    pub fn into_record(self) -> Option<Record> {
        let message = self.message;
        let headers = STANDARD.decode(message.hdrs).ok()?;
        Some(Record {
            seq: Seq(message.seq),
            at: message.time.parse().ok()?,
            subject: message.subject,
            headers: parse_headers(&String::from_utf8_lossy(&headers)),
            body: Bytes::from(STANDARD.decode(message.data).ok()?),
        })
    }
}

/// Headers as text, name by name. Lines without a colon are left out; a line
/// that begins with a blank belongs to the one before.
fn parse_headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines().skip(1) {
        if line.starts_with(char::is_whitespace) {
            if let Some((_, value)) = headers.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }
    headers.retain(|(name, _)| !is_brokers(name));
    for (_, value) in &mut headers {
        value.truncate(value.trim_end().len());
    }
    in_order(headers)
}

fn in_order(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.sort_by(|one, other| one.0.cmp(&other.0));
    headers
}

/// A delivered message as a record; `None` when it is not one of a stream.
#[must_use]
pub fn delivered(message: Message) -> Option<Record> {
    let (seq, at) = place_of(message.reply.as_deref()?)?;
    let headers = message.headers.as_ref().map_or_else(Vec::new, |headers| {
        let theirs = headers.iter().filter(|(name, _)| !is_brokers(name.as_ref()));
        let each = theirs.flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        in_order(each.map(|(name, value)| (name.to_string(), value.as_str().to_owned())).collect())
    });
    Some(Record { seq, at, subject: message.subject.into_string(), headers, body: message.payload })
}

/// The stream's place and the server's instant in a delivery's reply subject:
/// `$JS.ACK.stream.consumer.n.place.n.nanos.pending`, or the longer form with
/// domain and account before the stream.
fn place_of(reply: &str) -> Option<(Seq, Instant)> {
    let mut tokens = reply.strip_prefix("$JS.ACK.")?.split('.');
    let longer = usize::from(tokens.clone().count() > 7) * 2;
    let seq = tokens.nth(3 + longer)?.parse().ok()?;
    let nanos = tokens.nth(1)?.parse().ok()?;
    Some((Seq(seq), Instant::from_nanos(nanos)))
}

/// A record's headers as the client sends them.
#[must_use]
pub fn headers_of(record: &NewRecord) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &record.headers {
        headers.append(name.as_str(), value.as_str());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_s_place_is_read_in_both_forms() {
        let expected = Some((Seq(42), Instant::from_nanos(1_700_000_000_000_000_001)));
        assert_eq!(place_of("$JS.ACK.S.c.1.42.7.1700000000000000001.0"), expected);
        assert_eq!(place_of("$JS.ACK._.acc.S.c.1.42.7.1700000000000000001.0.x"), expected);
        assert_eq!(place_of("$JS.ACK.S.c"), None);
        assert_eq!(place_of("elsewhere"), None);
    }

    #[test]
    fn headers_nobody_should_send_are_still_read() {
        let text =
            "NATS/1.0\r\nce-id: 1 \r\nno colon\r\nce-b:x\r\n y\r\nNats-Batch-Id: z\r\na: \u{fffd}\r\n\r\n";
        let expected = [("a", "\u{fffd}"), ("ce-b", "x y"), ("ce-id", "1")];
        let found = parse_headers(text);
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
