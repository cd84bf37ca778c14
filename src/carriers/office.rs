//! Makes the carriers of an office out of what it wrote of its destinations.
//!
//! Everything that can be known before the first message is checked here, every mistake
//! at once: addresses, secrets, mailboxes, what belongs to which kind of channel.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;

use super::book::{Book, Entry, name};
use super::guard::{Guard, Names};
use super::letters::letters;
use super::post::{ANSWER_WITHIN, Clock, Post};
use super::robot::{Group, Kind, Robot};
use super::secrets::{Environment, Secrets};
use super::settings::{Address, ChannelSettings, PaceSettings, SecretRef, TenantSettings, Via, Word};
use super::signature::WebhookKey;
use super::subject::{self, Subject};
use super::webhook::{Hook, Webhook};
use crate::id::{TenantId, UnitId};
use crate::identity::secret::Secret;
use crate::port::announce::Announce;
use crate::port::carrier::{Carrier, Carriers, Pace};

/// How fast a webhook is given messages, unless the settings say otherwise: what a small
/// service takes.
const HOOK_PACE: Pace = Pace { most: 20, within: Duration::from_secs(1), at_once: 4 };
/// The most secrets that one address is signed with at once.
const MOST_KEYS: usize = 4;

/// What carriers need of the world.
#[derive(Clone)]
pub struct World {
    /// Finds the addresses of names.
    pub names: Arc<dyn Names>,
    /// Reads the environment.
    pub environment: Environment,
    /// Reads the clock.
    pub clock: Clock,
    /// Announces on subjects; none where no channel does.
    pub announce: Option<Arc<dyn Announce>>,
    /// How long a receiver may take to answer.
    pub answer_within: Duration,
}

impl World {
    /// A world with the usual patience.
    #[must_use]
    pub fn new(names: Arc<dyn Names>, environment: Environment, clock: Clock) -> Self {
        Self { names, environment, clock, announce: None, answer_within: ANSWER_WITHIN }
    }
}

/// What is wrong with the settings of a tenant, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use the settings of delivery: {}", faults.join("; "))]
pub struct OfficeError {
    /// Each mistake with its place, such as `changqing/unit-hook/tax-bureau: …`.
    pub faults: Vec<String>,
}

/// The carriers of a tenant. Files are relative to `folder`, that of the settings.
///
/// # Errors
/// [`OfficeError`] with every mistake.
pub fn carriers(
    tenant: &TenantId,
    settings: &TenantSettings,
    folder: &Path,
    world: &World,
) -> Result<Carriers, OfficeError> {
    let fault = |error: &dyn std::error::Error| OfficeError { faults: vec![told(tenant.as_str(), error)] };
    let secrets = Secrets::new(folder, world.environment.clone());
    let guard = Guard::new(world.names.clone(), &settings.allow_private).map_err(|error| fault(&error))?;
    let roots = settings.trust.iter().map(|file| secrets.read(file)).collect::<Result<Vec<_>, _>>();
    let roots = roots.map_err(|error| fault(&error))?;
    let post = Post::new(&guard, &roots, world.clock.clone()).map_err(|error| fault(&error))?;
    let post = post.within(world.answer_within);
    let (mut carriers, mut faults) = (Carriers::new(), Vec::new());
    for (channel, settings) in &settings.channels {
        let place = format!("{tenant}/{channel}");
        let mut making = Making { settings, secrets: &secrets, guard: &guard, place, faults: Vec::new() };
        let made = making.carrier(tenant, &post, &roots, world.announce.as_ref());
        faults.append(&mut making.faults);
        if let Some(made) = made {
            carriers.insert(channel.clone(), made);
        }
    }
    if faults.is_empty() { Ok(carriers) } else { Err(OfficeError { faults }) }
}

fn told(place: &str, error: &dyn std::error::Error) -> String {
    let mut text = format!("{place}: {error}");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// A channel in the making, with what is wrong with it so far.
pub(super) struct Making<'a> {
    pub(super) settings: &'a ChannelSettings,
    pub(super) secrets: &'a Secrets,
    pub(super) guard: &'a Guard,
    place: String,
    faults: Vec<String>,
}

