//! Signed links in messages: who has one may give one answer, once, for one unit.
//!
//! A link carries all that it allows and a signature over it; nothing is kept of it.
//! That it works once follows from the fact that it states: its id is the reminder and
//! the answer, so a second use states what was stated already.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::id::{CaseId, Name, Seq, TenantId, UnitId};
use crate::time::Instant;

/// The longest link that is looked at, in bytes: a case's id and some names.
const MOST_BYTES: usize = 2048;

/// What can be answered by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// 签收.
    Acknowledge,
    /// 说明.
    Explain,
}

impl Answer {
    /// The word in the id of the fact.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Explain => "explain",
        }
    }

    /// The type of the fact that it states.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Acknowledge => "reminder.acknowledged",
            Self::Explain => "explanation.given",
        }
    }
}

/// What a link allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The tenant.
    pub tenant: TenantId,
    /// The case.
    pub case: CaseId,
    /// The clock that the reminder was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Name>,
    /// The unit for which it is answered.
    pub unit: UnitId,
    /// What is answered.
    pub answer: Answer,
    /// The reminder, by its ledger place.
    pub reminder: Seq,
    /// Until when.
    pub expires: Instant,
}

/// A link that is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not made here, or was changed.
    #[error("read the link: it is not one of ours, or was cut off; copy the whole of it")]
    Forged,
    /// Its time is over.
    #[error("follow the link: its time is over; answer on the desk")]
    Expired,
}

/// The key that links are signed with. It never leaves the process and shows itself
/// nowhere.
pub struct LinkKey(hmac::Key);

impl fmt::Debug for LinkKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LinkKey")
    }
}

impl LinkKey {
    /// The key of 32 random bytes.
    #[must_use]
    pub fn of(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token of a claim, to be put behind `/answer/`.
    ///
    /// # Errors
    /// Never for a claim, whose parts are texts and numbers.
    pub fn sign(&self, claim: &Claim) -> Result<String, serde_json::Error> {
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claim)?);
        let tag = hmac::sign(&self.0, text.as_bytes());
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())))
    }

    /// The claim of a token, if it was signed here and is not over at `now`.
    ///
    /// # Errors
    /// [`LinkError`], which says no more than it must.
    pub fn read(&self, token: &str, now: Instant) -> Result<Claim, LinkError> {
        let (text, tag) =
            token.split_once('.').filter(|_| token.len() <= MOST_BYTES).ok_or(LinkError::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| LinkError::Forged)?;
        // The comparison takes the same time wherever they differ.
        hmac::verify(&self.0, text.as_bytes(), &tag).map_err(|_| LinkError::Forged)?;
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::Forged)?;
        let claim: Claim = serde_json::from_slice(&json).map_err(|_| LinkError::Forged)?;
        if now < claim.expires { Ok(claim) } else { Err(LinkError::Expired) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            tenant: TenantId::new("changqing").expect("a tenant"),
            case: CaseId::new("objection/济-1").expect("a case"),
            clock: Some(Name::new("answer").expect("a clock")),
            unit: UnitId::new("water").expect("a unit"),
            answer: Answer::Acknowledge,
            reminder: Seq(41),
            expires: Instant::from_nanos(1_000),
        }
    }

    #[test]
    fn a_link_is_read_back_until_it_is_over() {
        let key = LinkKey::of(&[7; 32]);
        let token = key.sign(&claim()).expect("a token");
        assert_eq!(key.read(&token, Instant::from_nanos(999)), Ok(claim()));
        assert_eq!(key.read(&token, Instant::from_nanos(1_000)), Err(LinkError::Expired));
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    }

    #[test]
    fn whatever_was_changed_is_found() {
        let key = LinkKey::of(&[7; 32]);
        let token = key.sign(&claim()).expect("a token");
        let now = Instant::from_nanos(0);
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            // The last characters of base64 may carry bits that mean nothing.
            if key.read(&changed, now).is_ok() {
                assert_eq!(key.read(&changed, now), Ok(claim()), "changed at {place}");
            }
        }
        assert_eq!(LinkKey::of(&[8; 32]).read(&token, now), Err(LinkError::Forged));
        assert_eq!(key.read("", now), Err(LinkError::Forged));
        assert_eq!(key.read(&"a.".repeat(4096), now), Err(LinkError::Forged));
        let other = Claim { unit: UnitId::new("fire").expect("a unit"), ..claim() };
        let other = key.sign(&other).expect("a token");
        let mixed = format!(
            "{}.{}",
            other.split('.').next().expect("a text"),
            token.split('.').nth(1).expect("a tag")
        );
        assert_eq!(key.read(&mixed, now), Err(LinkError::Forged));
    }
}
