//! An objection from receipt to closing: one working day, who may do what, what
//! comes twice, early, late, wrong or never.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, fact, t};
use duban::time::Instant;

const OWNER: &str = "qu-zhujianju";
const PLATFORM: &str = "xinyong-pingtai";
const OFFICE: &str = "xinyong-ban";
const CASE: &str = "objection/YY-2022-001";

fn given() -> Given {
    Given::tenant("changqing", &["objection"])
}

fn received() -> FactDraft {
    fact("objection.received").by(PLATFORM).of(CASE).data(json!({"unit": OWNER, "applicant": "某公司"}))
}

fn answered() -> FactDraft {
    fact("objection.answered").by(OWNER).of(CASE).data(json!({"result": "corrected"}))
}

fn returned() -> FactDraft {
    fact("objection.review-returned").by(OFFICE).of(CASE).data(json!({"reasons": "理由不全"}))
}

/// An objection received on Wednesday 28 September 2022, due at the end of the 29th.
fn open() -> Given {
    let mut given = given();
    given.at(t("2022-09-28T16:20")).when(received()).then("objection.received case.opened deadline.set");
    assert_eq!(given.term(CASE, "answer").due_at, t("2022-09-30T00:00"));
    given
}

fn after(at: Instant, nanos: i64) -> Instant {
    Instant::from_nanos(at.as_nanos() + nanos)
}

#[test]
fn answered_in_time() {
    let mut given = open();
    given.at(t("2022-09-29T10:00")).when(fact("objection.accepted").by(OWNER).of(CASE));
    given.then("objection.accepted");
    given.at(t("2022-09-29T17:00")).when(answered()).then("objection.answered deadline.met").then_met(false);
    given.at(t("2022-10-09T10:00")).when(fact("objection.review-passed").by(OFFICE).of(CASE));
    given.then("objection.review-passed case.closed");
    assert!(given.case(CASE).closed_at.is_some());
}

#[test]
fn the_last_day_ends_at_midnight_and_midnight_itself_is_late() {
    let due = t("2022-09-30T00:00");
    for (nanos, late) in [(-1_000_000, false), (-1, false), (0, true), (1, true)] {
        let mut given = open();
        given.silently_at(after(due, nanos)).when(answered()).then_met(late);
        let breached = given.alarms().iter().any(|(_, word)| word == "breach");
        assert_eq!(breached, late, "{nanos} ns after due");
    }
}

#[test]
fn a_slow_engine_declares_no_breach_of_what_was_recorded_in_time() {
    let mut given = open();
    // Recorded a millisecond before due, read an hour later, after a tick.
    given.silently_at(after(t("2022-09-30T00:00"), -1_000_000)).when(answered()).then_met(false);
    given.at(t("2022-09-30T01:00")).then("");
}

#[test]
fn a_late_answer_is_taken_and_counts_as_late() {
    let mut given = open();
    given.at(t("2022-09-30T09:00"));
    assert_eq!(given.deadline(CASE, "answer").breached_at, Some(t("2022-09-30T00:00")));
    given.at(t("2022-09-30T10:00")).when(answered()).then_met(true);
    assert_eq!(given.case(CASE).state.as_str(), "answered");
}

#[test]
fn only_those_named_may_do_it() {
    let mut given = open();
    given.when(answered().by("qu-minzhengju")).then_refused("actor.forbidden");
    given.when(answered().by(OFFICE)).then_refused("actor.forbidden");
    given.when(received().of("objection/YY-2").by(OWNER)).then_refused("actor.forbidden");
    given.when(answered()).then_met(false);
    let refused =
        given.when(fact("objection.review-passed").by(OWNER).of(CASE)).then_refused("actor.forbidden");
    assert_eq!((refused.reason.field.as_str(), refused.reason.value.as_str()), ("actor", OWNER));
}

#[test]
fn the_same_fact_twice_is_told_as_such_and_changes_nothing() {
    let mut given = open();
    given.when(answered().id("a-1")).then_met(false);
    let before = given.case(CASE);
    given.when(answered().id("a-1")).then("event.duplicated");
    assert_eq!(*given.case(CASE), *before);
    // The same done again, under an id of its own, is another fact.
    given.when(answered().id("a-2")).then_refused("transition.forbidden");
    // A refused fact is known as well.
    given.when(answered().id("a-2")).then("event.duplicated");
}

#[test]
fn an_id_is_used_once() {
    let mut given = open();
    given.when(answered().id("a-1")).then_met(false);
    let other = answered().id("a-1").data(json!({"result": "maintained", "reasons": "无误"}));
    let refused = given.when(other.clone()).then_refused("id.conflicts");
    assert!(refused.conflicts);
    // Neither the contradiction nor its repetition changes what the id means.
    given.when(other).then_refused("id.conflicts");
    given.when(answered().id("a-1")).then("event.duplicated");
}

