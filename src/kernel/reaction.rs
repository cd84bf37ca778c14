//! Reactions: an event that fits has a fact published.
//!
//! What is published goes by the outbox into the intake, as any fact does, and is
//! decided there; nothing is decided here but that it is called for. A fact knows how
//! many reactions stand behind it, and so does what it opens, so that no circle of
//! them goes on.

use serde_json::{Map, Value};

use super::decide::transit::judged_by;
use super::row::{Called, Case, Counted, Family, counted_key, known_key};
use super::state::{Backing, State, StateError};
use super::turn::{About, Turn};
use crate::calendar::Period;
use crate::event::catalogue::{
    Event, NOBODY, ReactionCalled, ReactionCounted, ReactionStopped, Reason, Sum, TOO_DEEP,
};
use crate::event::fact::Fact;
use crate::id::{Seq, Sha, TenantId, UnitId};
use crate::policy::definition::Workflow;
use crate::policy::definition::reaction::{Cue, MOST_DEEP, Reaction};
use crate::time::Instant;

/// The source of the facts of reactions.
#[must_use]
pub fn source(tenant: &TenantId) -> String {
    format!("urn:duban:{tenant}:reactions")
}

/// Whether a source is that of the reactions. Every fact is asked.
#[must_use]
pub fn is_source(tenant: &TenantId, source: &str) -> bool {
    let own = source.strip_prefix("urn:duban:").and_then(|rest| rest.strip_suffix(":reactions"));
    own == Some(tenant.as_str())
}

/// How many reactions stand behind a fact that is not decided yet.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn depth<B: Backing>(state: &State<B>, fact: &Fact) -> Result<u8, StateError> {
    if !is_source(&state.checkpoint().tenant, &fact.source) {
        return Ok(0);
    }
    let called = state.row::<Called>(Family::Called, &known_key(&fact.source, &fact.id))?;
    Ok(called.map_or(0, |called| called.depth))
}

/// How many reactions stand behind a fact, or why it is not what it claims to be:
/// only what was called for is stated in the name of the reactions.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn origin<B: Backing>(
    state: &State<B>,
    fact: &Fact,
    content: Sha,
) -> Result<Result<u8, Reason>, StateError> {
    if !is_source(&state.checkpoint().tenant, &fact.source) {
        return Ok(Ok(0));
    }
    let called = state.row::<Called>(Family::Called, &known_key(&fact.source, &fact.id))?;
    Ok(match called {
        Some(called) if called.content == content => Ok(called.depth),
        Some(_) | None => {
            let message =
                "no reaction has called for this fact; state facts of your own under your own source";
            Err(Reason::new("source.reserved", "source", &fact.source, message))
        }
    })
}

/// Whether an event may have reactions, as things stand.
pub(super) fn may_follow<B: Backing>(state: &State<B>, event: &Event) -> bool {
    cue(event).is_some() && state.policies().reacts()
}

/// Calls the reactions that fit the event at `seq`, which was just folded.
///
/// # Errors
/// [`StateError`] when the state cannot be read or written.
pub(super) fn follow<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    about: &About,
    (seq, event): (Seq, &Event),
) -> Result<(), StateError> {
    let Some(cue) = cue(event) else { return Ok(()) };
    // What is history to the ledger calls nothing.
    if at < turn.state.checkpoint().opened_at {
        return Ok(());
    }
    let Some(case) = about.case.as_ref().map(|id| turn.state.case(id)).transpose()?.flatten() else {
        return Ok(());
    };
    let workflow = judged_by(turn.state, &case)?;
    let reactions: Vec<_> = turn.state.policies().reactions(cue, &workflow, at).collect();
    for (policy, reaction) in reactions {
        if fits(&reaction, event, &case) {
            let day = turn.state.policies().date_for(&workflow, at);
            let counted = reaction.within.map(|kind| Period::containing(kind, day));
            let heard =
                Heard { at, seq, event, case: &case, workflow: &workflow, policy, reaction: &reaction };
            heard.answer(turn, about, counted)?;
        }
    }
    Ok(())
}

/// What kind of event it is to reactions.
const fn cue(event: &Event) -> Option<Cue> {
    match event {
        Event::DeadlineBreached(_) => Some(Cue::DeadlineBreached),
        Event::EscalationRaised(_) => Some(Cue::EscalationRaised),
        Event::ReminderDue(_) => Some(Cue::ReminderDue),
        Event::CaseClosed(_) => Some(Cue::CaseClosed),
        Event::DeadlineMet(_) => Some(Cue::DeadlineMet),
        _ => None,
    }
}

fn fits(reaction: &Reaction, event: &Event, case: &Case) -> bool {
    let filter = &reaction.when;
    let of_workflow =
        filter.workflows.is_empty() || filter.workflows.iter().any(|it| it.as_str() == case.id.workflow());
    let of_event = match event {
        Event::EscalationRaised(it) | Event::ReminderDue(it) => {
            (filter.acts.is_empty() || filter.acts.contains(&it.act))
                && (filter.lights.is_empty() || filter.lights.contains(&it.light))
        }
        Event::DeadlineMet(it) => filter.late.is_none_or(|late| late == it.late),
        _ => true,
    };
    of_workflow && of_event
}

