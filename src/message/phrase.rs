//! The words of acts, colours and labels.

use crate::calendar::{Lang, Text};
use crate::event::catalogue::{Act, RungLight};

/// One of two texts, by language.
#[must_use]
pub const fn say(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// An act in words.
#[must_use]
pub const fn act(lang: Lang, act: Act) -> &'static str {
    match act {
        Act::Reminder => say(lang, "催办", "Reminder"),
        Act::SupervisionSheet => say(lang, "督办单", "Supervision sheet"),
        Act::Bulletin => say(lang, "通报", "Bulletin"),
        Act::Summons => say(lang, "约谈", "Summons"),
    }
}

/// A colour in words.
#[must_use]
pub const fn light(lang: Lang, light: RungLight) -> &'static str {
    match light {
        RungLight::Blue => say(lang, "蓝色", "blue"),
        RungLight::Yellow => say(lang, "黄色", "yellow"),
        RungLight::Red => say(lang, "红色", "red"),
    }
}

/// The shape that goes with the colour, for those who cannot tell colours.
#[must_use]
pub const fn shape(light: RungLight) -> char {
    match light {
        RungLight::Blue => '●',
        RungLight::Yellow => '▲',
        RungLight::Red => '■',
    }
}

/// A text followed by more in brackets, as the language writes them.
#[must_use]
pub fn bracketed(lang: Lang, text: &str, more: Option<&Text>) -> String {
    match (more, lang) {
        (None, _) => text.to_owned(),
        (Some(more), Lang::Zh) => format!("{text}（{}）", more.zh),
        (Some(more), Lang::En) => format!("{text} ({})", more.en),
    }
}

/// A label before what it names.
#[must_use]
pub const fn colon(lang: Lang) -> &'static str {
    say(lang, "：", ": ")
}
