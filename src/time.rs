//! Instants: the one representation of a moment, in nanoseconds since 1970 UTC.
//!
//! The broker stamps messages in nanoseconds, and "exactly 48 hours" must not be
//! decided by rounding. Civil dates are [`chrono::NaiveDate`] and belong to a
//! calendar's zone; this module never guesses one. It reads no clock: time is an
//! argument everywhere below the engine.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::parse::parsed;

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z (years 1678 to 2262).
///
/// As text it is RFC 3339; in binary rows it is the bare number. Ordering is
/// the order of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

/// A text that is no RFC 3339 instant, or lies outside 1678–2262.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {value:?} as an instant: {reason}")]
pub struct InstantError {
    /// What was given.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Instant {
    /// The beginning of the countable time; a clock that has seen nothing.
    pub const MIN: Self = Self(i64::MIN);
    /// The end of the countable time.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch, negative before it.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// This instant moved by whole seconds, held at the ends of the countable time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000_000)))
    }

    /// This instant moved forward, held at the end of the countable time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The last instant before this one.
    #[must_use]
    pub const fn just_before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How long after `earlier` this instant lies; zero when it does not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same moment for calendar arithmetic.
    #[must_use]
    pub const fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }

    /// Eight bytes whose order is the order of time, for keys of an index.
    #[must_use]
    pub const fn to_key(self) -> [u8; 8] {
        (self.0.cast_unsigned() ^ (1 << 63)).to_be_bytes()
    }

    /// The instant that [`Instant::to_key`] made `key` of.
    #[must_use]
    pub const fn from_key(key: [u8; 8]) -> Self {
        Self((u64::from_be_bytes(key) ^ (1 << 63)).cast_signed())
    }
}

impl<Z: chrono::TimeZone> TryFrom<DateTime<Z>> for Instant {
    type Error = InstantError;

    fn try_from(at: DateTime<Z>) -> Result<Self, InstantError> {
        at.timestamp_nanos_opt().map(Self).ok_or_else(|| InstantError {
            value: at.naive_utc().to_string(),
            reason: "lies outside the years 1678 to 2262".into(),
        })
    }
}

impl FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Self, InstantError> {
        let wrong = |reason: String| InstantError { value: text.chars().take(64).collect(), reason };
        let at = DateTime::parse_from_rfc3339(text)
            .map_err(|error| wrong(format!("{error}; write it like 2022-09-28T16:20:00+08:00")))?;
        at.try_into().map_err(|error: InstantError| wrong(error.reason))
    }
}

impl Instant {
    fn to_text(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_text())
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.serialize_str(&self.to_text()) } else { to.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() { parsed(from) } else { i64::deserialize(from).map(Self) }
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // Nanoseconds in 64 bits reach from late 1677 into 2262.
        let years = "^(16(7[89]|[89][0-9])|1[7-9][0-9]{2}|2[01][0-9]{2}|22([0-5][0-9]|6[01]))-";
        schemars::json_schema!({"type": "string", "format": "date-time", "pattern": years})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_keys_keep_the_moment_and_its_order() {
        let before: Instant = "1969-12-31T23:59:59.999999999Z".parse().expect("an instant");
        let after: Instant = "2022-09-28T16:20:00+08:00".parse().expect("an instant");
        assert!(before.to_key() < after.to_key());
        assert_eq!(Instant::from_key(before.to_key()), before);
        assert_eq!(after.to_string(), "2022-09-28T08:20:00Z");
        assert!("2022-09-28".parse::<Instant>().is_err());
        assert!("9999-01-01T00:00:00Z".parse::<Instant>().is_err());
    }
}
