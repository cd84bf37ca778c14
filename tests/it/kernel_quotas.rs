//! Quotas: facts on a unit's other cases count within a period.

use serde_json::json;

use crate::support::kernel::{Delivery, FactDraft, Given, authored, fact, publication, t};
use duban::event::catalogue::Event;
use duban::id::UnitId;
use duban::kernel::tally::Tallied;
use duban::policy::definition::Definition;
use duban::time::Instant;

const OFFICE: &str = "xinyong-ban";
const JULY: &str = "quota-news/wenchang/2022-07";

const QUOTA: &str = r#"
kind: Duty
name: quota-news
version: "1"
title: {zh: 动态信息数量, en: Number of news items}
cite: {notice: changqing-2022, clause: 三(一)5}
effective: {from: "2022-06-01"}
for: [unit:wenchang, unit:guide]
every: month
atLeast: 2
counts: {events: [news.review-passed], when: "case.kept.title != '练习'"}
due: {endOf: month}
calendar: cn-gov
onCalendarAmended: recompute
ladder: none
"#;

fn given() -> Given {
    let mut given = Given::tenant_from("changqing", &["news-item"], t("2022-06-20T09:00"));
    given.publish(QUOTA);
    given
}

fn happened(unit: &str, key: &str, title: &str, at: Instant) -> FactDraft {
    let data = json!({"unit": unit, "title": title, "happenedAt": at.to_string()});
    fact("news.happened").by(unit).of(key).data(data)
}

fn submitted(unit: &str, key: &str) -> FactDraft {
    fact("news.submitted").by(unit).of(key).data(json!({}))
}

fn passed(key: &str) -> FactDraft {
    fact("news.review-passed").by(OFFICE).of(key).data(json!({}))
}

/// One item of news up to its review.
fn submit(given: &mut Given, unit: &str, key: &str) {
    let at = given.now();
    given.when(happened(unit, key, "某事", at)).when(submitted(unit, key));
    given.then("news.submitted deadline.met");
}

fn credits(given: &Given, id: &str) -> (u32, String) {
    let case = given.case(id);
    (case.credits, case.state.to_string())
}

