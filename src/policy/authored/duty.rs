//! The authored duty: what units owe again and again, one case per unit and period.
//!
//! A duty is short for a workflow that the calendar opens: open → submitted →
//! accepted or returned, with one clock from opening to submission, and a second
//! one for mending what was returned where the office sets a limit for that.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::{By, Member, Members};
use super::raw::Raw;
use super::workflow::{Ladders, find_ladder, noted};
use crate::calendar::{DueRule, PeriodKind};
use crate::id::{EventType, IdError, Name, UnitId};
use crate::policy::definition::{
    Cite, Clock, Covers, Effective, Guard, Ladder, OnCalendarAmended, Opening, Path, Register, State, Text,
    TimeSource, Transition, Trigger, Who, Workflow,
};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// What units owe in every period.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Duty")]
pub struct AuthoredDuty {
    /// Its name.
    pub name: Name,
    /// Its version, usually the date of the notice.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What is owed.
    pub title: Text,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates on which cases open under this version, both included.
    pub effective: Effective,
    /// Who owes it.
    #[serde(rename = "for")]
    pub owed_by: Members,
    /// How often.
    pub every: PeriodKind,
    /// Which period a case is about: the one that begins, or the one before.
    pub covers: Covers,
    /// Which facts are about a case, in CEL; usually `data.period == case.period`.
    pub about: Guard,
    /// When it is due, counted from the beginning of the period in which the case opens.
    pub due: Raw<DueRule>,
    /// The calendar it counts on.
    pub calendar: Name,
    /// Whether an amended calendar moves its open deadlines.
    pub on_calendar_amended: OnCalendarAmended,
    /// The ladder's name, or `none`.
    pub ladder: Name,
    /// The fact by which the owing unit does it.
    pub satisfied_by: Satisfied,
    /// Who looks at it then.
    pub review: Review,
    /// What a late submission does.
    pub late: Late,
}

/// The fact by which a duty is done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Satisfied {
    /// Its type; the owing unit states it.
    pub event: EventType,
    /// Which time counts.
    pub at: TimeSource,
}

/// How a submission is reviewed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// Who may state the outcome.
    pub by: By,
    /// The fact that accepts it.
    pub pass: EventType,
    /// The fact that sends it back.
    #[serde(rename = "return")]
    pub send_back: EventType,
    /// A limit for mending what was sent back.
    #[serde(default)]
    pub mend: Option<Mend>,
}

/// A limit for mending what a review sent back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mend {
    /// Where the limit comes from.
    pub cite: Cite,
    /// When it is due, counted from the sending back.
    pub due: Raw<DueRule>,
    /// The ladder's name, or `none`.
    pub ladder: Name,
}

/// What a late submission does to a duty.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Late {
    /// It is taken, closes the duty in the end, and counts as late.
    DoneLate,
}

impl AuthoredDuty {
    /// The workflow that the duty is short for, with groups expanded, and what is
    /// wrong with the parts: unreadable due rules, unknown ladders and groups, by
    /// the duty's own fields.
    ///
    /// There is a workflow unless a due rule cannot be read; what is unknown is
    /// left out, so that the rest can be checked too.
    #[must_use]
    pub fn resolve(&self, ladders: &Ladders, register: &Register) -> (Option<Workflow>, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let units = self.units(register, &mut flaws);
        let clocks = self.clocks(ladders, &mut flaws);
        let fixed = (Name::new("open"), self.states());
        let (Some(clocks), (Ok(initial), Ok(states))) = (clocks, fixed) else { return (None, flaws) };
        let workflow = Workflow {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            key: vec![Path("data.unit".into()), Path("data.period".into())],
            owner: Path("data.unit".into()),
            keep: Vec::new(),
            opens: Opening::Calendar {
                every: self.every,
                covers: self.covers,
                calendar: self.calendar.clone(),
                units,
            },
            initial,
            states,
            any_state: BTreeMap::new(),
            clocks,
        };
        (Some(workflow), flaws)
    }

    /// The owing units in order, each once.
    fn units(&self, register: &Register, flaws: &mut Vec<Flaw>) -> Vec<UnitId> {
        let mut units: Vec<UnitId> = Vec::new();
        for (at, member) in self.owed_by.0.iter().enumerate() {
            let found = match member {
                Member::Unit(unit) => std::slice::from_ref(unit),
                Member::Group(group) => register.groups.get(group).map_or(&[][..], Vec::as_slice),
            };
            if let Member::Group(group) = member
                && !register.groups.contains_key(group)
            {
                let message = format!("no group is called {:?}", group.as_str());
                let hint = near::hint(group.as_str(), register.groups.keys().map(Name::as_str));
                let field = child("/for", at);
                flaws.push(Flaw::mistake("group.unknown", &field, group.as_str(), message).with_hint(hint));
            }
            for unit in found {
                if !units.contains(unit) {
                    units.push(unit.clone());
                }
            }
        }
        units
    }

