//! A plain model of what the kernel must have done, without its shortcuts: alarms
//! are reckoned deadline by deadline from the ledger, rows from the cases alone.

use std::collections::{BTreeMap, BTreeSet};

use duban::calendar::{Calendar, Due, Offset, offset};
use duban::engine::backing::Stored;
use duban::event::catalogue::{EXTENDED, Event, Term};
use duban::id::{CaseId, Name, Seq};
use duban::kernel::index::{Count, CounterKey};
use duban::kernel::row::{Case, Family, Parked, Schedule, Status};
use duban::kernel::state::Backing;
use duban::kernel::tally::TallyKey;
use duban::policy::definition::{Ladder, Rung};
use duban::policy::set::PolicySet;
use duban::time::Instant;

use super::kernel::Given;

/// A deadline as the ledger has told of it so far.
struct Told {
    case: CaseId,
    ladder: Option<Ladder>,
    term: Term,
    breached: bool,
    running: bool,
    /// No alarm is dated before the term was made.
    since: Instant,
    /// What the term was made by: no timer fires within one turn.
    by: Seq,
}

/// A breach, or a rung by place and count.
type Alarm = Option<(u16, u16)>;

impl Told {
    /// What should be told next, and when.
    fn expected(&self, policies: &PolicySet) -> Option<(Instant, Alarm)> {
        let calendar = policies.calendar_by_sha(&self.term.calendar)?;
        let breach = (!self.breached).then(|| (self.term.overdue_from(), None));
        let rungs = self
            .ladder
            .iter()
            .flat_map(|ladder| ladder.rungs.iter().zip(0_u16..).map(move |it| (ladder, it)));
        let rungs = rungs.filter_map(|(ladder, (rung, place))| {
            let used = self.term.rungs[usize::from(place)];
            let at = instant(calendar, ladder, rung, used, &self.term);
            (used < rung.most).then_some((at, Some((place, used + 1))))
        });
        let next = breach.into_iter().chain(rungs).min();
        next.filter(|_| self.running).map(|(at, alarm)| (at.max(self.since), alarm))
    }

    /// How often each rung was told of a light that stands at `now` under a new term.
    fn kept(&self, policies: &PolicySet, term: &Term, now: Instant) -> Vec<u16> {
        let calendar = policies.calendar_by_sha(&term.calendar).expect("the calendar");
        let Some(ladder) = &self.ladder else { return self.term.rungs.clone() };
        let mut light = None;
        for rung in &ladder.rungs {
            if instant(calendar, ladder, rung, 0, term) <= now {
                light = light.max(Some(rung.light));
            }
        }
        let stands = |rung: &Rung| light.is_some_and(|light| rung.light <= light);
        let rungs = ladder.rungs.iter().zip(&self.term.rungs);
        rungs.map(|(rung, used)| if stands(rung) { *used } else { 0 }).collect()
    }

    fn settled(&self, policies: &PolicySet, (now, by): (Instant, Seq), what: &str) -> Result<(), String> {
        match self.expected(policies).filter(|(at, _)| *at <= now) {
            Some(_) if self.by == by => Ok(()),
            Some(missing) => Err(format!("{}: {missing:?} is missing before it {what} at {now}", self.case)),
            None => Ok(()),
        }
    }
}

/// When a rung is reached for the time after `used`: steps of one unit are added
/// up and walked at once.
fn instant(calendar: &Calendar, ladder: &Ladder, rung: &Rung, used: u16, term: &Term) -> Instant {
    let last_day = (!term.inclusive).then(|| calendar.local_date(term.due_at.just_before()));
    let due = Due { at: term.due_at, inclusive: term.inclusive, last_day, provisional: false };
    let times = i32::from(used);
    let whole = match (rung.at, rung.every) {
        (at, None) => at,
        (Offset::WorkingDays(first), Some(Offset::WorkingDays(each))) => {
            Offset::WorkingDays(first + each * times)
        }
        other => panic!("no shipped ladder steps like {other:?}"),
    };
    let at = offset(calendar, &due, whole);
    match ladder.quiet_outside_working_hours {
        true if at <= term.due_at => calendar.next_open(at).min(term.due_at),
        true => calendar.next_open(at),
        false => at,
    }
}

