//! Questions that come over a broker, each from somebody whom the broker knows, and
//! who answers them.
//!
//! An adapter carries questions and answers and lets itself be discovered; it knows
//! neither what is asked nor who may. A [`Responder`] knows nothing of the wire.

use std::future::Future;

use bytes::Bytes;

/// One thing that may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, the last part of the subject that it is asked under.
    pub name: &'static str,
    /// What it answers, and which parameters it takes, for people.
    pub about: &'static str,
}

/// A question as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The subject it came under.
    pub subject: String,
    /// Who asks: the part of the subject that the broker lets nobody else use.
    pub asker: String,
    /// What is asked: the rest of the subject, the name of an endpoint if all is well.
    pub what: String,
    /// The parameters, as they were sent.
    pub body: Bytes,
    /// How many bytes an answer may have.
    pub most: usize,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer, or the problem document.
    pub body: Vec<u8>,
    /// Set when it is a problem.
    pub problem: Option<Trouble>,
}

/// What a problem is, for whoever reads no bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The status that HTTP would give.
    pub code: u16,
    /// The kind of problem, in a few words.
    pub title: String,
}

/// Answers questions, many at once.
pub trait Responder: Send + Sync + 'static {
    /// What may be asked.
    fn endpoints(&self) -> Vec<Endpoint>;

    /// The answer. Every question has one, and it comes within bounded time.
    fn answer(&self, question: Question) -> impl Future<Output = Reply> + Send;
}
