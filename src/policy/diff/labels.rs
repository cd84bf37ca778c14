//! What the keys of documents are called, and which parts read as a whole.

use serde_json::{Map, Value};

use crate::calendar::Text;
use crate::id::EventType;
use crate::policy::rules::Titles;

/// Keys with their names and how documents are told: what matters most first.
const KEYS: [(&str, &str, &str); 58] = [
    ("version", "版本", "version"),
    ("title", "标题", "title"),
    ("effective", "施行期间", "effective"),
    ("from", "起", "from"),
    ("until", "止", "until"),
    ("cite", "依据", "cite"),
    ("clauses", "条款", "clauses"),
    ("units", "单位", "unit"),
    ("aliases", "别名", "aliases"),
    ("groups", "分组", "group"),
    ("roles", "角色", "role"),
    ("settings", "设置", "settings"),
    ("topic", "主题", "topic"),
    ("for", "责任单位", "units"),
    ("lead", "牵头单位", "lead unit"),
    ("beside", "事实中的牵头、配合单位", "units that facts name"),
    ("assist", "配合单位", "helping units"),
    ("every", "周期", "how often"),
    ("covers", "所报期间", "covers"),
    ("atLeast", "不低于", "at least"),
    ("atMost", "不高于", "at most"),
    ("equals", "等于", "equals"),
    ("counts", "计数", "counts"),
    ("standing", "无期限的理由", "why without a date"),
    ("opens", "立案", "opens"),
    ("event", "事实", "fact"),
    ("by", "由谁", "by"),
    ("when", "条件", "condition"),
    ("initial", "初始状态", "initial state"),
    ("states", "状态", "state"),
    ("anyState", "任一在办状态", "any open state"),
    ("events", "事实", "facts"),
    ("to", "去向", "to"),
    ("waitsFor", "等候", "waits for"),
    ("final", "终结", "final"),
    ("clocks", "时限", "clock"),
    ("start", "起算", "starts"),
    ("stop", "终止", "stops"),
    ("pauseIn", "暂停于", "pauses in"),
    ("cancel", "取消", "cancelled by"),
    ("calendar", "日历", "calendar"),
    ("onCalendarAmended", "日历修订时", "when the calendar is amended"),
    ("ladder", "督办阶梯", "ladder"),
    ("rungs", "阶梯", "rung"),
    ("light", "颜色", "colour"),
    ("act", "措施", "act"),
    ("most", "最多", "at most"),
    ("satisfiedBy", "完成于", "done by"),
    ("about", "对应条件", "about"),
    ("review", "审核", "review"),
    ("mend", "退回后", "mending"),
    ("late", "迟报", "late"),
    ("evidence", "佐证", "evidence"),
    ("total", "总分", "total"),
    ("sections", "部分", "section"),
    ("items", "项", "item"),
    ("points", "计分", "points"),
    ("per", "期间", "period"),
];

/// Where a key stands among the others.
pub(super) fn rank(key: &str) -> (usize, String) {
    (KEYS.iter().position(|(known, ..)| *known == key).unwrap_or(KEYS.len()), key.to_owned())
}

/// What a document is called: its kind, title and name.
pub(super) fn document(kind: &str, name: &str, document: &Value) -> Text {
    let (zh, en) = match kind {
        "Register" => ("单位名册", "register"),
        "Calendar" => ("日历", "calendar"),
        "Ladder" => ("督办阶梯", "ladder"),
        "Notice" => ("文件", "notice"),
        "Workflow" => ("流程", "workflow"),
        "Duty" => ("任务", "duty"),
        "Target" => ("目标", "target"),
        "Scorecard" => ("评分表", "scorecard"),
        "EventType" => ("事实类型", "event type"),
        other => (other, other),
    };
    let title = titled(document).or_else(|| document.get("x-title").and_then(of_text));
    title.map_or_else(
        || Text::new(format!("{zh} {name}"), format!("{en} {name}")),
        |title| Text::new(format!("{zh} {}（{name}）", title.zh), format!("{en} {} ({name})", title.en)),
    )
}

/// What a key is called; none when the part speaks for itself.
pub(super) fn key(key: &str, part: Option<&Value>, titles: &Titles) -> Option<Text> {
    // A limit is told as that of its clock or duty, a title of a part is its name.
    if matches!(key, "due" | "at") {
        return None;
    }
    if let Some(title) = part.and_then(titled) {
        return Some(title);
    }
    if let Some((_, zh, en)) = KEYS.iter().find(|(known, ..)| *known == key) {
        return Some(Text::new(*zh, *en));
    }
    Some(match EventType::new(key) {
        Ok(event) => titles.event(&event),
        Err(_) => Text::new(key, key),
    })
}

/// What an item of a list is called: its title, else its name.
pub(super) fn item(item: &Value, name: &Value) -> Text {
    let plain = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    titled(item).unwrap_or_else(|| Text::new(plain.clone(), plain))
}

/// The nth of a list.
pub(super) fn nth(place: usize) -> Text {
    Text::new(format!("第 {place} 级"), format!("number {place}"))
}

/// The key that names the items of a list, if they have names.
pub(super) fn key_of_items(key: &str) -> Option<&'static str> {
    match key {
        "clocks" | "sections" | "items" => Some("name"),
        "units" | "clauses" => Some("id"),
        "makeUpDays" => Some("date"),
        "holidays" => Some("from"),
        _ => None,
    }
}

/// Whether a mapping reads as a whole: a text in both languages, a due rule, an
/// offset, a formula.
pub(super) fn is_whole(key: &str, part: &Map<String, Value>) -> bool {
    let is_text = part.len() == 2 && part.contains_key("zh") && part.contains_key("en");
    is_text || matches!(key, "due" | "at" | "publish" | "of" | "value" | "points")
}

fn titled(part: &Value) -> Option<Text> {
    of_text(part.get("title")?)
}

/// A text in both languages.
pub(super) fn of_text(text: &Value) -> Option<Text> {
    Some(Text::new(text.get("zh")?.as_str()?, text.get("en")?.as_str()?))
}
