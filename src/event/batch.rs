//! Reading a request's body: one event or a batch of them, over HTTP.
//!
//! It is the HTTP binding of `CloudEvents` 1.0.2 without the HTTP: the caller
//! passes the content type and headers. Who the publisher is, the `actor`
//! attribute claims; whether to believe it is the caller's decision.

use serde_json::value::RawValue;

use super::envelope::{MOST_BODY, check_size, unread_format};
use super::fact::{Fact, Malformed};
use super::parts::{Publisher, essence, is_json};
use super::{binary, structured};

/// The media type of several events in one JSON array.
pub const BATCH_CONTENT_TYPE: &str = "application/cloudevents-batch+json";

/// The most events in a batch: what one atomic append to the intake takes, so
/// that a batch is stored whole or not at all.
pub const MOST_IN_BATCH: usize = 1000;

/// The largest body of a batch, in bytes: a thousand events of 8 KiB, far above
/// the half KiB that events have, and little enough to hold several in memory.
pub const MOST_BATCH_BODY: usize = 8 * 1024 * 1024;

/// The facts in a request, in their order, each readable or not by itself.
///
/// Takes structured, binary and batched mode, and plain JSON that looks like an
/// event or an array of events. `content_type` goes before a header of that name.
/// Every event needs the attribute `actor`. An empty
/// batch has no facts.
///
/// # Errors
/// [`Malformed`] when the body as a whole cannot be read: too large, too many, not
/// JSON, not a format for events.
pub fn read_http(
    content_type: Option<&str>,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Vec<Result<Fact, Box<Malformed>>>, Box<Malformed>> {
    let content_type = content_type.or_else(|| binary::header(headers, "content-type"));
    let media = content_type.unwrap_or_default();
    match essence(media).as_str() {
        BATCH_CONTENT_TYPE => read_batch(body),
        structured::CONTENT_TYPE => read_one(body).map(|fact| vec![fact]),
        other if other.starts_with("application/cloudevents") => Err(unread_format(media)),
        _ if binary::is_binary(headers) => read_binary(headers, content_type, body).map(|fact| vec![fact]),
        other if !other.is_empty() && !is_json(other) => Err(unread_format(media)),
        _ if body.trim_ascii_start().starts_with(b"[") => read_batch(body),
        _ => read_one(body).map(|fact| vec![fact]),
    }
}

fn read_one(body: &[u8]) -> Result<Result<Fact, Box<Malformed>>, Box<Malformed>> {
    check_size(body, MOST_BODY)?;
    Ok(structured::read(body).and_then(|parts| parts.into_fact(Publisher::Claimed)))
}

fn read_binary(
    headers: &[(String, String)],
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Result<Fact, Box<Malformed>>, Box<Malformed>> {
    check_size(body, MOST_BODY)?;
    // The caller may hold the content type apart from the other headers.
    let mut all: Vec<_> =
        headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")).cloned().collect();
    all.extend(content_type.map(|media| ("content-type".to_owned(), media.to_owned())));
    Ok(binary::read(&all, body).and_then(|parts| parts.into_fact(Publisher::Claimed)))
}

fn read_batch(body: &[u8]) -> Result<Vec<Result<Fact, Box<Malformed>>>, Box<Malformed>> {
    check_size(body, MOST_BATCH_BODY)?;
    // The events are only told apart here, so that each has its own faults.
    let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        Malformed::new(
            "envelope.json",
            "body",
            "",
            format!("a batch is a JSON array of events in UTF-8: {error}"),
        )
    })?;
    if events.len() > MOST_IN_BATCH {
        let message =
            format!("the batch has {} events; send at most {MOST_IN_BATCH} at a time", events.len());
        return Err(Malformed::new("envelope.batch", "body", &events.len().to_string(), message));
    }
    Ok(events.into_iter().map(|event| read_one(event.get().as_bytes()).and_then(|fact| fact)).collect())
}
