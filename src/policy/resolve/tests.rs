//! Texts in, definitions or every mistake out.

use proptest::prelude::*;

use super::*;
use crate::policy::given;

fn told(sources: &[Source]) -> String {
    let lines: Vec<String> = resolve(sources).problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn sound_texts_resolve_in_the_order_of_publication() {
    let report = resolve(&given::sources(&[("matter.yaml", given::WORKFLOW)]));
    assert_eq!(report.problems, []);
    let kinds: Vec<&str> = report.definitions.iter().map(Definition::kind).collect();
    assert_eq!(kinds, ["Register", "Calendar", "EventType", "EventType", "Notice", "Workflow"]);
}

#[test]
fn the_broken_policy_shows_all_its_mistakes_at_once() {
    let broken = [
        ("structure.yaml", include_str!("broken-structure.yaml")),
        ("meaning.yaml", include_str!("broken-meaning.yaml")),
        ("text.yaml", include_str!("broken-text.yaml")),
    ];
    // The broken texts must not hide each other's references, so each stands alone.
    for (path, text) in broken {
        insta::assert_snapshot!(path, told(&given::sources(&[(path, text)])));
    }
}

#[test]
fn what_two_files_say_together_is_checked() {
    let earlier =
        given::WORKFLOW.replace(r#"{from: "2022-01-01"}"#, r#"{from: "2022-01-01", until: "2022-12-31"}"#);
    let later =
        given::WORKFLOW.replace("2022-01-01", "2022-06-01").replace("version: \"1\"", "version: \"2\"");
    let sources = given::sources(&[("a.yaml", &earlier), ("b.yaml", &later), ("c.yaml", given::FOUNDATIONS)]);
    let rules: Vec<String> =
        resolve(&sources).problems.into_iter().map(|it| format!("{} {}", it.file, it.flaw.rule)).collect();
    assert_eq!(
        rules,
        [
            "b.yaml effective.overlap",
            "c.yaml name.duplicate",
            "c.yaml name.duplicate",
            "c.yaml name.duplicate",
            "c.yaml name.duplicate"
        ]
    );
}

#[test]
fn a_broken_register_does_not_make_every_unit_unknown() {
    let broken = given::FOUNDATIONS.replace("roles: {", "rolls: {");
    let mut sources = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    sources[0] = given::file("foundations.yaml", &broken);
    let rules: Vec<String> = resolve(&sources).problems.into_iter().map(|it| it.flaw.rule).collect();
    assert_eq!(rules, ["key.missing", "key.unknown"]);
}

/// What is told when the foundations' notice is replaced by this list of clauses.
fn told_of_clauses(clauses: &str) -> String {
    let listed = given::FOUNDATIONS.replace("  - {id: \"1\", title: {zh: 答复, en: Answers}}\n", clauses);
    let mut sources = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    sources[0] = given::file("foundations.yaml", &listed);
    told(&sources)
}

#[test]
fn clauses_that_are_cited_and_not_listed_are_mistakes() {
    let titled = "title: {zh: 答复, en: Answers}";
    insta::assert_snapshot!(told_of_clauses(&format!("  - {{id: \"11\", {titled}}}\n")));
    let listed = given::FOUNDATIONS.replace("name: somewhere-1", "name: somewhere-2");
    let mut sources = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    sources[0] = given::file("foundations.yaml", &listed);
    insta::assert_snapshot!(told(&sources));
}

#[test]
fn clauses_that_nothing_encodes_or_that_contradict_are_findings() {
    let titled = "title: {zh: 事, en: Matter}";
    let why = "unsupervised: {zh: 范围, en: Scope}";
    let clauses = format!(
        "  - {{id: \"1\", {titled}, {why}}}\n  - {{id: 二, {titled}, {why}}}\n  - {{id: 二(一)2, {titled}}}\n  \
         - {{id: 二(二)3, {titled}, {why}}}\n  - {{id: 三, {titled}, {why}, states: {{count: 3, of: 二}}}}\n"
    );
    insta::assert_snapshot!(told_of_clauses(&clauses));
}

#[test]
fn a_notice_lists_every_clause_once_and_says_what_it_states() {
    let titled = "title: {zh: 事, en: Matter}";
    let clauses = format!(
        "  - {{id: \"1\", {titled}}}\n  - {{id: \"1\", {titled}}}\n  - {{id: 二, {titled}, states: {{count: 3}}}}\n  \
         - {{id: 三, {titled}, states: {{count: 3, of: 四}}}}\n  - {{id: 五, {titled}, states: {{topic: news}}}}\n"
    );
    insta::assert_snapshot!(told_of_clauses(&clauses));
}

#[test]
fn a_tenant_without_notices_is_told_once_for_each_that_it_cites() {
    let without = given::FOUNDATIONS.split("---\nkind: Notice").next().expect("what stands before it");
    let mut sources = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    sources[0] = given::file("foundations.yaml", without);
    insta::assert_snapshot!(told(&sources));
    let broken = given::FOUNDATIONS.replace("issuedOn: ", "isuedOn: ");
    sources[0] = given::file("foundations.yaml", &broken);
    insta::assert_snapshot!(told(&sources));
}

/// A target and a scorecard of one topic with a duty, and clauses that say more.
const TOPICS: &str = r#"
kind: Duty
name: publish
version: "1"
title: {zh: 公示, en: Publish}
cite: {notice: somewhere-1, clause: "1", topic: publicity}
effective: {from: "2022-01-01"}
for: group:all
every: quarter
covers: current
about: data.number == case.period
due: {endOf: quarter}
calendar: cn-gov
ladder: steep
satisfiedBy: {event: matter.answered, at: recorded}
---
kind: Target
name: codes-right
version: "1"
title: {zh: 重错码, en: Wrong codes}
cite: {notice: somewhere-1, clause: "1", topic: wrong-codes}
effective: {from: "2022-01-01"}
for: group:all
per: quarter
inputs: {wrong: {indicator: wrong}, all: {indicator: all}}
value: {share: {of: wrong, over: all}}
atMost: "0.0001"
---
kind: Scorecard
name: card
version: "1"
title: {zh: 评分, en: Scores}
cite: {notice: somewhere-1, clause: "1"}
effective: {from: "2022-01-01"}
for: group:all
total: 10
sections:
  - name: all
    title: {zh: 全部, en: All}
    cite: {notice: somewhere-1, clause: "1"}
    most: 10
    items:
      - name: "1"
        title: {zh: 公示, en: Publicity}
        cite: {notice: somewhere-1, clause: "1", topic: publicity}
        per: month
        most: 5
        inputs: {done: {facts: [matter.answered]}}
        points: [{of: done, times: 1}]
      - name: "2"
        title: {zh: 重错码, en: Wrong codes}
        cite: {notice: somewhere-1, clause: "1", topic: wrong-codes}
        per: quarter
        most: 3
        inputs: {wrong: {indicator: wrong}}
        points: [{of: wrong, times: -1}]
      - name: "3"
        title: {zh: 重错码, en: Wrong codes}
        cite: {notice: somewhere-1, clause: "1", topic: wrong-codes}
        per: quarter
        most: 2
        inputs: {wrong: {indicator: wrong}}
        points: [{of: wrong, linear: {from: [0, 2], to: ["0.05", 0]}}]
---
kind: Duty
name: long-past
version: "1"
title: {zh: 早已到期, en: Long past}
cite: {notice: somewhere-1, clause: "1"}
effective: {from: "2022-01-01"}
for: group:nobody
every: once
about: data.number == 'long-past'
due: {date: "2021-10"}
calendar: cn-gov
ladder: none
satisfiedBy: {event: matter.answered, at: recorded}
---
kind: Ladder
name: steep
version: "1"
quietOutsideWorkingHours: false
rungs:
  - {at: {workingDays: -93}, light: blue, act: reminder, to: owner}
  - {at: due, light: yellow, act: reminder, to: owner}
"#;

#[test]
fn what_is_said_of_one_topic_in_several_places_is_compared() {
    let stated =
        "  - {id: \"1\", title: {zh: 事, en: Matter}, states: {topic: wrong-codes, equals: \"0\"}}\n";
    let listed = given::FOUNDATIONS
        .replace("  - {id: \"1\", title: {zh: 答复, en: Answers}}\n", stated)
        .replace("groups: {all: [unit:water]}", "groups: {all: [unit:water], nobody: [group:nobody]}");
    let mut sources = given::sources(&[("matter.yaml", given::WORKFLOW), ("topics.yaml", TOPICS)]);
    sources[0] = given::file("foundations.yaml", &listed);
    insta::assert_snapshot!(told(&sources));
    // What the office has set itself contradicts no document.
    let own = TOPICS.replace("topic: publicity}", "topic: publicity, officeSetting: true}");
    sources[4] = given::file("topics.yaml", &own);
    assert!(!told(&sources).contains("topic.period"), "{}", told(&sources));
}

#[test]
fn a_type_that_no_tenant_takes_is_told_in_each() {
    let prefixed = |tenant: &'static str| {
        let own = given::sources(&[("matter.yaml", given::WORKFLOW)]).into_iter();
        own.map(move |it| {
            let shared = it.path.starts_with("events/");
            let path = if shared { it.path } else { format!("{tenant}/{}", it.path) };
            given::file(&path, &it.text)
        })
    };
    let mut sources: Vec<Source> = prefixed("a").chain(prefixed("b")).collect();
    sources.push(given::event_type("matter.forgotten"));
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources.dedup();
    let told = |sources: &[Source]| -> Vec<String> {
        resolve_all(sources).values().flat_map(|it| &it.problems).map(ToString::to_string).collect()
    };
    insta::assert_snapshot!(told(&sources).join("\n"));
    // A type that one tenant takes is no other tenant's finding.
    let forgetting = given::WORKFLOW.replace(
        "matter.answered: {to: closed",
        "matter.forgotten: {by: owner}\n      matter.answered: {to: closed",
    );
    let at = sources.iter().position(|it| it.path == "a/matter.yaml").expect("the workflow");
    sources[at].text = forgetting;
    assert_eq!(told(&sources), [""; 0]);
}

#[test]
fn texts_are_sorted_by_tenant_and_shared_folders_belong_to_all() {
    let paths = ["workflows/a/x.yaml", "workflows/b/y.yaml", "workflows/ladders/z.yaml", "events/e.v1.json"];
    let tenants = by_tenant(&paths.map(|path| given::file(path, "")));
    let of = |tenant: &str| tenants[tenant].iter().map(|it| it.path.as_str()).collect::<Vec<_>>();
    assert_eq!(of("a"), ["workflows/a/x.yaml", "workflows/ladders/z.yaml", "events/e.v1.json"]);
    assert_eq!(of("b"), ["workflows/b/y.yaml", "workflows/ladders/z.yaml", "events/e.v1.json"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-zA-Z0-9:{}\\[\\],&*!|>%@\"'#\\- \n\t中]{0,200}") {
        let _ = check_text(&text);
    }

    #[test]
    fn no_cut_through_a_policy_makes_it_panic(from in 0..given::WORKFLOW.len(), length in 0..40_usize, put in "[:{}\\[\\]\n -]{0,3}") {
        let until = (from + length).min(given::WORKFLOW.len());
        if let (Some(head), Some(tail)) = (given::WORKFLOW.get(..from), given::WORKFLOW.get(until..)) {
            let _ = check_text(&format!("{head}{put}{tail}"));
        }
    }
}
