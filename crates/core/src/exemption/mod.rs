//! Exemptions: what is kept out of clean-up, by whom, why and until when. Whether one protects a key may be impossible to
//! say, and then clean-up must leave the key alone; where exemptions are kept is for others to know.

mod pattern;
mod protection;
mod standing;

use std::fmt;
use std::str::FromStr;

pub use pattern::{NotAPattern, UserPattern};
pub use protection::{ExemptBy, Exemptions, Protection, Subject, Unreadable};
pub(crate) use protection::{lies_below, name_matches};
pub use standing::{EXPIRED_SHOWN_FOR, Standing};

use crate::account::AccountId;
use crate::key::AccessKeyId;
use crate::time::{Instant, SignedDuration};

/// The longest time that an exemption may last: a year. What must stay for longer is looked at again every year.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The tag of a user that keeps its keys, unless others are configured.
pub const KEEP_TAG: &str = "keysweep:keep";

/// What an exemption protects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protected {
    /// One key.
    Key(AccessKeyId),
    /// The keys of the users with such an ARN.
    User(UserPattern),
    /// The keys of an account.
    Account(AccountId),
    /// The keys of the accounts below an organizational unit: its id (`ou-…`, or `r-…` for all accounts), or the names on
    /// the way to it (`Workloads/Production`).
    OrganizationalUnit(String),
    /// The keys of the users with this tag; where a value is given, with this value only.
    Tag {
        /// The tag's key.
        name: String,
        /// The tag's value.
        value: Option<String>,
    },
}

/// Why a text does not say what is protected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProtected {
    /// It has none of the known beginnings.
    #[error(
        "{0:?} does not say what to protect: write key:AKIA…, user:arn:aws:iam::111122223333:user/name (* and ? are wildcards), account:111122223333, ou:Workloads/Production or tag:name=value"
    )]
    Unknown(String),
    /// What follows the beginning is wrong.
    #[error("{text:?} does not say what to protect: {reason}")]
    Wrong {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl FromStr for Protected {
    type Err = NotProtected;

    fn from_str(text: &str) -> Result<Self, NotProtected> {
        let wrong = |reason: String| NotProtected::Wrong { text: text.to_owned(), reason };
        let unknown = || NotProtected::Unknown(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "key" => rest.parse().map(Self::Key).map_err(|error| wrong(format!("{error}"))),
            "user" => rest.parse().map(Self::User).map_err(|error| wrong(format!("{error}"))),
            "account" => rest.parse().map(Self::Account).map_err(|error| wrong(format!("{error}"))),
            "ou" if rest.is_empty() || rest.starts_with('/') || rest.ends_with('/') => {
                Err(wrong("an organizational unit is its id, ou-…, or the names on the way to it, such as Workloads/Production".to_owned()))
            }
            "ou" => Ok(Self::OrganizationalUnit(rest.to_owned())),
            "tag" => {
                let (name, value) = match rest.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (rest, None),
                };
                if name.is_empty() {
                    return Err(wrong("the tag has no name".to_owned()));
                }
                Ok(Self::Tag { name: name.to_owned(), value })
            }
            _ => Err(unknown()),
        }
    }
}

impl Protected {
    /// What somebody wrote who wants something protected. Beside what [`FromStr`] refuses, what would be kept and never match:
    /// white space at an end, and key ids that are not in capitals. No id, tag or unit of AWS is written so, or its id is.
    pub fn written(text: &str) -> Result<Self, NotProtected> {
        let meant = tidied(text);
        let read: Self = meant.parse()?;
        if meant == text {
            return Ok(read);
        }
        Err(NotProtected::Wrong { text: text.to_owned(), reason: format!("{meant:?} was meant") })
    }
}

/// The text without white space at the ends of its parts, and with a key id in capitals.
fn tidied(text: &str) -> String {
    let Some((kind, rest)) = text.split_once(':') else { return text.trim().to_owned() };
    let trimmed = |mark: &str| rest.split(mark).map(str::trim).collect::<Vec<_>>().join(mark);
    let (kind, rest) = (kind.trim(), rest.trim());
    match kind {
        "key" => format!("{kind}:{}", rest.to_ascii_uppercase()),
        "ou" => format!("{kind}:{}", trimmed("/")),
        "tag" => match rest.split_once('=') {
            Some((name, value)) => format!("{kind}:{}={}", name.trim(), value.trim()),
            None => format!("{kind}:{rest}"),
        },
        _ => format!("{kind}:{rest}"),
    }
}

