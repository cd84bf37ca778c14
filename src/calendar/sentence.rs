//! An explanation in one sentence, for screen, mail and print.
//!
//! It says only what the explanation holds and computes no dates.

use chrono::{Datelike as _, NaiveDate};

use super::compiled::Reason;
use super::explain::{DayNote, Explanation, Moment};
use super::rule::{Count, DueRule};
use super::rule_words::month_name;
use super::text::{Lang, Text};

impl Explanation {
    /// The explanation in one sentence, without the clause it rests on.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let text = self.sentences();
        text.get(lang).to_owned()
    }

    /// The sentence in both languages.
    #[must_use]
    pub fn sentences(&self) -> Text {
        let mut parts = vec![self.beginning()];
        if matches!(self.rule, DueRule::WorkingDays { .. } | DueRule::WorkingHours { .. }) {
            parts.extend(self.rest_days());
        }
        parts.extend(self.paused());
        parts.extend(self.last_counted());
        parts.extend(self.moved());
        parts.push(self.end());
        parts.extend(self.provisional());
        let zh: Vec<&str> = parts.iter().map(|part| part.zh.as_str()).collect();
        let en: Vec<&str> = parts.iter().map(|part| part.en.as_str()).collect();
        Text::new(zh.join("，"), en.join("; "))
    }

    fn beginning(&self) -> Text {
        let start = self.when(&self.start, true);
        match &self.rule {
            DueRule::WorkingDays { count, .. } | DueRule::Days { count, .. } => {
                let (zh, en) = match count {
                    Count::NextDay => ("次日起算", "counting begins the next day"),
                    Count::StartDay => ("当日起算", "the start day is counted"),
                };
                Text::new(format!("{}开始，{zh}", start.zh), format!("starts {}; {en}", start.en))
            }
            DueRule::Hours { hours } => Text::new(
                format!("{}起连续计算 {hours} 小时，节假日不停", start.zh),
                format!("{hours} hours run from {}, on rest days too", start.en),
            ),
            DueRule::WorkingHours { working_hours } => Text::new(
                format!("{}起计算 {working_hours} 个工作小时，只计办公时间", start.zh),
                format!("{working_hours} working hours run from {}, in business hours only", start.en),
            ),
            DueRule::DayOfMonth { .. }
            | DueRule::MonthDay { .. }
            | DueRule::EndOf { .. }
            | DueRule::Months { .. }
            | DueRule::Years { .. } => Text::new(
                format!("{}开始，时限为{}", start.zh, after_han(&self.words.zh)),
                format!("starts {}; the limit is {}", start.en, self.words.en),
            ),
            DueRule::Date { .. } => Text::new(
                format!("时限为{}", after_han(&self.words.zh)),
                format!("the limit is {}", self.words.en),
            ),
        }
    }

    /// Which days between were off and which were worked in exchange.
    fn rest_days(&self) -> Vec<Text> {
        if self.omitted > 0 {
            let all = "holidays and weekends are left out, make-up days count";
            return vec![Text::new("节假日和周末不计，调休上班日计入", all)];
        }
        let between = || self.days.iter().filter(|day| !day.paused && self.is_after_start(day));
        let mut parts = Vec::new();
        for run in runs(between(), |day| matches!(day.reason, Reason::Holiday { .. })) {
            let name = name(run.first().copied());
            let span = self.span(run.first().copied(), run.last().copied());
            parts.push(Text::new(
                format!("{}休息 {}", name.zh, span.zh),
                format!("{} ({}) is off {}", name.en, name.zh, span.en),
            ));
        }
        let made_up: Vec<&DayNote> =
            between().filter(|day| matches!(day.reason, Reason::MakeUp { .. })).collect();
        if !made_up.is_empty() {
            let dates = self.list(&made_up);
            let are =
                if made_up.len() == 1 { "is a make-up day and counts" } else { "are make-up days and count" };
            parts.push(Text::new(format!("{}调休上班计入", dates.zh), format!("{} {are}", dates.en)));
        }
        if between().any(|day| day.reason == Reason::Weekend) {
            parts.push(Text::new("周末不计", "weekends are left out"));
        }
        parts
    }

    fn is_after_start(&self, day: &DayNote) -> bool {
        let counts_start = matches!(self.rule, DueRule::WorkingDays { count: Count::StartDay, .. });
        day.date > self.start.date || counts_start && day.date == self.start.date
    }

    fn paused(&self) -> Option<Text> {
        if self.pauses.is_empty() {
            return None;
        }
        if matches!(self.rule, DueRule::Hours { .. } | DueRule::WorkingHours { .. }) {
            return Some(Text::new("暂停的时间不计", "the paused time is left out"));
        }
        let paused: Vec<&DayNote> = self.days.iter().filter(|day| day.paused).collect();
        if paused.is_empty() || self.omitted > 0 {
            return Some(Text::new("暂停的日子不计", "paused days are left out"));
        }
        let spans: Vec<Text> = runs(paused.into_iter(), |_| true)
            .iter()
            .map(|run| self.span(run.first().copied(), run.last().copied()))
            .collect();
        let zh: Vec<&str> = spans.iter().map(|span| span.zh.as_str()).collect();
        let en: Vec<&str> = spans.iter().map(|span| span.en.as_str()).collect();
        Some(Text::new(
            format!("暂停 {} 不计", zh.join("、")),
            format!("paused days {} are left out", en.join(" and ")),
        ))
    }

    fn last_counted(&self) -> Option<Text> {
        let last = self.days.iter().rev().find_map(|day| day.counted.map(|number| (day.date, number)));
        let (date, number) = last?;
        let shown = self.date(date);
        match self.rule {
            DueRule::WorkingDays { .. } => Some(Text::new(
                format!("第 {number} 个工作日为 {}", shown.zh),
                format!("working day {number} is {}", shown.en),
            )),
            _ => Some(Text::new(
                format!("第 {number} 日为 {}", shown.zh),
                format!("day {number} is {}", shown.en),
            )),
        }
    }

    fn moved(&self) -> Option<Text> {
        let from = self.date(self.moved_from?);
        let to = self.date(self.due.last_day?);
        let later = self.due.last_day > self.moved_from;
        let (zh, en) = if later { ("顺延", "later") } else { ("提前", "earlier") };
        Some(Text::new(
            format!("{} 为休息日，{zh}至 {}", from.zh, to.zh),
            format!("{} is a rest day, so it moves {en} to {}", from.en, to.en),
        ))
    }

    fn end(&self) -> Text {
        let counted_to = self.days.iter().rev().find(|day| day.counted.is_some()).map(|day| day.date);
        if counted_to == Some(self.until.date) {
            let time = &self.until.time;
            return Text::new(format!("{time} 到期"), format!("due at {time}"));
        }
        let until = self.when(&self.until, false);
        if self.due.inclusive {
            let (zh, en) = (until.zh, until.en);
            return Text::new(
                format!("{zh} 到期，此刻仍算按时"),
                format!("due {en}, which is still in time"),
            );
        }
        Text::new(format!("{} 到期", until.zh), format!("due {}", until.en))
    }

    fn provisional(&self) -> Option<Text> {
        let date = self.date(self.unverified?);
        Some(Text::new(
            format!("{} 等日的放假安排未经核实，按普通周推算，到期日暂定", date.zh),
            format!("provisional, because {} and perhaps others are outside the verified calendar", date.en),
        ))
    }

    /// A moment; with the year when asked for or when it is not that of the start.
    fn when(&self, moment: &Moment, with_year: bool) -> Text {
        let date = if with_year { dated(moment.date, true) } else { self.date(moment.date) };
        Text::new(format!("{} {}", date.zh, moment.time), format!("{} {}", date.en, moment.time))
    }

    fn date(&self, date: NaiveDate) -> Text {
        dated(date, date.year() != self.start.date.year())
    }

    /// `10月1日–7日`, `1 to 7 October`.
    fn span(&self, first: Option<&DayNote>, last: Option<&DayNote>) -> Text {
        let Some((first, last)) = first.zip(last) else { return Text::new("", "") };
        let (start, end) = (self.date(first.date), self.date(last.date));
        if first.date == last.date {
            start
        } else if first.date.year() == last.date.year() && first.date.month() == last.date.month() {
            let (from, to) = (first.date.day(), last.date.day());
            Text::new(format!("{}–{to}日", start.zh), format!("{from} to {}", end.en))
        } else {
            Text::new(format!("{}–{}", start.zh, end.zh), format!("{} to {}", start.en, end.en))
        }
    }

    /// `10月8日、9日`, `8 October and 9 October`.
    fn list(&self, days: &[&DayNote]) -> Text {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        let mut month = None;
        for day in days {
            let shown = self.date(day.date);
            let this = (day.date.year(), day.date.month());
            zh.push(if month == Some(this) { format!("{}日", day.date.day()) } else { shown.zh });
            en.push(shown.en);
            month = Some(this);
        }
        let last = en.pop().unwrap_or_default();
        let en = if en.is_empty() { last } else { format!("{} and {last}", en.join(", ")) };
        Text::new(zh.join("、"), en)
    }
}

