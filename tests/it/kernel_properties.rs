//! What holds of every sequence of facts, lawful or not: one ledger whatever the
//! groups, ticks and crashes; one state whatever the way to it; every alarm once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::support::kernel::{Delivery, Given, authored, chosen, fact, fold_into, publication, t};
use crate::support::model;
use duban::event::chain::Chain;
use duban::event::entry::Decided;
use duban::event::fact::{Content, Received};
use duban::id::Seq;
use duban::kernel::row::{Family, split_outbox_key};
use duban::policy::definition::Definition;
use duban::time::Instant;

/// One step of a workload, in small numbers that mean something in [`play`].
#[derive(Debug, Clone)]
struct Step {
    wait: Wait,
    kind: usize,
    case: u8,
    wrong_actor: bool,
    /// An id that may have been used before.
    id: Option<u8>,
}

#[derive(Debug, Clone)]
enum Wait {
    Seconds(i64),
    /// To the next due instant, and so many nanoseconds more or less.
    Due(i64),
}

/// What is stated: type, the lawful actor, data.
const KINDS: [(&str, &str); 22] = [
    ("objection.received", "xinyong-pingtai"),
    ("objection.received", "xinyong-pingtai"),
    ("objection.accepted", "wenchang"),
    ("objection.answered", "wenchang"),
    ("objection.answered", "wenchang"),
    ("objection.material-requested", "wenchang"),
    ("objection.material-received", "xinyong-pingtai"),
    ("objection.review-returned", "xinyong-ban"),
    ("objection.review-passed", "xinyong-ban"),
    ("objection.withdrawn", "xinyong-pingtai"),
    ("decision.made", "wenchang"),
    ("publicity.uploaded", "wenchang"),
    ("publicity.checked", "xinyong-pingtai"),
    ("report.submitted", "wenchang"),
    ("policy.published", "operator"),
    ("explanation.given", "wenchang"),
    ("extension.requested", "wenchang"),
    ("extension.granted", "xinyong-ban"),
    ("handover.proposed", "wenchang"),
    ("handover.accepted", "guide"),
    ("reminder.delivered", "courier"),
    ("reminder.failed", "courier"),
];

const WORKFLOWS: [&str; 3] = ["objection", "double-publicity", "report-village-defaults"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        4 => Just(Wait::Seconds(0)),
        4 => (1_i64..40_000).prop_map(Wait::Seconds),
        2 => (40_000_i64..1_000_000).prop_map(Wait::Seconds),
        2 => (-1_i64..=1).prop_map(Wait::Due),
    ];
    let step =
        (wait, 0..KINDS.len(), 0_u8..3, prop::bool::weighted(0.1), prop::option::weighted(0.15, 0_u8..4));
    let step =
        step.prop_map(|(wait, kind, case, wrong_actor, id)| Step { wait, kind, case, wrong_actor, id });
    vec(step, 1..45)
}

/// A quota that the workload fills, one that it hardly does, and a plan that is owed
/// once, from a day within the workload.
const DUTIES: &str = r#"
kind: Duty
name: quota-matters
version: "1"
title: {zh: 办件数量, en: Matters dealt with}
cite: {notice: changqing-2022, clause: 三(四)18}
effective: {from: "2022-09-01"}
for: [unit:wenchang, unit:guide]
every: week
atLeast: 2
counts: {events: [objection.answered, objection.received, publicity.uploaded]}
due: {endOf: week}
calendar: cn-gov
ladder: standard
---
kind: Duty
name: once-plan
version: "1"
title: {zh: 工作方案, en: Plan of work}
cite: {notice: changqing-2022, clause: 三(一)1}
effective: {from: "2022-09-21"}
for: [unit:wenchang, unit:guide, unit:mashan]
every: once
about: data.report == 'report-village-defaults'
due: {workingDays: 5}
calendar: cn-gov
ladder: standard
satisfiedBy: {event: report.submitted, at: recorded}
review: {by: role:credit-office, pass: report.review-passed, return: report.review-returned}
---
kind: Delivery
name: delivery
version: "1"
channels:
  - {name: hook, via: webhook, serves: [unit:wenchang, role:credit-office]}
---
kind: Answers
name: answers
version: "1"
effective: {from: "2022-09-01"}
cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
explain: {by: owner}
handover: {by: owner, to: [unit:guide, unit:wenchang]}
extend: {by: owner, decidedBy: role:credit-office, most: 2, atMost: {workingDays: 10}, clocks: all}
---
kind: Reaction
name: twice-breached
version: "1"
effective: {from: "2022-09-01"}
cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
upon: deadline.breached
count: 2
within: month
publish:
  type: report.submitted
  as: owner
  subject: $case
  data: {unit: $unit, report: report-village-defaults, period: $period}
