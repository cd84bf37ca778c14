//! What holds of every projection: lists and counts say what the cases say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::counts::{Numbers, counts};
use super::deadlines::{DeadlineFilter, deadlines};
use super::light::Light;
use super::page::PageAsk;
use super::policy_cache::{Policies, PolicyCache};
use super::rows::table;
use crate::event::catalogue::Term;
use crate::id::{CaseId, Name, Sha, UnitId};
use crate::kernel::layer::{Layer, Touched};
use crate::kernel::row::{Case, Deadline, Family, PolicyRow, Status};
use crate::memory::store::MemoryStore;
use crate::policy::definition::Definition;
use crate::policy::resolve::{Source, by_tenant, resolve};
use crate::port::store::{Step, Store as _};
use crate::time::Instant;

const UNITS: [&str; 3] = ["qu-shuiwuju", "qu-fagaiju", "wenchang"];
const WORKFLOWS: [(&str, &str); 2] = [("objection", "answer"), ("news-item", "submit")];
/// Deadlines lie within three days of this instant, a midnight of the calendar.
const MIDNIGHT: i64 = 1_664_380_800;

/// A deadline in the making: quarter hours and seconds after the midnight, whether
/// inclusive, how many quarter hours before it is due soon, its status and level.
type Seed = (i64, i64, bool, i64, u8, u8);

fn definitions() -> Vec<Definition> {
    let shipped = [
        ("workflows/calendars/cn-gov.yaml", include_str!("../../workflows/calendars/cn-gov.yaml")),
        ("workflows/ladders/standard.yaml", include_str!("../../workflows/ladders/standard.yaml")),
        ("workflows/changqing/register.yaml", include_str!("../../workflows/changqing/register.yaml")),
        ("workflows/changqing/objection.yaml", include_str!("../../workflows/changqing/objection.yaml")),
        ("workflows/changqing/news-item.yaml", include_str!("../../workflows/changqing/news-item.yaml")),
    ];
    let texts: Vec<Source> =
        shipped.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() }).collect();
    let mut own = by_tenant(&texts).remove("changqing").expect("the tenant's texts");
    // Schemas are of no concern here, but workflows may only name types there are.
    let events = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/events")).expect("schemas");
    for path in events.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&path).expect("a schema");
        own.push(Source { path: path.display().to_string(), text });
    }
    let report = resolve(&own);
    assert!(report.is_sound(), "{:?}", report.problems);
    report.definitions
}

/// The digests of the calendar and of the workflows.
struct World {
    store: MemoryStore,
    calendar: Sha,
    workflows: BTreeMap<String, Sha>,
}

fn world() -> World {
    let (mut step, mut calendar, mut workflows) = (Step::default(), Sha::ZERO, BTreeMap::new());
    for (seq, definition) in (1_u64..).zip(definitions()) {
        let (sha, document) = (definition.sha().expect("a digest"), definition.canonical().expect("JSON"));
        match &definition {
            Definition::Calendar(_) => calendar = sha,
            Definition::Workflow(it) => drop(workflows.insert(it.name.to_string(), sha)),
            Definition::Register(_)
            | Definition::EventType(_)
            | Definition::Notice(_)
            | Definition::Target(_)
            | Definition::Scorecard(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => {}
        }
        let row = PolicyRow { sha, at: Instant::from_nanos(0), document };
        let row = postcard::to_stdvec(&row).expect("a row");
        step.rows.insert((table(Family::Policy), seq.to_be_bytes().to_vec()), Some(row));
    }
    let store = MemoryStore::new();
    store.commit(step).expect("a commit");
    World { store, calendar, workflows }
}

fn deadline(world: &World, clock: &str, seed: Seed) -> Deadline {
    let (quarters, seconds, inclusive, soon, status, level) = seed;
    let bucket = MIDNIGHT + quarters * 900;
    let due_at = Instant::from_nanos((bucket + seconds) * 1_000_000_000);
    let soon_at = Instant::from_nanos((bucket - soon * 900) * 1_000_000_000);
    let status = match status {
        0 => Status::Paused { since: soon_at },
        1 => Status::Met { at: due_at, late: false },
        2 => Status::Met { at: due_at, late: true },
        3 => Status::Cancelled,
        _ => Status::Running,
    };
    let term = Term {
        started_at: soon_at,
        due_at,
        inclusive,
        soon_at,
        provisional: level == 1,
        calendar: world.calendar,
        wake_at: None,
        rungs: Vec::new(),
    };
    Deadline {
        clock: Name::new(clock).expect("a clock"),
        round: 1,
        status,
        term,
        breached_at: None,
        level,
        reminders: 0,
        reminded_at: None,
        pauses: Vec::new(),
        moves: 0,
        extensions: 0,
        extended_until: None,
        acknowledged_at: None,
    }
}

fn case(world: &World, n: usize, unit: usize, workflow: usize, closed: bool, seed: Seed) -> Case {
    let (name, clock) = WORKFLOWS[workflow];
    Case {
        id: CaseId::new(&format!("{name}/{n}")).expect("a case"),
        policy: world.workflows[name],
        owner: UnitId::new(UNITS[unit]).expect("a unit"),
        state: Name::new("received").expect("a state"),
        opened_at: Instant::from_nanos(0),
        closed_at: closed.then_some(Instant::from_nanos(1)),
        period: None,
        kept: "{}".into(),
        seen: BTreeMap::new(),
        credits: 0,
        deadlines: vec![deadline(world, clock, seed)],
        history: Vec::new(),
        handler: None,
        handover: None,
        extension: None,
        depth: 0,
    }
}

/// Writes cases as the fold does.
fn write(world: &World, cases: &[Case]) {
    let touched = |case: &Case| (case.id.clone(), Touched { before: None, after: Arc::new(case.clone()) });
    let layer = Layer { cases: cases.iter().map(touched).collect(), ..Layer::default() };
    let made = layer.to_rows().expect("rows");
    let counts = made
        .counts
        .iter()
        .map(|(key, count)| ((table(Family::Counter), key.to_bytes()), Some(count.to_be_bytes().to_vec())));
    let rows = made.rows.into_iter().map(|((family, key), row)| ((table(family), key), row));
    world.store.commit(Step { rows: rows.chain(counts).collect() }).expect("a commit");
}

/// The numbers of some cases at an instant, counted one by one.
fn brute(cases: &[Case], at: Instant, of: impl Fn(&Case) -> bool) -> Numbers {
    let mut numbers = Numbers::default();
    for case in cases.iter().filter(|case| of(case)) {
        let closed = i64::from(case.closed_at.is_some());
        numbers.closed_cases += closed;
        numbers.open_cases += 1 - closed;
        for deadline in &case.deadlines {
            match Light::of(deadline, at) {
                Some(Light::OnTrack) => numbers.on_track += 1,
                Some(Light::DueSoon) => numbers.due_soon += 1,
                Some(Light::Overdue) => numbers.overdue += 1,
                Some(Light::Escalated) => {
                    numbers.overdue += 1;
                    numbers.escalated += 1;
                }
                Some(Light::Paused) => numbers.paused += 1,
                None => {}
            }
            numbers.provisional += i64::from(deadline.status == Status::Running && deadline.term.provisional);
            numbers.met_in_time += i64::from(matches!(deadline.status, Status::Met { late: false, .. }));
            numbers.met_late += i64::from(matches!(deadline.status, Status::Met { late: true, .. }));
        }
    }
    numbers
}

fn walk(
    world: &World,
    policies: &Policies,
    filter: &DeadlineFilter,
    limit: usize,
    at: Instant,
) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let ask = PageAsk::new(Some(limit), cursor).expect("a page");
        let page = deadlines(&world.store, policies, filter, &ask, at).expect("a list");
        assert!(page.rows.len() <= limit);
        names.extend(page.rows.iter().map(|row| row.case.to_string()));
        let Some(next) = page.next else { return names };
        cursor = Some(next);
    }
}

