//! What to do in one lane now: the reminders of one channel to one unit, in the order of
//! the ledger.
//!
//! Pure: it is given rows, terms and the time, and says what to send, what to withdraw
//! and when to look again. Reminders of one case keep their order; those of other cases
//! do not wait for one that rests after a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::terms::{Gathering, Raised, Terms};
use crate::id::{CaseId, Seq};
use crate::query::outbox::Standing;
use crate::time::Instant;

/// The most reminders of one message: more would not be read, and no robot takes it.
pub const MOST_MERGED: usize = 50;
/// How long a message waits for reminders that its engine has not raised yet, although
/// they belong into it: an engine with that much to do sends first what it has.
const PATIENCE: Duration = Duration::from_secs(30);
/// When a message that waits for its engine is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A reminder that waits in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place on the ledger.
    pub seq: Seq,
    /// The case that it is about.
    pub case: Option<CaseId>,
    /// When it was raised, and when what it is about is due.
    pub raised: Raised,
    /// Its end is told and not decided yet.
    pub told: bool,
    /// It failed before and rests until then.
    pub rests_until: Option<Instant>,
}

/// What to do in a lane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The places in the given rows of what is to share one message, in order.
    pub send: Vec<usize>,
    /// The instant of that message, the same whenever it is planned again.
    pub at: Instant,
    /// The places of what is not to be sent any more, with why.
    pub withdraw: Vec<(usize, Standing)>,
    /// When to look again though nothing changes.
    pub wake: Option<Instant>,
}

/// A reminder that may be sent, and from when on.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    place: usize,
    release: Instant,
    goes_at: Instant,
}

/// Plans a lane at `now`. Every reminder dated before `raised_until` is on the ledger.
/// `stands` says of a place in `rows` whether what it is about still stands; it is asked
/// only of what would be sent.
///
/// # Errors
/// Those of `stands`.
pub fn plan<E>(
    rows: &[Waiting],
    terms: &Terms<'_>,
    (now, raised_until): (Instant, Instant),
    mut stands: impl FnMut(usize) -> Result<Standing, E>,
) -> Result<Plan, E> {
    let mut plan = Plan::default();
    let candidates = candidates(rows, terms, now, &mut plan.wake);
    let ready: Vec<Candidate> = candidates.iter().copied().filter(|it| it.goes_at <= now).collect();
    let later = candidates.iter().filter(|it| it.goes_at > now).map(|it| it.goes_at).min();
    plan.wakes_at(later);
    let Some(first) = ready.iter().min_by_key(|it| (it.release, it.place)) else { return Ok(plan) };
    let until = first.release;
    let gathers = !matches!(terms.gathering, Gathering::None);
    if gathers && raised_until <= until && now < until.plus(PATIENCE) {
        plan.wakes_at(Some(now.plus(LOOK_AGAIN)));
        return Ok(plan);
    }
    let shares: Vec<Candidate> = match terms.gathering {
        Gathering::None => ready,
        Gathering::Merge(_) => {
            shared(&candidates, |it| rows.get(it.place).is_some_and(|row| row.raised.at <= until))
        }
        Gathering::Digest(_) => shared(&candidates, |it| it.release <= now),
    };
    for candidate in shares {
        match stands(candidate.place)? {
            Standing::Stands => plan.send.push(candidate.place),
            gone @ (Standing::Met | Standing::Closed | Standing::Moved) => {
                plan.withdraw.push((candidate.place, gone));
            }
        }
        if plan.send.len() >= if gathers { MOST_MERGED } else { 1 } {
            break;
        }
    }
    plan.at = match plan.send.first().and_then(|place| rows.get(*place)) {
        Some(row) if !gathers => row.raised.at,
        Some(_) | None => until,
    };
    Ok(plan)
}

impl Plan {
    fn wakes_at(&mut self, at: Option<Instant>) {
        self.wake = [self.wake, at].into_iter().flatten().min();
    }
}

fn shared(candidates: &[Candidate], shares: impl Fn(&Candidate) -> bool) -> Vec<Candidate> {
    candidates.iter().copied().filter(|it| shares(it)).collect()
}

/// The reminders that may be sent, in order, each with when.
fn candidates(
    rows: &[Waiting],
    terms: &Terms<'_>,
    now: Instant,
    wake: &mut Option<Instant>,
) -> Vec<Candidate> {
    let (mut found, mut held) = (Vec::new(), BTreeSet::new());
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| !row.told) {
        let case = row.case.as_ref();
        if case.is_some_and(|case| held.contains(case)) {
            continue;
        }
        if let Some(until) = row.rests_until.filter(|until| *until > now) {
            held.extend(case);
            *wake = [*wake, Some(until)].into_iter().flatten().min();
            continue;
        }
        let release = terms.release(row.raised);
        let goes_at = if release > now { release } else { terms.opens(now, row.raised) };
        found.push(Candidate { place, release, goes_at });
    }
    // A later reminder of a case that must not wait takes the earlier ones along.
    let mut earliest = BTreeMap::new();
    for candidate in found.iter_mut().rev() {
        let Some(case) = rows.get(candidate.place).and_then(|row| row.case.as_ref()) else { continue };
        let of_case = earliest.entry(case).or_insert((candidate.goes_at, candidate.release));
        of_case.0 = of_case.0.min(candidate.goes_at);
        of_case.1 = of_case.1.min(candidate.release);
        (candidate.goes_at, candidate.release) = *of_case;
    }
    found
}

