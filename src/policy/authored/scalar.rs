//! What an unquoted YAML scalar is, and which of them are refused.
//!
//! YAML's editions disagree about some unquoted words (`no`, `2022-05-20`,
//! `09:30`, `010`). Such a word is never guessed: it is refused with the way to
//! write it.

use serde_json::{Number, Value};

/// Why an unquoted scalar is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

/// Words that older YAML reads as truth values.
const AMBIGUOUS: [&str; 6] = ["on", "off", "yes", "no", "y", "n"];

/// The value of an unquoted scalar.
///
/// # Errors
/// A [`Trap`] when YAML's editions read it differently, or it is empty.
pub fn plain(text: &str) -> Result<Value, Trap> {
    if let Some(trap) = trap(text) {
        return Err(trap);
    }
    Ok(match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.into()), Value::Number),
    })
}

/// Why the text is refused as an unquoted key or value, if it is.
#[must_use]
pub fn trap(text: &str) -> Option<Trap> {
    if text.is_empty() || matches!(text, "~" | "null" | "Null" | "NULL") {
        let message = "nothing stands here".to_owned();
        return Some(Trap {
            rule: "yaml.empty-value",
            message,
            hint: "write a value or leave out the key".into(),
        });
    }
    let quoted = || format!("write it in quotes: \"{text}\"");
    if AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str()) {
        let message = format!("some readers of YAML take {text} for a truth value");
        return Some(Trap { rule: "yaml.ambiguous-word", message, hint: quoted() });
    }
    if is_date(text) {
        let message = "some readers of YAML take an unquoted date for something else than text".to_owned();
        return Some(Trap { rule: "yaml.unquoted-date", message, hint: quoted() });
    }
    if is_time(text) {
        let message = format!("some readers of YAML take {text} for a number to the base of 60");
        return Some(Trap { rule: "yaml.unquoted-time", message, hint: quoted() });
    }
    if is_odd_number(text) {
        let message = format!("readers of YAML disagree about the number {text}");
        let hint = "write it in plain decimal, or in quotes if it is a text".into();
        return Some(Trap { rule: "yaml.ambiguous-number", message, hint });
    }
    None
}

/// A decimal integer, or a decimal fraction.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok().map(Number::from);
    }
    let fraction = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    fraction.then(|| text.parse::<f64>().ok().and_then(Number::from_f64)).flatten()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2022-05-20`, also with a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().is_some_and(|part| part.len() == 4 && all_digits(part));
    let month = parts.next().is_some_and(|part| part.len() <= 2 && all_digits(part));
    let day = parts.next().is_some_and(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&digits)
            && part[digits..].chars().next().is_none_or(|next| matches!(next, 'T' | 't' | ' '))
    });
    year && month && day
}

/// `09:30`, `9:30:00`.
fn is_time(text: &str) -> bool {
    text.contains(':') && text.split(':').all(|part| part.len() <= 2 && all_digits(part))
}

/// Hexadecimal, octal, leading zeros, plus signs, underscores, exponents, not-a-numbers.
fn is_odd_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && all_digits(digits);
    let plus = text.starts_with('+') && digits.starts_with(|first: char| first.is_ascii_digit());
    let grouped = digits.contains('_') && all_digits(&digits.replace('_', ""));
    let based = ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix));
    let exponent = lower.split_once('e').is_some_and(|(left, right)| {
        let right = right.strip_prefix(['-', '+']).unwrap_or(right);
        all_digits(&left.replacen('.', "", 1)) && all_digits(right)
    });
    let special = matches!(lower.as_str(), ".inf" | ".nan");
    let huge = all_digits(digits) && text.parse::<i64>().is_err();
    leading_zero || plus || grouped || based || exponent || special || huge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_of_yaml_disagree_about_is_refused() {
        let rule = |text: &str| trap(text).map_or("none", |trap| trap.rule);
        for word in ["on", "Off", "YES", "no", "y", "N"] {
            assert_eq!(rule(word), "yaml.ambiguous-word", "{word}");
        }
        for date in ["2022-05-20", "2022-5-2", "2022-05-20T10:00:00Z"] {
            assert_eq!(rule(date), "yaml.unquoted-date", "{date}");
        }
        for time in ["09:30", "9:30:00"] {
            assert_eq!(rule(time), "yaml.unquoted-time", "{time}");
        }
        for number in ["010", "0x1f", "1_000", "+1", "1e3", ".nan", "99999999999999999999"] {
            assert_eq!(rule(number), "yaml.ambiguous-number", "{number}");
        }
        for empty in ["", "~", "null"] {
            assert_eq!(rule(empty), "yaml.empty-value", "{empty}");
        }
        for text in ["owner", "role:platform", "data.unit", "2022", "三(四)18", "2022-Q3", "cn-gov"] {
            assert_eq!(rule(text), "none", "{text}");
        }
    }

    #[test]
    fn numbers_and_truth_values_are_what_they_look_like() {
        assert_eq!(plain("7").expect("a number"), Value::from(7));
        assert_eq!(plain("-2").expect("a number"), Value::from(-2));
        assert_eq!(plain("true").expect("a truth value"), Value::from(true));
        assert_eq!(plain("-due").expect("a text"), Value::from("-due"));
    }
}
