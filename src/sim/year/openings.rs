//! What arises in a year by itself: matters that facts open, and figures that are
//! reported.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::agenda::{Agenda, Task};
use super::manner::Manner;
use super::walker::plain_units;
use crate::calendar::{Calendar, Period};
use crate::id::{EventType, Name, UnitId};
use crate::policy::definition::score::{Per, Scorecard, Target};
use crate::policy::definition::{Definition, Opening, TimeSource, Who, Workflow};
use crate::policy::set::PolicySet;
use crate::sim::random::Random;
use crate::time::Instant;

/// How many matters of one workflow arise for one unit in a year, at least and at most.
const RATE: (u64, u64) = (2, 14);
/// The most matters of one workflow in a year.
const MOST_OF_WORKFLOW: u64 = 600;
/// The longest time after a period until a figure is reported, in days.
const FIGURE_WITHIN: u64 = 12;

/// A span of time in which a tenant lives.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last.
    pub until: NaiveDate,
}

/// Plans what arises.
pub struct Planner<'a> {
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// The tenant's calendar.
    pub calendar: &'a Calendar,
    /// When it arises.
    pub span: Span,
    /// How units keep their dates.
    pub manners: &'a BTreeMap<UnitId, Manner>,
}

impl Planner<'_> {
    /// Notes every matter that a fact will open. One that its unit keeps to itself
    /// is left out, if it is the unit that would state it.
    pub fn matters(&self, agenda: &mut Agenda, random: &mut Random) {
        let days = u64::try_from((self.span.until - self.span.from).num_days()).unwrap_or(0);
        let begin = self.calendar.midnight(self.span.from);
        for name in self.policies.workflow_names() {
            let Some(workflow) = self.policies.workflow_in_force(name, begin) else { continue };
            let Opening::Event { event, by, .. } = &workflow.opens else { continue };
            if self.needs(event, "indicator") {
                continue;
            }
            let owners = owners(self.policies, &workflow);
            let rate = RATE.0 + random.below(RATE.1 - RATE.0);
            let most = MOST_OF_WORKFLOW / (owners.len() as u64).max(1);
            let count = rate.min(most.max(1)) * days / 365;
            for owner in &owners {
                for _ in 0..count.max(u64::from(random.happens(rate * days / 365 * 20))) {
                    let manner = self.manners.get(owner).copied().unwrap_or(Manner::Punctual);
                    if by.contains(&Who::Owner) && manner.conceals(random) {
                        continue;
                    }
                    let at = self.some_day(days, random);
                    agenda.note(at, Task::Open(name.clone(), owner.clone()));
                }
            }
        }
    }

    /// Notes the reports of every figure that a scorecard or a target asks for.
    pub fn figures(&self, agenda: &mut Agenda, random: &mut Random) {
        for (indicator, unit, per) in asked(self.policies) {
            let mut period =
                Period::containing(per.kind().unwrap_or(crate::calendar::PeriodKind::Month), self.span.from);
            while period.end() < self.span.until {
                let day = period.end().checked_add_days(Days::new(1 + random.below(FIGURE_WITHIN)));
                let day = day.unwrap_or(self.span.until);
                let at = self.at_work(day, random);
                let report = Task::Figure {
                    unit: unit.clone(),
                    indicator: indicator.to_string(),
                    period: period.to_string(),
                };
                if !self.manners.get(&unit).is_some_and(|manner| manner.conceals(random)) {
                    agenda.note(at, report);
                }
                period = period.next();
            }
        }
    }

    /// Whether facts of a type must say something.
    fn needs(&self, kind: &EventType, field: &str) -> bool {
        let schema = schema(self.policies, kind);
        schema
            .is_some_and(|it| it["required"].as_array().is_some_and(|list| list.iter().any(|it| it == field)))
    }

    fn some_day(&self, days: u64, random: &mut Random) -> Instant {
        let day = self.span.from.checked_add_days(Days::new(random.below(days.max(1))));
        self.at_work(day.unwrap_or(self.span.from), random)
    }

    /// A moment of that day at which offices are open, or of the next such day.
    fn at_work(&self, day: NaiveDate, random: &mut Random) -> Instant {
        let opening = self.calendar.next_open(self.calendar.midnight(day));
        let later = opening.plus_seconds(i64::try_from(random.below(8 * 3600)).unwrap_or(0));
        self.calendar.next_open(later)
    }
}

/// The schema of a type's newest version.
#[must_use]
pub fn schema<'a>(policies: &'a PolicySet, kind: &EventType) -> Option<&'a serde_json::Value> {
    let (_, schemas) = policies.event_types().find(|(name, _)| *name == kind)?;
    Some(&schemas.newest()?.schema)
}

/// Fields of the data that a workflow looks at.
#[must_use]
pub fn looked_at(workflow: &Workflow) -> Vec<String> {
    let timed = workflow.clocks.iter().flat_map(|clock| [&clock.start.at, &clock.stop.at]);
    let paths = timed.filter_map(|at| match at {
        TimeSource::Data(path) => Some(path),
        TimeSource::Recorded | TimeSource::Occurred => None,
    });
    let paths = workflow.key.iter().chain(&workflow.keep).chain(paths);
    paths.filter_map(|path| path.0.strip_prefix("data.")?.split('.').next().map(str::to_owned)).collect()
}

/// Who may owe a workflow's cases: those it names, else every plain unit.
fn owners(policies: &PolicySet, workflow: &Workflow) -> Vec<UnitId> {
    if workflow.owed_by.is_empty() { plain_units(policies) } else { workflow.owed_by.clone() }
}

/// Every figure that is asked for, of whom and how often, each once.
fn asked(policies: &PolicySet) -> BTreeSet<(Name, UnitId, Per)> {
    let mut asked = BTreeSet::new();
    for (_, definition) in policies.definitions() {
        match definition {
            Definition::Scorecard(card) => of_scorecard(card, &mut asked),
            Definition::Target(target) => of_target(target, &mut asked),
            Definition::Register(_)
            | Definition::Calendar(_)
            | Definition::EventType(_)
            | Definition::Notice(_)
            | Definition::Workflow(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => {}
        }
    }
    asked
}

fn of_scorecard(card: &Scorecard, asked: &mut BTreeSet<(Name, UnitId, Per)>) {
    for item in card.items() {
        for indicator in item.inputs.values().filter_map(|input| input.indicator.as_ref()) {
            asked.extend(card.units.iter().map(|unit| (indicator.clone(), unit.clone(), often(item.per))));
        }
    }
}

fn of_target(target: &Target, asked: &mut BTreeSet<(Name, UnitId, Per)>) {
    for indicator in target.inputs.values().filter_map(|input| input.indicator.as_ref()) {
        asked.extend(target.units.iter().map(|unit| (indicator.clone(), unit.clone(), often(target.per))));
    }
}

/// How often a figure is reported that is taken over such a time: a cumulative one
/// every month.
const fn often(per: Per) -> Per {
    match per {
        Per::Cumulative => Per::Month,
        Per::Month | Per::Quarter | Per::HalfYear | Per::Year => per,
    }
}
