//! The calendar made ready: is a day worked, and which is the n-th working day?
//!
//! Both are answered in constant time, because every deadline of every fact asks.
//! Inside the verified span a table of ranks answers; outside it the plain week
//! is arithmetic. It reads no clock and knows no due rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{CalendarError, check, made_up_for};
use super::def::{CalendarDef, Span, Weekday};
use super::hours::BusinessDay;
use super::text::Text;
use super::zone;
use crate::time::Instant;

/// A checked calendar; a clone shares the same tables.
#[derive(Clone)]
pub struct Calendar(Arc<Tables>);

struct Tables {
    def: CalendarDef,
    zone: Tz,
    week: PlainWeek,
    business: BusinessDay,
    /// The verified days that do not follow the week, with their reason.
    dated: BTreeMap<NaiveDate, Reason>,
    /// Day number of the first verified day.
    first: i64,
    /// For each verified day, its rank: how many working days lie up to it.
    ranks: Vec<i64>,
    /// The day numbers of the verified working days, in order.
    working: Vec<i64>,
    /// The rank of the day before the first verified one.
    before: i64,
}

/// Why a day is worked or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Reason {
    /// The week says it works.
    Weekday,
    /// The week says it rests.
    Weekend,
    /// A holiday, whatever the week says.
    Holiday {
        /// What it is called.
        name: Text,
    },
    /// A rest day worked for a holiday, whatever the week says.
    MakeUp {
        /// The holiday it makes up for.
        name: Text,
    },
}

/// One civil day as the calendar sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Day {
    /// The day.
    #[schemars(schema_with = "super::def::date_schema")]
    pub date: NaiveDate,
    /// Its weekday.
    pub weekday: Weekday,
    /// Whether it is worked.
    pub working: bool,
    /// Why.
    pub reason: Reason,
    /// Whether the authority's arrangements for it were known; otherwise this is
    /// only what the plain week suggests.
    pub verified: bool,
}

impl Calendar {
    /// Checks a calendar and builds its tables.
    ///
    /// # Errors
    /// Every mistake of the definition.
    pub fn new(def: CalendarDef) -> Result<Self, Vec<CalendarError>> {
        let mistakes = check(&def);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let Ok(zone) = def.time_zone.parse::<Tz>() else {
            return Err(vec![CalendarError::UnknownZone { zone: def.time_zone }]);
        };
        let week = PlainWeek::new(&def);
        let dated = dated(&def);
        let first = number(def.verified.from);
        let before = week.rank(first - 1);
        let (mut ranks, mut working, mut rank) = (Vec::new(), Vec::new(), before);
        for date in def.verified.from.iter_days().take_while(|date| *date <= def.verified.to) {
            if works(&week, &dated, date) {
                rank += 1;
                working.push(number(date));
            }
            ranks.push(rank);
        }
        let business = BusinessDay::new(&def.hours);
        Ok(Self(Arc::new(Tables { def, zone, week, business, dated, first, ranks, working, before })))
    }

    /// The definition it was built from.
    #[must_use]
    pub fn def(&self) -> &CalendarDef {
        &self.0.def
    }

