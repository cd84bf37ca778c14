//! Who is on the way to the issuer and back: a visit is used once, soon, and from the
//! browser that began it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::Sha;
use crate::identity::secret::{Secret, digest, same};
use crate::time::Instant;

/// How long somebody may take to sign in there.
pub const LONGEST: Duration = Duration::from_secs(10 * 60);
/// How many may be on the way at once; the oldest makes room.
const MOST: usize = 1_000;

/// A visit under way.
#[derive(Debug, Clone)]
pub struct Visit {
    /// What the issuer must put into its token.
    pub nonce: Secret,
    /// What proves to the issuer that whoever brings the code asked for it.
    pub verifier: Secret,
    /// Where to go afterwards, a path of ours.
    pub then: String,
    browser: Sha,
    begun_at: Instant,
}

/// All visits under way, by the digest of their state.
#[derive(Debug, Default)]
pub struct Visits(BTreeMap<Sha, Visit>);

impl Visits {
    /// Remembers a visit that begins now, from the browser that holds `browser`.
    pub fn begin(
        &mut self,
        state: &Secret,
        browser: &Secret,
        nonce: Secret,
        verifier: Secret,
        then: String,
        now: Instant,
    ) {
        self.0.retain(|_, visit| now.since(visit.begun_at) < LONGEST);
        while self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, visit)| visit.begun_at).map(|(state, _)| *state);
            let Some(oldest) = oldest else { break };
            self.0.remove(&oldest);
        }
        let visit = Visit { nonce, verifier, then, browser: browser.digest(), begun_at: now };
        self.0.insert(state.digest(), visit);
    }

    /// Takes the visit with that state, if it is this browser's and not too old. It is
    /// gone afterwards, whatever comes of it.
    pub fn end(&mut self, state: &str, browser: &str, now: Instant) -> Option<Visit> {
        let visit = self.0.remove(&digest(state))?;
        let holds = same(&visit.browser, &digest(browser)) && now.since(visit.begun_at) < LONGEST;
        holds.then_some(visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(number: u8) -> Secret {
        Secret::of(&[number; 32])
    }

    fn begun(visits: &mut Visits, number: u8, now: i64) {
        let now = Instant::from_nanos(0).plus_seconds(now);
        visits.begin(&secret(number), &secret(100), secret(101), secret(102), "/".into(), now);
    }

    #[test]
    fn a_visit_is_used_once_soon_and_by_its_own_browser() {
        let (mut visits, at) = (Visits::default(), |now| Instant::from_nanos(0).plus_seconds(now));
        begun(&mut visits, 1, 0);
        assert!(visits.end(secret(1).reveal(), secret(100).reveal(), at(599)).is_some());
        assert!(visits.end(secret(1).reveal(), secret(100).reveal(), at(599)).is_none(), "once");
        begun(&mut visits, 1, 0);
        assert!(visits.end(secret(1).reveal(), secret(100).reveal(), at(600)).is_none(), "too late");
        begun(&mut visits, 1, 0);
        assert!(visits.end(secret(1).reveal(), secret(99).reveal(), at(1)).is_none(), "another browser");
        assert!(visits.end(secret(1).reveal(), secret(100).reveal(), at(1)).is_none(), "and it is gone");
    }
}