/// An event that fits a reaction.
struct Heard<'a> {
    at: Instant,
    seq: Seq,
    event: &'a Event,
    case: &'a Case,
    workflow: &'a Workflow,
    policy: Sha,
    reaction: &'a Reaction,
}

impl Heard<'_> {
    fn answer<B: Backing>(
        &self,
        turn: &mut Turn<'_, B>,
        about: &About,
        period: Option<Period>,
    ) -> Result<(), StateError> {
        let (reaction, of) = (self.reaction.name.clone(), self.reaction.count);
        let mut sum = None;
        if let Some(period) = period {
            let key = counted_key(&reaction, &self.case.owner);
            let before = turn.state.row::<Counted>(Family::Reaction, &key)?;
            let nth = before.filter(|it| it.period == period).map_or(0, |it| it.count).saturating_add(1);
            if nth > of {
                // It was called in this period already.
                return Ok(());
            }
            if nth < of {
                let counted = ReactionCounted { reaction, period, nth, of };
                return turn.emit(self.at, about, Event::ReactionCounted(counted));
            }
            sum = Some(Sum { period, nth });
        }
        let depth = self.case.depth.saturating_add(1);
        let by = std::slice::from_ref(&self.reaction.publish.by);
        let sides = self.case.sides(self.workflow);
        let unit = turn.state.policies().units_of(by, &sides).into_iter().next();
        let unit = match unit {
            Some(unit) if depth <= MOST_DEEP => unit,
            Some(_) => return self.stop(turn, about, depth, TOO_DEEP),
            None => return self.stop(turn, about, depth, NOBODY),
        };
        let called = ReactionCalled {
            policy: self.policy,
            trigger: self.seq,
            depth,
            counted: sum,
            fact: self.fact(&turn.state.checkpoint().tenant, unit, period),
            reaction,
        };
        turn.emit(self.at, about, Event::ReactionCalled(Box::new(called)))
    }

    fn stop<B: Backing>(
        &self,
        turn: &mut Turn<'_, B>,
        about: &About,
        depth: u8,
        reason: &str,
    ) -> Result<(), StateError> {
        let (reaction, trigger) = (self.reaction.name.clone(), self.seq);
        let stopped = ReactionStopped { reaction, trigger, depth, reason: reason.into() };
        turn.emit(self.at, about, Event::ReactionStopped(stopped))
    }

    fn fact(&self, tenant: &TenantId, actor: UnitId, period: Option<Period>) -> Fact {
        let published = &self.reaction.publish;
        let filled = published.data.iter().map(|(key, value)| (key.clone(), self.filled(value, period)));
        let data: Map<String, Value> = filled.collect();
        let subject = published.subject.as_ref().and_then(|text| {
            match self.filled(&Value::String(text.clone()), period) {
                Value::String(text) => Some(text),
                _ => None,
            }
        });
        Fact {
            source: source(tenant),
            id: format!("{}/{}", self.reaction.name, self.seq),
            kind: published.kind.clone(),
            version: None,
            subject,
            actor,
            occurred_at: Some(self.at),
            imported_at: None,
            stated_by: None,
            data: Value::Object(data),
        }
    }

    /// A value with the word that it is replaced by what it stands for.
    fn filled(&self, value: &Value, period: Option<Period>) -> Value {
        let text = |text: &dyn std::fmt::Display| Value::String(text.to_string());
        let rung = match self.event {
            Event::EscalationRaised(it) | Event::ReminderDue(it) => Some(it),
            _ => None,
        };
        let clock = match self.event {
            Event::EscalationRaised(it) | Event::ReminderDue(it) => Some((&it.clock, it.due_at)),
            Event::DeadlineBreached(it) => Some((&it.clock, it.due_at)),
            Event::DeadlineMet(it) => Some((&it.clock, it.due_at)),
            _ => None,
        };
        let word = |it: Result<Value, serde_json::Error>| it.unwrap_or_default();
        match value.as_str() {
            Some("$unit") => text(&self.case.owner),
            Some("$case") => text(&self.case.id),
            Some("$workflow") => text(&self.case.id.workflow()),
            Some("$clock") => clock.map_or(Value::Null, |(clock, _)| text(clock)),
            Some("$dueAt") => clock.map_or(Value::Null, |(_, due_at)| text(&due_at)),
            Some("$act") => rung.map_or(Value::Null, |it| word(serde_json::to_value(it.act))),
            Some("$light") => rung.map_or(Value::Null, |it| word(serde_json::to_value(it.light))),
            Some("$nth") => rung.map_or(Value::Null, |it| Value::from(it.nth)),
            Some("$at") => text(&self.at),
            Some("$period") => period.map_or(Value::Null, |it| text(&it)),
            Some("$trigger") => text(&self.seq),
            Some("$reaction") => text(&self.reaction.name),
            Some(_) | None => value.clone(),
        }
    }
}
