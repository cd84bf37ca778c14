//! Announcements as questions: the answer is a stream's receipt, or a listener's own.
//!
//! A plain publish is forgotten by a server that nobody listens to, and says nothing
//! about it. Asked as a question, silence has a reason.

use async_nats::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant as Moment;

use super::broker::Broker;
use super::line::Silence;
use crate::port::announce::{Announce, AnnounceError, Announcing};

/// The header by which a stream knows repetitions.
const KEY: &str = "Nats-Msg-Id";

/// What a stream answers; a listener may answer anything.
#[derive(Deserialize, Default)]
struct Receipt {
    stream: Option<String>,
    seq: Option<u64>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    description: String,
}

impl Announce for Broker {
    fn announce<'a>(&'a self, subject: &'a str, key: &'a str, media: &'a str, body: Bytes) -> Announcing<'a> {
        Box::pin(async move {
            let mut headers = HeaderMap::new();
            headers.insert(KEY, key);
            headers.insert("content-type", media);
            let until = Moment::now() + self.answer_within();
            let answer = self.main().ask(subject, Some(headers), body, until).await;
            let answer = answer.map_err(|silence| of(subject, silence))?;
            let receipt: Receipt = serde_json::from_slice(&answer.payload).unwrap_or_default();
            if let Some(refused) = receipt.error {
                let reason = format!("the stream refuses it: {}", refused.description);
                return Err(AnnounceError::Unavailable { subject: subject.to_owned(), reason });
            }
            Ok(match (receipt.stream, receipt.seq) {
                (Some(stream), Some(seq)) => format!("kept as {stream} {seq}"),
                _ => "answered by a listener".to_owned(),
            })
        })
    }
}

fn of(subject: &str, silence: Silence) -> AnnounceError {
    let subject = subject.to_owned();
    match silence {
        Silence::NotSent(reason) => AnnounceError::Unavailable { subject, reason },
        Silence::Denied(reason) => AnnounceError::Forbidden { subject, reason },
        Silence::Nobody => AnnounceError::Nobody { subject },
        Silence::Unknown(reason) => AnnounceError::Unknown { subject, reason },
    }
}
