//! What an office says of its issuer.

use std::path::PathBuf;

use serde::Deserialize;

use crate::identity::claims::Rule;

/// Settings of one issuer, as the file of `--openid` has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerSettings {
    /// The issuer's identifier, a URL; its description is below it.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// A file with our secret; none for a public client, which PKCE keeps safe.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Where it sends people back: our own address and `/v1/session/callback`.
    pub redirect: String,
    /// What we ask it for; `openid` is always among it.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that says what a person is called.
    #[serde(default = "name")]
    pub title: String,
    /// What claims grant.
    pub rules: Vec<Rule>,
}

fn name() -> String {
    "name".to_owned()
}

/// Settings that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Whoever is on the way could read or change what is said.
    #[error("use {url}: an issuer and the way back from it are https, but on this machine itself")]
    InTheClear {
        /// The address.
        url: String,
    },
    /// It would let nobody in.
    #[error("use the issuer: no rule says what its people may; add rules")]
    NoRule,
}

impl IssuerSettings {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        for url in [&self.issuer, &self.redirect] {
            if !is_private(url) {
                return Err(SettingsError::InTheClear { url: url.clone() });
            }
        }
        if self.rules.is_empty() { Err(SettingsError::NoRule) } else { Ok(()) }
    }

    /// The scopes asked for, with `openid`.
    #[must_use]
    pub fn scope(&self) -> String {
        let others = self.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
    }
}

/// Whether what is said to `url` stays between us and it.
#[must_use]
pub fn is_private(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "https" || url.scheme() == "http" && here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (url, private) in [
            ("https://sso.example", true),
            ("http://127.0.0.1:3000", true),
            ("http://localhost:3000", true),
            ("http://[::1]:3000", true),
            ("http://sso.example", false),
            ("http://127.0.0.1.example", false),
            ("ftp://127.0.0.1", false),
            ("no url", false),
        ] {
            assert_eq!(is_private(url), private, "{url}");
        }
    }
}