    /// The zone whose civil days it counts.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.0.zone
    }

    /// The span of days whose arrangements were published.
    #[must_use]
    pub fn verified(&self) -> Span {
        self.0.def.verified
    }

    /// The business hours of a working day.
    pub(super) fn business(&self) -> &BusinessDay {
        &self.0.business
    }

    /// What the calendar knows of a day.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Day {
        let by_week = || if self.0.week.works(number(date)) { Reason::Weekday } else { Reason::Weekend };
        let reason = self.0.dated.get(&date).cloned().unwrap_or_else(by_week);
        let working = matches!(reason, Reason::Weekday | Reason::MakeUp { .. });
        let verified = self.verified().has(date);
        Day { date, weekday: date.weekday().into(), working, reason, verified }
    }

    /// Whether a day is worked, without saying why.
    #[must_use]
    pub fn is_working(&self, date: NaiveDate) -> bool {
        works(&self.0.week, &self.0.dated, date)
    }

    /// The `n`-th working day strictly after `date`, or, for a negative `n`, the
    /// `-n`-th strictly before it; for 0 `date` itself, worked or not.
    ///
    /// Held at the ends of chrono's dates, some 262 000 years away.
    #[must_use]
    pub fn add_working_days(&self, date: NaiveDate, n: i32) -> NaiveDate {
        match n {
            0 => date,
            1.. => self.nth(self.rank(number(date)) + i64::from(n)),
            _ => self.nth(self.rank(number(date) - 1) + 1 + i64::from(n)),
        }
    }

    /// How many working days one goes from `from` to `to`: those in `(from, to]`,
    /// or, when `to` is earlier, minus those in `[to, from)`.
    ///
    /// It undoes [`Calendar::add_working_days`].
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        if to >= from {
            self.rank(number(to)) - self.rank(number(from))
        } else {
            self.rank(number(to) - 1) - self.rank(number(from) - 1)
        }
    }

    /// The civil day on which an instant falls.
    #[must_use]
    pub fn local_date(&self, at: Instant) -> NaiveDate {
        self.wall(at).date()
    }

    /// What wall clocks show at an instant.
    #[must_use]
    pub fn wall(&self, at: Instant) -> NaiveDateTime {
        zone::wall(self.0.zone, at)
    }

    /// The instant in the calendar's zone, for showing.
    #[must_use]
    pub fn local(&self, at: Instant) -> DateTime<Tz> {
        zone::local(self.0.zone, at)
    }

    /// The first instant of a civil day: midnight, or the end of the gap where
    /// the zone's clocks skip it. Held at the ends of the countable time.
    #[must_use]
    pub fn midnight(&self, date: NaiveDate) -> Instant {
        zone::midnight(self.0.zone, date)
    }

    /// The first instant after a civil day, its 24:00.
    #[must_use]
    pub fn day_end(&self, date: NaiveDate) -> Instant {
        self.midnight(date.succ_opt().unwrap_or(date))
    }

    /// The first instant at which wall clocks show `wall` or have skipped it.
    #[must_use]
    pub fn instant(&self, wall: NaiveDateTime) -> Instant {
        zone::first_instant(self.0.zone, wall)
    }

    /// How many working days lie up to and including a day, from an origin that
    /// only differences may be taken of.
    pub(super) fn rank(&self, day: i64) -> i64 {
        let tables = &*self.0;
        if day < tables.first {
            return tables.week.rank(day);
        }
        let inside = usize::try_from(day - tables.first).ok().and_then(|index| tables.ranks.get(index));
        inside.copied().unwrap_or_else(|| tables.week.rank(day) + self.surplus())
    }

    /// The working day of a rank.
    pub(super) fn nth(&self, rank: i64) -> NaiveDate {
        let tables = &*self.0;
        if rank <= tables.before {
            return date_of(tables.week.nth(rank));
        }
        let inside =
            usize::try_from(rank - tables.before - 1).ok().and_then(|index| tables.working.get(index));
        date_of(inside.copied().unwrap_or_else(|| tables.week.nth(rank - self.surplus())))
    }

    /// By how much the verified span has more working days than its plain weeks.
    fn surplus(&self) -> i64 {
        let tables = &*self.0;
        let last = tables.first + length(&tables.ranks) - 1;
        tables.ranks.last().map_or(0, |rank| rank - tables.week.rank(last))
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Calendar({} {})", self.0.def.name, self.0.def.version)
    }
}

/// Days since Monday, 1 January of year 1.
pub(super) fn number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 1
}

fn date_of(number: i64) -> NaiveDate {
    let held = if number < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    i32::try_from(number + 1).ok().and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(held)
}

fn works(week: &PlainWeek, dated: &BTreeMap<NaiveDate, Reason>, date: NaiveDate) -> bool {
    dated
        .get(&date)
        .map_or_else(|| week.works(number(date)), |reason| matches!(reason, Reason::MakeUp { .. }))
}

fn dated(def: &CalendarDef) -> BTreeMap<NaiveDate, Reason> {
    let mut dated = BTreeMap::new();
    for holiday in &def.holidays {
        for offset in 0.. {
            let date = holiday.from.checked_add_days(Days::new(offset)).filter(|date| *date <= holiday.to);
            let Some(date) = date else { break };
            dated.insert(date, Reason::Holiday { name: holiday.name.clone() });
        }
    }
    for day in &def.make_up_days {
        let unnamed = || Text::new(day.holiday.clone(), day.holiday.clone());
        let name = made_up_for(def, day).map_or_else(unnamed, |holiday| holiday.name.clone());
        dated.insert(day.date, Reason::MakeUp { name });
    }
    dated
}

fn length<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

/// A week without exceptions, repeated for ever.
struct PlainWeek {
    /// The weekdays that work, 0 for Monday; never empty.
    days: Vec<i64>,
}

impl PlainWeek {
    fn new(def: &CalendarDef) -> Self {
        Self { days: def.week.iter().map(|day| *day as i64).collect() }
    }

    fn works(&self, day: i64) -> bool {
        self.days.contains(&day.rem_euclid(7))
    }

    fn rank(&self, day: i64) -> i64 {
        let so_far: i64 = self.days.iter().map(|weekday| i64::from(*weekday <= day.rem_euclid(7))).sum();
        day.div_euclid(7) * length(&self.days) + so_far
    }

    fn nth(&self, rank: i64) -> i64 {
        let each = length(&self.days).max(1);
        let index = usize::try_from((rank - 1).rem_euclid(each)).unwrap_or(0);
        (rank - 1).div_euclid(each) * 7 + self.days.get(index).copied().unwrap_or(0)
    }
}
