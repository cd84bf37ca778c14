//! Ladders: who is told what when, before, at and after the due instant.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, chosen, fact, publication, t};
use duban::event::catalogue::Event;
use duban::policy::definition::{Definition, Ladder, Workflow};
use duban::time::Instant;

const OWNER: &str = "qu-zhujianju";
const DECISION: &str = "double-publicity/A-1";

fn decided(on: &str) -> FactDraft {
    let data = json!({"unit": OWNER, "decisionNumber": "A-1", "category": "licence", "decidedOn": on});
    fact("decision.made").by(OWNER).data(data)
}

fn words(given: &Given) -> Vec<(Instant, &'static str)> {
    let known = [
        "breach",
        "Reminder 0.1",
        "Reminder 1.1",
        "SupervisionSheet 2.1",
        "SupervisionSheet 2.2",
        "SupervisionSheet 2.3",
        "Bulletin 3.1",
        "Summons 4.1",
    ];
    let word = |word: String| known.into_iter().find(|known| *known == word).expect("a known word");
    given.alarms().into_iter().map(|(at, text)| (at, word(text))).collect()
}

/// Decided on Wednesday 2 November 2022, due at the end of Friday the 11th.
fn whole_ladder() -> [(Instant, &'static str); 8] {
    [
        (t("2022-11-08T09:00"), "Reminder 0.1"),
        (t("2022-11-12T00:00"), "breach"),
        (t("2022-11-12T00:00"), "Reminder 1.1"),
        (t("2022-11-15T09:00"), "SupervisionSheet 2.1"),
        (t("2022-11-16T09:00"), "SupervisionSheet 2.2"),
        (t("2022-11-17T09:00"), "SupervisionSheet 2.3"),
        (t("2022-11-21T09:00"), "Bulletin 3.1"),
        (t("2022-11-28T09:00"), "Summons 4.1"),
    ]
}

#[test]
fn rungs_come_before_at_and_after_due_in_business_hours_and_end() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02"));
    for hour in 0..24 * 60 {
        let at = t("2022-11-02T10:00").plus_seconds(hour * 3600);
        given.at(at);
    }
    assert_eq!(words(&given), whole_ladder());
    let deadline = given.deadline(DECISION, "upload");
    assert_eq!((deadline.level, deadline.reminders), (3, 2));
    assert_eq!(deadline.reminded_at, Some(t("2022-11-12T00:00")));
    assert_eq!(deadline.term.wake_at, None, "nothing is left to do");
}

/// Rungs over the long holidays, worked out by hand: the day of the decision, and the
/// instants of reminder, breach with the reminder at due, three sheets, bulletin, talk.
const HOLIDAYS: [(&str, &str, [&str; 7]); 3] = [
    // Seven working days end on Friday 30 September, the day before National Day. The
    // eighth and ninth of October, a Saturday and a Sunday, are worked.
    (
        "2022-09-21",
        "2022-10-01T00:00",
        [
            "2022-09-27T09:00",
            "2022-10-01T00:00",
            "2022-10-09T09:00",
            "2022-10-10T09:00",
            "2022-10-11T09:00",
            "2022-10-13T09:00",
            "2022-10-20T09:00",
        ],
    ),
    // Counted across the same week: the reminder comes on the Saturday that is worked.
    (
        "2022-09-27",
        "2022-10-12T00:00",
        [
            "2022-10-08T09:00",
            "2022-10-12T00:00",
            "2022-10-13T09:00",
            "2022-10-14T09:00",
            "2022-10-17T09:00",
            "2022-10-19T09:00",
            "2022-10-26T09:00",
        ],
    ),
    // The Spring Festival of 2023 is from Saturday 21 to Friday 27 January; the 28th and
    // 29th are worked.
    (
        "2023-01-11",
        "2023-01-21T00:00",
        [
            "2023-01-17T09:00",
            "2023-01-21T00:00",
            "2023-01-29T09:00",
            "2023-01-30T09:00",
            "2023-01-31T09:00",
            "2023-02-02T09:00",
            "2023-02-09T09:00",
        ],
    ),
];

