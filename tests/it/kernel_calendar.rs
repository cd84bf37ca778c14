//! An amended calendar: open deadlines move, closed ones stay, nobody is alarmed
//! twice, and a sweep that was cut off ends as if it had not been.

use serde_json::{Value, json};

use crate::support::kernel::{Delivery, FactDraft, Given, chosen, fact, publication, t};
use duban::event::catalogue::{CalendarApplied, Event};
use duban::policy::definition::{Definition, OnCalendarAmended};

const OWNER: &str = "qu-zhujianju";

fn decided(number: &str, on: &str) -> FactDraft {
    let data = json!({"unit": OWNER, "decisionNumber": number, "category": "licence", "decidedOn": on});
    fact("decision.made").by(OWNER).data(data)
}

fn id(number: &str) -> String {
    format!("double-publicity/{number}")
}

fn upload(number: &str) -> FactDraft {
    fact("publicity.uploaded").by(OWNER).of(&id(number))
}

/// The calendar with one more holiday, and verified until another day.
fn amended(holidays: &[(&str, &str)], verified: Option<&str>) -> Definition {
    let calendar = chosen("changqing", &[]).into_iter().find(|it| matches!(it, Definition::Calendar(_)));
    let mut document = serde_json::to_value(calendar.expect("a calendar")).expect("JSON");
    document["version"] = json!(format!("amended {holidays:?} {verified:?}"));
    let list = document["holidays"].as_array_mut().expect("holidays");
    for (from, to) in holidays {
        list.push(json!({"name": {"zh": "临时放假", "en": "Extra"}, "from": from, "to": to, "cite": "test"}));
    }
    if let Some(to) = verified {
        document["verified"]["to"] = json!(to);
    }
    serde_json::from_value(document).expect("a definition")
}

fn applied(given: &Given) -> Vec<&CalendarApplied> {
    fn of(event: &Event) -> Option<&CalendarApplied> {
        match event {
            Event::CalendarApplied(it) => Some(it),
            _ => None,
        }
    }
    given.entries().filter_map(|entry| of(&entry.decided.event)).collect()
}

fn open() -> Given {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00"));
    given
}

#[test]
fn open_deadlines_move_and_closed_ones_stay_as_judged() {
    let mut given = open();
    given.when(decided("A", "2022-11-02")).when(decided("B", "2022-11-02")).when(decided("C", "2022-11-01"));
    given.at(t("2022-11-03T10:00")).when(upload("B")).then_met(false);
    given.at(t("2022-11-04T10:00")).when(publication(&amended(&[("2022-11-10", "2022-11-10")], None)));
    given.then("policy.published deadline.moved deadline.moved calendar.applied");
    assert_eq!(applied(&given)[0].moved, 2);
    let term = given.term(&id("A"), "upload");
    assert_eq!(term.due_at, t("2022-11-15T00:00"));
    assert_eq!(given.deadline(&id("A"), "upload").moves, 1);
    assert_eq!(given.term(&id("B"), "upload").due_at, t("2022-11-12T00:00"));
    // The explanation counts on the calendar that the term names.
    let calendar = given.state.policies().calendar_by_sha(&term.calendar).expect("the calendar");
    let clock = chosen("changqing", &["double-publicity"]).pop();
    let Some(Definition::Workflow(workflow)) = clock else { panic!("the workflow comes last") };
    let explained = duban::calendar::explain(calendar, &workflow.clocks[0].due, term.started_at, &[]);
    assert_eq!(explained.expect("an explanation").due.at, term.due_at);
    given.at(t("2022-11-14T23:59")).when(upload("A")).then_met(false);
}

#[test]
fn the_same_calendar_again_amends_nothing() {
    let mut given = open();
    given.when(decided("A", "2022-11-02"));
    given.when(publication(&amended(&[], None))).then("policy.published calendar.applied");
    given.when(publication(&amended(&[], None))).then("policy.published");
    assert_eq!(applied(&given)[0].moved, 0);
}