/// What to give up in a lane whose unit has no address: what has waited for one as long
/// as attempts would have gone on. The rest waits, for somebody may give the address.
#[must_use]
pub fn without_address(rows: &[Waiting], terms: &Terms<'_>, now: Instant) -> (Vec<usize>, Option<Instant>) {
    let (mut over, mut wake) = (Vec::new(), None);
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| !row.told) {
        if terms.is_over(row.raised, now) {
            over.push(place);
        } else {
            let until = terms.release(row.raised).plus(terms.give_up_after);
            wake = [wake, Some(until)].into_iter().flatten().min();
        }
    }
    (over, wake)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::calendar::Calendar;

    const LONG: Duration = Duration::from_secs(72 * 3_600);

    fn cn() -> Calendar {
        let text = include_str!("../../workflows/calendars/cn-gov.yaml");
        Calendar::new(serde_saphyr::from_str(text).expect("a calendar")).expect("a sound calendar")
    }

    fn at(text: &str) -> Instant {
        format!("{text}+08:00").parse().expect("an instant")
    }

    fn row(seq: u64, case: &str, raised: &str) -> Waiting {
        let case = Some(CaseId::new(case).expect("a case"));
        let raised = Raised { at: at(raised), due_at: None };
        Waiting { seq: Seq(seq), case, raised, told: false, rests_until: None }
    }

    fn planned(rows: &[Waiting], terms: &Terms<'_>, now: &str) -> Plan {
        let stands = |_| Ok::<_, Infallible>(Standing::Stands);
        plan(rows, terms, (at(now), Instant::MAX), stands).expect("it cannot fail")
    }

    fn plain() -> Terms<'static> {
        Terms { quiet: None, gathering: Gathering::None, give_up_after: LONG }
    }

    #[test]
    fn one_after_another_in_the_order_of_the_ledger() {
        let now = "2026-03-11T10:00:00";
        let mut rows = vec![row(1, "a/1", now), row(2, "a/2", now), row(3, "a/1", now)];
        assert_eq!(planned(&rows, &plain(), now).send, [0]);
        rows[0].told = true;
        assert_eq!(planned(&rows, &plain(), now).send, [1]);
        rows[1].told = true;
        assert_eq!(planned(&rows, &plain(), now).send, [2]);
        rows[2].told = true;
        assert_eq!(planned(&rows, &plain(), now), Plan::default());
    }

    #[test]
    fn what_rests_holds_back_its_own_case_only() {
        let now = "2026-03-11T10:00:00";
        let mut rows = vec![row(1, "a/1", now), row(2, "a/1", now), row(3, "a/2", now)];
        rows[0].rests_until = Some(at("2026-03-11T10:00:08"));
        let plan = planned(&rows, &plain(), now);
        assert_eq!((plan.send, plan.wake), (vec![2], Some(at("2026-03-11T10:00:08"))));
        assert_eq!(planned(&rows, &plain(), "2026-03-11T10:00:08").send, [0]);
    }

    #[test]
    fn what_no_longer_stands_is_withdrawn_before_anything_is_sent_for_it() {
        let now = "2026-03-11T10:00:00";
        let rows = vec![row(1, "a/1", now), row(2, "a/2", now), row(3, "a/3", now)];
        let stands = |place| Ok::<_, Infallible>([Standing::Met, Standing::Closed, Standing::Stands][place]);
        let plan = plan(&rows, &plain(), (at(now), Instant::MAX), stands).expect("it cannot fail");
        assert_eq!(plan.send, [2]);
        assert_eq!(plan.withdraw, [(0, Standing::Met), (1, Standing::Closed)]);
    }

    #[test]
    fn twenty_deadlines_share_one_message_that_is_the_same_whenever_it_is_planned() {
        let gathering = Gathering::Merge(Duration::from_secs(600));
        let terms = Terms { quiet: None, gathering, give_up_after: LONG };
        let mut rows: Vec<Waiting> =
            (0..20).map(|n| row(n, &format!("a/{n}"), &format!("2026-03-11T10:00:{n:02}"))).collect();
        rows.push(row(20, "a/20", "2026-03-11T10:11:00"));
        let early = planned(&rows, &terms, "2026-03-11T10:09:59");
        assert_eq!((early.send, early.wake), (vec![], Some(at("2026-03-11T10:10:00"))));
        for now in ["2026-03-11T10:10:00", "2026-03-11T10:55:00"] {
            let plan = planned(&rows, &terms, now);
            assert_eq!(plan.send, (0..20).collect::<Vec<_>>(), "{now}");
            assert_eq!(plan.at, at("2026-03-11T10:10:00"), "{now}");
        }
    }

    #[test]
    fn a_gathered_message_waits_until_its_engine_has_raised_what_belongs_into_it() {
        let gathering = Gathering::Merge(Duration::from_secs(600));
        let terms = Terms { quiet: None, gathering, give_up_after: LONG };
        let rows = vec![row(1, "a/1", "2026-03-11T10:00:00")];
        let stands = |_| Ok::<_, Infallible>(Standing::Stands);
        let planned = |now: &str, until: &str| {
            plan(&rows, &terms, (at(now), at(until)), stands).expect("it cannot fail").send.len()
        };
        assert_eq!(planned("2026-03-11T10:10:01", "2026-03-11T10:10:00"), 0);
        assert_eq!(planned("2026-03-11T10:10:01", "2026-03-11T10:10:01"), 1);
        assert_eq!(planned("2026-03-11T10:10:30", "2026-03-11T10:10:00"), 1, "patience has an end");
    }

    #[test]
    fn a_message_holds_only_so_many_and_the_rest_follows() {
        let gathering = Gathering::Merge(Duration::from_secs(60));
        let terms = Terms { quiet: None, gathering, give_up_after: LONG };
        let now = "2026-03-11T10:01:00";
        let mut rows: Vec<Waiting> =
            (0..70).map(|n| row(n, &format!("a/{n}"), "2026-03-11T10:00:00")).collect();
        assert_eq!(planned(&rows, &terms, now).send.len(), MOST_MERGED);
        rows.iter_mut().take(MOST_MERGED).for_each(|row| row.told = true);
        assert_eq!(planned(&rows, &terms, now).send, (50..70).collect::<Vec<_>>());
    }

    #[test]
    fn one_digest_a_day_but_what_is_due_before_it_goes_alone() {
        let calendar = cn();
        let gathering = Gathering::Digest("08:30".parse().expect("a time"));
        let terms = Terms { quiet: Some(&calendar), gathering, give_up_after: LONG };
        let mut rows = vec![
            row(1, "a/1", "2026-03-11T09:00:00"),
            row(2, "a/2", "2026-03-11T17:00:00"),
            row(3, "a/3", "2026-03-12T08:30:00"),
            row(4, "a/4", "2026-03-12T08:31:00"),
        ];
        let digest = planned(&rows, &terms, "2026-03-12T08:30:00");
        assert_eq!((digest.send, digest.at), (vec![0, 1, 2], at("2026-03-12T08:30:00")));
        rows.iter_mut().take(3).for_each(|row| row.told = true);
        let after = planned(&rows, &terms, "2026-03-12T10:00:00");
        assert_eq!((after.send, after.wake), (vec![], Some(at("2026-03-13T08:30:00"))), "one a day");
        rows.push(row(5, "a/5", "2026-03-12T10:00:00"));
        rows[4].raised.due_at = Some(at("2026-03-13T00:00:00"));
        assert_eq!(planned(&rows, &terms, "2026-03-12T10:00:00").send, [4]);
    }

    #[test]
    fn nothing_goes_out_in_quiet_hours_and_a_case_keeps_its_order_all_the_same() {
        let calendar = cn();
        let terms = Terms { quiet: Some(&calendar), ..plain() };
        let mut rows = vec![row(1, "a/1", "2026-03-11T20:00:00"), row(2, "a/1", "2026-03-11T21:00:00")];
        let night = planned(&rows, &terms, "2026-03-11T21:00:00");
        assert_eq!((night.send, night.wake), (vec![], Some(at("2026-03-12T09:00:00"))));
        assert_eq!(planned(&rows, &terms, "2026-03-12T09:00:00").send, [0]);
        // The second must not wait for the morning; the first goes before it.
        rows[1].raised.due_at = Some(at("2026-03-12T00:00:00"));
        assert_eq!(planned(&rows, &terms, "2026-03-11T21:00:00").send, [0]);
    }

    #[test]
    fn without_an_address_reminders_wait_and_are_given_up_in_the_end() {
        let rows = vec![row(1, "a/1", "2026-03-11T10:00:00"), row(2, "a/2", "2026-03-12T10:00:00")];
        let (over, wake) = without_address(&rows, &plain(), at("2026-03-14T09:59:59"));
        assert_eq!((over, wake), (vec![], Some(at("2026-03-14T10:00:00"))));
        let (over, wake) = without_address(&rows, &plain(), at("2026-03-14T10:00:00"));
        assert_eq!((over, wake), (vec![0], Some(at("2026-03-15T10:00:00"))));
    }
}
