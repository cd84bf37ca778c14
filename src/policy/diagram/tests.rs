//! Drawings are the same bytes for the same workflow, and hold together.

use super::drawing::Drawing;
use super::layout::layout;
use super::mermaid::mermaid;
use super::svg::svg;
use crate::calendar::Lang;
use crate::policy::definition::Definition;
use crate::policy::given;
use crate::policy::rules::Titles;

/// A workflow with every sort of way: on, over, back, into itself, from anywhere.
const WINDING: &str = r#"
kind: Workflow
name: winding
version: "1"
title: {zh: 曲折 <事项>, en: Winding & matter}
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
      matter.answered: {to: under-review, by: owner}
      matter.closed: {to: closed, by: owner}
      matter.noted: {by: owner}
  under-review:
    title: {zh: 待审核, en: Under review}
    waitsFor: role:credit-office
    events:
      matter.returned: {to: received, by: role:credit-office}
      matter.closed: {to: closed, by: role:credit-office}
  closed: {title: {zh: 已办, en: Closed}, final: true}
anyState:
  matter.withdrawn: {to: closed, by: owner}
clocks:
  - name: answer
    title: {zh: 答复, en: Answer}
    cite: {notice: somewhere-1, clause: "1"}
    start: {events: [matter.received, matter.returned], at: data.on}
    pauseIn: [under-review]
    stop: {events: [matter.answered], at: recorded}
    due: {workingDays: 7}
    calendar: cn-gov
    onCalendarAmended: recompute
    ladder: standard
"#;

fn drawing() -> Drawing {
    let mut sources = given::sources(&[("winding.yaml", WINDING)]);
    sources.extend(
        ["closed", "noted", "returned", "withdrawn"].map(|it| given::event_type(&format!("matter.{it}"))),
    );
    let report = crate::policy::resolve::resolve(&sources);
    assert!(report.is_sound(), "{:#?}", report.problems);
    let titles = Titles::of(&report.definitions);
    let workflow = report.definitions.iter().find_map(|it| match it {
        Definition::Workflow(workflow) => Some(workflow),
        _ => None,
    });
    Drawing::of(workflow.expect("the workflow"), &titles)
}

#[test]
fn a_workflow_is_drawn_in_mermaid() {
    insta::assert_snapshot!(mermaid(&drawing(), Lang::Zh));
}

#[test]
fn a_workflow_is_drawn_in_svg() {
    let drawing = drawing();
    assert_eq!(svg(&drawing, Lang::Zh), svg(&drawing, Lang::Zh));
    insta::assert_snapshot!("svg_zh", svg(&drawing, Lang::Zh));
    insta::assert_snapshot!("svg_en", svg(&drawing, Lang::En));
}

#[test]
fn nothing_stands_on_anything_else() {
    for lang in [Lang::Zh, Lang::En] {
        let layout = layout(&drawing(), lang);
        for (at, one) in layout.places.iter().enumerate() {
            assert!(one.x > 0 && one.y > 0 && one.x + one.width < layout.width, "{one:?}");
            for other in &layout.places[at + 1..] {
                let beside = one.x + one.width < other.x || other.x + other.width < one.x;
                let above = one.y + one.height < other.y || other.y + other.height < one.y;
                assert!(beside || above, "{one:?} {other:?}");
            }
        }
        let mut labels: Vec<(i64, i64)> = layout.ways.iter().map(|way| way.label).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), layout.ways.len(), "two labels stand at one place");
    }
}
