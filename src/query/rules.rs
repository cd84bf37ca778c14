//! The rules in force in words, the diagram of a workflow, and the titles that
//! notices and fields are known by.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::policy_cache::Policies;
use crate::calendar::{Calendar, Lang, Text};
use crate::id::{Name, Sha};
use crate::policy::definition::{Definition, Workflow};
use crate::policy::diagram::{Drawing, svg::svg};
use crate::policy::rules::list::{Row, rules};
use crate::policy::rules::titles::Titles;

/// Every rule in force, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleList {
    /// The rules, in the order of the definitions' kinds and names.
    pub rules: Vec<Row>,
}

impl Policies {
    /// The latest definition of each kind and name, in that order.
    fn latest(&self) -> Vec<&Definition> {
        let latest: BTreeMap<_, _> = self
            .published
            .iter()
            .map(|published| ((published.definition.kind(), published.definition.name()), published))
            .collect();
        latest.into_values().map(|published| &*published.definition).collect()
    }

    /// What facts and units are called.
    fn titles(&self) -> Titles {
        Titles::of(self.published.iter().map(|published| &*published.definition))
    }

    /// Every rule in force, in words.
    #[must_use]
    pub fn rules(&self) -> RuleList {
        RuleList { rules: rules(&self.latest(), &self.titles()) }
    }

    /// The rules of one definition, in words.
    #[must_use]
    pub fn rules_of(&self, sha: &Sha) -> RuleList {
        let found = self.published.iter().rev().find(|published| published.sha == *sha);
        let definitions: Vec<&Definition> = found.map(|it| &*it.definition).into_iter().collect();
        RuleList { rules: rules(&definitions, &self.titles()) }
    }

    /// A workflow drawn, with the state marked that a case stands in.
    #[must_use]
    pub fn diagram(&self, workflow: &Workflow, state: Option<&Name>) -> Text {
        let drawing = Drawing::of(workflow, &self.titles());
        let drawing = match state {
            Some(state) => drawing.with_case_in(state),
            None => drawing,
        };
        Text::new(svg(&drawing, Lang::Zh), svg(&drawing, Lang::En))
    }

    /// The titles of the notices that citations name.
    #[must_use]
    pub fn notice_titles(&self) -> BTreeMap<String, Text> {
        let titled = |notice: &crate::policy::notice::Notice| {
            (notice.name.to_string(), Text::new(&notice.title.zh, &notice.title.en))
        };
        self.set.notices().map(titled).collect()
    }

    /// The title of one of them, or its name where it has none.
    #[must_use]
    pub fn notice_title(&self, name: &str) -> Text {
        let found = self.set.notices().find(|notice| notice.name.as_str() == name);
        found.map_or_else(|| Text::new(name, name), |notice| Text::new(&notice.title.zh, &notice.title.en))
    }

    /// The titles of the types of facts, by their names; those of the latest versions.
    #[must_use]
    pub fn event_titles(&self) -> BTreeMap<String, Text> {
        let titled = self.published.iter().filter_map(|published| match &*published.definition {
            Definition::EventType(kind) => {
                Some((kind.name.to_string(), Text::new(&kind.title.zh, &kind.title.en)))
            }
            Definition::Register(_)
            | Definition::Calendar(_)
            | Definition::Notice(_)
            | Definition::Workflow(_)
            | Definition::Target(_)
            | Definition::Scorecard(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => None,
        });
        titled.collect()
    }

    /// The titles of the fields that facts have, from their schemas; where several
    /// types name a field alike, that of the latest.
    #[must_use]
    pub fn field_titles(&self) -> BTreeMap<String, Text> {
        let titled = |(name, field): (&String, &Value)| Some((name.clone(), text_of(field.get("x-title")?)?));
        self.fields().filter_map(titled).collect()
    }

    /// The titles of the words that a field may be one of, by the field and the word, in
    /// the same way.
    #[must_use]
    pub fn word_titles(&self) -> BTreeMap<String, BTreeMap<String, Text>> {
        let mut titles: BTreeMap<String, BTreeMap<String, Text>> = BTreeMap::new();
        for (name, field) in self.fields() {
            let words = field.get("x-words").and_then(Value::as_object).into_iter().flatten();
            let titled = words.filter_map(|(word, title)| Some((word.clone(), text_of(title)?)));
            titles.entry(name.clone()).or_default().extend(titled);
        }
        titles
    }

    /// The fields of all types of facts that were ever published, by name.
    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        let schemas = self.published.iter().filter_map(|published| {
            let Definition::EventType(kind) = &*published.definition else { return None };
            kind.schema.get("properties").and_then(Value::as_object)
        });
        schemas.flatten()
    }

    /// The whole year of a calendar, day by day.
    #[must_use]
    pub fn days_of(calendar: &Calendar, year: i32) -> Vec<crate::calendar::Day> {
        use chrono::Datelike as _;
        let first = chrono::NaiveDate::from_ymd_opt(year, 1, 1);
        let days = first.into_iter().flat_map(|first| first.iter_days());
        days.take_while(|day| day.year() == year).map(|day| calendar.day(day)).collect()
    }
}

/// A title in both languages, as a schema has it.
fn text_of(title: &Value) -> Option<Text> {
    let text = |lang: &str| title.get(lang)?.as_str();
    Some(Text::new(text("zh")?, text("en")?))
}