#[test]
fn rungs_over_the_long_holidays_fall_where_the_table_has_them() {
    for (day, due, instants) in HOLIDAYS {
        let mut given = Given::tenant("changqing", &["double-publicity"]);
        let start = t(&format!("{day}T10:00"));
        given.at(start).when(decided(day));
        let calendar = duban::id::Name::new("cn-gov").expect("a name");
        assert_eq!(given.term(DECISION, "upload").due_at, t(due));
        for hour in 0..24 * 45 {
            given.at(start.plus_seconds(hour * 3600));
        }
        let rungs: Vec<Instant> =
            words(&given).into_iter().filter(|(_, word)| *word != "breach").map(|(at, _)| at).collect();
        assert_eq!(rungs, instants.map(t), "decided on {day}");
        let (_, calendar) = given.state.policies().calendar(&calendar).expect("the calendar");
        for at in rungs.into_iter().filter(|at| *at != t(due)) {
            assert_eq!(calendar.next_open(at), at, "{at} lies in quiet hours");
        }
    }
}

#[test]
fn nothing_is_raised_once_it_is_done_before_the_holidays_end() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-09-21T10:00")).when(decided("2022-09-21"));
    given.at(t("2022-10-05T10:00")).when(fact("publicity.uploaded").by(OWNER).of(DECISION)).then_met(true);
    given.at(t("2023-03-01T00:00")).then("");
    assert_eq!(words(&given).len(), 3, "the reminder, the breach and the reminder at due");
}

#[test]
fn one_late_look_gives_the_same_as_many() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02"));
    given.at(t("2023-03-01T00:00"));
    assert_eq!(words(&given), whole_ladder());
}

#[test]
fn each_rung_comes_at_its_instant_and_not_a_moment_before() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02"));
    let mut told = 0;
    for (at, _) in whole_ladder() {
        given.at(at.just_before());
        assert_eq!(given.alarms().len(), told, "just before {at}");
        given.at(at);
        told = whole_ladder().iter().filter(|(other, _)| *other <= at).count();
        assert_eq!(given.alarms().len(), told, "at {at}");
    }
}

#[test]
fn roles_are_resolved_when_they_are_told() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02"));
    given.at(t("2022-11-16T10:00"));
    let Some(Definition::Register(mut register)) = chosen("changqing", &[]).into_iter().next() else {
        panic!("the register comes first")
    };
    let office = duban::id::RoleId::new("credit-office").expect("a role");
    let one_more = duban::id::UnitId::new("qu-fagaiju").expect("a unit");
    register.version = "2022-11-16".into();
    register.roles.get_mut(&office).expect("the role").push(one_more);
    given.when(publication(&Definition::Register(register))).then("policy.published");
    given.at(t("2022-11-17T10:00"));
    let told: Vec<Vec<String>> = given
        .entries()
        .filter_map(|entry| match &entry.decided.event {
            Event::EscalationRaised(it) => Some(it.to.iter().map(ToString::to_string).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(told[1], [OWNER, "xinyong-ban"]);
    assert_eq!(told[2], [OWNER, "qu-fagaiju", "xinyong-ban"]);
}

#[test]
fn nobody_is_told_of_what_is_done() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02"));
    given.at(t("2022-11-15T10:00")).when(fact("publicity.uploaded").by(OWNER).of(DECISION)).then_met(true);
    given.at(t("2023-03-01T00:00")).then("");
    assert_eq!(words(&given), whole_ladder()[..4]);
}

#[test]
fn rungs_that_passed_before_the_start_are_spent() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    // Three working days before due are over when it is stated; it is not yet late.
    given.at(t("2022-11-10T10:00")).when(decided("2022-11-02"));
    given.at(t("2023-03-01T00:00"));
    assert_eq!(words(&given), whole_ladder()[1..]);
    // Stated between two sheets, the last that passed is told, and then the next ones.
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-11-16T10:00")).when(decided("2022-11-02")).at(t("2023-03-01T00:00"));
    let stated = t("2022-11-16T10:00");
    let first = [(stated, "breach"), (stated, "SupervisionSheet 2.2")];
    assert_eq!(words(&given), [&first[..], &whole_ladder()[5..]].concat());
}

