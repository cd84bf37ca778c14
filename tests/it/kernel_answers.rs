//! Answers: what a case takes beside its workflow, and what follows for its deadlines,
//! its unit and its score.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, authored, chosen, fact, publication, t};
use crate::support::model;
use duban::event::catalogue::Event;
use duban::id::UnitId;
use duban::kernel::tally::Tallied;
use duban::policy::definition::Definition;

const OWNER: &str = "qu-zhujianju";
const OTHER: &str = "qu-shenpiju";
const OFFICE: &str = "xinyong-ban";
const CASE: &str = "rectification/qu-zhujianju/ZG-1";

/// Opened on Wednesday 2 November 2022, due at the end of Wednesday the 9th.
fn open() -> Given {
    let mut given = Given::tenant_from("changqing", &["rectification", "answers"], t("2022-10-20T09:00"));
    given.at(t("2022-11-02T10:00"));
    let data = json!({"unit": OWNER, "matter": "ZG-1", "problem": "略"});
    given.when(fact("rectification.opened").by(OFFICE).data(data));
    assert_eq!(given.term(CASE, "mend").due_at, t("2022-11-10T00:00"));
    given
}

fn ask(until: &str) -> FactDraft {
    fact("extension.requested").by(OWNER).of(CASE).data(json!({"clock": "mend", "until": until}))
}

fn grant() -> FactDraft {
    fact("extension.granted").by(OFFICE).of(CASE).data(json!({"clock": "mend"}))
}

#[test]
fn an_extension_keeps_to_what_the_policy_allows() {
    let mut given = open();
    given.when(grant()).then_refused("extension.none");
    given.when(ask("2022-11-09")).then_refused("extension.backwards");
    given.when(ask("2022-11-24")).then_refused("extension.too-far");
    given.when(ask("soon")).then_refused("time.unreadable");
    given.when(ask("2022-11-15").by(OTHER)).then_refused("actor.forbidden");
    given.when(ask("2022-11-15")).then("extension.requested case.answered");
    given.when(ask("2022-11-16")).then_refused("extension.pending");
    given.when(grant().by(OWNER)).then_refused("actor.forbidden");
    given.when(grant()).then("extension.granted deadline.moved");
    assert_eq!(given.term(CASE, "mend").due_at, t("2022-11-16T00:00"));
    given.when(ask("2022-11-16")).then("extension.requested case.answered");
    given.when(grant()).then("extension.granted deadline.moved");
    assert_eq!(given.deadline(CASE, "mend").extensions, 2);
    given.when(ask("2022-11-17")).then_refused("extension.spent");
    given.at(t("2022-11-17T00:00"));
    let last = given.alarms().last().cloned().expect("an alarm");
    assert_eq!(last.0, t("2022-11-17T00:00"), "the ladder goes by the new limit");
    model::alarms(&given).expect("every alarm where it should be");
    model::rows(&mut given).expect("rows that follow from the cases");
}

#[test]
fn it_is_asked_for_in_time_and_may_be_granted_after() {
    let mut given = open();
    given.at(t("2022-11-09T17:00")).when(ask("2022-11-15"));
    given.at(t("2022-11-11T10:00"));
    assert!(given.deadline(CASE, "mend").breached_at.is_some());
    let told = given.alarms().len();
    given.when(grant()).then("extension.granted breach.withdrawn deadline.moved");
    let deadline = given.deadline(CASE, "mend");
    assert_eq!((deadline.breached_at, deadline.level, deadline.moves), (None, 0, 1));
    given.at(t("2022-11-16T00:00"));
    let again: Vec<String> = given.alarms().split_off(told).into_iter().map(|(_, word)| word).collect();
    assert_eq!(again, ["Reminder 0.1", "breach", "Reminder 1.1"], "the ladder begins anew");
    given.when(ask("2022-11-18")).then_refused("extension.late");
    model::alarms(&given).expect("every alarm where it should be");
    // What was asked for and ran out before it was decided cannot be granted any more.
    let mut given = open();
    given.at(t("2022-11-09T17:00")).when(ask("2022-11-10"));
    given.at(t("2022-11-11T10:00")).when(grant()).then_refused("extension.past");
}

#[test]
fn another_calendar_does_not_take_back_what_was_granted() {
    let amended = |day: &str| {
        let calendar = chosen("changqing", &[]).into_iter().find(|it| matches!(it, Definition::Calendar(_)));
        let mut document = serde_json::to_value(calendar.expect("a calendar")).expect("JSON");
        document["version"] = json!(day);
        let holiday = json!({"name": {"zh": "临时放假", "en": "Extra"}, "from": day, "to": "2022-11-18", "cite": "test"});
        document["holidays"].as_array_mut().expect("holidays").push(holiday);
        publication(&serde_json::from_value(document).expect("a definition"))
    };
    let mut given = open();
    given.when(ask("2022-11-15")).when(grant());
    given.when(amended("2022-11-09"));
    // Five working days from the second end on the 21st with eight days off.
    assert_eq!(given.term(CASE, "mend").due_at, t("2022-11-22T00:00"), "never earlier, but it may be later");
    let mut given = open();
    given.when(ask("2022-11-15")).when(grant());
    given.when(amended("2022-11-18"));
    assert_eq!(given.term(CASE, "mend").due_at, t("2022-11-16T00:00"));
}

