//! How often one may try to sign in: so many tries in a window, by account and by
//! address, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Instant;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Tries for one account in a window: a forgotten password needs a few.
pub const FOR_ACCOUNT: u32 = 10;
/// Tries from one address in a window: an office may stand behind one.
pub const FROM_ADDRESS: u32 = 50;
/// How many keys are remembered. Whoever fills it up comes from as many addresses.
const MOST: usize = 10_000;

/// Counts tries.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: BTreeMap<String, Tries>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    since: Instant,
}

impl Throttle {
    /// Counts a try under `key`, before it is known how it ends.
    ///
    /// # Errors
    /// How long to wait, when there were `most` in this window already.
    pub fn count(&mut self, key: &str, most: u32, now: Instant) -> Result<(), Duration> {
        self.make_room(now);
        let tries = self.tries.entry(key.to_owned()).or_insert(Tries { count: 0, since: now });
        if now.since(tries.since) >= WINDOW {
            *tries = Tries { count: 0, since: now };
        }
        if tries.count >= most {
            return Err(WINDOW.saturating_sub(now.since(tries.since)));
        }
        tries.count += 1;
        Ok(())
    }

    /// Forgets the tries under `key`, because the last one was right.
    pub fn forget(&mut self, key: &str) {
        self.tries.remove(key);
    }

    fn make_room(&mut self, now: Instant) {
        if self.tries.len() < MOST {
            return;
        }
        self.tries.retain(|_, tries| now.since(tries.since) < WINDOW);
        while self.tries.len() >= MOST {
            let oldest = self.tries.iter().min_by_key(|(_, tries)| tries.since).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.tries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_nanos(0).plus_seconds(seconds)
    }

    #[test]
    fn so_many_tries_and_then_a_wait() {
        let mut throttle = Throttle::default();
        for _ in 0..3 {
            assert_eq!(throttle.count("a", 3, at(0)), Ok(()));
        }
        assert_eq!(throttle.count("a", 3, at(100)), Err(Duration::from_secs(800)));
        assert_eq!(throttle.count("b", 3, at(100)), Ok(()), "another key");
        assert_eq!(throttle.count("a", 3, at(900)), Ok(()), "another window");
        throttle.forget("a");
        assert_eq!(throttle.count("a", 1, at(901)), Ok(()));
    }

    #[test]
    fn it_remembers_a_bounded_number() {
        let mut throttle = Throttle::default();
        for number in 0..=MOST {
            assert_eq!(throttle.count(&number.to_string(), 1, at(0)), Ok(()));
        }
        assert_eq!(throttle.tries.len(), MOST);
    }
}
