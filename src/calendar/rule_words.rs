//! Due rules in words, as a person would say them.
//!
//! It names what a rule says and computes nothing.

use chrono::{Datelike as _, NaiveDateTime};

use super::period::{Period, PeriodKind};
use super::rule::{Boundary, Count, DayEnds, DueRule, FixedDate, IfNonWorking};
use super::text::{Lang, Text};

impl DueRule {
    /// The rule in a person's words: "7 working days", "7 个工作日内".
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        self.text().get(lang).to_owned()
    }

    /// The rule in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::WorkingDays { working_days, count, day_ends } => {
                let text =
                    Text::new(format!("{working_days} 个工作日内"), counted(*working_days, "working day"));
                with_end(with_count(text, *count), *day_ends)
            }
            Self::Days { days, count, day_ends, if_non_working } => {
                let text = Text::new(format!("{days} 日内"), counted(*days, "day"));
                rolled(with_end(with_count(text, *count), *day_ends), *if_non_working)
            }
            Self::Hours { hours } => Text::new(format!("{hours} 小时内"), counted(*hours, "hour")),
            Self::WorkingHours { working_hours } => {
                Text::new(format!("{working_hours} 个工作小时内"), counted(*working_hours, "working hour"))
            }
            Self::DayOfMonth { day_of_month: day, boundary, if_non_working, .. } => {
                let zh = (format!("每月{day}日前"), "含当日");
                rolled(bounded(zh, &format!("day {day} of the month"), *boundary), *if_non_working)
            }
            Self::MonthDay { month_day, boundary, if_non_working, .. } => {
                let (month, day) = (month_day.month(), month_day.day());
                let zh = (format!("每年{month}月{day}日前"), "含当日");
                let en = format!("{day} {} each year", month_name(month));
                rolled(bounded(zh, &en, *boundary), *if_non_working)
            }
            Self::EndOf { end_of, if_non_working } => rolled(end_of_text(*end_of), *if_non_working),
            Self::Months { months, if_non_working } => {
                rolled(Text::new(format!("{months} 个月内"), counted(*months, "month")), *if_non_working)
            }
            Self::Years { years, if_non_working } => {
                rolled(Text::new(format!("{years} 年内"), counted(*years, "year")), *if_non_working)
            }
            Self::Date { date, boundary, if_non_working } => rolled(fixed(*date, *boundary), *if_non_working),
        }
    }
}

fn counted(count: impl Into<u32>, unit: &str) -> String {
    let count = count.into();
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{ending}")
}

fn with_count(text: Text, count: Count) -> Text {
    match count {
        Count::NextDay => text,
        Count::StartDay => append(text, "（起算日计入）", ", the start day counted"),
    }
}

fn with_end(text: Text, ends: DayEnds) -> Text {
    match ends {
        DayEnds::Midnight => text,
        DayEnds::CloseOfBusiness => append(text, "，下班前", ", by close of business"),
    }
}

fn rolled(text: Text, if_non_working: IfNonWorking) -> Text {
    match if_non_working {
        IfNonWorking::Keep => text,
        IfNonWorking::Next => append(text, "，遇休息日顺延", ", or the next working day"),
        IfNonWorking::Previous => append(text, "，遇休息日提前", ", or the working day before"),
    }
}

fn append(text: Text, zh: &str, en: &str) -> Text {
    Text::new(text.zh + zh, text.en + en)
}

/// "By" or "before" what is named; the Chinese 前 leaves open which, so the
/// narrower reading says so.
fn bounded((zh, included): (String, &str), en: &str, boundary: Boundary) -> Text {
    match boundary {
        Boundary::Inclusive => Text::new(zh, format!("by {en}")),
        Boundary::Exclusive => Text::new(format!("{zh}（不{included}）"), format!("before {en}")),
    }
}

fn end_of_text(kind: PeriodKind) -> Text {
    let (zh, en) = match kind {
        PeriodKind::Day => ("当日内", "by the end of the day"),
        PeriodKind::Week => ("本周内", "by the end of the week"),
        PeriodKind::Month => ("当月底前", "by the end of the month"),
        PeriodKind::Quarter => ("本季度末前", "by the end of the quarter"),
        PeriodKind::HalfYear => ("本半年末前", "by the end of the half-year"),
        PeriodKind::Year => ("当年底前", "by the end of the year"),
    };
    Text::new(zh, en)
}