#[test]
fn extensions_are_counted_so_that_a_score_can_deduct_them() {
    let mut given = open();
    given.when(ask("2022-11-15")).when(grant());
    let unit = UnitId::new(OWNER).expect("a unit");
    let span = (t("2022-10-01T00:00"), t("2023-01-01T00:00"));
    let granted = given.state.tallied(&unit, "extension.granted", Tallied::Facts, span).expect("a state");
    assert_eq!(granted, 1);
    let card = r#"
kind: Scorecard
name: punctuality
version: "1"
title: {zh: 按期办理, en: Punctuality}
cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
effective: {from: "2022-01-01"}
for: [unit:qu-zhujianju, unit:qu-shenpiju]
total: 10
sections:
  - name: dates
    title: {zh: 期限, en: Dates}
    cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
    most: 10
    items:
      - name: extensions
        title: {zh: 延期, en: Extensions}
        cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
        most: 10
        per: quarter
        inputs: {granted: {facts: [extension.granted]}}
        points:
          - {of: granted, linear: {from: [0, 10], to: [5, 0]}}
rank: {by: total, ties: shared, every: quarter, publish: {workingDays: 5}, calendar: cn-gov}
"#;
    for definition in authored("changqing", card) {
        given.when(publication(&definition)).then("policy.published");
    }
    given.at(t("2023-02-01T10:00"));
    let ranked = given.entries().find_map(|entry| match &entry.decided.event {
        Event::RankingPublished(it) if it.period.to_string() == "2022-Q4" => Some(it.rows.clone()),
        _ => None,
    });
    let ranked = ranked.expect("the quarter's ranking");
    let points: Vec<(String, String)> =
        ranked.iter().map(|row| (row.unit.to_string(), row.points.written())).collect();
    assert_eq!(points, [(OTHER.into(), "10".into()), (OWNER.into(), "8".into())]);
}

#[test]
fn a_case_goes_to_another_unit_with_its_consent_and_takes_what_is_open_along() {
    let mut given = open();
    let propose = |to: &str| fact("handover.proposed").by(OWNER).of(CASE).data(json!({"to": to}));
    given.when(propose(OWNER)).then_refused("handover.outside");
    given.when(propose("xinyong-pingtai")).then_refused("handover.outside");
    given.when(propose("nowhere")).then_refused("unit.unknown");
    given.when(fact("handover.accepted").by(OTHER).of(CASE)).then_refused("handover.none");
    given.when(propose(OTHER)).then("handover.proposed case.answered");
    given.when(propose("qu-fagaiju")).then_refused("handover.pending");
    given.when(fact("handover.declined").by(OTHER).of(CASE)).then("handover.declined case.answered");
    assert_eq!(given.case(CASE).owner.as_str(), OWNER);
    given.when(propose(OTHER));
    given.when(fact("case.delegated").by(OWNER).of(CASE).data(json!({"person": "李某"})));
    assert_eq!(given.case(CASE).handler.as_deref(), Some("李某"));
    given.when(fact("handover.accepted").by(OTHER).of(CASE)).then("handover.accepted case.answered");
    let case = given.case(CASE);
    assert_eq!((case.owner.as_str(), case.handler.as_deref(), case.handover.as_ref()), (OTHER, None, None));
    model::rows(&mut given).expect("rows that follow from the cases");
    given.at(t("2022-11-12T10:00"));
    let told = given.entries().filter_map(|entry| match &entry.decided.event {
        Event::ReminderDue(it) => it.to.first().map(ToString::to_string),
        _ => None,
    });
    assert!(told.last().is_some_and(|unit| unit == OTHER), "reminders go to whom it was handed over");
    given.when(fact("rectification.submitted").by(OTHER).of(CASE)).then_met(true);
    model::rows(&mut given).expect("rows that follow from the cases");
}

#[test]
fn what_the_policy_leaves_out_is_refused_and_a_closed_case_takes_nothing() {
    let mut given = Given::tenant_from("changqing", &["rectification"], t("2022-10-20T09:00"));
    given.at(t("2022-11-02T10:00"));
    let data = json!({"unit": OWNER, "matter": "ZG-1", "problem": "略"});
    given.when(fact("rectification.opened").by(OFFICE).data(data));
    let explain = || fact("explanation.given").by(OWNER).of(CASE).data(json!({"text": "略"}));
    given.when(explain()).then_refused("answer.unavailable");
    let mut given = open();
    given.when(explain()).then("explanation.given case.answered");
    given.when(explain().of("rectification/qu-zhujianju/ZG-9")).then_refused("case.unknown");
    given.when(ask("2022-11-15"));
    given.when(fact("rectification.submitted").by(OWNER).of(CASE)).then_met(false);
    assert_eq!(given.case(CASE).extension, None, "nothing is left to extend");
    given.when(ask("2022-11-15")).then_refused("clock.ended");
    given.when(fact("rectification.accepted").by(OFFICE).of(CASE));
    given.when(explain()).then_refused("case.closed");
}
