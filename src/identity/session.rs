//! Who is signed in: sessions in memory, bounded in number and in time.
//!
//! They are not kept: a restart signs everybody out, and nothing that is stolen from
//! a disk opens a door. A session is found by the digest of its id.

use std::collections::BTreeMap;
use std::time::Duration;

use super::grant::Grant;
use super::secret::{Secret, digest, same_text};
use crate::id::{AccountName, Sha};
use crate::time::Instant;

/// How long a session lasts without a request.
pub const IDLE: Duration = Duration::from_secs(60 * 60);
/// How long it lasts at all: a working day.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// How old an id may grow before the next request gets another.
const RENEWED_AFTER: Duration = Duration::from_secs(15 * 60);
/// How long the id before still works, for requests sent at the same time.
const GRACE: Duration = Duration::from_secs(60);
/// How many there may be; the least used makes room. A session takes about 1 KiB.
const MOST: usize = 10_000;

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A person of the directory, as of a mark.
    Account {
        /// The account.
        name: AccountName,
        /// Its mark when the session began; with another one it has ended.
        mark: u64,
    },
    /// A person whom the issuer vouched for.
    Issued {
        /// The issuer's name for the person.
        subject: String,
        /// What the person is called.
        title: String,
        /// What the claims granted.
        grants: Vec<Grant>,
    },
}

/// A session that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Whose it is.
    pub holder: Holder,
    /// What a request that changes something must bring beside the cookie.
    pub csrf: Secret,
    /// Whether the id has grown old and should be renewed.
    pub is_old: bool,
    /// The instant at which it ends, whatever happens.
    pub ends_at: Instant,
}

impl Found {
    /// Whether `shown` is this session's CSRF token.
    #[must_use]
    pub fn proves(&self, shown: &str) -> bool {
        same_text(self.csrf.reveal(), shown)
    }
}

#[derive(Debug, Clone)]
struct Session {
    holder: Holder,
    csrf: Secret,
    begun_at: Instant,
    used_at: Instant,
    issued_at: Instant,
    /// Set once another id has taken its place.
    replaced_at: Option<Instant>,
}

impl Session {
    fn holds(&self, now: Instant) -> bool {
        now.since(self.used_at) < IDLE
            && now.since(self.begun_at) < LONGEST
            && self.replaced_at.is_none_or(|at| now.since(at) < GRACE)
    }
}

/// All sessions of a process.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: BTreeMap<Sha, Session>,
}

impl Sessions {
    /// Begins a session with these two secrets: its id and its CSRF token.
    pub fn begin(&mut self, holder: Holder, id: &Secret, csrf: Secret, now: Instant) {
        self.make_room(now);
        let session =
            Session { holder, csrf, begun_at: now, used_at: now, issued_at: now, replaced_at: None };
        self.by_id.insert(id.digest(), session);
    }

    /// The session with that id, used now.
    pub fn find(&mut self, id: &str, now: Instant) -> Option<Found> {
        let key = digest(id);
        let session = self.by_id.get_mut(&key)?;
        if !session.holds(now) {
            self.by_id.remove(&key);
            return None;
        }
        session.used_at = now;
        Some(Found {
            holder: session.holder.clone(),
            csrf: session.csrf.clone(),
            is_old: session.replaced_at.is_none() && now.since(session.issued_at) >= RENEWED_AFTER,
            ends_at: session.begun_at.plus(LONGEST),
        })
    }

    /// Gives the session another id; the one before works for a moment more.
    pub fn renew(&mut self, id: &str, fresh: &Secret, now: Instant) {
        let Some(old) = self.by_id.get_mut(&digest(id)) else { return };
        let session = Session { issued_at: now, ..old.clone() };
        old.replaced_at = Some(now);
        self.make_room(now);
        self.by_id.insert(fresh.digest(), session);
    }

    /// Ends the session, under whichever of its ids.
    pub fn end(&mut self, id: &str) {
        let Some(ended) = self.by_id.remove(&digest(id)) else { return };
        // The ids before and after it belong to the same session.
        self.by_id.retain(|_, session| !same_text(session.csrf.reveal(), ended.csrf.reveal()));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn make_room(&mut self, now: Instant) {
        if self.by_id.len() < MOST {
            return;
        }
        self.by_id.retain(|_, session| session.holds(now));
        while self.by_id.len() >= MOST {
            let least = self.by_id.iter().min_by_key(|(_, session)| session.used_at).map(|(id, _)| *id);
            let Some(least) = least else { return };
            self.by_id.remove(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_nanos(0).plus_seconds(seconds)
    }

    fn begun(sessions: &mut Sessions, number: u8, now: Instant) -> Secret {
        let id = Secret::of(&[number; 32]);
        let holder = Holder::Account { name: AccountName::new("zhang").expect("an account"), mark: 0 };
        sessions.begin(holder, &id, Secret::of(&[number; 32]), now);
        id
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_after_a_day() {
        let mut sessions = Sessions::default();
        let id = begun(&mut sessions, 1, at(0));
        assert!(sessions.find(id.reveal(), at(3_599)).is_some());
        assert!(sessions.find(id.reveal(), at(3_599 + 3_600)).is_none(), "an hour without a request");
        let id = begun(&mut sessions, 2, at(0));
        assert!((0..43_200).step_by(1_000).all(|now| sessions.find(id.reveal(), at(now)).is_some()));
        assert!(sessions.find(id.reveal(), at(43_200)).is_none(), "used all day, ended all the same");
        assert!(sessions.is_empty());
    }

    #[test]
    fn an_old_id_is_replaced_and_works_a_moment_more() {
        let mut sessions = Sessions::default();
        let id = begun(&mut sessions, 1, at(0));
        assert!(!sessions.find(id.reveal(), at(899)).expect("found").is_old);
        assert!(sessions.find(id.reveal(), at(900)).expect("found").is_old);
        let fresh = Secret::of(&[9; 32]);
        sessions.renew(id.reveal(), &fresh, at(900));
        let still = sessions.find(id.reveal(), at(959)).expect("found");
        assert!(!still.is_old, "it is replaced once");
        assert!(sessions.find(id.reveal(), at(960)).is_none());
        assert!(sessions.find(fresh.reveal(), at(961)).expect("found").proves(still.csrf.reveal()));
    }

    #[test]
    fn signing_out_ends_every_id_of_the_session_and_no_other() {
        let mut sessions = Sessions::default();
        let (id, other) = (begun(&mut sessions, 1, at(0)), begun(&mut sessions, 2, at(0)));
        let fresh = Secret::of(&[9; 32]);
        sessions.renew(id.reveal(), &fresh, at(900));
        sessions.end(id.reveal());
        assert!(sessions.find(fresh.reveal(), at(901)).is_none());
        assert!(sessions.find(other.reveal(), at(901)).is_some());
    }

    #[test]
    fn sessions_are_bounded() {
        let mut sessions = Sessions::default();
        for number in 0..=u64::try_from(MOST).expect("a number") {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            let holder = Holder::Account { name: AccountName::new("zhang").expect("an account"), mark: 0 };
            // A nanosecond apart, so that just one of them is the least used.
            let now = Instant::from_nanos(at(0).as_nanos() + i64::try_from(number).expect("a number"));
            sessions.begin(holder, &Secret::of(&bytes), Secret::of(&bytes), now);
        }
        assert_eq!(sessions.len(), MOST);
        assert!(sessions.find(Secret::of(&[0; 32]).reveal(), at(101)).is_none(), "the least used made room");
    }
}