#[test]
fn an_answer_that_comes_first_waits_for_the_objection() {
    let mut given = given();
    given.at(t("2022-09-28T16:00")).when(answered()).then("event.parked");
    given.at(t("2022-09-28T16:20")).when(received());
    given.then("objection.received case.opened deadline.set objection.answered deadline.met").then_met(false);
    assert_eq!(given.case(CASE).state.as_str(), "answered");
    // It is known under its id, and no timer of it is left.
    given.at(t("2022-10-08T00:00")).then("");
}

#[test]
fn what_waits_is_refused_when_its_time_is_over() {
    let mut given = given();
    given.at(t("2022-09-28T16:00")).when(answered().id("early"));
    given.at(after(t("2022-10-01T16:00"), -1)).then("");
    given.at(t("2022-10-01T16:00")).then("event.refused").then_refused("case.unknown");
    assert_eq!(given.events()[0].decided.at, t("2022-10-01T16:00"));
    given.when(answered().id("early")).then("event.duplicated");
    given.when(received()).then("objection.received case.opened deadline.set");
}

#[test]
fn two_that_wait_are_taken_up_in_order_and_a_wrong_one_is_refused_then() {
    let mut given = given();
    given.at(t("2022-09-28T16:00")).when(fact("objection.accepted").by(OWNER).of(CASE));
    given.when(answered().by("qu-minzhengju")).when(answered());
    given.when(received());
    given.then(
        "objection.received case.opened deadline.set objection.accepted event.refused objection.answered \
         deadline.met",
    );
    given.then_refused("actor.forbidden");
}

#[test]
fn no_more_wait_for_one_case_than_one_group_can_take_up() {
    let mut given = given();
    given.at(t("2022-09-28T16:00"));
    let parked: Vec<bool> = (0..1000)
        .map(|place| {
            given.when(fact("objection.accepted").by(OWNER).of(CASE).id(&format!("p-{place}")));
            given.kinds() == ["event.parked"]
        })
        .collect();
    assert_eq!(parked.iter().filter(|parked| **parked).count(), 16);
    given.when(received());
    assert!(given.events().len() < 100, "{}", given.events().len());
    // Many cases may each have some; all of them expire, in bounded groups.
    for place in 0..1000 {
        given.when(fact("objection.accepted").by(OWNER).of(&format!("objection/Z-{place}")));
    }
    given.at(t("2022-10-02T00:00"));
    assert_eq!(given.events().len(), 1000 + given.alarms().len());
}

#[test]
fn what_cannot_be_right_is_refused_with_rule_and_field() {
    let mut given = given();
    given.at(t("2022-09-28T16:20"));
    let field = |given: &mut Given, draft: FactDraft, rule: &str| {
        let reason = given.when(draft).then_refused(rule).reason.clone();
        (reason.field, reason.value)
    };
    let pair = |field: &str, value: &str| (field.to_owned(), value.to_owned());
    assert_eq!(field(&mut given, received().by("nobody"), "actor.unknown"), pair("actor", "nobody"));
    let unit = received().data(json!({"unit": "区某局"}));
    assert_eq!(field(&mut given, unit, "unit.unknown"), pair("data.unit", "区某局"));
    let kind = fact("objection.eaten").by(PLATFORM).of(CASE);
    assert_eq!(field(&mut given, kind, "type.unknown"), pair("type", "objection.eaten"));
    let data = received().data(json!({"unit": 7}));
    assert_eq!(field(&mut given, data, "schema.violated"), pair("data/unit", "7"));
    let late = received().occurred(t("2022-09-28T16:25:01"));
    assert_eq!(field(&mut given, late, "time.future").0, "time");
    let letter = received().data(json!({"unit": OWNER, "receivedAt": "2022-09-29T16:20:00+08:00"}));
    assert_eq!(field(&mut given, letter, "time.future").0, "data.receivedAt");
    let nothing = fact("objection.received").by(PLATFORM).data(json!({"unit": OWNER}));
    assert_eq!(field(&mut given, nothing, "subject.missing").0, "subject");
    // A few minutes of difference between clocks are no lie.
    given
        .when(received().occurred(t("2022-09-28T16:25")))
        .then("objection.received case.opened deadline.set");
}

#[test]
fn a_unit_is_known_by_its_other_names() {
    let mut given = given();
    given.at(t("2022-09-28T16:20")).when(received().data(json!({"unit": "区住建局"})));
    given.then("objection.received case.opened deadline.set");
    assert_eq!(given.case(CASE).owner.as_str(), OWNER);
}

