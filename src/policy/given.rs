//! A small tenant for this floor's tests: texts that resolve, to be broken at will.

use super::definition::Definition;
use super::resolve::{Source, resolve};
use super::set::PolicySet;

/// The register, calendar, ladder and notice that the others stand on.
pub const FOUNDATIONS: &str = r#"
kind: Register
name: somewhere
version: "1"
title: {zh: 某地, en: Somewhere}
units:
  - {id: operator, title: {zh: 管理员, en: Operator}}
  - {id: water, title: {zh: 水务局, en: Water Bureau}, aliases: [區水務局]}
  - {id: office, title: {zh: 信用办, en: Credit Office}}
groups: {all: [unit:water]}
roles: {operator: [operator], importer: [operator], engine: [operator], credit-office: [office, operator]}
---
kind: Calendar
name: cn-gov
version: "1"
timeZone: Asia/Shanghai
verified: {from: "2022-01-01", to: "2023-12-31"}
---
kind: Ladder
name: standard
version: "1"
quietOutsideWorkingHours: false
rungs:
  - {at: due, light: yellow, act: reminder, to: owner}
  - {at: {workingDays: 1}, light: red, act: bulletin, to: role:credit-office}
---
kind: Notice
name: somewhere-1
version: "2022-01-01"
title: {zh: 某地通知, en: A notice of somewhere}
number: 某发〔2022〕1号
issuer: {zh: 某地, en: Somewhere}
issuedOn: "2022-01-01"
clauses:
  - {id: "1", title: {zh: 答复, en: Answers}}
"#;

/// A workflow of two steps with one clock.
pub const WORKFLOW: &str = r#"
kind: Workflow
name: matter
version: "1"
title: {zh: 事项, en: Matter}
cite: {notice: somewhere-1, clause: "1"}
effective: {from: "2022-01-01"}
key: [data.number]
owner: data.unit
opens: {event: matter.received, by: anyone}
initial: received
states:
  received:
    title: {zh: 待办, en: Received}
    waitsFor: owner
    events:
      matter.answered: {to: closed, by: owner, when: "data.number != ''"}
  closed: {title: {zh: 已办, en: Closed}, final: true}
clocks:
  - name: answer
    title: {zh: 答复, en: Answer}
    cite: {notice: somewhere-1, clause: "1"}
    start: {events: [matter.received], at: recorded}
    stop: {events: [matter.answered], at: recorded}
    due: {workingDays: 7}
    calendar: cn-gov
    onCalendarAmended: recompute
    ladder: standard
"#;

/// The schema of an event type with a unit and a number.
pub fn event_type(name: &str) -> Source {
    let text = format!(
        r#"{{"$id": "duban:events/{name}/1", "x-title": {{"zh": "某事", "en": "Something"}}, "type": "object",
            "required": ["unit", "number"],
            "properties": {{"unit": {{"type": "string"}}, "number": {{"type": "string", "maxLength": 9}},
                            "on": {{"type": "string", "format": "date"}}}}}}"#
    );
    Source { path: format!("events/{name}.v1.json"), text }
}

/// A YAML file.
pub fn file(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

/// The foundations with the given workflows, and the two event types.
pub fn sources(workflows: &[(&str, &str)]) -> Vec<Source> {
    let foundations =
        [file("foundations.yaml", FOUNDATIONS), event_type("matter.received"), event_type("matter.answered")];
    foundations.into_iter().chain(workflows.iter().map(|(path, text)| file(path, text))).collect()
}

/// The definitions of the foundations and of workflows that must be sound.
#[track_caller]
pub fn definitions(workflows: &[&str]) -> Vec<Definition> {
    let named: Vec<(&str, &str)> = workflows.iter().map(|text| ("workflow.yaml", *text)).collect();
    let report = resolve(&sources(&named));
    assert!(report.is_sound(), "{:#?}", report.problems);
    report.definitions
}

/// The set of all that, admitted in order.
#[track_caller]
pub fn set(workflows: &[&str]) -> PolicySet {
    let admit = |set: PolicySet, definition: &Definition| set.admit(definition).expect("a sound definition");
    definitions(workflows).iter().fold(PolicySet::default(), admit)
}