fn with_ladder(rungs: serde_json::Value, quiet: bool) -> Definition {
    let Some(Definition::Workflow(mut workflow)) = chosen("changqing", &["news-item"]).pop() else {
        panic!("the workflow comes last")
    };
    let ladder: Ladder = serde_json::from_value(json!({
        "name": "test", "version": "1", "quietOutsideWorkingHours": quiet, "rungs": rungs,
    }))
    .expect("a ladder");
    let clock = workflow.clocks.first_mut().expect("a clock");
    clock.ladder = Some(ladder);
    Definition::Workflow(Box::new(Workflow { version: "test".into(), ..*workflow }))
}

fn news(definition: &Definition) -> Given {
    let mut given = Given::tenant("changqing", &[]);
    given.when(publication(definition)).then("policy.published");
    // Saturday afternoon; due on Monday 7 November at 15:00.
    let data = json!({"unit": "wenchang", "title": "某事", "happenedAt": "2022-11-05T15:00:00+08:00"});
    given.at(t("2022-11-05T15:00")).when(fact("news.happened").by("wenchang").of("N-1").data(data));
    given.at(t("2022-12-05T00:00"));
    given
}

fn instants(given: &Given) -> Vec<Instant> {
    given.alarms().into_iter().filter(|(_, word)| word != "breach").map(|(at, _)| at).collect()
}

#[test]
fn repeats_step_on_by_the_clock_and_stop_at_their_cap() {
    let rungs = json!([{"at": {"hours": 3}, "every": {"hours": 12}, "most": 4, "light": "red", "act": "reminder", "to": ["owner"]}]);
    let given = news(&with_ladder(rungs, false));
    let expected = ["2022-11-07T18:00", "2022-11-08T06:00", "2022-11-08T18:00", "2022-11-09T06:00"].map(t);
    assert_eq!(instants(&given), expected);
}

#[test]
fn quiet_hours_move_a_rung_to_the_opening_but_never_past_due() {
    let rungs = json!([
        {"at": {"hours": -47}, "light": "blue", "act": "reminder", "to": ["owner"]},
        {"at": {"hours": -24}, "light": "blue", "act": "reminder", "to": ["owner"]},
        {"at": {"hours": 4}, "light": "red", "act": "reminder", "to": ["owner"]},
    ]);
    let given = news(&with_ladder(rungs, true));
    // Saturday and Sunday rest, so both wait for Monday's opening; 19:00 is too late
    // for that day.
    assert_eq!(instants(&given), ["2022-11-07T09:00", "2022-11-07T09:00", "2022-11-08T09:00"].map(t));
    let loud = json!([{"at": {"hours": -47}, "light": "blue", "act": "reminder", "to": ["owner"]}]);
    assert_eq!(instants(&news(&with_ladder(loud, false))), [t("2022-11-05T16:00")]);
}

#[test]
fn daily_repeats_from_midnight_count_full_working_days() {
    // A limit in days ends at 24:00, so its sheets do too: the second comes when
    // another working day is over, even with a weekend between.
    let Some(Definition::Workflow(mut workflow)) = chosen("changqing", &["double-publicity"]).pop() else {
        panic!("the workflow comes last")
    };
    let rungs = json!([{"at": {"workingDays": 1}, "every": {"workingDays": 1}, "most": 6, "light": "red", "act": "reminder", "to": ["owner"]}]);
    let ladder = json!({"name": "test", "version": "1", "rungs": rungs});
    workflow.clocks[0].ladder = Some(serde_json::from_value(ladder).expect("a ladder"));
    let mut given = Given::tenant("changqing", &[]);
    given.when(publication(&Definition::Workflow(workflow))).then("policy.published");
    given.at(t("2022-11-02T10:00")).when(decided("2022-11-02")).at(t("2022-12-05T00:00"));
    let expected = [
        "2022-11-15T00:00",
        "2022-11-16T00:00",
        "2022-11-17T00:00",
        "2022-11-18T00:00",
        "2022-11-19T00:00",
        "2022-11-22T00:00",
    ];
    assert_eq!(instants(&given), expected.map(t));
}
