//! One message in all its forms.

use serde_json::Value;

use super::facts::{Facts, Heading};
use super::phrase::{self, say};
use super::wording::{Placeholder, Saying, Wording};
use super::{html, ical, markdown, text};
use crate::calendar::Lang;
use crate::event::catalogue::{Act, RungLight};
use crate::port::carrier::{Link, Message};

/// The most deadlines that one message lists; more than that nobody reads to the end.
pub const MOST_LISTED: usize = 50;

/// What a message says, before it has a form.
pub struct Said<'a> {
    /// What it is about, in one line.
    pub title: String,
    /// What it begins with.
    pub opening: String,
    /// What it ends with.
    pub closing: String,
    /// The colour of the gravest sheet in it.
    pub light: RungLight,
    /// The deadlines that are told.
    pub shown: &'a [Facts],
    /// What the reader can do about the whole.
    pub links: Vec<Link>,
    lang: Lang,
    left_out: usize,
    key: &'a str,
}

/// The message that tells `all`, in all its forms; none for nothing.
#[must_use]
pub fn render(heading: &Heading, all: &[Facts], wording: &Wording) -> Option<Message> {
    let first = all.first()?;
    let told = said(heading, all, first, wording);
    let (text, html, markdown) =
        (text::text(heading, &told), html::html(heading, &told), markdown::markdown(heading, &told));
    let event = match all {
        [facts] => facts.event.clone(),
        several => Value::Array(several.iter().map(|facts| facts.event.clone()).collect()),
    };
    Some(Message {
        key: heading.key.clone(),
        at: heading.at,
        text,
        html,
        markdown,
        event,
        light: told.light,
        attachments: ical::attachment(heading, all).into_iter().collect(),
        links: told.links,
        title: told.title,
    })
}

fn said<'a>(heading: &'a Heading, all: &'a [Facts], first: &Facts, wording: &Wording) -> Said<'a> {
    let lang = heading.lang;
    let (subject, opening) = match (all, heading.is_digest) {
        ([_], false) => (Saying::Subject, opening(first.act)),
        (_, true) => (Saying::SubjectDigest, Saying::OpeningMany),
        (_, false) => (Saying::SubjectMany, Saying::OpeningMany),
    };
    let value = |place: Placeholder| value(heading, all, first, place);
    let shown = all.get(..MOST_LISTED).unwrap_or(all);
    let mut links = if let [facts] = all { facts.links.clone() } else { Vec::new() };
    if let Some(desk) = &heading.desk {
        let label = say(lang, "打开督办台", "Open the desk").to_owned();
        links.push(Link { label, url: desk.clone() });
    }
    Said {
        title: one_line(&wording.say(lang, subject, value)),
        opening: wording.say(lang, opening, value),
        closing: wording.say(lang, Saying::Closing, value),
        light: all.iter().map(|facts| facts.light).max().unwrap_or(first.light),
        shown,
        links,
        lang,
        left_out: all.len() - shown.len(),
        key: &heading.key,
    }
}

const fn opening(act: Act) -> Saying {
    match act {
        Act::Reminder => Saying::OpeningReminder,
        Act::SupervisionSheet => Saying::OpeningSheet,
        Act::Bulletin => Saying::OpeningBulletin,
        Act::Summons => Saying::OpeningSummons,
    }
}

fn value(heading: &Heading, all: &[Facts], of: &Facts, place: Placeholder) -> String {
    let lang = heading.lang;
    let text =
        |text: Option<&crate::calendar::Text>| text.map(|it| it.get(lang)).unwrap_or_default().to_owned();
    match place {
        Placeholder::Act => phrase::act(lang, of.act).to_owned(),
        Placeholder::Light => phrase::light(lang, of.light).to_owned(),
        Placeholder::Unit => heading.unit.get(lang).to_owned(),
        Placeholder::Owner => of.owner.get(lang).to_owned(),
        Placeholder::Case => of.case.key().to_owned(),
        Placeholder::Workflow => of.workflow.get(lang).to_owned(),
        Placeholder::Clock => of.duty.get(lang).to_owned(),
        Placeholder::Due => of.due.get(lang).to_owned(),
        Placeholder::Span => text(of.span.as_ref()),
        Placeholder::Clause => of.clause.get(lang).to_owned(),
        Placeholder::Days => of.days.get(lang).to_owned(),
        Placeholder::Next => text(of.next.as_ref()),
        Placeholder::Nth => of.nth.to_string(),
        Placeholder::Count => all.len().to_string(),
        Placeholder::Late => all.iter().filter(|facts| facts.is_late).count().to_string(),
        Placeholder::Date => heading.today.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Said<'_> {
    /// That some deadlines are not listed, if so.
    #[must_use]
    pub fn omitted(&self) -> Option<String> {
        let left = self.left_out;
        (left > 0).then(|| match self.lang {
            Lang::Zh => format!("……另有 {left} 项，见督办台。"),
            Lang::En => format!("… and {left} more on the desk."),
        })
    }

    /// The message's number: by it a repeated message is known as the same.
    #[must_use]
    pub fn number(&self) -> String {
        format!("{}{}{}", say(self.lang, "编号", "Number"), phrase::colon(self.lang), self.key)
    }
}
