//! The columns of the ledger and of rankings, told once for every kind of file.

use chrono::NaiveDateTime;

use super::parts::{evidence, names, notice, progress, remarks};
use super::view::View;
use crate::calendar::Text;
use crate::id::CaseId;
use crate::policy::definition::Cite;
use crate::query::deadline_row::DeadlineRow;
use crate::query::desk::{MOST_WHOLE, Whole};
use crate::query::naming::Named;
use crate::query::particulars::Particulars;
use crate::query::rankings::{RankingAnswer, RankingLine};
use crate::query::rows::{Answer, AsOf};
use crate::query::settled::SettledRow;

/// The tab of a ledger, and that of a ranking.
const LEDGER: &str = "台账";
const RANKING: &str = "排名";

/// A cell of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with decimal places, as it is written.
    Decimal(String),
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
    /// What its tab is called.
    pub name: &'static str,
    /// What it is called.
    pub title: String,
    /// Where and as of when it comes from, in a line.
    pub source: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<Value>>,
}

/// A column with what stands in it.
type Told<'v, R> = (Column, Box<dyn Fn(&R) -> Value + 'v>);

/// A column of rows of any kind.
fn told<'v, R>(title: &'static str, width: u16, of: impl Fn(&R) -> Value + 'v) -> Told<'v, R> {
    ((title, width), Box::new(of))
}

/// What the rows of both ledgers have in common.
struct Common<'r> {
    case: &'r CaseId,
    workflow: &'r Named,
    clock: &'r Named,
    cite: &'r Cite,
    unit: &'r Named,
    state: &'r Named,
    started: &'r Text,
    rule: &'r Text,
    due: &'r Text,
    raised: [u16; 3],
    particulars: &'r Particulars,
}

impl<'r> From<&'r DeadlineRow> for Common<'r> {
    fn from(row: &'r DeadlineRow) -> Self {
        let DeadlineRow { case, workflow, clock, cite, unit, state, started, rule, due, particulars, .. } =
            row;
        let raised = [row.reminders, row.level.into(), row.moves];
        Self { case, workflow, clock, cite, unit, state, started, rule, due, raised, particulars }
    }
}

impl<'r> From<&'r SettledRow> for Common<'r> {
    fn from(row: &'r SettledRow) -> Self {
        let SettledRow { case, workflow, clock, cite, unit, state, started, rule, due, particulars, .. } =
            row;
        let raised = [row.reminders, row.level.into(), row.moves];
        Self { case, workflow, clock, cite, unit, state, started, rule, due, raised, particulars }
    }
}

/// The columns of both ledgers; `acts` stands after the unit, `ends` after the due time.
fn ledger<'v, R>(view: &'v View, acts: Vec<Told<'v, R>>, ends: Vec<Told<'v, R>>) -> Vec<Told<'v, R>>
where
    R: 'v,
    for<'r> Common<'r>: From<&'r R>,
{
    let of = |title, width, of: fn(&View, &Common<'_>) -> Value| {
        told(title, width, move |row: &R| of(view, &Common::from(row)))
    };
    let mut columns = vec![
        of(view.say("编号", "Number"), 30, |_, row| row.case.to_string().into()),
        of(view.say("事项", "Matter"), 18, |view, row| view.of(&row.workflow.title).into()),
        of(view.say("时限", "Limit"), 18, |view, row| view.of(&row.clock.title).into()),
        of(view.say("依据文件", "Notice"), 18, |view, row| notice(view, &row.cite.notice).into()),
        of(view.say("条款", "Clause"), 14, |_, row| row.cite.clause.as_str().into()),
        of(view.say("责任单位", "Unit"), 18, |view, row| view.of(&row.unit.title).into()),
        of(view.say("牵头单位", "Led by"), 18, |view, row| names(view, &row.particulars.lead).into()),
        of(view.say("配合单位", "Helped by"), 22, |view, row| {
            names(view, &row.particulars.assist).into()
        }),
    ];
    columns.extend(acts);
    columns.extend([
        of(view.say("状态", "State"), 14, |view, row| view.of(&row.state.title).into()),
        of(view.say("进展", "Progress"), 10, |_, row| progress(&row.particulars.progress).into()),
        of(view.say("起算时间", "Counted from"), 20, |view, row| time(view, row.started)),
        of(view.say("时限规则", "Rule"), 18, |view, row| view.of(row.rule).into()),
        of(view.say("截止时间", "Due"), 22, |view, row| time(view, row.due)),
    ]);
    columns.extend(ends);
    columns.extend([
        of(view.say("催办次数", "Reminders"), 10, |_, row| Value::Number(row.raised[0].into())),
        of(view.say("升级级别", "Level"), 10, |_, row| Value::Number(row.raised[1].into())),
        of(view.say("改期次数", "Moves"), 10, |_, row| Value::Number(row.raised[2].into())),
        of(view.say("佐证材料", "Evidence"), 24, |view, row| evidence(view, row.particulars).into()),
        of(view.say("备注", "Remark"), 30, |view, row| remarks(view, row.particulars).into()),
    ]);
    columns
}

