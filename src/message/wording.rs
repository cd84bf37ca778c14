//! The texts that an office may word by itself, by language, with placeholders of a
//! closed set.
//!
//! No template engine: a text with a dozen names in it needs none, and whoever words a
//! reminder should not be able to write a program.

use std::collections::BTreeMap;

use crate::calendar::Lang;

/// The longest text, in characters.
const MOST_TEXT: usize = 1000;

/// A text that can be worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Saying {
    /// The subject of a message about one deadline.
    Subject,
    /// The subject of a message about several.
    SubjectMany,
    /// The subject of a day's digest.
    SubjectDigest,
    /// What a reminder begins with.
    OpeningReminder,
    /// What a supervision sheet begins with.
    OpeningSheet,
    /// What a bulletin begins with.
    OpeningBulletin,
    /// What a summons begins with.
    OpeningSummons,
    /// What a message about several begins with.
    OpeningMany,
    /// What every message ends with.
    Closing,
}

/// Something of the facts that a text can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// `{{act}}`: 催办, 督办单, 通报, 约谈.
    Act,
    /// `{{light}}`: the colour of the sheet.
    Light,
    /// `{{unit}}`: who is told.
    Unit,
    /// `{{owner}}`: who owes.
    Owner,
    /// `{{case}}`: the case's own number.
    Case,
    /// `{{workflow}}`: what the case is.
    Workflow,
    /// `{{clock}}`: what is to be done in time.
    Clock,
    /// `{{due}}`: the due instant.
    Due,
    /// `{{span}}`: how long is left or over.
    Span,
    /// `{{clause}}`: what it rests on.
    Clause,
    /// `{{days}}`: the days counted.
    Days,
    /// `{{next}}`: what comes next.
    Next,
    /// `{{nth}}`: how often it was raised.
    Nth,
    /// `{{count}}`: how many deadlines the message is about.
    Count,
    /// `{{late}}`: how many of them are over.
    Late,
    /// `{{date}}`: the day of the message.
    Date,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Placeholder),
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// The wording of an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(BTreeMap<(Lang, Saying), Template>);

/// What is wrong with a wording, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use this wording: {}", faults.join("; "))]
pub struct WordingError {
    /// Each mistake with its place, such as `zh/subject: …`.
    pub faults: Vec<String>,
}

impl Saying {
    /// All that can be worded.
    pub const ALL: [Self; 9] = [
        Self::Subject,
        Self::SubjectMany,
        Self::SubjectDigest,
        Self::OpeningReminder,
        Self::OpeningSheet,
        Self::OpeningBulletin,
        Self::OpeningSummons,
        Self::OpeningMany,
        Self::Closing,
    ];

    /// Its name in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::SubjectMany => "subjectMany",
            Self::SubjectDigest => "subjectDigest",
            Self::OpeningReminder => "openingReminder",
            Self::OpeningSheet => "openingSheet",
            Self::OpeningBulletin => "openingBulletin",
            Self::OpeningSummons => "openingSummons",
            Self::OpeningMany => "openingMany",
            Self::Closing => "closing",
        }
    }

    /// What it says unless the office words it, in Chinese and in English.
    const fn usual(self) -> (&'static str, &'static str) {
        match self {
            Self::Subject => (
                "【{{act}}】{{unit}}：{{workflow}}“{{clock}}”{{span}}",
                "[{{act}}] {{unit}}: {{workflow}}, {{clock}}, {{span}}",
            ),
            Self::SubjectMany => (
                "【督办】{{unit}}：{{count}} 项期限，其中超期 {{late}} 项",
                "[duban] {{unit}}: {{count}} deadlines, {{late}} of them overdue",
            ),
            Self::SubjectDigest => (
                "【督办日报】{{date}} {{unit}}：{{count}} 项期限，其中超期 {{late}} 项",
                "[duban] {{date}} {{unit}}: {{count}} deadlines, {{late}} of them overdue",
            ),
            Self::OpeningReminder => {
                ("{{unit}}：请在期限内办结以下事项。", "To {{unit}}: please finish this in time.")
            }
            Self::OpeningSheet => (
                "{{unit}}：现就以下事项发出{{light}}督办单，请限期办理并反馈。",
                "To {{unit}}: this matter is put under supervision ({{light}} sheet); please act and report.",
            ),
            Self::OpeningBulletin => (
                "{{unit}}：以下事项逾期未办结，现予通报。",
                "To {{unit}}: this matter is overdue and is made known by this bulletin.",
            ),
            Self::OpeningSummons => (
                "{{unit}}：以下事项逾期未办结，请负责人接受约谈。",
                "To {{unit}}: this matter is overdue; whoever is in charge is asked to come and explain.",
            ),
            Self::OpeningMany => {
                ("{{unit}}：以下事项请按期办理。", "To {{unit}}: please act on these in time.")
            }
            Self::Closing => ("本消息由督办系统自动发出。", "Sent by the supervision system."),
        }
    }

    /// Whether it is about one deadline, so that what is that one's can be named.
    const fn is_of_one(self) -> bool {
        match self {
            Self::Subject
            | Self::OpeningReminder
            | Self::OpeningSheet
            | Self::OpeningBulletin
            | Self::OpeningSummons => true,
            Self::SubjectMany | Self::SubjectDigest | Self::OpeningMany | Self::Closing => false,
        }
    }
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Act,
        Self::Light,
        Self::Unit,
        Self::Owner,
        Self::Case,
        Self::Workflow,
        Self::Clock,
        Self::Due,
        Self::Span,
        Self::Clause,
        Self::Days,
        Self::Next,
        Self::Nth,
        Self::Count,
        Self::Late,
        Self::Date,
    ];

    /// Its name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Light => "light",
            Self::Unit => "unit",
            Self::Owner => "owner",
            Self::Case => "case",
            Self::Workflow => "workflow",
            Self::Clock => "clock",
            Self::Due => "due",
            Self::Span => "span",
            Self::Clause => "clause",
            Self::Days => "days",
            Self::Next => "next",
            Self::Nth => "nth",
            Self::Count => "count",
            Self::Late => "late",
            Self::Date => "date",
        }
    }

    /// Whether it can be named where several deadlines are told of.
    const fn is_of_many(self) -> bool {
        matches!(self, Self::Unit | Self::Count | Self::Late | Self::Date)
    }
}

