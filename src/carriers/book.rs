//! The addresses of a channel: by unit, and one for all others.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::id::UnitId;
use crate::port::carrier::{CarryError, Destination, Pace, Recipient};

/// How many bytes of a digest tell places apart in names.
const MARK_BYTES: usize = 4;

/// Addresses of one kind.
#[derive(Debug, Clone)]
pub struct Book<A> {
    by_unit: BTreeMap<UnitId, A>,
    default: Option<A>,
}

/// An address with the name that stands for it where people look.
#[derive(Debug, Clone)]
pub struct Entry<A> {
    /// The name, without what the address carries.
    pub name: String,
    /// The address.
    pub address: A,
}

impl<A> Book<A> {
    /// A book of these.
    #[must_use]
    pub const fn new(by_unit: BTreeMap<UnitId, A>, default: Option<A>) -> Self {
        Self { by_unit, default }
    }

    /// The address of a recipient.
    ///
    /// # Errors
    /// [`CarryError::Never`] when there is none.
    pub fn of(&self, to: &Recipient) -> Result<&A, CarryError> {
        self.find(to).ok_or_else(|| CarryError::Never {
            reason: format!("the settings have no address for {} and no default", to.unit),
        })
    }

    /// The address of a recipient, if there is one.
    #[must_use]
    pub fn find(&self, to: &Recipient) -> Option<&A> {
        self.by_unit.get(&to.unit).or(self.default.as_ref())
    }
}

impl<A> Book<Entry<A>> {
    /// Where messages to a recipient end.
    #[must_use]
    pub fn destination(&self, to: &Recipient, pace: Pace) -> Option<Destination> {
        self.find(to).map(|entry| Destination { name: entry.name.clone(), pace })
    }
}

/// The name of a place: its host, and of what follows only so much of a digest that two
/// places of a host are told apart.
#[must_use]
pub fn name(host: &str, whole: &str) -> String {
    let digest = Sha256::digest(whole);
    format!("{host}#{}", const_hex::encode(digest.get(..MARK_BYTES).unwrap_or_default()))
}
