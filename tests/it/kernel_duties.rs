//! Duties that recur: the calendar opens one case per unit and period.

use serde_json::json;

use crate::support::kernel::{Delivery, FactDraft, Given, chosen, fact, publication, t};
use chrono::NaiveDate;
use duban::event::catalogue::Event;
use duban::id::{CaseId, UnitId};
use duban::policy::definition::{Definition, Opening, Workflow};

const OFFICE: &str = "xinyong-ban";

fn genhe(at: &str) -> Given {
    Given::tenant_from("genhe", &["monthly-dispatch"], t(at))
}

fn submitted(unit: &str, period: &str) -> FactDraft {
    fact("dispatch.submitted").by(unit).data(json!({"unit": unit, "period": period}))
}

fn dispatch() -> Workflow {
    match chosen("genhe", &["monthly-dispatch"]).pop() {
        Some(Definition::Workflow(workflow)) => *workflow,
        other => panic!("{other:?}"),
    }
}

fn on(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn opened(given: &Given) -> usize {
    given.entries().filter(|entry| matches!(entry.decided.event, Event::CaseOpened(_))).count()
}

#[test]
fn every_department_owes_every_month_once() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-08-31T23:59:59.999999999")).then("");
    given.at(t("2023-09-01T00:00"));
    assert_eq!(opened(&given), 33);
    let case = given.case("monthly-dispatch/fagaiwei/2023-08");
    assert_eq!(case.period.map(|period| period.to_string()).as_deref(), Some("2023-08"));
    assert_eq!((case.owner.as_str(), case.opened_at), ("fagaiwei", t("2023-09-01T00:00")));
    assert_eq!(case.deadlines[0].term.due_at, t("2023-09-05T00:00"));
    given.at(t("2023-09-01T00:00")).then("");
    given.at(t("2023-10-01T00:00"));
    assert_eq!(opened(&given), 66);
    assert!(given.has_case("monthly-dispatch/fagaiwei/2023-09"));
}

#[test]
fn a_long_silence_opens_every_period_and_fires_in_the_order_of_time() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2024-01-01T00:00"));
    assert_eq!(opened(&given), 33 * 5);
    let times: Vec<_> = given.events().iter().map(|entry| entry.decided.at).collect();
    assert!(times.is_sorted(), "timers fire in the order of their instants");
    // In any size of groups it is the same ledger.
    for most in [1, 7, 100] {
        let delivery = Delivery { most, unstored: 0 };
        let mut other = genhe("2023-08-09T09:00").delivered(delivery);
        other.at(t("2024-01-01T00:00"));
        assert_eq!(other.ledger, given.ledger, "groups of {most}");
    }
}

#[test]
fn the_first_period_is_one_that_can_still_be_done() {
    // Published before the 4th, the month under way is still owed for the last.
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-08-20T00:00"));
    assert_eq!(opened(&given), 0, "the 4th of August was over");
    let mut given = Given::tenant_from("changqing", &["report-arrears"], t("2022-05-20T09:00"));
    given.at(t("2022-05-20T09:00"));
    assert_eq!(opened(&given), 1, "the 30th of May lies ahead");
    let case = given.case("report-arrears/qu-gongxinju/2022-05");
    assert_eq!(case.opened_at, t("2022-05-20T09:00"), "no case opens before its policy is published");
    assert_eq!(case.deadlines[0].term.started_at, t("2022-05-01T00:00"));
    assert_eq!(case.deadlines[0].term.due_at, t("2022-05-31T00:00"));
    let mut given = Given::tenant_from("changqing", &["report-arrears"], t("2022-05-31T00:00"));
    given.at(t("2022-06-01T00:00"));
    assert!(!given.has_case("report-arrears/qu-gongxinju/2022-05"));
    assert!(given.has_case("report-arrears/qu-gongxinju/2022-06"));
}

#[test]
fn a_duty_published_ahead_begins_with_its_span() {
    let mut given = Given::tenant_from("changqing", &["report-arrears"], t("2022-04-01T09:00"));
    given.at(t("2022-05-19T23:59")).then("");
    given.at(t("2022-05-20T00:00"));
    assert!(given.has_case("report-arrears/qu-gongxinju/2022-05"));
    assert!(!given.has_case("report-arrears/qu-gongxinju/2022-04"));
}

#[test]
fn february_lends_its_last_day() {
    let mut given = Given::tenant_from("changqing", &["report-arrears"], t("2023-01-10T09:00"));
    given.at(t("2023-02-01T00:00"));
    assert_eq!(given.term("report-arrears/qu-gongxinju/2023-02", "submit").due_at, t("2023-03-01T00:00"));
}

