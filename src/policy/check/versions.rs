//! Versions of one name: each once, and no two in force by their own words.

use crate::policy::definition::Effective;
use crate::policy::problem::Flaw;

/// The flaw of a version beside an earlier given one of the same workflow.
///
/// An open end is closed by the next version's beginning; two versions that begin
/// on the same day, or an end that is written beyond the next beginning, contradict.
#[must_use]
pub fn overlap(other: (&str, Effective), this: (&str, Effective)) -> Option<Flaw> {
    let ((other_version, other), (version, this)) = (other, this);
    if other.from == this.from {
        let message = format!("the version {other_version:?} begins on the same day");
        return Some(Flaw::mistake("effective.overlap", "/effective/from", &this.from.to_string(), message));
    }
    let (earlier, later, field) = if other.from < this.from {
        (other, this, "/effective/from")
    } else {
        (this, other, "/effective/until")
    };
    let until = earlier.until.filter(|until| *until >= later.from)?;
    let message = format!("the versions {other_version:?} and {version:?} are both in force until {until}");
    Some(Flaw::mistake("effective.overlap", field, &later.from.to_string(), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, until: Option<&str>) -> Effective {
        let date = |text: &str| text.parse().expect("a date");
        Effective { from: date(from), until: until.map(date) }
    }

    #[test]
    fn an_open_end_gives_way_and_a_written_end_does_not() {
        let open = ("1", span("2022-01-01", None));
        let ended = ("1", span("2022-01-01", Some("2023-06-30")));
        let next = ("2", span("2023-01-01", None));
        assert!(overlap(open, next).is_none());
        assert!(overlap(ended, next).is_some());
        assert!(overlap(next, ended).is_some());
        assert!(overlap(next, next).is_some());
        assert!(overlap(ended, ("2", span("2023-07-01", None))).is_none());
    }
}
