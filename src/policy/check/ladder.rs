//! Ladders: rungs that can fire, in order, to somebody.

use super::owing;
use super::rule::{self, Span};
use super::world::World;
use crate::calendar::{DueRule, IfNonWorking, PeriodKind};
use crate::event::catalogue::RungLight;
use crate::policy::definition::{Clock, Ladder, Opening, Rung, Workflow};
use crate::policy::problem::{Flaw, child};

/// Hours on the clock in a civil day.
const HOURS_OF_A_DAY: i64 = 24;

/// What is wrong with a ladder by itself. Fields are the ladder's.
#[must_use]
pub fn flaws(world: &World<'_>, ladder: &Ladder) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut before: Option<Span> = None;
    for (at, rung) in ladder.rungs.iter().enumerate() {
        let pointer = child("/rungs", at);
        flaws.extend(repetition(rung, &pointer));
        flaws.extend(light(rung, &pointer));
        flaws.extend(world.parties(&rung.to, &child(&pointer, "to")));
        let step = rule::step(&rung.at);
        if let (Some(before), Some(step)) = (&before, &step)
            && comes_before(step, before)
        {
            let message = "a rung stands before the one above it; rungs are in the order of their instants";
            flaws.push(Flaw::mistake(
                "rung.order",
                &child(&pointer, "at"),
                &step.amount.to_string(),
                message,
            ));
        }
        before = step;
    }
    flaws
}

/// Rungs of one unit compare by amount, of two units by side of the due instant.
fn comes_before(left: &Span, right: &Span) -> bool {
    if left.unit == right.unit {
        left.amount < right.amount
    } else {
        left.amount.signum() < right.amount.signum()
    }
}

fn repetition(rung: &Rung, pointer: &str) -> Option<Flaw> {
    let most = rung.most.to_string();
    match &rung.every {
        None if rung.most > 1 => {
            let message = format!("it cannot fire {most} times without a step between");
            let hint = Some("add every, such as every: {workingDays: 1}".into());
            Some(Flaw::mistake("rung.never", &child(pointer, "most"), &most, message).with_hint(hint))
        }
        Some(_) if rung.most == 1 => {
            let message = "it has a step and fires once; the step is never taken";
            let hint = Some("add most, such as most: 3".into());
            Some(Flaw::mistake("rung.never", &child(pointer, "every"), "", message).with_hint(hint))
        }
        Some(every) if rule::step(every).is_some_and(|step| step.amount <= 0) => {
            let message = "a step between repetitions goes forward";
            Some(Flaw::mistake("rung.step", &child(pointer, "every"), "", message))
        }
        Some(_) | None => None,
    }
}

fn light(rung: &Rung, pointer: &str) -> Option<Flaw> {
    let step = rule::step(&rung.at)?;
    let usual = match step.amount.signum() {
        -1 => RungLight::Blue,
        0 => RungLight::Yellow,
        _ => RungLight::Red,
    };
    (rung.light != usual).then(|| {
        let message = "the colours are blue before, yellow at and red after due; this one differs";
        Flaw::finding(
            "rung.light",
            &child(pointer, "light"),
            &format!("{:?}", rung.light).to_lowercase(),
            message,
        )
    })
}

/// What is wrong with a clock's ladder on that clock: rungs before its start.
/// Fields are the clock's.
#[must_use]
pub fn on_clock(workflow: &Workflow, clock: &Clock) -> Vec<Flaw> {
    let Some(ladder) = &clock.ladder else { return Vec::new() };
    let (length, most_days) = (rule::length(&clock.due), most_days(workflow, clock));
    let mut flaws = Vec::new();
    for (at, rung) in ladder.rungs.iter().enumerate() {
        // A ladder serves many workflows; only a rung that nobody is left on is wrong.
        if !rung.to.iter().any(|who| workflow.has_party(who)) {
            let field = child(&child("/ladder/rungs", at), "to");
            flaws.extend(owing::undeclared(workflow, &rung.to, &field));
        }
        let Some(step) = rule::step(&rung.at).filter(|step| step.amount < 0) else { continue };
        let field = child(&child("/ladder/rungs", at), "at");
        let before = -step.amount;
        if let Some(length) = length.as_ref().filter(|length| length.unit == step.unit) {
            if before >= length.amount {
                let message = format!(
                    "the rung {before} {} before due can never fire: the clock runs for {} {}",
                    step.unit, length.amount, length.unit
                );
                flaws.push(Flaw::mistake("rung.never", &field, ladder.name.as_str(), message));
            }
        } else if let Some(days) =
            most_days.filter(|days| in_days(&step).is_some_and(|before| before > *days))
        {
            let message = format!(
                "the rung {before} {} before due never fires: the clock runs for {days} days at most",
                step.unit
            );
            flaws.push(Flaw::finding("rung.never", &field, ladder.name.as_str(), message));
        }
    }
    flaws
}

/// How many civil days a step takes at least: a working day takes one or more.
fn in_days(step: &Span) -> Option<i64> {
    match step.unit.as_str() {
        "days" | "workingDays" => Some(-step.amount),
        "hours" => Some(-step.amount / HOURS_OF_A_DAY),
        _ => None,
    }
}

/// How many civil days a clock runs at most, where its rule bounds them.
///
/// A dated rule bounds them when the calendar opens the case with its period; a
/// day that moves to the next working one may lie beyond any bound.
fn most_days(workflow: &Workflow, clock: &Clock) -> Option<i64> {
    let opened = clock.start.events.iter().any(|event| event.as_str() == "case.opened");
    let with_period = opened && matches!(workflow.opens, Opening::Calendar { .. });
    match &clock.due {
        DueRule::Days { days, if_non_working, .. } => stays(*if_non_working, i64::from(*days)),
        DueRule::Hours { hours } => Some(i64::from(*hours) / HOURS_OF_A_DAY),
        DueRule::DayOfMonth { day_of_month, if_non_working, .. } if with_period => {
            stays(*if_non_working, i64::from(*day_of_month))
        }
        DueRule::EndOf { end_of, if_non_working } => stays(*if_non_working, longest(*end_of)),
        DueRule::WorkingDays { .. }
        | DueRule::WorkingHours { .. }
        | DueRule::DayOfMonth { .. }
        | DueRule::MonthDay { .. }
        | DueRule::Months { .. }
        | DueRule::Years { .. }
        | DueRule::Date { .. } => None,
    }
}

fn stays(if_non_working: IfNonWorking, days: i64) -> Option<i64> {
    (if_non_working != IfNonWorking::Next).then_some(days)
}

/// The days of the longest period of a kind.
const fn longest(period: PeriodKind) -> i64 {
    match period {
        PeriodKind::Day => 1,
        PeriodKind::Week => 7,
        PeriodKind::Month => 31,
        PeriodKind::Quarter => 92,
        PeriodKind::HalfYear => 184,
        PeriodKind::Year => 366,
    }
}
