//! What the set takes in, and what it answers.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::id::{EventType, Name, RoleId, UnitId};
use crate::policy::definition::{Definition, Guard, Sides, Who, Workflow};
use crate::policy::given;
use crate::policy::guard::Input;

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn event(text: &str) -> EventType {
    EventType::new(text).expect("an event type")
}

fn on(text: &str) -> chrono::NaiveDate {
    text.parse().expect("a date")
}

fn version_from(version: &str, from: &str) -> String {
    given::WORKFLOW
        .replacen("version: \"1\"", &format!("version: \"{version}\""), 1)
        .replace("2022-01-01", from)
}

fn workflow(text: &str) -> Workflow {
    let definition = given::definitions(&[text]).pop().expect("the workflow comes last");
    match definition {
        Definition::Workflow(workflow) => *workflow,
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => {
            panic!("the workflow comes last")
        }
    }
}

#[test]
fn units_are_known_by_every_spelling() {
    let set = given::set(&[]);
    for spelling in ["water", "水务局", "Water Bureau", " 區水務局 "] {
        assert_eq!(set.resolve_unit(spelling).expect("a unit").as_str(), "water", "{spelling}");
    }
    assert_eq!(set.resolve_unit("fire"), None);
    let (water, office) = (UnitId::new("water").expect("an id"), UnitId::new("office").expect("an id"));
    let credit_office = RoleId::new("credit-office").expect("a role");
    assert!(set.has_role(&office, &credit_office) && !set.has_role(&water, &credit_office));
    let parties = [Who::Role(credit_office), Who::Owner, Who::Unit(office)];
    let told: Vec<String> =
        set.units_of(&parties, &Sides::of_owner(&water)).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["office", "operator", "water"]);
    assert_eq!(set.unit(&water).map(|unit| unit.title.zh.as_str()), Some("水务局"));
    assert_eq!(set.settings().parked_for_hours, 72);
}

#[test]
fn the_version_that_began_last_is_in_force() {
    let (first, second) = (version_from("1", "2022-01-01"), version_from("2", "2023-01-01"));
    let set = given::set(&[&first, &second]);
    let version = |day: &str| set.in_force_on(&name("matter"), on(day)).map(|it| it.version.clone());
    assert_eq!(version("2021-12-31"), None);
    assert_eq!(version("2022-12-31").as_deref(), Some("1"));
    assert_eq!(version("2023-01-01").as_deref(), Some("2"));
    // 17:00 UTC on New Year's Eve is New Year in the calendar's zone.
    let at = "2022-12-31T17:00:00Z".parse().expect("an instant");
    assert_eq!(set.workflow_in_force(&name("matter"), at).map(|it| it.version.clone()).as_deref(), Some("2"));
    let handlers = set.handlers(&event("matter.answered"));
    assert_eq!(handlers.iter().map(|it| it.version.as_str()).collect::<Vec<_>>(), ["2"]);
    assert!(set.handlers(&event("matter.lost")).is_empty());
}

