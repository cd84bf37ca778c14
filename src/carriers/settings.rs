//! What an office writes of its destinations: the form of `delivery.yaml`.
//!
//! Addresses and secrets are the office's settings, never on the ledger and never in a
//! policy. This file knows their form; what they mean is checked when carriers are made
//! of them ([`super::office`]).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use crate::calendar::Lang;
use crate::id::{Name, TenantId, UnitId};

/// The largest settings file, in bytes: a thousand units with an address each have 200 kB.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverySettings {
    /// Each tenant's.
    pub tenants: BTreeMap<TenantId, TenantSettings>,
}

/// Settings of a tenant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSettings {
    /// Where the desk is found, for links in messages: `https://duban.example`.
    #[serde(default)]
    pub desk: Option<String>,
    /// Hosts that may be sent to though their addresses are private: `host` or `host:port`.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// Files with certificates (PEM) that are trusted besides the system's.
    #[serde(default)]
    pub trust: Vec<PathBuf>,
    /// The office's own wording, by language: named texts with `{{placeholders}}`.
    #[serde(default)]
    pub wording: BTreeMap<Lang, BTreeMap<String, String>>,
    /// Its channels, by the names that its policy has for them.
    #[serde(default)]
    pub channels: BTreeMap<Name, ChannelSettings>,
}

/// By what a channel sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// HTTP in the form of Standard Webhooks.
    Webhook,
    /// A robot of a `DingTalk` (钉钉) group.
    Dingtalk,
    /// A robot of a `WeCom` (企业微信) group.
    Wecom,
    /// A robot of a Feishu (飞书) group.
    Feishu,
    /// Mail by SMTP.
    Mail,
    /// A subject of the broker.
    Subject,
}

impl Via {
    /// Its name, in the settings as in the policy.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Dingtalk => "dingtalk",
            Self::Wecom => "wecom",
            Self::Feishu => "feishu",
            Self::Mail => "mail",
            Self::Subject => "subject",
        }
    }
}

/// How a robot shows a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A card, with buttons where there are links.
    #[default]
    Card,
    /// A text with headings and links.
    Markdown,
    /// A plain text.
    Text,
}

/// Settings of a channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelSettings {
    /// By what it sends.
    pub via: Via,
    /// Where to, by unit.
    #[serde(default)]
    pub addresses: BTreeMap<UnitId, Address>,
    /// Where to for units without an address of their own.
    #[serde(default)]
    pub default: Option<Address>,
    /// What messages are signed with; several while one replaces another.
    #[serde(default)]
    pub secrets: Vec<SecretRef>,
    /// How a robot shows a message.
    #[serde(default)]
    pub form: Option<Form>,
    /// How fast it may send.
    #[serde(default)]
    pub pace: Option<PaceSettings>,
    /// Who sends mail: `督办 <duban@office.example>`.
    #[serde(default)]
    pub from: Option<String>,
    /// Who gets the answers to mail.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The server that takes mail.
    #[serde(default)]
    pub smtp: Option<SmtpSettings>,
}

/// How fast a channel may send to one destination.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaceSettings {
    /// The most messages within the span.
    pub most: u32,
    /// The span, in seconds.
    pub seconds: u32,
    /// The most that are under way at once.
    #[serde(default = "one")]
    pub at_once: u32,
}

const fn one() -> u32 {
    1
}

/// A server that takes mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its host.
    pub host: String,
    /// Its port; by default 465, 587 or 25, as `tls` goes.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the way there is kept private.
    #[serde(default)]
    pub tls: SmtpTls,
    /// Who we are to it, where it wants to know.
    #[serde(default)]
    pub user: Option<String>,
    /// Our password.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// What we call ourselves; by default the domain that mail is from.
    #[serde(default)]
    pub hello: Option<String>,
}

/// How the way to a mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte.
    #[default]
    Implicit,
    /// TLS after a word in the clear; without it nothing is sent.
    Starttls,
    /// Not at all: within the office's own network.
    None,
}

/// Where a secret is found. It is never written into the settings themselves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// A file, relative to the settings; blanks and line ends around it are left out.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(default)]
    pub env: Option<String>,
}

/// A text that may be a secret, such as the URL of a robot with its token. It does not
/// show itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Word {
    /// Written out.
    Plain(String),
    /// Kept elsewhere.
    Kept(SecretRef),
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A URL or a mailbox.
    One(Word),
    /// Mailboxes.
    Many(Vec<String>),
    /// A URL with secrets of its own.
    Own(OwnAddress),
}

