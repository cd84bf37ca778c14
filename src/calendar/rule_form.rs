//! Reading and writing due rules, with errors that name the field.
//!
//! Rules come from policies and from `duban due`; both get the same checks and
//! the same words. It decides nothing about time.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::rule::{DAYS, DueRule, HOURS, MONTH_DAYS, MONTHS, YEAR_COUNT};

/// A due rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error, JsonSchema)]
#[error("read the due rule: {field}: {message}, not {value}")]
pub struct RuleError {
    /// Which check failed, such as `rule.unknown-field`; it does not change
    /// between versions.
    pub rule: &'static str,
    /// The field at fault.
    pub field: String,
    /// What it holds.
    pub value: Value,
    /// What it should hold.
    pub message: String,
}

/// The keys that tell the forms apart; a rule has exactly one of them.
const FORMS: [&str; 10] = [
    "workingDays",
    "days",
    "hours",
    "workingHours",
    "dayOfMonth",
    "monthDay",
    "endOf",
    "months",
    "years",
    "date",
];

/// The fields of a rule as given, in order and with repetitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, Value)>);

/// How much of a wrong value an error repeats.
const MOST_SHOWN: usize = 200;

fn error(rule: &'static str, field: &str, value: &Value, message: impl Into<String>) -> RuleError {
    let field = field.chars().take(64).collect();
    let long = value.to_string();
    let value = if long.len() <= MOST_SHOWN {
        value.clone()
    } else {
        Value::String(long.chars().take(MOST_SHOWN).collect())
    };
    RuleError { rule, field, value, message: message.into() }
}

impl Fields {
    /// The rule that the fields describe.
    ///
    /// # Errors
    /// [`RuleError`] with the first field at fault.
    pub(super) fn rule(mut self) -> Result<DueRule, RuleError> {
        let form = self.form()?;
        let rule = self.of_form(form)?;
        match self.0.into_iter().next() {
            None => Ok(rule),
            Some((field, value)) => {
                let message = format!("a rule of {form} has no such field");
                Err(error("rule.unknown-field", &field, &value, message))
            }
        }
    }

    fn form(&self) -> Result<&'static str, RuleError> {
        let known = FORMS.join(", ");
        for (index, (field, value)) in self.0.iter().enumerate() {
            if self.0.iter().take(index).any(|(earlier, _)| earlier == field) {
                return Err(error("rule.twice", field, value, "the field is given twice"));
            }
        }
        let mut forms = self
            .0
            .iter()
            .filter_map(|(field, value)| FORMS.iter().find(|form| *form == field).map(|form| (*form, value)));
        match (forms.next(), forms.next()) {
            (Some((form, _)), None) => Ok(form),
            (Some((first, _)), Some((field, value))) => {
                let message = format!("a rule is of one form, and {first} already says which");
                Err(error("rule.one-form", field, value, message))
            }
            (None, _) => match self.0.first() {
                Some((field, value)) => {
                    let message = format!("give one of {known}");
                    Err(error("rule.unknown-field", field, value, message))
                }
                None => Err(error("rule.no-form", "rule", &Value::Null, format!("give one of {known}"))),
            },
        }
    }

    fn of_form(&mut self, form: &str) -> Result<DueRule, RuleError> {
        Ok(match form {
            "workingDays" => DueRule::WorkingDays {
                working_days: self.number(form, &DAYS)?,
                count: self.choice("count", "nextDay or startDay")?,
                day_ends: self.choice("dayEnds", "midnight or closeOfBusiness")?,
            },
            "days" => DueRule::Days {
                days: self.number(form, &DAYS)?,
                count: self.choice("count", "nextDay or startDay")?,
                day_ends: self.choice("dayEnds", "midnight or closeOfBusiness")?,
                if_non_working: self.if_non_working()?,
            },
            "hours" => DueRule::Hours { hours: self.number(form, &HOURS)? },
            "workingHours" => DueRule::WorkingHours { working_hours: self.number(form, &HOURS)? },
            "dayOfMonth" => DueRule::DayOfMonth {
                day_of_month: self.number(form, &MONTH_DAYS)?,
                boundary: self.choice("boundary", "inclusive or exclusive")?,
                if_missing: self.choice("ifMissing", "lastDay or refuse")?,
                if_non_working: self.if_non_working()?,
            },
            "monthDay" => DueRule::MonthDay {
                month_day: self.text(form)?,
                boundary: self.choice("boundary", "inclusive or exclusive")?,
                if_missing: self.choice("ifMissing", "lastDay or refuse")?,
                if_non_working: self.if_non_working()?,
            },
            "endOf" => {
                DueRule::EndOf { end_of: self.period_kind(form)?, if_non_working: self.if_non_working()? }
            }
            "months" => DueRule::Months {
                months: self.number(form, &MONTHS)?,
                if_non_working: self.if_non_working()?,
            },
            "years" => DueRule::Years {
                years: self.number(form, &YEAR_COUNT)?,
                if_non_working: self.if_non_working()?,
            },
            // `form` is one of FORMS, so the last of them remains.
            _ => DueRule::Date {
                date: self.text("date")?,
                boundary: self.choice("boundary", "inclusive or exclusive")?,
                if_non_working: self.if_non_working()?,
            },
        })
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        let at = self.0.iter().position(|(name, _)| name == field)?;
        Some(self.0.remove(at).1)
    }

    fn number<N: TryFrom<u64>>(&mut self, field: &str, range: &RangeInclusive<u64>) -> Result<N, RuleError> {
        let value = self.take(field).unwrap_or_default();
        let (least, most) = (range.start(), range.end());
        let wanted = format!("give a whole number from {least} to {most}");
        let Some(number) = value.as_u64() else {
            let rule = if value.is_number() { "rule.range" } else { "rule.field-form" };
            return Err(error(rule, field, &value, wanted));
        };
        let fits = range.contains(&number).then(|| N::try_from(number).ok()).flatten();
        fits.ok_or_else(|| error("rule.range", field, &value, wanted))
    }

    fn choice<C: DeserializeOwned + Default>(&mut self, field: &str, known: &str) -> Result<C, RuleError> {
        let Some(value) = self.take(field) else { return Ok(C::default()) };
        C::deserialize(&value).map_err(|_| error("rule.field-form", field, &value, format!("give {known}")))
    }

    fn if_non_working<C: DeserializeOwned + Default>(&mut self) -> Result<C, RuleError> {
        self.choice("ifNonWorking", "keep, next or previous")
    }

    fn period_kind<C: DeserializeOwned>(&mut self, field: &str) -> Result<C, RuleError> {
        let value = self.take(field).unwrap_or_default();
        let wanted = "give day, week, month, quarter, halfYear or year";
        C::deserialize(&value).map_err(|_| error("rule.field-form", field, &value, wanted))
    }

    fn text<T: FromStr<Err = &'static str>>(&mut self, field: &str) -> Result<T, RuleError> {
        let value = self.take(field).unwrap_or_default();
        // A bare year is a number in YAML and JSON, and means the same.
        let year = value.as_u64().map(|year| year.to_string());
        let Some(text) = value.as_str().or(year.as_deref()) else {
            return Err(error("rule.field-form", field, &value, "give a text in quotes"));
        };
        text.parse().map_err(|message| error("rule.field-form", field, &value, message))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a due rule such as {workingDays: 7}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(InOrder)
    }
}

