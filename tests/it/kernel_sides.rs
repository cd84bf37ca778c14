//! Lead and helping units: who they are comes from the policy and from the facts, and
//! each of them is told once.

use serde_json::{Value, json};

use crate::support::kernel::{FactDraft, Given, chosen, fact, publication, t};
use duban::event::catalogue::Event;
use duban::policy::definition::delivery::Delivery;
use duban::policy::definition::{Definition, Workflow};

const LEAD: &str = "qu-zhujianju";
const HELPING: &str = "qu-fagaiju";

/// News of the streets, led by a unit of the policy and by whom the facts name.
fn led() -> Definition {
    let Some(Definition::Workflow(workflow)) = chosen("changqing", &["news-item"]).pop() else {
        panic!("the workflow comes last")
    };
    let mut form = serde_json::to_value(&*workflow).expect("its JSON");
    form["version"] = json!("led");
    form["lead"] = json!([LEAD]);
    form["beside"] = json!({"lead": "data.lead", "assist": "data.assist"});
    form["states"]["happened"]["events"]["news.submitted"]["by"] = json!(["lead"]);
    let to = json!(["owner", "lead", "assist", format!("unit:{LEAD}")]);
    form["clocks"][0]["ladder"] = json!({
        "name": "joint", "version": "1",
        "rungs": [
            {"at": {"hours": -24}, "light": "blue", "act": "reminder", "to": to},
            {"at": {"hours": 1}, "light": "red", "act": "reminder", "to": ["assist"]},
        ],
    });
    let workflow: Workflow = serde_json::from_value(form).expect("a workflow");
    Definition::Workflow(Box::new(workflow))
}

fn happened(data: &Value) -> FactDraft {
    let mut whole = json!({"unit": "wenchang", "title": "某事", "happenedAt": "2022-11-07T15:00:00+08:00"});
    whole.as_object_mut().expect("an object").extend(data.as_object().expect("an object").clone());
    fact("news.happened").by("wenchang").of("N-1").data(whole)
}

fn given() -> Given {
    let mut given = Given::tenant("changqing", &[]);
    given.when(publication(&led())).then("policy.published");
    given.at(t("2022-11-07T15:00"));
    given
}

fn told(given: &Given) -> Vec<Vec<String>> {
    let to = given.entries().filter_map(|entry| match &entry.decided.event {
        Event::ReminderDue(it) => Some(it.to.iter().map(ToString::to_string).collect()),
        _ => None,
    });
    to.collect()
}

#[test]
fn owner_leading_and_helping_units_are_told_once_each() {
    let mut given = given();
    // The lead unit is named by the policy, by the fact and by the rung; the owner helps itself.
    given.when(happened(&json!({"lead": LEAD, "assist": [HELPING, "wenchang", HELPING]})));
    given.at(t("2022-11-20T00:00"));
    assert_eq!(told(&given), [vec!["wenchang", LEAD, HELPING], vec![HELPING, "wenchang"]]);
}

#[test]
fn who_is_named_nowhere_is_not_told() {
    let mut given = given();
    given.when(happened(&json!({})));
    given.at(t("2022-11-20T00:00"));
    assert_eq!(told(&given), [vec!["wenchang", LEAD], vec![]]);
}

#[test]
fn whoever_a_fact_names_must_be_known() {
    for (data, field) in [
        (json!({"lead": "nobody-here"}), "data.lead"),
        (json!({"assist": [HELPING, "nobody-here"]}), "data.assist"),
        (json!({"assist": 7}), "data.assist"),
    ] {
        let mut given = given();
        given.when(happened(&data));
        assert_eq!(given.then_refused("unit.unknown").reason.field, field, "{data}");
        assert!(!given.has_case("news-item/N-1"));
    }
}

#[test]
fn the_lead_unit_may_state_what_the_policy_lets_it_and_others_may_not() {
    let mut given = given();
    given.when(happened(&json!({"lead": HELPING})));
    let submitted =
        || fact("news.submitted").of("news-item/N-1").data(json!({"url": "https://example.org/1"}));
    given.when(submitted().by("wenchang")).then_refused("actor.forbidden");
    given.when(submitted().by(HELPING));
    assert_eq!(given.case("news-item/N-1").state.as_str(), "submitted");
}

#[test]
fn a_channel_for_leading_units_carries_what_their_cases_raise() {
    let delivery: Delivery = serde_json::from_value(json!({
        "name": "delivery", "version": "t",
        "channels": [
            {"name": "leading", "via": "webhook", "parties": ["lead"]},
            {"name": "helping", "via": "webhook", "parties": ["assist"]},
        ],
    }))
    .expect("a delivery");
    let mut given = given();
    given.when(publication(&Definition::Delivery(Box::new(delivery)))).then("policy.published");
    given.when(happened(&json!({"lead": HELPING, "assist": HELPING})));
    given.at(t("2022-11-09T00:00"));
    let via = given.entries().find_map(|entry| match &entry.decided.event {
        Event::ReminderDue(it) => Some(it.via.clone()),
        _ => None,
    });
    let via = via.expect("a reminder");
    let via: Vec<(&str, &str)> = via.iter().map(|it| (it.unit.as_str(), it.channel.as_str())).collect();
    assert_eq!(via, [(LEAD, "leading"), (HELPING, "leading"), (HELPING, "helping")]);
}
