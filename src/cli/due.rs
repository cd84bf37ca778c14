//! `duban due`: when something is due, and why, without any server.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde_json::{Value, json};

use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::output::{AnswerLang, Output, padded, width};
use crate::calendar::{Calendar, DayNote, Explanation, Lang, Reason, answer_line};

/// Computes due dates.
#[derive(Debug, clap::Args)]
pub struct DueArgs {
    /// The due rule as a policy writes it, in JSON: {"workingDays": 7}
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    rule: Option<String>,
    /// What it is counted from: 2022-09-28T16:20+08:00, or a date
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    start: Option<String>,
    /// Answers JSON lines {"id", "rule", "start"} from a file, or from standard
    /// input without one
    #[arg(long, num_args = 0..=1, default_missing_value = "-", value_name = "FILE")]
    batch: Option<PathBuf>,
    /// The calendar: cn-gov, or a YAML file
    #[arg(long, default_value = "cn-gov", value_name = "NAME|FILE")]
    calendar: String,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
    /// The language of the answer
    #[arg(long, value_enum, default_value_t)]
    lang: AnswerLang,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] for a rule, start or calendar that cannot be used.
pub fn run(args: &DueArgs) -> Ended {
    let calendar = folder::calendar(&args.calendar)?;
    match &args.batch {
        Some(from) => batch(&calendar, from),
        None => one(&calendar, args),
    }
}

/// Answers every line; lines that cannot be answered say so and are no failure.
fn batch(calendar: &Calendar, from: &Path) -> Ended {
    let input: Box<dyn Read> = if from.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(from).or_failed_to(Exit::Usage, format!("open {}", from.display()))?)
    };
    let mut output = Output::open();
    for line in BufReader::with_capacity(64 * 1024, input).lines() {
        let line = line.or_failed_to(Exit::Usage, "read the questions")?;
        if !line.trim().is_empty() {
            output.line(answer_line(calendar, &line))?;
        }
    }
    output.finish()?;
    Ok(Exit::Done)
}