/// The rows in their columns, numbered.
fn filled<R>(view: &View, rows: &[R], columns: &[Told<'_, R>]) -> (Vec<Column>, Vec<Vec<Value>>) {
    let heads = [(view.say("序号", "No."), 6)].into_iter().chain(columns.iter().map(|(column, _)| *column));
    let rows = rows.iter().zip(1_i64..).map(|(row, place)| {
        [Value::Number(place)].into_iter().chain(columns.iter().map(|(_, of)| of(row))).collect()
    });
    (heads.collect(), rows.collect())
}

/// Open deadlines.
pub fn open_sheet(view: &View, found: &Answer<Whole<DeadlineRow>>) -> Sheet {
    let acts = told(view.say("下一步由谁办", "Who must act"), 18, |row: &DeadlineRow| {
        names(view, &row.waits_for).into()
    });
    let ends = vec![
        told(view.say("剩余/超期", "Left or over"), 22, |row: &DeadlineRow| {
            row.span.as_ref().map(|span| view.of(&span.words)).unwrap_or_default().into()
        }),
        told(view.say("状态灯", "Light"), 10, |row: &DeadlineRow| {
            format!("{} {}", row.light.shape(), view.of(&row.light.word())).into()
        }),
        told(view.say("暂定", "Provisional"), 8, |row: &DeadlineRow| {
            if row.provisional { view.say("是", "yes") } else { "" }.into()
        }),
    ];
    let (columns, rows) = filled(view, &found.body.rows, &ledger(view, vec![acts], ends));
    Sheet { name: LEDGER, title: title(view, false), source: source(view, found), columns, rows }
}

/// Met deadlines.
pub fn settled_sheet(view: &View, found: &Answer<Whole<SettledRow>>) -> Sheet {
    let ends = vec![
        told(view.say("办结时间", "Met"), 22, |row: &SettledRow| time(view, &row.met)),
        told(view.say("是否按时", "In time"), 10, |row: &SettledRow| {
            if row.late { view.say("否", "no") } else { view.say("是", "yes") }.into()
        }),
    ];
    let (columns, rows) = filled(view, &found.body.rows, &ledger(view, Vec::new(), ends));
    Sheet { name: LEDGER, title: title(view, true), source: source(view, found), columns, rows }
}

/// A ranking.
pub fn ranking_sheet(view: &View, found: &Answer<RankingAnswer>) -> Sheet {
    let answer = &found.body;
    let columns = vec![
        (view.say("名次", "Rank"), 8),
        (view.say("升降", "Moved"), 8),
        (view.say("单位编号", "Unit id"), 18),
        (view.say("单位", "Unit"), 22),
        (view.say("得分", "Points"), 12),
        (view.say("可得分", "Attainable"), 12),
        (view.say("得分率（%）", "Share (%)"), 12),
        (view.say("更正后名次", "Rank now"), 12),
        (view.say("更正后得分", "Points now"), 12),
    ];
    let place = |rank: Option<u32>| rank.map_or_else(|| Value::from(""), |rank| Value::Number(rank.into()));
    let decimal =
        |text: Option<&String>| text.map_or_else(|| Value::from(""), |text| Value::Decimal(text.clone()));
    let row = |line: &RankingLine| {
        let (it, now) = (&line.stands, line.now.as_ref());
        vec![
            place(it.rank),
            line.moved.map_or_else(|| Value::from(""), Value::Number),
            line.unit.id.as_str().into(),
            view.of(&line.unit.title).into(),
            decimal(Some(&it.points)),
            decimal(Some(&it.attainable)),
            decimal(it.percent.as_ref()),
            place(now.and_then(|now| now.rank)),
            decimal(now.map(|now| &now.points)),
        ]
    };
    let published = answer.published.map_or_else(
        || view.say("尚未公布", "not published yet").to_owned(),
        |it| format!("{} {}", view.say("公布于账本条目", "published as ledger entry"), it.ledger_seq),
    );
    Sheet {
        name: RANKING,
        title: format!("{} {} {}", view.tenant_title(), view.of(&answer.scorecard.title), answer.period),
        source: format!("{} · {published}", as_of(view, &found.as_of)),
        columns,
        rows: answer.rows.iter().map(row).collect(),
    }
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
    let count = found.body.rows.len();
    let cut = if found.body.cut {
        format!("{} {MOST_WHOLE} {}", view.say("；仅前", "; only the first"), view.say("行", "rows"))
    } else {
        String::new()
    };
    format!("{} · {count} {}{cut}", as_of(view, &found.as_of), view.say("行", "rows"))
}

/// As of when and which ledger entry a sheet holds.
fn as_of(view: &View, as_of: &AsOf) -> String {
    format!(
        "{} {} · {} {}",
        view.say("截至", "As of"),
        view.of(&view.home.asked),
        view.say("账本条目", "ledger entry"),
        as_of.ledger_seq,
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
