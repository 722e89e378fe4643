//! Whether a key is exempt, by all exemptions and by the tags that protect by themselves: yes, no, or not to be told.

use std::collections::BTreeSet;
use std::fmt;

use super::{Exemption, KEEP_TAG, Protected, pattern};
use crate::account::{AccountId, OrganizationalUnit, Tags};
use crate::key::AccessKeyId;
use crate::time::Instant;

/// What is known of a key where exemptions are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its account.
    pub account: AccountId,
    /// The way to the account from the organization's root; `None` where it is not known.
    pub path: Option<&'a [OrganizationalUnit]>,
    /// The ARN of its user.
    pub user_arn: &'a str,
    /// Its id.
    pub key: &'a AccessKeyId,
    /// The tags of its user; `None` where they could not be read.
    pub tags: Option<&'a Tags>,
}

/// Whether a key is exempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing protects it.
    None,
    /// It is exempt.
    Exempt(ExemptBy),
    /// Something that could not be read would tell. Such a key is left alone.
    CannotTell(Unreadable),
}

/// What exempts a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExemptBy {
    /// An exemption, by its id.
    Exemption {
        /// Its id.
        id: String,
        /// Its reason.
        reason: String,
    },
    /// A tag of the user, whatever its value.
    KeepTag {
        /// The tag's key.
        name: String,
        /// The tag's value.
        value: String,
    },
}

impl fmt::Display for ExemptBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exemption { id, reason } => write!(f, "exemption {id}: {reason}"),
            Self::KeepTag { name, value } if value.is_empty() => write!(f, "the user's tag {name}"),
            Self::KeepTag { name, value } => write!(f, "the user's tag {name}={value}"),
        }
    }
}

/// What would tell whether a key is exempt, and could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unreadable {
    /// The user's tags.
    Tags,
    /// The organizational units of the account.
    OrganizationalUnits,
}

impl Unreadable {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::OrganizationalUnits => "organizational_units",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Tags, Self::OrganizationalUnits].into_iter().find(|what| what.name() == name)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tags => "the user's tags could not be read, and a tag may protect the key",
            Self::OrganizationalUnits => {
                "the account's organizational units are not known, and an exemption protects some"
            }
        })
    }
}

/// Every exemption, and the tags that protect by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemptions {
    list: Vec<Exemption>,
    keep_tags: BTreeSet<String>,
}

impl Default for Exemptions {
    fn default() -> Self {
        Self { list: Vec::new(), keep_tags: BTreeSet::from([KEEP_TAG.to_owned()]) }
    }
}

pub(super) enum Match {
    No,
    Yes,
    Unknown(Unreadable),
}

impl Exemptions {
    /// These exemptions, and the names of tags that protect a user's keys by themselves.
    pub fn new(
        list: impl IntoIterator<Item = Exemption>,
        keep_tags: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { list: list.into_iter().collect(), keep_tags: keep_tags.into_iter().collect() }
    }

    /// Every exemption, expired ones too.
    pub fn list(&self) -> &[Exemption] {
        &self.list
    }

    /// The tags that protect by themselves.
    pub fn keep_tags(&self) -> impl Iterator<Item = &str> {
        self.keep_tags.iter().map(String::as_str)
    }

    /// Whether the key is exempt at `now`. Exempt is said even where something else could not be read.
    pub fn protection(&self, subject: &Subject<'_>, now: Instant) -> Protection {
        let mut unreadable = None;
        for exemption in self.list.iter().filter(|exemption| !exemption.is_expired(now)) {
            match matches(exemption.protects(), subject) {
                Match::Yes => {
                    let (id, reason) = (exemption.id.clone(), exemption.reason.clone());
                    return Protection::Exempt(ExemptBy::Exemption { id, reason });
                }
                Match::Unknown(what) => unreadable = unreadable.or(Some(what)),
                Match::No => {}
            }
        }
        match self.kept_by_tag(subject) {
            Ok(Some((name, value))) => return Protection::Exempt(ExemptBy::KeepTag { name, value }),
            Ok(None) => {}
            Err(what) => unreadable = unreadable.or(Some(what)),
        }
        unreadable.map_or(Protection::None, Protection::CannotTell)
    }

    /// The tag of the user that protects by itself, with its value; an error where the tags would tell and were not read.
    pub(super) fn kept_by_tag(&self, subject: &Subject<'_>) -> Result<Option<(String, String)>, Unreadable> {
        let keeps = |name: &str| self.keep_tags.iter().any(|keep| keep.eq_ignore_ascii_case(name));
        match subject.tags {
            Some(tags) => {
                let found = tags.iter().find(|(name, _)| keeps(name));
                Ok(found.map(|(name, value)| (name.clone(), value.clone())))
            }
            None if self.keep_tags.is_empty() => Ok(None),
            None => Err(Unreadable::Tags),
        }
    }

    /// The expired exemptions that protected the key, or may have.
    pub fn lapsed<'a>(&'a self, subject: &Subject<'_>, now: Instant) -> impl Iterator<Item = &'a Exemption> {
        self.list
            .iter()
            .filter(move |exemption| exemption.is_expired(now))
            .filter(|exemption| !matches!(matches(exemption.protects(), subject), Match::No))
    }
}

/// Whether a user's name fits a pattern with `*` and `?`, in any case.
pub(crate) fn name_matches(pattern: &str, name: &str) -> bool {
    pattern::matches(&pattern.to_lowercase(), &name.to_lowercase())
}

/// Whether an account with this path lies below a unit, given by its id or by the names on the way to it.
pub(crate) fn lies_below(path: &[OrganizationalUnit], unit: &str) -> bool {
    let by_names = || {
        let names: Vec<&str> = path.iter().skip(1).map(|unit| unit.name.as_str()).collect();
        let wanted: Vec<&str> = unit.split('/').collect();
        names.starts_with(&wanted)
    };
    path.iter().any(|step| step.id == unit) || by_names()
}

pub(super) fn matches(protected: &Protected, subject: &Subject<'_>) -> Match {
    let known = |matches| if matches { Match::Yes } else { Match::No };
    match protected {
        Protected::Key(key) => known(key == subject.key),
        Protected::User(pattern) => known(pattern.matches(subject.user_arn)),
        Protected::Account(account) => known(*account == subject.account),
        Protected::OrganizationalUnit(unit) => match subject.path {
            Some(path) => known(lies_below(path, unit)),
            None => Match::Unknown(Unreadable::OrganizationalUnits),
        },
        Protected::Tag { name, value } => match subject.tags {
            // IAM takes keys of tags that differ only in case for the same.
            Some(tags) => known(tags.iter().any(|(key, found)| {
                key.eq_ignore_ascii_case(name) && value.as_ref().is_none_or(|wanted| wanted == found)
            })),
            None => Match::Unknown(Unreadable::Tags),
        },
    }
}
