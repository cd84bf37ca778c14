//! Between instants and the wall clocks of one time zone.
//!
//! Zones skip and repeat wall times; nothing here fails on that. It knows no
//! working days.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::time::Instant;

/// What the zone's wall clocks show at an instant.
pub(super) fn wall(zone: Tz, at: Instant) -> NaiveDateTime {
    local(zone, at).naive_local()
}

/// The instant in the zone's own offset.
pub(super) fn local(zone: Tz, at: Instant) -> DateTime<Tz> {
    zone.from_utc_datetime(&at.to_utc().naive_utc())
}

/// The day's first instant.
///
/// That is midnight where the day has one, and the end of the gap where clocks
/// skip it. Days before 1678 and after 2261 give the ends of the countable time.
pub(super) fn midnight(zone: Tz, date: NaiveDate) -> Instant {
    first_instant(zone, date.and_time(NaiveTime::MIN))
}

/// The first instant at which wall clocks show `wall` or have passed over it.
pub(super) fn first_instant(zone: Tz, wall: NaiveDateTime) -> Instant {
    use chrono::Datelike as _;
    if wall.year() < 1678 {
        return Instant::MIN;
    }
    if wall.year() > 2261 {
        return Instant::MAX;
    }
    let utc =
        zone.from_local_datetime(&wall).earliest().map_or_else(|| gap_end(zone, wall), |at| at.naive_utc());
    Instant::from_nanos(utc.and_utc().timestamp_nanos_opt().unwrap_or(i64::MAX))
}

/// The instant, in UTC, at which clocks jump over a wall time that never shows.
fn gap_end(zone: Tz, wall: NaiveDateTime) -> NaiveDateTime {
    let shows = |utc: NaiveDateTime| utc + offset(zone, utc);
    // Read with the offset of the day before, the skipped time lies after the
    // jump; a day earlier lies before it. The jump is found by halving.
    let mut late = wall - offset(zone, wall - TimeDelta::days(2));
    let mut early = late - TimeDelta::days(2);
    while late - early > TimeDelta::seconds(1) {
        let middle = early + TimeDelta::seconds((late - early).num_seconds() / 2);
        if shows(middle) < wall {
            early = middle;
        } else {
            late = middle;
        }
    }
    late
}

fn offset(zone: Tz, utc: NaiveDateTime) -> TimeDelta {
    TimeDelta::seconds(i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(zone: Tz, year: i32, month: u32, day: u32) -> String {
        let date = NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        local(zone, midnight(zone, date)).to_rfc3339()
    }

    #[test]
    fn a_day_without_midnight_begins_where_the_gap_ends() {
        assert_eq!(begins(chrono_tz::America::Sao_Paulo, 2018, 11, 4), "2018-11-04T01:00:00-02:00");
        assert_eq!(begins(chrono_tz::Asia::Shanghai, 2022, 10, 13), "2022-10-13T00:00:00+08:00");
        // Samoa left out the whole of 30 December 2011.
        assert_eq!(begins(chrono_tz::Pacific::Apia, 2011, 12, 30), "2011-12-31T00:00:00+14:00");
        // Havana shows midnight twice on this day; the day begins with the first.
        assert_eq!(begins(chrono_tz::America::Havana, 2022, 11, 6), "2022-11-06T00:00:00-04:00");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for zone in [chrono_tz::Asia::Shanghai, chrono_tz::Pacific::Apia, chrono_tz::America::New_York] {
            assert_eq!(midnight(zone, NaiveDate::MIN), Instant::MIN);
            assert_eq!(midnight(zone, NaiveDate::MAX), Instant::MAX);
            assert!(wall(zone, Instant::MIN) < wall(zone, Instant::MAX));
        }
    }
}