/// The text that [`Protected`] is read from.
impl fmt::Display for Protected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "key:{key}"),
            Self::User(pattern) => write!(f, "user:{pattern}"),
            Self::Account(account) => write!(f, "account:{account}"),
            Self::OrganizationalUnit(unit) => write!(f, "ou:{unit}"),
            Self::Tag { name, value: None } => write!(f, "tag:{name}"),
            Self::Tag { name, value: Some(value) } => write!(f, "tag:{name}={value}"),
        }
    }
}

/// Something that is kept out of clean-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    id: String,
    protects: Protected,
    reason: String,
    author: String,
    created: Instant,
    expires: Instant,
}

/// Why something is not an exemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExemption {
    /// It has no id.
    #[error("it has no id")]
    WithoutId,
    /// It has no reason.
    #[error("it has no reason: say why the keys must stay")]
    WithoutReason,
    /// It has no author.
    #[error("it has no author: say who answers for it")]
    WithoutAuthor,
    /// It ends before it begins.
    #[error("it expires on {expires}, which is not after {created}, when it was made")]
    NeverValid {
        /// When it was made.
        created: Instant,
        /// When it is to expire.
        expires: Instant,
    },
    /// It lasts longer than a year.
    #[error("it expires on {expires}, more than a year after {created}: the latest is {latest}")]
    TooLong {
        /// When it was made.
        created: Instant,
        /// When it is to expire.
        expires: Instant,
        /// The latest moment that it can expire.
        latest: Instant,
    },
}

impl Exemption {
    /// An exemption that protects from `created` up to, not including, `expires`.
    pub fn new(
        id: &str,
        protects: Protected,
        reason: &str,
        author: &str,
        created: Instant,
        expires: Instant,
    ) -> Result<Self, NotAnExemption> {
        let (id, reason, author) = (id.trim(), reason.trim(), author.trim());
        let latest = created + LONGEST;
        if id.is_empty() {
            Err(NotAnExemption::WithoutId)
        } else if reason.is_empty() {
            Err(NotAnExemption::WithoutReason)
        } else if author.is_empty() {
            Err(NotAnExemption::WithoutAuthor)
        } else if expires <= created {
            Err(NotAnExemption::NeverValid { created, expires })
        } else if expires > latest {
            Err(NotAnExemption::TooLong { created, expires, latest })
        } else {
            let (id, reason, author) = (id.to_owned(), reason.to_owned(), author.to_owned());
            Ok(Self { id, protects, reason, author, created, expires })
        }
    }

