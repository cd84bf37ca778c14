//! Handing a letter to a mail server, step by step, so that the step at which it ended
//! tells what became of the letter.
//!
//! Until the end of the letter is sent, nothing was taken; from there on, only the
//! server's word tells. Connections are kept for the next letter, and asked whether they
//! still stand before one is begun on them.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::guard::Guard;
use super::settings::SmtpTls;
use crate::port::carrier::{CarryError, short};

/// How long a connection with its greetings may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// How long naming who and to whom may take.
const ENVELOPE_WITHIN: Duration = Duration::from_secs(30);
/// How long the server may take to accept the letter. RFC 5321 allows it ten minutes;
/// who needs more than one is given the letter again.
const LETTER_WITHIN: Duration = Duration::from_secs(60);
/// How many of a server's addresses are tried.
const MOST_TRIED: usize = 3;
/// The most connections that are kept.
const MOST_KEPT: usize = 4;

/// How long each step may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connecting, with the greetings.
    pub connect: Duration,
    /// Naming who and to whom.
    pub envelope: Duration,
    /// Accepting the letter.
    pub letter: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: CONNECT_WITHIN, envelope: ENVELOPE_WITHIN, letter: LETTER_WITHIN }
    }
}

/// A mail server.
pub struct Smtp {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept private.
    pub tls: SmtpTls,
    /// Whose certificate is expected there; none where there is no TLS.
    pub expected: Option<TlsParameters>,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
    /// What we call ourselves.
    pub hello: ClientId,
    /// Keeps us from where we do not belong.
    pub guard: Guard,
    /// How long each step may take.
    pub limits: Limits,
    /// Connections that stand and are not in use.
    pub kept: Mutex<Vec<AsyncSmtpConnection>>,
}

/// Where a letter is in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing of it was said yet.
    Greeting,
    /// Who and to whom.
    Envelope,
    /// The letter itself: once it was sent, it may have been taken.
    Letter,
}

impl Smtp {
    /// Hands one letter over, to all of `to` or to nobody, and says what the server said.
    ///
    /// # Errors
    /// [`CarryError`]: never taken where the server says so for good, not known where the
    /// letter was sent and no word came.
    pub async fn send(&self, from: &Address, to: &[Address], letter: &[u8]) -> Result<String, CarryError> {
        let mut connection = self.connection().await?;
        let envelope = envelope(&mut connection, from, to);
        within(self.limits.envelope, Step::Envelope, envelope).await?;
        let said = within(self.limits.letter, Step::Letter, connection.message(letter)).await?;
        let note = format!("accepted: {} {}", said.code(), said.first_line().unwrap_or_default());
        self.keep(connection);
        Ok(discreet(&note))
    }

    /// A connection that stands.
    async fn connection(&self) -> Result<AsyncSmtpConnection, CarryError> {
        while let Some(mut kept) = self.take() {
            if timeout(self.limits.connect, kept.test_connected()).await == Ok(true) {
                return Ok(kept);
            }
        }
        let (host, port) = (self.host.as_str(), self.port);
        let found = self.guard.addresses(host, self.guard.allows(host, port));
        let found = timeout(self.limits.connect, found).await.map_err(|_| late(Step::Greeting))?;
        let found =
            found.map_err(|error| CarryError::Again { after: None, reason: short(&error.to_string()) })?;
        let mut failed = late(Step::Greeting);
        for address in found.into_iter().take(MOST_TRIED) {
            // To the address that was checked, whatever the name says by now.
            match within(self.limits.connect, Step::Greeting, self.open(address)).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn open(&self, address: IpAddr) -> Result<AsyncSmtpConnection, Error> {
        let implicit = match self.tls {
            SmtpTls::Implicit => self.expected.clone(),
            SmtpTls::Starttls | SmtpTls::None => None,
        };
        let place = (address, self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            place,
            Some(self.limits.connect),
            &self.hello,
            implicit,
            None,
        )
        .await?;
        if let (SmtpTls::Starttls, Some(expected)) = (self.tls, &self.expected) {
            connection.starttls(expected.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(connection);
        }
    }
}

async fn envelope(connection: &mut AsyncSmtpConnection, from: &Address, to: &[Address]) -> Result<(), Error> {
    connection.command(Mail::new(Some(from.clone()), Vec::new())).await?;
    for address in to {
        connection.command(Rcpt::new(address.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    Ok(())
}

async fn within<T>(
    limit: Duration,
    step: Step,
    talk: impl Future<Output = Result<T, Error>>,
) -> Result<T, CarryError> {
    let talked = timeout(limit, talk).await.map_err(|_| late(step))?;
    talked.map_err(|error| of(step, &error))
}

fn late(step: Step) -> CarryError {
    let reason = "the mail server did not answer in time".to_owned();
    match step {
        Step::Greeting | Step::Envelope => CarryError::Again { after: None, reason },
        Step::Letter => CarryError::Unknown { reason },
    }
}

fn of(step: Step, error: &Error) -> CarryError {
    let reason = discreet(&format!("the mail server: {error}"));
    match step {
        // A word for good about the letter or its recipients stands.
        Step::Envelope | Step::Letter if error.is_permanent() => CarryError::Never { reason },
        Step::Letter if !error.is_transient() => CarryError::Unknown { reason },
        // What it says about us, such as a wrong password, can be put right.
        Step::Greeting | Step::Envelope | Step::Letter => CarryError::Again { after: None, reason },
    }
}

/// A server's words without the addresses of people, since they go to the ledger.
fn discreet(said: &str) -> String {
    let hidden = |word: &str| if word.contains('@') { "…@…".to_owned() } else { word.to_owned() };
    short(&said.split_whitespace().map(hidden).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_kept_without_whom_it_says_it_of() {
        let said = discreet("550 5.1.1 <zhang.wei@tax.example>:\r\n no such user");
        assert_eq!(said, "550 5.1.1 …@… no such user");
    }

    #[test]
    fn the_step_tells_what_became_of_a_letter() {
        assert!(matches!(late(Step::Greeting), CarryError::Again { .. }));
        assert!(matches!(late(Step::Envelope), CarryError::Again { .. }));
        assert!(matches!(late(Step::Letter), CarryError::Unknown { .. }));
    }
}