#[test]
fn nobody_is_alarmed_again() {
    let mut given = open();
    given.when(decided("A", "2022-11-02")).at(t("2022-11-14T10:00"));
    let before = given.alarms();
    assert_eq!(before.len(), 3, "{before:?}");
    // The breach of the 12th is undone, and comes again when the new limit is over, with
    // the reminder at due: its light stood no longer. The blue one before due, which
    // stands as it stood, is not sent again.
    given.when(publication(&amended(&[("2022-11-10", "2022-11-11")], None)));
    assert_eq!(given.term(&id("A"), "upload").due_at, t("2022-11-16T00:00"));
    assert_eq!(given.deadline(&id("A"), "upload").breached_at, None);
    given.at(t("2022-11-18T00:00"));
    let after: Vec<_> = given.alarms().split_off(before.len());
    assert_eq!(
        after,
        [
            (t("2022-11-16T00:00"), "breach".into()),
            (t("2022-11-16T00:00"), "Reminder 1.1".into()),
            (t("2022-11-17T09:00"), "SupervisionSheet 2.1".into())
        ]
    );
}

#[test]
fn a_sheet_about_a_breach_that_is_taken_back_is_raised_again() {
    let mut given = open();
    given.when(decided("A", "2022-11-02")).at(t("2022-11-16T10:00"));
    assert_eq!(given.deadline(&id("A"), "upload").level, 1);
    let before = given.alarms().len();
    // Two more days off: due at the end of Thursday the 17th, and blue again.
    let off = [("2022-11-10", "2022-11-11"), ("2022-11-14", "2022-11-15")];
    given.when(publication(&amended(&off, None)));
    assert_eq!(given.term(&id("A"), "upload").due_at, t("2022-11-18T00:00"));
    let deadline = given.deadline(&id("A"), "upload");
    assert_eq!((deadline.level, deadline.breached_at), (0, None));
    given.at(t("2022-11-21T10:00"));
    let after: Vec<_> = given.alarms().split_off(before);
    assert_eq!(
        after,
        [
            (t("2022-11-18T00:00"), "breach".into()),
            (t("2022-11-18T00:00"), "Reminder 1.1".into()),
            (t("2022-11-21T09:00"), "SupervisionSheet 2.1".into())
        ]
    );
}

#[test]
fn a_deadline_that_moves_into_the_past_is_breached_now_and_not_before() {
    let mut given = open();
    given.when(publication(&amended(&[("2022-11-07", "2022-11-11")], None)));
    given.when(decided("A", "2022-11-02"));
    assert_eq!(given.term(&id("A"), "upload").due_at, t("2022-11-19T00:00"));
    given.at(t("2022-11-16T10:00")).when(publication(&amended(&[], None)));
    assert_eq!(given.term(&id("A"), "upload").due_at, t("2022-11-12T00:00"));
    given.at(t("2022-11-16T10:01"));
    let now = t("2022-11-16T10:00");
    assert!(
        given.alarms().iter().all(|(at, _)| *at == now || *at == t("2022-11-15T09:00")),
        "{:?}",
        given.alarms()
    );
    assert!(given.deadline(&id("A"), "upload").breached_at.is_some());
}

#[test]
fn a_rung_that_moves_alone_is_not_lost() {
    // The last day of a month stays where it is, but three working days before it
    // do not: the reminder must come where the amended calendar has it.
    let given = |holidays: &[(&str, &str)]| {
        let mut given = Given::tenant_from("changqing", &["report-arrears"], t("2022-11-01T09:00"));
        given.at(t("2022-11-02T10:00"));
        given.when(publication(&amended(holidays, None)));
        given.at(t("2022-12-05T00:00"));
        given.alarms()
    };
    let words = |alarms: &[(duban::time::Instant, String)]| {
        let of = |(at, word): &(duban::time::Instant, String)| format!("{at} {word}");
        alarms.iter().map(of).collect::<Vec<_>>()
    };
    let plain = words(&given(&[]));
    assert_eq!(plain[0], "2022-11-25T01:00:00Z Reminder 0.1");
    for (holiday, reminder) in
        [("2022-11-25", "2022-11-24T01:00:00Z"), ("2022-11-28", "2022-11-24T01:00:00Z")]
    {
        let moved = words(&given(&[(holiday, holiday)]));
        assert_eq!(moved[0], format!("{reminder} Reminder 0.1"));
        assert_eq!(moved[1..3], plain[1..3], "the breach is where it was");
    }
}

