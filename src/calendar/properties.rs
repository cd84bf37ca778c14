//! What holds of every date, checked on random ones.

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::cn;
use super::*;
use crate::time::Instant;

/// Days from 2016 to 2030, around the verified span on both sides.
fn days() -> impl Strategy<Value = NaiveDate> {
    (735_964_i32..741_440).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).expect("a date"))
}

fn starts() -> impl Strategy<Value = Instant> {
    // Half of them fall on a full hour, where days and business begin and end.
    (1_451_606_400_i64..1_924_992_000, any::<bool>())
        .prop_map(|(second, full)| if full { second / 3600 * 3600 } else { second })
        .prop_map(|second| Instant::from_nanos(second * 1_000_000_000))
}

/// Every rule but those of a fixed date, which may lie before its start: notices
/// set dates that were past when they were issued.
fn rules() -> impl Strategy<Value = DueRule> {
    let roll = prop_oneof![Just("keep"), Just("next"), Just("previous")];
    let count = prop_oneof![Just("nextDay"), Just("startDay")];
    let ends = prop_oneof![Just("midnight"), Just("closeOfBusiness")];
    let boundary = prop_oneof![Just("inclusive"), Just("exclusive")];
    let period = prop_oneof![
        Just("day"),
        Just("week"),
        Just("month"),
        Just("quarter"),
        Just("halfYear"),
        Just("year")
    ];
    (0..8_u8, 0..40_u32, 1..=28_u32, (roll, count, ends, boundary, period)).prop_map(
        |(form, n, day, (roll, count, ends, boundary, period))| {
            let rule: Value = match form {
                0 => json!({"workingDays": n, "count": count, "dayEnds": ends}),
                1 => json!({"days": n, "count": count, "dayEnds": ends, "ifNonWorking": roll}),
                2 => json!({"hours": n * 5}),
                3 => json!({"workingHours": n}),
                4 => json!({"dayOfMonth": (n % 31) + 1, "boundary": boundary, "ifNonWorking": roll}),
                5 => json!({"monthDay": format!("{:02}-{day:02}", n % 12 + 1), "boundary": boundary,
                            "ifNonWorking": roll}),
                6 => json!({"endOf": period, "ifNonWorking": roll}),
                _ => json!({"months": n + 1, "ifNonWorking": roll}),
            };
            serde_json::from_value(rule).expect("a rule")
        },
    )
}

fn runs(rule: &DueRule) -> bool {
    !matches!(rule, DueRule::DayOfMonth { .. } | DueRule::MonthDay { .. } | DueRule::EndOf { .. })
}

fn pauses() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((-100_i64..900, 0_i64..300), 0..4)
}

fn placed(start: Instant, hours: &[(i64, i64)]) -> Vec<Pause> {
    let place = |(after, long): &(i64, i64)| {
        let from = start.plus_seconds(after * 3600);
        Pause { from, until: from.plus_seconds(long * 3600) }
    };
    hours.iter().map(place).collect()
}

proptest! {
    #[test]
    fn going_and_counting_undo_each_other(date in days(), n in -2000_i32..2000) {
        let calendar = cn();
        let reached = calendar.add_working_days(date, n);
        prop_assert_eq!(calendar.working_days_between(date, reached), i64::from(n));
        prop_assert!(n == 0 || calendar.is_working(reached));
        if calendar.is_working(date) {
            prop_assert_eq!(calendar.add_working_days(reached, -n), date);
        }
    }

    #[test]
    fn ranks_agree_with_walking_day_by_day(date in days(), n in 1_i32..60) {
        let calendar = cn();
        let mut walked = date;
        for _ in 0..n {
            walked = walked.succ_opt().expect("a date");
            while !calendar.day(walked).working {
                walked = walked.succ_opt().expect("a date");
            }
        }
        prop_assert_eq!(calendar.add_working_days(date, n), walked);
    }

    #[test]
    fn nothing_is_due_before_it_starts(rule in rules(), start in starts(), hours in pauses()) {
        let pauses = if runs(&rule) { placed(start, &hours) } else { Vec::new() };
        let due = due(&cn(), &rule, start, &pauses).expect("a due date");
        prop_assert!(due.at >= start, "{:?} at {:?}", due, start);
    }

    #[test]
    fn a_later_start_is_never_due_earlier(rule in rules(), start in starts(), later in 0_i64..5_000_000) {
        let calendar = cn();
        let first = due(&calendar, &rule, start, &[]).expect("a due date");
        let second = due(&calendar, &rule, start.plus_seconds(later), &[]).expect("a due date");
        prop_assert!(first.at <= second.at);
    }

    #[test]
    fn a_pause_never_shortens(rule in rules().prop_filter("it runs", runs), start in starts(), hours in pauses()) {
        let calendar = cn();
        let plain = due(&calendar, &rule, start, &[]).expect("a due date");
        let paused = due(&calendar, &rule, start, &placed(start, &hours)).expect("a due date");
        prop_assert!(paused.at >= plain.at || moved_back(&rule));
    }

    #[test]
    fn the_explanation_tells_the_same_and_counts_to_the_last_day(
        rule in rules(), start in starts(), hours in pauses(),
    ) {
        let calendar = cn();
        let pauses = if runs(&rule) { placed(start, &hours) } else { Vec::new() };
        let cheap = due(&calendar, &rule, start, &pauses).expect("a due date");
        let explained = explain(&calendar, &rule, start, &pauses).expect("a due date");
        prop_assert_eq!(explained.due, cheap);
        prop_assert!(explained.days.is_sorted_by_key(|day| day.date));
        let last = explained.days.iter().rev().find_map(|day| day.counted.map(|n| (day.date, n)));
        let limit = match rule {
            DueRule::WorkingDays { working_days, .. } => Some(working_days),
            DueRule::Days { days, .. } => Some(days),
            _ => None,
        };
        match limit.filter(|days| *days > 0) {
            None => prop_assert_eq!(last, None),
            Some(days) => {
                let unmoved = explained.moved_from.or(cheap.last_day);
                prop_assert_eq!(last, unmoved.map(|date| (date, u32::from(days))));
            }
        }
        prop_assert!(!explained.sentence(Lang::Zh).is_empty());
        prop_assert_eq!(explained.unverified.is_some(), cheap.provisional);
    }

    #[test]
    fn rungs_come_in_the_order_of_their_offsets(rule in rules(), start in starts(), n in -30_i32..30) {
        let calendar = cn();
        let due = due(&calendar, &rule, start, &[]).expect("a due date");
        let make: [fn(i32) -> Offset; 4] =
            [Offset::WorkingDays, Offset::Days, Offset::Hours, Offset::WorkingHours];
        for make in make {
            let (early, late) = (offset(&calendar, &due, make(n)), offset(&calendar, &due, make(n + 1)));
            prop_assert!(early <= late, "{:?} {:?}", make(n), due);
            prop_assert!(early <= due.at || n >= 0);
            prop_assert!(late >= due.at || n < 0);
        }
        prop_assert!(soon_at(&calendar, &due) < due.at);
    }

    #[test]
    fn no_line_makes_a_batch_stop(line in ".{0,200}") {
        let answer: Value = serde_json::from_str(&answer_line(&cn(), &line)).expect("JSON");
        prop_assert!(answer["error"]["rule"].is_string());
    }
}

/// Whether a later last day may be moved back to before an earlier one.
fn moved_back(rule: &DueRule) -> bool {
    match rule {
        DueRule::Days { if_non_working, .. }
        | DueRule::Months { if_non_working, .. }
        | DueRule::Years { if_non_working, .. } => *if_non_working == IfNonWorking::Previous,
        _ => false,
    }
}