#[test]
fn submitted_reviewed_sent_back_and_mended() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-09-01T09:00")).when(submitted("fagaiwei", "2023-08")).then_met(false);
    let review = |kind: &str| {
        let data = json!({"unit": "市发改委", "period": "2023-08", "reasons": "缺项"});
        fact(kind).by(OFFICE).data(data)
    };
    given.when(review("dispatch.review-returned")).then("dispatch.review-returned deadline.set");
    let id = "monthly-dispatch/fagaiwei/2023-08";
    assert_eq!(given.term(id, "mend").due_at, t("2023-09-07T00:00"));
    given.at(t("2023-09-08T09:00")).when(submitted("fagaiwei", "2023-08")).then_met(true);
    given.when(review("dispatch.review-passed")).then("dispatch.review-passed case.closed");
    // The duty itself was done in time.
    let case = given.case(id);
    let late: Vec<String> = case.deadlines.iter().map(|it| format!("{} {:?}", it.clock, it.status)).collect();
    assert!(late[0].starts_with("submit Met") && late[0].contains("late: false"), "{late:?}");
}

#[test]
fn a_late_submission_is_done_late() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-09-05T00:00")).when(submitted("fagaiwei", "2023-08")).then_met(true);
    assert_eq!(given.case("monthly-dispatch/fagaiwei/2023-08").state.as_str(), "submitted");
}

#[test]
fn a_submission_before_the_period_opens_waits_for_it() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-08-30T09:00")).when(submitted("fagaiwei", "2023-08").id("early")).then("event.parked");
    given.at(t("2023-09-01T00:00")).then_met(false);
    assert_eq!(given.met()[0].met_at, t("2023-08-30T09:00"));
    // Four days before it is too early; it is told so in time.
    given.at(t("2023-09-26T09:00")).when(submitted("fagaiwei", "2023-09")).then("event.parked");
    given.at(t("2023-10-01T00:00")).then_refused("case.unknown");
}

#[test]
fn another_units_duty_is_not_ones_own() {
    let mut given = genhe("2023-08-09T09:00");
    given.at(t("2023-09-01T09:00"));
    let other =
        fact("dispatch.submitted").by("jiaotiju").data(json!({"unit": "fagaiwei", "period": "2023-08"}));
    given.when(other).then_refused("actor.forbidden");
    // The subject names one month and the data another.
    let mixed = submitted("fagaiwei", "2023-07").of("monthly-dispatch/fagaiwei/2023-08");
    given.when(mixed).then_refused("guard.failed");
}

#[test]
fn of_several_reports_the_guard_or_the_subject_says_which() {
    let reports = &["report-arrears", "report-joint-measures"];
    let mut given = Given::tenant_from("changqing", reports, t("2022-05-20T09:00"));
    let report = |name: &str| {
        let data = json!({"unit": "qu-gongxinju", "period": "2022-06", "report": name});
        fact("report.submitted").by("qu-gongxinju").data(data)
    };
    given.at(t("2022-05-31T09:00")).when(report("report-joint-measures")).then("event.parked");
    // It fits the second of the cases that open, and does not fall with the first.
    given.at(t("2022-06-01T00:00"));
    assert_eq!(given.case("report-joint-measures/qu-gongxinju/2022-06").state.as_str(), "submitted");
    assert_eq!(given.case("report-arrears/qu-gongxinju/2022-06").state.as_str(), "open");
    // Of two cases that are there it is about one.
    given.when(report("report-arrears")).then_met(false);
    assert_eq!(given.case("report-arrears/qu-gongxinju/2022-06").state.as_str(), "submitted");
    // It waits for the case that it will be about, and for no other.
    let july = json!({"unit": "qu-gongxinju", "period": "2022-07", "report": "report-joint-measures"});
    given.at(t("2022-06-29T09:00")).when(fact("report.submitted").by("qu-gongxinju").data(july));
    let Event::EventParked(parked) = &given.events()[0].decided.event else { panic!("{:?}", given.kinds()) };
    assert_eq!(
        parked.cases.iter().map(CaseId::as_str).collect::<Vec<_>>(),
        ["report-joint-measures/qu-gongxinju/2022-07"]
    );
    // A report that is none of them is refused, and not guessed at.
    given.when(report("report-of-nothing")).then_refused("subject.ambiguous");
    // The subject decides where it is given, and who reports for itself need not say so.
    let own = json!({"period": "2022-06", "report": "report-arrears"});
    given.when(fact("report.submitted").by("qu-gongxinju").data(own)).then_refused("transition.forbidden");
    given.when(report("report-arrears").of("report-joint-measures/qu-gongxinju/2022-06"));
    given.then_refused("transition.forbidden");
}

fn version(version: &str, from: &str, until: Option<&str>, units: &[&str]) -> Workflow {
    let mut workflow = dispatch();
    workflow.version = version.into();
    workflow.effective.from = on(from);
    workflow.effective.until = until.map(on);
    // Whoever owes it here, the clauses of the shipped units do not bind them.
    workflow.clauses.clear();
    if let Opening::Calendar { units: owed_by, .. } = &mut workflow.opens {
        *owed_by = units.iter().map(|unit| UnitId::new(unit).expect("a unit")).collect();
    }
    workflow
}

fn publish(given: &mut Given, workflow: Workflow) {
    given.when(publication(&Definition::Workflow(Box::new(workflow))));
    assert_eq!(given.kinds().last(), Some(&"policy.published"), "{:#?}", given.events());
}

