//! What frames every page about a tenant: its title, its day, its units and
//! workflows.
//!
//! It tells which calendar a tenant's own day is told on; no deadline is counted
//! by it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;

use super::naming::Named;
use super::policy_cache::Policies;
use super::span::{moment_text, wall_text};
use crate::calendar::{Calendar, Text};
use crate::id::{Name, Seq};
use crate::policy::definition::Definition;
use crate::time::Instant;

/// A tenant, as whoever opens a page about it needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Home {
    /// The jurisdiction's title; none before a register was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// The instant asked about, as people write it.
    pub asked: Text,
    /// The civil day of that instant.
    pub today: NaiveDate,
    /// The calendar whose day that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Name>,
    /// The notices' titles by the names that citations give.
    pub notices: BTreeMap<String, Text>,
    /// The titles of the fields that facts have.
    pub fields: BTreeMap<String, Text>,
    /// The titles of the words that a field may be one of, by the field and the word.
    #[serde(skip)]
    pub words: BTreeMap<String, BTreeMap<String, Text>>,
    /// The titles of the types of facts.
    pub events: BTreeMap<String, Text>,
    /// The units of the register, in its order.
    pub units: Vec<Named>,
    /// The workflows that were ever published, by their latest titles, in the
    /// order of their names.
    pub workflows: Vec<Named>,
    /// The ledger entries of what rang lately for whoever looks, the newest first.
    #[serde(skip)]
    pub bell: Vec<Seq>,
    /// Where the wall clocks are that times are shown by.
    #[serde(skip)]
    pub zone: Option<Tz>,
}

impl Home {
    /// An instant as people write it where the tenant lives.
    #[must_use]
    pub fn moment(&self, at: Instant) -> Text {
        let here = |zone: Tz| wall_text(at.to_utc().with_timezone(&zone).naive_local());
        self.zone.map_or_else(|| universal(at), here)
    }
}

/// An instant in universal time, for when nobody has said where the tenant lives.
fn universal(at: Instant) -> Text {
    let told = wall_text(at.to_utc().naive_utc());
    Text::new(format!("{} UTC", told.zh), format!("{} UTC", told.en))
}

impl Policies {
    /// The calendar that the tenant's own day is told on: the first by name.
    #[must_use]
    pub fn home_calendar(&self) -> Option<&Calendar> {
        let calendars = self.published.iter().filter_map(|published| match &*published.definition {
            Definition::Calendar(calendar) => Some(&calendar.name),
            Definition::Register(_)
            | Definition::EventType(_)
            | Definition::Notice(_)
            | Definition::Workflow(_)
            | Definition::Target(_)
            | Definition::Scorecard(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => None,
        });
        calendars.min().and_then(|name| self.set.calendar(name)).map(|(_, calendar)| calendar)
    }

    /// The frame of a page about `at`.
    #[must_use]
    pub fn home(&self, at: Instant) -> Home {
        let calendar = self.home_calendar();
        let register = self.set.register();
        let units = register.map(|register| {
            let named = |unit: &crate::policy::definition::Unit| Named::unit(self, &unit.id);
            register.units.iter().map(named).collect()
        });
        Home {
            title: register.map(|register| Text::new(&register.title.zh, &register.title.en)),
            asked: self.moment(at),
            today: self.day_of(at),
            calendar: calendar.map(|calendar| calendar.def().name.clone()),
            notices: self.notice_titles(),
            fields: self.field_titles(),
            words: self.word_titles(),
            events: self.event_titles(),
            units: units.unwrap_or_default(),
            workflows: self.set.workflow_names().map(|name| self.workflow_named(name)).collect(),
            bell: Vec::new(),
            zone: calendar.map(|calendar| calendar.local(at).timezone()),
        }
    }

    /// An instant as people write it where the tenant lives.
    #[must_use]
    pub fn moment(&self, at: Instant) -> Text {
        self.home_calendar().map_or_else(|| universal(at), |calendar| moment_text(calendar, at))
    }

    /// The last instant of the day before that of `at`, where the tenant lives; none
    /// without a calendar. What is due until 24:00 of that day is not yet overdue at it.
    #[must_use]
    pub fn end_of_yesterday(&self, at: Instant) -> Option<Instant> {
        let calendar = self.home_calendar()?;
        let midnight = calendar.midnight(calendar.local_date(at));
        Some(Instant::from_nanos(midnight.as_nanos() - 1))
    }

    /// The civil day of an instant where the tenant lives.
    #[must_use]
    pub fn day_of(&self, at: Instant) -> NaiveDate {
        self.home_calendar().map_or_else(|| at.to_utc().date_naive(), |calendar| calendar.local_date(at))
    }
}