#[test]
fn facts_of_the_period_fill_it_and_the_last_one_closes_it() {
    let mut given = given();
    given.at(t("2022-07-05T09:00"));
    for key in ["N-1", "N-2", "N-3"] {
        submit(&mut given, "wenchang", key);
    }
    given.when(passed("N-1")).then("news.review-passed case.credited");
    assert_eq!(credits(&given, JULY), (1, "open".into()));
    assert_eq!(credits(&given, "quota-news/guide/2022-07"), (0, "open".into()), "each unit for itself");
    given.at(t("2022-07-20T09:00")).when(passed("N-2"));
    given.then("news.review-passed case.credited deadline.met case.closed").then_met(false);
    assert_eq!(credits(&given, JULY), (2, "reached".into()));
    let credited: Vec<(u32, u32, String)> = given
        .entries()
        .filter_map(|entry| match &entry.decided.event {
            Event::CaseCredited(it) => Some((it.nth, it.of, it.from.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(credited, [(1, 2, "news-item/N-1".into()), (2, 2, "news-item/N-2".into())]);
    // What comes more counts for nothing.
    given.when(passed("N-3")).then("news.review-passed");
}

#[test]
fn the_period_is_that_of_the_recorded_instant() {
    let mut given = given();
    given.at(t("2022-07-31T20:00"));
    submit(&mut given, "wenchang", "N-1");
    submit(&mut given, "wenchang", "N-2");
    given.silently_at(t("2022-07-31T23:59:59.999999999")).when(passed("N-1"));
    assert_eq!(credits(&given, JULY).0, 1);
    given.silently_at(t("2022-08-01T00:00")).when(passed("N-2"));
    assert_eq!(credits(&given, JULY).0, 1);
    assert_eq!(credits(&given, "quota-news/wenchang/2022-08").0, 1);
    assert!(given.deadline(JULY, "reach").breached_at.is_some(), "July was not reached");
}

#[test]
fn a_fact_that_the_condition_leaves_out_does_not_count() {
    let mut given = given();
    given.at(t("2022-07-05T09:00"));
    let at = given.now();
    given.when(happened("wenchang", "N-1", "练习", at)).when(submitted("wenchang", "N-1"));
    given.when(passed("N-1")).then("news.review-passed");
    assert_eq!(credits(&given, JULY).0, 0);
}

#[test]
fn a_refused_or_repeated_fact_counts_once_at_most() {
    let mut given = given();
    given.at(t("2022-07-05T09:00"));
    submit(&mut given, "wenchang", "N-1");
    given.when(passed("N-1").by("wenchang")).then_refused("actor.forbidden");
    given.when(passed("N-1").id("p")).then("news.review-passed case.credited");
    given.when(passed("N-1").id("p")).then("event.duplicated");
    given.when(passed("N-1")).then_refused("transition.forbidden");
    assert_eq!(credits(&given, JULY).0, 1);
}

#[test]
fn a_quota_takes_no_facts_itself() {
    let mut given = given();
    given.at(t("2022-07-05T09:00"));
    // The subject names no case of a workflow that takes it.
    given.when(passed(JULY)).then("event.parked");
    assert_eq!(credits(&given, JULY).0, 0);
}

#[test]
fn an_imported_fact_counts_in_its_own_period_and_withdraws_a_breach() {
    let mut given = given();
    given.at(t("2022-08-10T09:00"));
    assert!(given.deadline(JULY, "reach").breached_at.is_some());
    for key in ["N-1", "N-2"] {
        given.when(happened("wenchang", key, "某事", t("2022-07-11T09:00")).imported(t("2022-07-11T09:00")));
        given.when(submitted("wenchang", key).imported(t("2022-07-11T10:00")));
    }
    given.when(passed("N-1").imported(t("2022-07-12T09:00"))).then("news.review-passed case.credited");
    given.when(passed("N-2").imported(t("2022-07-13T09:00")));
    given.then("news.review-passed case.credited breach.withdrawn deadline.met case.closed").then_met(false);
    assert_eq!(credits(&given, "quota-news/wenchang/2022-08").0, 0);
}

#[test]
fn a_parked_fact_counts_when_it_is_taken_up() {
    let mut given = Given::tenant_from("changqing", &["news-item"], t("2022-06-20T09:00"));
    given.publish(
        &QUOTA.replace("[news.review-passed]", "[news.submitted]").replace("atLeast: 2", "atLeast: 1"),
    );
    given.at(t("2022-07-31T23:00")).when(submitted("wenchang", "N-1")).then("event.parked");
    given.at(t("2022-08-01T09:00")).when(happened("wenchang", "N-1", "某事", t("2022-07-31T22:00")));
    let kinds = given.kinds().join(" ");
    assert!(
        kinds
            .ends_with("news.submitted deadline.met case.credited breach.withdrawn deadline.met case.closed"),
        "{kinds}"
    );
    assert_eq!(credits(&given, JULY), (1, "reached".into()), "it came in July");
}

#[test]
fn groups_layers_and_rebuilds_give_one_ledger_and_one_state() {
    let play = |delivery: Delivery| {
        let mut given = given().delivered(delivery);
        given.at(t("2022-07-05T09:00"));
        for key in ["N-1", "N-2", "N-3"] {
            submit(&mut given, "wenchang", key);
            given.when(passed(key));
        }
        given.at(t("2022-09-01T00:00"));
        given
    };
    let mut usual = play(Delivery { most: 600, unstored: 0 });
    let digest = usual.digest();
    for (most, unstored) in [(1, 0), (3, 4), (9, 1)] {
        let mut other = play(Delivery { most, unstored });
        assert_eq!(other.ledger, usual.ledger, "groups of {most}");
        assert_eq!(other.digest(), digest, "groups of {most}");
    }
    let end = usual.state.checkpoint().seq;
    for each in [1, 7, 1000] {
        let (state, _store) = usual.refold(end, each);
        assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
    }
    crate::support::model::rows(&mut usual).expect("rows and tallies are those of the ledger");
}

#[test]
fn tallies_are_summed_through_layers_that_are_not_stored() {
    let mut given = given().delivered(Delivery { most: 600, unstored: 8 });
    given.at(t("2022-07-05T09:00"));
    submit(&mut given, "wenchang", "N-1");
    given.when(passed("N-1")).at(t("2022-07-06T00:00"));
    submit(&mut given, "wenchang", "N-2");
    given.when(passed("N-2"));
    let unit = UnitId::new("wenchang").expect("a unit");
    let sum = |given: &Given, name: &str, of: Tallied, from: &str, to: &str| {
        given.state.tallied(&unit, name, of, (t(from), t(to))).expect("a sum")
    };
    let passed = |given: &Given, from, to| sum(given, "news.review-passed", Tallied::Facts, from, to);
    let check = |given: &Given| {
        assert_eq!(passed(given, "2022-07-01T00:00", "2022-08-01T00:00"), 2);
        assert_eq!(passed(given, "2022-07-06T00:00", "2022-07-07T00:00"), 1);
        assert_eq!(passed(given, "2022-07-01T00:00", "2022-07-06T00:00"), 1);
        assert_eq!(passed(given, "2022-08-01T00:00", "2022-09-01T00:00"), 0);
        let quotas = |of| sum(given, "quota-news", of, "2022-07-31T23:45", "2022-08-01T00:00");
        assert_eq!((quotas(Tallied::InTime), quotas(Tallied::Open), quotas(Tallied::Late)), (1, 0, 0));
    };
    check(&given);
    given.settle_all();
    check(&given);
}

#[test]
fn a_type_counts_for_so_many_quotas_and_no_more() {
    let mut given = Given::tenant_from("changqing", &["news-item"], t("2022-06-20T09:00"));
    for number in 0..16 {
        given.publish(
            &QUOTA.replace("quota-news", &format!("quota-{number}")).replace("atLeast: 2", "atLeast: 1"),
        );
    }
    let Some(one_more) = authored("changqing", QUOTA).pop() else { panic!("a duty") };
    assert!(matches!(one_more, Definition::Workflow(_)));
    let refused = given.when(publication(&one_more)).then_refused("policy.invalid");
    assert!(refused.reason.message.contains("quota.crowded"), "{}", refused.reason.message);
    given.at(t("2022-07-05T09:00"));
    submit(&mut given, "wenchang", "N-1");
    given.when(passed("N-1"));
    let closed = given.kinds().into_iter().filter(|kind| *kind == "case.closed").count();
    assert_eq!((closed, given.events().len()), (16, 1 + 16 * 3));
}
