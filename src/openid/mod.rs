//! Signing in with an issuer of the office's own: `OpenID` Connect, authorization code
//! with PKCE, and nothing else of it.
//!
//! [`settings`] is what the office says of its issuer; [`visit`] what is remembered
//! while somebody is there; [`issuer`] talks to it; [`signature`] and [`token`] check
//! what it says. What the claims grant is [`crate::identity::claims`]'.

pub mod issuer;
pub mod settings;
pub mod signature;
pub mod token;
pub mod visit;

pub use issuer::{Issuer, OpenIdError, Person};
pub use settings::IssuerSettings;
