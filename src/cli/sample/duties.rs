//! What recurs: who of the units that owe a report sent it, when, and who did not.
//!
//! Which reports there are, who owes them and when they are due is read from the
//! policies, so a duty added there is in the sample too.

use serde_json::{Value, json};

use super::story::Story;
use crate::calendar::{Period, due};
use crate::id::{Sha, UnitId};
use crate::policy::definition::{Covers, Definition, Opening, Register, Who, Workflow};
use crate::time::Instant;

/// Tells what was submitted for every period that has begun since the beginning,
/// and for what is owed once.
pub fn tell(story: &mut Story<'_>, definitions: &[Definition]) {
    let register = definitions.iter().find_map(|it| match it {
        Definition::Register(register) => Some(register),
        _ => None,
    });
    let Some(register) = register else { return };
    for definition in definitions {
        // A quota is met by what is accepted elsewhere, not by a report of its own.
        if let Definition::Workflow(workflow) = definition
            && workflow.quota.is_none()
        {
            match &workflow.opens {
                Opening::Event { .. } => {}
                Opening::Once { units, .. } => once(story, register, workflow, units),
                Opening::Calendar { .. } => of_periods(story, register, workflow),
            }
        }
    }
}

fn of_periods(story: &mut Story<'_>, register: &Register, workflow: &Workflow) {
    let Opening::Calendar { every, covers, units, .. } = &workflow.opens else { return };
    let Some(clock) = workflow.clocks.first() else { return };
    let first = story.calendar.period(*every, story.begin);
    let periods = std::iter::successors(Some(first), |period| Some(period.next()));
    let (calendar, now) = (story.calendar, story.now);
    let begun = |period: &Period| calendar.midnight(period.start()) <= now;
    for opened in periods.take_while(begun) {
        let Ok(limit) = due(calendar, &clock.due, calendar.midnight(opened.start()), &[]) else { continue };
        if limit.at <= story.begin {
            continue;
        }
        let about = if *covers == Covers::Previous { opened.previous() } else { opened };
        for unit in units {
            of_unit(story, register, workflow, (unit, Some(about)), limit.at);
        }
    }
}

/// What is owed once was long due when the sample begins; it comes in as if the
/// first day of the sample were the last.
fn once(story: &mut Story<'_>, register: &Register, workflow: &Workflow, units: &[UnitId]) {
    if workflow.clocks.is_empty() {
        return;
    }
    let first = story.calendar.add_working_days(story.calendar.local_date(story.begin), 8);
    let limit = story.calendar.midnight(first);
    for unit in units {
        of_unit(story, register, workflow, (unit, None), limit);
    }
}

/// How one unit did: most in time, some late, some not at all, always the same.
fn of_unit(
    story: &mut Story<'_>,
    register: &Register,
    workflow: &Workflow,
    (unit, about): (&UnitId, Option<Period>),
    due_at: Instant,
) {
    let period = about.map(|about| about.to_string());
    let key = period.as_ref().map_or_else(|| unit.to_string(), |period| format!("{unit}/{period}"));
    let lot = lot(&[workflow.name.as_str(), unit.as_str(), period.as_deref().unwrap_or_default()]);
    let last = story.calendar.local_date(due_at.just_before());
    let day = match lot {
        // Nine in a hundred have sent nothing.
        0..9 => return,
        9..15 => story.calendar.add_working_days(last, 1),
        _ => story.calendar.add_working_days(last, -(i32::from(lot) % 7)),
    };
    let at = story.on(day, 9 + u32::from(lot) % 8, u32::from(lot) % 60).max(story.begin.plus_seconds(3600));
    let subject = format!("{}/{key}", workflow.name);
    let Some(submitted) = workflow.clocks.first().and_then(|clock| clock.stop.events.first()) else { return };
    let data = stated(workflow, period.as_deref(), lot);
    story.tell(at, unit.as_str(), submitted.as_str(), &subject, data);
    // What came in last is still under review.
    if !lot.is_multiple_of(5)
        && let Some(by) = reviewer(register, workflow)
    {
        let noun = submitted.parts().0;
        let kind = format!("{noun}.review-passed");
        let data = reviewed(workflow, unit, period.as_deref());
        let next = story.calendar.add_working_days(day, 1);
        story.tell(story.on(next, 10, u32::from(lot) % 60), by.as_str(), &kind, &subject, data);
    }
}

/// Who looks at what was submitted: the unit that plays the part the policy names.
fn reviewer<'a>(register: &'a Register, workflow: &Workflow) -> Option<&'a UnitId> {
    let state = workflow.states.iter().find(|(name, _)| name.as_str() == "submitted")?.1;
    state.waits_for.iter().find_map(|who| match who {
        Who::Role(role) => register.roles.get(role)?.first(),
        Who::Owner | Who::Lead | Who::Assist | Who::Unit(_) => None,
    })
}

/// 0 to 99, the same for the same names.
fn lot(names: &[&str]) -> u8 {
    let parts: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    Sha::of_parts(&parts).as_bytes().first().map_or(0, |byte| byte % 100)
}

fn is_report(workflow: &Workflow) -> bool {
    let stops = workflow.clocks.first().into_iter().flat_map(|clock| &clock.stop.events);
    stops.into_iter().any(|event| event.as_str() == "report.submitted")
}

fn stated(workflow: &Workflow, period: Option<&str>, lot: u8) -> Value {
    let mut data = if is_report(workflow) {
        json!({"report": workflow.name, "figures": {"entries": u32::from(lot) + 3}})
    } else {
        json!({"items": ["信用承诺工作", "诚信宣传活动"]})
    };
    about(&mut data, period);
    data
}

fn reviewed(workflow: &Workflow, unit: &UnitId, period: Option<&str>) -> Value {
    let mut data = if is_report(workflow) {
        json!({"unit": unit, "report": workflow.name})
    } else {
        json!({"unit": unit})
    };
    about(&mut data, period);
    data
}

/// Puts the period in, where there is one.
fn about(data: &mut Value, period: Option<&str>) {
    if let (Value::Object(data), Some(period)) = (data, period) {
        data.insert("period".into(), period.into());
    }
}