impl Template {
    /// The template that `text` is, for `saying`.
    ///
    /// # Errors
    /// A sentence that names what is wrong and what would be right.
    pub fn read(saying: Saying, text: &str) -> Result<Self, String> {
        if text.chars().count() > MOST_TEXT {
            return Err(format!("it has more than {MOST_TEXT} characters"));
        }
        if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err("it has control characters".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("a {{ is not closed by }}")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Place(placeholder(saying, name.trim())?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text with every placeholder as `value` has it.
    #[must_use]
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let said = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(place) => value(*place),
        });
        said.collect()
    }
}

fn placeholder(saying: Saying, name: &str) -> Result<Placeholder, String> {
    let fits = |place: &Placeholder| saying.is_of_one() || place.is_of_many();
    let known = || Placeholder::ALL.into_iter().filter(fits);
    known().find(|place| place.name() == name).ok_or_else(|| {
        let names: Vec<&str> = known().map(Placeholder::name).collect();
        let shown: String = name.chars().take(32).collect();
        format!("{{{{{shown}}}}} stands for nothing here; known are {}", names.join(", "))
    })
}

impl Wording {
    /// What is said unless the office words it.
    #[must_use]
    pub fn usual() -> Self {
        let texts = Saying::ALL.into_iter().flat_map(|saying| {
            let (zh, en) = saying.usual();
            [(Lang::Zh, saying, zh), (Lang::En, saying, en)]
        });
        let read = texts.map(|(lang, saying, text)| {
            // They are held to the same rules by a test; a text that broke one would be shown as it is.
            let template = Template::read(saying, text);
            ((lang, saying), template.unwrap_or_else(|_| Template(vec![Part::Text(text.to_owned())])))
        });
        Self(read.collect())
    }

    /// The usual wording with what the office words by itself.
    ///
    /// # Errors
    /// [`WordingError`] with every mistake.
    pub fn read(own: &BTreeMap<Lang, BTreeMap<String, String>>) -> Result<Self, WordingError> {
        let mut wording = Self::usual();
        let mut faults = Vec::new();
        for (lang, texts) in own {
            let of = match lang {
                Lang::Zh => "zh",
                Lang::En => "en",
            };
            for (name, text) in texts {
                let Some(saying) = Saying::ALL.into_iter().find(|saying| saying.name() == name) else {
                    let names: Vec<&str> = Saying::ALL.into_iter().map(Saying::name).collect();
                    faults
                        .push(format!("{of}/{name}: there is no such text; known are {}", names.join(", ")));
                    continue;
                };
                match Template::read(saying, text) {
                    Ok(template) => drop(wording.0.insert((*lang, saying), template)),
                    Err(reason) => faults.push(format!("{of}/{name}: {reason}")),
                }
            }
        }
        if faults.is_empty() { Ok(wording) } else { Err(WordingError { faults }) }
    }

    /// A text, filled.
    #[must_use]
    pub fn say(&self, lang: Lang, saying: Saying, value: impl Fn(Placeholder) -> String) -> String {
        self.0.get(&(lang, saying)).map(|template| template.fill(value)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &str, text: &str) -> Result<Wording, WordingError> {
        let texts = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        Wording::read(&BTreeMap::from([(Lang::Zh, texts)]))
    }

    #[test]
    fn what_is_usually_said_keeps_to_the_rules() {
        for saying in Saying::ALL {
            let (zh, en) = saying.usual();
            for text in [zh, en] {
                assert_eq!(Template::read(saying, text).err(), None, "{}: {text}", saying.name());
            }
        }
    }

    #[test]
    fn an_office_words_what_it_likes_and_the_rest_stays() {
        let wording = own("subject", "请{{ unit }}办理（{{nth}}）").expect("a wording");
        let value = |place: Placeholder| format!("<{}>", place.name());
        assert_eq!(wording.say(Lang::Zh, Saying::Subject, value), "请<unit>办理（<nth>）");
        assert_eq!(wording.say(Lang::En, Saying::Closing, value), "Sent by the supervision system.");
    }

    #[test]
    fn a_mistake_is_named_with_what_is_known() {
        for (name, text, said) in [
            ("subject", "{{untis}}", "{{untis}} stands for nothing here; known are act, light, unit"),
            ("subjectMany", "{{due}}", "known are unit, count, late, date"),
            ("subject", "{{unit", "not closed"),
            ("heading", "x", "zh/heading: there is no such text; known are subject"),
            ("closing", "a\u{7}", "control"),
        ] {
            let error = own(name, text).expect_err("a mistake").to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
