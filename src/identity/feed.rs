//! Addresses under which a unit's deadlines are read without signing in.
//!
//! A phone's calendar can keep an address, but neither a session nor a header. So the
//! address itself carries a secret, of which only the digest is kept. It opens that
//! unit's feed and nothing else: it is no grant, and nobody is signed in by it. A unit
//! has one at a time, so that a new one ends the one before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::directory::ChangeError;
use super::secret::{digest, same};
use crate::id::{Sha, TenantId, UnitId};
use crate::time::Instant;

/// One unit's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Feed {
    /// The digest of the secret, which is kept nowhere.
    pub digest: Sha,
    /// When it was made.
    pub added_at: Instant,
}

/// Every address that holds, by tenant and unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Feeds(BTreeMap<TenantId, BTreeMap<UnitId, Feed>>);

impl Feeds {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by tenant and unit.
    pub fn iter(&self) -> impl Iterator<Item = (&TenantId, &UnitId, &Feed)> {
        self.0.iter().flat_map(|(tenant, units)| units.iter().map(move |(unit, feed)| (tenant, unit, feed)))
    }

    /// A unit's, if it has one.
    #[must_use]
    pub fn of(&self, tenant: &TenantId, unit: &UnitId) -> Option<&Feed> {
        self.0.get(tenant)?.get(unit)
    }

    /// Whose deadlines `secret` shows; nobody's when it is unknown or was revoked.
    #[must_use]
    pub fn shown_by(&self, secret: &str) -> Option<(&TenantId, &UnitId)> {
        let shown = digest(secret);
        // All are compared, so that the time says nothing about which one it is.
        self.iter().fold(
            None,
            |found, (tenant, unit, feed)| {
                if same(&feed.digest, &shown) { Some((tenant, unit)) } else { found }
            },
        )
    }

    /// Gives a unit an address; the one that it had before ends.
    pub fn renew(&mut self, tenant: &TenantId, unit: &UnitId, feed: Feed) {
        self.0.entry(tenant.clone()).or_default().insert(unit.clone(), feed);
    }

    /// Ends a unit's address.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`] when it has none.
    pub fn revoke(&mut self, tenant: &TenantId, unit: &UnitId) -> Result<(), ChangeError> {
        let of_tenant = self.0.get_mut(tenant);
        let ended = of_tenant.and_then(|units| units.remove(unit));
        self.0.retain(|_, units| !units.is_empty());
        ended.map(|_| ()).ok_or_else(|| ChangeError::Unknown { name: format!("a feed of {tenant}/{unit}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::secret::Secret;

    fn feed(secret: &Secret) -> Feed {
        Feed { digest: secret.digest(), added_at: Instant::from_nanos(0) }
    }

    #[test]
    fn a_unit_has_one_address_which_ends_when_it_is_renewed_or_revoked() {
        let tenant = TenantId::new("changqing").expect("a tenant");
        let (water, tax) = (UnitId::new("water").expect("a unit"), UnitId::new("tax").expect("a unit"));
        let (first, second, other) = (Secret::of(&[1; 32]), Secret::of(&[2; 32]), Secret::of(&[3; 32]));
        let mut feeds = Feeds::default();
        feeds.renew(&tenant, &water, feed(&first));
        feeds.renew(&tenant, &tax, feed(&other));
        assert_eq!(feeds.shown_by(first.reveal()), Some((&tenant, &water)));
        feeds.renew(&tenant, &water, feed(&second));
        assert_eq!(feeds.shown_by(first.reveal()), None, "a new address ends the one before");
        assert_eq!(feeds.shown_by(second.reveal()), Some((&tenant, &water)));
        feeds.revoke(&tenant, &water).expect("revoked");
        assert_eq!(feeds.shown_by(second.reveal()), None);
        assert!(feeds.revoke(&tenant, &water).is_err(), "once is enough");
        assert_eq!(feeds.shown_by(other.reveal()), Some((&tenant, &tax)), "others keep theirs");
        let kept = serde_json::to_string(&feeds).expect("JSON");
        assert!(!kept.contains(other.reveal()), "{kept}");
    }
}
