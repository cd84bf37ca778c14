//! A scenario run: policies published, steps taken one after the other, each
//! looked at as it is taken. It ends with the first step that does not hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;

use super::events;
use super::look::{Look, instant};
use super::text::Scenario;
use super::verdict::{Difference, Mismatch, Verdict};
use super::virtual_tenant::VirtualTenant;
use crate::calendar::Calendar;
use crate::event::catalogue::Event;
use crate::event::entry::Entry;
use crate::event::fact::{Content, Fact, Received};
use crate::id::{CaseId, EventType, Name, Seq, TenantId, UnitId};
use crate::kernel::state::StateError;
use crate::memory::store::MemoryStore;
use crate::policy::authored::scenario::{Advance, Deed, Expected, Refusal, Step};
use crate::policy::definition::Definition;
use crate::policy::problem::{Flaw, Problem, child};
use crate::policy::publication::{self, PublicationError};
use crate::time::Instant;

/// A scenario that cannot be run, which is no fault of its policies.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The kernel cannot go on.
    #[error(transparent)]
    State(#[from] StateError),
    /// A definition cannot be published.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// The scenario names what is not there.
    #[error("{0}")]
    Problem(Box<Problem>),
}

/// What a tenant's scenarios are run with.
pub struct Bench {
    tenant: TenantId,
    definitions: Vec<Definition>,
    calendar: Calendar,
    /// Stores with policies in force, so that scenarios that begin alike share them.
    published: BTreeMap<(Vec<Name>, Instant), (MemoryStore, Seq)>,
}

impl Bench {
    /// A bench for a tenant's definitions, in the order in which they are
    /// published; none when no calendar is among them.
    #[must_use]
    pub fn new(tenant: TenantId, definitions: Vec<Definition>) -> Option<Self> {
        let calendar = definitions.iter().find_map(|definition| match definition {
            Definition::Calendar(def) => Calendar::new(def.clone()).ok(),
            _ => None,
        })?;
        Some(Self { tenant, definitions, calendar, published: BTreeMap::new() })
    }

    /// Runs a scenario.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be run at all.
    pub fn run(&mut self, scenario: &Scenario) -> Result<Verdict, RunError> {
        let authored = &scenario.authored;
        let begin = instant(&self.calendar, authored.begin);
        let (tenant, next) = self.publish(scenario)?;
        let mut run = Run { tenant, calendar: &self.calendar, scenario, now: begin, next };
        run.receive(Content::Tick)?;
        let mut verdict = Verdict {
            name: authored.name.clone(),
            file: scenario.file().to_owned(),
            place: scenario.place("/name"),
            steps: 0,
            mismatches: Vec::new(),
        };
        for (at, step) in authored.steps.iter().enumerate() {
            verdict.steps += 1;
            let differences = run.step(&child("/steps", at), step)?;
            verdict.mismatches = differences.into_iter().map(|it| run.mismatch(step, it)).collect();
            if !verdict.holds() {
                break;
            }
        }
        Ok(verdict)
    }

    /// A tenant with the scenario's policies in force since the first instant of
    /// the month in which it begins, and the next intake place.
    fn publish(&mut self, scenario: &Scenario) -> Result<(VirtualTenant, Seq), RunError> {
        let chosen = self.chosen(scenario)?;
        let date = scenario.authored.begin.0.date();
        let at = self.calendar.midnight(date.with_day(1).unwrap_or(date));
        let key = (scenario.authored.policies.clone(), at);
        if let Some((store, next)) = self.published.get(&key) {
            return Ok((VirtualTenant::found(&self.tenant, store.after_crash(0))?, *next));
        }
        let mut tenant = VirtualTenant::new(&self.tenant)?;
        tenant.open(uuid::Uuid::nil(), &self.tenant, at)?;
        let mut next = Seq(1);
        for definition in chosen {
            let fact = Box::new(publication::fact(definition, None, None)?);
            tenant.deliver(&Received { seq: next, at, content: Content::Fact(fact) })?;
            next = next.next();
            refused(&tenant.ledger).map_or(Ok(()), |reason| {
                let words = format!("{} {} is not taken: {reason}", definition.kind(), definition.name());
                Err(problem(scenario, Flaw::mistake("policy.refused", "/policies", "", words)))
            })?;
            tenant.ledger.clear();
        }
        self.published.insert(key, (tenant.stored()?.after_crash(0), next));
        Ok((tenant, next))
    }

