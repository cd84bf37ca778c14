//! Ladders: rungs that can fire, in order, to somebody.

use super::rule::{self, Span};
use super::world::World;
use crate::event::catalogue::RungLight;
use crate::policy::definition::{Clock, Ladder, Rung};
use crate::policy::problem::{Flaw, child};

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
pub fn on_clock(clock: &Clock) -> Vec<Flaw> {
    let (Some(ladder), Some(length)) = (&clock.ladder, rule::length(&clock.due)) else { return Vec::new() };
    let mut flaws = Vec::new();
    for (at, rung) in ladder.rungs.iter().enumerate() {
        let Some(step) = rule::step(&rung.at) else { continue };
        if step.unit == length.unit && step.amount < 0 && -step.amount >= length.amount {
            let field = child(&child("/ladder/rungs", at), "at");
            let message = format!(
                "the rung {} {} before due can never fire: the clock runs for {} {}",
                -step.amount, step.unit, length.amount, length.unit
            );
            flaws.push(Flaw::mistake("rung.never", &field, ladder.name.as_str(), message));
        }
    }
    flaws
}
