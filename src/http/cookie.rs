//! The one cookie: a session's id, out of reach of scripts and of other sites.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::identity::secret::Secret;
use crate::identity::session::LONGEST;

/// Its name over TLS; browsers hold a name that begins so to what it promises.
const SECURE_NAME: &str = "__Host-duban";
/// Its name on a loopback without TLS.
const NAME: &str = "duban";

/// How cookies are written.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    /// Only over TLS.
    pub is_secure: bool,
}

impl Cookies {
    /// The session's id in a request.
    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        value(headers, self.name())
    }

    /// Sets the session's id.
    pub fn session(self, id: &Secret) -> HeaderValue {
        self.line(self.name(), id.reveal(), LONGEST.as_secs(), "Strict")
    }

    /// Forgets the session's id.
    pub fn ended(self) -> HeaderValue {
        self.line(self.name(), "", 0, "Strict")
    }

    /// Sets what binds a visit to the issuer to this browser. It must come back with
    /// the issuer's redirect, which `Strict` would keep from it.
    pub fn visit(self, visit: &Secret, seconds: u64) -> HeaderValue {
        self.line(self.visit_name(), visit.reveal(), seconds, "Lax")
    }

    /// What binds a visit to the issuer, in a request.
    pub fn read_visit(self, headers: &HeaderMap) -> Option<&str> {
        value(headers, self.visit_name())
    }

    /// Whether a line sets or ends a session.
    pub fn is_session(self, line: &HeaderValue) -> bool {
        line.as_bytes().strip_prefix(self.name().as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    }

    const fn name(self) -> &'static str {
        if self.is_secure { SECURE_NAME } else { NAME }
    }

    const fn visit_name(self) -> &'static str {
        if self.is_secure { "__Host-duban-visit" } else { "duban-visit" }
    }

    fn line(self, name: &str, value: &str, seconds: u64, same_site: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let line =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}");
        // A secret's letters always make a header.
        HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static("duban=; Max-Age=0"))
    }
}

fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(of, value)| (of == name).then_some(value))
}
