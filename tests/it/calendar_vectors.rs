//! The published deadlines, each asked of the calendar that is shipped.
//!
//! How a vector becomes a rule and a start is written in the calendar's own
//! documentation. Nothing here computes a date.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use duban::calendar::{Calendar, CalendarDef, DueRule, due, explain};
use duban::time::Instant;
use serde_json::{Value, json};

const SHIPPED: &str = include_str!("../../workflows/calendars/cn-gov.yaml");
const DAYS: &str = include_str!("../fixtures/calendar-cn.json");
const VECTORS: &str = include_str!("../fixtures/deadlines.json");

fn shipped() -> Calendar {
    let def: CalendarDef = serde_saphyr::from_str(SHIPPED).expect("the shipped calendar reads");
    Calendar::new(def).expect("the shipped calendar is sound")
}

fn instant(value: &Value) -> Instant {
    value.as_str().expect("an instant").parse().expect("an instant")
}

fn midnight(date: &str) -> Instant {
    format!("{date}T00:00:00+08:00").parse().expect("an instant")
}

fn text<'vector>(vector: &'vector Value, field: &str) -> &'vector str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} is missing in {vector}"))
}

/// The rule and the start that a vector stands for.
pub fn question(vector: &Value) -> (Value, Instant) {
    let month_starts = |vector: &Value| midnight(&format!("{}-01", text(vector, "month")));
    match text(vector, "kind") {
        "working_days" => (json!({"workingDays": vector["n"]}), instant(&vector["start"])),
        "hours" => (json!({"hours": vector["n"]}), instant(&vector["start"])),
        "monthly_day" => (json!({"dayOfMonth": vector["day"]}), month_starts(vector)),
        "same_month_end" => (json!({"endOf": "month"}), instant(&vector["start"])),
        "quarter_end" => {
            let month = vector["quarter"].as_u64().expect("a quarter") * 3 - 2;
            (json!({"endOf": "quarter"}), midnight(&format!("{}-{month:02}-01", vector["year"])))
        }
        "year_end" => (json!({"endOf": "year"}), midnight(&format!("{}-01-01", vector["year"]))),
        "fixed_month_end" => (json!({"date": vector["month"]}), month_starts(vector)),
        "fixed_instant" => (json!({"date": "2023-08-11T17:00"}), midnight("2023-08-01")),
        "publicity_months" => (json!({"months": vector["n"]}), instant(&vector["start"])),
        kind => panic!("no rule is known for vectors of kind {kind}"),
    }
}

#[track_caller]
fn answer(calendar: &Calendar, rule: &Value, start: Instant) -> (Instant, Option<NaiveDate>, bool) {
    let rule: DueRule = serde_json::from_value(rule.clone()).expect("a rule");
    let due = due(calendar, &rule, start, &[]).expect("a due date");
    assert_eq!(explain(calendar, &rule, start, &[]).expect("an explanation").due, due);
    (due.at, due.last_day, due.provisional)
}

#[test]
fn every_vector_is_met_and_every_common_mistake_avoided() {
    let calendar = shipped();
    let file: Value = serde_json::from_str(VECTORS).expect("the vectors");
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for vector in file["vectors"].as_array().expect("a list") {
        let (rule, start) = question(vector);
        let (at, last_day, provisional) = answer(&calendar, &rule, start);
        let id = text(vector, "id");
        assert_eq!(at, instant(&vector["due"]), "{id}: {}", text(vector, "why"));
        assert!(!provisional, "{id} lies within the verified span");
        if let Some(date) = vector["due_date"].as_str() {
            assert_eq!(last_day.map(|day| day.to_string()).as_deref(), Some(date), "{id}");
        }
        for (mistake, wrong) in vector["contrast"].as_object().into_iter().flatten() {
            assert_ne!(at, instant(wrong), "{id} gives the answer of {mistake}");
        }
        *kinds.entry(text(vector, "kind")).or_default() += 1;
    }
    let counts: Vec<u32> = kinds.values().copied().collect();
    assert_eq!(counts.iter().sum::<u32>(), 209, "{kinds:?}");
    assert_eq!(kinds["working_days"], 140);
}

