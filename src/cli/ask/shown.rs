//! What the tables have in common: titles in the reader's language, pages, feet.

use serde_json::Value;

use crate::calendar::Lang;
use crate::cli::client::Client;
use crate::cli::exit::Failure;
use crate::cli::output::{Output, Table};
use crate::time::Instant;

/// Which part of a list is shown.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PageArgs {
    /// How many rows at most, 1 to 500
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: u32,
    /// Where to go on, as the page before says
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

impl PageArgs {
    /// The parameters of the request.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("limit", self.limit.to_string())];
        parameters.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        parameters
    }
}

/// Adds a parameter if it was given.
pub fn given(
    parameters: &mut Vec<(&'static str, String)>,
    name: &'static str,
    value: Option<&impl ToString>,
) {
    parameters.extend(value.map(|value| (name, value.to_string())));
}

/// A text in the reader's language: of `{zh, en}`, of `{id, title: {zh, en}}`, or
/// a plain one.
#[must_use]
pub fn said(value: &Value, lang: Lang) -> String {
    let language = match lang {
        Lang::Zh => "zh",
        Lang::En => "en",
    };
    let title = value.get("title").unwrap_or(value);
    match title.get(language).or(Some(title)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Whose clocks the tables show: all of China keeps one time. What a deadline's
/// own calendar says comes from the server as a text.
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Shanghai;

/// An instant as people write it: `2026-11-19 15:00`.
#[must_use]
pub fn moment(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let at = text.parse::<Instant>().map(|at| at.to_utc().with_timezone(&ZONE));
    at.map_or_else(|_| text.to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// The one of two words that the reader reads.
#[must_use]
pub const fn word(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// A light as shape and word.
#[must_use]
pub fn light(row: &Value, lang: Lang) -> String {
    let name = row["light"].as_str().unwrap_or_default();
    let known = crate::query::light::Light::ALL.into_iter().find(|light| light.name() == name);
    let shown =
        known.map_or_else(String::new, |light| format!("{} {}", light.shape(), light.word().get(lang)));
    let provisional = row["provisional"].as_bool().unwrap_or_default();
    if provisional { format!("{shown} {}", crate::query::light::PROVISIONAL_SHAPE) } else { shown }
}

/// Writes an answer: as JSON if that was asked for, else as a table of its rows
/// with what it holds as of.
///
/// # Errors
/// [`Failure`] when nobody reads it any more.
pub fn show(client: &Client, answer: &Value, table: &Table) -> Result<(), Failure> {
    let mut output = Output::open();
    if client.json {
        output.line(serde_json::to_string_pretty(answer)?)?;
        return output.finish();
    }
    let lang = client.lang();
    if table.is_empty() {
        output.line(word(lang, "没有", "none"))?;
    } else {
        for line in table.lines() {
            output.line(line)?;
        }
    }
    for line in foot(answer, table.len(), lang) {
        output.line(line)?;
    }
    output.finish()
}

fn foot(answer: &Value, rows: usize, lang: Lang) -> Vec<String> {
    let as_of = &answer["asOf"];
    let (seq, at) = (as_of["ledgerSeq"].to_string(), moment(&as_of["at"]));
    let mut lines = vec![
        String::new(),
        match lang {
            Lang::Zh => format!("{rows} 行;截至台账序号 {seq},时刻 {at}"),
            Lang::En => format!("{rows} rows; as of ledger entry {seq}, at {at}"),
        },
    ];
    if let Some(next) = answer["next"].as_str() {
        lines.push(match lang {
            Lang::Zh => format!("还有更多:--cursor {next}"),
            Lang::En => format!("there is more: --cursor {next}"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn titles_are_in_the_reader_s_language() {
        let named = json!({"id": "a", "title": {"zh": "甲", "en": "A"}});
        assert_eq!((said(&named, Lang::Zh), said(&named, Lang::En)), ("甲".into(), "A".into()));
        assert_eq!(said(&json!({"zh": "甲", "en": "A"}), Lang::En), "A");
        assert_eq!(said(&json!("plain"), Lang::Zh), "plain");
        assert_eq!(said(&Value::Null, Lang::Zh), "");
    }

    #[test]
    fn instants_are_shown_as_clocks_in_china_show_them() {
        assert_eq!(moment(&json!("2026-11-19T07:00:00Z")), "2026-11-19 15:00");
        assert_eq!(moment(&json!("soon")), "soon");
    }

    #[test]
    fn lights_have_shape_and_word() {
        let row = json!({"light": "overdue", "provisional": true});
        assert_eq!(light(&row, Lang::Zh), "■ 超期 ◌");
    }
}