#[test]
fn a_new_version_opens_the_periods_of_its_span_and_old_cases_keep_theirs() {
    let mut given = Given::tenant_from("genhe", &[], t("2023-08-09T09:00"));
    publish(&mut given, version("1", "2023-08-09", Some("2023-10-31"), &["fagaiwei"]));
    given.at(t("2023-10-15T00:00"));
    let mut second = version("2", "2023-11-01", None, &["fagaiwei", "jiaotiju"]);
    second.clocks[0].due = serde_json::from_value(json!({"dayOfMonth": 10})).expect("a rule");
    publish(&mut given, second);
    given.at(t("2023-11-01T00:00"));
    assert_eq!(given.term("monthly-dispatch/fagaiwei/2023-09", "submit").due_at, t("2023-10-05T00:00"));
    assert_eq!(given.term("monthly-dispatch/fagaiwei/2023-10", "submit").due_at, t("2023-11-11T00:00"));
    assert!(given.has_case("monthly-dispatch/jiaotiju/2023-10"));
    let policy = |id: &str| given.case(id).policy;
    assert_ne!(policy("monthly-dispatch/fagaiwei/2023-09"), policy("monthly-dispatch/fagaiwei/2023-10"));
}

#[test]
fn a_gap_between_versions_opens_nothing_and_ends() {
    let mut given = Given::tenant_from("genhe", &[], t("2023-08-09T09:00"));
    publish(&mut given, version("1", "2023-08-09", Some("2023-09-30"), &["fagaiwei"]));
    publish(&mut given, version("2", "2023-12-15", None, &["fagaiwei"]));
    given.at(t("2024-02-01T00:00"));
    let periods: Vec<bool> = ["2023-08", "2023-09", "2023-10", "2023-11", "2023-12", "2024-01"]
        .iter()
        .map(|period| given.has_case(&format!("monthly-dispatch/fagaiwei/{period}")))
        .collect();
    // The version of 15 December opens the month under way, which is about November.
    assert_eq!(periods, [true, false, false, true, true, true]);
}

#[test]
fn a_duty_that_ended_can_be_published_again() {
    let mut given = Given::tenant_from("genhe", &[], t("2023-08-09T09:00"));
    publish(&mut given, version("1", "2023-08-09", Some("2023-09-30"), &["fagaiwei"]));
    given.at(t("2023-11-20T00:00"));
    publish(&mut given, version("2", "2023-11-20", None, &["fagaiwei"]));
    given.at(t("2023-12-01T00:00"));
    assert!(given.has_case("monthly-dispatch/fagaiwei/2023-11"));
    assert!(!given.has_case("monthly-dispatch/fagaiwei/2023-10"));
}

#[test]
fn the_length_of_the_periods_may_change() {
    let mut given = Given::tenant_from("genhe", &[], t("2023-08-09T09:00"));
    publish(&mut given, version("1", "2023-08-09", Some("2023-11-30"), &["fagaiwei"]));
    given.at(t("2023-11-15T00:00"));
    let mut quarterly = version("2", "2023-12-01", Some("2024-05-31"), &["fagaiwei"]);
    if let Opening::Calendar { every, .. } = &mut quarterly.opens {
        *every = duban::calendar::PeriodKind::Quarter;
    }
    publish(&mut given, quarterly);
    publish(&mut given, version("3", "2024-06-01", None, &["fagaiwei"]));
    given.at(t("2024-09-01T00:00"));
    let cases: Vec<String> = given
        .entries()
        .filter(|entry| matches!(entry.decided.event, Event::CaseOpened(_)))
        .map(|entry| entry.decided.case.as_ref().map(|id| id.key().to_owned()).unwrap_or_default())
        .collect();
    let expected = [
        "fagaiwei/2023-08",
        "fagaiwei/2023-09",
        "fagaiwei/2023-10",
        "fagaiwei/2023-Q4",
        "fagaiwei/2024-Q1",
        "fagaiwei/2024-06",
        "fagaiwei/2024-07",
        "fagaiwei/2024-08",
    ];
    assert_eq!(cases, expected);
}

#[test]
fn thousands_that_fall_due_at_one_instant_fall_in_bounded_groups_each_once() {
    let mut given = Given::tenant("changqing", &["news-item"]).delivered(Delivery { most: 500, unstored: 2 });
    given.at(t("2022-11-05T15:00"));
    for number in 0..3_000 {
        let data = json!({"unit": "wenchang", "title": "某事", "happenedAt": "2022-11-05T15:00:00+08:00"});
        given.when(fact("news.happened").by("wenchang").of(&format!("N-{number}")).data(data));
    }
    let groups = given.group_ends.len();
    given.at(t("2022-11-07T15:00:01"));
    let breached: std::collections::BTreeSet<_> = given
        .events()
        .into_iter()
        .filter(|entry| matches!(entry.decided.event, Event::DeadlineBreached(_)))
        .map(|entry| entry.decided.case.clone())
        .collect();
    let breaches = given.kinds().into_iter().filter(|kind| *kind == "deadline.breached").count();
    assert_eq!((breached.len(), breaches), (3_000, 3_000));
    // A reminder before, one at due, and the breach: 9000 events in groups of 500.
    assert_eq!(given.events().len(), 9_000);
    assert_eq!(given.group_ends.len() - groups, 18);
}
