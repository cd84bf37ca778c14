//! Points without a server: every published vector through the real program, and
//! what it says of figures that make no sense.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::cli::{duban, duban_with};

const VECTORS: &str = include_str!("../fixtures/scoring-genhe-2023.json");

#[track_caller]
fn scored(lines: &[Value]) -> Vec<Value> {
    let text: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    let said = duban_with(&["policy", "score", "--scorecard", "genhe-2023"], &text).ends(0);
    let answers: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), lines.len(), "{}", said.out);
    answers
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(VECTORS).expect("the vectors")
}

fn asked(vector: &Value) -> Value {
    json!({"id": vector["id"], "item": vector["item"], "inputs": vector["inputs"]})
}

#[test]
fn every_published_vector_is_met_exactly() {
    let vectors = vectors();
    let asked: Vec<Value> = vectors.iter().map(asked).collect();
    for (vector, answer) in vectors.iter().zip(scored(&asked)) {
        let id = &vector["id"];
        assert_eq!(answer["id"], *id);
        assert_eq!(answer["item"], vector["item"], "{id}");
        assert_eq!(answer["exact"], vector["expected_exact"], "{id}: {answer}");
        let shown: f64 = answer["points"].as_str().expect("points").parse().expect("a number");
        let expected = vector["expected"].as_f64().expect("a number");
        assert!((shown - expected).abs() < 0.005 + 1e-9, "{id}: {shown} is shown for {expected}");
        assert_eq!(answer["applicable"], true, "{id}");
        for lang in ["zh", "en"] {
            let said = answer["explanation"][lang].as_str().expect("a sentence");
            assert!(!said.is_empty(), "{id} is not explained");
        }
    }
}

#[test]
fn the_vectors_have_every_item_of_the_annex() {
    let items: BTreeMap<String, usize> = vectors().iter().fold(BTreeMap::new(), |mut items, vector| {
        *items.entry(vector["item"].as_str().expect("an item").to_owned()).or_default() += 1;
        items
    });
    assert_eq!(items.len(), 26);
}

/// Readings that the published vectors do not touch: caps, floors, nothing due.
#[test]
fn edges_are_read_as_the_readings_say() {
    let cases = [
        ("2.1", json!({"compliance": "1", "timeliness": "1", "concealed": 0}), json!("12")),
        ("2.1", json!({"compliance": "0.5", "timeliness": 0.25, "concealed": 1}), json!("0")),
        ("2.1", json!({"compliance": "0.5", "timeliness": 1}), json!("9")),
        ("2.1", json!({"compliance": null, "timeliness": null, "concealed": 0}), Value::Null),
        ("2.3", json!({"commitments": 1, "entities": 3}), json!("2/3")),
        ("2.3", json!({"commitments": 5, "entities": 0}), Value::Null),
        ("2.5", json!({"collected": 25, "staff": 100}), json!("1")),
        ("2.5", json!({"collected": 75, "staff": 100}), json!("2")),
        (
            "2.6",
            json!({"enterprise_records": 3000, "entities": 1000, "person_records": 0, "population": 1000}),
            json!("2"),
        ),
        (
            "2.6",
            json!({"enterprise_records": 0, "entities": 1000, "person_records": 1, "population": 0}),
            Value::Null,
        ),
        ("2.8", json!({"outstanding": 1, "total": 3}), json!("2")),
        ("2.8", json!({"outstanding": 4, "total": 3}), json!("0")),
        ("2.8", json!({"outstanding": 0, "total": 7}), json!("3")),
        ("3.2", json!({"resolution": "0.95", "satisfaction": "1"}), json!("5/2")),
        ("3.2", json!({"resolution": "0.90", "satisfaction": "1"}), json!("0")),
        ("3.2", json!({"resolution": 1, "satisfaction": 1.0}), json!("5")),
        ("3.3", json!({"batches": 6}), json!("4")),
        ("3.5", json!({"entries": 1}), json!("0")),
        ("3.5", json!({"entries": 3}), json!("0")),
        ("4.1", json!({"a_grade_share": "0.08"}), json!("3/2")),
        ("4.1", json!({"a_grade_share": "0.2"}), json!("3")),
        ("4.2", json!({"serious_share": 0}), json!("3")),
        ("4.2", json!({"serious_share": "0.07"}), json!("0")),
        ("5.1", json!({"verified": 1, "entities": 30}), json!("8/3")),
        ("5.2", json!({"plans": 7, "effects": 7}), json!("7/2")),
        ("5.2", json!({"plans": 21, "effects": 20}), json!("10")),
        ("8.1", json!({"on_time": false, "valid_items": 3}), json!("3/2")),
        ("8.1", json!({"on_time": true, "valid_items": 40}), json!("8")),
        ("1.4", json!({"mechanism": 1}), json!("3")),
    ];
    let asked: Vec<Value> =
        cases.iter().map(|(item, inputs, _)| json!({"item": item, "inputs": inputs})).collect();
    for ((item, inputs, exact), answer) in cases.iter().zip(scored(&asked)) {
        assert_eq!(answer["exact"], *exact, "{item} {inputs}: {answer}");
        assert_eq!(answer["applicable"], !exact.is_null(), "{item} {inputs}");
        assert_eq!(answer["points"].is_null(), exact.is_null(), "{item} {inputs}");
    }
}

