//! The course of a year: one task after the other, each a fact on a virtual
//! tenant, and what came of it put on the agenda again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::agenda::{Agenda, Task};
use super::data::{Maker, Matter};
use super::manner::{Manner, When};
use super::openings::{Planner, Span, looked_at, schema};
use super::walker;
use crate::calendar::{Calendar, Period};
use crate::event::catalogue::Event;
use crate::event::fact::{Content, Fact, Received};
use crate::id::{CaseId, EventType, IdError, Name, Seq, TenantId, UnitId};
use crate::kernel::decide::would_take;
use crate::kernel::row::Case;
use crate::kernel::state::StateError;
use crate::kernel::turn::Outgoing;
use crate::policy::definition::{Covers, Definition, Opening, Workflow};
use crate::policy::publication::{self, PublicationError};
use crate::policy::set::PolicySet;
use crate::scenario::virtual_tenant::VirtualTenant;
use crate::sim::random::Random;
use crate::time::Instant;

/// How often data are drawn anew until a case would take the fact.
const MOST_DRAWS: usize = 12;
/// How often a fact is tried again on a later day before it is given up.
const MOST_TRIES: u8 = 3;
/// Of how many units each manner has at least one, if there are so many.
const ENOUGH_UNITS: usize = 8;

/// A year that cannot be lived.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// The kernel cannot go on.
    #[error(transparent)]
    State(#[from] StateError),
    /// A definition cannot be published.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// A name has not its form.
    #[error(transparent)]
    Name(#[from] IdError),
    /// There is no calendar to live by.
    #[error("find a calendar among the policies")]
    NoCalendar,
    /// A policy was not taken.
    #[error("publish the policy {name}: {reason}")]
    Refused {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// Whoever listens could not go on.
    #[error("pass on what happened: {0}")]
    Told(String),
}

/// What happens, as it happens.
pub enum Told<'a> {
    /// A fact was stated.
    Fact(&'a Fact),
    /// An event was decided.
    Event(&'a Outgoing),
}

/// Hears what happens; an error ends the year.
pub type Listener<'a> = dyn FnMut(&Told<'_>) -> Result<(), String> + 'a;

/// A year to be lived.
pub struct Course<'a> {
    tenant: TenantId,
    virtual_tenant: VirtualTenant,
    calendar: Calendar,
    until: Instant,
    random: Random,
    agenda: Agenda,
    manners: BTreeMap<UnitId, Manner>,
    /// How many acts are on the agenda for a case.
    pending: BTreeMap<CaseId, u32>,
    /// Deadlines for which an act was planned.
    planned: BTreeSet<(CaseId, Name, u32)>,
    now: Instant,
    next: Seq,
    listener: &'a mut Listener<'a>,
}

impl<'a> Course<'a> {
    /// A tenant on the first day of `span`, its policies published.
    ///
    /// # Errors
    /// [`CourseError`] when there is no calendar or a policy is not taken.
    pub fn begin(
        tenant: &TenantId,
        definitions: &[Definition],
        span: Span,
        seed: u64,
        listener: &'a mut Listener<'a>,
    ) -> Result<Self, CourseError> {
        let calendar = definitions.iter().find_map(|definition| match definition {
            Definition::Calendar(def) => Calendar::new(def.clone()).ok(),
            _ => None,
        });
        let calendar = calendar.ok_or(CourseError::NoCalendar)?;
        let (begin, until) = (calendar.midnight(span.from), calendar.midnight(span.until));
        let mut virtual_tenant = VirtualTenant::new(tenant)?;
        // The ledger that the year is imported into is opened after the year.
        virtual_tenant.open(uuid::Uuid::nil(), tenant, Instant::MAX)?;
        virtual_tenant.ledger.clear();
        let mut course = Self {
            tenant: tenant.clone(),
            virtual_tenant,
            calendar,
            until,
            random: Random::new(seed),
            agenda: Agenda::default(),
            manners: BTreeMap::new(),
            pending: BTreeMap::new(),
            planned: BTreeSet::new(),
            now: begin,
            next: Seq(1),
            listener,
        };
        for definition in definitions {
            course.publish(definition)?;
        }
        course.draw_manners();
        course.plan(span);
        Ok(course)
    }

    /// Lives until the last day is over; the tenant as it stands then.
    ///
    /// # Errors
    /// [`CourseError`] when the kernel or whoever listens cannot go on.
    pub fn live(mut self) -> Result<VirtualTenant, CourseError> {
        while let Some((at, task)) = self.agenda.next(self.until) {
            self.now = at.max(self.now);
            match task {
                Task::Open(workflow, owner) => self.open(&workflow, &owner)?,
                Task::Figure { unit, indicator, period } => self.figure(&unit, indicator, period)?,
                Task::Early(workflow, case, owner) => self.early(&workflow, &case, &owner)?,
                Task::Act(case, kind, tries) => self.act(&case, &kind, tries)?,
            }
        }
        Ok(self.virtual_tenant)
    }

    /// How each unit keeps its dates.
    #[must_use]
    pub const fn manners(&self) -> &BTreeMap<UnitId, Manner> {
        &self.manners
    }

    fn policies(&self) -> PolicySet {
        self.virtual_tenant.state.policies().clone()
    }

    fn publish(&mut self, definition: &Definition) -> Result<(), CourseError> {
        let fact = publication::fact(definition, None, Some(self.now))?;
        let came = self.deliver(fact)?;
        let refused = came.iter().find_map(|event| match event {
            Event::EventRefused(it) => Some(it.reason.message.clone()),
            _ => None,
        });
        let name = definition.name();
        refused.map_or(Ok(()), |reason| Err(CourseError::Refused { name, reason }))
    }

    /// Draws the units' manners; of many units each manner has one.
    fn draw_manners(&mut self) {
        let units = walker::plain_units(&self.policies());
        let sure = [Manner::Late, Manner::Negligent, Manner::Concealing];
        for (place, unit) in units.iter().enumerate() {
            let drawn = Manner::draw(&mut self.random);
            let sure = sure.get(place).filter(|_| units.len() >= ENOUGH_UNITS);
            self.manners.insert(unit.clone(), sure.copied().unwrap_or(drawn));
        }
    }

    fn plan(&mut self, span: Span) {
        let policies = self.policies();
        let planner = Planner { policies: &policies, calendar: &self.calendar, span, manners: &self.manners };
        planner.matters(&mut self.agenda, &mut self.random);
        planner.figures(&mut self.agenda, &mut self.random);
    }

    /// States a fact at the present instant and plans what follows from it.
    fn deliver(&mut self, fact: Fact) -> Result<Vec<Event>, CourseError> {
        (self.listener)(&Told::Fact(&fact)).map_err(CourseError::Told)?;
        let received = Received { seq: self.next, at: self.now, content: Content::Fact(Box::new(fact)) };
        self.next = self.next.next();
        self.virtual_tenant.deliver(&received)?;
        let came = std::mem::take(&mut self.virtual_tenant.ledger);
        let mut cases = BTreeSet::new();
        for out in &came {
            (self.listener)(&Told::Event(out)).map_err(CourseError::Told)?;
            let decided = &out.entry.decided;
            match &decided.event {
                Event::PeriodOpened(it) => self.await_period(&it.workflow, it.next, it.next_at),
                Event::PolicyPublished(it) => self.await_first(it),
                _ => cases.extend(decided.case.clone()),
            }
        }
        for case in cases {
            self.look(&case)?;
        }
        Ok(came.into_iter().map(|out| out.entry.decided.event).collect())
    }

    fn await_first(&mut self, published: &crate::event::catalogue::PolicyPublished) {
        let Ok(name) = Name::new(&published.name) else { return };
        if let Some(first) = &published.first {
            self.await_period(&name, first.period, first.opens_at);
        }
        if let Some(at) = published.begins_at {
            let opening = self.policies().workflow_in_force(&name, at);
            let units = opening.map(|it| it.opens.units().to_vec()).unwrap_or_default();
            self.await_case(&name, &units, None, at);
        }
    }

    /// Plans who is the first to do what a period will open.
    fn await_period(&mut self, name: &Name, period: Period, opens_at: Instant) {
        if opens_at >= self.until {
            return;
        }
        let Some(workflow) = self.policies().workflow_in_force(name, opens_at) else { return };
        let Opening::Calendar { covers, units, .. } = &workflow.opens else { return };
        let about = match covers {
            Covers::Current => period,
            Covers::Previous => period.previous(),
        };
        self.await_case(name, units, Some(about.to_string()), opens_at);
    }

    fn await_case(&mut self, name: &Name, units: &[UnitId], period: Option<String>, opens_at: Instant) {
        let is_punctual = |unit: &&UnitId| self.manners.get(unit).is_none_or(|it| *it == Manner::Punctual);
        let Some(first) = units.iter().find(is_punctual).or_else(|| units.first()) else { return };
        let key = period.map_or_else(|| first.to_string(), |period| format!("{first}/{period}"));
        let Ok(case) = CaseId::of(name, &key) else { return };
        let opening = self.calendar.next_open(opens_at.max(self.now));
        let at = opening.plus_seconds(600 + i64::try_from(self.random.below(7 * 3600)).unwrap_or(0));
        let first = first.clone();
        self.agenda.note(at, Task::Early(name.clone(), case, first));
    }

    fn early(&mut self, name: &Name, id: &CaseId, owner: &UnitId) -> Result<(), CourseError> {
        if self.virtual_tenant.state.case(id)?.is_some() {
            return Ok(());
        }
        let Some(workflow) = self.policies().workflow_in_force(name, self.now) else { return Ok(()) };
        let options = walker::options(&workflow, &workflow.initial);
        let own = |choice: &&walker::Choice<'_>| {
            walker::actor(&self.policies(), &choice.transition.by, owner).as_ref() == Some(owner)
        };
        let Some(choice) = options.iter().find(own) else { return Ok(()) };
        let period = id.as_str().rsplit('/').next().filter(|last| *last != owner.as_str());
        let matter = matter(&workflow, owner, period.map(str::to_owned));
        let fact = self.fact(choice.kind, owner, Some(id.to_string()), &matter);
        self.deliver(fact).map(drop)
    }

    fn open(&mut self, name: &Name, owner: &UnitId) -> Result<(), CourseError> {
        let policies = self.policies();
        let Some(workflow) = policies.workflow_in_force(name, self.now) else { return Ok(()) };
        let Opening::Event { event, by, .. } = &workflow.opens else { return Ok(()) };
        let Some(actor) = walker::actor(&policies, by, owner) else { return Ok(()) };
        let by_subject = workflow.key.iter().any(|path| path.0 == "subject");
        let year = self.calendar.local_date(self.now).format("%Y").to_string();
        let subject = by_subject.then(|| format!("{name}/{year}-{}", self.next));
        let month =
            Period::containing(crate::calendar::PeriodKind::Month, self.calendar.local_date(self.now));
        let matter = matter(&workflow, owner, Some(month.to_string()));
        let fact = self.fact(event, &actor, subject, &matter);
        self.deliver(fact).map(drop)
    }

    fn figure(&mut self, unit: &UnitId, indicator: String, period: String) -> Result<(), CourseError> {
        let policies = self.policies();
        let opens = |name: &Name| policies.workflow_in_force(name, self.now);
        let reported = policies.workflow_names().filter_map(opens).find(|workflow| {
            let event = workflow.opens.event();
            event
                .and_then(|event| schema(&policies, event))
                .is_some_and(|it| it["properties"]["indicator"].is_object())
        });
        let Some(workflow) = reported else { return Ok(()) };
        let Some(event) = workflow.opens.event() else { return Ok(()) };
        let matter = Matter { indicator: Some(indicator), ..matter(&workflow, unit, Some(period)) };
        let fact = self.fact(event, unit, None, &matter);
        self.deliver(fact).map(drop)
    }

    fn act(&mut self, id: &CaseId, kind: &EventType, tries: u8) -> Result<(), CourseError> {
        if let Some(pending) = self.pending.get_mut(id) {
            *pending = pending.saturating_sub(1);
        }
        let Some(case) = self.virtual_tenant.state.case(id)?.filter(|case| case.closed_at.is_none()) else {
            return Ok(());
        };
        let Some(workflow) = self.policies().workflow(&case.policy) else { return Ok(()) };
        let options = walker::options(&workflow, &case.state);
        let Some(choice) = options.iter().find(|choice| choice.kind == kind) else { return self.look(id) };
        let Some(actor) = walker::actor(&self.policies(), &choice.transition.by, &case.owner) else {
            return self.look(id);
        };
        let matter = Matter {
            known: known(&workflow, &case),
            ..matter(&workflow, &case.owner, case.period.map(|it| it.to_string()))
        };
        if let Some(fact) = self.fitting(kind, &actor, &case, &matter)? {
            self.mistake(&fact, id, kind)?;
            return self.deliver(fact).map(drop);
        }
        if tries < MOST_TRIES {
            let at = self.days_on(1 + i32::from(tries));
            self.note(at, Task::Act(id.clone(), kind.clone(), tries + 1), id);
            return Ok(());
        }
        self.look(id)
    }

    /// Somebody else states it first, now and then, and is refused.
    fn mistake(&mut self, fact: &Fact, id: &CaseId, kind: &EventType) -> Result<(), CourseError> {
        if !self.random.happens(15) {
            return Ok(());
        }
        let units: Vec<UnitId> = self.manners.keys().filter(|unit| **unit != fact.actor).cloned().collect();
        let Some(other) = self.random.pick(&units).cloned() else { return Ok(()) };
        let wrong = Fact {
            source: format!("/{}/{other}", self.tenant),
            id: format!("year-{}", self.next),
            actor: other,
            subject: Some(id.to_string()),
            kind: kind.clone(),
            ..fact.clone()
        };
        self.deliver(wrong).map(drop)
    }

    /// A fact that the case would take, if one could be made.
    fn fitting(
        &mut self,
        kind: &EventType,
        actor: &UnitId,
        case: &Arc<Case>,
        matter: &Matter,
    ) -> Result<Option<Fact>, CourseError> {
        for _ in 0..MOST_DRAWS {
            let fact = self.fact(kind, actor, Some(case.id.to_string()), matter);
            if would_take(&self.virtual_tenant.state, &fact, self.now, case)? {
                return Ok(Some(fact));
            }
        }
        Ok(None)
    }

    fn fact(&mut self, kind: &EventType, actor: &UnitId, subject: Option<String>, matter: &Matter) -> Fact {
        let policies = self.policies();
        let maker = Maker { calendar: &self.calendar, now: self.now, matter, number: self.next.0 };
        let schema = schema(&policies, kind).cloned().unwrap_or_default();
        let data = maker.data(&schema, &mut self.random);
        Fact {
            source: format!("/{}/{actor}", self.tenant),
            id: format!("year-{}", self.next),
            kind: kind.clone(),
            version: None,
            subject,
            actor: actor.clone(),
            occurred_at: Some(self.now),
            imported_at: Some(self.now),
            stated_by: None,
            data,
        }
    }

    /// Plans what will be done about a case: an act for each running deadline, and
    /// one that moves it on when nothing else does.
    fn look(&mut self, id: &CaseId) -> Result<(), CourseError> {
        let Some(case) = self.virtual_tenant.state.case(id)?.filter(|case| case.closed_at.is_none()) else {
            self.pending.remove(id);
            return Ok(());
        };
        let Some(workflow) = self.policies().workflow(&case.policy) else { return Ok(()) };
        let mut acts = Vec::new();
        for (clock, deadline, choice) in walker::meets(&workflow, &case) {
            let key = (id.clone(), clock.name.clone(), deadline.round);
            if self.planned.insert(key) {
                acts.push((choice.kind.clone(), choice.transition.by.clone(), deadline.term.due_at));
            }
        }
        for (kind, by, due_at) in acts {
            let actor = walker::actor(&self.policies(), &by, &case.owner);
            let at = self.in_manner(actor.as_ref(), due_at);
            self.note(at, Task::Act(id.clone(), kind, 0), id);
        }
        if self.pending.get(id).copied().unwrap_or(0) == 0 {
            self.move_on(&case, &workflow);
        }
        Ok(())
    }

    fn move_on(&mut self, case: &Case, workflow: &Workflow) {
        let Some(choice) = walker::chosen(workflow, &case.state, &mut self.random) else { return };
        let kind = choice.kind.clone();
        // What stays where it is, such as a report on a standing duty, comes rarely.
        let stays = choice.transition.to.as_ref().is_none_or(|to| *to == case.state);
        let days = if stays { 15 + self.random.below(45) } else { self.random.below(4) };
        let at = self.days_on(i32::try_from(days).unwrap_or(0));
        self.note(at, Task::Act(case.id.clone(), kind, 0), &case.id);
    }

    fn note(&mut self, at: Instant, task: Task, id: &CaseId) {
        *self.pending.entry(id.clone()).or_default() += 1;
        self.agenda.note(at, task);
    }

    /// When a unit does what is due at `due_at`.
    fn in_manner(&mut self, actor: Option<&UnitId>, due_at: Instant) -> Instant {
        let manner = actor.and_then(|unit| self.manners.get(unit)).copied().unwrap_or(Manner::Punctual);
        match manner.when(&mut self.random) {
            When::Never => Instant::MAX,
            When::After(days) => {
                let from = self.calendar.local_date(due_at.max(self.now));
                self.at_work(self.calendar.add_working_days(from, days))
            }
            When::Within(_) if due_at <= self.now => self.days_on(2),
            When::Within(thousandths) => {
                let left = i64::try_from(due_at.since(self.now).as_secs()).unwrap_or(0);
                let share = i64::try_from(thousandths).unwrap_or(0);
                let at = self.now.plus_seconds((left / 1_000 * share).max(60));
                // Who has until midnight of a rest day does it on that day if need be.
                Some(self.calendar.next_open(at)).filter(|open| *open < due_at).unwrap_or(at)
            }
        }
    }

    /// A moment at work so many working days from now.
    fn days_on(&mut self, days: i32) -> Instant {
        let day = self.calendar.add_working_days(self.calendar.local_date(self.now), days);
        let at = self.at_work(day);
        if at > self.now { at } else { self.now.plus_seconds(600) }
    }

    fn at_work(&mut self, day: NaiveDate) -> Instant {
        let opening = self.calendar.next_open(self.calendar.midnight(day));
        let later = opening.plus_seconds(i64::try_from(self.random.below(8 * 3600)).unwrap_or(0));
        self.calendar.next_open(later)
    }
}

fn matter(workflow: &Workflow, owner: &UnitId, period: Option<String>) -> Matter {
    Matter {
        unit: owner.to_string(),
        report: workflow.name.to_string(),
        period,
        indicator: None,
        known: serde_json::Map::new(),
        wanted: looked_at(workflow),
    }
}

/// What a case remembers of its key.
fn known(workflow: &Workflow, case: &Case) -> serde_json::Map<String, serde_json::Value> {
    let mut kept: serde_json::Map<_, _> = serde_json::from_str(&case.kept).unwrap_or_default();
    kept.retain(|name, _| {
        workflow.key.iter().any(|path| path.0.strip_prefix("data.") == Some(name)) && *name != "unit"
    });
    kept
}