/// A text as it follows a Chinese character: digits keep a gap from it.
fn after_han(text: &str) -> String {
    let gap = if text.starts_with(|first: char| first.is_ascii_digit()) { " " } else { "" };
    format!("{gap}{text}")
}

fn dated(date: NaiveDate, with_year: bool) -> Text {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (zh, en) = (format!("{month}月{day}日"), format!("{day} {}", month_name(month)));
    if with_year { Text::new(format!("{year}年{zh}"), format!("{en} {year}")) } else { Text::new(zh, en) }
}

/// Unbroken runs of days for the same reason, of those that are wanted.
fn runs<'day>(
    days: impl Iterator<Item = &'day DayNote>,
    wanted: impl Fn(&DayNote) -> bool,
) -> Vec<Vec<&'day DayNote>> {
    let mut runs: Vec<Vec<&DayNote>> = Vec::new();
    for day in days.filter(|day| wanted(day)) {
        let continues = runs.last().and_then(|run| run.last()).is_some_and(|before| {
            let same = before.paused || before.reason == day.reason;
            same && before.date.succ_opt() == Some(day.date)
        });
        match runs.last_mut() {
            Some(run) if continues => run.push(day),
            _ => runs.push(vec![day]),
        }
    }
    runs
}

fn name(day: Option<&DayNote>) -> Text {
    match day.map(|day| &day.reason) {
        Some(Reason::Holiday { name } | Reason::MakeUp { name }) => name.clone(),
        Some(Reason::Weekday | Reason::Weekend) | None => Text::new("", ""),
    }
}
