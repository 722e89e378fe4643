//! Where a finding stands towards the exemptions, for reports: an exempt key stays visible in all of them, with the reason.

use super::protection::{Match, matches};
use super::{Exemption, Exemptions, Subject, Unreadable};
use crate::assessment::Assessment;
use crate::key::Owner;
use crate::time::{Instant, SignedDuration};

/// An expired exemption is shown for so long: 90 days. Whoever forgot to renew it has that long to see it.
pub const EXPIRED_SHOWN_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Where a key stands towards the exemptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An exemption protects it.
    Exempt(Exemption),
    /// A tag of its user protects it, whatever its value.
    KeepTag {
        /// The tag's key.
        name: String,
        /// The tag's value.
        value: String,
    },
    /// What would tell whether it is exempt could not be read. Clean-up leaves it alone.
    CannotTell(Unreadable),
    /// An exemption protected it, or may have, until lately. It protects no longer.
    Expired(Exemption),
}

impl Standing {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Exempt(_) | Self::KeepTag { .. } => "exempt",
            Self::CannotTell(_) => "cannot_tell",
            Self::Expired(_) => "expired",
        }
    }

    /// The exemption, in force or expired.
    pub const fn exemption(&self) -> Option<&Exemption> {
        match self {
            Self::Exempt(exemption) | Self::Expired(exemption) => Some(exemption),
            Self::KeepTag { .. } | Self::CannotTell(_) => None,
        }
    }

    /// Whether clean-up leaves the key alone for it.
    pub const fn protects(&self) -> bool {
        !matches!(self, Self::Expired(_))
    }
}

impl Exemptions {
    /// Where the key stands at `now`; `None` where nothing concerns it. It says of a key that it is protected exactly where
    /// [`Exemptions::protection`] keeps it.
    pub fn standing(&self, subject: &Subject<'_>, now: Instant) -> Option<Standing> {
        let mut unread = None;
        for exemption in self.list().iter().filter(|exemption| !exemption.is_expired(now)) {
            match matches(exemption.protects(), subject) {
                Match::Yes => return Some(Standing::Exempt(exemption.clone())),
                Match::Unknown(what) => unread = unread.or(Some(what)),
                Match::No => {}
            }
        }
        match self.kept_by_tag(subject) {
            Ok(Some((name, value))) => return Some(Standing::KeepTag { name, value }),
            Ok(None) => {}
            Err(what) => unread = unread.or(Some(what)),
        }
        if let Some(what) = unread {
            return Some(Standing::CannotTell(what));
        }
        let lately = |exemption: &&Exemption| now - exemption.expires() < EXPIRED_SHOWN_FOR;
        let lapsed = self.lapsed(subject, now).filter(lately);
        lapsed.max_by_key(|exemption| exemption.expires()).cloned().map(Standing::Expired)
    }
}

impl Assessment {
    /// Says at each finding where it stands towards the exemptions, as of the end of the scan. Keys of root users have no
    /// standing: clean-up never deletes them.
    pub fn tell_exemptions(&mut self, exemptions: &Exemptions) {
        let now = self.finished_at;
        for assessed in &mut self.accounts {
            for finding in &mut assessed.findings {
                let (Owner::User { arn, .. }, Some(key)) = (&finding.owner, &finding.key) else { continue };
                let subject = Subject {
                    account: finding.account,
                    path: assessed.account.path.as_deref(),
                    user_arn: arn,
                    key,
                    tags: finding.tags.as_ref(),
                };
                finding.exemption = exemptions.standing(&subject, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KEEP_TAG, Protection};
    use super::*;
    use crate::account::Tags;

    const NOW: Instant = Instant::from_unix(1_000_000_000);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn exemption(id: &str, protects: &str, expires: Instant) -> Exemption {
        Exemption::new(id, protects.parse().unwrap(), "bank", "alice", expires - DAY, expires).unwrap()
    }

    #[test]
    fn protected_is_said_exactly_where_clean_up_keeps_the_key() {
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let account = "111122223333".parse().unwrap();
        let kept = Tags::from([(KEEP_TAG.to_owned(), String::new())]);
        let none = Tags::new();
        for protects in ["account:111122223333", "account:222233334444", "ou:Workloads", "tag:team"] {
            for tags in [None, Some(&none), Some(&kept)] {
                for expires in [NOW - DAY, NOW + DAY] {
                    let exemptions =
                        Exemptions::new([exemption("e", protects, expires)], [KEEP_TAG.to_owned()]);
                    let subject = Subject { account, path: None, user_arn: "arn", key: &key, tags };
                    let kept = exemptions.protection(&subject, NOW) != Protection::None;
                    let said = exemptions.standing(&subject, NOW).is_some_and(|standing| standing.protects());
                    assert_eq!(said, kept, "{protects} {tags:?} {expires}");
                }
            }
        }
    }

    #[test]
    fn the_exemption_that_expired_last_is_shown_for_a_while() {
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let account = "111122223333".parse().unwrap();
        let tags = Tags::new();
        let subject = Subject { account, path: None, user_arn: "arn", key: &key, tags: Some(&tags) };
        let all = "account:111122223333";
        let exemptions =
            Exemptions::new([exemption("old", all, NOW - DAY - DAY), exemption("new", all, NOW - DAY)], []);
        let standing = exemptions.standing(&subject, NOW);
        assert_eq!(standing.as_ref().and_then(Standing::exemption).map(Exemption::id), Some("new"));
        assert_eq!(standing.map(|standing| standing.name()), Some("expired"));
        assert_eq!(exemptions.standing(&subject, NOW - DAY + EXPIRED_SHOWN_FOR), None);
    }
    #[test]
    fn an_expired_exemption_is_shown_for_90_days() {
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let account = "111122223333".parse().unwrap();
        let tags = Tags::new();
        let subject = Subject { account, path: None, user_arn: "arn", key: &key, tags: Some(&tags) };
        let exemptions = Exemptions::new([exemption("e", "account:111122223333", NOW)], []);
        let shown =
            |days: i64| exemptions.standing(&subject, NOW + SignedDuration::from_hours(days * 24)).is_some();
        assert_eq!((shown(0), shown(89), shown(90)), (true, true, false));
    }
}
