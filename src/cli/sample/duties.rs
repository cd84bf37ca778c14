//! What recurs: who of the units that owe a report sent it, when, and who did not.
//!
//! Which reports there are, who owes them and when they are due is read from the
//! policies, so a duty added there is in the sample too.

use serde_json::{Value, json};

use super::story::Story;
use crate::calendar::{Period, due};
use crate::id::{Sha, UnitId};
use crate::policy::definition::{Covers, Definition, Opening, Workflow};
use crate::time::Instant;

const OFFICE: &str = "xinyong-ban";

/// Tells what was submitted for every period that has begun since the beginning.
pub fn tell(story: &mut Story<'_>, definitions: &[Definition]) {
    for definition in definitions {
        if let Definition::Workflow(workflow) = definition {
            of_workflow(story, workflow);
        }
    }
}

fn of_workflow(story: &mut Story<'_>, workflow: &Workflow) {
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
            of_unit(story, workflow, unit, about, limit.at);
        }
    }
}

/// How one unit did: most in time, some late, some not at all, always the same.
fn of_unit(story: &mut Story<'_>, workflow: &Workflow, unit: &UnitId, about: Period, due_at: Instant) {
    let period = about.to_string();
    let lot = lot(&[workflow.name.as_str(), unit.as_str(), &period]);
    let last = story.calendar.local_date(due_at.just_before());
    let day = match lot {
        // Nine in a hundred have sent nothing.
        0..9 => return,
        9..15 => story.calendar.add_working_days(last, 1),
        _ => story.calendar.add_working_days(last, -(i32::from(lot) % 7)),
    };
    let at = story.on(day, 9 + u32::from(lot) % 8, u32::from(lot) % 60).max(story.begin.plus_seconds(3600));
    let subject = format!("{}/{unit}/{period}", workflow.name);
    let Some(submitted) = workflow.clocks.first().and_then(|clock| clock.stop.events.first()) else { return };
    let data = stated(workflow, &period, lot);
    story.tell(at, unit.as_str(), submitted.as_str(), &subject, data);
    // What came in last is still under review.
    if !lot.is_multiple_of(5) {
        let noun = submitted.parts().0;
        let kind = format!("{noun}.review-passed");
        let data = reviewed(workflow, unit, &period);
        let next = story.calendar.add_working_days(day, 1);
        story.tell(story.on(next, 10, u32::from(lot) % 60), OFFICE, &kind, &subject, data);
    }
}

/// 0 to 99, the same for the same names.
fn lot(names: &[&str]) -> u8 {
    let parts: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    Sha::of_parts(&parts).as_bytes().first().map_or(0, |byte| byte % 100)
}

fn is_report(workflow: &Workflow) -> bool {
    workflow.name.as_str().starts_with("report-")
}

fn stated(workflow: &Workflow, period: &str, lot: u8) -> Value {
    if is_report(workflow) {
        json!({"report": workflow.name, "period": period, "figures": {"entries": u32::from(lot) + 3}})
    } else {
        json!({"period": period, "items": ["信用承诺工作", "诚信宣传活动"]})
    }
}

fn reviewed(workflow: &Workflow, unit: &UnitId, period: &str) -> Value {
    if is_report(workflow) {
        json!({"unit": unit, "report": workflow.name, "period": period})
    } else {
        json!({"unit": unit, "period": period})
    }
}
