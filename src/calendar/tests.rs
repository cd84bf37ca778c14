//! What the calendar promises, by example.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::*;
use crate::time::Instant;

/// The shipped calendar.
pub(super) fn cn() -> Calendar {
    static SHIPPED: LazyLock<Calendar> = LazyLock::new(|| {
        let text = include_str!("../../workflows/calendars/cn-gov.yaml");
        Calendar::new(serde_saphyr::from_str(text).expect("a calendar")).expect("a sound calendar")
    });
    SHIPPED.clone()
}

/// A calendar without exceptions or hours in another zone.
fn plain(zone: &str) -> Calendar {
    let verified = json!({"from": "2000-01-01", "to": "2030-12-31"});
    let def = json!({"name": "plain", "version": "1", "timeZone": zone, "verified": verified});
    Calendar::new(serde_json::from_value(def).expect("a calendar")).expect("a sound calendar")
}

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn on(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn rule(rule: Value) -> DueRule {
    serde_json::from_value(rule).expect("a rule")
}

fn pause(from: &str, until: &str) -> Pause {
    Pause { from: at(from), until: at(until) }
}

#[track_caller]
fn check_due(given: Value, start: &str, pauses: &[Pause], expected: &str) -> Due {
    let calendar = cn();
    let due = due(&calendar, &rule(given), at(start), pauses).expect("a due date");
    assert_eq!(calendar.local_text(due.at), expected);
    due
}

#[test]
fn seven_working_days_over_the_national_day() {
    let start = at("2022-09-28T16:20:00+08:00");
    let explained = explain(&cn(), &rule(json!({"workingDays": 7})), start, &[]).expect("a due date");
    assert_eq!(explained.due.last_day, Some(on("2022-10-12")));
    assert_eq!((explained.until.time.as_str(), explained.until.date), ("24:00", on("2022-10-12")));
    let zh = explained.sentence(Lang::Zh);
    assert_eq!(
        zh.replace(['\u{ff0c}'], ","),
        "2022年9月28日 16:20开始,次日起算,国庆节休息 10月1日–7日,10月8日、9日调休上班计入,\
         第 7 个工作日为 10月12日,24:00 到期"
    );
    assert_eq!(
        explained.sentence(Lang::En),
        "starts 28 September 2022 16:20; counting begins the next day; National Day (国庆节) is off 1 to 7 October; \
         8 October and 9 October are make-up days and count; working day 7 is 12 October; due at 24:00"
    );
    let numbers: Vec<Option<u32>> = explained.days.iter().map(|day| day.counted).collect();
    let none = [None; 7];
    let expected =
        [&[None, Some(1), Some(2)][..], &none, &[Some(3), Some(4), Some(5), Some(6), Some(7)]].concat();
    assert_eq!(numbers, expected);
    let json = serde_json::to_value(&explained).expect("JSON");
    assert_eq!(
        json["days"][3]["reason"],
        json!({"kind": "holiday", "name": {"zh": "国庆节", "en": "National Day"}})
    );
    assert_eq!(serde_json::from_value::<Explanation>(json).expect("its own JSON"), explained);
}

#[test]
fn a_start_in_another_zone_counts_on_the_calendars_day() {
    check_due(json!({"workingDays": 1}), "2022-09-28T18:00:00-04:00", &[], "2022-10-01T00:00:00+08:00");
}

#[test]
fn exactly_48_hours_is_in_time_and_a_nanosecond_more_is_not() {
    let due = check_due(json!({"hours": 48}), "2022-10-01T10:00:00+08:00", &[], "2022-10-03T10:00:00+08:00");
    assert!(!due.is_late(due.at));
    assert!(due.is_late(due.late_from()));
    let day =
        check_due(json!({"workingDays": 1}), "2022-10-01T10:00:00+08:00", &[], "2022-10-09T00:00:00+08:00");
    assert!(day.is_late(day.at));
    assert!(!day.is_late(Instant::from_nanos(day.at.as_nanos() - 1)));
    assert_eq!(day.late_from(), day.at);
}

#[test]
fn the_settings_of_a_limit_in_days() {
    let friday = "2022-09-23T18:00:00+08:00";
    check_due(json!({"workingDays": 2, "count": "startDay"}), friday, &[], "2022-09-27T00:00:00+08:00");
    check_due(json!({"workingDays": 0}), friday, &[], "2022-09-24T00:00:00+08:00");
    check_due(
        json!({"workingDays": 1, "dayEnds": "closeOfBusiness"}),
        friday,
        &[],
        "2022-09-26T17:30:00+08:00",
    );
    // Business had stopped before the start, so the rest of the day remains.
    let at_once = json!({"workingDays": 1, "count": "startDay", "dayEnds": "closeOfBusiness"});
    check_due(at_once, friday, &[], "2022-09-24T00:00:00+08:00");
    check_due(json!({"days": 8}), friday, &[], "2022-10-02T00:00:00+08:00");
    check_due(json!({"days": 8, "ifNonWorking": "next"}), friday, &[], "2022-10-09T00:00:00+08:00");
    check_due(json!({"days": 8, "ifNonWorking": "previous"}), friday, &[], "2022-10-01T00:00:00+08:00");
    // Moving back would lead to before the start, so the last day stays.
    let saturday = "2022-10-01T09:00:00+08:00";
    check_due(json!({"days": 1, "ifNonWorking": "previous"}), saturday, &[], "2022-10-03T00:00:00+08:00");
}

#[test]
fn dates_of_the_month_and_the_year() {
    let monthly = |more: Value| {
        let mut rule = json!({"dayOfMonth": 4});
        rule.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        rule
    };
    check_due(monthly(json!({})), "2023-02-04T23:59:59+08:00", &[], "2023-02-05T00:00:00+08:00");
    check_due(monthly(json!({})), "2023-02-05T00:00:00+08:00", &[], "2023-03-05T00:00:00+08:00");
    let before = monthly(json!({"boundary": "exclusive"}));
    check_due(before.clone(), "2023-02-03T12:00:00+08:00", &[], "2023-02-04T00:00:00+08:00");
    check_due(before, "2023-02-04T00:00:00+08:00", &[], "2023-03-04T00:00:00+08:00");
    let previous = monthly(json!({"ifNonWorking": "previous"}));
    check_due(previous.clone(), "2023-02-01T00:00:00+08:00", &[], "2023-02-04T00:00:00+08:00");
    check_due(previous, "2023-02-04T00:00:00+08:00", &[], "2023-03-04T00:00:00+08:00");
    check_due(json!({"monthDay": "06-30"}), "2023-06-30T12:00:00+08:00", &[], "2023-07-01T00:00:00+08:00");
    check_due(json!({"monthDay": "06-30"}), "2023-07-01T00:00:00+08:00", &[], "2024-07-01T00:00:00+08:00");
    check_due(json!({"monthDay": "02-29"}), "2023-01-01T00:00:00+08:00", &[], "2023-03-01T00:00:00+08:00");
    check_due(json!({"endOf": "halfYear"}), "2023-07-01T00:00:00+08:00", &[], "2024-01-01T00:00:00+08:00");
    check_due(json!({"endOf": "week"}), "2023-08-06T12:00:00+08:00", &[], "2023-08-07T00:00:00+08:00");
    check_due(json!({"years": 1}), "2024-02-29T12:00:00+08:00", &[], "2025-03-01T00:00:00+08:00");
    let strict = rule(json!({"dayOfMonth": 30, "ifMissing": "refuse"}));
    let error = due(&cn(), &strict, at("2023-02-01T00:00:00+08:00"), &[]).expect_err("no 30 February");
    assert_eq!(error, DueError::NoSuchDay { day: 30, month: "2023-02".into() });
}

#[test]
fn fixed_dates_may_lie_before_the_start() {
    let late = "2023-08-09T09:00:00+08:00";
    check_due(json!({"date": "2023-03"}), late, &[], "2023-04-01T00:00:00+08:00");
    check_due(json!({"date": "2023-08", "boundary": "exclusive"}), late, &[], "2023-08-01T00:00:00+08:00");
    check_due(json!({"date": 2023}), late, &[], "2024-01-01T00:00:00+08:00");
    check_due(json!({"date": "2023-10-01", "ifNonWorking": "next"}), late, &[], "2023-10-08T00:00:00+08:00");
    let minute = check_due(json!({"date": "2023-08-11T17:00"}), late, &[], "2023-08-11T17:00:00+08:00");
    assert!(!minute.is_late(minute.at));
    let before = json!({"date": "2023-08-11T17:00", "boundary": "exclusive"});
    assert!(check_due(before, late, &[], "2023-08-11T17:00:00+08:00").is_late(minute.at));
}

#[test]
fn pauses_take_out_the_days_after_them() {
    let week = json!({"workingDays": 5});
    let start = "2022-09-05T09:00:00+08:00";
    check_due(week.clone(), start, &[], "2022-09-14T00:00:00+08:00");
    // Paused on Tuesday and resumed on Thursday: Wednesday and Thursday are out.
    let two = pause("2022-09-06T10:00:00+08:00", "2022-09-08T15:00:00+08:00");
    check_due(week.clone(), start, &[two], "2022-09-16T00:00:00+08:00");
    // The same in two overlapping halves, in the wrong order, changes nothing.
    let halves = [
        pause("2022-09-07T10:00:00+08:00", "2022-09-08T15:00:00+08:00"),
        pause("2022-09-06T10:00:00+08:00", "2022-09-07T12:00:00+08:00"),
    ];
    check_due(week.clone(), start, &halves, "2022-09-16T00:00:00+08:00");
    // Within one day nothing is lost; before the start and after the end, neither.
    let none = [
        pause("2022-09-06T09:00:00+08:00", "2022-09-06T17:00:00+08:00"),
        pause("2022-08-01T09:00:00+08:00", "2022-09-01T17:00:00+08:00"),
        pause("2022-09-14T09:00:00+08:00", "2022-09-30T17:00:00+08:00"),
    ];
    check_due(week.clone(), start, &none, "2022-09-14T00:00:00+08:00");
    // A pause on the last day leaves that day for after the resumption.
    let last = pause("2022-09-13T16:00:00+08:00", "2022-09-20T10:00:00+08:00");
    check_due(week.clone(), start, &[last], "2022-09-22T00:00:00+08:00");
    let noon = json!({"workingDays": 5, "dayEnds": "closeOfBusiness"});
    check_due(noon.clone(), start, &[last], "2022-09-21T17:30:00+08:00");
    let too_late = pause("2022-09-13T18:00:00+08:00", "2022-09-20T10:00:00+08:00");
    check_due(noon, start, &[too_late], "2022-09-13T17:30:00+08:00");
    check_due(json!({"days": 5}), start, &[two], "2022-09-13T00:00:00+08:00");
    check_due(json!({"hours": 48}), start, &[two], "2022-09-09T14:00:00+08:00");
    // Eight of ten hours are done when it stops; two remain from the resumption.
    check_due(json!({"workingHours": 10}), start, &[two], "2022-09-08T17:00:00+08:00");
    check_due(json!({"workingHours": 8}), start, &[two], "2022-09-06T10:00:00+08:00");
    let backwards = pause("2022-09-08T10:00:00+08:00", "2022-09-06T15:00:00+08:00");
    assert!(due(&cn(), &rule(week), at(start), &[backwards]).is_err());
    assert!(due(&cn(), &rule(json!({"endOf": "month"})), at(start), &[two]).is_err());
    let explained = explain(&cn(), &rule(json!({"workingDays": 5})), at(start), &[two]).expect("a due date");
    assert!(
        explained.sentence(Lang::Zh).contains("暂停 9月7日–8日 不计"),
        "{}",
        explained.sentence(Lang::Zh)
    );
}

#[test]
fn working_hours_run_in_business_hours_only() {
    let hours = |n: u32| json!({"workingHours": n});
    check_due(hours(2), "2022-09-30T16:30:00+08:00", &[], "2022-10-08T10:00:00+08:00");
    check_due(hours(7), "2022-09-30T20:00:00+08:00", &[], "2022-10-08T17:30:00+08:00");
    check_due(hours(4), "2022-10-10T09:00:00+08:00", &[], "2022-10-10T14:30:00+08:00");
    check_due(hours(0), "2022-10-01T09:00:00+08:00", &[], "2022-10-01T09:00:00+08:00");
    let without = plain("Asia/Shanghai");
    let start = at("2022-09-30T16:30:00+08:00");
    let error = due(&without, &rule(hours(2)), start, &[]).expect_err("no hours");
    assert_eq!(error, DueError::NoBusinessHours { calendar: "plain".into() });
    let calendar = cn();
    let opens = |text: &str| calendar.local_text(calendar.next_open(at(text)));
    assert_eq!(opens("2022-09-30T17:30:00+08:00"), "2022-10-08T09:00:00+08:00");
    assert_eq!(opens("2022-10-10T12:30:00+08:00"), "2022-10-10T13:30:00+08:00");
    assert_eq!(opens("2022-10-10T11:59:59+08:00"), "2022-10-10T11:59:59+08:00");
}

#[test]
fn offsets_walk_the_calendar_both_ways() {
    let calendar = cn();
    let start = at("2022-09-28T16:20:00+08:00");
    let rung = |given: Value, by: Value| {
        let due = due(&calendar, &rule(given), start, &[]).expect("a due date");
        let by: Offset = serde_json::from_value(by).expect("an offset");
        calendar.local_text(offset(&calendar, &due, by))
    };
    // Due at 24:00 on Saturday 8 October, a make-up day.
    let three = json!({"workingDays": 3});
    assert_eq!(rung(three.clone(), json!("due")), "2022-10-09T00:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingDays": -1})), "2022-09-30T09:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingDays": 1})), "2022-10-10T00:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingDays": 0})), "2022-10-09T00:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"days": -1})), "2022-10-07T09:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"hours": -2})), "2022-10-08T22:00:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingHours": -2})), "2022-10-08T15:30:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingHours": -9})), "2022-09-30T15:30:00+08:00");
    assert_eq!(rung(three.clone(), json!({"workingHours": 2})), "2022-10-09T11:00:00+08:00");
    // Due on Friday at 16:20, by the clock.
    let hours = json!({"hours": 48});
    assert_eq!(rung(hours.clone(), json!({"workingDays": -1})), "2022-09-29T16:20:00+08:00");
    assert_eq!(rung(hours.clone(), json!({"workingDays": 1})), "2022-10-08T16:20:00+08:00");
    let due = due(&calendar, &rule(three), start, &[]).expect("a due date");
    assert_eq!(calendar.local_text(soon_at(&calendar, &due)), "2022-09-30T00:00:00+08:00");
}

