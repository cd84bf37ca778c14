//! What frames every page about a tenant: its title, its day, its units and
//! workflows.
//!
//! It tells which calendar a tenant's own day is told on; no deadline is counted
//! by it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::naming::Named;
use super::policy_cache::Policies;
use super::span::moment_text;
use crate::calendar::{Calendar, Text};
use crate::id::Name;
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
    /// The units of the register, in its order.
    pub units: Vec<Named>,
    /// The workflows that were ever published, by their latest titles, in the
    /// order of their names.
    pub workflows: Vec<Named>,
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
            units: units.unwrap_or_default(),
            workflows: self.set.workflow_names().map(|name| self.workflow_named(name)).collect(),
        }
    }

    /// An instant as people write it where the tenant lives.
    #[must_use]
    pub fn moment(&self, at: Instant) -> Text {
        let plain = || Text::new(at.to_string(), at.to_string());
        self.home_calendar().map_or_else(plain, |calendar| moment_text(calendar, at))
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
