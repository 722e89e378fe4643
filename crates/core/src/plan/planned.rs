//! Keys that a plan changes, whatever it does to them: for rules and counts that concern both.

use std::collections::BTreeMap;

use super::{Plan, PlannedDeactivation, PlannedKey};
use crate::account::AccountId;
use crate::key::{AccessKeyId, UserName};
use crate::time::Instant;

/// A key that a plan changes.
#[derive(Clone, Copy, Debug)]
pub enum Planned<'a> {
    /// It is to be deleted.
    Deletion(&'a PlannedKey),
    /// It is to be deactivated.
    Deactivation(&'a PlannedDeactivation),
}

impl<'a> Planned<'a> {
    /// Its account.
    pub const fn account(self) -> AccountId {
        match self {
            Self::Deletion(key) => key.account,
            Self::Deactivation(key) => key.account,
        }
    }

    /// Its user's name.
    pub const fn user(self) -> &'a UserName {
        match self {
            Self::Deletion(key) => &key.user,
            Self::Deactivation(key) => &key.user,
        }
    }

    /// Its user's ARN.
    pub fn user_arn(self) -> &'a str {
        match self {
            Self::Deletion(key) => &key.user_arn,
            Self::Deactivation(key) => &key.user_arn,
        }
    }

    /// Its id.
    pub const fn key(self) -> &'a AccessKeyId {
        match self {
            Self::Deletion(key) => &key.key,
            Self::Deactivation(key) => &key.key,
        }
    }

    /// Its `CreateDate`.
    pub const fn created(self) -> Instant {
        match self {
            Self::Deletion(key) => key.created,
            Self::Deactivation(key) => key.created,
        }
    }

    /// The moment that the plan speaks of.
    pub const fn as_of(self) -> Instant {
        match self {
            Self::Deletion(key) => key.inactive_since.as_of,
            Self::Deactivation(key) => key.as_of,
        }
    }

    /// What that it is planned rests on: event ids, and the looks at it.
    pub fn evidence(self) -> &'a [String] {
        match self {
            Self::Deletion(key) => &key.evidence,
            Self::Deactivation(key) => &key.evidence,
        }
    }

    /// Exemptions that protected it once and have expired, by their ids.
    pub fn lapsed_exemptions(self) -> &'a [String] {
        match self {
            Self::Deletion(key) => &key.lapsed_exemptions,
            Self::Deactivation(key) => &key.lapsed_exemptions,
        }
    }

    /// What somebody does by hand who does it instead.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Deletion(_) => "delete",
            Self::Deactivation(_) => "deactivate",
        }
    }
}

/// How many keys are deleted, and how many deactivated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many are deleted.
    pub deletions: u64,
    /// How many are deactivated.
    pub deactivations: u64,
}

impl Amount {
    /// How many keys change.
    pub const fn changes(self) -> u64 {
        self.deletions + self.deactivations
    }

    /// One more.
    pub const fn count(&mut self, planned: Planned<'_>) {
        match planned {
            Planned::Deletion(_) => self.deletions += 1,
            Planned::Deactivation(_) => self.deactivations += 1,
        }
    }
}

/// `deletes 3 keys`, `deactivates 2 keys`, `deletes 3 keys and deactivates 2`.
impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self { deletions, deactivations: 0 } => write!(f, "deletes {deletions} keys"),
            Self { deletions: 0, deactivations } => write!(f, "deactivates {deactivations} keys"),
            Self { deletions, deactivations } => {
                write!(f, "deletes {deletions} keys and deactivates {deactivations}")
            }
        }
    }
}

impl Plan {
    /// Every key that it changes: first those that are deleted.
    pub fn planned(&self) -> impl Iterator<Item = Planned<'_>> {
        let deletions = self.keys.iter().map(Planned::Deletion);
        deletions.chain(self.deactivations.iter().map(Planned::Deactivation))
    }

    /// How many keys it changes.
    pub fn amount(&self) -> Amount {
        Amount { deletions: self.keys.len() as u64, deactivations: self.deactivations.len() as u64 }
    }

    /// Its keys, to be found by their ids.
    pub fn by_id(&self) -> ById<'_> {
        ById {
            deletions: self.keys.iter().map(|key| ((key.account, &key.key), key)).collect(),
            deactivations: self.deactivations.iter().map(|key| ((key.account, &key.key), key)).collect(),
        }
    }
}

/// The keys that a plan changes, by account and id: a plan has tens of thousands, and is asked for each of them.
#[derive(Clone, Debug)]
pub struct ById<'a> {
    deletions: BTreeMap<(AccountId, &'a AccessKeyId), &'a PlannedKey>,
    deactivations: BTreeMap<(AccountId, &'a AccessKeyId), &'a PlannedDeactivation>,
}

impl<'a> ById<'a> {
    /// The deletion of the key with this id.
    pub fn deletion(&self, account: AccountId, id: &AccessKeyId) -> Option<&'a PlannedKey> {
        self.deletions.get(&(account, id)).copied()
    }

    /// The deactivation of the key with this id.
    pub fn deactivation(&self, account: AccountId, id: &AccessKeyId) -> Option<&'a PlannedDeactivation> {
        self.deactivations.get(&(account, id)).copied()
    }
}
