//! Duties that are owed once, and duties without a date.

use serde_json::json;

use crate::support::kernel::{Delivery, FactDraft, Given, fact, t};
use duban::event::catalogue::Event;

const OFFICE: &str = "xinyong-ban";

/// A plan that four towns owe by the end of June 2022.
const PLAN: &str = r#"
kind: Duty
name: once-plan
version: "1"
title: {zh: 工作方案, en: Plan of work}
cite: {notice: changqing-2022, clause: 三(一)1}
effective: {from: "2022-08-11"}
for: [unit:wenchang, unit:guyunhu, unit:pingan, unit:guide]
every: once
about: data.report == 'once-plan'
due: {date: "2022-06"}
calendar: cn-gov
onCalendarAmended: recompute
ladder: standard
satisfiedBy: {event: report.submitted, at: recorded}
review: {by: role:credit-office, pass: report.review-passed, return: report.review-returned}
"#;

/// Something that goes on for ever.
const ONGOING: &str = r#"
kind: Duty
name: ongoing-sharing
version: "1"
title: {zh: 信息共享, en: Sharing of information}
cite: {notice: changqing-2022, clause: 三(一)2}
effective: {from: "2022-08-11"}
for: [unit:wenchang]
every: once
about: data.report == 'ongoing-sharing'
standing: {zh: 文件要求持续推进, en: The notice says continuous}
calendar: cn-gov
ladder: none
satisfiedBy: {event: report.submitted, at: recorded}
review: {by: role:credit-office, pass: report.review-passed, return: report.review-returned}
"#;

fn given(at: &str) -> Given {
    Given::tenant_from("changqing", &[], t(at))
}

fn report(name: &str, unit: &str) -> FactDraft {
    fact("report.submitted").by(unit).data(json!({"unit": unit, "report": name}))
}

fn verdict(kind: &str, name: &str) -> FactDraft {
    let data = json!({"unit": "wenchang", "report": name, "reasons": "略"});
    fact(kind).by(OFFICE).data(data)
}

fn opened(given: &Given) -> Vec<String> {
    let opened = given.entries().filter(|entry| matches!(entry.decided.event, Event::CaseOpened(_)));
    opened.filter_map(|entry| entry.decided.case.as_ref().map(ToString::to_string)).collect()
}