#[test]
fn a_version_that_has_ended_leaves_nothing_in_force() {
    let ended =
        given::WORKFLOW.replace(r#"{from: "2022-01-01"}"#, r#"{from: "2022-01-01", until: "2022-06-30"}"#);
    let set = given::set(&[&ended]);
    assert!(set.in_force_on(&name("matter"), on("2022-06-30")).is_some());
    assert!(set.in_force_on(&name("matter"), on("2022-07-01")).is_none());
}

#[test]
fn what_is_replaced_stays_known_by_its_digest() {
    let set = given::set(&[given::WORKFLOW]);
    let before = set.in_force_on(&name("matter"), on("2022-06-01")).expect("in force");
    let sha = set.sha_of(&before).expect("its digest");
    let mended = workflow(&given::WORKFLOW.replace("workingDays: 7", "workingDays: 9"));
    let after = set.admit(&Definition::Workflow(Box::new(mended))).expect("a sound workflow");
    let now = after.in_force_on(&name("matter"), on("2022-06-01")).expect("in force");
    assert_ne!(after.sha_of(&now), Some(sha));
    assert_eq!(after.workflow(&sha), Some(before.clone()));
    assert_eq!(after.sha_of(&before), Some(sha));
    let workflows = |it: &PolicySet| it.definitions().filter(|(_, it)| it.kind() == "Workflow").count();
    assert_eq!((workflows(&set), workflows(&after)), (1, 1));
}

#[test]
fn calendars_are_known_by_name_today_and_by_digest_for_ever() {
    let set = given::set(&[]);
    let (first, _) = set.calendar(&name("cn-gov")).expect("a calendar");
    let definition = set.definitions().find_map(|(_, it)| match it {
        Definition::Calendar(calendar) => Some(calendar.clone()),
        _ => None,
    });
    let mut amended = definition.expect("a calendar");
    amended.version = "2".into();
    let after = set.admit(&Definition::Calendar(amended)).expect("a sound calendar");
    let (second, calendar) = after.calendar(&name("cn-gov")).expect("a calendar");
    assert_ne!(first, second);
    assert_eq!(calendar.def().version, "2");
    assert_eq!(after.calendar_by_sha(&first).map(|it| it.def().version.as_str()), Some("1"));
}

#[test]
fn data_is_held_against_the_schema_and_the_refusal_names_field_and_value() {
    let set = given::set(&[]);
    let received = event("matter.received");
    let validate = |version: Option<&str>, data| set.validate(&received, version, &data);
    assert_eq!(validate(None, json!({"unit": "water", "number": "1", "on": "2022-09-28"})), Ok(()));
    let reason =
        validate(Some("1"), json!({"unit": "water", "number": "1", "on": "28.9.2022"})).expect_err("a date");
    assert_eq!((reason.rule.as_str(), reason.field.as_str()), ("schema.violated", "data/on"));
    assert_eq!(reason.value, "\"28.9.2022\"");
    let reason = validate(None, json!({"unit": "water"})).expect_err("a number is missing");
    assert_eq!((reason.rule.as_str(), reason.field.as_str()), ("schema.violated", "data"));
    let reason = validate(Some("7"), json!({})).expect_err("no such version");
    assert_eq!(reason.rule, "type.version-unknown");
    let reason = set.validate(&event("matter.recieved"), None, &json!({})).expect_err("no such type");
    assert_eq!(reason.rule, "type.unknown");
    assert!(reason.message.contains("matter.received"), "{}", reason.message);
}

#[test]
fn long_data_gives_a_short_refusal() {
    let set = given::set(&[]);
    let data = json!({"unit": "water", "number": "9".repeat(100_000)});
    let reason = set.validate(&event("matter.received"), None, &data).expect_err("too long");
    assert!(reason.value.chars().count() <= 200 && reason.message.chars().count() <= 300);
}

#[test]
fn a_definition_that_does_not_fit_the_others_is_refused_with_reasons() {
    let sound = workflow(given::WORKFLOW);
    let refused =
        PolicySet::default().admit(&Definition::Workflow(Box::new(sound))).expect_err("nothing is known");
    let rules: Vec<&str> = refused.mistakes.iter().map(|it| it.rule.as_str()).collect();
    assert_eq!(rules, ["register.missing", "event.unknown", "event.unknown", "calendar.unknown"]);
    assert!(refused.to_string().contains("[calendar.unknown] at /clocks/0/calendar"), "{refused}");
}

#[test]
fn a_register_must_keep_what_workflows_name() {
    let set = given::set(&[given::WORKFLOW]);
    let mut register = set.register().expect("a register").clone();
    register.roles.remove(&RoleId::new("credit-office").expect("a role"));
    let text = given::WORKFLOW.replace("by: anyone", "by: role:credit-office");
    let set = given::set(&[&text]);
    let refused = set.admit(&Definition::Register(register)).expect_err("the role is needed");
    assert!(refused.mistakes.iter().all(|it| it.rule == "role.unknown" && it.message.contains("matter")));
}

#[test]
fn what_the_ledger_holds_is_taken_even_if_today_would_refuse_it() {
    let mut old = workflow(given::WORKFLOW);
    let closing =
        old.states.get_mut(&name("received")).and_then(|it| it.events.get_mut(&event("matter.answered")));
    closing.expect("a transition").when = Some(Guard("once upon a time".into()));
    let definition = Definition::Workflow(Box::new(old));
    assert!(given::set(&[]).admit(&definition).is_err());
    let set = PolicySet::default().with(&definition).expect("taken as it is");
    let seen = BTreeMap::new();
    let input = Input {
        data: &json!({}),
        actor: "water",
        subject: "",
        state: "received",
        owner: "water",
        period: None,
        kept: "{}",
        seen: Some(&seen),
    };
    assert!(set.holds(&Guard("once upon a time".into()), &input).is_err());
    assert_eq!(set.holds(&Guard("actor == case.owner".into()), &input), Ok(true));
}
