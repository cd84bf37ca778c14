//! A case held against what is expected of it.

use serde_json::{Map, Value};

use super::verdict::Difference;
use crate::calendar::Calendar;
use crate::id::Name;
use crate::kernel::row::{Case, Deadline, Status};
use crate::policy::authored::scenario::{CaseLight, DeadlineStatus, Expected, ExpectedDeadline, LocalTime};
use crate::policy::problem::child;
use crate::query::light::Light;
use crate::time::Instant;

/// What looks at a case: when, on which calendar, and what is written where.
pub struct Look<'a> {
    /// The tenant's calendar.
    pub calendar: &'a Calendar,
    /// The instant at which the case is looked at.
    pub now: Instant,
    /// Where `expect` stands in the scenario.
    pub pointer: &'a str,
}

impl Look<'_> {
    /// Everything in which the case differs from what is expected.
    #[must_use]
    pub fn differences(&self, expected: &Expected, case: Option<&Case>) -> Vec<Difference> {
        let there = expected.there.unwrap_or(true);
        let Some(case) = case else {
            let pointer = child(self.pointer, if there { "case" } else { "there" });
            let missing = Difference::new(pointer, format!("{}", expected.case), "a case", "no such case");
            return if there { vec![missing] } else { Vec::new() };
        };
        if !there {
            let pointer = child(self.pointer, "there");
            let came = format!("it is there, in the state {}", case.state);
            return vec![Difference::new(pointer, expected.case.to_string(), "no such case", came)];
        }
        let mut found = Vec::new();
        self.same(&mut found, "state", expected.state.as_ref(), &case.state);
        self.same(&mut found, "owner", expected.owner.as_ref(), &case.owner);
        self.same(&mut found, "closed", expected.closed.as_ref(), &case.closed_at.is_some());
        self.light(&mut found, expected.light, case);
        self.asked(&mut found, expected, case);
        self.kept(&mut found, expected.kept.as_ref(), case);
        for (clock, expected) in &expected.deadlines {
            self.deadline(&mut found, clock, expected, case);
        }
        found
    }

    fn same<T: PartialEq + std::fmt::Display>(
        &self,
        found: &mut Vec<Difference>,
        key: &str,
        expected: Option<&T>,
        came: &T,
    ) {
        if let Some(expected) = expected.filter(|expected| *expected != came) {
            found.push(Difference::new(child(self.pointer, key), key, expected, came));
        }
    }

    /// What is asked for beside the workflow.
    fn asked(&self, found: &mut Vec<Difference>, expected: &Expected, case: &Case) {
        let text = |text: Option<&str>| text.unwrap_or("nobody").to_owned();
        let handler = text(case.handler.as_deref());
        self.same(found, "handler", expected.handler.as_ref(), &handler);
        let handover = text(case.handover.as_ref().map(crate::id::UnitId::as_str));
        let wanted = expected.handover.as_ref().map(ToString::to_string);
        self.same(found, "handover", wanted.as_ref(), &handover);
        self.same(found, "extension", expected.extension.as_ref(), &case.extension.is_some());
    }

    fn light(&self, found: &mut Vec<Difference>, expected: Option<CaseLight>, case: &Case) {
        let Some(expected) = expected else { return };
        let came = light_of(case, self.now);
        let provisional = case.deadlines.iter().any(|it| it.is_open() && it.term.provisional);
        let holds = if expected == CaseLight::Provisional { provisional } else { expected == came };
        if !holds {
            let came = format!("{}{}", light_word(came), if provisional { ", provisional" } else { "" });
            found.push(Difference::new(child(self.pointer, "light"), "light", light_word(expected), came));
        }
    }

    fn kept(&self, found: &mut Vec<Difference>, expected: Option<&Map<String, Value>>, case: &Case) {
        let kept: Value = serde_json::from_str(&case.kept).unwrap_or_default();
        for (key, expected) in expected.into_iter().flatten() {
            let came = kept.get(key).unwrap_or(&Value::Null);
            if came != expected {
                let pointer = child(&child(self.pointer, "kept"), key);
                found.push(Difference::new(pointer, format!("kept {key}"), expected, came));
            }
        }
    }

    fn deadline(&self, found: &mut Vec<Difference>, clock: &Name, expected: &ExpectedDeadline, case: &Case) {
        let pointer = child(&child(self.pointer, "deadlines"), clock);
        let Some(deadline) = case.deadlines.iter().find(|deadline| deadline.clock == *clock) else {
            let clocks: Vec<&str> = case.deadlines.iter().map(|it| it.clock.as_str()).collect();
            let came = format!("no such deadline was set; there are: {}", clocks.join(", "));
            found.push(Difference::new(pointer, format!("deadline {clock}"), "a deadline", came));
            return;
        };
        let at = Look { pointer: &pointer, ..*self };
        let due = expected.due.map(|due| Shown(self.calendar, self.calendar.instant(due.0)));
        at.same(found, "due", due.as_ref(), &Shown(self.calendar, deadline.term.due_at));
        let status = expected.status.map(status_word);
        at.same(found, "status", status.as_ref(), &status_word(status_of(deadline)));
        at.same(found, "late", expected.late.as_ref(), &is_late(deadline, self.now));
        at.same(found, "level", expected.level.as_ref(), &deadline.level);
        at.same(found, "reminders", expected.reminders.as_ref(), &deadline.reminders);
        at.same(found, "round", expected.round.as_ref(), &deadline.round);
        at.same(found, "provisional", expected.provisional.as_ref(), &deadline.term.provisional);
        at.same(found, "extensions", expected.extensions.as_ref(), &deadline.extensions);
        let acknowledged = deadline.acknowledged_at.is_some();
        at.same(found, "acknowledged", expected.acknowledged.as_ref(), &acknowledged);
    }
}

