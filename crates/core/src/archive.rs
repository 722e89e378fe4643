//! What a store tells of past scans, and what is put into it from elsewhere than a scan.

use crate::account::AccountId;
use crate::assessment::Scope;
use crate::coverage::Coverage;
use crate::evidence::StatusChange;
use crate::key::{AccessKeyId, UserName};
use crate::memory::Begun;
use crate::time::Instant;
use crate::totals::Totals;

/// What is on record of one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRecord {
    /// What was known when it began.
    pub begun: Begun,
    /// How it ended; `None` for one that was killed, or that is still running.
    pub finished: Option<Finished>,
}

/// How a scan ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// When.
    pub at: Instant,
    /// What it came to.
    pub totals: Totals,
}

/// Why a text names no scan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAScan {
    /// Nothing fits.
    #[error("no scan has an id that begins with {0:?}")]
    Unknown(String),
    /// More than one fits.
    #[error("{count} scans have ids that begin with {text:?}, such as {first} and {second}")]
    Ambiguous {
        /// The text.
        text: String,
        /// How many fit.
        count: usize,
        /// The newest of them.
        first: String,
        /// The next.
        second: String,
    },
    /// It is empty.
    #[error("the scan that is named is empty")]
    Empty,
    /// There is no finished scan.
    #[error("no scan has finished yet")]
    NoneFinished,
}

impl ScanRecord {
    /// The one of `scans`, newest first, that `text` names: an id, the beginning of one and no other, or `latest` for the
    /// newest that finished.
    pub fn named<'a>(scans: &'a [Self], text: &str) -> Result<&'a Self, NotAScan> {
        // Every id begins with it: a variable that a script has not set names nothing.
        if text.is_empty() {
            return Err(NotAScan::Empty);
        }
        if text == "latest" {
            return scans.iter().find(|scan| scan.finished.is_some()).ok_or(NotAScan::NoneFinished);
        }
        if let Some(exact) = scans.iter().find(|scan| scan.begun.id == text) {
            return Ok(exact);
        }
        let fitting: Vec<&Self> = scans.iter().filter(|scan| scan.begun.id.starts_with(text)).collect();
        match fitting[..] {
            [] => Err(NotAScan::Unknown(text.to_owned())),
            [one] => Ok(one),
            [first, second, ..] => Err(NotAScan::Ambiguous {
                text: text.to_owned(),
                count: fitting.len(),
                first: first.begun.id.clone(),
                second: second.begun.id.clone(),
            }),
        }
    }

    /// The newest of `scans`, newest first, that finished and assessed the same as `scan`.
    pub fn latest_like<'a>(scans: &'a [Self], scan: &Self) -> Option<&'a Self> {
        scans.iter().find(|other| other.finished.is_some() && other.begun.same_scope(&scan.begun))
    }

    /// The newest of `scans`, newest first, that finished, assessed the same as `scan` and stands behind it.
    pub fn previous<'a>(scans: &'a [Self], scan: &Self) -> Option<&'a Self> {
        let at = scans.iter().position(|other| other.begun.id == scan.begun.id)?;
        Self::latest_like(scans.get(at + 1..)?, scan)
    }

    /// The newest of `scans`, newest first, of an organization or of one account, where it did not finish.
    pub fn unfinished(scans: &[Self], of_organization: bool) -> Option<&Self> {
        let same = |scan: &&Self| matches!(scan.begun.scope, Scope::Organization(_)) == of_organization;
        scans.iter().find(same).filter(|scan| scan.finished.is_none())
    }
}

/// What somebody imported by hand of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Status changes. Those that are known already, by their event, are left as they are.
    pub changes: Vec<StatusChange>,
    /// Spans of which the user says that every status change is among those that were imported.
    pub asserted: Coverage,
}

/// Which keys to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyQuery {
    /// Those whose id begins with this.
    IdPrefix(String),
    /// Those that were seen to belong to a user of this name, in any account.
    User(UserName),
}

/// A user's key that some scan saw.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownKey {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its id.
    pub key: AccessKeyId,
    /// The users that it was seen to belong to: more than one where the user was renamed. Sorted by name.
    pub owners: Vec<UserName>,
}
