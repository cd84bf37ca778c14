//! Scenarios: those of the repository hold, and one that does not is told at its line.

use std::path::Path;

use duban::cli::scenarios::gather;
use duban::id::TenantId;
use duban::policy::resolve::Source;
use duban::scenario::run::{Bench, RunError};
use duban::scenario::text::{Scenario, read};
use duban::scenario::verdict::Verdict;

use crate::policies::shipped;

fn bench(tenant: &TenantId) -> Bench {
    Bench::new(tenant.clone(), shipped(tenant.as_str()).definitions).expect("a calendar")
}

#[test]
fn every_scenario_of_the_repository_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let found = gather(&folder).unwrap_or_else(|failure| panic!("{failure}"));
    let (mut ran, mut wrong) = (0, Vec::new());
    for (tenant, sources) in found {
        let mut bench = bench(&tenant);
        for source in sources {
            let (scenarios, problems) = read(&source, Some(tenant.as_str()));
            wrong.extend(problems.iter().map(ToString::to_string));
            for scenario in &scenarios {
                let verdict = bench.run(scenario).unwrap_or_else(|error| panic!("{}: {error}", source.path));
                wrong.extend(verdict.mismatches.iter().map(ToString::to_string));
                ran += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 0, "there are no scenarios in workflows/*/scenarios");
}

const HEAD: &str = "kind: Scenario
name: test
tenant: changqing
policies: [objection]
begin: \"2022-11-01T10:00\"
steps:
  - {given: the letter, fact: objection.received, by: xinyong-pingtai, on: objection/X, data: {unit: qu-zhujianju}}
";

fn scenario(steps: &str) -> Scenario {
    let source = Source { path: "x.yaml".into(), text: format!("{HEAD}{steps}") };
    let (mut scenarios, problems) = read(&source, Some("changqing"));
    assert!(problems.is_empty(), "{problems:?}");
    scenarios.pop().expect("a scenario")
}

fn verdict(steps: &str) -> Verdict {
    let scenario = scenario(steps);
    let verdict = bench(&scenario.authored.tenant).run(&scenario);
    verdict.unwrap_or_else(|error| panic!("{error}"))
}

/// Line, what was looked at, what was expected and the first line of what came.
fn told(steps: &str) -> Vec<(usize, String, String, String)> {
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let tell = |it: duban::scenario::verdict::Mismatch| {
        (it.place.line, it.what, it.expected.replace('\n', " "), first(&it.came))
    };
    verdict(steps).mismatches.into_iter().map(tell).collect()
}

fn line(line: usize, what: &str, expected: &str, came: &str) -> (usize, String, String, String) {
    (line, what.to_owned(), expected.to_owned(), came.to_owned())
}

#[test]
fn what_holds_is_told_to_hold() {
    let verdict = verdict("  - {expect: {case: objection/X, state: received}}\n");
    assert!(verdict.holds());
    assert_eq!((verdict.steps, verdict.place.line), (2, 2));
}

#[test]
fn every_part_of_a_case_that_differs_is_told_at_its_own_line() {
    let steps = "  - given: a look
    expect:
      case: objection/X
      state: closed
      owner: qu-minzhengju
      closed: true
      light: paused
      deadlines:
        answer: {due: \"2022-11-03T24:00\", status: met, late: true, level: 2, reminders: 1, round: 2, provisional: true}
        answer-again: {status: running}
";
    assert_eq!(
        told(steps),
        [
            line(11, "state", "closed", "received"),
            line(12, "owner", "qu-minzhengju", "qu-zhujianju"),
            line(13, "closed", "true", "false"),
            line(14, "light", "paused", "dueSoon"),
            line(16, "due", "2022-11-04T00:00", "2022-11-03T00:00"),
            line(16, "status", "met", "running"),
            line(16, "late", "true", "false"),
            line(16, "level", "2", "0"),
            line(16, "reminders", "1", "0"),
            line(16, "round", "2", "1"),
            line(16, "provisional", "true", "false"),
            line(17, "deadline answer-again", "a deadline", "no such deadline was set; there are: answer"),
        ]
    );
}

#[test]
fn a_case_that_is_missing_or_should_be_is_told() {
    assert_eq!(
        told("  - {expect: {case: objection/Y}}\n"),
        [line(8, "objection/Y", "a case", "no such case")]
    );
    assert_eq!(
        told("  - {expect: {case: objection/X, there: false}}\n"),
        [line(8, "objection/X", "no such case", "it is there, in the state received")]
    );
}

#[test]
fn a_fact_must_be_taken_unless_its_refusal_is_expected() {
    let by = |by: &str, more: &str| {
        format!(
            "  - {{fact: objection.answered, by: {by}, on: objection/X, data: {{result: corrected}}{more}}}\n"
        )
    };
    let refused = told(&by("qu-minzhengju", ""));
    assert_eq!((refused[0].0, refused[0].1.as_str()), (8, "fact"));
    assert!(refused[0].3.contains("actor.forbidden (actor)"), "{refused:?}");
    assert!(verdict(&by("qu-minzhengju", ", refused: {rule: actor.forbidden, field: actor}")).holds());
    for wrong in ["{rule: case.closed}", "{rule: actor.forbidden, field: type}"] {
        assert_eq!(told(&by("qu-minzhengju", &format!(", refused: {wrong}"))).len(), 1, "{wrong}");
    }
    let taken = told(&by("qu-zhujianju", ", refused: {rule: actor.forbidden}"));
    assert_eq!((taken[0].1.as_str(), taken[0].2.as_str()), ("refusal", "refused by actor.forbidden"));
}

#[test]
fn the_events_of_a_step_are_all_and_in_order() {
    let advance = |then: &str| format!("  - advance: {{workingDays: 2}}\n    then: {then}\n");
    let right = "[reminder.due, deadline.breached, reminder.due]";
    assert!(verdict(&advance(right)).holds());
    for wrong in ["[]", "[reminder.due]", "[reminder.due, reminder.due, deadline.breached]"] {
        assert_eq!(told(&advance(wrong))[0].1, "events", "{wrong}");
    }
    let in_full =
        |more: &str| advance(&format!("[reminder.due, {{event: deadline.breached, {more}}}, reminder.due]"));
    assert!(verdict(&in_full("at: \"2022-11-02T24:00\", clock: answer, due: \"2022-11-03T00:00\"")).holds());
    assert_eq!(
        told(&in_full("at: \"2022-11-02T12:00\"")),
        [line(9, "at of deadline.breached", "2022-11-02T12:00", "2022-11-03T00:00")]
    );
    assert_eq!(told(&in_full("act: summons"))[0].3, "nothing of the kind");
    // Another case's events are left out when a case is named.
    assert!(verdict(&format!("{}    on: objection/Y\n", advance("[]"))).holds());
}

#[test]
fn time_goes_forward_only() {
    let came = told("  - {advance: {to: \"2022-10-31T10:00\"}}\n");
    assert_eq!(came, [line(8, "time goes forward only", "after 2022-11-01T10:00", "2022-10-31T10:00")]);
}

#[test]
fn what_cannot_be_run_is_told_at_its_line() {
    let rules = |text: &str| -> Vec<(usize, String)> {
        let source = Source { path: "x.yaml".into(), text: text.into() };
        read(&source, Some("changqing")).1.into_iter().map(|it| (it.place.line, it.flaw.rule)).collect()
    };
    let with = |step: &str| rules(&format!("{HEAD}  - {step}\n"));
    let form = |rule: &str| vec![(8, rule.to_owned())];
    assert_eq!(with("{given: nothing happens}"), form("step.form"));
    assert_eq!(with("{fact: objection.received}"), form("step.form"));
    assert_eq!(with("{advance: {days: 1}, expect: {case: objection/X}}"), form("step.form"));
    assert_eq!(with("{advance: {days: 1}, data: {a: 1}}"), form("step.form"));
    assert_eq!(with("{advance: {days: 1, hours: 2}}"), form("value.range"));
    assert_eq!(with("{advance: {days: 1}, unheard: 1}"), form("key.unknown"));
    assert_eq!(with("{advance: {days: 1}, advance: {days: 2}}"), form("yaml.duplicate-key"));
    assert_eq!(with("{advance: {to: tomorrow}}"), form("value.form"));
    assert_eq!(rules(&HEAD.replace("changqing", "genhe")), [(3, "scenario.tenant".to_owned())]);
    let ladder = "kind: Ladder\nname: a\nversion: \"1\"\nquietOutsideWorkingHours: true\nrungs:\n  - {at: due, light: red, act: reminder, to: owner}\n";
    assert_eq!(rules(ladder), [(1, "scenario.kind".to_owned())]);
}

#[test]
fn a_policy_that_is_not_there_is_told_at_its_line() {
    let text = HEAD.replace("[objection]", "[objectoin]");
    let (scenarios, _) = read(&Source { path: "x.yaml".into(), text }, None);
    match bench(&scenarios[0].authored.tenant).run(&scenarios[0]) {
        Err(RunError::Problem(problem)) => {
            assert_eq!((problem.place.line, problem.flaw.rule.as_str()), (4, "policy.unknown"));
            assert!(problem.flaw.sentence().contains("did you mean \"objection\"?"), "{problem}");
        }
        other => panic!("{:?}", other.map(|verdict| verdict.name)),
    }
}
