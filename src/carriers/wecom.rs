//! `WeCom` (企业微信) robots: their forms, pace and codes. The token in the address is all
//! that they check.
//!
//! Source: 企业微信开发者中心, 群机器人配置说明 and 全局错误码.

use std::time::Duration;

use serde_json::{Value, json};

use super::cut::{cut, cut_line};
use super::robot::{Code, markdown};
use super::settings::Form;
use crate::port::carrier::{Message, Pace};

/// 20 a minute are allowed; two are left for clocks that count differently.
pub const PACE: Pace = Pace { most: 18, within: Duration::from_secs(60), at_once: 1 };
/// How long who was too fast waits: the minute over which messages are counted.
const COUNTED_OVER: Duration = Duration::from_secs(60);
/// The most bytes of a Markdown and of a plain text.
const MOST_MARKDOWN: usize = 4096;
const MOST_TEXT: usize = 2048;
/// The most characters of a card's parts, and the most links below it.
const MOST_TITLE: usize = 26;
const MOST_UNDER: usize = 112;
const MOST_JUMPS: usize = 3;

/// The message as the robot takes it. A card needs somewhere to lead; without a link the
/// message goes as Markdown.
#[must_use]
pub fn body(form: Form, message: &Message) -> Value {
    match (form, message.links.first()) {
        (Form::Card, Some(first)) => {
            let jumps = message.links.iter().take(MOST_JUMPS);
            let jumps = jumps.map(|link| json!({"type": 1, "title": link.label, "url": link.url}));
            json!({"msgtype": "template_card", "template_card": {
                "card_type": "text_notice",
                "main_title": {"title": cut_line(&message.title, MOST_TITLE)},
                "sub_title_text": cut_line(&message.text, MOST_UNDER),
                "jump_list": jumps.collect::<Vec<_>>(),
                "card_action": {"type": 1, "url": first.url},
            }})
        }
        (Form::Card, None) | (Form::Markdown, _) => {
            json!({"msgtype": "markdown", "markdown": {"content": cut(&markdown(message), MOST_MARKDOWN)}})
        }
        (Form::Text, _) => json!({"msgtype": "text", "text": {"content": cut(&message.text, MOST_TEXT)}}),
    }
}

/// What a code means.
#[must_use]
pub const fn code(code: i64) -> Code {
    match code {
        0 => Code::Taken,
        // Too many in a minute; too many at once.
        45_009 | 45_033 => Code::TooFast(COUNTED_OVER),
        // A type, a size or a form that is not taken; an empty text.
        40_008 | 40_058 | 44_004 | 45_002 => Code::Refused,
        _ => Code::Other,
    }
}