"#;

fn given(delivery: Delivery) -> Given {
    static DUTIES_RESOLVED: OnceLock<Vec<Definition>> = OnceLock::new();
    let duties = DUTIES_RESOLVED.get_or_init(|| authored("changqing", DUTIES));
    let mut given = Given::tenant_from("changqing", &WORKFLOWS, t("2022-09-20T09:00")).delivered(delivery);
    for (place, duty) in duties.iter().enumerate() {
        given.when(publication(duty).id(&format!("duty-{place}")));
    }
    given
}

const USUAL: Delivery = Delivery { most: 600, unstored: 0 };

fn play(steps: &[Step]) -> Given {
    let mut given = given(USUAL);
    for (place, step) in steps.iter().enumerate() {
        let at = match step.wait {
            Wait::Seconds(seconds) => given.now().plus_seconds(seconds),
            Wait::Due(nanos) => {
                let due = given.state.next_timer().expect("a state").unwrap_or(given.now());
                Instant::from_nanos(due.min(given.now().plus_seconds(5_000_000)).as_nanos() + nanos)
            }
        };
        let at = at.max(given.now());
        given.silently_at(at);
        let (kind, actor) = KINDS[step.kind];
        let (subject, data) = match kind.split_once('.').map_or(kind, |(noun, _)| noun) {
            "objection" => (
                format!("objection/{}", step.case),
                json!({
                    "unit": "wenchang", "result": "corrected", "materials": ["证明"], "reasons": "略",
                }),
            ),
            "decision" | "publicity" => (
                format!("double-publicity/{}", step.case),
                json!({
                    "unit": "wenchang", "decisionNumber": step.case.to_string(), "category": "penalty",
                    "decidedOn": "2022-09-1".to_owned() + &step.case.to_string(), "result": "fail",
                }),
            ),
            "explanation" | "extension" | "handover" => (
                if step.case == 2 { "double-publicity/2".into() } else { format!("objection/{}", step.case) },
                json!({
                    "text": "略", "to": "guide", "clock": if step.case == 2 { "upload" } else { "answer" },
                    "until": "2022-10-1".to_owned() + &step.case.to_string(), "reason": "略",
                }),
            ),
            "reminder" => (String::new(), outcome(&given)),
            // One in three goes to what is owed once.
            _ if step.case == 0 => (
                "once-plan/wenchang".to_owned(),
                json!({"unit": "wenchang", "report": "report-village-defaults"}),
            ),
            _ => (
                format!("report-village-defaults/wenchang/2022-1{}", step.case),
                json!({
                    "unit": "wenchang", "report": "report-village-defaults", "period": format!("2022-1{}", step.case),
                }),
            ),
        };
        let id = step.id.map_or_else(|| format!("own-{place}"), |id| format!("shared-{id}"));
        let draft = if kind == "policy.published" {
            publication(&amended(step.case))
        } else {
            let draft = fact(kind).by(if step.wrong_actor { "guide" } else { actor }).data(data);
            if subject.is_empty() { draft } else { draft.of(&subject) }
        };
        given.when(draft.id(&id));
    }
    let end = given.now().plus_seconds(40 * 86_400);
    given.at(end);
    given
}

/// What the courier tells of the first message that waits, or of none.
fn outcome(given: &Given) -> serde_json::Value {
    let waiting = given.state.keys(Family::Outbox, b"hook", 1).expect("a state");
    let first = waiting.first().and_then(|key| split_outbox_key(key));
    first.map_or_else(
        || json!({"reminder": 1, "unit": "wenchang", "channel": "hook"}),
        |(channel, unit, seq)| json!({"reminder": seq, "unit": unit, "channel": channel, "attempts": 1}),
    )
}

/// The calendar with one holiday more or less.
fn amended(day: u8) -> Definition {
    let calendar = chosen("changqing", &[]).into_iter().find(|it| matches!(it, Definition::Calendar(_)));
    let mut document = serde_json::to_value(calendar.expect("a calendar")).expect("JSON");
    let date = format!("2022-10-1{day}");
    document["version"] = json!(date);
    let holiday =
        json!({"name": {"zh": "临时放假", "en": "Extra"}, "from": date, "to": date, "cite": "test"});
    document["holidays"].as_array_mut().expect("holidays").push(holiday);
    serde_json::from_value(document).expect("a definition")
}

fn replay(intake: &[Received], delivery: Delivery) -> Given {
    let mut given = given(delivery);
    given.resume(intake);
    given
}

