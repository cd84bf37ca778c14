//! Double publicity, news and credit repair under their notices.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, fact, t};
use duban::time::Instant;

const PLATFORM: &str = "xinyong-pingtai";
const OFFICE: &str = "xinyong-ban";

fn decided(on: &str) -> FactDraft {
    let data = json!({"unit": "区住建局", "decisionNumber": "长住建罚字〔2022〕3号", "category": "penalty", "decidedOn": on});
    fact("decision.made").by("qu-zhujianju").data(data)
}

const DECISION: &str = "double-publicity/长住建罚字〔2022〕3号";

#[test]
fn seven_working_days_across_the_national_day_count_from_the_decision_itself() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    // Stated two days after the decision; the clock counts from the decision.
    given.at(t("2022-09-30T10:00")).when(decided("2022-09-28"));
    given.then("decision.made case.opened deadline.set");
    let term = given.term(DECISION, "upload");
    assert_eq!((term.started_at, term.due_at), (t("2022-09-28T00:00"), t("2022-10-13T00:00")));
    assert!(!term.provisional && !term.inclusive);
    let uploaded = || fact("publicity.uploaded").by("qu-zhujianju").of(DECISION);
    given.at(t("2022-10-12T23:59:59.999")).when(uploaded()).then_met(false);
    given.when(fact("publicity.checked").by(PLATFORM).of(DECISION).data(json!({"result": "fail"})));
    given.then("publicity.checked deadline.set");
    // A state takes what it takes, wherever the case has been before.
    given.when(uploaded()).then_refused("transition.forbidden");
    given.when(fact("publicity.corrected").by("qu-zhujianju").of(DECISION)).then_met(false);
    given.when(fact("publicity.checked").by(PLATFORM).of(DECISION).data(json!({"result": "pass"})));
    given.then("publicity.checked");
    given.when(fact("concealment.found").by(OFFICE).of(DECISION).data(json!({"foundBy": "国家抽查"})));
    given.then("concealment.found");
    given.when(fact("publicity.published").by(PLATFORM).of(DECISION)).then("publicity.published case.closed");
}

#[test]
fn a_decision_that_lies_ahead_is_refused() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-09-28T10:00")).when(decided("2022-09-29")).then_refused("time.future");
    given.when(decided("2022-02-30")).then_refused("schema.violated");
}

#[test]
fn a_decision_stated_too_late_is_overdue_at_once_and_told_once() {
    let mut given = Given::tenant("changqing", &["double-publicity"]);
    given.at(t("2022-10-20T10:00")).when(decided("2022-09-01"));
    given.then("decision.made case.opened deadline.set");
    given.at(t("2022-10-20T10:00:01")).then("deadline.breached escalation.raised");
    // Nothing is dated before the fact that told of it.
    let at = t("2022-10-20T10:00");
    assert_eq!(given.alarms(), [(at, "breach".into()), (at, "Summons 4.1".into())]);
    given.at(t("2023-01-01T00:00")).then("");
}

#[test]
fn news_is_fresh_for_forty_eight_hours_by_the_clock() {
    let happened = || {
        let data =
            json!({"unit": "wenchang", "title": "诚信宣传周", "happenedAt": "2022-09-30T15:00:00+08:00"});
        fact("news.happened").by("wenchang").of("news-item/XY-1").data(data)
    };
    let due = t("2022-10-02T15:00");
    for (nanos, late) in [(-1, false), (0, false), (1, true)] {
        let mut given = Given::tenant("changqing", &["news-item"]);
        given.at(t("2022-09-30T16:00")).when(happened());
        let term = given.term("news-item/XY-1", "submit");
        assert_eq!((term.due_at, term.inclusive), (due, true));
        given.silently_at(Instant::from_nanos(due.as_nanos() + nanos));
        given.when(fact("news.submitted").by("wenchang").of("news-item/XY-1")).then_met(late);
    }
}

