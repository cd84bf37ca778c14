//! `DingTalk` (钉钉) robots: their forms, signature, pace and codes.
//!
//! Source: 钉钉开放平台, 自定义机器人接入 and 自定义机器人发送消息的错误码.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::cut::{cut, cut_line};
use super::guard::Place;
use super::robot::{Code, markdown};
use super::settings::Form;
use super::signature;
use crate::identity::secret::Secret;
use crate::port::carrier::{Message, Pace};
use crate::time::Instant;

/// 20 a minute are allowed, and who exceeds them is shut out for ten: two are left for
/// clocks that count differently and for whoever else uses the robot.
pub const PACE: Pace = Pace { most: 18, within: Duration::from_secs(60), at_once: 1 };
/// How long who was too fast is shut out.
const SHUT_OUT: Duration = Duration::from_secs(10 * 60);
/// A body may have 20,000 bytes; the frame, the buttons and escapes need some of them.
const MOST_TEXT: usize = 14_000;
/// The most of a title, in characters, and of the buttons.
const MOST_TITLE: usize = 100;
const MOST_BUTTONS: usize = 5;

/// The message as the robot takes it.
#[must_use]
pub fn body(form: Form, message: &Message) -> Value {
    let title = cut_line(&message.title, MOST_TITLE);
    match form {
        Form::Card if !message.links.is_empty() => {
            let buttons = message.links.iter().take(MOST_BUTTONS);
            let buttons = buttons.map(|link| json!({"title": link.label, "actionURL": link.url}));
            let text = lines(&cut(&format!("### {title}\n{}", message.markdown), MOST_TEXT));
            json!({"msgtype": "actionCard", "actionCard": {
                "title": title, "text": text, "btnOrientation": "0", "btns": buttons.collect::<Vec<_>>(),
            }})
        }
        Form::Card | Form::Markdown => {
            let text = lines(&cut(&markdown(message), MOST_TEXT));
            json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
        }
        Form::Text => json!({"msgtype": "text", "text": {"content": cut(&message.text, MOST_TEXT)}}),
    }
}

/// Its Markdown runs lines together unless two blanks end them.
fn lines(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("  \n")
}

/// The robot's address with the signature of this moment.
#[must_use]
pub fn url(place: &Place, secret: Option<&Secret>, now: Instant) -> Url {
    let mut url = place.url().clone();
    if let Some(secret) = secret {
        let millis = signature::millis(now);
        let signed = signature::dingtalk(secret, millis);
        url.query_pairs_mut().append_pair("timestamp", &millis.to_string()).append_pair("sign", &signed);
    }
    url
}

/// What a code means.
#[must_use]
pub const fn code(code: i64) -> Code {
    match code {
        0 => Code::Taken,
        // Too fast.
        130_101 | 410_100 => Code::TooFast(SHUT_OUT),
        // Not a message; an unsafe link; a text, picture or content that is not let through.
        40_035 | 400_105 | 430_101..=430_104 => Code::Refused,
        _ => Code::Other,
    }
}
