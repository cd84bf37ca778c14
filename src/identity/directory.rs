//! The office's accounts and tokens.
//!
//! They are settings of the office, not facts of a ledger: they hold for all of its
//! tenants, they must be forgettable, and a ledger forgets nothing. Names are never
//! given twice, because the ledger says by name who stated a fact; what is removed
//! leaves its name behind. Changing is all-or-nothing; keeping is a port's matter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::feed::Feeds;
use super::grant::Grant;
use super::secret::{digest, same};
use super::viewer::{Viewer, Who};
use crate::id::{AccountName, Name, Sha};
use crate::time::Instant;

/// The form in which a directory is kept; a later one is not read by guessing.
pub const FORM: u32 = 1;

/// Everybody who may sign in or show a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Directory {
    /// [`FORM`].
    pub form: u32,
    /// People.
    #[serde(default)]
    pub accounts: BTreeMap<AccountName, Account>,
    /// Systems.
    #[serde(default)]
    pub tokens: BTreeMap<Name, Token>,
    /// The addresses under which calendars of phones read a unit's deadlines.
    #[serde(default, skip_serializing_if = "Feeds::is_empty")]
    pub feeds: Feeds,
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The password's Argon2id hash; none once the account is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Grows with every change that must end the sessions begun before it.
    pub mark: u64,
    /// What the person may.
    pub grants: Vec<Grant>,
    /// When it was added.
    pub added_at: Instant,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Instant>,
}

/// A system's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// The digest of the secret, which is kept nowhere.
    pub digest: Sha,
    /// What the system may.
    pub grants: Vec<Grant>,
    /// When it was made.
    pub added_at: Instant,
    /// The first instant at which it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
}

/// A change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The name is, or was, somebody's.
    #[error("add {name}: the name is taken, or was; facts on the ledger may bear it, so choose another")]
    Taken {
        /// The name.
        name: String,
    },
    /// There is nobody of that name.
    #[error("find {name}: there is none, or not any more; list them to see who there is")]
    Unknown {
        /// The name.
        name: String,
    },
    /// Somebody who may do nothing needs no account.
    #[error("add {name}: give at least one role")]
    NoGrant {
        /// The name.
        name: String,
    },
}

impl Default for Directory {
    fn default() -> Self {
        Self { form: FORM, accounts: BTreeMap::new(), tokens: BTreeMap::new(), feeds: Feeds::default() }
    }
}