impl<'de> Deserialize<'de> for DueRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        if from.is_human_readable() {
            return Fields::deserialize(from)?.rule().map_err(D::Error::custom);
        }
        // A binary format cannot tell what a field holds; there the rule is the
        // text of its JSON.
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        serde_json::from_str(&text).map_err(D::Error::custom)
    }
}

impl Serialize for DueRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        if !to.is_human_readable() {
            return to.serialize_str(&serde_json::to_string(self).map_err(S::Error::custom)?);
        }
        let mut map = to.serialize_map(None)?;
        match self {
            Self::WorkingDays { working_days, count, day_ends } => {
                map.serialize_entry("workingDays", working_days)?;
                map.serialize_entry("count", count)?;
                map.serialize_entry("dayEnds", day_ends)?;
            }
            Self::Days { days, count, day_ends, if_non_working } => {
                map.serialize_entry("days", days)?;
                map.serialize_entry("count", count)?;
                map.serialize_entry("dayEnds", day_ends)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::Hours { hours } => map.serialize_entry("hours", hours)?,
            Self::WorkingHours { working_hours } => map.serialize_entry("workingHours", working_hours)?,
            Self::DayOfMonth { day_of_month, boundary, if_missing, if_non_working } => {
                map.serialize_entry("dayOfMonth", day_of_month)?;
                map.serialize_entry("boundary", boundary)?;
                map.serialize_entry("ifMissing", if_missing)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::MonthDay { month_day, boundary, if_missing, if_non_working } => {
                map.serialize_entry("monthDay", &month_day.to_string())?;
                map.serialize_entry("boundary", boundary)?;
                map.serialize_entry("ifMissing", if_missing)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::EndOf { end_of, if_non_working } => {
                map.serialize_entry("endOf", end_of)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::Months { months, if_non_working } => {
                map.serialize_entry("months", months)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::Years { years, if_non_working } => {
                map.serialize_entry("years", years)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
            Self::Date { date, boundary, if_non_working } => {
                map.serialize_entry("date", &date.to_string())?;
                map.serialize_entry("boundary", boundary)?;
                map.serialize_entry("ifNonWorking", if_non_working)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DueRule, RuleError> {
        serde_json::from_str::<Fields>(text).expect("an object").rule()
    }

    #[test]
    fn a_rule_is_written_with_its_defaults_and_read_back() {
        let written = serde_json::to_string(&read(r#"{"workingDays": 7}"#).expect("a rule")).expect("text");
        assert_eq!(written, r#"{"workingDays":7,"count":"nextDay","dayEnds":"midnight"}"#);
        for text in [
            r#"{"workingDays":1,"count":"startDay","dayEnds":"closeOfBusiness"}"#,
            r#"{"days":20,"count":"nextDay","dayEnds":"midnight","ifNonWorking":"next"}"#,
            r#"{"hours":48}"#,
            r#"{"workingHours":8}"#,
            r#"{"dayOfMonth":4,"boundary":"exclusive","ifMissing":"refuse","ifNonWorking":"previous"}"#,
            r#"{"monthDay":"06-30","boundary":"inclusive","ifMissing":"lastDay","ifNonWorking":"keep"}"#,
            r#"{"endOf":"halfYear","ifNonWorking":"keep"}"#,
            r#"{"months":3,"ifNonWorking":"keep"}"#,
            r#"{"years":1,"ifNonWorking":"keep"}"#,
            r#"{"date":"2023-08-11T17:00:00","boundary":"inclusive","ifNonWorking":"keep"}"#,
            r#"{"date":"2023-08","boundary":"exclusive","ifNonWorking":"keep"}"#,
        ] {
            let rule = read(text).expect("a rule");
            assert_eq!(serde_json::to_string(&rule).expect("text"), text);
            let bytes = postcard::to_stdvec(&rule).expect("bytes");
            assert_eq!(postcard::from_bytes::<DueRule>(&bytes).expect("a rule"), rule);
        }
    }

    #[test]
    fn an_error_names_the_field() {
        for (text, rule, field) in [
            (r#"{"workingDays": 7, "coutn": "startDay"}"#, "rule.unknown-field", "coutn"),
            (r#"{"workingDays": 7, "ifNonWorking": "next"}"#, "rule.unknown-field", "ifNonWorking"),
            (r#"{"wrkingDays": 7}"#, "rule.unknown-field", "wrkingDays"),
            (r#"{"workingDays": 7, "hours": 2}"#, "rule.one-form", "hours"),
            (r#"{"workingDays": 7, "workingDays": 8}"#, "rule.twice", "workingDays"),
            (r#"{"workingDays": -1}"#, "rule.range", "workingDays"),
            (r#"{"workingDays": 3661}"#, "rule.range", "workingDays"),
            (r#"{"workingDays": 7.5}"#, "rule.range", "workingDays"),
            (r#"{"workingDays": "7"}"#, "rule.field-form", "workingDays"),
            (r#"{"dayOfMonth": 32}"#, "rule.range", "dayOfMonth"),
            (r#"{"dayOfMonth": 4, "boundary": "before"}"#, "rule.field-form", "boundary"),
            (r#"{"monthDay": "02-30"}"#, "rule.field-form", "monthDay"),
            (r#"{"endOf": "decade"}"#, "rule.field-form", "endOf"),
            (r#"{"date": "2023-02-29"}"#, "rule.field-form", "date"),
            (r#"{"date": "2023-08-11T17:00+08:00"}"#, "rule.field-form", "date"),
            (r"{}", "rule.no-form", "rule"),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!((error.rule, error.field.as_str()), (rule, field), "{text}");
        }
    }

    #[test]
    fn yaml_is_read_as_json_is() {
        let rule: DueRule = serde_saphyr::from_str("{dayOfMonth: 4, boundary: exclusive}").expect("a rule");
        assert_eq!(rule, read(r#"{"dayOfMonth": 4, "boundary": "exclusive"}"#).expect("a rule"));
        let error =
            serde_saphyr::from_str::<DueRule>("workingDays: 7\ncoutn: startDay").expect_err("unknown");
        assert!(error.to_string().contains("coutn"), "{error}");
    }

    #[test]
    fn the_schema_and_the_reader_agree() {
        let schema = serde_json::to_value(schemars::schema_for!(DueRule)).expect("a schema");
        for text in [
            r#"{"workingDays": 3660}"#,
            r#"{"workingDays": 3661}"#,
            r#"{"workingDays": 7, "count": "startDay", "dayEnds": "closeOfBusiness"}"#,
            r#"{"workingDays": 7, "ifNonWorking": "next"}"#,
            r#"{"days": 3661}"#,
            r#"{"hours": 87600}"#,
            r#"{"hours": 87601}"#,
            r#"{"workingHours": 87601}"#,
            r#"{"dayOfMonth": 0}"#,
            r#"{"dayOfMonth": 31, "boundary": "exclusive", "ifMissing": "refuse", "ifNonWorking": "keep"}"#,
            r#"{"monthDay": "06-30"}"#,
            r#"{"monthDay": "6-30"}"#,
            r#"{"endOf": "halfYear"}"#,
            r#"{"endOf": "decade"}"#,
            r#"{"months": 0}"#,
            r#"{"months": 1201}"#,
            r#"{"years": 100}"#,
            r#"{"years": 101}"#,
            r#"{"date": "2023-08-11T17:00"}"#,
            r#"{"date": "2023-W32", "boundary": "exclusive"}"#,
            r#"{"date": "8月"}"#,
            r#"{"hours": 1, "days": 1}"#,
            r"{}",
        ] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(jsonschema::is_valid(&schema, &value), read(text).is_ok(), "{text}");
        }
    }
}
