//! What an ID token says of itself: from whom, for whom, until when, about which visit.

use serde_json::Value;

use crate::identity::secret::{Secret, same_text};
use crate::time::Instant;

/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY: i64 = 60;

/// Why a token with a good signature is still not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// From somebody else.
    #[error("take the token: it is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("take the token: it is meant for another client")]
    Audience,
    /// Over.
    #[error("take the token: it has ended, or begins later; compare the clocks")]
    Time,
    /// About another visit.
    #[error("take the token: it belongs to another sign-in")]
    Nonce,
    /// About nobody.
    #[error("take the token: it names nobody")]
    Subject,
}

/// The person's name at the issuer, if the claims are about this sign-in of ours.
///
/// # Errors
/// [`ClaimError`].
pub fn subject(
    claims: &Value,
    issuer: &str,
    client: &str,
    nonce: &Secret,
    now: Instant,
) -> Result<String, ClaimError> {
    if claims["iss"] != issuer {
        return Err(ClaimError::Issuer);
    }
    if !is_for(claims, client) {
        return Err(ClaimError::Audience);
    }
    if !is_timely(claims, now) {
        return Err(ClaimError::Time);
    }
    if !claims["nonce"].as_str().is_some_and(|said| same_text(said, nonce.reveal())) {
        return Err(ClaimError::Nonce);
    }
    let subject = claims["sub"].as_str().filter(|subject| !subject.is_empty() && subject.len() <= 255);
    let clean = subject.filter(|subject| !subject.chars().any(char::is_control));
    clean.map(str::to_owned).ok_or(ClaimError::Subject)
}

fn is_for(claims: &Value, client: &str) -> bool {
    let authorized = claims.get("azp").is_none_or(|party| party == client);
    let meant = match &claims["aud"] {
        Value::String(audience) => audience == client,
        Value::Array(audiences) => {
            audiences.iter().any(|audience| audience == client)
                // With several, it must say which one it was made for.
                && (audiences.len() == 1 || claims.get("azp").is_some())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    meant && authorized
}

fn is_timely(claims: &Value, now: Instant) -> bool {
    let seconds = now.as_nanos().div_euclid(1_000_000_000);
    let ends = claims["exp"].as_i64().is_some_and(|end| seconds < end.saturating_add(LEEWAY));
    let made = claims["iat"].as_i64().is_some_and(|made| made <= seconds.saturating_add(LEEWAY));
    let begun = claims
        .get("nbf")
        .is_none_or(|begin| begin.as_i64().is_some_and(|begin| begin <= seconds.saturating_add(LEEWAY)));
    ends && made && begun
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_claim_is_looked_at() {
        let (nonce, now) = (Secret::of(&[1; 32]), Instant::from_nanos(0).plus_seconds(1_000));
        let good = json!({
            "iss": "https://i", "aud": "duban", "sub": "zhang", "exp": 1_100, "iat": 990, "nonce": nonce.reveal(),
        });
        let asked = |claims: &Value| subject(claims, "https://i", "duban", &nonce, now);
        assert_eq!(asked(&good), Ok("zhang".to_owned()));
        for (claim, value, error) in [
            ("iss", json!("https://i/"), ClaimError::Issuer),
            ("aud", json!("other"), ClaimError::Audience),
            ("aud", json!(["duban", "other"]), ClaimError::Audience),
            ("azp", json!("other"), ClaimError::Audience),
            ("exp", json!(940), ClaimError::Time),
            ("exp", json!("1100"), ClaimError::Time),
            ("iat", json!(1_061), ClaimError::Time),
            ("nbf", json!(1_061), ClaimError::Time),
            ("nonce", json!("another"), ClaimError::Nonce),
            ("nonce", Value::Null, ClaimError::Nonce),
            ("sub", json!(""), ClaimError::Subject),
        ] {
            let mut changed = good.clone();
            changed[claim] = value.clone();
            assert_eq!(asked(&changed), Err(error), "{claim} = {value}");
        }
        let mut several = good.clone();
        several["aud"] = json!(["other", "duban"]);
        several["azp"] = json!("duban");
        assert!(asked(&several).is_ok());
    }
}
