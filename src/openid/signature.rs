//! Signatures of an issuer: JSON Web Signatures in compact form, checked with the keys
//! that it publishes.
//!
//! Four algorithms with public keys are known. None that takes a shared secret is, nor
//! `none`: the token does not choose how far it is trusted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// The largest token that is read.
const MOST_BYTES: usize = 64 * 1024;

/// Keys as an issuer publishes them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Keys {
    keys: Vec<Key>,
}

/// One key, RSA or elliptic.
#[derive(Debug, Clone, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<Value>,
}

/// Why a token is not the issuer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is no signed token at all.
    #[error("read the token: it is no signed token")]
    Form,
    /// It is signed in a way that is not taken.
    #[error("check the token: it is signed with {0:?}; RS256, PS256, ES256 and EdDSA are taken")]
    Algorithm(String),
    /// The issuer publishes no such key, or not any more.
    #[error("check the token: the issuer publishes no key for it")]
    NoKey,
    /// It was not signed by that key.
    #[error("check the token: its signature does not hold")]
    Wrong,
}

/// The claims of a token that one of `keys` has signed.
///
/// # Errors
/// [`SignatureError`]; after [`SignatureError::NoKey`] newer keys may help.
pub fn verified(token: &str, keys: &Keys) -> Result<Value, SignatureError> {
    if token.len() > MOST_BYTES {
        return Err(SignatureError::Form);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SignatureError::Form);
    };
    let said: Header = serde_json::from_slice(&decode(header)?).map_err(|_| SignatureError::Form)?;
    if said.crit.is_some() {
        return Err(SignatureError::Form);
    }
    let kind =
        Kind::named(&said.alg).ok_or(SignatureError::Algorithm(said.alg.chars().take(16).collect()))?;
    let signed = decode(signed)?;
    let text = token.get(..header.len() + 1 + claims.len()).ok_or(SignatureError::Form)?;
    let fitting: Vec<&Key> = keys.keys.iter().filter(|key| key.fits(kind, said.kid.as_deref())).collect();
    if fitting.is_empty() {
        return Err(SignatureError::NoKey);
    }
    if !fitting.iter().any(|key| key.has_signed(kind, text.as_bytes(), &signed)) {
        return Err(SignatureError::Wrong);
    }
    serde_json::from_slice(&decode(claims)?).map_err(|_| SignatureError::Form)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    const fn of_key(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rs256 | Self::Ps256 => ("RSA", None),
            Self::Es256 => ("EC", Some("P-256")),
            Self::EdDsa => ("OKP", Some("Ed25519")),
        }
    }
}

impl Key {
    fn fits(&self, kind: Kind, kid: Option<&str>) -> bool {
        let (kty, curve) = kind.of_key();
        self.kty == kty
            && (curve.is_none() || self.crv.as_deref() == curve)
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == kind.name())
            && (kid.is_none() || self.kid.as_deref() == kid)
    }

    fn has_signed(&self, kind: Kind, text: &[u8], signed: &[u8]) -> bool {
        let part = |part: &Option<String>| part.as_deref().and_then(|part| decode(part).ok());
        let held = match kind {
            Kind::Rs256 | Kind::Ps256 => {
                let (Some(n), Some(e)) = (part(&self.n), part(&self.e)) else { return false };
                let how = if kind == Kind::Rs256 {
                    &signature::RSA_PKCS1_2048_8192_SHA256
                } else {
                    &signature::RSA_PSS_2048_8192_SHA256
                };
                RsaPublicKeyComponents { n, e }.verify(how, text, signed)
            }
            Kind::Es256 => {
                let (Some(x), Some(y)) = (part(&self.x), part(&self.y)) else { return false };
                let point = [&[4_u8][..], &x, &y].concat();
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(text, signed)
            }
            Kind::EdDsa => {
                let Some(x) = part(&self.x) else { return false };
                UnparsedPublicKey::new(&signature::ED25519, x).verify(text, signed)
            }
        };
        held.is_ok()
    }
}

fn decode(part: &str) -> Result<Vec<u8>, SignatureError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| SignatureError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    fn encode(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let text =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signed = sign(text.as_bytes());
        format!("{text}.{}", encode(&signed))
    }

    fn keys(keys: Value) -> Keys {
        serde_json::from_value(json!({"keys": [keys]})).expect("keys")
    }

    #[test]
    fn what_the_key_signed_holds_and_nothing_else() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a pair");
        let held = keys(
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": encode(pair.public_key().as_ref())}),
        );
        let sign = |text: &[u8]| pair.sign(text).as_ref().to_vec();
        let (header, claims) = (json!({"alg": "EdDSA", "kid": "a"}), json!({"sub": "zhang"}));
        let good = token(&header, &claims, sign);
        assert_eq!(verified(&good, &held), Ok(claims.clone()));
        let (_, tail) = good.split_once('.').expect("parts");
        let unsigned = format!("{}.{}", encode(br#"{"alg":"none"}"#), tail);
        assert_eq!(verified(&unsigned, &held), Err(SignatureError::Algorithm("none".into())));
        let shared = token(&json!({"alg": "HS256", "kid": "a"}), &claims, sign);
        assert_eq!(verified(&shared, &held), Err(SignatureError::Algorithm("HS256".into())));
        let forged = token(&header, &json!({"sub": "li"}), |_| sign(b"something else"));
        assert_eq!(verified(&forged, &held), Err(SignatureError::Wrong));
        let other = token(&json!({"alg": "EdDSA", "kid": "b"}), &claims, sign);
        assert_eq!(verified(&other, &held), Err(SignatureError::NoKey));
        let critical = token(&json!({"alg": "EdDSA", "kid": "a", "crit": ["exp"]}), &claims, sign);
        assert_eq!(verified(&critical, &held), Err(SignatureError::Form));
        for broken in ["", "a", "a.b", "a.b.c.d", &good.replace('.', "..")] {
            assert_eq!(verified(broken, &held), Err(SignatureError::Form), "{broken}");
        }
    }

    #[test]
    fn a_point_on_the_curve_is_a_key_too() {
        let (random, how) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(how, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(how, made.as_ref(), &random).expect("a pair");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let key = |purpose: &str| {
            keys(json!({"kty": "EC", "crv": "P-256", "use": purpose, "x": encode(x), "y": encode(y)}))
        };
        let claims = json!({"sub": "zhang"});
        let signed = token(&json!({"alg": "ES256"}), &claims, |text| {
            pair.sign(&random, text).expect("signed").as_ref().to_vec()
        });
        assert_eq!(verified(&signed, &key("sig")), Ok(claims));
        assert_eq!(verified(&signed, &key("enc")), Err(SignatureError::NoKey));
    }
}
