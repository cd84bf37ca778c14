//! Ledger entries on the wire, and the chain that links them.

use duban::event::catalogue::Event;
use duban::event::chain::{Chain, ChainError};
use duban::event::entry::{Decided, Entry, EntryError};
use duban::id::{CaseId, Seq, Sha, TenantId, UnitId};
use duban::time::Instant;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::envelope_properties;

fn tenant() -> TenantId {
    TenantId::new("changqing").expect("a tenant")
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a payload of the catalogue")
}

/// One event of every kind in the catalogue.
fn catalogue() -> Vec<Event> {
    let sha = Sha::of(b"policy").to_string();
    let at = "2022-09-29T16:00:00.000000001Z";
    let stated = json!({"source": "/a", "id": "1", "actor": "platform", "content": sha});
    let fact = json!({"source": "/a", "id": "1", "type": "objection.received", "actor": "platform",
        "occurredAt": at, "data": {"unit": "tax", "rate": 98.44}});
    let term = json!({"startedAt": at, "dueAt": at, "inclusive": false, "soonAt": at, "provisional": true,
        "calendar": sha, "wakeAt": at, "rungs": [1, 0]});
    let running = json!({"clock": "answer", "round": 1, "reason": "resumed", "before": at, "term": term});
    let breach = json!({"clock": "answer", "dueAt": at, "wakeAt": at});
    let rung = json!({"clock": "answer", "rung": 1, "nth": 2, "act": "summons", "light": "red",
        "to": ["tax", "platform"], "dueAt": at});
    vec![
        Event::LedgerOpened(of(json!({"ledger": uuid::Uuid::nil(), "tenant": "changqing", "format": 1}))),
        Event::PolicyPublished(of(json!({"fact": stated, "kind": "Workflow", "name": "objection",
            "version": "1", "sha": sha, "document": {"kind": "Workflow", "states": []}}))),
        Event::CalendarApplied(of(json!({"calendar": "cn-gov", "sha": sha, "moved": 12}))),
        Event::EventRefused(of(
            json!({"fact": stated, "type": "objection.answered", "rule": "schema.violated",
            "field": "data", "value": "", "message": "督办", "original": {"a": [1, null]}}),
        )),
        Event::EventDuplicated(of(json!({"fact": stated, "first": 3}))),
        Event::EventParked(of(json!({"fact": fact, "content": sha, "recordedAt": at,
            "cases": ["objection/YY-1"], "until": at}))),
        Event::FactAccepted(of(json!({"fact": fact, "content": sha, "from": "received", "to": "handling"}))),
        Event::CaseOpened(of(
            json!({"workflow": "objection", "policy": sha, "owner": "tax", "state": "received",
            "kept": {"number": "济〔2022〕1号"}}),
        )),
        Event::CaseClosed(of(json!({"state": "closed"}))),
        Event::CaseCredited(of(
            json!({"fact": stated, "type": "news.review-passed", "from": "news-item/N-1",
            "nth": 1, "of": 2, "to": "open"}),
        )),
        Event::PolicyBegun(of(json!({"workflow": "once-plan", "policy": sha}))),
        Event::PeriodOpened(of(json!({"workflow": "dispatch", "policy": sha, "period": "2023-08",
            "next": "2023-09", "nextAt": at}))),
        Event::DeadlineSet(of(running.clone())),
        Event::DeadlineMoved(of(running.clone())),
        Event::DeadlinePaused(of(json!({"clock": "answer", "pausedAt": at}))),
        Event::DeadlineResumed(of(running)),
        Event::DeadlineMet(of(json!({"clock": "answer", "metAt": at, "dueAt": at, "late": false}))),
        Event::DeadlineCancelled(of(json!({"clock": "answer"}))),
        Event::DeadlineBreached(of(breach.clone())),
        Event::BreachWithdrawn(of(breach)),
        Event::ReminderDue(of(rung.clone())),
        Event::EscalationRaised(of(rung)),
        Event::FactAccepted(of(json!({"fact": fact, "content": sha, "from": "received", "to": "received",
            "kept": {"value": "0.99"}}))),
    ]
    .into_iter()
    .chain(told(&sha, at, &stated, &fact))
    .collect()
}

