//! Calendars: which days are worked, when a rule is due, and why.
//!
//! Everything here is a pure function of a [`Calendar`], a [`DueRule`] and a start.
//! It reads no clock, does no I/O, and knows neither events nor policies.
//!
//! A [`CalendarDef`] is checked and compiled into a [`Calendar`]. [`due()`] gives a
//! [`Due`] for the hot path; [`explain()`] gives the same date with an
//! [`Explanation`] of every day. [`offset()`] and [`soon_at()`] walk the same
//! calendar from a due date, and a [`Period`] is what recurring duties cover.
//! [`answer_line()`] answers one line of a batch.
//!
//! # Conventions
//! * The start day is not counted; the last day ends at 24:00, which is kept as
//!   the next local midnight and is itself late.
//! * A limit in hours includes its last instant.
//! * "By day N" runs through the end of day N; a month without that day lends its
//!   last one; a date on a rest day stays. Each is a setting of the rule.
//! * A date is provisional when a day whose being worked mattered lies outside the
//!   calendar's verified span; there the plain week is assumed. Dates that no
//!   working day decides are never provisional.
//!
//! # The published vectors, as rules
//! | vector | rule | start |
//! |---|---|---|
//! | `working_days` of n | `{workingDays: n}` | `start` |
//! | `hours` of n | `{hours: n}` | `start` |
//! | `monthly_day`, `day` of `month` | `{dayOfMonth: day}` | the first midnight of `month` |
//! | its `due_if_day_excluded` | with `boundary: exclusive` | the same |
//! | its `due_if_rolled_to_workday` | with `ifNonWorking: next` | the same |
//! | `same_month_end` | `{endOf: month}` | `start` |
//! | `quarter_end`, `year_end` | `{endOf: quarter}`, `{endOf: year}` | the first midnight of the period |
//! | `fixed_month_end` | `{date: "2019-10"}` | any |
//! | `fixed_instant` | `{date: "2023-08-11T17:00"}` | any |
//! | `publicity_months` of n | `{months: n}` | `start` |
//! | `not_computable` | as their kind, and the answer is provisional | `start` |

mod batch;
mod check;
mod compiled;
mod def;
mod due;
mod explain;
mod hours;
mod limit;
mod named;
mod offset;
mod pause;
mod period;
mod rule;
mod rule_form;
mod rule_words;
mod sentence;
mod text;
mod zone;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use batch::{Answer as DueAnswer, Question as DueQuestion, Refused as DueRefused, answer_line};
pub use check::{CalendarError, MAKE_UP_REACH, check};
pub use compiled::{Calendar, Day, Reason};
pub use def::{
    BusinessHours, CalendarDef, CalendarKind, Holiday, MakeUpDay, Span, TimeOfDay, TimeOfDayError, Weekday,
};
pub use due::{Due, DueError, due};
pub use explain::{DayNote, Explanation, MOST_DAYS, MOST_NOTES, Moment, explain};
pub use offset::{Offset, offset, soon_at};
pub use pause::Pause;
pub use period::{Period, PeriodError, PeriodKind};
pub use rule::{Boundary, Count, DayEnds, DueRule, FixedDate, IfMissing, IfNonWorking, MonthDay};
pub use rule_form::RuleError;
pub use text::{Lang, Text};