/// A URL with secrets of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnAddress {
    /// The URL.
    pub url: Word,
    /// What messages to it are signed with.
    #[serde(default)]
    pub secrets: Vec<SecretRef>,
}

/// Why settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the settings of delivery: line {line}, column {column}: {reason}")]
pub struct FormError {
    /// The line, from 1; 0 when there is none.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong, without what is written there: it may be a secret's address.
    pub reason: String,
}

impl DeliverySettings {
    /// The settings that `text` says, strictly: what means nothing is a mistake.
    ///
    /// # Errors
    /// [`FormError`] with the place.
    pub fn read(text: &str) -> Result<Self, FormError> {
        let wrong = |line, column, reason: String| FormError { line, column, reason };
        if text.len() > MOST_BYTES {
            return Err(wrong(0, 0, format!("the text has more than {MOST_BYTES} bytes")));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location();
            let (line, column) = at.map_or((0, 0), |at| (at.line(), at.column()));
            let said = error.without_snippet().to_string();
            // The place is told in front already.
            let reason = said.split(" at line ").next().unwrap_or(&said);
            wrong(line, column, discreet(reason))
        })
    }
}

/// What is wrong without the value that is: it may be a secret written in the wrong place.
fn discreet(reason: &str) -> String {
    match reason.split_once(", expected ") {
        Some((found, expected)) if found.contains("invalid") => format!("expected {expected}"),
        _ => reason.to_owned(),
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => out.write_str("Word(…)"),
            Self::Kept(at) => write!(out, "Word({at:?})"),
        }
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Word;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a text, or {file: …} or {env: …} where it is kept")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word::Plain(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Word, A::Error> {
                SecretRef::deserialize(MapAccessDeserializer::new(map)).map(Word::Kept)
            }
        }
        from.deserialize_any(Reading)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Address;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a URL or mailbox, a list of mailboxes, or {url: …, secrets: […]}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
                Ok(Address::One(Word::Plain(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Address, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = list.next_element()? {
                    many.push(one);
                }
                Ok(Address::Many(many))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Address, A::Error> {
                OwnAddress::deserialize(MapAccessDeserializer::new(map)).map(Address::Own)
            }
        }
        from.deserialize_any(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_read() {
        let text = r#"
tenants:
  changqing:
    desk: https://duban.example
    allowPrivate: [hooks.intranet]
    wording: {zh: {subject: "{{unit}}"}}
    channels:
      unit-hook:
        via: webhook
        secrets: [{env: HOOK}, {file: old.secret}]
        addresses:
          tax-bureau: https://tax.example/in
          housing: {url: {file: housing.url}, secrets: [{env: HOUSING}]}
        default: https://all.example/in
      letters:
        via: mail
        from: 督办 <duban@office.example>
        smtp: {host: mail.office.example, user: duban, password: {env: MAIL}}
        addresses: {tax-bureau: [a@tax.example, 李 <b@tax.example>]}
"#;
        let read = DeliverySettings::read(text).expect("settings");
        let tenant = read.tenants.values().next().expect("a tenant");
        assert_eq!(tenant.channels.len(), 2);
        let letters = tenant.channels.values().next().expect("letters");
        assert!(matches!(letters.addresses.values().next(), Some(Address::Many(many)) if many.len() == 2));
    }

    #[track_caller]
    fn check(text: &str, line: u64, said: &str) {
        let error = DeliverySettings::read(text).expect_err("a mistake");
        assert_eq!(error.line, line, "{error}");
        assert!(error.reason.contains(said), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_what_would_be_right() {
        let head = "tenants:\n  changqing:\n    channels:\n      hook:\n        via: webhook\n";
        check(
            &format!("{head}        addresses: {{tax: https://x?token=hush}}\n        secret: x\n"),
            7,
            "expected one of",
        );
        check(&head.replace("webhook", "fax"), 5, "webhook");
        check(&format!("{head}        default: {{link: hush}}\n"), 6, "url");
        check(&format!("{head}        secrets: [hush]\n"), 6, "");
        check(&format!("{head}        via: mail\n"), 6, "duplicate");
        check("tenants: {Nowhere: {}}\n", 1, "lower-case");
    }
}