    /// The definitions that the scenario wants in force.
    fn chosen(&self, scenario: &Scenario) -> Result<Vec<&Definition>, RunError> {
        let wanted = &scenario.authored.policies;
        let names: BTreeSet<String> =
            self.definitions.iter().filter(|it| is_chosen(it)).map(Definition::name).collect();
        if let Some(at) = wanted.iter().position(|name| !names.contains(name.as_str())) {
            let name = wanted[at].as_str();
            let hint = crate::policy::near::hint(name, names.iter().map(String::as_str));
            let message = format!("the tenant has no policy called {name:?}");
            let flaw = Flaw::mistake("policy.unknown", &child("/policies", at), name, message);
            return Err(problem(scenario, flaw.with_hint(hint)));
        }
        let is_wanted = |it: &&Definition| {
            wanted.is_empty() || !is_chosen(it) || wanted.iter().any(|name| *name.as_str() == it.name())
        };
        Ok(self.definitions.iter().filter(is_wanted).collect())
    }
}

/// Whether a scenario may leave the definition out.
const fn is_chosen(definition: &Definition) -> bool {
    match definition {
        Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Reaction(_) => true,
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Delivery(_)
        | Definition::Answers(_) => false,
    }
}

fn problem(scenario: &Scenario, flaw: Flaw) -> RunError {
    let place = scenario.place(&flaw.field);
    RunError::Problem(Box::new(Problem { file: scenario.file().to_owned(), place, flaw }))
}

fn refused(ledger: &[crate::kernel::turn::Outgoing]) -> Option<&str> {
    ledger.iter().find_map(|out| match &out.entry.decided.event {
        Event::EventRefused(it) => Some(it.reason.message.as_str()),
        _ => None,
    })
}

/// A scenario under way.
struct Run<'a> {
    tenant: VirtualTenant,
    calendar: &'a Calendar,
    scenario: &'a Scenario,
    now: Instant,
    next: Seq,
}