/// What is sent, answered and called for.
fn told(sha: &str, at: &str, stated: &Value, fact: &Value) -> Vec<Event> {
    let answered = |answer: Value| json!({"fact": stated, "type": "extension.requested", "answer": answer});
    let ended = |outcome: &str| {
        json!({"fact": stated, "reminder": 12, "unit": "tax", "channel": "unit-hook", "outcome": outcome,
            "attempts": 2, "note": "200"})
    };
    vec![
        Event::ReminderDue(of(
            json!({"clock": "answer", "rung": 0, "nth": 1, "act": "reminder", "light": "blue",
            "to": ["tax"], "dueAt": at, "via": [{"unit": "tax", "channel": "unit-hook"}]}),
        )),
        Event::CaseAnswered(of(answered(
            json!({"is": "extension-requested", "clock": "answer", "until": at}),
        ))),
        Event::CaseAnswered(of(answered(json!({"is": "acknowledged"})))),
        Event::CaseAnswered(of(answered(json!({"is": "handed-over", "from": "tax", "to": "water"})))),
        Event::DeliveryEnded(of(ended("delivered"))),
        Event::DeliveryEnded(of(ended("failed"))),
        Event::DeliveryEnded(of(ended("withdrawn"))),
        Event::DeliveryReplayed(of(
            json!({"fact": stated, "reminder": 12, "unit": "tax", "channel": "unit-hook", "round": 1}),
        )),
        Event::ReactionCounted(of(json!({"reaction": "third", "period": "2022-Q3", "nth": 1, "of": 3}))),
        Event::ReactionCalled(of(json!({"reaction": "third", "policy": sha, "trigger": 9, "depth": 1,
            "counted": {"period": "2022-Q3", "nth": 3}, "fact": fact}))),
        Event::ReactionStopped(of(
            json!({"reaction": "third", "trigger": 9, "depth": 5, "reason": "too-deep"}),
        )),
    ]
}

fn entry(seq: u64, previous: Sha, event: Event) -> Entry {
    let decided = Decided {
        at: "2022-09-28T08:20:00.123456789Z".parse().expect("an instant"),
        cause: Seq(17),
        by_time: false,
        case: Some(CaseId::new("objection/济-2022/001").expect("a case")),
        unit: Some(UnitId::new("tax").expect("a unit")),
        policy: None,
        event,
    };
    Entry { seq: Seq(seq), previous, ordinal: 2, decided }
}

fn body(entry: &Entry) -> Vec<u8> {
    entry.to_message(&tenant()).expect("a message").1
}

#[test]
fn every_kind_of_event_is_read_back_as_it_was_written() {
    let events = catalogue();
    let kinds: std::collections::BTreeSet<_> = events.iter().map(|event| event.kind().to_owned()).collect();
    assert_eq!(kinds.len(), 30, "one of each kind");
    for event in events {
        let entry = entry(18, Sha::of(b"before"), event);
        let (subject, body) = entry.to_message(&tenant()).expect("a message");
        assert_eq!(subject, format!("duban.changqing.ledger.{}.tax", entry.decided.event.kind()));
        assert_eq!(Entry::read(&body).expect("an entry"), entry);
        assert!(!String::from_utf8_lossy(&body).contains("null,"), "what is absent is not written");
    }
}

#[test]
fn the_bytes_of_an_entry_never_change() {
    // Every ledger's hash chain is over such bytes: a change here breaks them all.
    let breach = catalogue().into_iter().find(|event| event.kind() == "deadline.breached").expect("a breach");
    let mut entry = entry(18, Sha::ZERO, breach);
    entry.decided.by_time = true;
    entry.decided.policy = Some(Sha::of(b"policy"));
    let expected = concat!(
        r#"{"specversion":"1.0","id":"18","source":"/duban/changqing","type":"deadline.breached","#,
        r#""time":"2022-09-28T08:20:00.123456789Z","subject":"objection/济-2022/001","cause":"17","ordinal":2,"#,
        r#""bytime":true,"unit":"tax","#,
        r#""policy":"823412d1eacb67956220e532959f0104603057c88704863ca38e7cd188fda812","#,
        r#""previous":"0000000000000000000000000000000000000000000000000000000000000000","#,
        r#""data":{"clock":"answer","dueAt":"2022-09-29T16:00:00.000000001Z","#,
        r#""wakeAt":"2022-09-29T16:00:00.000000001Z"}}"#,
    );
    assert_eq!(String::from_utf8(body(&entry)).expect("text"), expected);
    entry.decided.case = None;
    entry.decided.unit = None;
    entry.decided.policy = None;
    entry.decided.by_time = false;
    let (subject, body) = entry.to_message(&tenant()).expect("a message");
    assert_eq!(subject, "duban.changqing.ledger.deadline.breached._");
    let expected = concat!(
        r#"{"specversion":"1.0","id":"18","source":"/duban/changqing","type":"deadline.breached","#,
        r#""time":"2022-09-28T08:20:00.123456789Z","cause":"17","ordinal":2,"#,
        r#""previous":"0000000000000000000000000000000000000000000000000000000000000000","#,
        r#""data":{"clock":"answer","dueAt":"2022-09-29T16:00:00.000000001Z","#,
        r#""wakeAt":"2022-09-29T16:00:00.000000001Z"}}"#,
    );
    assert_eq!(String::from_utf8(body).expect("text"), expected);
}

