//! A duty's states and clocks.
//!
//! Open → submitted → accepted or returned, with one clock from opening to
//! submission, and a second one for mending what was returned where the office
//! sets a limit for that. Without a review the submission closes the case; what is
//! owed once and for ever stays open whatever comes; a quota takes no facts itself.

use std::collections::BTreeMap;

use super::{AuthoredDuty, Every, Mend, Review, Satisfied};
use crate::calendar::DueRule;
use crate::id::{EventType, Name};
use crate::policy::authored::workflow::{Ladders, find_ladder, noted};
use crate::policy::definition::{Cite, Clock, Ladder, State, Text, TimeSource, Transition, Trigger, Who};
use crate::policy::problem::Flaw;

/// A case's states and the one that it opens in.
type Way = (Name, BTreeMap<Name, State>);

impl AuthoredDuty {
    /// The states; none when the fact that does the duty is not named.
    pub(super) fn way(&self) -> Option<Way> {
        if self.is_quota() {
            return quota_way();
        }
        let satisfied = self.satisfied_by.as_ref()?;
        match &self.review {
            _ if self.every == Every::Once && self.standing.is_some() => self.endless_way(satisfied),
            Some(review) => self.reviewed_way(satisfied, review),
            None => self.plain_way(satisfied),
        }
    }

    fn submission(&self, to: Option<Name>) -> Transition {
        Transition { to, by: vec![Who::Owner], when: self.about.clone() }
    }

    fn verdict(&self, review: &Review, to: Option<Name>) -> Transition {
        Transition { to, by: review.by.0.clone(), when: self.about.clone() }
    }

    fn reviewed_way(&self, satisfied: &Satisfied, review: &Review) -> Option<Way> {
        let [open, submitted, returned, accepted] = names(["open", "submitted", "returned", "accepted"])?;
        let submit = || BTreeMap::from([(satisfied.event.clone(), self.submission(Some(submitted.clone())))]);
        let reviewed = BTreeMap::from([
            (review.pass.clone(), self.verdict(review, Some(accepted.clone()))),
            (review.send_back.clone(), self.verdict(review, Some(returned.clone()))),
        ]);
        let states = BTreeMap::from([
            (open.clone(), state("待报送", "To be submitted", owner(), submit())),
            (returned, state("已退回", "Sent back", owner(), submit())),
            (submitted.clone(), state("待审核", "Under review", review.by.0.clone(), reviewed)),
            (accepted, closed("已办结", "Accepted")),
        ]);
        Some((open, states))
    }

    fn plain_way(&self, satisfied: &Satisfied) -> Option<Way> {
        let [open, submitted] = names(["open", "submitted"])?;
        let submit = BTreeMap::from([(satisfied.event.clone(), self.submission(Some(submitted.clone())))]);
        let states = BTreeMap::from([
            (open.clone(), state("待报送", "To be submitted", owner(), submit)),
            (submitted, closed("已报送", "Submitted")),
        ]);
        Some((open, states))
    }

    /// What goes on for ever: reports and their reviews are logged, nothing ends it.
    fn endless_way(&self, satisfied: &Satisfied) -> Option<Way> {
        let [open] = names(["open"])?;
        let mut events = BTreeMap::from([(satisfied.event.clone(), self.submission(None))]);
        if let Some(review) = &self.review {
            events.insert(review.pass.clone(), self.verdict(review, None));
            events.insert(review.send_back.clone(), self.verdict(review, None));
        }
        let states = BTreeMap::from([(open.clone(), state("持续推进", "Ongoing", owner(), events))]);
        Some((open, states))
    }

    /// The clocks; none when a due rule cannot be read.
    pub(super) fn clocks(&self, ladders: &Ladders, flaws: &mut Vec<Flaw>) -> Option<Vec<Clock>> {
        let mut clocks = Vec::new();
        let ladder = noted(find_ladder(&self.ladder, "/ladder", ladders), flaws).flatten();
        if let Some(due) = &self.due {
            let due = noted(due.read("/due"), flaws);
            let opened = EventType::new("case.opened").ok()?;
            let (name, stop) = self.done()?;
            clocks.push(due.and_then(|due| {
                let limit = Limit { start: opened, stop, due, ladder };
                self.clock(name, &self.title, &self.cite, limit)
            }));
        }
        if let (Some(review), Some((_, stop))) = (&self.review, self.done())
            && let Some(mend) = &review.mend
        {
            clocks.push(self.mend_clock(review, mend, stop, ladders, flaws));
        }
        clocks.into_iter().collect()
    }

    /// What the first clock is called, and what meets it.
    fn done(&self) -> Option<(&'static str, Trigger)> {
        if self.is_quota() {
            let events = vec![EventType::new("case.credited").ok()?];
            return Some(("reach", Trigger { events, at: TimeSource::Recorded, when: None }));
        }
        let Satisfied { event, at } = self.satisfied_by.as_ref()?;
        Some(("submit", Trigger { events: vec![event.clone()], at: at.clone(), when: None }))
    }

    fn mend_clock(
        &self,
        review: &Review,
        mend: &Mend,
        stop: Trigger,
        ladders: &Ladders,
        flaws: &mut Vec<Flaw>,
    ) -> Option<Clock> {
        let ladder = noted(find_ladder(&mend.ladder, "/review/mend/ladder", ladders), flaws).flatten();
        let title = Text { zh: "退回后重新报送".into(), en: "Submit again after sending back".into() };
        let due = noted(mend.due.read("/review/mend/due"), flaws)?;
        let limit = Limit { start: review.send_back.clone(), stop, due, ladder };
        self.clock("mend", &title, &mend.cite, limit)
    }

    fn clock(&self, name: &str, title: &Text, cite: &Cite, limit: Limit) -> Option<Clock> {
        Some(Clock {
            name: Name::new(name).ok()?,
            title: title.clone(),
            cite: cite.clone(),
            start: Trigger { events: vec![limit.start], at: TimeSource::Recorded, when: None },
            pause_in: Vec::new(),
            stop: limit.stop,
            cancel: Vec::new(),
            due: limit.due,
            calendar: self.calendar.clone(),
            on_calendar_amended: self.on_calendar_amended.unwrap_or_default(),
            ladder: limit.ladder,
        })
    }
}

/// What a clock runs between, and by when.
struct Limit {
    start: EventType,
    stop: Trigger,
    due: DueRule,
    ladder: Option<Ladder>,
}

fn quota_way() -> Option<Way> {
    let [open, reached] = names(["open", "reached"])?;
    let states = BTreeMap::from([
        (open.clone(), state("进行中", "Under way", owner(), BTreeMap::new())),
        (reached, closed("已达标", "Reached")),
    ]);
    Some((open, states))
}

fn names<const N: usize>(texts: [&str; N]) -> Option<[Name; N]> {
    let names: Vec<Name> = texts.into_iter().map(Name::new).collect::<Result<_, _>>().ok()?;
    names.try_into().ok()
}

fn owner() -> Vec<Who> {
    vec![Who::Owner]
}

fn state(zh: &str, en: &str, waits_for: Vec<Who>, events: BTreeMap<EventType, Transition>) -> State {
    State { title: Text { zh: zh.into(), en: en.into() }, waits_for, events, is_final: false }
}

fn closed(zh: &str, en: &str) -> State {
    State { is_final: true, ..state(zh, en, Vec::new(), BTreeMap::new()) }
}