impl Making<'_> {
    fn carrier(
        &mut self,
        tenant: &TenantId,
        post: &Post,
        roots: &[Vec<u8>],
        announce: Option<&Arc<dyn Announce>>,
    ) -> Option<Arc<dyn Carrier>> {
        self.refuse_strangers();
        match self.settings.via {
            Via::Webhook => {
                let (book, pace) = (self.hooks(), self.pace(HOOK_PACE));
                Some(Arc::new(Webhook { post: post.clone(), book: book?, pace: pace? }))
            }
            Via::Dingtalk => self.robot(Kind::Dingtalk, post),
            Via::Wecom => self.robot(Kind::Wecom, post),
            Via::Feishu => self.robot(Kind::Feishu, post),
            Via::Mail => letters(self, roots).map(|made| Arc::new(made) as Arc<dyn Carrier>),
            Via::Subject => {
                let pace = self.pace(subject::PACE)?;
                let Some(announce) = announce.cloned() else {
                    return self.wrong("", "there is no broker to announce on here");
                };
                Some(Arc::new(Subject { tenant: tenant.clone(), announce, pace }))
            }
        }
    }

    /// Notes what is wrong, at a part of the channel.
    pub(super) fn wrong<T>(&mut self, part: &str, reason: &str) -> Option<T> {
        let slash = if part.is_empty() { "" } else { "/" };
        self.faults.push(format!("{}{slash}{part}: {reason}", self.place));
        None
    }

    /// Notes an error, if it is one.
    pub(super) fn take<T, E: std::error::Error>(&mut self, part: &str, found: Result<T, E>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(error) => {
                let slash = if part.is_empty() { "" } else { "/" };
                self.faults.push(told(&format!("{}{slash}{part}", self.place), &error));
                None
            }
        }
    }

    /// What is set and means nothing to this kind of channel is a mistake.
    fn refuse_strangers(&mut self) {
        let set = self.settings;
        let (mail, robot) = match set.via {
            Via::Mail => (true, false),
            Via::Dingtalk | Via::Wecom | Via::Feishu => (false, true),
            Via::Webhook | Via::Subject => (false, false),
        };
        let signs = matches!(set.via, Via::Webhook | Via::Dingtalk | Via::Feishu);
        let of_mail = set.from.is_some() || set.reply_to.is_some() || set.smtp.is_some();
        let has_address = !set.addresses.is_empty() || set.default.is_some();
        let strangers = [
            (of_mail && !mail, "from, replyTo and smtp are for mail only"),
            (set.form.is_some() && !robot, "form is for robots only"),
            (!set.secrets.is_empty() && !signs, "secrets are for webhook, dingtalk and feishu only"),
            (has_address && set.via == Via::Subject, "a subject has no addresses: it is the unit's own"),
            (!has_address && set.via != Via::Subject, "there is no address; write addresses or a default"),
        ];
        for (_, reason) in strangers.into_iter().filter(|(is_wrong, _)| *is_wrong) {
            self.wrong::<()>("", reason);
        }
    }

    /// The pace that is set, or else `usual`.
    pub(super) fn pace(&mut self, usual: Pace) -> Option<Pace> {
        let Some(PaceSettings { most, seconds, at_once }) = self.settings.pace else { return Some(usual) };
        if most == 0 || seconds == 0 || at_once == 0 {
            return self.wrong("pace", "most, seconds and atOnce should be 1 or more");
        }
        Some(Pace { most, within: Duration::from_secs(seconds.into()), at_once })
    }

    /// Every address of the channel, read by `read`; none when one of them is wrong.
    pub(super) fn book<A>(
        &mut self,
        read: impl Fn(&mut Self, &str, &Address) -> Option<A>,
    ) -> Option<Book<A>> {
        let settings = self.settings;
        let mut by_unit: BTreeMap<UnitId, A> = BTreeMap::new();
        for (unit, address) in &settings.addresses {
            if let Some(found) = read(self, unit.as_str(), address) {
                by_unit.insert(unit.clone(), found);
            }
        }
        let default = settings.default.as_ref().map(|address| read(self, "default", address));
        let whole = by_unit.len() == settings.addresses.len() && !matches!(default, Some(None));
        whole.then(|| Book::new(by_unit, default.flatten()))
    }

    fn hooks(&mut self) -> Option<Book<Entry<Hook>>> {
        let settings = self.settings;
        self.book(|making, part, address| {
            let (url, own) = making.url(part, address)?;
            let place = making.take(part, making.guard.place(url.reveal()))?;
            let from = if own.is_empty() { &settings.secrets } else { own };
            let kept = making.take(part, making.secrets.fetch_all(from))?;
            let keys: Result<Vec<_>, _> = kept.iter().map(WebhookKey::read).collect();
            let keys = making.take(part, keys)?;
            if keys.is_empty() || keys.len() > MOST_KEYS {
                return making.wrong(part, "give 1 to 4 secrets; receivers must be able to check who sends");
            }
            Some(Entry { name: name(&place.host(), url.reveal()), address: Hook { place, keys } })
        })
    }

    fn robot(&mut self, kind: Kind, post: &Post) -> Option<Arc<dyn Carrier>> {
        let settings = self.settings;
        let book = self.book(|making, part, address| {
            let (url, own) = making.url(part, address)?;
            let place = making.take(part, making.guard.place(url.reveal()))?;
            let from = if own.is_empty() { &settings.secrets } else { own };
            let mut kept = making.take(part, making.secrets.fetch_all(from))?;
            if kept.len() > 1 || kind == Kind::Wecom && !kept.is_empty() {
                return making.wrong(part, "a robot of DingTalk or Feishu has one secret, one of WeCom none");
            }
            let group = Group { place, secret: kept.pop() };
            Some(Entry { name: name(&group.place.host(), url.reveal()), address: group })
        });
        let (form, pace) = (settings.form.unwrap_or_else(|| kind.form()), self.pace(kind.pace()));
        Some(Arc::new(Robot { kind, post: post.clone(), book: book?, form, pace: pace? }))
    }

    /// The URL of an address, and the secrets of its own.
    fn url<'s>(&mut self, part: &str, address: &'s Address) -> Option<(Secret, &'s [SecretRef])> {
        let (word, own): (&Word, &[SecretRef]) = match address {
            Address::One(word) => (word, &[]),
            Address::Own(own) => (&own.url, &own.secrets),
            Address::Many(_) => return self.wrong(part, "a list is for mail; write one URL"),
        };
        Some((self.take(part, self.secrets.word(word))?, own))
    }

    /// The mailboxes of an address.
    pub(super) fn mailboxes(&mut self, part: &str, address: &Address) -> Option<Vec<Mailbox>> {
        let texts = match address {
            Address::One(Word::Plain(text)) => std::slice::from_ref(text),
            Address::Many(texts) => texts.as_slice(),
            Address::One(Word::Kept(_)) | Address::Own(_) => {
                return self.wrong(part, "write a mailbox, or a list of mailboxes");
            }
        };
        if texts.is_empty() || texts.len() > super::mail::MOST_MAILBOXES {
            return self.wrong(part, "write 1 to 50 mailboxes");
        }
        let read: Vec<Option<Mailbox>> = texts.iter().map(|text| self.mailbox(part, text)).collect();
        read.into_iter().collect()
    }

    /// A mailbox: `name@host`, or `title <name@host>`.
    pub(super) fn mailbox(&mut self, part: &str, text: &str) -> Option<Mailbox> {
        let read = text.parse::<Mailbox>().ok().filter(|read| read.email.to_string().is_ascii());
        read.or_else(|| {
            self.wrong(part, "write mailboxes as name@host or title <name@host>, the address in ASCII")
        })
    }
}