#[test]
fn provisional_deadlines_settle() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2026-12-24T10:00")).when(decided("A", "2026-12-24"));
    let term = given.term(&id("A"), "upload");
    assert!(term.provisional, "29 December is not verified");
    given.when(publication(&amended(&[("2027-01-01", "2027-01-03")], Some("2027-12-28"))));
    given.then("policy.published deadline.moved calendar.applied");
    let settled = given.term(&id("A"), "upload");
    assert!(!settled.provisional && settled.due_at > term.due_at, "{settled:?}");
}

#[test]
fn a_paused_deadline_moves_and_still_stands() {
    let mut given = Given::tenant("changqing", &["objection"]);
    let case = "objection/P-1";
    given.at(t("2022-11-09T10:00"));
    given.when(fact("objection.received").by("xinyong-pingtai").of(case).data(json!({"unit": OWNER})));
    given.when(fact("objection.accepted").by(OWNER).of(case));
    let request = json!({"materials": ["证明"]});
    given.when(fact("objection.material-requested").by(OWNER).of(case).data(request));
    given.when(publication(&amended(&[("2022-11-10", "2022-11-10")], None)));
    given.then("policy.published deadline.moved calendar.applied");
    given.at(t("2022-11-14T10:00")).then("");
    given.when(fact("objection.material-received").by("xinyong-pingtai").of(case));
    assert_eq!(given.term(case, "answer").due_at, t("2022-11-16T00:00"));
    given.at(t("2022-11-16T00:00"));
    assert!(given.deadline(case, "answer").breached_at.is_some());
}

#[test]
fn a_clock_may_keep_its_calendar() {
    let Some(Definition::Workflow(mut workflow)) = chosen("changqing", &["double-publicity"]).pop() else {
        panic!("the workflow comes last")
    };
    workflow.clocks[0].on_calendar_amended = OnCalendarAmended::Keep;
    let mut given = Given::tenant("changqing", &[]);
    given.when(publication(&Definition::Workflow(workflow)));
    given.at(t("2022-11-02T10:00")).when(decided("A", "2022-11-02"));
    given.when(publication(&amended(&[("2022-11-08", "2022-11-10")], None)));
    given.then("policy.published calendar.applied");
    given.at(t("2023-02-01T00:00"));
    let alarms = given.alarms();
    assert_eq!(alarms[0], (t("2022-11-08T09:00"), "Reminder 0.1".into()));
    assert_eq!(alarms.len(), 8, "{alarms:?}");
}

fn hundred() -> Given {
    let mut given = open();
    for number in 0..100 {
        given.when(decided(&format!("N-{number:03}"), "2022-11-02"));
    }
    given
}

#[test]
fn a_sweep_goes_in_bounded_groups_and_starts_over_where_it_was_cut_off() {
    let publish = || publication(&amended(&[("2022-11-10", "2022-11-10")], None));
    let mut whole = hundred();
    whole.when_cut_off(publish()).sweep();
    assert_eq!(applied(&whole)[0].moved, 100);
    let mut cut = hundred();
    cut.when_cut_off(publish());
    let mut groups = 0;
    while duban::kernel::sweep::pending(&cut.state).expect("a state").is_some() {
        assert!(cut.sweep_once(7) <= 8);
        groups += 1;
    }
    assert_eq!(groups, 15);
    assert_eq!(cut.ledger, whole.ledger);
    assert_eq!(cut.digest(), whole.digest());
    let mut grouped = hundred().delivered(Delivery { most: 9, unstored: 2 });
    grouped.when_cut_off(publish()).sweep();
    assert_eq!(grouped.ledger, whole.ledger);
}

#[test]
fn an_amendment_that_cannot_be_is_refused() {
    let mut given = open();
    let mut document: Value = serde_json::to_value(amended(&[], None)).expect("JSON");
    document["timeZone"] = json!("Asia/Nowhere");
    let definition: Definition = serde_json::from_value(document).expect("a definition");
    given.when(publication(&definition)).then_refused("policy.invalid");
}
