//! How long to wait before the next attempt.
//!
//! The waits double up to a bound, and each is spread by a number made of the message's
//! key: a thousand messages that failed together do not come back together, and the
//! same message always waits as long. Nothing is drawn and no clock is read.

use std::time::Duration;

use crate::id::Sha;

/// The wait after the first failure: most troubles of a network pass within it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait: a place that comes back is used again within this time.
const LONGEST: Duration = Duration::from_secs(600);
/// After so many doublings the longest wait is reached: 2^10 seconds are more than 600.
const MOST_DOUBLINGS: u32 = 10;

/// The wait after the `failures`-th failure in a row (1 for the first) of what `key`
/// names: at least half of the bare wait, at most all of it. What the other side asked
/// for (`after`) is the least, even where it is longer than the longest wait of our own.
#[must_use]
pub fn wait(key: &str, failures: u32, after: Option<Duration>) -> Duration {
    let doublings = failures.saturating_sub(1).min(MOST_DOUBLINGS);
    let bare = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half = bare / 2;
    let spread = Duration::from_nanos(part_of(key, failures, nanos(half)));
    (half + spread).max(after.unwrap_or_default())
}

/// A number below `whole` that depends on the key and the count alone.
fn part_of(key: &str, count: u32, whole: u64) -> u64 {
    let digest = Sha::of_parts(&[key.as_bytes(), &count.to_be_bytes()]);
    let drawn = digest.as_bytes().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    drawn % whole.max(1)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_bound_and_are_spread() {
        for (failures, bare) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 512), (11, 600), (4_000, 600)] {
            let bare = Duration::from_secs(bare);
            let waits: Vec<Duration> = (0..100).map(|n| wait(&format!("m-{n}"), failures, None)).collect();
            let (least, most) = (waits.iter().min(), waits.iter().max());
            assert!(least >= Some(&(bare / 2)) && most <= Some(&bare), "{failures}: {least:?} {most:?}");
            let spread = most.zip(least).map(|(most, least)| most.saturating_sub(*least));
            assert!(spread > Some(bare / 4), "{failures}: all come back within {spread:?}");
            assert_eq!(waits[7], wait("m-7", failures, None), "the same message waits as long");
        }
    }

    #[test]
    fn what_the_other_side_asks_for_is_the_least() {
        let asked = Duration::from_secs(3_600);
        assert_eq!(wait("m", 1, Some(asked)), asked);
        assert!(wait("m", 11, Some(Duration::from_millis(1))) >= LONGEST / 2);
    }
}
