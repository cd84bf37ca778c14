//! Answers: what every open case takes beside its own workflow, without changing its
//! state.
//!
//! The tenant's `Answers` in force say which there are and who may state them. A
//! workflow that takes such a type itself keeps it: then this is not asked.

use serde_json::Value;

use super::admit::{Stated, refuse};
use super::clocks::{timepiece, timepiece_of};
use super::transit::{about, judged_by, permit};
use crate::calendar::{self, Due};
use crate::event::catalogue::{
    Answer, CaseAnswered, DeadlineBreached, DeadlineMoved, EXTENDED, Event, FactAccepted, FactRef, Reason,
    Term,
};
use crate::event::fact::Fact;
use crate::id::{CaseId, Name, Seq};
use crate::kernel::clock::Timepiece;
use crate::kernel::row::{Case, Deadline, Status};
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::Turn;
use crate::policy::check::graph;
use crate::policy::definition::answers::{Answers, Extend, is_answer};
use crate::policy::definition::{Clock, OnCalendarAmended, Sides, Who, Workflow};
use crate::time::Instant;

/// What an answer comes to.
enum Done {
    /// It is noted.
    Noted(Answer),
    /// The deadline of a clock has another due instant, and what stands there.
    Extended(Name, Box<Term>),
}

/// Decides an answer; none when the fact is another one, or its case's own workflow
/// takes it.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn answer<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated) -> Result<Option<()>, StateError> {
    if !is_answer(&stated.fact.kind) {
        return Ok(None);
    }
    let subject = stated.fact.subject.as_deref().unwrap_or_default();
    let id = subject.contains('/').then(|| CaseId::new(subject).ok()).flatten();
    let case = id.map(|id| turn.state.case(&id)).transpose()?.flatten();
    let Some(case) = case else {
        if !turn.state.policies().handlers(&stated.fact.kind).is_empty() {
            return Ok(None);
        }
        let message = "an answer names the case that it is about as its subject, with its workflow: \
                       objection/YY-1, and the case has to be there";
        let reason = Reason::new("case.unknown", "subject", subject, message);
        return refuse(turn, stated, reason, false).map(Some);
    };
    let workflow = judged_by(turn.state, &case)?;
    if graph::transitions(&workflow).any(|(_, event, _)| *event == stated.fact.kind) {
        return Ok(None);
    }
    match judge(turn.state, stated, &case, &workflow) {
        Ok(done) => carry_out(turn, stated, &case, done).map(Some),
        Err(reason) => refuse(turn, stated, reason, false).map(Some),
    }
}

fn carry_out<B: Backing>(
    turn: &mut Turn<'_, B>,
    stated: &Stated,
    case: &Case,
    done: Done,
) -> Result<(), StateError> {
    let (at, about) = (stated.recorded_at, about(case));
    let accepted = FactAccepted {
        fact: stated.fact.clone(),
        content: stated.content,
        from: Some(case.state.clone()),
        to: case.state.clone(),
        parked: stated.parked,
        kept: None,
        depth: stated.depth,
    };
    turn.emit(at, &about, Event::FactAccepted(Box::new(accepted)))?;
    match done {
        Done::Noted(answer) => {
            let (fact, kind) = (FactRef::to(&stated.fact, stated.content), stated.fact.kind.clone());
            turn.emit(at, &about, Event::CaseAnswered(Box::new(CaseAnswered { fact, kind, answer })))
        }
        Done::Extended(clock, term) => {
            let Some(deadline) = find(case, &clock) else { return Ok(()) };
            let before = deadline.term.due_at;
            if deadline.breached_at.is_some() {
                let withdrawn = DeadlineBreached { clock: clock.clone(), due_at: before, wake_at: None };
                turn.emit(at, &about, Event::BreachWithdrawn(withdrawn))?;
            }
            let reason = EXTENDED.into();
            let moved = DeadlineMoved { clock, reason, before, resumed_at: None, term: *term };
            turn.emit(at, &about, Event::DeadlineMoved(moved))
        }
    }
}

fn judge<B: Backing>(
    state: &State<B>,
    stated: &Stated,
    case: &Case,
    workflow: &Workflow,
) -> Result<Done, Reason> {
    let fact = &stated.fact;
    if case.closed_at.is_some() {
        let message = format!("the case {} is closed, in the state {}", case.id, case.state);
        return Err(Reason::new("case.closed", "type", fact.kind.as_str(), message));
    }
    let (_, answers) =
        state.policies().answers(workflow, stated.recorded_at).ok_or_else(|| unavailable(fact))?;
    let asked = Asked { state, stated, case, workflow };
    match fact.kind.as_str() {
        "reminder.acknowledged" => {
            asked.permit(answers.acknowledge.as_ref().map(|it| &it.by))?;
            asked.acknowledged().map(Done::Noted)
        }
        "case.delegated" => {
            asked.permit(answers.delegate.as_ref().map(|it| &it.by))?;
            let person = asked.text("person")?;
            Ok(Done::Noted(Answer::Delegated { person }))
        }
        "explanation.given" => {
            asked.permit(answers.explain.as_ref().map(|it| &it.by))?;
            Ok(Done::Noted(Answer::Explained))
        }
        "handover.proposed" => asked.handover_proposed(answers).map(Done::Noted),
        "handover.accepted" => asked.handover_decided(answers, true).map(Done::Noted),
        "handover.declined" => asked.handover_decided(answers, false).map(Done::Noted),
        "extension.requested" => asked.extension_requested(answers).map(Done::Noted),
        "extension.granted" => asked.extension_granted(answers),
        "extension.refused" => asked.extension_refused(answers).map(Done::Noted),
        _ => Err(unavailable(fact)),
    }
}

