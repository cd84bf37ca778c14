//! How far a quota's case has come, and whether its pace suffices.
//!
//! The pace is a straight line over the working days of the period: of `of` facts
//! so many are expected by now as days of all days are over. It is compared in whole
//! numbers and never rounded; only the number that is shown is.

use schemars::JsonSchema;
use serde::Serialize;

use super::policy_cache::Policies;
use crate::calendar::{Calendar, Period, Text};
use crate::kernel::row::Case;
use crate::policy::definition::Workflow;
use crate::time::Instant;

/// How far a quota's case has come at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// How many facts count so far.
    pub counted: u32,
    /// How many it takes.
    pub of: u32,
    /// How many are still owed.
    pub owed: u32,
    /// The working days of the period that are left, today included.
    pub working_days_left: i64,
    /// How many facts an even pace would have by now, to two places.
    pub expected_by_now: String,
    /// Whether there are as many as that, or more.
    pub keeps_pace: bool,
    /// The same in a sentence.
    pub words: Text,
}

/// The progress of a case at `at`; none when it is no quota's.
#[must_use]
pub fn progress(policies: &Policies, workflow: &Workflow, case: &Case, at: Instant) -> Option<Progress> {
    let (quota, period) = (workflow.quota.as_ref()?, case.period.as_ref()?);
    let (_, calendar) = policies.set.calendar(workflow.opens.calendar()?)?;
    let of = quota.at_least;
    let counted = case.credits.min(of);
    let days = Days::of(calendar, period, at);
    let keeps_pace = i64::from(counted) * days.all >= i64::from(of) * days.over;
    let told = Progress {
        counted,
        of,
        owed: of - counted,
        working_days_left: days.all - days.over,
        expected_by_now: days.expected(of),
        keeps_pace: keeps_pace || counted == of,
        words: Text::new("", ""),
    };
    Some(Progress { words: words(&told), ..told })
}

/// The working days of a period, and how many of them are over.
struct Days {
    all: i64,
    over: i64,
}

impl Days {
    fn of(calendar: &Calendar, period: &Period, at: Instant) -> Self {
        let before = |date: chrono::NaiveDate| date.pred_opt().unwrap_or(date);
        let today = calendar.local_date(at).clamp(period.start(), period.end());
        let days = |to| calendar.working_days_between(before(period.start()), before(to));
        let (all, over) = (days(period.end()), days(today));
        // A period without a working day has its whole quota due at its end.
        if all == 0 { Self { all: 1, over: i64::from(today == period.end()) } } else { Self { all, over } }
    }

    fn expected(&self, of: u32) -> String {
        let hundredths = (i64::from(of) * self.over * 100 + self.all / 2) / self.all;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

fn words(it: &Progress) -> Text {
    let Progress { counted, of, owed, working_days_left: left, expected_by_now: expected, .. } = it;
    if *owed == 0 {
        return Text::new(format!("已计 {counted} 件，达到 {of} 件"), format!("{counted} of {of}: reached"));
    }
    let (zh, en) = if it.keeps_pace { ("进度正常", "on pace") } else { ("进度不足", "behind pace") };
    Text::new(
        format!(
            "已计 {counted} 件，共需 {of} 件，尚缺 {owed} 件；本期还有 {left} 个工作日，{zh}（按进度应有 {expected} 件）"
        ),
        format!(
            "{counted} of {of}, {owed} still owed; {left} working days left in the period, {en} ({expected} expected by now)"
        ),
    )
}