    /// The same times under other words; words that are blank stay as they were.
    #[must_use]
    pub fn renamed(&self, id: &str, protects: Protected, reason: &str, author: &str) -> Self {
        Self::new(id, protects, reason, author, self.created, self.expires).unwrap_or_else(|_| self.clone())
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it protects.
    pub const fn protects(&self) -> &Protected {
        &self.protects
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Who answers for it.
    pub fn author(&self) -> &str {
        &self.author
    }

    /// When it was made.
    pub const fn created(&self) -> Instant {
        self.created
    }

    /// When it ceases to protect.
    pub const fn expires(&self) -> Instant {
        self.expires
    }

    /// Whether it protects no longer. One that was made in the future protects already: a clock that is behind must not
    /// take protection away.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{OrganizationalUnit, Tags};

    const NOW: Instant = Instant::from_unix(1_000_000_000);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn exemption(protects: &str) -> Exemption {
        Exemption::new("e1", protects.parse().unwrap(), "used by the bank", "alice", NOW - DAY, NOW + DAY)
            .unwrap()
    }

    fn path() -> Vec<OrganizationalUnit> {
        [("r-abcd", "Root"), ("ou-1", "Workloads"), ("ou-2", "Production")]
            .map(|(id, name)| OrganizationalUnit { id: id.to_owned(), name: name.to_owned() })
            .to_vec()
    }

    fn protection(protects: &str, path: Option<&[OrganizationalUnit]>, tags: Option<&Tags>) -> Protection {
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let subject = Subject {
            account: "111122223333".parse().unwrap(),
            path,
            user_arn: "arn:aws:iam::111122223333:user/service/billing",
            key: &key,
            tags,
        };
        Exemptions::new([exemption(protects)], []).protection(&subject, NOW)
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_kind_protects_what_it_names_and_nothing_else() {
        let (path, tags) = (path(), tags(&[("team", "core")]));
        for (protects, exempt) in [
            ("key:AKIAIOSFODNN7EXAMPLE", true),
            ("key:AKIAIOSFODNN7EXAMPLF", false),
            ("user:arn:aws:iam::111122223333:user/service/*", true),
            ("user:arn:aws:iam::111122223333:user/billing", false),
            ("account:111122223333", true),
            ("account:111122223334", false),
            ("ou:ou-2", true),
            ("ou:r-abcd", true),
            ("ou:Workloads", true),
            ("ou:Workloads/Production", true),
            ("ou:Production", false),
            ("ou:Work", false),
            ("ou:Workloads/Production/Core", false),
            ("tag:team", true),
            ("tag:team=core", true),
            ("tag:team=other", false),
            ("tag:Team", true),
            ("tag:tea", false),
        ] {
            let found = protection(protects, Some(&path), Some(&tags));
            assert_eq!(matches!(found, Protection::Exempt(_)), exempt, "{protects}: {found:?}");
            assert_eq!(protects.parse::<Protected>().unwrap().to_string(), protects);
        }
    }

    #[test]
    fn what_cannot_be_read_is_never_taken_for_not_exempt() {
        assert_eq!(protection("tag:team", None, None), Protection::CannotTell(Unreadable::Tags));
        let no_tags = Tags::new();
        assert_eq!(
            protection("ou:Workloads", None, Some(&no_tags)),
            Protection::CannotTell(Unreadable::OrganizationalUnits)
        );
        assert_eq!(protection("account:111122223334", None, None), Protection::None);
    }

    #[test]
    fn the_keep_tag_protects_whatever_its_value_and_unread_tags_may_hold_it() {
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let check = |tags: Option<&Tags>| {
            let account = "111122223333".parse().unwrap();
            let subject = Subject { account, path: None, user_arn: "arn", key: &key, tags };
            Exemptions::default().protection(&subject, NOW)
        };
        let kept = tags(&[("keysweep:keep", "false")]);
        assert!(matches!(check(Some(&kept)), Protection::Exempt(ExemptBy::KeepTag { .. })));
        assert_eq!(check(Some(&tags(&[("keep", "")]))), Protection::None);
        assert_eq!(check(None), Protection::CannotTell(Unreadable::Tags));
    }

    #[test]
    fn an_expired_exemption_protects_no_longer_and_is_told() {
        let exemptions = Exemptions::new([exemption("account:111122223333")], []);
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let account = "111122223333".parse().unwrap();
        let subject = Subject { account, path: None, user_arn: "arn", key: &key, tags: None };
        assert!(matches!(
            exemptions.protection(&subject, NOW + DAY - SignedDuration::from_secs(1)),
            Protection::Exempt(_)
        ));
        assert_eq!(exemptions.lapsed(&subject, NOW).count(), 0);
        assert_eq!(exemptions.protection(&subject, NOW + DAY), Protection::None);
        let lapsed: Vec<&str> = exemptions.lapsed(&subject, NOW + DAY).map(Exemption::id).collect();
        assert_eq!(lapsed, ["e1"]);
    }

    #[test]
    fn exemptions_have_reason_author_and_at_most_a_year() {
        let make = |id, reason, author, expires| {
            Exemption::new(
                id,
                Protected::Key("AKIAIOSFODNN7EXAMPLE".parse().unwrap()),
                reason,
                author,
                NOW,
                expires,
            )
        };
        assert_eq!(make("", "r", "a", NOW + DAY), Err(NotAnExemption::WithoutId));
        assert_eq!(make("e", " ", "a", NOW + DAY), Err(NotAnExemption::WithoutReason));
        assert_eq!(make("e", "r", "\t", NOW + DAY), Err(NotAnExemption::WithoutAuthor));
        assert!(matches!(make("e", "r", "a", NOW), Err(NotAnExemption::NeverValid { .. })));
        assert!(matches!(
            make("e", "r", "a", NOW + LONGEST.saturating_add(DAY)),
            Err(NotAnExemption::TooLong { .. })
        ));
        assert!(make("e", "r", "a", NOW + LONGEST).is_ok());
    }

    #[test]
    fn what_does_not_say_what_to_protect_is_refused() {
        for text in [
            "",
            "AKIAIOSFODNN7EXAMPLE",
            "key:",
            "key:AKIA",
            "user:billing",
            "account:42",
            "ou:",
            "ou:/A",
            "tag:",
            "tag:=x",
            "role:x",
        ] {
            assert!(text.parse::<Protected>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_and_could_never_match_is_refused_with_what_was_meant() {
        for (text, meant) in [
            ("key:akiaiosfodnn7example", "key:AKIAIOSFODNN7EXAMPLE"),
            ("key: AKIAIOSFODNN7EXAMPLE", "key:AKIAIOSFODNN7EXAMPLE"),
            ("account:111122223333\n", "account:111122223333"),
            (" ou:Workloads", "ou:Workloads"),
            ("ou:Workloads / Production", "ou:Workloads/Production"),
            ("tag:owner ", "tag:owner"),
            ("tag: owner =value", "tag:owner=value"),
            ("tag:owner=\u{a0}value", "tag:owner=value"),
        ] {
            let refused = Protected::written(text).unwrap_err().to_string();
            assert!(refused.contains(&format!("{meant:?} was meant")), "{text:?}: {refused}");
            assert_eq!(Protected::written(meant).unwrap().to_string(), meant);
        }
        for text in ["tag:a b=c d", "tag:a=b = c", "ou:My Workloads/Production", "tag:owner="] {
            assert_eq!(Protected::written(text), text.parse(), "{text:?}");
        }
        assert!(matches!(Protected::written(" x"), Err(NotProtected::Unknown(text)) if text == "x"));
        assert!(Protected::written("tag: ").is_err());
    }

    #[test]
    fn a_year_is_the_longest_and_a_leap_year_counts() {
        let lasting = |days: i64| {
            let expires = NOW + SignedDuration::from_hours(days * 24);
            Exemption::new("e", Protected::Account("111122223333".parse().unwrap()), "r", "a", NOW, expires)
        };
        assert!(lasting(366).is_ok());
        assert!(matches!(lasting(367), Err(NotAnExemption::TooLong { .. })));
    }

    #[test]
    fn an_exemption_and_a_set_of_them_give_back_what_they_were_made_of() {
        let protects = Protected::Account("111122223333".parse().unwrap());
        let one = Exemption::new(" e1 ", protects.clone(), "r ", " a", NOW, NOW + DAY).unwrap();
        assert_eq!((one.id(), one.reason(), one.author()), ("e1", "r", "a"));
        assert_eq!((one.protects(), one.created(), one.expires()), (&protects, NOW, NOW + DAY));
        let renamed = one.renamed("e2", protects.clone(), "", "b");
        assert_eq!(renamed, one, "words that are blank stay as they were");
        assert_eq!(one.renamed("e2", protects, "s", "b").id(), "e2");
        let exemptions = Exemptions::new([one.clone()], ["keep".to_owned(), "hold".to_owned()]);
        assert_eq!(exemptions.list(), [one]);
        assert_eq!(exemptions.keep_tags().collect::<Vec<_>>(), ["hold", "keep"]);
        assert_eq!(Exemptions::default().keep_tags().collect::<Vec<_>>(), [KEEP_TAG]);
    }

    #[test]
    fn what_exempts_and_what_could_not_be_read_is_told() {
        let tag = |value: &str| ExemptBy::KeepTag { name: "keep".to_owned(), value: value.to_owned() };
        assert_eq!(tag("").to_string(), "the user's tag keep");
        assert_eq!(tag("yes").to_string(), "the user's tag keep=yes");
        let by = ExemptBy::Exemption { id: "e1".to_owned(), reason: "bank".to_owned() };
        assert_eq!(by.to_string(), "exemption e1: bank");
        for (what, name, text) in [
            (Unreadable::Tags, "tags", "tags could not be read"),
            (Unreadable::OrganizationalUnits, "organizational_units", "units are not known"),
        ] {
            assert_eq!((what.name(), Unreadable::named(name)), (name, Some(what)));
            assert!(what.to_string().contains(text), "{what}");
        }
        assert_eq!(Unreadable::named("other"), None);
    }
}
