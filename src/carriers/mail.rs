//! Mail: one letter to all mailboxes of a unit, as text and HTML, with the deadlines as a
//! calendar.
//!
//! The letter's own id is made of the message's key, so that a repeated letter is known
//! as the same one.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Letter};

use super::book::Book;
use super::cut::cut_line;
use super::smtp::Smtp;
use crate::event::catalogue::RungLight;
use crate::port::carrier::{
    Carried, Carrier, CarryError, Carrying, Destination, Message, Pace, Recipient, short,
};

/// What a relay of an office takes without complaint: ten a second.
pub const PACE: Pace = Pace { most: 100, within: Duration::from_secs(10), at_once: 4 };
/// The most characters of a subject line.
const MOST_SUBJECT: usize = 150;
/// The most mailboxes of a unit; a letter to more should go to a list.
pub const MOST_MAILBOXES: usize = 50;
/// Keeps automatic answers from being sent to a machine (RFC 3834).
const AUTOMATIC: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// Carries messages by mail.
pub struct Letters {
    /// Hands letters over.
    pub smtp: Smtp,
    /// Who writes.
    pub from: Mailbox,
    /// Who gets the answers.
    pub reply_to: Option<Mailbox>,
    /// To whom.
    pub book: Book<Vec<Mailbox>>,
    /// How fast.
    pub pace: Pace,
}

impl Letters {
    async fn send(&self, to: &[Mailbox], message: &Message) -> Result<Carried, CarryError> {
        let wrong = |error: lettre::error::Error| CarryError::Never { reason: short(&error.to_string()) };
        let letter = self.letter(to, message).map_err(wrong)?;
        let addresses: Vec<Address> = to.iter().map(|mailbox| mailbox.email.clone()).collect();
        let note = self.smtp.send(&self.from.email, &addresses, &letter.formatted()).await?;
        Ok(Carried { note })
    }

    fn letter(&self, to: &[Mailbox], message: &Message) -> Result<Letter, lettre::error::Error> {
        let nanos = u64::try_from(message.at.as_nanos()).unwrap_or(0);
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .message_id(Some(format!("<{}@{}>", message.key, self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos))
            .subject(cut_line(&short_line(&message.title), MOST_SUBJECT))
            .raw_header(raw(AUTOMATIC));
        if let RungLight::Red = message.light {
            letter = letter.raw_header(raw(("Importance", "high")));
        }
        if let Some(mailbox) = &self.reply_to {
            letter = letter.reply_to(mailbox.clone());
        }
        for mailbox in to {
            letter = letter.to(mailbox.clone());
        }
        let said = MultiPart::alternative()
            .singlepart(SinglePart::plain(message.text.clone()))
            .singlepart(SinglePart::html(message.html.clone()));
        if message.attachments.is_empty() {
            return letter.multipart(said);
        }
        let mut whole = MultiPart::mixed().multipart(said);
        for file in &message.attachments {
            // A type that cannot be read is sent as a file of bytes.
            let octets = "application/octet-stream";
            let media = ContentType::parse(&file.media).or_else(|_| ContentType::parse(octets));
            if let Ok(media) = media {
                whole = whole.singlepart(Attachment::new(file.name.clone()).body(file.body.clone(), media));
            }
        }
        letter.multipart(whole)
    }
}

fn raw((name, value): (&'static str, &str)) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn short_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

impl Carrier for Letters {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        let name = format!("{}:{}", self.smtp.host, self.smtp.port);
        self.book.find(to).map(|_| Destination { name, pace: self.pace })
    }

    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a> {
        Box::pin(async move { self.send(self.book.of(to)?, message).await })
    }
}
