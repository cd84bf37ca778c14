//! Duties owed once, standing ones and quotas as they are written: what goes
//! together, and what is told of what does not.

use crate::support::drafts::{authored, resolved};
use duban::id::UnitId;
use duban::policy::definition::{Definition, Opening, Workflow};

/// A duty with the usual head, and the lines that a test is about.
fn duty(lines: &str) -> String {
    format!(
        r#"kind: Duty
name: some-duty
version: "1"
title: {{zh: 某项, en: Something}}
cite: {{notice: changqing-2022, clause: 三(一)1, also: [三(一)2]}}
effective: {{from: "2022-08-11"}}
calendar: cn-gov
{lines}"#
    )
}

fn told(lines: &str) -> String {
    let problems = resolved("changqing", &duty(lines)).problems;
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn only(text: &str) -> Workflow {
    match authored("changqing", text).pop() {
        Some(Definition::Workflow(workflow)) => *workflow,
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_that_do_not_go_together_are_told_all_at_once() {
    insta::assert_snapshot!(
        "due_and_standing",
        told(
            "for: [group:jiezhen]\nevery: once\ncovers: previous\ndue: {days: 3}\nladder: standard\n\
         standing: {zh: 持续, en: continuous}\nsatisfiedBy: {event: report.submited, at: recorded}\n\
         about: data.reprt == 'x'\n"
        )
    );
    insta::assert_snapshot!(
        "neither_due_nor_standing",
        told(
            "for: [unit:wenchang]\nevery: month\nladder: standard\nassist: [group:jiezen, unit:guied]\n\
         clauses: {guide: 附件1, wenchan: x, wenchang: ' '}\n"
        )
    );
    insta::assert_snapshot!(
        "quota_excess",
        told(
            "for: [unit:wenchang]\nevery: once\nladder: none\natLeast: 1\ncounts: {events: [news.pased], when: 'dta.x'}\n\
         standing: {zh: 持续, en: continuous}\nabout: 'true'\ncovers: previous\n\
         satisfiedBy: {event: report.submitted, at: recorded}\n\
         review: {by: role:credit-office, pass: report.review-passed, return: report.review-returned}\n"
        )
    );
    insta::assert_snapshot!(
        "quota_incomplete",
        told("for: [unit:wenchang]\nevery: monthly\nladder: none\natLeast: 0\ndue: {endOf: month}\n")
    );
    insta::assert_snapshot!(
        "standing_with_units_and_a_verdict_unknown",
        told(
            "for: [unit:wenchang]\nevery: once\nladder: none\nabout: data.report == 'x'\n\
         standing: {zh: 持续, en: continuous}\nsatisfiedBy: {event: report.submitted, at: recorded}\n\
         assist: [unit:guied]\nclauses: {guide: 附件1, wenchan: x, wenchang: ' '}\n\
         review: {by: role:credit-ofice, pass: report.pased, return: report.review-returned}\n"
        )
    );
}

/// What is told of a workflow with the usual head and these lines.
fn told_of_workflow(lines: &str) -> String {
    let text = format!(
        r#"kind: Workflow
name: matter
version: "1"
title: {{zh: 事项, en: Matter}}
cite: {{notice: changqing-2022, clause: "1"}}
effective: {{from: "2022-01-01"}}
{lines}"#
    );
    let problems = resolved("changqing", &text).problems;
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn who_may_owe_a_workflow_is_known_by_name() {
    let lines = r#"for: [group:jiezen, unit:wenchang]
clauses: {guide: "2"}
assist: [group:nobody]
evidence: {zh: 回函, en: A letter}
key: [subject]
owner: data.unit
opens: {event: report.submitted, by: owner}
initial: open
states:
  open: {title: {zh: 办, en: Open}, waitsFor: owner, events: {report.review-passed: {to: done, by: role:credit-office}}}
  done: {title: {zh: 毕, en: Done}, final: true}
clocks: []
"#;
    insta::assert_snapshot!("workflow_for", told_of_workflow(lines));
}

#[test]
fn parties_that_a_workflow_does_not_have_are_told_with_a_way_out() {
    let lines = told_of_workflow(
        r"assist: [data.helping, unit:qu-fagaij]
key: [subject]
owner: data.unit
opens: {event: report.submitted, by: [owner, lead]}
initial: open
states:
  open: {title: {zh: 办, en: Open}, waitsFor: lead, events: {report.review-passed: {to: done, by: assist}}}
  done: {title: {zh: 毕, en: Done}, final: true}
clocks: []
",
    );
    for part in ["party.undeclared", "lead: data.lead", "unit.unknown"] {
        assert!(lines.contains(part), "{part} is missing from\n{lines}");
    }
    assert_eq!(lines.matches("party.undeclared").count(), 2, "{lines}");
    assert!(lines.contains(":10:") && lines.contains(":13:"), "{lines}");
}

#[test]
fn a_duty_owed_once_is_keyed_by_its_unit_and_quoted_by_its_own_clause() {
    let workflow = only(&duty(
        "for: [group:jiezhen]\nevery: once\nabout: data.report == 'some-duty'\ndue: {date: \"2022-06\"}\n\
         ladder: standard\nsatisfiedBy: {event: report.submitted, at: recorded}\nassist: [unit:xinyong-ban]\n\
         evidence: {zh: 文件, en: The document}\nclauses: {wenchang: 附件1·5·二2(1)}\n",
    ));
    assert!(matches!(workflow.opens, Opening::Once { .. }));
    assert_eq!(workflow.key.iter().map(|path| path.0.as_str()).collect::<Vec<_>>(), ["data.unit"]);
    assert_eq!(workflow.opens.units().len(), 10);
    let clause = |unit: &str| workflow.cite_for(&UnitId::new(unit).expect("a unit")).clause;
    assert_eq!((clause("wenchang"), clause("guide")), ("附件1·5·二2(1)".into(), "三(一)1".into()));
    let clock = workflow.cite_of(&workflow.clocks[0].cite, &UnitId::new("wenchang").expect("a unit"));
    assert_eq!(
        (clock.clause.as_str(), clock.also.as_slice()),
        ("附件1·5·二2(1)", &["三(一)2".to_owned()][..])
    );
    assert_eq!(workflow.states.len(), 2, "without a review the submission closes it");
}

#[test]
fn a_quota_has_one_clock_that_its_credits_meet() {
    let workflow = only(&duty(
        "for: [unit:wenchang]\nevery: quarter\natLeast: 3\ncounts: {events: [news.review-passed]}\n\
         due: {endOf: quarter}\nladder: standard\n",
    ));
    let quota = workflow.quota.as_ref().expect("a quota");
    assert_eq!((quota.at_least, workflow.clocks.len()), (3, 1));
    assert_eq!(workflow.clocks[0].stop.events[0].as_str(), "case.credited");
}
