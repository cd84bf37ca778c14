//! What the command line does without a server: due dates, policies, exit codes.

use std::fs;

use serde_json::{Value, json};

use crate::calendar_vectors::question;
use crate::support::cli::{duban, duban_with};

const VECTORS: &str = include_str!("../fixtures/deadlines.json");

#[test]
fn one_process_answers_every_published_vector() {
    let file: Value = serde_json::from_str(VECTORS).expect("the vectors");
    let vectors = file["vectors"].as_array().expect("a list");
    let mut questions = String::new();
    for vector in vectors {
        let (rule, start) = question(vector);
        questions
            .push_str(&json!({"id": vector["id"], "rule": rule, "start": start.to_string()}).to_string());
        questions.push('\n');
    }
    let said = duban_with(&["due", "--batch"], &questions).ends(0);
    let answers: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), vectors.len());
    for (vector, answer) in vectors.iter().zip(&answers) {
        assert_eq!(answer["id"], vector["id"]);
        let at =
            |value: &Value| value.as_str().expect("an instant").parse::<duban::time::Instant>().expect("one");
        assert_eq!(at(&answer["due"]), at(&vector["due"]), "{}", vector["why"]);
        assert_eq!(answer["provisional"], false);
        assert!(answer["explanation"]["days"].is_array(), "{answer}");
    }
}

#[test]
fn a_batch_goes_on_after_a_line_that_makes_no_sense() {
    let questions = "{\n{\"id\": 2, \"rule\": {\"hours\": 48}, \"start\": \"2022-09-28T16:20+08:00\"}\n\n";
    let said = duban_with(&["due", "--batch", "-"], questions).ends(0);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["error"]["message"].is_string(), "{}", lines[0]);
    assert_eq!(lines[1]["due"], "2022-09-30T16:20:00+08:00");
}

#[test]
fn a_due_date_names_the_holiday_and_both_make_up_days() {
    let asked = ["due", "--rule", r#"{"workingDays":7}"#, "--start", "2022-09-28T16:20+08:00"];
    let said = duban(&asked).ends(0);
    for part in ["2022-10-12", "24:00", "国庆节", "10月8日、9日", "班3", "班4"] {
        assert!(said.out.contains(part), "{part} is missing:\n{}", said.out);
    }
    let said = duban(&[&asked[..], &["--lang", "en"]].concat()).ends(0);
    assert!(said.out.contains("National Day"), "{}", said.out);
    let said = duban(&[&asked[..], &["--json"]].concat()).ends(0);
    assert_eq!(said.json()["due"], "2022-10-13T00:00:00+08:00");
}

#[test]
fn exit_codes_say_what_kind_of_thing_went_wrong() {
    duban(&["due", "--rule", "{}", "--start", "2022-09-28"]).ends(2);
    duban(&["due", "--rule", "seven", "--start", "2022-09-28"]).ends(2);
    duban(&["due", "--rule", r#"{"workingDays":7}"#, "--start", "tomorrow"]).ends(2);
    duban(&["no-such-command"]).ends(2);
    duban(&["help", "no-such-topic"]).ends(2);
    duban(&["policy", "check", "no-such-folder"]).ends(2);
    duban(&["serve", "--tenant", "changqing", "--http", "0.0.0.0:8310"]).ends(2);
    duban(&["serve", "--tenant", "no-such-tenant", "--policies", "workflows"]).ends(1);
    // Nobody listens on the discard port of this machine.
    duban(&["overdue", "--server", "http://127.0.0.1:9"]).ends(3);
    let said = duban(&["help", "exit-codes"]).ends(0);
    assert_eq!(said.out.lines().filter(|line| line.starts_with("  ")).count(), 7, "{}", said.out);
    assert!(duban(&["--help"]).ends(0).out.contains("up"));
}

#[test]
fn the_shipped_policies_have_no_mistakes_and_broken_ones_are_all_named() {
    let said = duban(&["policy", "check", "workflows"]).ends(0);
    assert!(said.out.lines().any(|line| line.starts_with("0 mistakes, ")), "{}", said.out);
    let folder = tempfile::TempDir::new().expect("a folder");
    let tenant = folder.path().join("genhe");
    fs::create_dir(&tenant).expect("a folder");
    fs::write(tenant.join("one.yaml"), "kind: Workflow\nname: 1\n").expect("written");
    fs::write(tenant.join("two.yaml"), "kind: Ledder\nname: a\n---\nkind: [\n").expect("written");
    let said = duban(&["policy", "check", folder.path().to_str().expect("a path")]).ends(1);
    for place in ["one.yaml:", "two.yaml:1:", "two.yaml:4:"] {
        assert!(said.out.contains(place), "{place} is missing:\n{}", said.out);
    }
    let said = duban(&["policy", "check", "--json", folder.path().to_str().expect("a path")]).ends(1);
    assert!(said.json().as_array().expect("a list").len() >= 3);
}

#[test]
fn the_language_s_schema_is_printed_for_editors() {
    let schema = duban(&["policy", "schema"]).ends(0).json();
    assert_eq!(schema["$id"], "duban:language/1");
}