#[test]
fn what_makes_no_sense_is_told_by_field_and_value_and_the_others_go_on() {
    let lines = [
        json!({"id": 1, "item": "2.2", "inputs": {"compliance": "much"}}),
        json!({"id": 2, "item": "2.2", "inputs": {"complianse": "0.9"}}),
        json!({"id": 3, "item": "9.9", "inputs": {}}),
        json!({"id": 4, "item": "2.2", "inputs": {}}),
        json!({"id": 5, "item": "3.3", "inputs": {"batches": -1}}),
        json!({"id": 6, "item": "2.2", "inputs": ["0.9"]}),
        json!({"id": 7, "item": "2.2", "input": {"compliance": "0.9"}}),
        json!({"id": 8, "item": "2.2", "inputs": {"compliance": "0.9"}}),
    ];
    let answers = scored(&lines);
    let told = |at: usize| {
        let error = &answers[at]["error"];
        let text =
            |field: &str| error[field].as_str().unwrap_or_else(|| panic!("{field}: {error}")).to_owned();
        assert!(!text("message").is_empty());
        (text("rule"), text("field"), text("value"))
    };
    let expected = [
        ("input.form", "inputs.compliance", "\"much\""),
        ("input.unknown", "inputs.complianse", "\"0.9\""),
        ("item.unknown", "item", "9.9"),
        ("input.missing", "inputs.compliance", ""),
        ("input.negative", "inputs.batches", "-1"),
        ("line.form", "inputs", "[\"0.9\"]"),
        ("line.form", "input", "{\"compliance\":\"0.9\"}"),
    ];
    for (at, (rule, field, value)) in expected.iter().enumerate() {
        assert_eq!(told(at), ((*rule).into(), (*field).into(), (*value).into()));
        assert_eq!(answers[at]["id"], lines[at]["id"]);
    }
    assert_eq!(answers[7]["exact"], "27/10");
}

#[test]
fn a_whole_card_says_what_can_be_reached() {
    let best: BTreeMap<String, Value> = [
        ("1.1", json!({"domains": 6})),
        ("2.1", json!({"compliance": null, "timeliness": null, "concealed": 0})),
        ("8.1", json!({"on_time": true, "valid_items": 12})),
    ]
    .into_iter()
    .map(|(item, inputs)| (item.to_owned(), inputs))
    .collect();
    let answer = scored(&[json!({"id": "all", "inputs": best})]).remove(0);
    // 12 points do not apply, and the last heading promises two that no item gives.
    assert_eq!((&answer["total"], &answer["attainable"]), (&json!("100"), &json!("86")));
    assert_eq!((&answer["exact"], &answer["share"]), (&json!("11"), &json!("11/86")));
    let sections = answer["sections"].as_array().expect("sections");
    assert_eq!(sections.len(), 8);
    let items: usize = sections.iter().map(|it| it["items"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(items, 26);
    assert_eq!(sections[7]["attainable"], "8");
    let unreported = &sections[0]["items"][1];
    assert_eq!((&unreported["points"], &unreported["missing"]), (&json!("0.00"), &json!(["domains"])));
}

#[test]
fn the_heading_that_promises_more_than_its_items_is_found_and_not_mended() {
    let said = duban(&["policy", "check", "--json", "workflows"]).ends(0).json();
    let found: Vec<&Value> = said
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["rule"].as_str().is_some_and(|rule| rule.starts_with("score.")))
        .collect();
    let of_annex: Vec<_> = found
        .iter()
        .filter(|it| it["file"].as_str().is_some_and(|file| file.ends_with("genhe/scorecard.yaml")))
        .collect();
    assert_eq!(of_annex.len(), 1, "{found:?}");
    assert_eq!(
        (&of_annex[0]["rule"], &of_annex[0]["field"]),
        (&json!("score.items-sum"), &json!("/sections/7/most"))
    );
    assert_eq!(of_annex[0]["severity"], "finding");
}

#[test]
fn a_scorecard_of_a_file_is_read_with_every_mistake() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("own.yaml");
    let card = |points: &str| {
        format!(
            r#"kind: Scorecard
name: own
version: "1"
title: {{zh: 自定, en: Our own}}
cite: {{notice: genhe-2023, clause: 附件2, officeSetting: true}}
effective: {{from: "2023-08-09"}}
for: unit:fagaiwei
total: 5
sections:
  - name: one
    title: {{zh: 一, en: One}}
    cite: {{notice: genhe-2023, clause: 附件2, officeSetting: true}}
    most: 5
    items:
      - name: a
        title: {{zh: 甲, en: A}}
        cite: {{notice: genhe-2023, clause: 附件2, officeSetting: true}}
        per: month
        most: 5
        inputs: {{count: {{indicator: count}}}}
        points: [{points}]
"#
        )
    };
    let named = path.to_str().expect("a path");
    std::fs::write(&path, card("{of: count, times: 2}")).expect("written");
    let line = "{\"item\": \"a\", \"inputs\": {\"count\": 2}}\n";
    let said = duban_with(&["policy", "score", "--scorecard", named], line).ends(0);
    assert_eq!(said.json()["exact"], "4");
    std::fs::write(&path, card("{of: cuont, linear: {from: [1, 0], to: [1, 5]}}, {of: count}"))
        .expect("written");
    let said = duban_with(&["policy", "score", "--scorecard", named], line).ends(1);
    for rule in ["input.unknown", "form.line", "form.shape"] {
        assert!(said.err.contains(rule), "{rule} is missing:\n{}", said.err);
    }
    duban_with(&["policy", "score", "--scorecard", "no-such-card"], line).ends(2);
}
