//! Records: what a log takes and what it gives back.
//!
//! The rules of form are here, so that every adapter refuses the same records.
//! This file does not know what a record means.

use bytes::Bytes;

use crate::id::Seq;
use crate::time::Instant;

/// Header names with this beginning belong to the broker.
const BROKERS: &str = "nats-";

/// What a header costs on the wire besides its name and value: a colon, a space
/// and the end of the line.
const HEADER_FRAME: usize = 4;

/// A record as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place; places are contiguous from 1.
    pub seq: Seq,
    /// The instant at which the log's server recorded it.
    pub at: Instant,
    /// The subject it was published under.
    pub subject: String,
    /// Its headers in the order of their names, values of one name in the order
    /// they came; the broker's own headers are left out.
    pub headers: Vec<(String, String)>,
    /// Its content, byte for byte.
    pub body: Bytes,
}

/// A record to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The subject to publish it under; it must be one that the log takes.
    pub subject: String,
    /// Headers; names that belong to the broker are refused.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Bytes,
}

impl NewRecord {
    /// Bytes that count towards the log's limit: body and headers.
    #[must_use]
    pub fn size(&self) -> usize {
        let header = |(name, value): &(String, String)| name.len() + value.len() + HEADER_FRAME;
        self.body.len() + self.headers.iter().map(header).sum::<usize>()
    }

    /// What keeps a log with these `subjects` and this limit from taking the
    /// record; `None` when nothing does.
    #[must_use]
    pub fn fault(&self, subjects: &[String], most_bytes: usize) -> Option<String> {
        if !is_subject(&self.subject) || !subjects.iter().any(|taken| fits(taken, &self.subject)) {
            return Some(format!(
                "subject {:?} is not taken; it takes {}",
                self.subject,
                subjects.join(", ")
            ));
        }
        if self.size() > most_bytes {
            return Some(format!("{} bytes are more than the {most_bytes} a record may have", self.size()));
        }
        self.headers.iter().find_map(|(name, value)| header_fault(name, value))
    }

    /// Whether `stored` is this record.
    #[must_use]
    pub fn is_stored_as(&self, stored: &Record) -> bool {
        let mut headers = self.headers.clone();
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        self.subject == stored.subject && self.body == stored.body && headers == stored.headers
    }
}

/// Whether a header name belongs to the broker, which adds and removes such
/// headers as it likes.
#[must_use]
pub fn is_brokers(name: &str) -> bool {
    name.get(..BROKERS.len()).is_some_and(|start| start.eq_ignore_ascii_case(BROKERS))
}

fn header_fault(name: &str, value: &str) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if name.is_empty() || !name.bytes().all(token) {
        return Some(format!("{name:?} cannot be a header's name"));
    }
    if is_brokers(name) {
        return Some(format!("header {name} belongs to the broker"));
    }
    if value.chars().any(char::is_control) || value.trim() != value {
        return Some(format!("header {name} has control characters, or blanks at an end"));
    }
    None
}

fn is_subject(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'*' && byte != b'>';
    let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>';
    // Nearly all are plain, and every record is asked.
    let is_clean = text.bytes().all(plain) || !text.contains(wrong);
    is_clean && tokens(text).all(|token| !token.is_empty())
}

/// Whether `subject` is one of those that `pattern` stands for; `*` stands for
/// one token, a last `>` for one or more.
#[must_use]
pub fn fits(pattern: &str, subject: &str) -> bool {
    let mut rest = tokens(subject);
    for wanted in tokens(pattern) {
        match (wanted, rest.next()) {
            (b">", Some(_)) => return true,
            (wanted, Some(token)) if wanted == b"*" || wanted == token => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

/// A subject's tokens. They are short, and every record is asked for them.
fn tokens(subject: &str) -> impl Iterator<Item = &[u8]> {
    subject.as_bytes().split(|byte| *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(subject: &str, headers: &[(&str, &str)]) -> NewRecord {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        NewRecord { subject: subject.into(), headers, body: Bytes::from_static(b"body") }
    }

    #[test]
    fn patterns_stand_for_their_subjects_only() {
        for (pattern, subject, expected) in [
            ("a.>", "a.b", true),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            ("a.*.c", "a.b.c", true),
            ("a.*", "a.b.c", false),
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
        ] {
            assert_eq!(fits(pattern, subject), expected, "{pattern} and {subject}");
        }
    }

    #[test]
    fn a_record_that_would_not_come_back_as_it_went_is_refused() {
        let taken = ["a.>".to_owned()];
        assert_eq!(record("a.b", &[("ce-id", "1")]).fault(&taken, 100), None);
        for wrong in ["b.c", "a", "a..b", "a.*", "a.b c", ""] {
            assert!(record(wrong, &[]).fault(&taken, 100).is_some(), "{wrong:?} should be refused");
        }
        for wrong in [("nats-ttl", "1"), ("a b", "1"), ("a", " b"), ("a", "b\r\nc: d"), ("", "1")] {
            assert!(record("a.b", &[wrong]).fault(&taken, 100).is_some(), "{wrong:?} should be refused");
        }
        assert!(record("a.b", &[("ce-id", "1")]).fault(&taken, 13).is_some(), "14 bytes are more than 13");
    }
}