fn unavailable(fact: &Fact) -> Reason {
    let message = "no policy in force lets cases take this answer";
    Reason::new("answer.unavailable", "type", fact.kind.as_str(), message)
}

fn find<'a>(case: &'a Case, clock: &Name) -> Option<&'a Deadline> {
    case.deadlines.iter().find(|deadline| deadline.clock == *clock)
}

/// An answer with what it is judged by.
struct Asked<'a, B> {
    state: &'a State<B>,
    stated: &'a Stated,
    case: &'a Case,
    workflow: &'a Workflow,
}

impl<'a, B: Backing> Asked<'a, B> {
    /// Whether the part is there and the publisher may state it.
    fn permit(&self, by: Option<&Vec<Who>>) -> Result<(), Reason> {
        let by = by.ok_or_else(|| unavailable(&self.stated.fact))?;
        permit(self.state, by, &self.stated.fact, &self.sides())
    }

    const fn sides(&self) -> Sides<'a> {
        self.case.sides(self.workflow)
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.stated.fact.data.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<String, Reason> {
        let text = self.value(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| self.wrong("answer.incomplete", name, "it has to be said"))
    }

    fn wrong(&self, rule: &str, name: &str, message: &str) -> Reason {
        let value = self.value(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Reason::new(rule, &format!("data/{name}"), &value.unwrap_or_default(), message)
    }

    fn acknowledged(&self) -> Result<Answer, Reason> {
        let clock = self.value("clock").map(|_| self.deadline()).transpose()?;
        let reminder = self.value("reminder").and_then(Value::as_u64).map(Seq);
        Ok(Answer::Acknowledged { clock: clock.map(|it| it.clock.clone()), reminder })
    }

    /// The deadline that is named.
    fn deadline(&self) -> Result<&'a Deadline, Reason> {
        let name = self.text("clock")?;
        let found = self.case.deadlines.iter().find(|it| it.clock.as_str() == name);
        found.ok_or_else(|| self.wrong("clock.unknown", "clock", "the case has no such clock"))
    }

