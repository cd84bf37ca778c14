//! Exact numbers: points, rates and thresholds, never a float.
//!
//! A number is read from decimals and from nothing that was rounded before. It
//! is rounded in one place, [`Exact::shown`], for people; comparisons and sums
//! are of the exact value.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::str::FromStr;

use num_bigint::BigInt;
use num_rational::BigRational;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits of a number that is read, at most: enough for any figure of an office,
/// and few enough that no input makes a sum slow.
const MOST_DIGITS: usize = 30;
/// Decimal places that a person is shown of points.
const SHOWN_PLACES: u32 = 2;
/// Decimal places up to which a figure is written as a decimal; beyond, as a fraction.
const MOST_PLACES: u32 = 6;

/// A rational number of any size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(BigRational);

/// A text that is no exact number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read {value:?} as a number: write a decimal such as 12 or \"0.95\", of at most {MOST_DIGITS} digits"
)]
pub struct ExactError {
    /// What was given, cut to 64 characters.
    pub value: String,
}

impl Exact {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self::from(0)
    }

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::zero()
    }

    /// The quotient; none over 0.
    #[must_use]
    pub fn over(&self, divisor: &Self) -> Option<Self> {
        (!divisor.is_zero()).then(|| Self(&self.0 / &divisor.0))
    }

    /// It, or the bound where it goes beyond: first the lower one, then the upper.
    #[must_use]
    pub fn within(&self, least: &Self, most: &Self) -> Self {
        self.max(least).min(most).clone()
    }

    /// With two decimal places for a person, rounded half up.
    #[must_use]
    pub fn shown(&self) -> String {
        self.rounded(SHOWN_PLACES)
    }

    /// Rounded half up to so many decimal places.
    #[must_use]
    pub fn rounded(&self, places: u32) -> String {
        let scale = BigInt::from(10).pow(places);
        let half = BigRational::new(BigInt::from(1), BigInt::from(2));
        let scaled = (&self.0 * BigRational::from_integer(scale) + half).floor().to_integer();
        decimal(&scaled, places)
    }

    /// As a figure in a sentence: a decimal where it ends within six places, else
    /// a fraction, so that no digit is invented.
    #[must_use]
    pub fn figure(&self) -> String {
        let ends = (0..=MOST_PLACES).find(|places| {
            let scale = BigRational::from_integer(BigInt::from(10).pow(*places));
            (&self.0 * scale).is_integer()
        });
        ends.map_or_else(|| self.to_string(), |places| self.rounded(places))
    }

    /// As a fraction of whole numbers, both as text, for who wants to compute on.
    #[must_use]
    pub fn parts(&self) -> (String, String) {
        (self.0.numer().to_string(), self.0.denom().to_string())
    }
}

/// A whole number with a decimal point put in.
fn decimal(scaled: &BigInt, places: u32) -> String {
    let text = scaled.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let places = usize::try_from(places).unwrap_or(0);
    if places == 0 {
        return text;
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

impl From<i64> for Exact {
    fn from(number: i64) -> Self {
        Self(BigRational::from_integer(number.into()))
    }
}

impl From<bool> for Exact {
    fn from(holds: bool) -> Self {
        Self::from(i64::from(holds))
    }
}

impl FromStr for Exact {
    type Err = ExactError;

    fn from_str(text: &str) -> Result<Self, ExactError> {
        parse(text).ok_or_else(|| ExactError { value: text.chars().take(64).collect() })
    }
}

/// A plain decimal: a sign, digits, and digits behind one point.
fn parse(text: &str) -> Option<Exact> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.len() + fraction.len() > MOST_DIGITS {
        return None;
    }
    let places = u32::try_from(fraction.len()).ok()?;
    let numerator: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let number = Exact(BigRational::new(numerator, BigInt::from(10).pow(places)));
    Some(if negative { -number } else { number })
}

impl fmt::Display for Exact {
    /// The whole number, or the fraction in lowest terms: `288/25`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl Add<&Exact> for Exact {
    type Output = Self;
    fn add(self, other: &Self) -> Self {
        Self(self.0 + &other.0)
    }
}

impl Sub<&Exact> for Exact {
    type Output = Self;
    fn sub(self, other: &Self) -> Self {
        Self(self.0 - &other.0)
    }
}

impl Mul<&Exact> for Exact {
    type Output = Self;
    fn mul(self, other: &Self) -> Self {
        Self(self.0 * &other.0)
    }
}

impl Neg for Exact {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<'a> std::iter::Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Self>>(numbers: I) -> Self {
        numbers.fold(Self::zero(), Add::add)
    }
}

impl Serialize for Exact {
    /// A decimal where that is exact, else a fraction: text in either case.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.written())
    }
}

impl Exact {
    /// The shortest exact text: `0.95`, `12`, `1/3`.
    #[must_use]
    pub fn written(&self) -> String {
        let most = u32::try_from(MOST_DIGITS).unwrap_or(MOST_PLACES);
        let ends = (0..=most).find(|places| {
            let scale = BigRational::from_integer(BigInt::from(10).pow(*places));
            (&self.0 * scale).is_integer()
        });
        ends.map_or_else(|| self.to_string(), |places| self.rounded(places))
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() { from.deserialize_any(Reader) } else { from.deserialize_str(Reader) }
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Exact;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number, or a decimal in quotes such as \"0.95\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Exact, E> {
        let fraction = || {
            let (over, under) = text.split_once('/')?;
            parse(over)?.over(&parse(under)?)
        };
        parse(text)
            .or_else(fraction)
            .ok_or_else(|| E::custom(ExactError { value: text.chars().take(64).collect() }))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Exact, E> {
        Ok(Exact::from(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Exact, E> {
        i64::try_from(number).map(Exact::from).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Exact, E> {
        Err(E::custom(format!(
            "the fraction {number} was rounded when it was read; write it in quotes: \"{number}\""
        )))
    }
}

impl JsonSchema for Exact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Exact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": "^-?[0-9]{1,29}([.][0-9]{1,29}|/[0-9]{1,29})?$",
            "description": "a whole number, or a decimal in quotes such as \"0.95\"",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Exact {
        text.parse().expect("a number")
    }

    #[test]
    fn decimals_are_read_exactly_and_nothing_else_is_a_number() {
        assert_eq!(exact("0.95").to_string(), "19/20");
        assert_eq!(exact("-0.5") + &exact("0.5"), Exact::zero());
        for text in ["", "-", ".5", "5.", "1e3", "1/3", "٣", "0x1", " 1", &"9".repeat(31)] {
            assert!(text.parse::<Exact>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_is_rounded_half_up() {
        for (given, shown) in
            [("11.52", "11.52"), ("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "0.00"), ("-1.5", "-1.50")]
        {
            assert_eq!(exact(given).shown(), shown, "{given}");
        }
        let third = exact("1").over(&exact("3")).expect("a third");
        assert_eq!((third.shown().as_str(), third.figure().as_str()), ("0.33", "1/3"));
        assert_eq!(exact("2.5000").figure(), "2.5");
        assert_eq!(exact("1").over(&Exact::zero()), None);
    }

    #[test]
    fn a_number_is_written_so_that_it_reads_as_the_same() {
        for number in [exact("0.95"), exact("-12"), exact("1").over(&exact("7")).expect("a seventh")] {
            let text = serde_json::to_string(&number).expect("JSON");
            assert_eq!(serde_json::from_str::<Exact>(&text).expect("a number"), number, "{text}");
        }
        assert!(serde_json::from_str::<Exact>("0.5").is_err());
    }
}
