//! Facts of the past, as the importer states them.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, chosen, fact, publication, t};

const OWNER: &str = "qu-zhujianju";
const CASE: &str = "objection/YY-2022-001";

fn received() -> FactDraft {
    fact("objection.received").by("xinyong-pingtai").of(CASE).data(json!({"unit": OWNER}))
}

fn answered() -> FactDraft {
    fact("objection.answered").by(OWNER).of(CASE).data(json!({"result": "corrected"}))
}

fn given() -> Given {
    let mut given = Given::tenant("changqing", &["objection"]);
    given.at(t("2022-12-01T09:00"));
    given
}

#[test]
fn history_is_judged_by_its_own_instants_and_alarms_nobody() {
    let mut given = given();
    given
        .when(received().imported(t("2022-09-28T16:20")))
        .then("objection.received case.opened deadline.set");
    given.when(answered().imported(t("2022-09-29T10:00"))).then_met(false);
    assert!(given.alarms().is_empty());
    assert_eq!(given.deadline(CASE, "answer").breached_at, None);
}

#[test]
fn history_that_was_late_is_late() {
    let mut given = given();
    given.when(received().imported(t("2022-09-28T16:20")));
    given.when(answered().imported(t("2022-10-12T10:00"))).then_met(true);
}

#[test]
fn what_is_still_open_is_overdue_from_the_first_day_and_told_once() {
    let mut given = given();
    given.when(received().imported(t("2022-09-28T16:20")));
    given.at(t("2022-12-01T09:00"));
    let alarms: Vec<String> = given.alarms().into_iter().map(|(_, word)| word).collect();
    assert_eq!(alarms, ["breach", "Summons 4.1"]);
    assert!(given.events().iter().all(|entry| entry.decided.at == t("2022-12-01T09:00")));
}

#[test]
fn an_imported_answer_withdraws_a_breach() {
    let mut given = given();
    given.when(received().imported(t("2022-09-28T16:20"))).at(t("2022-12-01T09:01"));
    assert!(given.deadline(CASE, "answer").breached_at.is_some());
    given.when(answered().imported(t("2022-09-29T10:00")));
    given.then("objection.answered breach.withdrawn deadline.met").then_met(false);
    assert_eq!(given.deadline(CASE, "answer").breached_at, None);
    given.at(t("2023-01-01T00:00")).then("");
}

#[test]
fn nothing_is_imported_from_the_future() {
    let mut given = given();
    given.when(received().id("a")).then("objection.received case.opened deadline.set");
    given.when(answered().imported(t("2022-12-02T09:00"))).then_refused("import.future");
    // Nor does such a fact take an id over.
    given.when(received().id("a").imported(t("2022-12-02T09:00"))).then_refused("id.conflicts");
    given.when(received().id("a")).then("event.duplicated");
}

#[test]
fn what_was_recorded_before_the_ledger_was_opened_goes_on_as_it_was() {
    let mut given = Given::empty("changqing", t("2023-06-01T09:00"));
    for definition in chosen("changqing", &["objection"]) {
        given.when(publication(&definition).imported(t("2022-05-20T09:00")));
    }
    given.when(received().imported(t("2022-09-28T16:20")));
    given.when(answered().imported(t("2022-10-12T10:00"))).then_met(true);
    let instants: Vec<_> = given.alarms().into_iter().map(|(at, _)| at).collect();
    assert!(instants.contains(&t("2022-09-30T00:00")), "breached when its day was over: {instants:?}");
    assert!(
        instants.iter().all(|at| *at < t("2022-10-12T10:00")),
        "and no alarm after the answer: {instants:?}"
    );
    // What comes after later facts is told now, whatever it was recorded at.
    let early = received().of("objection/YY-2022-002").imported(t("2022-09-01T10:00"));
    given.when(early).then("objection.received case.opened deadline.set");
    assert_eq!(given.term("objection/YY-2022-002", "answer").wake_at, Some(t("2023-06-01T09:00")));
}
