//! Facts laid on working days before now.
//!
//! It knows the calendar and the order of time, and nothing of what is told.

use chrono::{NaiveDate, NaiveTime};
use serde_json::Value;

use crate::calendar::Calendar;
use crate::cli::exit::{Exit, Failure};
use crate::event::fact::Fact;
use crate::id::{EventType, IdError, TenantId, UnitId};
use crate::time::Instant;

/// Who told it where and when, before what was told.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// Whose days count.
    pub calendar: &'a Calendar,
    /// The instant that nothing comes after.
    pub now: Instant,
    /// The instant that nothing comes before: when the policies were published.
    pub begin: Instant,
    facts: Vec<Fact>,
    fault: Option<IdError>,
}

impl<'a> Story<'a> {
    /// A story that ends now. It begins with the month, and at least thirteen
    /// working days ago.
    #[must_use]
    pub fn new(tenant: &'a TenantId, calendar: &'a Calendar, now: Instant) -> Self {
        let mut story = Self { tenant, calendar, now, begin: now, facts: Vec::new(), fault: None };
        let today = calendar.local_date(now);
        let month = crate::calendar::Period::containing(crate::calendar::PeriodKind::Month, today);
        let early = calendar.midnight(month.start()).plus_seconds(30 * 60);
        story.begin = early.min(story.done(13, 8, 30));
        story
    }

    /// The `n`-th working day before today, counted back from 1.
    #[must_use]
    pub fn day(&self, n: i32) -> NaiveDate {
        let today = self.calendar.local_date(self.now);
        self.calendar.add_working_days(today, -n)
    }

    /// A time of the `n`-th working day before today.
    #[must_use]
    pub fn done(&self, n: i32, hour: u32, minute: u32) -> Instant {
        self.on(self.day(n), hour, minute)
    }

    /// A time of a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate, hour: u32, minute: u32) -> Instant {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN);
        self.calendar.instant(day.and_time(time))
    }

    /// So many hours ago.
    #[must_use]
    pub const fn hours_ago(&self, hours: i64) -> Instant {
        self.now.plus_seconds(-hours * 3600)
    }

    /// Tells a fact that `actor` stated at `at`, unless that is yet to come or
    /// before the beginning.
    pub fn tell(&mut self, at: Instant, actor: &str, kind: &str, subject: &str, data: Value) {
        if at > self.now || at < self.begin {
            return;
        }
        let id = format!("sample-{kind}-{}", self.facts.len() + 1);
        match self.fact(at, actor, kind, subject, data, id) {
            Ok(fact) => self.facts.push(fact),
            Err(error) => self.fault = self.fault.take().or(Some(error)),
        }
    }

    /// Tells the last fact again, word for word, as a client does that got no answer.
    pub fn repeat(&mut self) {
        self.facts.extend(self.facts.last().cloned());
    }

    fn fact(
        &self,
        at: Instant,
        actor: &str,
        kind: &str,
        subject: &str,
        data: Value,
        id: String,
    ) -> Result<Fact, IdError> {
        Ok(Fact {
            source: format!("/{}/{actor}", self.tenant),
            id,
            kind: EventType::new(kind)?,
            version: None,
            subject: (!subject.is_empty()).then(|| subject.to_owned()),
            actor: UnitId::new(actor)?,
            occurred_at: Some(at),
            imported_at: Some(at),
            stated_by: None,
            data,
        })
    }

    /// All that was told, in the order of time.
    ///
    /// # Errors
    /// [`Failure`] when a name in the sample has not its form.
    pub fn facts(mut self) -> Result<Vec<Fact>, Failure> {
        if let Some(fault) = self.fault {
            return Err(Failure::new(Exit::Failed, format!("make the sample: {fault}")));
        }
        self.facts.sort_by_key(|fact| fact.imported_at);
        Ok(self.facts)
    }
}
