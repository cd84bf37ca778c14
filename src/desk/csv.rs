//! CSV as office programs want it: with a byte-order mark, so that Chinese stays
//! Chinese, and with a guard, so that no text becomes a formula.

use super::sheet::{Sheet, Value};

/// The file's bytes; the last line says as of when it holds.
pub fn written(sheet: &Sheet) -> Vec<u8> {
    let mut text = String::from('\u{feff}');
    let titles = sheet.columns.iter().map(|(title, _)| guarded(title));
    line(&mut text, titles);
    for row in &sheet.rows {
        line(&mut text, row.iter().map(told));
    }
    line(&mut text, [guarded(&sheet.source)].into_iter());
    text.into_bytes()
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    text.push_str(&fields.map(|field| quoted(&field)).collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

fn told(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Time(_, text) => guarded(text),
        Value::Number(number) => number.to_string(),
        // Our own digits, with a sign at most; a guard would make a text of them.
        Value::Decimal(digits) => digits.clone(),
    }
}

/// A text that a spreadsheet would take for a formula gets a quote before it.
fn guarded(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '=', '+', '-', '@']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_a_text_and_marks_are_kept() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=HYPERLINK(1)"] {
            assert!(guarded(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(guarded("区工信局"), "区工信局");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn a_sheet_is_written_line_by_line_with_its_source_at_the_end() {
        let sheet = Sheet {
            name: "t",
            title: "t".into(),
            source: "截至 7".into(),
            columns: vec![("编号", 9), ("次数", 9)],
            rows: vec![vec![Value::Text("=x".into()), Value::Decimal("-2.50".into())]],
        };
        let text = String::from_utf8(written(&sheet)).expect("text");
        assert_eq!(text, "\u{feff}编号,次数\r\n'=x,-2.50\r\n截至 7\r\n");
    }
}
