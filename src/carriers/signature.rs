//! Signatures over messages: HMAC with SHA-256, in the forms that receivers check.
//!
//! Sources: the Standard Webhooks specification 1.0; the robot documents of `DingTalk`
//! and Feishu. It reads no clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::identity::secret::Secret;
use crate::time::Instant;

/// What a webhook secret begins with when it is written.
const SECRET_PREFIX: &str = "whsec_";
/// How long a webhook secret may be, in bytes, as the standard has it.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is not written as such secrets are.
    #[error("use the secret: it should be whsec_ and 24 to 64 bytes in Base64")]
    Form,
}

/// The key that a webhook is signed with.
#[derive(Clone)]
pub struct WebhookKey(Key);

impl WebhookKey {
    /// The key of a secret written as `whsec_` and Base64.
    ///
    /// # Errors
    /// [`SecretError::Form`].
    pub fn read(secret: &Secret) -> Result<Self, SecretError> {
        let text = secret.reveal().strip_prefix(SECRET_PREFIX).ok_or(SecretError::Form)?;
        let bytes = STANDARD.decode(text).map_err(|_| SecretError::Form)?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(SecretError::Form);
        }
        Ok(Self(Key::new(HMAC_SHA256, &bytes)))
    }
}

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("WebhookKey(…)")
    }
}

/// The signatures of a webhook, one for each key: while a secret is being replaced, the
/// receiver finds the one that it knows among them.
#[must_use]
pub fn webhook(keys: &[WebhookKey], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut said = format!("{id}.{seconds}.").into_bytes();
    said.extend_from_slice(body);
    let signed = keys.iter().map(|key| format!("v1,{}", STANDARD.encode(sign(&key.0, &said))));
    signed.collect::<Vec<_>>().join(" ")
}

/// `DingTalk`'s: over the milliseconds and the secret, by the secret.
#[must_use]
pub fn dingtalk(secret: &Secret, millis: i64) -> String {
    let key = Key::new(HMAC_SHA256, secret.reveal().as_bytes());
    STANDARD.encode(sign(&key, format!("{millis}\n{}", secret.reveal()).as_bytes()))
}

/// Feishu's: over nothing, by the seconds and the secret.
#[must_use]
pub fn feishu(secret: &Secret, seconds: i64) -> String {
    let key = Key::new(HMAC_SHA256, format!("{seconds}\n{}", secret.reveal()).as_bytes());
    STANDARD.encode(sign(&key, b""))
}

/// An instant in whole seconds since 1970.
#[must_use]
pub const fn seconds(at: Instant) -> i64 {
    at.as_nanos().div_euclid(1_000_000_000)
}

/// An instant in whole milliseconds since 1970.
#[must_use]
pub const fn millis(at: Instant) -> i64 {
    at.as_nanos().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<WebhookKey, SecretError> {
        WebhookKey::read(&Secret::shown(text))
    }

    #[test]
    fn the_standards_own_example_is_signed_as_it_says() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let signed =
            webhook(&[key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_???", "whsec_"] {
            assert_eq!(key(text).err(), Some(SecretError::Form), "{text:?}");
        }
    }
}