#[test]
fn the_engines_own_types_are_not_those_of_facts() {
    let accepted = catalogue().into_iter().find_map(|event| match event {
        Event::FactAccepted(accepted) => Some(accepted),
        _ => None,
    });
    for kind in ["policy.published", "deadline.met", "case.reopened"] {
        let mut accepted = accepted.clone().expect("an accepted fact");
        accepted.fact.kind = kind.parse().expect("a type");
        let error = entry(1, Sha::ZERO, Event::FactAccepted(accepted)).to_message(&tenant());
        assert!(matches!(error, Err(EntryError::Reserved { .. })), "{kind}");
    }
    let unknown = String::from_utf8(body(&entry(1, Sha::ZERO, catalogue().swap_remove(8)))).expect("text");
    let unknown = unknown.replace("case.closed", "case.reopened");
    assert!(matches!(Entry::read(unknown.as_bytes()), Err(EntryError::Unknown { .. })));
    let swapped = String::from_utf8(body(&entry(1, Sha::ZERO, catalogue().swap_remove(6)))).expect("text");
    let swapped = swapped.replacen("objection.received", "objection.answered", 1);
    assert!(matches!(Entry::read(swapped.as_bytes()), Err(EntryError::Attribute { attribute: "type", .. })));
}

/// A small ledger, as entries and bytes.
fn ledger() -> Vec<(Entry, Vec<u8>)> {
    let mut written: Vec<(Entry, Vec<u8>)> = Vec::new();
    for (event, seq) in catalogue().into_iter().zip(1..) {
        let previous = written.last().map_or(Sha::ZERO, |(_, body)| Sha::of(body));
        let entry = entry(seq, previous, event);
        let body = body(&entry);
        written.push((entry, body));
    }
    written
}

fn follow(bodies: &[Vec<u8>]) -> Result<Chain, ChainError> {
    bodies.iter().try_fold(Chain::default(), |chain, body| {
        let entry = Entry::read(body).expect("an entry");
        chain.verify(&entry, body)
    })
}

#[test]
fn a_ledger_is_followed_to_its_end() {
    let ledger = ledger();
    let bodies: Vec<_> = ledger.iter().map(|(_, body)| body.clone()).collect();
    let last = bodies.last().expect("a last entry");
    assert_eq!(follow(&bodies), Ok(Chain { seq: Seq(34), hash: Sha::of(last) }));
}

#[test]
fn entries_that_are_missing_repeated_or_altered_are_found() {
    let bodies: Vec<_> = ledger().into_iter().map(|(_, body)| body).collect();
    for place in 1..bodies.len() - 1 {
        let mut cut = bodies.clone();
        cut.remove(place);
        assert!(matches!(follow(&cut), Err(ChainError::Place { .. })), "without {place}");
        let mut twice = bodies.clone();
        twice.insert(place, bodies[place].clone());
        assert!(matches!(follow(&twice), Err(ChainError::Place { .. })), "twice {place}");
        let mut altered = bodies.clone();
        let text = String::from_utf8(bodies[place].clone()).expect("text");
        altered[place] = text.replace("08:20:00.123456789Z", "08:20:00.123456788Z").into_bytes();
        assert_ne!(altered[place], bodies[place]);
        let error = follow(&altered).expect_err("should be found");
        assert!(matches!(error, ChainError::Link { .. }), "altered {place}");
        let (stated, real) = (Sha::of(&bodies[place]).to_string(), Sha::of(&altered[place]).to_string());
        assert!(error.to_string().contains(&stated) && error.to_string().contains(&real), "{error}");
    }
}

proptest! {
    #[test]
    fn every_entry_survives_being_written(
        numbers in any::<(u64, u64, u32, i64, bool)>(),
        case in option::of("[a-z]{1,5}/[^\\p{Cc}]{1,20}"),
        unit in option::of("[a-z]{1,5}"),
        policy in option::of(any::<[u8; 32]>()),
        chosen in 0..20_usize,
        fact in envelope_properties::fact(),
    ) {
        let (seq, cause, ordinal, at, by_time) = numbers;
        let mut event = catalogue().swap_remove(chosen);
        if let Event::FactAccepted(accepted) = &mut event {
            accepted.fact = fact;
        }
        let decided = Decided {
            at: Instant::from_nanos(at),
            cause: Seq(cause),
            by_time,
            case: case.map(|case| CaseId::new(&case).expect("a case")),
            unit: unit.map(|unit| UnitId::new(&unit).expect("a unit")),
            policy: policy.map(Sha::from),
            event,
        };
        let entry = Entry { seq: Seq(seq), previous: Sha::of(b"before"), ordinal, decided };
        let Ok((_, written)) = entry.to_message(&tenant()) else {
            // Only an accepted fact of a reserved type is refused.
            prop_assert!(matches!(entry.decided.event, Event::FactAccepted(_)));
            return Ok(());
        };
        let read = Entry::read(&written).expect("an entry");
        prop_assert_eq!(&read, &entry);
        prop_assert_eq!(read.to_message(&tenant()).expect("a message").1, written);
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index) {
        prop_assert!(Entry::read(&bytes).is_err());
        let mut written = body(&entry(1, Sha::ZERO, catalogue().swap_remove(10)));
        let place = at.index(written.len());
        written.truncate(place);
        prop_assert!(Entry::read(&written).is_err());
    }
}
