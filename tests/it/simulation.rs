//! Whole lives of a tenant under faults, seed by seed. A failure prints its seed;
//! `DUBAN_SEEDS=17` (or `17..40`) lives through others.

use std::sync::Arc;

use serde_json::json;

use crate::support::kernel::{chosen, fact, publication, t};
use duban::event::fact::Fact;
use duban::id::TenantId;
use duban::sim::behaviour::Behaviour;
use duban::sim::random::Random;
use duban::sim::simulation::Simulation;

const OWNERS: [&str; 3] = ["wenchang", "guide", "qu-zhujianju"];

fn stated(random: &mut Random, number: u32) -> Fact {
    let owner = OWNERS[random.below(3) as usize];
    let objection = format!("objection/{}", random.below(u64::from(number) / 4 + 3));
    let decision = format!("double-publicity/{}", random.below(u64::from(number) / 6 + 2));
    let data = json!({
        "unit": owner, "result": "corrected", "materials": ["证明"], "reasons": "略", "category": "penalty",
        "decisionNumber": decision.trim_start_matches("double-publicity/"), "decidedOn": "2022-09-19",
    });
    let (kind, by, of) = match random.below(12) {
        0..3 => ("objection.received", "xinyong-pingtai", objection),
        3 => ("objection.accepted", owner, objection),
        4..6 => ("objection.answered", owner, objection),
        6 => ("objection.material-requested", owner, objection),
        7 => ("objection.material-received", "xinyong-pingtai", objection),
        8 => ("objection.review-returned", "xinyong-ban", objection),
        9 => ("objection.review-passed", "xinyong-ban", objection),
        10 => ("decision.made", owner, decision),
        _ => ("publicity.uploaded", owner, decision),
    };
    // Now and then an id is used again, for the same or for something else.
    let id = if random.happens(50) { random.below(u64::from(number) + 1) } else { number.into() };
    fact(kind).by(by).of(&of).data(data).id(&format!("f-{id}")).into_fact()
}

fn simulation(seed: u64, behaviour: Behaviour) -> Simulation {
    let workflows = ["objection", "double-publicity", "report-village-defaults"];
    let definitions = chosen("changqing", &workflows);
    let first = definitions.iter().zip(0..);
    let first = first.map(|(it, place)| publication(it).id(&format!("p-{place}")).into_fact()).collect();
    Simulation {
        seed,
        tenant: TenantId::new("changqing").expect("a tenant"),
        begins_at: t("2022-09-20T09:00"),
        first,
        stating: Box::new(stated),
        behaviour,
    }
}

/// The seeds to live through: so many, or those that the environment names.
fn seeds(from: u64, count: u64) -> Vec<u64> {
    #[expect(clippy::disallowed_methods, reason = "a person asks for a seed again")]
    let asked = std::env::var("DUBAN_SEEDS").ok();
    match asked.as_deref().map(|text| text.split_once("..").unwrap_or((text, ""))) {
        Some((from, "")) => vec![from.parse().expect("a seed")],
        Some((from, to)) => (from.parse().expect("a seed")..to.parse().expect("a seed")).collect(),
        None => (from..from + count).collect(),
    }
}

#[track_caller]
fn live(seeds: Vec<u64>, behaviour: fn() -> Behaviour) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = Arc::new(runtime.expect("a runtime"));
    let lives: Vec<_> =
        seeds.into_iter().map(|seed| runtime.spawn(simulation(seed, behaviour()).run())).collect();
    let mut alarms = 0;
    for life in lives {
        let audit = runtime.block_on(life).expect("no life panics");
        let audit = audit.unwrap_or_else(|verdict| panic!("failed to {verdict}"));
        alarms += audit.kinds.get("deadline.breached").copied().unwrap_or(0);
    }
    assert!(alarms > 0, "nothing was ever late, so nothing was shown");
}

#[test]
fn one_engine_in_calm() {
    live(seeds(1, 2), || Behaviour::calm(150, 1));
}

#[test]
fn one_engine_through_everything() {
    live(seeds(100, 12), || Behaviour::wild(200, 1));
}

#[test]
fn two_engines_in_calm() {
    live(seeds(300, 2), || Behaviour::calm(150, 2));
}

#[test]
fn two_engines_through_everything() {
    live(seeds(200, 12), || Behaviour::wild(200, 2));
}