fn fixed(date: FixedDate, boundary: Boundary) -> Text {
    match date {
        FixedDate::Wall(wall) => {
            bounded((format!("{}前", wall_zh(wall)), "含当时"), &wall_en(wall), boundary)
        }
        FixedDate::Period(period) if period.kind() == PeriodKind::Day => {
            let (zh, en) = (zh_name(period), en_name(period));
            bounded((format!("{zh}前"), "含当日"), &en, boundary)
        }
        FixedDate::Period(period) => match boundary {
            Boundary::Inclusive => {
                Text::new(format!("{}底前", zh_name(period)), format!("by the end of {}", en_name(period)))
            }
            Boundary::Exclusive => {
                Text::new(format!("{}之前", zh_name(period)), format!("before {} begins", en_name(period)))
            }
        },
    }
}

fn wall_zh(wall: NaiveDateTime) -> String {
    format!("{}年{}月{}日{}", wall.year(), wall.month(), wall.day(), wall.format("%H:%M"))
}

fn wall_en(wall: NaiveDateTime) -> String {
    let (day, month, year) = (wall.day(), month_name(wall.month()), wall.year());
    format!("{} on {day} {month} {year}", wall.format("%H:%M"))
}

fn zh_name(period: Period) -> String {
    let start = period.start();
    let (year, month) = (start.year(), start.month());
    match period.kind() {
        PeriodKind::Day => format!("{year}年{month}月{}日", start.day()),
        PeriodKind::Week => format!("{}年第{}周", start.iso_week().year(), start.iso_week().week()),
        PeriodKind::Month => format!("{year}年{month}月"),
        PeriodKind::Quarter => format!("{year}年第{}季度", month / 3 + 1),
        PeriodKind::HalfYear => format!("{year}年{}半年", if month == 1 { "上" } else { "下" }),
        PeriodKind::Year => format!("{year}年"),
    }
}

fn en_name(period: Period) -> String {
    let start = period.start();
    let (year, month) = (start.year(), start.month());
    match period.kind() {
        PeriodKind::Day => format!("{} {} {year}", start.day(), month_name(month)),
        PeriodKind::Week => format!("week {} of {}", start.iso_week().week(), start.iso_week().year()),
        PeriodKind::Month => format!("{} {year}", month_name(month)),
        PeriodKind::Quarter => format!("quarter {} of {year}", month / 3 + 1),
        PeriodKind::HalfYear => format!("the {} half of {year}", if month == 1 { "first" } else { "second" }),
        PeriodKind::Year => format!("{year}"),
    }
}

/// The English name of a month, 1 to 12.
pub(super) fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    month.checked_sub(1).and_then(|index| NAMES.get(index as usize)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_as_people_say_them() {
        for (rule, zh, en) in [
            (r#"{"workingDays": 7}"#, "7 个工作日内", "7 working days"),
            (r#"{"workingDays": 1}"#, "1 个工作日内", "1 working day"),
            (r#"{"hours": 48}"#, "48 小时内", "48 hours"),
            (r#"{"dayOfMonth": 4}"#, "每月4日前", "by day 4 of the month"),
            (
                r#"{"dayOfMonth": 4, "boundary": "exclusive"}"#,
                "每月4日前（不含当日）",
                "before day 4 of the month",
            ),
            (r#"{"endOf": "month"}"#, "当月底前", "by the end of the month"),
            (r#"{"monthDay": "06-30"}"#, "每年6月30日前", "by 30 June each year"),
            (r#"{"months": 3}"#, "3 个月内", "3 months"),
            (r#"{"date": "2023-08"}"#, "2023年8月底前", "by the end of August 2023"),
            (r#"{"date": "2023-Q3"}"#, "2023年第3季度底前", "by the end of quarter 3 of 2023"),
            (r#"{"date": "2023-08", "boundary": "exclusive"}"#, "2023年8月之前", "before August 2023 begins"),
            (r#"{"date": "2023-08-11T17:00"}"#, "2023年8月11日17:00前", "by 17:00 on 11 August 2023"),
            (
                r#"{"days": 7, "ifNonWorking": "next"}"#,
                "7 日内，遇休息日顺延",
                "7 days, or the next working day",
            ),
        ] {
            let rule: DueRule = serde_json::from_str(rule).expect("a rule");
            assert_eq!((rule.words(Lang::Zh).as_str(), rule.words(Lang::En).as_str()), (zh, en));
        }
    }
}
