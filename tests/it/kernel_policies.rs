//! Policies come in as facts of the operator, checked, versioned and kept.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, chosen, fact, publication, t};
use chrono::NaiveDate;
use duban::id::Name;
use duban::policy::definition::{Definition, Workflow};

const CASE: &str = "objection/YY-1";

fn objection() -> Workflow {
    match chosen("changqing", &["objection"]).pop() {
        Some(Definition::Workflow(workflow)) => *workflow,
        other => panic!("{other:?}"),
    }
}

fn publish(workflow: Workflow) -> FactDraft {
    publication(&Definition::Workflow(Box::new(workflow)))
}

fn received(id: &str) -> FactDraft {
    fact("objection.received").by("xinyong-pingtai").of(id).data(json!({"unit": "qu-zhujianju"}))
}

fn on(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

#[test]
fn only_the_operator_publishes() {
    let mut given = Given::tenant("changqing", &[]);
    given.when(publish(objection()).by("xinyong-ban")).then_refused("actor.forbidden");
    given.when(publish(objection()).by("stranger")).then_refused("actor.forbidden");
    given.when(received(CASE)).then_refused("type.unhandled");
    given.when(publish(objection())).then("policy.published");
    given.when(received(CASE)).then("objection.received case.opened deadline.set");
}

#[test]
fn what_is_published_is_what_was_checked() {
    let mut given = Given::tenant("changqing", &[]);
    let mut data = publish(objection()).into_fact().data;
    data["document"]["version"] = json!("another");
    let refused =
        given.when(fact("policy.published").by("operator").data(data)).then_refused("policy.invalid");
    assert_eq!(refused.reason.field, "data.sha");
    let nothing = fact("policy.published").by("operator").data(json!({"sha": "no"}));
    assert_eq!(given.when(nothing).then_refused("policy.invalid").reason.field, "data");
}

#[test]
fn a_policy_that_names_what_is_not_there_is_refused() {
    let mut given = Given::tenant("changqing", &[]);
    let mut workflow = objection();
    workflow.clocks[0].calendar = Name::new("nowhere").expect("a name");
    let refused = given.when(publish(workflow)).then_refused("policy.invalid");
    assert!(refused.reason.message.contains("nowhere"), "{}", refused.reason.message);
    assert!(refused.reason.message.contains("clocks/0/calendar"), "{}", refused.reason.message);
    // Nothing of it is in force.
    given.when(received(CASE)).then_refused("type.unhandled");
}

#[test]
fn before_there_is_a_register_nobody_is_known() {
    let mut given = Given::empty("changqing", t("2022-05-20T09:00"));
    given.when(received(CASE)).then_refused("actor.unknown");
    given.when(publish(objection())).then_refused("policy.invalid");
}

#[test]
fn publishing_twice_is_told_and_harmless() {
    let mut given = Given::tenant("changqing", &["objection"]);
    given.when(received(CASE));
    given.when(publish(objection()).id("again")).then("policy.published");
    given.when(publish(objection()).id("again")).then("event.duplicated");
    given.at(t("2022-05-24T00:00"));
    assert!(given.deadline(CASE, "answer").breached_at.is_some());
}

#[test]
fn cases_keep_the_version_that_they_opened_under() {
    let mut given = Given::tenant("changqing", &[]);
    let mut first = objection();
    first.effective.until = Some(on("2022-09-30"));
    given.when(publish(first));
    given.at(t("2022-09-28T16:20")).when(received(CASE));
    let mut second = objection();
    second.version = "2".into();
    second.effective.from = on("2022-10-01");
    second.clocks[0].due = serde_json::from_value(json!({"workingDays": 3})).expect("a rule");
    // The new version takes an answer in one step and knows no return.
    for state in second.states.values_mut() {
        state.events.retain(|kind, _| kind.as_str() != "objection.accepted");
    }
    given.when(publish(second)).then("policy.published");
    assert_eq!(given.term(CASE, "answer").due_at, t("2022-09-30T00:00"));
    given.when(fact("objection.accepted").by("qu-zhujianju").of(CASE)).then("objection.accepted");
    given.when(received("objection/YY-2"));
    assert_eq!(given.term("objection/YY-2", "answer").due_at, t("2022-09-30T00:00"));
    given.at(t("2022-10-01T00:00")).when(received("objection/YY-3"));
    assert_eq!(given.term("objection/YY-3", "answer").due_at, t("2022-10-11T00:00"));
    given.when(fact("objection.accepted").by("qu-zhujianju").of("objection/YY-3"));
    given.then_refused("transition.forbidden");
}

#[test]
fn outside_every_span_nothing_opens() {
    let mut given = Given::tenant("changqing", &[]);
    let mut workflow = objection();
    workflow.effective.until = Some(on("2022-09-30"));
    given.when(publish(workflow));
    given
        .at(t("2022-09-30T23:59:59"))
        .when(received(CASE))
        .then("objection.received case.opened deadline.set");
    given.at(t("2022-10-01T00:00")).when(received("objection/YY-2")).then("event.parked");
    // It is judged to its end all the same.
    given.when(fact("objection.accepted").by("qu-zhujianju").of(CASE)).then("objection.accepted");
}

#[test]
fn of_spans_that_overlap_the_one_that_began_last_counts() {
    let mut given = Given::tenant("changqing", &["objection"]);
    let mut workflow = objection();
    workflow.version = "2".into();
    workflow.effective.from = on("2022-10-01");
    workflow.clocks[0].due = serde_json::from_value(json!({"workingDays": 3})).expect("a rule");
    given.when(publish(workflow)).then("policy.published");
    given.at(t("2022-09-28T16:20")).when(received(CASE));
    assert_eq!(given.term(CASE, "answer").due_at, t("2022-09-30T00:00"));
    given.at(t("2022-10-10T16:20")).when(received("objection/YY-2"));
    assert_eq!(given.term("objection/YY-2", "answer").due_at, t("2022-10-14T00:00"));
}

#[test]
fn the_importer_may_bring_the_operators_policies_of_the_past() {
    let mut given = Given::tenant("changqing", &[]);
    given.at(t("2022-12-01T09:00"));
    given.when(publish(objection()).imported(t("2022-05-20T09:00"))).then("policy.published");
    given
        .when(received(CASE).imported(t("2022-09-28T16:20")))
        .then("objection.received case.opened deadline.set");
}