    fn states(&self) -> Result<BTreeMap<Name, State>, IdError> {
        let [open, submitted, returned, accepted] =
            [Name::new("open")?, Name::new("submitted")?, Name::new("returned")?, Name::new("accepted")?];
        let submit = || {
            let submission = Transition {
                to: Some(submitted.clone()),
                by: vec![Who::Owner],
                when: Some(self.about.clone()),
            };
            BTreeMap::from([(self.satisfied_by.event.clone(), submission)])
        };
        let review = |to: &Name| Transition {
            to: Some(to.clone()),
            by: self.review.by.0.clone(),
            when: Some(self.about.clone()),
        };
        let reviewed = BTreeMap::from([
            (self.review.pass.clone(), review(&accepted)),
            (self.review.send_back.clone(), review(&returned)),
        ]);
        let owner = || vec![Who::Owner];
        Ok(BTreeMap::from([
            (open, state("待报送", "To be submitted", owner(), submit())),
            (returned, state("已退回", "Sent back", owner(), submit())),
            (submitted.clone(), state("待审核", "Under review", self.review.by.0.clone(), reviewed)),
            (accepted, State { is_final: true, ..state("已办结", "Accepted", Vec::new(), BTreeMap::new()) }),
        ]))
    }

    fn clocks(&self, ladders: &Ladders, flaws: &mut Vec<Flaw>) -> Option<Vec<Clock>> {
        let ladder = noted(find_ladder(&self.ladder, "/ladder", ladders), flaws).flatten();
        let submit = noted(self.due.read("/due"), flaws).zip(EventType::new("case.opened").ok()).and_then(
            |(due, opened)| self.clock("submit", &self.title, &self.cite, (opened, due), ladder).ok(),
        );
        let Some(mend) = &self.review.mend else { return submit.map(|clock| vec![clock]) };
        let ladder = noted(find_ladder(&mend.ladder, "/review/mend/ladder", ladders), flaws).flatten();
        let title = Text { zh: "退回后重新报送".into(), en: "Submit again after sending back".into() };
        let mended = noted(mend.due.read("/review/mend/due"), flaws).and_then(|due| {
            self.clock("mend", &title, &mend.cite, (self.review.send_back.clone(), due), ladder).ok()
        });
        Some(vec![submit?, mended?])
    }

    fn clock(
        &self,
        name: &str,
        title: &Text,
        cite: &Cite,
        (start, due): (EventType, DueRule),
        ladder: Option<Ladder>,
    ) -> Result<Clock, IdError> {
        Ok(Clock {
            name: Name::new(name)?,
            title: title.clone(),
            cite: cite.clone(),
            start: Trigger { events: vec![start], at: TimeSource::Recorded, when: None },
            pause_in: Vec::new(),
            stop: Trigger {
                events: vec![self.satisfied_by.event.clone()],
                at: self.satisfied_by.at.clone(),
                when: None,
            },
            cancel: Vec::new(),
            due,
            calendar: self.calendar.clone(),
            on_calendar_amended: self.on_calendar_amended,
            ladder,
        })
    }
}

fn state(zh: &str, en: &str, waits_for: Vec<Who>, events: BTreeMap<EventType, Transition>) -> State {
    State { title: Text { zh: zh.into(), en: en.into() }, waits_for, events, is_final: false }
}

/// Where a field of the workflow that a duty is short for stands in the duty.
#[must_use]
pub fn authored_field(field: &str) -> String {
    const PLACES: [(&str, &str); 11] = [
        ("/opens/calendar/calendar", "/calendar"),
        ("/states/submitted/waitsFor", "/review/by"),
        ("/states/submitted/events", "/review"),
        ("/clocks/0/stop/at", "/satisfiedBy/at"),
        ("/clocks/0/stop", "/satisfiedBy/event"),
        ("/clocks/0", ""),
        ("/clocks/1/due", "/review/mend/due"),
        ("/clocks/1/ladder", "/review/mend/ladder"),
        ("/clocks/1/cite", "/review/mend/cite"),
        ("/clocks/1/stop", "/satisfiedBy/event"),
        ("/clocks/1", ""),
    ];
    if field.starts_with("/opens/calendar/units") {
        // Groups are expanded there, so that the places in the lists differ.
        return "/for".into();
    }
    let submits = ["/states/open/events", "/states/returned/events"];
    if submits.iter().any(|place| field.starts_with(place)) && !field.ends_with("/when") {
        return "/satisfiedBy/event".into();
    }
    if field.ends_with("/when") && field.starts_with("/states") {
        return "/about".into();
    }
    PLACES
        .iter()
        .find_map(|(from, to)| field.strip_prefix(from).map(|rest| format!("{to}{rest}")))
        .unwrap_or_else(|| field.into())
}
