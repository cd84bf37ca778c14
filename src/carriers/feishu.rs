//! Feishu (飞书) robots: their forms, signature, pace and codes.
//!
//! Source: 飞书开放平台, 自定义机器人使用指南.

use std::time::Duration;

use serde_json::{Value, json};

use super::cut::{cut, cut_line};
use super::robot::{Code, markdown};
use super::settings::Form;
use super::signature;
use crate::event::catalogue::RungLight;
use crate::identity::secret::Secret;
use crate::port::carrier::{Message, Pace};
use crate::time::Instant;

/// 100 a minute and 5 a second are allowed: three within two seconds keep to both.
pub const PACE: Pace = Pace { most: 3, within: Duration::from_secs(2), at_once: 1 };
/// How long who was too fast waits; it does not say which of the two was broken.
const COUNTED_OVER: Duration = Duration::from_secs(60);
/// A body may have 20 kB; the frame, the buttons and escapes need some of them.
const MOST_TEXT: usize = 14_000;
/// The most of a title, in characters, and of the buttons.
const MOST_TITLE: usize = 100;
const MOST_BUTTONS: usize = 5;

/// The message as the robot takes it, signed where there is a secret.
#[must_use]
pub fn body(form: Form, message: &Message, secret: Option<&Secret>, now: Instant) -> Value {
    let mut body = match form {
        Form::Card => {
            let mut parts = vec![said(&cut(&message.markdown, MOST_TEXT))];
            if !message.links.is_empty() {
                parts.push(json!({"tag": "action", "actions": buttons(message)}));
            }
            json!({"msg_type": "interactive", "card": {
                "config": {"wide_screen_mode": true},
                "header": {
                    "title": {"tag": "plain_text", "content": cut_line(&message.title, MOST_TITLE)},
                    "template": colour(message.light),
                },
                "elements": parts,
            }})
        }
        Form::Markdown => {
            let text = said(&cut(&markdown(message), MOST_TEXT));
            json!({"msg_type": "interactive", "card": {
                "config": {"wide_screen_mode": true}, "elements": [text],
            }})
        }
        Form::Text => json!({"msg_type": "text", "content": {"text": cut(&message.text, MOST_TEXT)}}),
    };
    if let (Some(secret), Some(members)) = (secret, body.as_object_mut()) {
        let seconds = signature::seconds(now);
        members.insert("timestamp".to_owned(), Value::String(seconds.to_string()));
        members.insert("sign".to_owned(), Value::String(signature::feishu(secret, seconds)));
    }
    body
}

fn said(text: &str) -> Value {
    json!({"tag": "markdown", "content": text})
}

fn buttons(message: &Message) -> Vec<Value> {
    let each = message.links.iter().take(MOST_BUTTONS).enumerate();
    let button = |(place, link): (usize, &crate::port::carrier::Link)| {
        json!({
            "tag": "button", "type": if place == 0 { "primary" } else { "default" },
            "text": {"tag": "plain_text", "content": link.label}, "url": link.url,
        })
    };
    each.map(button).collect()
}

/// The colour of a card's head.
const fn colour(light: RungLight) -> &'static str {
    match light {
        RungLight::Blue => "blue",
        RungLight::Yellow => "yellow",
        RungLight::Red => "red",
    }
}

/// What a code means; one of them stands for two things that only its words tell apart.
#[must_use]
pub fn code(code: i64, said: &str) -> Code {
    match code {
        0 => Code::Taken,
        11_232 => Code::TooFast(COUNTED_OVER),
        9499 if said.to_ascii_lowercase().contains("too many") => Code::TooFast(COUNTED_OVER),
        // Not the form of a message; a card that cannot be shown; a size that is not taken.
        9499 | 11_246 | 19_002 | 230_025 => Code::Refused,
        _ => Code::Other,
    }
}