impl Directory {
    /// Whether accounts were ever set up; from then on everybody says who they are,
    /// even if the last account is removed.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        !self.accounts.is_empty()
    }

    /// An account that may sign in.
    #[must_use]
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.get(name).filter(|account| account.removed_at.is_none())
    }

    /// Who shows `secret` at `now`; nobody when it is unknown, revoked or ended.
    #[must_use]
    pub fn by_token(&self, secret: &str, now: Instant) -> Option<Viewer> {
        let shown = digest(secret);
        // All are compared, so that the time says nothing about which one it is.
        let found = self.tokens.iter().fold(None, |found, (name, token)| {
            if same(&token.digest, &shown) { Some((name, token)) } else { found }
        });
        let (name, _) = found.filter(|(_, token)| token.holds(now))?;
        Some(Viewer::new(Who::Token(name.clone()), found?.1.grants.clone()))
    }

    /// Whom a token's name stands for at `now`, where somebody else has made sure that
    /// it is theirs, as the broker does by keys.
    #[must_use]
    pub fn by_token_name(&self, name: &Name, now: Instant) -> Option<Viewer> {
        let token = self.tokens.get(name).filter(|token| token.holds(now))?;
        Some(Viewer::new(Who::Token(name.clone()), token.grants.clone()))
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn add_account(
        &mut self,
        name: &AccountName,
        password: String,
        grants: Vec<Grant>,
        now: Instant,
    ) -> Result<(), ChangeError> {
        if grants.is_empty() {
            return Err(ChangeError::NoGrant { name: name.to_string() });
        }
        if self.accounts.contains_key(name) {
            return Err(ChangeError::Taken { name: name.to_string() });
        }
        let account = Account { password: Some(password), mark: 0, grants, added_at: now, removed_at: None };
        self.accounts.insert(name.clone(), account);
        Ok(())
    }

    /// Removes a person; sessions end at once, the name stays taken.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`].
    pub fn remove_account(&mut self, name: &AccountName, now: Instant) -> Result<(), ChangeError> {
        let account = self.present(name)?;
        account.password = None;
        account.mark += 1;
        account.removed_at = Some(now);
        Ok(())
    }

    /// Gives a person another password; sessions begun with the old one end.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`].
    pub fn set_password(&mut self, name: &AccountName, password: String) -> Result<(), ChangeError> {
        let account = self.present(name)?;
        account.password = Some(password);
        account.mark += 1;
        Ok(())
    }

    /// Adds a system, known by the digest of its secret.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn add_token(&mut self, name: &Name, token: Token) -> Result<(), ChangeError> {
        if token.grants.is_empty() {
            return Err(ChangeError::NoGrant { name: name.to_string() });
        }
        if self.tokens.contains_key(name) {
            return Err(ChangeError::Taken { name: name.to_string() });
        }
        self.tokens.insert(name.clone(), token);
        Ok(())
    }

    /// Revokes a system's token; the name stays taken.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`].
    pub fn revoke_token(&mut self, name: &Name, now: Instant) -> Result<(), ChangeError> {
        let token = self.tokens.get_mut(name).filter(|token| token.revoked_at.is_none());
        let token = token.ok_or_else(|| ChangeError::Unknown { name: name.to_string() })?;
        token.revoked_at = Some(now);
        Ok(())
    }

    fn present(&mut self, name: &AccountName) -> Result<&mut Account, ChangeError> {
        let account = self.accounts.get_mut(name).filter(|account| account.removed_at.is_none());
        account.ok_or_else(|| ChangeError::Unknown { name: name.to_string() })
    }
}

impl Token {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.ends_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::secret::Secret;

    fn at(seconds: i64) -> Instant {
        Instant::from_nanos(0).plus_seconds(seconds)
    }

    fn token(secret: &Secret) -> Token {
        Token {
            digest: secret.digest(),
            grants: vec![Grant::Operator],
            added_at: at(0),
            ends_at: Some(at(100)),
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_holds_until_its_end_or_until_it_is_revoked() {
        let (secret, name) = (Secret::token(&[1; 32]), Name::new("oa").expect("a name"));
        let mut directory = Directory::default();
        directory.add_token(&name, token(&secret)).expect("added");
        assert!(directory.by_token(secret.reveal(), at(99)).is_some());
        assert!(directory.by_token_name(&name, at(99)).is_some());
        assert!(directory.by_token(secret.reveal(), at(100)).is_none(), "the end is no longer in it");
        assert!(directory.by_token("duban_x", at(1)).is_none());
        directory.revoke_token(&name, at(2)).expect("revoked");
        assert!(directory.by_token(secret.reveal(), at(3)).is_none());
        assert!(directory.by_token_name(&name, at(3)).is_none());
        assert!(directory.revoke_token(&name, at(4)).is_err(), "once is enough");
        assert!(directory.add_token(&name, token(&secret)).is_err(), "the ledger may bear the name");
    }

    #[test]
    fn removing_the_last_account_does_not_open_the_door() {
        let mut directory = Directory::default();
        assert!(!directory.is_set_up());
        let name = AccountName::new("zhang").expect("an account");
        assert!(directory.add_account(&name, "hash".into(), Vec::new(), at(0)).is_err());
        directory.add_account(&name, "hash".into(), vec![Grant::Operator], at(0)).expect("added");
        directory.remove_account(&name, at(1)).expect("removed");
        assert!(directory.account(&name).is_none() && directory.is_set_up());
        assert!(directory.set_password(&name, "other".into()).is_err());
        assert!(!serde_json::to_string(&directory).expect("JSON").contains("hash\""));
    }
}