#[test]
fn every_unit_has_its_case_from_the_first_day_on() {
    let mut given = given("2022-08-01T09:00");
    given.publish(PLAN);
    given.at(t("2022-08-10T23:59")).then("");
    given.at(t("2022-08-11T00:00"));
    assert_eq!(
        opened(&given),
        ["once-plan/wenchang", "once-plan/guyunhu", "once-plan/pingan", "once-plan/guide"]
    );
    let case = given.case("once-plan/wenchang");
    assert_eq!((case.period, case.opened_at), (None, t("2022-08-11T00:00")));
    assert_eq!(case.kept, r#"{"unit":"wenchang"}"#);
    given.at(t("2024-01-01T00:00"));
    assert_eq!(opened(&given).len(), 4, "once is once");
}

#[test]
fn a_date_before_the_notice_is_broken_on_its_first_day_and_told_once() {
    let mut given = given("2022-08-01T09:00");
    given.publish(PLAN).at(t("2022-08-11T00:00"));
    let deadline = given.deadline("once-plan/wenchang", "submit");
    assert_eq!(deadline.term.started_at, t("2022-08-11T00:00"));
    assert_eq!(deadline.term.due_at, t("2022-07-01T00:00"));
    assert_eq!(deadline.breached_at, Some(t("2022-08-11T00:00")));
    // All rungs lie in the past; only the last one is told, once a case.
    let words: Vec<String> = given.alarms().into_iter().map(|(_, word)| word).collect();
    assert_eq!(words.iter().filter(|word| *word == "breach").count(), 4);
    assert_eq!(words.iter().filter(|word| *word == "Summons 4.1").count(), 4);
    assert_eq!(words.len(), 8, "{words:?}");
    given.when(report("once-plan", "wenchang")).then_met(true);
    given.when(verdict("report.review-passed", "once-plan")).then("report.review-passed case.closed");
}

#[test]
fn what_is_published_late_counts_from_its_first_day_all_the_same() {
    let mut given = given("2022-10-20T09:00");
    given.publish(&PLAN.replace(r#"{date: "2022-06"}"#, "{workingDays: 7}"));
    given.at(t("2022-10-20T09:00"));
    let case = given.case("once-plan/wenchang");
    assert_eq!(case.opened_at, t("2022-10-20T09:00"));
    assert_eq!(case.deadlines[0].term.started_at, t("2022-08-11T00:00"));
    assert_eq!(case.deadlines[0].term.due_at, t("2022-08-23T00:00"));
}

#[test]
fn a_later_version_opens_only_the_cases_that_are_missing() {
    let mut given = given("2022-08-11T09:00");
    given.publish(PLAN).at(t("2022-08-12T09:00"));
    given.when(report("once-plan", "wenchang")).when(verdict("report.review-passed", "once-plan"));
    let first = given.case("once-plan/guyunhu").policy;
    let second = PLAN
        .replace("version: \"1\"", "version: \"2\"")
        .replace("2022-08-11", "2023-01-01")
        .replace("unit:guide]", "unit:guide, unit:mashan]");
    given.publish(&second).at(t("2023-02-01T00:00"));
    assert_eq!(opened(&given).len(), 5);
    assert_eq!(given.case("once-plan/mashan").deadlines[0].term.started_at, t("2023-01-01T00:00"));
    assert_ne!(given.case("once-plan/mashan").policy, first);
    assert_eq!(given.case("once-plan/guyunhu").policy, first, "an old case is judged as it was opened");
    assert!(given.case("once-plan/wenchang").closed_at.is_some(), "what was done stays done");
    // The same text again opens nothing.
    given.publish(&second).at(t("2023-03-01T00:00"));
    assert_eq!(opened(&given).len(), 5);
}

#[test]
fn a_version_that_another_replaced_before_it_began_opens_nothing() {
    let mut given = given("2022-08-01T09:00");
    given.publish(PLAN);
    let mended = PLAN.replace("version: \"1\"", "version: \"1a\"").replace("unit:guide]", "unit:mashan]");
    given.publish(&mended).at(t("2022-08-11T00:00"));
    let opened = opened(&given);
    assert_eq!(opened.len(), 4);
    assert!(
        opened.contains(&"once-plan/mashan".to_owned()) && !opened.contains(&"once-plan/guide".to_owned())
    );
    let begun = given.kinds().into_iter().filter(|kind| *kind == "policy.begun").count();
    assert_eq!(begun, 2, "both timers are done with");
    given.at(t("2023-01-01T00:00"));
    assert_eq!(given.kinds().iter().filter(|kind| **kind == "policy.begun").count(), 0);
}

#[test]
fn groups_of_any_size_give_one_ledger() {
    let play = |delivery: Delivery| {
        let mut given = given("2022-08-01T09:00").delivered(delivery);
        given.publish(PLAN).publish(ONGOING).at(t("2022-08-11T00:00"));
        given.when(report("once-plan", "wenchang").id("a")).at(t("2022-09-01T00:00"));
        let digest = given.digest();
        (given, digest)
    };
    let (usual, digest) = play(Delivery { most: 600, unstored: 0 });
    for (most, unstored) in [(1, 0), (2, 3), (5, 1)] {
        let (other, same) = play(Delivery { most, unstored });
        assert_eq!(other.ledger, usual.ledger, "groups of {most}");
        assert_eq!(same, digest, "groups of {most}");
    }
    // A crash after any group changes nothing.
    let (small, _) = play(Delivery { most: 1, unstored: 0 });
    for end in small.group_ends.iter().filter(|end| end.0 as usize >= usual.ledger.len() - 25) {
        let mut restarted = usual.restarted(*end);
        restarted.resume(&usual.intake);
        assert_eq!(restarted.ledger, usual.ledger, "cut after {end}");
    }
}

#[test]
fn what_goes_on_for_ever_collects_reports_and_stays_open() {
    let mut given = given("2022-08-11T09:00");
    given.publish(ONGOING).at(t("2022-08-12T09:00"));
    let id = "ongoing-sharing/wenchang";
    assert!(given.case(id).deadlines.is_empty());
    for _ in 0..2 {
        given.when(report("ongoing-sharing", "wenchang")).then("report.submitted");
        given.when(verdict("report.review-passed", "ongoing-sharing")).then("report.review-passed");
    }
    given.when(verdict("report.review-returned", "ongoing-sharing")).then("report.review-returned");
    given.when(report("ongoing-sharing", "guyunhu").of(id)).then_refused("actor.forbidden");
    let case = given.case(id);
    assert_eq!((case.state.as_str(), case.closed_at), ("open", None));
    assert_eq!(case.seen.values().sum::<u32>(), 5);
    given.at(t("2030-01-01T00:00"));
    assert!(given.alarms().is_empty(), "nothing of it is ever late");
}

#[test]
fn a_standing_duty_of_a_period_is_done_by_its_report() {
    let yearly = ONGOING.replace("every: once", "every: quarter\ncovers: current").replace(
        "data.report == 'ongoing-sharing'",
        "data.report == 'ongoing-sharing' && data.period == case.period",
    );
    let without_review =
        yearly.lines().filter(|line| !line.starts_with("review")).collect::<Vec<_>>().join("\n");
    let mut given = given("2022-08-11T09:00");
    given.publish(&without_review).at(t("2022-08-12T09:00"));
    let data = json!({"unit": "文昌街道", "report": "ongoing-sharing", "period": "2022-Q3"});
    assert!(given.has_case("ongoing-sharing/wenchang/2022-Q3"));
    let submission = fact("report.submitted").by("wenchang").data(data);
    given.when(submission.of("ongoing-sharing/wenchang/2022-Q3")).then("report.submitted case.closed");
    given.at(t("2022-10-01T00:00"));
    assert!(given.has_case("ongoing-sharing/wenchang/2022-Q4"));
}

#[test]
fn a_report_before_the_first_day_waits_for_the_case_it_is_about() {
    let mut given = given("2022-08-01T09:00");
    given.publish(PLAN).publish(ONGOING);
    given.at(t("2022-08-10T09:00")).when(report("once-plan", "guide")).then("event.parked");
    given.at(t("2022-08-11T00:00"));
    assert_eq!(given.case("once-plan/guide").state.as_str(), "submitted");
    // Of several duties of the unit the report goes to the one it names.
    given.when(report("ongoing-sharing", "wenchang")).then("report.submitted");
    assert_eq!(given.case("once-plan/wenchang").state.as_str(), "open");
}