#[test]
fn an_offset_is_one_field() {
    for text in
        [r#""due""#, r#"{"workingDays":-2}"#, r#"{"days":1}"#, r#"{"hours":-2}"#, r#"{"workingHours":8}"#]
    {
        let offset: Offset = serde_json::from_str(text).expect("an offset");
        assert_eq!(serde_json::to_string(&offset).expect("text"), text);
    }
    for wrong in [
        r#""never""#,
        "{}",
        r#"{"days":1,"hours":2}"#,
        r#"{"dayz":1}"#,
        r#"{"days":3661}"#,
        r#"{"days":0.5}"#,
    ] {
        assert!(serde_json::from_str::<Offset>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_zone_that_skips_midnight_still_has_days() {
    let calendar = plain("America/Sao_Paulo");
    let start = at("2018-11-02T12:00:00-03:00");
    let days = |n: u32| due(&calendar, &rule(json!({"days": n})), start, &[]).expect("a due date");
    assert_eq!(calendar.local_text(days(1).at), "2018-11-04T01:00:00-02:00");
    assert_eq!(calendar.local_date(days(1).at), on("2018-11-04"));
    assert_eq!(calendar.local_text(days(2).at), "2018-11-05T00:00:00-02:00");
}

#[test]
fn the_ends_of_time_are_refused() {
    let calendar = cn();
    for start in [Instant::MIN, Instant::MAX] {
        for given in [json!({"workingDays": 3660}), json!({"hours": 87600}), json!({"workingHours": 87600})] {
            let answered = due(&calendar, &rule(given), start, &[]);
            assert!(start == Instant::MIN || answered == Err(DueError::OutOfRange));
        }
    }
    assert_eq!(calendar.add_working_days(NaiveDate::MAX, i32::MAX), NaiveDate::MAX);
    assert_eq!(calendar.add_working_days(NaiveDate::MIN, i32::MIN), NaiveDate::MIN);
}

#[test]
fn a_long_limit_lists_only_days_of_note() {
    let start = at("2019-01-02T09:00:00+08:00");
    let explained = explain(&cn(), &rule(json!({"workingDays": 1500})), start, &[]).expect("a due date");
    assert!(explained.days.len() <= MOST_NOTES + 1);
    assert!(explained.omitted > 0);
    assert_eq!(explained.days.last().and_then(|day| day.counted), Some(1500));
}

#[test]
fn a_batch_answers_every_line() {
    let calendar = cn();
    let ask = |line: &str| -> Value { serde_json::from_str(&answer_line(&calendar, line)).expect("JSON") };
    let good = ask(r#"{"id": 7, "rule": {"workingDays": 7}, "start": "2019-04-25T09:00:00+08:00"}"#);
    assert_eq!((&good["id"], &good["due"]), (&json!(7), &json!("2019-05-08T00:00:00+08:00")));
    assert_eq!((&good["provisional"], &good["lastDay"]), (&json!(false), &json!("2019-05-07")));
    assert!(good["sentence"]["zh"].as_str().expect("a text").contains("劳动节"));
    let date = ask(r#"{"id": "a", "rule": {"months": 3}, "start": "2023-05-01"}"#);
    assert_eq!(date["due"], "2023-08-02T00:00:00+08:00");
    for (line, id, rule, field) in [
        (
            r#"{"id": 1, "rule": {"workingDayz": 7}, "start": "2019-04-25"}"#,
            json!(1),
            "rule.unknown-field",
            "workingDayz",
        ),
        (
            r#"{"id": 2, "rule": {"workingDays": -7}, "start": "2019-04-25"}"#,
            json!(2),
            "rule.range",
            "workingDays",
        ),
        (r#"{"id": 3, "rule": {"workingDays": 7}, "start": "2019-02-30"}"#, json!(3), "start.form", "start"),
        (r#"{"id": 4, "rule": {"workingDays": 7}}"#, json!(4), "line.form", "start"),
        (r#"{"id": 5, "rule": 7, "start": "2019-04-25"}"#, json!(5), "line.form", "rule"),
        (r#"{"id": 6, "rule": {"hours": 1}, "start": "2019-04-25", "x": 1}"#, json!(6), "line.form", "x"),
        (r#"{"id": [7], "rule": {"hours": 1}, "start": "2019-04-25"}"#, json!(null), "line.form", "id"),
        (
            r#"{"id": 8, "rule": {"dayOfMonth": 30, "ifMissing": "refuse"}, "start": "2019-02-01"}"#,
            json!(8),
            "due.no-such-day",
            "rule",
        ),
        ("not JSON", json!(null), "line.form", "line"),
        ("", json!(null), "line.form", "line"),
    ] {
        let answer = ask(line);
        let error = &answer["error"];
        assert_eq!(
            (&answer["id"], &error["rule"], &error["field"]),
            (&id, &json!(rule), &json!(field)),
            "{answer}"
        );
        assert!(!error["message"].as_str().expect("a message").is_empty());
        assert!(error.get("value").is_some());
    }
}

#[test]
fn each_sort_of_rule_has_its_sentence() {
    let pauses = [pause("2022-09-06T10:00:00+08:00", "2022-09-15T10:00:00+08:00")];
    for (given, start, pauses, zh) in [
        (
            json!({"workingDays": 7}),
            "2026-12-24T10:00:00+08:00",
            &[][..],
            "2026年12月24日 10:00开始,次日起算,周末不计,第 7 个工作日为 2027年1月4日,24:00 到期,\
             12月29日 等日的放假安排未经核实,按普通周推算,到期日暂定",
        ),
        (
            json!({"workingDays": 5}),
            "2022-09-05T09:00:00+08:00",
            &pauses,
            "2022年9月5日 09:00开始,次日起算,周末不计,暂停 9月7日–15日 不计,第 5 个工作日为 9月21日,24:00 到期",
        ),
        (
            json!({"hours": 48}),
            "2022-12-31T10:00:01+08:00",
            &[],
            "2022年12月31日 10:00:01起连续计算 48 小时,节假日不停,2023年1月2日 10:00:01 到期,此刻仍算按时",
        ),
        (
            json!({"dayOfMonth": 4, "ifNonWorking": "next"}),
            "2019-10-01T00:00:00+08:00",
            &[],
            "2019年10月1日 00:00开始,时限为每月4日前,遇休息日顺延,10月4日 为休息日,顺延至 10月8日,10月8日 24:00 到期",
        ),
        (
            json!({"months": 3}),
            "2023-11-30T00:00:00+08:00",
            &[],
            "2023年11月30日 00:00开始,时限为 3 个月内,2024年2月29日 24:00 到期",
        ),
        (
            json!({"date": "2023-08-11T17:00"}),
            "2023-08-09T00:00:00+08:00",
            &[],
            "时限为 2023年8月11日17:00前,8月11日 17:00 到期,此刻仍算按时",
        ),
    ] {
        let explained = explain(&cn(), &rule(given), at(start), pauses).expect("a due date");
        assert_eq!(explained.sentence(Lang::Zh).replace('\u{ff0c}', ","), zh);
    }
}
