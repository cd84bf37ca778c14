//! The ledger's columns, told once for every kind of file.

use chrono::NaiveDateTime;

use super::parts::{names, notice};
use super::view::View;
use crate::calendar::Text;
use crate::query::deadline_row::DeadlineRow;
use crate::query::desk::{MOST_WHOLE, Whole};
use crate::query::rows::Answer;
use crate::query::settled::SettledRow;

/// A cell of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A time on the wall where the tenant lives; 24:00 is the next day's 00:00
    /// here, and the text beside it says 24:00.
    Time(NaiveDateTime, String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A column: its title and its width in characters.
pub type Column = (&'static str, u16);

/// A table with what it holds as of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it is called.
    pub title: String,
    /// Where and as of when it comes from, in a line.
    pub source: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<Value>>,
}

/// Open deadlines.
pub fn open_sheet(view: &View, found: &Answer<Whole<DeadlineRow>>) -> Sheet {
    let columns = vec![
        (view.say("序号", "No."), 6),
        (view.say("编号", "Number"), 30),
        (view.say("事项", "Matter"), 18),
        (view.say("时限", "Limit"), 18),
        (view.say("依据文件", "Notice"), 18),
        (view.say("条款", "Clause"), 14),
        (view.say("责任单位", "Unit"), 18),
        (view.say("下一步由谁办", "Who must act"), 18),
        (view.say("状态", "State"), 14),
        (view.say("起算时间", "Counted from"), 20),
        (view.say("时限规则", "Rule"), 18),
        (view.say("截止时间", "Due"), 22),
        (view.say("剩余/超期", "Left or over"), 22),
        (view.say("状态灯", "Light"), 10),
        (view.say("暂定", "Provisional"), 8),
        (view.say("催办次数", "Reminders"), 10),
        (view.say("升级级别", "Level"), 10),
        (view.say("改期次数", "Moves"), 10),
    ];
    let rows = found.body.rows.iter().zip(1_i64..).map(|(row, place)| open_row(view, row, place)).collect();
    Sheet { title: title(view, false), source: source(view, found), columns, rows }
}

fn open_row(view: &View, row: &DeadlineRow, place: i64) -> Vec<Value> {
    let left = row.span.as_ref().map(|span| view.of(&span.words)).unwrap_or_default();
    vec![
        Value::Number(place),
        row.case.to_string().into(),
        view.of(&row.workflow.title).into(),
        view.of(&row.clock.title).into(),
        notice(view, &row.cite.notice).into(),
        row.cite.clause.as_str().into(),
        view.of(&row.unit.title).into(),
        names(view, &row.waits_for).into(),
        view.of(&row.state.title).into(),
        time(view, &row.started),
        view.of(&row.rule).into(),
        time(view, &row.due),
        left.into(),
        format!("{} {}", row.light.shape(), view.of(&row.light.word())).into(),
        if row.provisional { view.say("是", "yes") } else { "" }.into(),
        Value::Number(row.reminders.into()),
        Value::Number(row.level.into()),
        Value::Number(row.moves.into()),
    ]
}

/// Met deadlines.
pub fn settled_sheet(view: &View, found: &Answer<Whole<SettledRow>>) -> Sheet {
    let columns = vec![
        (view.say("序号", "No."), 6),
        (view.say("编号", "Number"), 30),
        (view.say("事项", "Matter"), 18),
        (view.say("时限", "Limit"), 18),
        (view.say("依据文件", "Notice"), 18),
        (view.say("条款", "Clause"), 14),
        (view.say("责任单位", "Unit"), 18),
        (view.say("状态", "State"), 14),
        (view.say("起算时间", "Counted from"), 20),
        (view.say("时限规则", "Rule"), 18),
        (view.say("截止时间", "Due"), 22),
        (view.say("办结时间", "Met"), 22),
        (view.say("是否按时", "In time"), 10),
        (view.say("催办次数", "Reminders"), 10),
        (view.say("升级级别", "Level"), 10),
        (view.say("改期次数", "Moves"), 10),
    ];
    let rows =
        found.body.rows.iter().zip(1_i64..).map(|(row, place)| settled_row(view, row, place)).collect();
    Sheet { title: title(view, true), source: source(view, found), columns, rows }
}

fn settled_row(view: &View, row: &SettledRow, place: i64) -> Vec<Value> {
    vec![
        Value::Number(place),
        row.case.to_string().into(),
        view.of(&row.workflow.title).into(),
        view.of(&row.clock.title).into(),
        notice(view, &row.cite.notice).into(),
        row.cite.clause.as_str().into(),
        view.of(&row.unit.title).into(),
        view.of(&row.state.title).into(),
        time(view, &row.started),
        view.of(&row.rule).into(),
        time(view, &row.due),
        time(view, &row.met),
        if row.late { view.say("否", "no") } else { view.say("是", "yes") }.into(),
        Value::Number(row.reminders.into()),
        Value::Number(row.level.into()),
        Value::Number(row.moves.into()),
    ]
}

fn title(view: &View, settled: bool) -> String {
    let what = if settled {
        view.say("已办结台账", "Met deadlines")
    } else {
        view.say("督办台账", "Ledger")
    };
    format!("{} {what}", view.tenant_title())
}

fn source<T>(view: &View, found: &Answer<Whole<T>>) -> String {
    let (as_of, count) = (&found.as_of, found.body.rows.len());
    let cut = if found.body.cut {
        format!("{} {MOST_WHOLE} {}", view.say("；仅前", "; only the first"), view.say("行", "rows"))
    } else {
        String::new()
    };
    format!(
        "{} {} · {} {} · {count} {}{cut}",
        view.say("截至", "As of"),
        view.of(&view.home.asked),
        view.say("账本条目", "ledger entry"),
        as_of.ledger_seq,
        view.say("行", "rows"),
    )
}

/// The time that a text such as `2022-10-12 周三 24:00` tells.
fn time(view: &View, text: &Text) -> Value {
    let told = view.of(text).to_owned();
    let mut words = text.en.split(' ');
    let (day, clock) = (words.next(), words.next_back());
    let day = day.and_then(|day| day.parse::<chrono::NaiveDate>().ok());
    let at = day.zip(clock).and_then(|(day, clock)| match clock {
        "24:00" => day.succ_opt().map(|next| next.and_time(chrono::NaiveTime::MIN)),
        clock => chrono::NaiveTime::parse_from_str(clock, "%H:%M").ok().map(|time| day.and_time(time)),
    });
    at.map_or(Value::Text(told.clone()), |at| Value::Time(at, told))
}