#[test]
fn the_letter_says_when_the_day_begins() {
    let mut given = given();
    // Received on Friday 30 September, before the holiday; stated a day late.
    given.at(t("2022-10-01T09:00"));
    given.when(received().data(json!({"unit": OWNER, "receivedAt": "2022-09-30T15:00:00+08:00"})));
    assert_eq!(given.term(CASE, "answer").started_at, t("2022-09-30T15:00"));
    // 1 to 7 October rest; Saturday 8 October is worked for the holiday.
    assert_eq!(given.term(CASE, "answer").due_at, t("2022-10-09T00:00"));
}

#[test]
fn a_closed_case_takes_nothing_more() {
    let mut given = open();
    given.when(fact("objection.withdrawn").by(PLATFORM).of(CASE));
    given.then("objection.withdrawn deadline.cancelled case.closed");
    given.when(answered()).then_refused("case.closed");
    given.when(fact("objection.withdrawn").by(PLATFORM).of(CASE)).then_refused("case.closed");
    given.when(received()).then_refused("case.closed");
    given.at(t("2022-10-30T00:00")).then("");
}

#[test]
fn an_open_case_is_not_opened_again() {
    let mut given = open();
    given.when(received()).then_refused("transition.forbidden");
}

#[test]
fn the_clock_stands_still_while_material_is_awaited() {
    let mut given = open();
    given.at(t("2022-09-29T09:00")).when(fact("objection.accepted").by(OWNER).of(CASE));
    let request =
        fact("objection.material-requested").by(OWNER).of(CASE).data(json!({"materials": ["证明"]}));
    given.when(request).then("objection.material-requested deadline.paused");
    // The due instant passes meanwhile, and nobody is blamed or reminded.
    given.at(t("2022-10-12T08:00")).then("");
    given.at(t("2022-10-12T10:00")).when(fact("objection.material-received").by(PLATFORM).of(CASE));
    given.then("objection.material-received deadline.resumed");
    let deadline = given.deadline(CASE, "answer");
    assert_eq!(deadline.pauses, [(t("2022-09-29T09:00"), t("2022-10-12T10:00"))]);
    // The 29th was the one day it had; the days after it through the 12th do not
    // count, so that the first working day after the 12th takes its place.
    assert_eq!(deadline.term.due_at, t("2022-10-14T00:00"));
    assert_eq!(given.at(t("2022-10-13T23:59")).alarms().len(), 1, "one reminder: {:?}", given.alarms());
    given.when(answered()).then_met(false);
}

#[test]
fn closing_while_the_clock_stands_still_judges_nothing() {
    let mut given = open();
    given.when(fact("objection.accepted").by(OWNER).of(CASE));
    given.when(fact("objection.material-requested").by(OWNER).of(CASE).data(json!({"materials": ["证明"]})));
    given.at(t("2022-11-01T00:00")).when(fact("objection.withdrawn").by(PLATFORM).of(CASE));
    given.then("objection.withdrawn deadline.cancelled case.closed");
    assert!(given.alarms().is_empty());
}

#[test]
fn an_answer_sent_back_has_a_clock_of_its_own_and_rounds() {
    let mut given = open();
    given.at(t("2022-09-29T09:00")).when(answered());
    given.at(t("2022-09-29T10:00")).when(returned()).then("objection.review-returned deadline.set");
    assert_eq!(given.deadline(CASE, "answer-again").round, 1);
    assert_eq!(given.term(CASE, "answer-again").due_at, t("2022-10-01T00:00"));
    given.at(t("2022-09-29T15:00")).when(answered()).then("objection.answered deadline.met");
    given.at(t("2022-09-30T09:00")).when(returned()).then("objection.review-returned deadline.set");
    assert_eq!(given.deadline(CASE, "answer-again").round, 2);
    given.at(t("2022-10-10T09:00")).when(answered()).then_met(true);
    assert!(given.case(CASE).deadlines.iter().all(|deadline| !deadline.is_open()));
}

#[test]
fn the_servers_clock_may_go_back() {
    let mut given = open();
    given.at(t("2022-09-30T00:00")).then("deadline.breached reminder.due");
    // Stored after that tick, yet stamped a second before due by a server whose
    // clock was set back: it was in time.
    given.silently_at(t("2022-09-29T23:59:59")).when(answered());
    given.then("objection.answered breach.withdrawn deadline.met").then_met(false);
    assert_eq!(given.deadline(CASE, "answer").breached_at, None);
}
