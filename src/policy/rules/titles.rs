//! What the things are called that rules name: facts and units.
//!
//! What has no title is called by its id.

use std::collections::BTreeMap;

use crate::calendar::Text;
use crate::id::{EventType, UnitId};
use crate::policy::definition::{self, Definition};

/// The titles of a tenant's event types and units.
#[derive(Debug, Clone, Default)]
pub struct Titles {
    events: BTreeMap<EventType, Text>,
    units: BTreeMap<UnitId, Text>,
}

impl Titles {
    /// The titles that definitions give; later versions replace earlier ones.
    #[must_use]
    pub fn of<'a>(definitions: impl IntoIterator<Item = &'a Definition>) -> Self {
        let mut titles = Self::default();
        for definition in definitions {
            match definition {
                Definition::EventType(it) => {
                    titles.events.insert(it.name.clone(), text(&it.title));
                }
                Definition::Register(it) => {
                    titles.units.extend(it.units.iter().map(|unit| (unit.id.clone(), text(&unit.title))));
                }
                Definition::Calendar(_)
                | Definition::Notice(_)
                | Definition::Workflow(_)
                | Definition::Target(_)
                | Definition::Scorecard(_)
                | Definition::Delivery(_)
                | Definition::Answers(_)
                | Definition::Reaction(_) => {}
            }
        }
        titles
    }

    /// What a type of fact is called.
    #[must_use]
    pub fn event(&self, event: &EventType) -> Text {
        match event.as_str() {
            "case.opened" => Text::new("立案", "The case opens"),
            "case.credited" => Text::new("计入", "Credited"),
            other => self.events.get(event).cloned().unwrap_or_else(|| Text::new(other, other)),
        }
    }

    /// What a unit is called.
    #[must_use]
    pub fn unit(&self, unit: &UnitId) -> Text {
        self.units.get(unit).cloned().unwrap_or_else(|| Text::new(unit.as_str(), unit.as_str()))
    }
}

/// An authored title as a text for people.
#[must_use]
pub fn text(title: &definition::Text) -> Text {
    Text::new(&title.zh, &title.en)
}
