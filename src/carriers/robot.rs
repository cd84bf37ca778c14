//! Robots of chat groups: what `DingTalk`, `WeCom` and Feishu have in common.
//!
//! All three take JSON at an address that carries a token, and answer 200 with a code in
//! the body that says what became of it. What differs is in a file each.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::book::{Book, Entry};
use super::guard::Place;
use super::post::{Answer, Post};
use super::settings::Form;
use super::{dingtalk, feishu, wecom};
use crate::identity::secret::Secret;
use crate::port::carrier::{
    Carried, Carrier, CarryError, Carrying, Destination, Message, Pace, Recipient, short,
};
use crate::time::Instant;

/// Which robot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 钉钉.
    Dingtalk,
    /// 企业微信.
    Wecom,
    /// 飞书.
    Feishu,
}

/// A robot in a group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its address, with its token.
    pub place: Place,
    /// What it wants to see signed; none where the group is kept by other means.
    pub secret: Option<Secret>,
}

/// What a code of a robot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Taken.
    Taken,
    /// Too many at once: it wants to be left alone for so long.
    TooFast(Duration),
    /// It will never take this message.
    Refused,
    /// Something else, which may be put right: a wrong token or signature, a busy server.
    Other,
}

/// Carries messages to robots of one kind.
pub struct Robot {
    /// Which.
    pub kind: Kind,
    /// Posts.
    pub post: Post,
    /// Where to.
    pub book: Book<Entry<Group>>,
    /// How a message is shown.
    pub form: Form,
    /// How fast.
    pub pace: Pace,
}

impl Kind {
    /// How fast such a robot takes messages, as its documents say.
    #[must_use]
    pub const fn pace(self) -> Pace {
        match self {
            Self::Dingtalk => dingtalk::PACE,
            Self::Wecom => wecom::PACE,
            Self::Feishu => feishu::PACE,
        }
    }

    /// The form that shows most of a message.
    #[must_use]
    pub const fn form(self) -> Form {
        match self {
            Self::Dingtalk | Self::Feishu => Form::Card,
            // Its card has room for a few words only.
            Self::Wecom => Form::Markdown,
        }
    }

    fn body(self, group: &Group, form: Form, message: &Message, now: Instant) -> Value {
        match self {
            Self::Dingtalk => dingtalk::body(form, message),
            Self::Wecom => wecom::body(form, message),
            Self::Feishu => feishu::body(form, message, group.secret.as_ref(), now),
        }
    }

    fn url(self, group: &Group, now: Instant) -> Url {
        match self {
            Self::Dingtalk => dingtalk::url(&group.place, group.secret.as_ref(), now),
            Self::Wecom | Self::Feishu => group.place.url().clone(),
        }
    }

    fn code(self, code: i64, said: &str) -> Code {
        match self {
            Self::Dingtalk => dingtalk::code(code),
            Self::Wecom => wecom::code(code),
            Self::Feishu => feishu::code(code, said),
        }
    }

    /// The code of an answer and the words with it, if it has one.
    fn said(self, body: &[u8]) -> Option<(i64, String)> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let names: &[(&str, &str)] = match self {
            Self::Dingtalk | Self::Wecom => &[("errcode", "errmsg")],
            // The second pair is that of its older interface, which some groups still answer with.
            Self::Feishu => &[("code", "msg"), ("StatusCode", "StatusMessage")],
        };
        names.iter().find_map(|(code, words)| {
            let number = body.get(code)?.as_i64()?;
            let words = body.get(words).and_then(Value::as_str).unwrap_or_default();
            Some((number, words.to_owned()))
        })
    }
}

impl Robot {
    async fn send(&self, group: &Group, message: &Message) -> Result<Carried, CarryError> {
        let now = self.post.now();
        let body = self.kind.body(group, self.form, message, now).to_string().into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        let answer = self.post.post(&group.place, self.kind.url(group, now), headers, body).await?;
        self.judge(&answer)
    }

    fn judge(&self, answer: &Answer) -> Result<Carried, CarryError> {
        let Some((code, words)) = answer.body.as_deref().and_then(|body| self.kind.said(body)) else {
            let note = answer.by_status()?;
            // A success that does not say whether the message was taken is none.
            return Err(CarryError::Unknown { reason: format!("{note} without a code") });
        };
        let reason = short(&format!("answered code {code}: {words}"));
        match self.kind.code(code, &words) {
            Code::Taken => Ok(Carried { note: "answered code 0".to_owned() }),
            Code::TooFast(after) => {
                Err(CarryError::Again { after: Some(answer.after.unwrap_or_default().max(after)), reason })
            }
            Code::Refused => Err(CarryError::Never { reason }),
            Code::Other => Err(CarryError::Again { after: answer.after, reason }),
        }
    }
}

impl Carrier for Robot {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        self.book.destination(to, self.pace)
    }

    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a> {
        Box::pin(async move { self.send(&self.book.of(to)?.address, message).await })
    }
}

/// The message with its links, as Markdown.
#[must_use]
pub fn markdown(message: &Message) -> String {
    let links = message.links.iter().map(|link| format!("[{}]({})", link.label, link.url));
    let links = links.collect::<Vec<_>>().join("　");
    let title = format!("**{}**", message.title);
    let parts = [title, message.markdown.clone(), links];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