/// The intake with a tick after every record, halfway to the next.
fn with_ticks(intake: &[Received]) -> Vec<Received> {
    let mut all = Vec::new();
    for (place, received) in intake.iter().enumerate() {
        all.push(received.clone());
        let next = intake.get(place + 1).map_or(received.at, |next| next.at);
        let half = received.at.as_nanos() + (next.as_nanos() - received.at.as_nanos()) / 2;
        all.push(Received {
            seq: received.seq.next(),
            at: Instant::from_nanos(half),
            content: Content::Tick,
        });
    }
    all
}

fn without_causes(given: &Given) -> Vec<Decided> {
    given.entries().map(|entry| Decided { cause: Seq::ZERO, ..entry.decided.clone() }).collect()
}

fn bodies(given: &Given) -> Vec<&[u8]> {
    given.ledger.iter().map(|out| &out.body[..]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_intake_gives_one_ledger(steps in steps()) {
        let first = play(&steps);
        for (most, unstored) in [(600, 0), (1, 0), (3, 2), (40, 1)] {
            let again = replay(&first.intake, Delivery { most, unstored });
            prop_assert_eq!(bodies(&again), bodies(&first), "groups of {}", most);
        }
        let ticked = replay(&with_ticks(&first.intake), USUAL);
        prop_assert_eq!(without_causes(&ticked), without_causes(&first), "with ticks");
    }

    #[test]
    fn every_way_leads_to_one_state(steps in steps(), cut in 0.0_f64..1.0, each in 1_usize..40) {
        let mut given = play(&steps);
        let end = Seq(given.ledger.len() as u64);
        let digest = given.digest();
        for delivery in [Delivery { most: 1, unstored: 3 }, Delivery { most: 25, unstored: 1 }] {
            prop_assert_eq!(replay(&given.intake, delivery).digest(), digest);
        }
        let (state, store) = given.refold(end, each);
        prop_assert_eq!(state.checkpoint(), given.state.checkpoint());
        prop_assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
        drop(store);
        // A prefix, read back from the store, and the tail on top of it.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a short list")]
        let until = Seq((end.0 as f64 * cut) as u64);
        let (_, store) = given.refold(until, each);
        let mut state = crate::support::kernel::TestState::load(
            duban::engine::backing::Stored(store.clone()),
            &duban::id::TenantId::new("changqing").expect("a tenant"),
        ).expect("a state");
        fold_into(&mut state, &store, &given.ledger[until.0 as usize..], each);
        prop_assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
    }

    #[test]
    fn a_crash_after_any_group_changes_nothing(steps in steps(), cuts in vec(0.0_f64..1.0, 6)) {
        let first = play(&steps);
        let mut small = given(Delivery { most: 1, unstored: 0 });
        let base = small.ledger.len() as u64;
        small.resume(&first.intake);
        let ends: Vec<Seq> = small.group_ends.iter().copied().filter(|end| end.0 >= base).collect();
        for cut in cuts {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a short list")]
            let until = ends[(ends.len() as f64 * cut) as usize];
            let mut restarted = first.restarted(until);
            restarted.resume(&first.intake);
            prop_assert_eq!(bodies(&restarted), bodies(&first), "cut after {}", until);
        }
    }

    #[test]
    fn the_ledger_is_whole_and_every_fact_has_one_verdict(steps in steps()) {
        let given = play(&steps);
        let mut chain = Chain::default();
        let mut verdicts: BTreeMap<Seq, u32> = BTreeMap::new();
        for out in &given.ledger {
            chain = chain.verify(&out.entry, &out.body).expect("the chain holds");
            let parked_before = match &out.entry.decided.event {
                duban::event::catalogue::Event::FactAccepted(it) => it.parked.is_some(),
                duban::event::catalogue::Event::EventRefused(it) => it.parked.is_some(),
                _ => false,
            };
            if out.entry.decided.event.is_verdict() && !parked_before {
                *verdicts.entry(out.entry.decided.cause).or_default() += 1;
            }
        }
        let facts: BTreeSet<Seq> = given.intake.iter()
            .filter(|it| matches!(it.content, Content::Fact(_))).map(|it| it.seq).collect();
        let own: BTreeMap<Seq, u32> = verdicts.into_iter().filter(|(seq, _)| facts.contains(seq)).collect();
        prop_assert_eq!(own, facts.into_iter().map(|seq| (seq, 1)).collect());
    }

    #[test]
    fn every_alarm_comes_once_and_none_is_missing(steps in steps()) {
        let given = play(&steps);
        let told = model::alarms(&given);
        prop_assert!(told.is_ok(), "{}", told.unwrap_err());
    }

    #[test]
    fn indexes_and_counts_are_those_of_the_cases(steps in steps()) {
        let mut given = play(&steps);
        let compared = model::rows(&mut given);
        prop_assert!(compared.is_ok(), "{}", compared.unwrap_err());
    }
}