/// Whether breaches, reminders and escalations are those that should be.
pub fn alarms(given: &Given) -> Result<(), String> {
    let policies = given.state.policies();
    let mut told: BTreeMap<(CaseId, Name), Told> = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut cases: BTreeMap<CaseId, duban::id::Sha> = BTreeMap::new();
    let mut clock = Instant::MIN;
    for entry in given.entries() {
        let at = entry.decided.at;
        let now = at.max(clock);
        let here = (at, entry.decided.cause);
        let case = entry.decided.case.clone();
        let key = |name: &Name| (case.clone().expect("a case"), name.clone());
        match &entry.decided.event {
            Event::CaseOpened(it) => {
                cases.insert(case.clone().expect("a case"), it.policy);
            }
            Event::DeadlineSet(it) => {
                if it.term.due_at < it.term.started_at {
                    return Err(format!("{case:?} is due before it starts: {:?}", it.term));
                }
                let case = case.clone().expect("a case");
                let workflow = policies.workflow(&cases[&case]).expect("the workflow");
                let ladder = workflow.clocks.iter().find(|clock| clock.name == it.clock);
                let ladder = ladder.and_then(|clock| clock.ladder.clone());
                let (term, by) = (it.term.clone(), entry.decided.cause);
                let fresh = Told { case, ladder, term, breached: false, running: true, since: now, by };
                told.insert(key(&it.clock), fresh);
            }
            Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => {
                let one = told.get_mut(&key(&it.clock)).ok_or("moved without being set")?;
                if it.resumed_at.is_some() {
                    one.running = true;
                } else {
                    one.settled(policies, here, "moves")?;
                }
                let overdue = it.term.overdue_from() <= now;
                // An extension begins the ladder anew; any other move keeps what was told
                // of a light that still stands, and no more.
                if it.reason != EXTENDED {
                    let kept = one.kept(policies, &it.term, now);
                    let given_back = it.term.rungs.iter().zip(&kept).any(|(after, before)| after < before);
                    if given_back || (!overdue && it.term.rungs != kept) {
                        return Err(format!("{}: a move spends or gives back rungs", one.case));
                    }
                }
                one.breached &= overdue;
                (one.term, one.since, one.by) = (it.term.clone(), now, entry.decided.cause);
            }
            Event::DeadlinePaused(it) => {
                let one = told.get_mut(&key(&it.clock)).ok_or("paused without being set")?;
                one.settled(policies, here, "pauses")?;
                one.running = false;
            }
            Event::DeadlineMet(it) => {
                let one = told.remove(&key(&it.clock)).ok_or("met without being set")?;
                one.settled(policies, here, "is met")?;
                let judged = one.running && one.by != entry.decided.cause;
                if judged && one.breached != it.late {
                    return Err(format!("{}: breached {} and late {}", one.case, one.breached, it.late));
                }
            }
            Event::DeadlineCancelled(it) => {
                let one = told.remove(&key(&it.clock)).ok_or("cancelled without being set")?;
                one.settled(policies, here, "is cancelled")?;
            }
            Event::DeadlineBreached(it) => {
                let one = told.get_mut(&key(&it.clock)).ok_or("breached without being set")?;
                let expected = one.expected(policies);
                if expected != Some((at, None)) {
                    return Err(format!("{}: breached at {at}, expected {expected:?}", one.case));
                }
                one.breached = true;
            }
            Event::ReminderDue(it) | Event::EscalationRaised(it) => {
                let one = told.get_mut(&key(&it.clock)).ok_or("a rung without being set")?;
                let expected = one.expected(policies);
                if expected != Some((at, Some((it.rung, it.nth)))) {
                    return Err(format!(
                        "{}: rung {}.{} at {at}, expected {expected:?}",
                        one.case, it.rung, it.nth
                    ));
                }
                one.term.rungs[usize::from(it.rung)] = it.nth;
            }
            _ => {}
        }
        if let Event::DeadlineBreached(it) = &entry.decided.event {
            let deadline = told.get(&key(&it.clock)).ok_or("breached without being set")?;
            let name = format!("{} {} {} {}", deadline.case, it.clock, deadline.term.started_at, it.due_at);
            // A limit that moved away and back may be broken again after that.
            if !seen.insert(format!("{name} {}", deadline.since)) {
                return Err(format!("breached twice: {name}"));
            }
        }
        clock = now;
    }
    told.values().try_for_each(|one| one.settled(policies, (given.now(), Seq(u64::MAX)), "is looked at"))
}

