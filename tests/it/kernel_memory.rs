//! What a case remembers, and who may owe one.

use serde_json::{Value, json};

use crate::support::kernel::{FactDraft, Given, fact, t};

/// A reported figure that may be corrected; only two units report it.
const FIGURE: &str = r#"
kind: Workflow
name: figure
version: "1"
title: {zh: 指标, en: Figure}
cite: {notice: changqing-2022, clause: 三(一)1}
effective: {from: "2022-06-01"}
for: [unit:wenchang, unit:guide]
key: [data.unit, data.report]
owner: data.unit
keep: [data.period, data.figures, actor]
opens: {event: report.submitted, by: owner}
initial: reported
states:
  reported:
    title: {zh: 已报, en: Reported}
    waitsFor: role:credit-office
    events:
      report.submitted: {by: owner}
      report.review-returned: {by: role:credit-office, when: "case.kept.figures.rate == '0.98'"}
      report.review-passed: {to: done, by: role:credit-office}
  done: {title: {zh: 已定, en: Done}, final: true}
clocks: []
"#;

fn given() -> Given {
    let mut given = Given::tenant_from("changqing", &[], t("2022-06-20T09:00"));
    given.publish(FIGURE).at(t("2022-07-01T09:00"));
    given
}

fn reported(unit: &str, data: Value) -> FactDraft {
    let mut all = json!({"unit": unit, "report": "rate"});
    all.as_object_mut().expect("an object").extend(data.as_object().expect("an object").clone());
    fact("report.submitted").by(unit).data(all)
}

fn kept(given: &Given) -> Value {
    serde_json::from_str(&given.case("figure/wenchang/rate").kept).expect("JSON")
}

#[test]
fn later_values_replace_earlier_ones_and_guards_see_them() {
    let mut given = given();
    given.when(reported("wenchang", json!({"period": "2022-06", "figures": {"rate": "0.99"}})));
    assert_eq!(kept(&given), json!({"period": "2022-06", "figures": {"rate": "0.99"}, "actor": "wenchang"}));
    let returned = || {
        let data = json!({"unit": "wenchang", "report": "rate", "reasons": "略"});
        fact("report.review-returned").by("xinyong-ban").data(data)
    };
    given.when(returned()).then_refused("guard.failed");
    given.when(reported("wenchang", json!({"figures": {"rate": "0.98"}}))).then("report.submitted");
    assert_eq!(kept(&given), json!({"period": "2022-06", "figures": {"rate": "0.98"}, "actor": "wenchang"}));
    given.when(returned()).then("report.review-returned");
    // Who reviewed it is not what the case remembers, and null says nothing.
    assert_eq!(kept(&given)["actor"], "wenchang");
    let end = given.state.checkpoint().seq;
    let digest = given.digest();
    let (state, _store) = given.refold(end, 3);
    assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
}

#[test]
fn an_entry_carries_what_is_remembered_only_when_it_changes() {
    let mut given = given();
    let data = json!({"period": "2022-06", "figures": {"rate": "0.99"}});
    given.when(reported("wenchang", data.clone())).when(reported("wenchang", data));
    let body = String::from_utf8_lossy(&given.ledger[given.ledger.len() - 1].body).into_owned();
    assert!(!body.contains("\"kept\""), "{body}");
    given.when(reported("wenchang", json!({"period": "2022-07"})));
    let body = String::from_utf8_lossy(&given.ledger[given.ledger.len() - 1].body).into_owned();
    assert!(
        body.contains(r#""kept":{"actor":"wenchang","figures":{"rate":"0.99"},"period":"2022-07"}"#),
        "{body}"
    );
}

#[test]
fn a_unit_that_may_not_owe_it_has_no_case() {
    let mut given = given();
    let refused = given.when(reported("mashan", json!({}))).then_refused("owner.outside");
    assert_eq!((refused.reason.field.as_str(), refused.reason.value.as_str()), ("data.unit", "mashan"));
    assert!(!given.has_case("figure/mashan/rate"));
    given.when(reported("guide", json!({}))).then("report.submitted case.opened");
}
