//! An archive's form: JSON lines, a head, the records, a foot with a digest.
//!
//! A record's body is in base64, so that it comes back byte for byte. The digest
//! in the foot is over every line before it; a file without a foot was not
//! finished. Nothing is known here of what records mean.

use std::io::{BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::{Seq, Sha, TenantId};
use crate::port::record::Record;
use crate::time::Instant;

/// The form's number, raised when older programs could not read it.
pub const FORM: u32 = 1;

/// A line of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// The first.
    Head(Head),
    /// A record of the ledger.
    Ledger(Kept),
    /// A record of the intake.
    Intake(Kept),
    /// The last.
    Foot(Foot),
}

/// What an archive is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The form's number.
    pub form: u32,
    /// Whose logs they are.
    pub tenant: TenantId,
    /// When the archive was made.
    pub made_at: Instant,
}

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its place.
    pub seq: Seq,
    /// When it was recorded.
    pub at: Instant,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Its body in base64.
    pub body: String,
}

/// What an archive holds, to be compared at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foot {
    /// The ledger's identity.
    pub ledger: uuid::Uuid,
    /// The last place of the ledger.
    pub ledger_last: Seq,
    /// The digest of the entry there.
    pub ledger_hash: Sha,
    /// The last intake record that is decided on the ledger.
    pub decided: Seq,
    /// The last place of the intake.
    pub intake_last: Seq,
    /// SHA-256 of every line before this one, line breaks included.
    pub digest: Sha,
}

/// A file that is no whole archive.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The file cannot be read.
    #[error("read the archive")]
    Read(#[from] std::io::Error),
    /// A line is not one of an archive.
    #[error("read line {line} of the archive: {reason}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file ends before its foot.
    #[error("find the end of the archive: it stops after {lines} lines; it was not finished, or was cut off")]
    NoFoot {
        /// How many lines it has.
        lines: u64,
    },
    /// A byte was changed since the archive was made.
    #[error("trust the archive: its digest is {found}, its foot says {stated}; it was altered or damaged")]
    Digest {
        /// The digest of its lines.
        found: Sha,
        /// What the foot says.
        stated: Sha,
    },
    /// It was made by a later program.
    #[error("read the archive: it has form {form}, this program reads up to {FORM}; use a later one")]
    Later {
        /// Its form.
        form: u32,
    },
}

impl Kept {
    /// A record to be kept.
    #[must_use]
    pub fn of(record: Record) -> Self {
        let Record { seq, at, subject, headers, body } = record;
        Self { seq, at, subject, headers, body: BASE64.encode(&body) }
    }

    /// The record again.
    ///
    /// # Errors
    /// In words, when the body is no base64.
    pub fn record(self) -> Result<Record, String> {
        let Self { seq, at, subject, headers, body } = self;
        let body = BASE64.decode(body).map_err(|error| error.to_string())?;
        Ok(Record { seq, at, subject, headers, body: Bytes::from(body) })
    }
}

/// Writes an archive line by line.
pub struct Writer<W> {
    to: W,
    digest: Sha256,
}

impl<W: Write> Writer<W> {
    /// Begins with the head.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn begin(to: W, head: Head) -> std::io::Result<Self> {
        let mut writer = Self { to, digest: Sha256::new() };
        writer.write(&Line::Head(head))?;
        Ok(writer)
    }

    /// Adds a record's line.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&mut self, line: &Line) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.to.write_all(&text)
    }

    /// Ends with the foot, its digest filled in, and gives back what was written to.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn end(mut self, foot: &Foot) -> std::io::Result<W> {
        let digest = Sha::from(<[u8; 32]>::from(self.digest.clone().finalize()));
        self.write(&Line::Foot(Foot { digest, ..foot.clone() }))?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Reads an archive line by line; ends with its foot, digest checked.
pub struct Reader<R> {
    from: R,
    digest: Sha256,
    lines: u64,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads from the beginning.
    pub fn new(from: R) -> Self {
        Self { from, digest: Sha256::new(), lines: 0, ended: false }
    }

    /// The next line; none after the foot.
    ///
    /// # Errors
    /// [`FormError`]; the foot itself is an error when the digest is another.
    pub fn line(&mut self) -> Result<Option<Line>, FormError> {
        let mut text = Vec::new();
        if self.from.read_until(b'\n', &mut text)? == 0 {
            return if self.ended { Ok(None) } else { Err(FormError::NoFoot { lines: self.lines }) };
        }
        self.lines += 1;
        let wrong = |reason: String| FormError::Line { line: self.lines, reason };
        if self.ended {
            return Err(wrong("nothing may follow the foot".to_owned()));
        }
        let line: Line = match serde_json::from_slice(&text) {
            Ok(line) => line,
            // Every line is written with its break; one without it was not written whole.
            Err(_) if !text.ends_with(b"\n") => return Err(FormError::NoFoot { lines: self.lines }),
            Err(error) => return Err(wrong(error.to_string())),
        };
        match &line {
            Line::Head(head) if self.lines == 1 && head.form > FORM => {
                return Err(FormError::Later { form: head.form });
            }
            Line::Head(_) if self.lines == 1 => {}
            Line::Head(_) => return Err(wrong("a head stands at the beginning only".to_owned())),
            _ if self.lines == 1 => return Err(wrong("an archive begins with its head".to_owned())),
            Line::Foot(foot) => {
                self.ended = true;
                let found = Sha::from(<[u8; 32]>::from(self.digest.clone().finalize()));
                if found != foot.digest {
                    return Err(FormError::Digest { found, stated: foot.digest });
                }
            }
            Line::Ledger(_) | Line::Intake(_) => {}
        }
        self.digest.update(&text);
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let tenant = TenantId::new("genhe").expect("a tenant");
        let head = Head { form: FORM, tenant, made_at: Instant::from_nanos(0) };
        let mut writer = Writer::begin(Vec::new(), head).expect("written");
        let record = Record {
            seq: Seq(1),
            at: Instant::from_nanos(7),
            subject: "a.b".into(),
            headers: vec![("h".into(), "v".into())],
            body: Bytes::from_static(b"\x00\xff"),
        };
        writer.write(&Line::Ledger(Kept::of(record))).expect("written");
        let foot = Foot {
            ledger: uuid::Uuid::nil(),
            ledger_last: Seq(1),
            ledger_hash: Sha::ZERO,
            decided: Seq(0),
            intake_last: Seq(0),
            digest: Sha::ZERO,
        };
        writer.end(&foot).expect("written")
    }

    fn read(bytes: &[u8]) -> Result<Vec<Line>, FormError> {
        let mut reader = Reader::new(bytes);
        let mut lines = Vec::new();
        while let Some(line) = reader.line()? {
            lines.push(line);
        }
        Ok(lines)
    }

    #[test]
    fn what_was_written_is_read_byte_for_byte() {
        let lines = read(&archive()).expect("an archive");
        let Line::Ledger(kept) = &lines[1] else { panic!("{lines:?}") };
        assert_eq!(kept.clone().record().expect("a record").body.as_ref(), b"\x00\xff");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let whole = archive();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert!(read(&flipped).is_err() || read(&flipped).ok() != read(&whole).ok(), "byte {at}");
            // Only the last line break is of no account.
            assert!(at + 1 == whole.len() || read(&whole[..at]).is_err(), "cut at {at}");
        }
    }
}