#[test]
fn a_unit_that_is_not_the_owner_opens_nothing() {
    let mut given = Given::tenant("changqing", &["news-item"]);
    let data = json!({"unit": "wenchang", "title": "某事", "happenedAt": "2022-09-30T15:00:00+08:00"});
    given.at(t("2022-09-30T16:00"));
    given.when(fact("news.happened").by("guide").of("XY-1").data(data)).then_refused("actor.forbidden");
    assert!(!given.has_case("news-item/XY-1"));
}

const PENALTY: &str = "credit-repair/根市监罚〔2023〕7号";

fn penalty() -> Given {
    let mut given = Given::tenant_from("genhe", &["credit-repair"], t("2023-08-09T09:00"));
    let data = json!({
        "unit": "市场监管局", "decisionNumber": "根市监罚〔2023〕7号", "decidedOn": "2023-09-04",
        "party": "某商店", "category": "general",
    });
    given.at(t("2023-09-04T10:00")).when(fact("penalty.decided").by("shichangjianguanju").data(data));
    given.then("penalty.decided case.opened deadline.set");
    given
}

fn step(given: &mut Given, kind: &str, by: &str) {
    let data = match kind {
        "repair.applied" => json!({"unit": "shichangjianguanju", "applicant": "某商店"}),
        "repair.supplement-requested" => json!({"materials": ["承诺书"]}),
        "repair.rejected" => json!({"reasons": "未履行"}),
        _ => json!({}),
    };
    given.when(fact(kind).by(by).of(PENALTY).data(data));
    assert_eq!(given.kinds().first(), Some(&kind), "{:#?}", given.events());
}

#[test]
fn repair_takes_its_way_and_closes_only_after_notice() {
    let mut given = penalty();
    // One working day that counts the start day ends that very day.
    assert_eq!(given.term(PENALTY, "notice").due_at, t("2023-09-05T00:00"));
    given.at(t("2023-09-06T09:00"));
    step(&mut given, "repair.applied", PLATFORM);
    assert_eq!(given.term(PENALTY, "preliminary-review").due_at, t("2023-09-12T00:00"));
    step(&mut given, "repair.supplement-requested", "shichangjianguanju");
    given.at(t("2023-09-08T09:00"));
    step(&mut given, "repair.supplemented", PLATFORM);
    assert_eq!(given.kinds(), ["repair.supplemented", "deadline.resumed"]);
    // The day of the application and those through the resumption do not count.
    assert_eq!(given.term(PENALTY, "preliminary-review").due_at, t("2023-09-14T00:00"));
    step(&mut given, "repair.preliminarily-passed", "shichangjianguanju");
    given.then_met(false);
    step(&mut given, "repair.approved", OFFICE);
    step(&mut given, "publicity.removed", PLATFORM);
    let closed = fact("repair.closed").by(OFFICE).of(PENALTY);
    let refused = given.when(closed.clone()).then_refused("guard.failed");
    assert!(refused.reason.message.contains("repair.notified"), "{}", refused.reason.message);
    step(&mut given, "repair.notified", "shichangjianguanju");
    given.then_met(true);
    given.when(closed).then("repair.closed case.closed");
}

#[test]
fn a_rejected_application_may_be_made_again_with_a_new_round() {
    let mut given = penalty();
    given.at(t("2023-09-06T09:00"));
    step(&mut given, "repair.applied", PLATFORM);
    step(&mut given, "repair.rejected", OFFICE);
    given.then_met(false);
    step(&mut given, "repair.applied", PLATFORM);
    assert_eq!(given.deadline(PENALTY, "preliminary-review").round, 2);
    step(&mut given, "repair.withdrawn", PLATFORM);
    assert_eq!(given.kinds(), ["repair.withdrawn", "deadline.cancelled"]);
    step(&mut given, "repair.applied", PLATFORM);
    assert_eq!(given.deadline(PENALTY, "preliminary-review").round, 3);
}