fn one(calendar: &Calendar, args: &DueArgs) -> Ended {
    let rule = args.rule.as_deref().unwrap_or_default();
    let rule: Value = serde_json::from_str(rule).or_failed_to(
        Exit::Usage,
        format!("read the rule {rule:?} as JSON, such as {{\"workingDays\": 7}}"),
    )?;
    let answer = answer_line(calendar, &json!({ "rule": rule, "start": args.start }).to_string());
    let mut answer: Value = serde_json::from_str(&answer)?;
    if let Some(error) = answer.get("error") {
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        let words =
            format!("compute a due date: {} ({} at {})", text("message"), text("rule"), text("field"));
        return Err(Failure::new(Exit::Usage, words));
    }
    let mut output = Output::open();
    if args.json {
        if let Some(answer) = answer.as_object_mut() {
            // There is no other line that this one could be mistaken for.
            answer.remove("id");
        }
        output.line(serde_json::to_string_pretty(&answer)?)?;
    } else {
        let explanation: Explanation = serde_json::from_value(answer["explanation"].take())?;
        for line in told(&explanation, args.lang.into()) {
            output.line(line)?;
        }
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// The answer for a person: the instant, the reason, the days.
fn told(explanation: &Explanation, lang: Lang) -> Vec<String> {
    let until = &explanation.until;
    let weekday = weekday_word(until.date.weekday(), lang);
    let mark = match (explanation.due.provisional, lang) {
        (false, _) => "",
        (true, Lang::Zh) => "  ◌ 暂定",
        (true, Lang::En) => "  ◌ provisional",
    };
    let mut lines = vec![format!("{} {weekday} {}  ({}){mark}", until.date, until.time, until.at)];
    lines.push(explanation.sentence(lang));
    lines.push(String::new());
    lines.extend(strip(explanation, lang));
    lines
}

const fn weekday_word(day: Weekday, lang: Lang) -> &'static str {
    match (lang, day) {
        (Lang::Zh, Weekday::Mon) => "周一",
        (Lang::Zh, Weekday::Tue) => "周二",
        (Lang::Zh, Weekday::Wed) => "周三",
        (Lang::Zh, Weekday::Thu) => "周四",
        (Lang::Zh, Weekday::Fri) => "周五",
        (Lang::Zh, Weekday::Sat) => "周六",
        (Lang::Zh, Weekday::Sun) => "周日",
        (Lang::En, Weekday::Mon) => "Mon",
        (Lang::En, Weekday::Tue) => "Tue",
        (Lang::En, Weekday::Wed) => "Wed",
        (Lang::En, Weekday::Thu) => "Thu",
        (Lang::En, Weekday::Fri) => "Fri",
        (Lang::En, Weekday::Sat) => "Sat",
        (Lang::En, Weekday::Sun) => "Sun",
    }
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
/// Columns of a day's cell: two digits of the day, a blank, a mark, a gap.
const CELL: usize = 9;

/// The days as weeks: each day with its number in the count, or why it has none.
#[must_use]
pub fn strip(explanation: &Explanation, lang: Lang) -> Vec<String> {
    let mut lines = vec![head(lang)];
    let mut week: Option<NaiveDate> = None;
    for note in &explanation.days {
        let monday = monday_of(note.date);
        if week != Some(monday) {
            if week.is_some_and(|before| before.checked_add_days(Days::new(7)) != Some(monday)) {
                lines.push("  …".to_owned());
            }
            lines.push(format!("{}  ", monday.format("%m-%d")));
            week = Some(monday);
        }
        let column = 7 + usize::try_from(note.date.weekday().num_days_from_monday()).unwrap_or(0) * CELL;
        let cell = format!("{:02} {}", note.date.day(), mark(explanation, note, lang));
        if let Some(line) = lines.last_mut() {
            *line = format!(
                "{}{cell}",
                padded(line, column.max(width(line) + usize::from(width(line) > column)))
            );
        }
    }
    lines.push(legend(lang));
    lines
}

fn head(lang: Lang) -> String {
    let days = WEEK.iter().map(|day| padded(weekday_word(*day, lang), CELL));
    format!("       {}", days.collect::<String>()).trim_end().to_owned()
}

fn monday_of(date: NaiveDate) -> NaiveDate {
    let since = u64::from(date.weekday().num_days_from_monday());
    date.checked_sub_days(Days::new(since)).unwrap_or(date)
}

/// What a day did: `3` counted third, `班4` a make-up day counted fourth, `休` a
/// rest day, `停` paused, `起` the start.
fn mark(explanation: &Explanation, note: &DayNote, lang: Lang) -> String {
    let (start, paused, rest, make_up) = match lang {
        Lang::Zh => ("起", "停", "休", "班"),
        Lang::En => ("start", "paused", "rest", "work"),
    };
    let number = note.counted.map(|number| number.to_string());
    if note.paused {
        return paused.to_owned();
    }
    match (number, &note.reason) {
        (Some(number), Reason::MakeUp { .. }) => format!("{make_up}{number}"),
        (Some(number), _) => number,
        (None, _) if note.date == explanation.start.date => start.to_owned(),
        (None, _) if !note.working => rest.to_owned(),
        (None, Reason::MakeUp { .. }) => make_up.to_owned(),
        (None, _) => "·".to_owned(),
    }
}

fn legend(lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            "       数字为计入的第几个工作日;起 起算日不计入;休 休息日;班 调休上班;停 暂停".to_owned()
        }
        Lang::En => {
            "       number: counted as that day; start: not counted; rest; work: a rest day worked; paused"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(rule: &str, start: &str) -> Explanation {
        let calendar = folder::calendar("cn-gov").expect("the shipped calendar");
        let rule: Value = serde_json::from_str(rule).expect("a rule");
        let answer = answer_line(&calendar, &json!({ "rule": rule, "start": start }).to_string());
        let mut answer: Value = serde_json::from_str(&answer).expect("an answer");
        serde_json::from_value(answer["explanation"].take())
            .unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    #[test]
    fn the_national_day_of_2022_is_drawn_with_both_make_up_days() {
        let explanation = explained(r#"{"workingDays": 7}"#, "2022-09-28T16:20+08:00");
        insta::assert_snapshot!(told(&explanation, Lang::Zh).join("\n"), @r#"
        2022-10-12 周三 24:00  (2022-10-13T00:00:00+08:00)
        2022年9月28日 16:20开始，次日起算，国庆节休息 10月1日–7日，10月8日、9日调休上班计入，第 7 个工作日为 10月12日，24:00 到期

               周一     周二     周三     周四     周五     周六     周日
        09-26                    28 起    29 1     30 2     01 休    02 休
        10-03  03 休    04 休    05 休    06 休    07 休    08 班3   09 班4
        10-10  10 5     11 6     12 7
               数字为计入的第几个工作日;起 起算日不计入;休 休息日;班 调休上班;停 暂停
        "#);
    }

    #[test]
    fn english_says_the_same() {
        let explanation = explained(r#"{"workingDays": 1}"#, "2026-09-18");
        insta::assert_snapshot!(told(&explanation, Lang::En).join("\n"), @r#"
        2026-09-20 Sun 24:00  (2026-09-21T00:00:00+08:00)
        starts 18 September 2026 00:00; counting begins the next day; 20 September is a make-up day and counts; weekends are left out; working day 1 is 20 September; due at 24:00

               Mon      Tue      Wed      Thu      Fri      Sat      Sun
        09-14                                      18 start 19 rest  20 work1
               number: counted as that day; start: not counted; rest; work: a rest day worked; paused
        "#);
    }
}