    /// The same, while it can still be moved.
    fn open_deadline(&self) -> Result<&'a Deadline, Reason> {
        let message = "it has ended, so there is nothing to extend";
        self.deadline().and_then(|it| {
            it.is_open().then_some(it).ok_or_else(|| self.wrong("clock.ended", "clock", message))
        })
    }

    fn handover_proposed(&self, answers: &Answers) -> Result<Answer, Reason> {
        let handover = answers.handover.as_ref();
        self.permit(handover.map(|it| &it.by))?;
        let name = self.text("to")?;
        let to = self.state.policies().resolve_unit(&name).ok_or_else(|| {
            self.wrong("unit.unknown", "to", "the register knows no unit by this id, title or alias")
        })?;
        if let Some(asked) = &self.case.handover {
            let message = format!("{asked} is asked already and has to answer first");
            return Err(self.wrong("handover.pending", "to", &message));
        }
        let may = handover.is_some_and(|it| it.to.contains(&to)) && to != self.case.owner;
        let bound = &self.workflow.owed_by;
        if !may || !(bound.is_empty() || bound.contains(&to)) {
            let message = "the policies do not let this unit take the case over";
            return Err(self.wrong("handover.outside", "to", message));
        }
        Ok(Answer::HandoverProposed { to })
    }

    fn handover_decided(&self, answers: &Answers, accepted: bool) -> Result<Answer, Reason> {
        let fact = &self.stated.fact;
        if answers.handover.is_none() {
            return Err(unavailable(fact));
        }
        let Some(to) = self.case.handover.clone() else {
            let message = "nobody has proposed to hand the case over";
            return Err(Reason::new("handover.none", "type", fact.kind.as_str(), message));
        };
        if fact.actor != to {
            let message = format!("{to} was asked to take it over, and only {to} can answer");
            return Err(Reason::new("actor.forbidden", "actor", fact.actor.as_str(), message));
        }
        let from = self.case.owner.clone();
        Ok(if accepted { Answer::HandedOver { from, to } } else { Answer::HandoverDeclined { to } })
    }

    fn extension_requested(&self, answers: &Answers) -> Result<Answer, Reason> {
        let extend = answers.extend.as_ref();
        self.permit(extend.map(|it| &it.by))?;
        let extend = extend.ok_or_else(|| unavailable(&self.stated.fact))?;
        let deadline = self.open_deadline()?;
        if !extend.covers(&deadline.clock) {
            return Err(self.wrong("extension.outside", "clock", "this clock cannot be extended"));
        }
        if self.case.extension.is_some() {
            let message = "an extension is asked for already and has to be decided first";
            return Err(self.wrong("extension.pending", "clock", message));
        }
        if deadline.extensions >= extend.most {
            let message = format!("it was extended {} times, and that is the most", deadline.extensions);
            return Err(self.wrong("extension.spent", "clock", &message));
        }
        if self.stated.recorded_at >= deadline.overdue_from() {
            let message =
                format!("it was due {}; an extension is asked for before that", deadline.term.due_at);
            return Err(self.wrong("extension.late", "clock", &message));
        }
        let until = self.until(deadline, extend)?;
        Ok(Answer::ExtensionRequested { clock: deadline.clock.clone(), until })
    }

    /// The request that is decided.
    fn requested(&self, extend: &Extend) -> Result<(&'a Deadline, Instant), Reason> {
        permit(self.state, &extend.decided_by, &self.stated.fact, &self.sides())?;
        let deadline = self.open_deadline()?;
        let pending = self.case.extension.as_ref().filter(|it| it.clock == deadline.clock);
        let message = "nobody has asked for an extension of it";
        let pending = pending.ok_or_else(|| self.wrong("extension.none", "clock", message))?;
        Ok((deadline, pending.until))
    }

    fn extension_refused(&self, answers: &Answers) -> Result<Answer, Reason> {
        let extend = answers.extend.as_ref().ok_or_else(|| unavailable(&self.stated.fact))?;
        let (deadline, _) = self.requested(extend)?;
        Ok(Answer::ExtensionRefused { clock: deadline.clock.clone() })
    }

    fn extension_granted(&self, answers: &Answers) -> Result<Done, Reason> {
        let extend = answers.extend.as_ref().ok_or_else(|| unavailable(&self.stated.fact))?;
        let (deadline, asked) = self.requested(extend)?;
        let until = match self.value("until") {
            Some(_) => self.until(deadline, extend)?,
            None => asked,
        };
        if until <= self.stated.recorded_at {
            let message = "it has passed already, so the extension would end before it begins";
            return Err(self.wrong("extension.past", "until", message));
        }
        let clock = self.clock(&deadline.clock)?;
        let piece = self.piece(clock, deadline)?;
        let now = self.stated.recorded_at.max(self.stated.told_at).max(self.state.checkpoint().clock);
        let mut term = piece.extended(deadline, until, now);
        if let Status::Paused { .. } = deadline.status {
            term.wake_at = None;
        }
        Ok(Done::Extended(deadline.clock.clone(), Box::new(term)))
    }

    fn clock(&self, name: &Name) -> Result<&'a Clock, Reason> {
        let found = self.workflow.clocks.iter().find(|clock| clock.name == *name);
        found.ok_or_else(|| self.wrong("clock.unknown", "clock", "the workflow has no such clock"))
    }

    fn piece(&self, clock: &'a Clock, deadline: &Deadline) -> Result<Timepiece<'a>, Reason> {
        match clock.on_calendar_amended {
            OnCalendarAmended::Recompute => timepiece(self.state.policies(), clock),
            OnCalendarAmended::Keep => timepiece_of(self.state.policies(), clock, deadline),
        }
    }

    /// The due instant that is asked for or given: later than the one that stands, and
    /// not further than one extension goes. A day stands for its end.
    fn until(&self, deadline: &Deadline, extend: &Extend) -> Result<Instant, Reason> {
        let clock = self.clock(&deadline.clock)?;
        let calendar = self.piece(clock, deadline)?.calendar;
        let text = self.text("until")?;
        let day = || text.parse().ok().map(|date| calendar.day_end(date));
        let until = text.parse::<Instant>().ok().or_else(day).ok_or_else(|| {
            let message =
                "it should be a date such as 2022-09-28 or an instant such as 2022-09-28T16:20:00+08:00";
            self.wrong("time.unreadable", "until", message)
        })?;
        let Term { due_at, inclusive, .. } = deadline.term;
        if until <= due_at {
            let message = format!("it is due {due_at} as it stands; an extension moves it later");
            return Err(self.wrong("extension.backwards", "until", &message));
        }
        let last_day = (!inclusive).then(|| calendar.local_date(due_at.just_before()));
        let due = Due { at: due_at, inclusive, last_day, provisional: false };
        let latest = calendar::offset(calendar, &due, extend.at_most);
        if until > latest {
            let message = format!("one extension goes to {latest} at most");
            return Err(self.wrong("extension.too-far", "until", &message));
        }
        Ok(until)
    }
}