/// An instant as authors write it.
pub struct Shown<'a>(pub &'a Calendar, pub Instant);

impl PartialEq for Shown<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let wall = self.0.wall(self.1);
        let form =
            if wall.format("%S%.f").to_string() == "00" { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S%.f" };
        write!(out, "{}", wall.format(form))
    }
}

/// The instant that a local time means.
#[must_use]
pub fn instant(calendar: &Calendar, local: LocalTime) -> Instant {
    calendar.instant(local.0)
}

/// The most alarming light of a case; one that stands still alone is paused.
fn light_of(case: &Case, now: Instant) -> CaseLight {
    if case.closed_at.is_some() {
        return CaseLight::None;
    }
    let lights: Vec<Light> = case.deadlines.iter().filter_map(|it| Light::of(it, now)).collect();
    let running = lights.iter().filter(|light| **light != Light::Paused).max();
    match running.or_else(|| lights.first()) {
        None | Some(Light::OnTrack) => CaseLight::OnTrack,
        Some(Light::DueSoon) => CaseLight::DueSoon,
        Some(Light::Overdue) => CaseLight::Overdue,
        Some(Light::Escalated) => CaseLight::Escalated,
        Some(Light::Paused) => CaseLight::Paused,
    }
}

const fn light_word(light: CaseLight) -> &'static str {
    match light {
        CaseLight::OnTrack => "onTrack",
        CaseLight::DueSoon => "dueSoon",
        CaseLight::Overdue => "overdue",
        CaseLight::Escalated => "escalated",
        CaseLight::Paused => "paused",
        CaseLight::Provisional => "provisional",
        CaseLight::None => "none",
    }
}

const fn status_of(deadline: &Deadline) -> DeadlineStatus {
    match deadline.status {
        Status::Running => DeadlineStatus::Running,
        Status::Paused { .. } => DeadlineStatus::Paused,
        Status::Met { .. } => DeadlineStatus::Met,
        Status::Cancelled => DeadlineStatus::Cancelled,
    }
}

const fn status_word(status: DeadlineStatus) -> &'static str {
    match status {
        DeadlineStatus::Running => "running",
        DeadlineStatus::Paused => "paused",
        DeadlineStatus::Met => "met",
        DeadlineStatus::Cancelled => "cancelled",
    }
}

fn is_late(deadline: &Deadline, now: Instant) -> bool {
    match deadline.status {
        Status::Met { late, .. } => late,
        Status::Running => now >= deadline.overdue_from(),
        Status::Paused { since } => since >= deadline.overdue_from(),
        Status::Cancelled => deadline.breached_at.is_some(),
    }
}
