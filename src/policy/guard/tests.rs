//! What guards answer, and what no guard may be.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn ask(source: &str, data: &Value) -> Result<bool, GuardError> {
    let seen = BTreeMap::from([(EventType::new("repair.notified").expect("a type"), 2)]);
    compile(source)?.holds(&Input {
        data,
        actor: "fagaiwei",
        subject: "",
        state: "open",
        owner: "fagaiwei",
        period: Some("2023-08".into()),
        kept: r#"{"decisionNumber": "GH-1"}"#,
        seen: Some(&seen),
    })
}

#[test]
fn a_guard_sees_the_fact_and_its_case() {
    let data = json!({"period": "2023-08", "count": 3, "items": [{"ok": true}, {"ok": false}]});
    for (source, answer) in [
        ("data.period == case.period", true),
        ("actor == case.owner && subject == ''", true),
        ("'repair.notified' in case.seen && case.seen['repair.notified'] >= 2", true),
        ("'repair.closed' in case.seen", false),
        ("case.kept.decisionNumber == 'GH-1'", true),
        ("data.count > 2 && data.items.exists(item, item.ok)", true),
        ("data.items.all(item, item.ok)", false),
        ("has(data.missing) && data.missing", false),
        ("size(data.items) == 2 ? data.period.startsWith('2023') : false", true),
    ] {
        assert_eq!(ask(source, &data), Ok(answer), "{source}");
    }
}

#[test]
fn what_has_no_answer_says_why() {
    let data = json!({"count": "three"});
    let reason = |source: &str| ask(source, &data).expect_err(source).to_string();
    insta::assert_snapshot!(reason("data.missing == 1"), @r#"evaluate the guard: there is no "missing""#);
    insta::assert_snapshot!(reason("data.count > 2"), @"evaluate the guard: found no matching overload for '_>_' applied to '(string, int)'");
    insta::assert_snapshot!(reason("data.count"), @"evaluate the guard: it answers string, not true or false");
    insta::assert_snapshot!(reason("1 / 0 == 1"), @"evaluate the guard: a division by zero");
}

#[test]
fn what_is_no_guard_is_refused_before_it_runs() {
    let data = json!({});
    let reason = |source: &str| ask(source, &data).expect_err(source).to_string();
    insta::assert_snapshot!(reason("dta.unit == 'x'"), @r#"read the guard: "dta" is not known here; did you mean "data"?"#);
    insta::assert_snapshot!(reason("case.stat == 'x'"), @r#"read the guard: "case.stat" is not known here; did you mean "state"?"#);
    insta::assert_snapshot!(reason("now() > 1"), @r#"read the guard: "now()" is not known here; known are size, contains, startsWith, endsWith, int, uint, double, string, type, min, max"#);
    insta::assert_snapshot!(reason("data.a.exists(x, data.b.exists(y, y == x))"), @"read the guard: walking a list within a list is not allowed, because the work would multiply");
    insta::assert_snapshot!(reason("data.map(k, k)[0] == 'a'"), @"read the guard: map or filter is not allowed, because mappings have no order; use exists or all");
    assert!(matches!(compile(&"(".repeat(400)), Err(GuardError::TooDeep)));
    assert!(matches!(compile(&"!".repeat(400)), Err(GuardError::TooDeep)));
    assert!(matches!(compile(&"a".repeat(501)), Err(GuardError::TooLong { bytes: 501 })));
    assert!(matches!(compile("data.a =="), Err(GuardError::Syntax { .. })));
    assert!(matches!(compile(""), Err(GuardError::Syntax { .. })));
}

#[test]
fn chains_that_fit_the_length_do_not_exhaust_the_stack() {
    for piece in ["data.a.", "1+", "true&&", "true||", "data.a==", "[0]", "true?1:"] {
        let source = piece.repeat(MOST_BYTES / piece.len() - 1) + "true";
        // Whether it is a guard depends on the piece; it must come back at all.
        let _ = ask(&source, &json!({"a": 1}));
    }
}

#[test]
fn the_fields_that_it_names_are_known() {
    let guard = compile("data.period == case.period && data.figures.total > 0").expect("a guard");
    let paths: Vec<String> = guard.data_paths().iter().map(|path| path.join(".")).collect();
    assert_eq!(paths, ["period", "figures.total", "figures"]);
    assert!(guard.uses_case());
}

#[test]
fn guards_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Compiled>();
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in "[a-z.()\\[\\]!&|<>=?:'\" 0-9-]{0,120}") {
        let _ = ask(&source, &json!({"a": [1, "x", null]}));
    }
}
