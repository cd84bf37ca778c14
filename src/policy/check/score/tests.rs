//! Every flaw of a scorecard by its rule, mistakes apart from findings.

use serde_json::{Value, json};

use super::*;

fn cite() -> Value {
    json!({"notice": "n", "clause": "1"})
}

fn title() -> Value {
    json!({"zh": "甲", "en": "A"})
}

/// A sound card of one item, worth 5 points.
fn card() -> Value {
    json!({
        "kind": "Scorecard", "name": "c", "version": "1", "title": title(), "cite": cite(),
        "effective": {"from": "2023-01-01"}, "for": ["tax"], "total": 5,
        "sections": [{
            "name": "s", "title": title(), "cite": cite(), "most": 5,
            "items": [{
                "name": "1", "title": title(), "cite": cite(), "per": "month", "most": 5,
                "inputs": {"a": {"indicator": "a"}},
                "points": [{"of": "a", "times": 5}],
            }],
        }],
    })
}

fn told(card: Value) -> Vec<(String, bool)> {
    let definition = serde_json::from_value(card).expect("a definition");
    let flaws = flaws(&World::default(), &definition);
    flaws.into_iter().map(|flaw| (flaw.rule.clone(), flaw.is_mistake())).collect()
}

#[track_caller]
fn expect(pointer: &str, value: Value, rules: &[(&str, bool)]) {
    let mut changed = card();
    *changed.pointer_mut(pointer).expect("a place") = value;
    let rules: Vec<(String, bool)> = rules.iter().map(|(rule, mistake)| ((*rule).into(), *mistake)).collect();
    assert_eq!(told(changed), rules, "{pointer}");
}

const ITEM: &str = "/sections/0/items/0";

#[test]
fn a_sound_card_has_no_flaw() {
    assert_eq!(told(card()), []);
}

#[test]
fn sums_that_do_not_add_up_are_findings() {
    expect("/total", json!(7), &[("score.sections-sum", false)]);
    expect("/sections/0/most", json!(6), &[("score.sections-sum", false), ("score.items-sum", false)]);
    expect("/total", json!(0), &[("score.total", true), ("score.sections-sum", false)]);
}

#[test]
fn figures_are_known_used_and_come_from_one_place() {
    let at = |field: &str| format!("{ITEM}/{field}");
    let unused = json!({"a": {"indicator": "a"}, "b": {"indicator": "b"}});
    expect(&at("inputs"), unused, &[("input.unused", false)]);
    expect(
        &at("inputs"),
        json!({"b": {"indicator": "b"}}),
        &[("input.unused", false), ("input.unknown", true)],
    );
    expect(&at("inputs"), json!({"a": {}}), &[("input.source", true)]);
    let two = json!({"a": {"indicator": "a", "facts": ["a.reported"]}});
    expect(&at("inputs"), two, &[("input.source", true)]);
    let summed = json!({"a": {"facts": ["a.reported"], "sum": true}});
    expect(&at("inputs"), summed, &[("event.unknown", true), ("input.sum", true)]);
}

#[test]
fn forms_have_one_shape_and_can_reach_what_they_promise() {
    let at = format!("{ITEM}/points");
    expect(&at, json!([{"of": "a"}]), &[("form.shape", true)]);
    expect(&at, json!([{"of": "a", "times": 1, "allOrNothing": {"points": 5}}]), &[("form.shape", true)]);
    let flat = json!([{"of": "a", "linear": {"from": [1, 0], "to": [1, 5]}}]);
    expect(&at, flat, &[("form.line", true)]);
    let level = json!([{"of": "a", "linear": {"from": [0, 5], "to": [1, 5]}}]);
    expect(&at, level, &[("form.idle", false)]);
    let never = json!([{"of": "a", "allOrNothing": {"when": {"atLeast": 2, "atMost": 1}, "points": 5}}]);
    expect(&at, never, &[("threshold.never", true)]);
    for short in [
        json!([{"of": "a", "times": 5, "most": 4}]),
        json!([{"of": "a", "allOrNothing": {"points": 3}}]),
        json!([{"of": {"minus": [1, "a"]}, "times": 4}]),
        json!([{"of": {"least": ["a", 1]}, "times": 2}, {"of": "a", "times": -1}]),
    ] {
        expect(&at, short, &[("score.unreachable", false)]);
    }
}

#[test]
fn names_are_given_once_and_somebody_is_scored() {
    let mut twice = card();
    let section = twice["sections"][0].clone();
    twice["sections"] = json!([section.clone(), section]);
    twice["total"] = json!(10);
    assert_eq!(told(twice), [("name.duplicate".to_owned(), true), ("name.duplicate".to_owned(), true)]);
    expect("/for", json!([]), &[("score.nobody", true)]);
    let crowd: Vec<String> = (0..=MOST_UNITS).map(|n| format!("unit-{n}")).collect();
    expect("/for", json!(crowd), &[("score.size", true)]);
}