#[test]
fn the_other_readings_of_a_monthly_day_are_settings() {
    let calendar = shipped();
    let file: Value = serde_json::from_str(VECTORS).expect("the vectors");
    let monthly =
        file["vectors"].as_array().expect("a list").iter().filter(|vector| vector["kind"] == "monthly_day");
    let mut rolled = 0;
    for vector in monthly {
        let id = text(vector, "id");
        let (_, start) = question(vector);
        let excluded = json!({"dayOfMonth": vector["day"], "boundary": "exclusive"});
        assert_eq!(answer(&calendar, &excluded, start).0, instant(&vector["due_if_day_excluded"]), "{id}");
        let next = json!({"dayOfMonth": vector["day"], "ifNonWorking": "next"});
        let (at, _, provisional) = answer(&calendar, &next, start);
        // A null says that no verified calendar covers the day.
        assert_eq!(provisional, vector["due_if_rolled_to_workday"].is_null(), "{id}");
        if !provisional {
            assert_eq!(at, instant(&vector["due_if_rolled_to_workday"]), "{id}");
            rolled += u32::from(vector["due_if_rolled_to_workday"] != vector["due"]);
        }
    }
    assert!(rolled > 10, "only {rolled} vectors are moved off a rest day");
}

#[test]
fn what_no_verified_day_decides_is_provisional_and_of_the_plain_week() {
    let calendar = shipped();
    let file: Value = serde_json::from_str(VECTORS).expect("the vectors");
    let outside = file["not_computable"].as_array().expect("a list");
    // 29 December 2026 is a Tuesday; the plain week knows no New Year's Day.
    let plain = ["2027-01-04", "2026-12-29", "2026-12-30"];
    assert_eq!(outside.len(), plain.len());
    for (vector, expected) in outside.iter().zip(plain) {
        let (rule, start) = question(vector);
        let (_, last_day, provisional) = answer(&calendar, &rule, start);
        assert!(provisional, "{vector}");
        assert_eq!(last_day.map(|day| day.to_string()).as_deref(), Some(expected));
    }
}

#[test]
fn the_shipped_calendar_is_the_published_one_day_by_day() {
    let calendar = shipped();
    let years: BTreeMap<String, BTreeMap<String, Vec<NaiveDate>>> =
        serde_json::from_str(DAYS).expect("the days");
    let of =
        |field: &str| -> Vec<NaiveDate> { years.values().flat_map(|year| year[field].clone()).collect() };
    let (off, worked) = (of("holidays"), of("makeup_workdays"));
    assert_eq!(years.len(), 8);
    let span = calendar.verified();
    for date in span.from.iter_days().take_while(|date| *date <= span.to) {
        let weekday = chrono::Datelike::weekday(&date).num_days_from_monday() < 5;
        let expected = worked.contains(&date) || weekday && !off.contains(&date);
        let day = calendar.day(date);
        assert_eq!(day.working, expected, "{date}");
        assert_eq!(calendar.is_working(date), expected, "{date}");
        assert_eq!(
            matches!(day.reason, duban::calendar::Reason::Holiday { .. }),
            off.contains(&date),
            "{date}"
        );
        assert_eq!(
            matches!(day.reason, duban::calendar::Reason::MakeUp { .. }),
            worked.contains(&date),
            "{date}"
        );
    }
    let each: Vec<i64> = (2019..=2026)
        .map(|year| {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
            let next = NaiveDate::from_ymd_opt(year + 1, 1, 1).expect("a date");
            calendar.working_days_between(first.pred_opt().expect("a date"), next.pred_opt().expect("a date"))
        })
        .collect();
    // 2026 as published so far: its last three days are those of the plain week.
    assert_eq!(each, [250, 249, 250, 249, 249, 251, 248, 248]);
}
