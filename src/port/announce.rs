//! Announcing on a subject, with proof that somebody has it.
//!
//! This file states what an adapter promises; it names no broker.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

/// An announcement on its way.
pub type Announcing<'a> = Pin<Box<dyn Future<Output = Result<String, AnnounceError>> + Send + 'a>>;

/// Why an announcement is not known to be with somebody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The server cannot be reached, or would not keep it now; it was not taken. Retry.
    #[error("announce under {subject}: {reason}")]
    Unavailable {
        /// The subject.
        subject: String,
        /// What was said.
        reason: String,
    },
    /// Nobody hears the subject and no stream keeps it. Retry when somebody does.
    #[error("announce under {subject}: nobody hears it and no stream keeps it")]
    Nobody {
        /// The subject.
        subject: String,
    },
    /// This client may not publish there, or not this. Give up until a person has looked.
    #[error("announce under {subject}: {reason}")]
    Forbidden {
        /// The subject.
        subject: String,
        /// What the server said.
        reason: String,
    },
    /// It was sent and no answer came: it may be there. Retry with the same key.
    #[error("learn whether the announcement under {subject} was taken: {reason}")]
    Unknown {
        /// The subject.
        subject: String,
        /// What the client said.
        reason: String,
    },
}

/// Announces to whoever listens.
pub trait Announce: Send + Sync {
    /// Publishes `body` under `subject` and resolves when a stream has stored it or a
    /// listener has answered, with who that was in a few words. `key` tells repetitions:
    /// a stream keeps only the first within its window.
    ///
    /// # Errors
    /// [`AnnounceError`].
    fn announce<'a>(&'a self, subject: &'a str, key: &'a str, media: &'a str, body: Bytes) -> Announcing<'a>;
}