fn seeds() -> impl Strategy<Value = Vec<(usize, usize, bool, Seed)>> {
    // Few places within few quarter hours, so that edges and ties are hit often.
    let seconds = prop_oneof![Just(0_i64), Just(1), 0_i64..900];
    let seed = (-6_i64..6, seconds, any::<bool>(), 0_i64..8, 0_u8..12, 0_u8..3);
    proptest::collection::vec((0..3_usize, 0..2_usize, any::<bool>(), seed), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn counts_and_lists_are_those_of_the_cases(
        seeds in seeds(),
        quarter in -7_i64..7,
        second in prop_oneof![Just(0_i64), Just(1), 0_i64..900],
        limit in 1_usize..6,
        latest_first: bool,
    ) {
        let world = world();
        let cases: Vec<Case> = seeds
            .into_iter()
            .enumerate()
            .map(|(n, (unit, workflow, closed, seed))| case(&world, n, unit, workflow, closed, seed))
            .collect();
        write(&world, &cases);
        let policies = PolicyCache::default().read(&world.store).expect("policies");
        let at = Instant::from_nanos((MIDNIGHT + quarter * 900 + second) * 1_000_000_000);

        let counted = counts(&world.store, &policies, None, &crate::identity::sight::Scope::All, at).expect("counts");
        prop_assert_eq!(counted.all, brute(&cases, at, |_| true));
        for total in &counted.by_unit {
            prop_assert_eq!(total.numbers, brute(&cases, at, |case| case.owner.as_str() == total.of.id));
        }
        for cell in &counted.cells {
            let of = |case: &Case| case.owner.as_str() == cell.unit.id && case.id.workflow() == cell.workflow.id;
            prop_assert_eq!(cell.numbers, brute(&cases, at, of));
        }

        for (unit, workflow) in [(None, None), (Some(0), None), (None, Some(1)), (Some(1), Some(0))] {
            for mut filter in [DeadlineFilter::overdue(), DeadlineFilter::upcoming(), DeadlineFilter::default()] {
                filter.unit = unit.map(|unit: usize| UnitId::new(UNITS[unit]).expect("a unit"));
                filter.workflow = workflow.map(|it: usize| Name::new(WORKFLOWS[it].0).expect("a workflow"));
                filter.latest_first = latest_first;
                let mut expected: Vec<(Instant, String)> = cases
                    .iter()
                    .filter(|case| filter.light(&policies, case, &case.deadlines[0], at).is_some())
                    .filter(|case| case.deadlines[0].status == Status::Running)
                    .map(|case| (case.deadlines[0].overdue_from(), case.id.to_string()))
                    .collect();
                expected.sort();
                if latest_first {
                    expected.reverse();
                }
                let expected: Vec<String> = expected.into_iter().map(|(_, case)| case).collect();
                prop_assert_eq!(walk(&world, &policies, &filter, limit, at), expected);
            }
        }

        let paused = DeadlineFilter { lights: BTreeSet::from([Light::Paused]), ..DeadlineFilter::default() };
        let listed = walk(&world, &policies, &paused, limit, at);
        prop_assert_eq!(i64::try_from(listed.len()).expect("few"), counted.all.paused);
    }
}
