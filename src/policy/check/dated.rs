//! Fixed dates: one that was past when the document came is overdue on day one.

use chrono::NaiveDate;

use super::world::World;
use crate::calendar::{Boundary, DueRule, FixedDate};
use crate::policy::definition::Workflow;
use crate::policy::problem::{Flaw, child};

/// The findings of clocks that are due before their notice was issued.
#[must_use]
pub fn flaws(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let clocks = workflow.clocks.iter().enumerate();
    let past = clocks.filter_map(|(at, clock)| {
        let notice = world.notices.get(clock.cite.notice.as_str())?;
        let last = last_day(&clock.due).filter(|last| *last < notice.issued_on)?;
        let message = format!("it is due by {last}, before the notice was issued on {}", notice.issued_on);
        let field = child(&child("/clocks", at), "due");
        Some(Flaw::finding("due.before-notice", &field, &last.to_string(), message))
    });
    past.collect()
}

/// The last day on which something with a fixed date is in time.
fn last_day(due: &DueRule) -> Option<NaiveDate> {
    match due {
        DueRule::Date { date: FixedDate::Period(period), boundary, .. } => match boundary {
            Boundary::Inclusive => Some(period.last_day()),
            Boundary::Exclusive => period.start().pred_opt(),
        },
        DueRule::Date { date: FixedDate::Wall(wall), .. } => Some(wall.date()),
        DueRule::WorkingDays { .. }
        | DueRule::Days { .. }
        | DueRule::Hours { .. }
        | DueRule::WorkingHours { .. }
        | DueRule::DayOfMonth { .. }
        | DueRule::MonthDay { .. }
        | DueRule::EndOf { .. }
        | DueRule::Months { .. }
        | DueRule::Years { .. } => None,
    }
}
