//! Values as people read them: limits in words, units and facts by their titles.

use serde_json::Value;

use super::labels;
use crate::calendar::{DueRule, Offset, Text};
use crate::id::{EventType, UnitId};
use crate::policy::rules::Titles;

/// Says values.
pub(super) struct Values<'a> {
    /// What units and facts are called.
    pub titles: &'a Titles,
}

impl Values<'_> {
    /// A value that stands under a key.
    pub fn said(&self, key: &str, value: &Value) -> Text {
        if let Some(text) = labels::of_text(value) {
            return text;
        }
        match (key, value) {
            ("due" | "publish", rule) => serde_json::from_value::<DueRule>(rule.clone())
                .map_or_else(|_| plain(rule), |rule| rule.text()),
            (_, Value::Object(part)) if part.contains_key("due") => {
                self.said("due", part.get("due").unwrap_or(&Value::Null))
            }
            ("at" | "every" | "rungs", part) if !part.is_array() => self.offset(part),
            (_, Value::Array(items)) => {
                let all: Vec<Text> = items.iter().map(|item| self.said(key, item)).collect();
                let zh: Vec<&str> = all.iter().map(|text| text.zh.as_str()).collect();
                let en: Vec<&str> = all.iter().map(|text| text.en.as_str()).collect();
                Text::new(zh.join("、"), en.join(", "))
            }
            (_, Value::String(word)) => self.word(word),
            (_, Value::Object(part)) => {
                part.get("title").and_then(labels::of_text).unwrap_or_else(|| plain(value))
            }
            (_, Value::Bool(true)) => Text::new("是", "yes"),
            (_, Value::Bool(false)) => Text::new("否", "no"),
            (_, Value::Null | Value::Number(_)) => plain(value),
        }
    }

    /// Units, parties and facts by their titles; other words as they are.
    fn word(&self, word: &str) -> Text {
        match word.split_once(':') {
            Some(("unit", id)) => {
                UnitId::new(id).map_or_else(|_| Text::new(word, word), |unit| self.titles.unit(&unit))
            }
            Some(("group", name)) => Text::new(format!("{name} 组"), format!("the group {name}")),
            Some(("role", name)) => Text::new(format!("{name} 角色"), format!("the role {name}")),
            _ if word == "owner" => Text::new("责任单位", "the owner"),
            _ if word == "lead" => Text::new("牵头单位", "the lead unit"),
            _ if word == "assist" => Text::new("配合单位", "the helping units"),
            _ => {
                EventType::new(word).map_or_else(|_| Text::new(word, word), |event| self.titles.event(&event))
            }
        }
    }

    /// An offset from a due instant, or the one that a rung stands at.
    fn offset(&self, part: &Value) -> Text {
        let at = part.get("at").unwrap_or(part);
        let Ok(offset) = serde_json::from_value::<Offset>(at.clone()) else {
            return part.as_str().map_or_else(|| plain(part), |word| self.word(word));
        };
        let (number, zh, en) = match offset {
            Offset::Due => return Text::new("到期时", "when due"),
            Offset::WorkingDays(number) => (number, "个工作日", "working day"),
            Offset::Days(number) => (number, "日", "day"),
            Offset::Hours(number) => (number, "小时", "hour"),
            Offset::WorkingHours(number) => (number, "个工作小时", "working hour"),
        };
        let (many, before) = (number.unsigned_abs(), number < 0);
        let (zh_side, en_side) =
            if before { ("到期前", "before due") } else { ("到期后", "after due") };
        let ending = if many == 1 { "" } else { "s" };
        Text::new(format!("{zh_side} {many} {zh}"), format!("{many} {en}{ending} {en_side}"))
    }
}

fn plain(value: &Value) -> Text {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Text::new(text.clone(), text)
}
