//! Makes the carrier of mail out of the settings of its channel.

use std::sync::Mutex;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::mail::{Letters, PACE};
use super::office::Making;
use super::settings::{SmtpSettings, SmtpTls};
use super::smtp::{Limits, Smtp};

/// The ports that public mail servers are spoken to at.
const MAIL_PORTS: [u16; 3] = [25, 465, 587];

/// The carrier of a mail channel, unless something is wrong with it.
pub(super) fn letters(making: &mut Making<'_>, roots: &[Vec<u8>]) -> Option<Letters> {
    let settings = making.settings;
    let book = making.book(Making::mailboxes);
    let reply_to = settings.reply_to.as_ref().map(|text| making.mailbox("replyTo", text));
    let from = match &settings.from {
        Some(text) => making.mailbox("from", text),
        None => making.wrong("from", "say who writes: title <name@host>"),
    };
    let pace = making.pace(PACE);
    let Some(server) = &settings.smtp else { return making.wrong("smtp", "name the server that takes mail") };
    let domain = from.as_ref().map_or("localhost", |from| from.email.domain()).to_owned();
    let smtp = smtp(making, server, roots, domain);
    let reply_to = match reply_to {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Letters { smtp: smtp?, from: from?, reply_to, book: book?, pace: pace? })
}

fn smtp(making: &mut Making<'_>, server: &SmtpSettings, roots: &[Vec<u8>], domain: String) -> Option<Smtp> {
    let port = server.port.unwrap_or(match server.tls {
        SmtpTls::Implicit => 465,
        SmtpTls::Starttls => 587,
        SmtpTls::None => 25,
    });
    let is_allowed = making.guard.allows(&server.host, port);
    let is_clear = server.tls == SmtpTls::None;
    if !is_allowed && !MAIL_PORTS.contains(&port) {
        return making.wrong("smtp/port", "it is none of 25, 465, 587; name host:port under allowPrivate");
    }
    if is_clear && !is_allowed {
        return making.wrong("smtp/tls", "without TLS is only for hosts under allowPrivate");
    }
    if is_clear && server.user.is_some() {
        return making.wrong("smtp/tls", "a password is not sent in the clear; use implicit or starttls");
    }
    let credentials = match (&server.user, &server.password) {
        (None, None) => None,
        (Some(user), Some(kept)) => {
            let password = making.take("smtp/password", making.secrets.fetch(kept))?;
            Some(Credentials::new(user.clone(), password.reveal().to_owned()))
        }
        (Some(_), None) | (None, Some(_)) => {
            return making.wrong("smtp", "give user and password both, or neither");
        }
    };
    let expected = if is_clear { None } else { Some(expected(making, &server.host, roots)?) };
    Some(Smtp {
        host: server.host.clone(),
        port,
        tls: server.tls,
        expected,
        credentials,
        hello: ClientId::Domain(server.hello.clone().unwrap_or(domain)),
        guard: making.guard.clone(),
        limits: Limits::default(),
        kept: Mutex::default(),
    })
}

/// Whose certificate the server must show: the name's, whatever its address.
fn expected(making: &mut Making<'_>, host: &str, roots: &[Vec<u8>]) -> Option<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    for pem in roots {
        let root = making.take("trust", Certificate::from_pem(pem))?;
        builder = builder.add_root_certificate(root);
    }
    making.take("smtp/tls", builder.build())
}