impl Run<'_> {
    fn receive(&mut self, content: Content) -> Result<(), StateError> {
        self.tenant.ledger.clear();
        self.record(content)?;
        self.publish_back()
    }

    fn record(&mut self, content: Content) -> Result<(), StateError> {
        let received = Received { seq: self.next, at: self.now, content };
        self.next = self.next.next();
        self.tenant.deliver(&received)
    }

    /// Publishes what reactions have called for, as the courier would at once.
    fn publish_back(&mut self) -> Result<(), StateError> {
        // Each round is what the round before has called for; the kernel bounds them.
        loop {
            let called = self.tenant.called()?;
            if called.is_empty() {
                return Ok(());
            }
            for fact in called {
                self.record(Content::Fact(Box::new(fact)))?;
            }
        }
    }

    /// Lets time pass up to an instant. Where something reacts, it goes from timer to
    /// timer, so that what a reaction publishes is recorded when it is called for.
    fn pass(&mut self, to: Instant) -> Result<(), StateError> {
        self.tenant.ledger.clear();
        while self.tenant.state.policies().reacts()
            && let Some(at) = self.tenant.state.next_timer()?.filter(|at| *at < to)
        {
            self.now = self.now.max(at);
            self.record(Content::Tick)?;
            self.publish_back()?;
        }
        self.now = to;
        self.record(Content::Tick)?;
        self.publish_back()
    }

    fn mismatch(&self, step: &Step, difference: Difference) -> Mismatch {
        Mismatch {
            file: self.scenario.file().to_owned(),
            place: self.scenario.place(&difference.pointer),
            prose: step.given.clone(),
            what: difference.what,
            expected: difference.expected,
            came: difference.came,
        }
    }

    fn step(&mut self, pointer: &str, step: &Step) -> Result<Vec<Difference>, StateError> {
        // A step that is none of the three was refused when it was read.
        let Ok(deed) = step.deed(pointer) else { return Ok(Vec::new()) };
        match deed {
            Deed::Fact(kind, by) => self.fact(pointer, step, (kind, by)),
            Deed::Advance(advance) => self.advance(pointer, step, advance),
            Deed::Expect(expected) => self.expect(pointer, expected),
        }
    }

    fn fact(
        &mut self,
        pointer: &str,
        step: &Step,
        (kind, by): (&EventType, &UnitId),
    ) -> Result<Vec<Difference>, StateError> {
        let data = step.data.clone().unwrap_or_default();
        let fact = Fact {
            source: format!("/scenario/{by}"),
            id: step.id.clone().unwrap_or_else(|| format!("step-{}", self.next)),
            kind: kind.clone(),
            version: None,
            subject: step.on.clone(),
            actor: by.clone(),
            occurred_at: step.time.map(|time| instant(self.calendar, time)),
            imported_at: None,
            stated_by: None,
            data: serde_json::Value::Object(data),
        };
        self.receive(Content::Fact(Box::new(fact)))?;
        let came = self.came(None);
        if let Some(refusal) = &step.refused {
            return Ok(self.refusal(&child(pointer, "refused"), refusal, &came));
        }
        if let Some(then) = &step.then {
            let difference = events::difference(self.calendar, &child(pointer, "then"), then, &came);
            return Ok(difference.into_iter().collect());
        }
        let taken = !came.iter().any(|it| matches!(it.decided.event, Event::EventRefused(_)));
        let differs = || {
            let came = events::told(self.calendar, &came).join("\n");
            Difference::new(child(pointer, "fact"), "fact", format!("{kind} is taken"), came)
        };
        Ok(if taken { Vec::new() } else { vec![differs()] })
    }

    fn refusal(&self, pointer: &str, refusal: &Refusal, came: &[&Entry]) -> Vec<Difference> {
        let expected = match &refusal.field {
            Some(field) => format!("refused by {} for {field}", refusal.rule),
            None => format!("refused by {}", refusal.rule),
        };
        let reason = came.iter().find_map(|entry| match &entry.decided.event {
            Event::EventRefused(it) => Some(&it.reason),
            _ => None,
        });
        let holds = reason.is_some_and(|reason| {
            reason.rule == refusal.rule && refusal.field.as_ref().is_none_or(|field| *field == reason.field)
        });
        if holds {
            return Vec::new();
        }
        let came = events::told(self.calendar, came).join("\n");
        vec![Difference::new(pointer, "refusal", expected, came)]
    }

    fn advance(
        &mut self,
        pointer: &str,
        step: &Step,
        advance: &Advance,
    ) -> Result<Vec<Difference>, StateError> {
        let to = self.reached(advance);
        if to < self.now {
            let what = "time goes forward only";
            let shown = |at| super::look::Shown(self.calendar, at);
            let (expected, came) = (format!("after {}", shown(self.now)), shown(to));
            return Ok(vec![Difference::new(child(pointer, "advance"), what, expected, came)]);
        }
        self.pass(to)?;
        let Some(then) = &step.then else { return Ok(Vec::new()) };
        let came = self.came(step.on.as_deref());
        Ok(events::difference(self.calendar, &child(pointer, "then"), then, &came).into_iter().collect())
    }

    /// The instant that an advance leads to.
    fn reached(&self, advance: &Advance) -> Instant {
        let Advance { working_days, days, hours, minutes, to } = advance;
        let at_same_time = |date: chrono::NaiveDate| {
            self.calendar.instant(date.and_time(self.calendar.wall(self.now).time()))
        };
        let today = self.calendar.local_date(self.now);
        if let Some(days) = working_days {
            return at_same_time(self.calendar.add_working_days(today, *days));
        }
        if let Some(days) = days {
            return at_same_time(today.checked_add_days(chrono::Days::new(*days)).unwrap_or(today));
        }
        let seconds = hours.map(|it| it * 3600).or_else(|| minutes.map(|it| it * 60));
        let by_clock = seconds.map(|seconds| self.now.plus_seconds(seconds));
        by_clock.or_else(|| to.map(|to| instant(self.calendar, to))).unwrap_or(self.now)
    }

    fn expect(&self, pointer: &str, expected: &Expected) -> Result<Vec<Difference>, StateError> {
        let case = self.tenant.state.case(&expected.case)?;
        let pointer = child(pointer, "expect");
        let look = Look { calendar: self.calendar, now: self.now, pointer: &pointer };
        Ok(look.differences(expected, case.as_deref()))
    }

    /// The entries of the last record, those of one case if one is named.
    fn came(&self, of: Option<&str>) -> Vec<&Entry> {
        let is_of =
            |entry: &&Entry| of.is_none_or(|of| entry.decided.case.as_ref().map(CaseId::as_str) == Some(of));
        self.tenant.ledger.iter().map(|out| &out.entry).filter(is_of).collect()
    }
}
