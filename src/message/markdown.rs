//! A message in the Markdown that chat robots know: bold, quotes, lists.
//!
//! The dialects differ, and none keeps to backslashes: what a case's name brings along
//! could become a link, a colour or a call to everybody. Such letters are shown in their
//! wide forms.

use super::facts::{Facts, Heading};
use super::phrase::colon;
use super::render::Said;
use super::text::{line, rows};

/// The whole, without title and links, which a robot shows in its own way.
#[must_use]
pub fn markdown(heading: &Heading, told: &Said<'_>) -> String {
    let lang = heading.lang;
    let mut lines = vec![tame(&told.opening)];
    if let [facts] = told.shown {
        let rows = rows(lang, facts).into_iter();
        lines.extend(rows.map(|(label, said)| format!("> {label}{}{}", colon(lang), tame(&said))));
    } else {
        for (place, facts) in told.shown.iter().enumerate() {
            lines.push(format!("{}. {}{}", place + 1, tame(&line(lang, facts)), first_link(facts)));
        }
        lines.extend(told.omitted().map(|said| tame(&said)));
    }
    // A line of its own ends the quote.
    lines.push(String::new());
    lines.push(tame(&told.closing));
    lines.push(tame(&told.number()));
    lines.join("\n")
}

fn first_link(facts: &Facts) -> String {
    facts.links.first().map(|link| format!(" [{}]({})", tame(&link.label), link.url)).unwrap_or_default()
}

/// A text that is shown as it is.
#[must_use]
pub fn tame(text: &str) -> String {
    let wide = |letter: char| match letter {
        '<' => '＜',
        '>' => '＞',
        '[' => '［',
        ']' => '］',
        '*' => '＊',
        '`' => '｀',
        '#' => '＃',
        '~' => '～',
        '@' => '＠',
        '!' => '！',
        '\\' => '＼',
        '\n' | '\r' | '\t' => ' ',
        letter => letter,
    };
    text.chars().map(wide).collect()
}