/// Whether every table that follows from the cases is what it should be.
pub fn rows(given: &mut Given) -> Result<(), String> {
    let backing = Stored(given.stored().clone());
    let scan = |family: Family| {
        let mut rows = BTreeMap::new();
        let read = backing.scan(family, &[], &mut |key, row| {
            rows.insert(key.to_vec(), row.to_vec());
            true
        });
        read.map(|()| rows).map_err(|error| error.to_string())
    };
    let mut cases: Vec<Case> = Vec::new();
    for row in scan(Family::Case)?.values() {
        cases.push(postcard::from_bytes(row).map_err(|error| error.to_string())?);
    }
    let mut expected: BTreeMap<Family, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut counts: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    for case in &cases {
        let unit = case.owner.to_string();
        let workflow = case.id.workflow().to_owned();
        let mut add = |count: Count| {
            let key = CounterKey { unit: unit.clone(), workflow: workflow.clone(), count };
            *counts.entry(key.to_bytes()).or_default() += 1;
        };
        add(if case.closed_at.is_none() { Count::OpenCases } else { Count::ClosedCases });
        for deadline in &case.deadlines {
            let name = [case.id.as_str(), "\0", deadline.clock.as_str()].concat().into_bytes();
            let mut put = |family, parts: &[&[u8]]| {
                expected.entry(family).or_default().insert(parts.concat());
            };
            let overdue = deadline.overdue_from().to_key();
            match deadline.status {
                Status::Running => {
                    put(Family::Due, &[&overdue, &name]);
                    put(Family::DueOfUnit, &[unit.as_bytes(), &[0], &overdue, &name]);
                    put(Family::DueOfWorkflow, &[workflow.as_bytes(), &[0], &overdue, &name]);
                    add(Count::Due(Count::bucket(deadline.overdue_from())));
                    add(Count::Soon(Count::bucket(deadline.term.soon_at)));
                    if deadline.level > 0 {
                        add(Count::Escalated(Count::bucket(deadline.overdue_from())));
                    }
                    if deadline.term.provisional {
                        add(Count::Provisional);
                    }
                    if let Some(at) = deadline.term.wake_at {
                        put(Family::Timer, &[&at.to_key(), &[3], &name]);
                    }
                }
                Status::Paused { .. } => add(Count::Paused),
                Status::Met { late, .. } => add(if late { Count::MetLate } else { Count::MetInTime }),
                Status::Cancelled => {}
            }
        }
    }
    for (key, row) in scan(Family::Parked)? {
        let parked: Parked = postcard::from_bytes(&row).map_err(|error| error.to_string())?;
        expected.entry(Family::Timer).or_default().insert([&parked.until.to_key()[..], &[0], &key].concat());
        for case in &parked.cases {
            let waits = [case.as_str().as_bytes(), &[0], &key].concat();
            expected.entry(Family::ParkedFor).or_default().insert(waits);
        }
    }
    for (key, row) in scan(Family::Schedule)? {
        let schedule: Schedule = postcard::from_bytes(&row).map_err(|error| error.to_string())?;
        let timer = [&schedule.opens_at.to_key()[..], &[1], &key].concat();
        expected.entry(Family::Timer).or_default().insert(timer);
    }
    for family in [Family::Due, Family::DueOfUnit, Family::DueOfWorkflow, Family::Timer, Family::ParkedFor] {
        let found: BTreeSet<Vec<u8>> = scan(family)?.into_keys().collect();
        let wanted = expected.remove(&family).unwrap_or_default();
        if let Some(odd) = found.symmetric_difference(&wanted).next() {
            let side = if found.contains(odd) { "too many" } else { "missing" };
            return Err(format!("{} in {}: {}", side, family.name(), String::from_utf8_lossy(odd)));
        }
    }
    let found: BTreeMap<Vec<u8>, i64> = scan(Family::Counter)?
        .into_iter()
        .map(|(key, row)| (key, i64::from_be_bytes(row.try_into().expect("eight bytes"))))
        .collect();
    if found != counts {
        let name = |key: &Vec<u8>| format!("{:?}", CounterKey::from_bytes(key));
        let odd = found.iter().chain(&counts).find(|(key, _)| found.get(*key) != counts.get(*key));
        let (key, _) = odd.expect("they differ");
        return Err(format!("{}: {:?} instead of {:?}", name(key), found.get(key), counts.get(key)));
    }
    let tallied: BTreeMap<Vec<u8>, i64> = scan(Family::Tally)?
        .into_iter()
        .map(|(key, row)| (key, i64::from_be_bytes(row.try_into().expect("eight bytes"))))
        .collect();
    let wanted = super::tallies::of_ledger(given);
    let odd = tallied.iter().chain(&wanted).find(|(key, _)| tallied.get(*key) != wanted.get(*key));
    odd.map_or(Ok(()), |(key, _)| {
        let name = TallyKey::from_bytes(key);
        Err(format!("{name:?}: {:?} instead of {:?}", tallied.get(key), wanted.get(key)))
    })
}
