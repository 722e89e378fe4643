//! A finding: one inactive key, since when it has been inactive, and what that means against the threshold.

use crate::account::{AccountId, Tags};
use crate::evidence::Evidence;
use crate::exemption::Standing;
use crate::infer::{Assertion, Claim, Contradiction};
use crate::key::{AccessKeyId, LastUsed, Owner};
use crate::time::{Instant, SignedDuration};

/// What is said of a key against the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Inactive for at least the threshold.
    LongTerm,
    /// Inactive for less than the threshold.
    Recent,
    /// The evidence allows both.
    Undetermined,
    /// The evidence contradicts itself; nothing is concluded from it.
    Contradictory,
}

impl Verdict {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LongTerm => "long_term",
            Self::Recent => "recent",
            Self::Undetermined => "undetermined",
            Self::Contradictory => "contradictory",
        }
    }
}

/// One inactive key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The account it belongs to.
    pub account: AccountId,
    /// Whose key it is.
    pub owner: Owner,
    /// Its id. `None` for a root user's key, which only the credential report shows, without an id.
    pub key: Option<AccessKeyId>,
    /// `CreateDate`; for a root user's key, `access_key_N_last_rotated` of the credential report.
    pub created: Instant,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when it has been inactive: the claim that the verdict rests on.
    pub inactive_since: Claim,
    /// What spans that somebody asserted to be complete did for that claim.
    pub assertion: Assertion,
    /// When an undetermined key will be known to be long-term, if it stays inactive and its history can be read then.
    pub known_by: Option<Instant>,
    /// Its last use.
    pub last_used: LastUsed,
    /// The last use, where it is later than the latest instant at which the key is claimed to have become inactive. AWS
    /// counts refused attempts, so this contradicts nothing, but it keeps the key out of clean-up until it is settled.
    pub used_since: Option<Instant>,
    /// What in the evidence cannot be true together.
    pub contradictions: Vec<Contradiction>,
    /// The facts that the claim rests on, earliest first.
    pub evidence: Vec<Evidence>,
    /// The user's tags; `None` where they could not be read.
    pub tags: Option<Tags>,
    /// Where it stands towards the exemptions; `None` where nothing concerns it, or nobody asked. It is told when a report is
    /// made ([`crate::assessment::Assessment::tell_exemptions`]), and is not kept.
    pub exemption: Option<Standing>,
    /// When the account was assessed: the "now" of [`Finding::at_most`].
    pub assessed_at: Instant,
}

impl Finding {
    /// The shortest time that the key can have been inactive.
    pub fn at_least(&self) -> SignedDuration {
        self.inactive_since.at_least()
    }

    /// The longest time that the key can have been inactive.
    pub fn at_most(&self) -> SignedDuration {
        self.assessed_at - self.inactive_since.interval.earliest()
    }

    /// The user's `owner` tag, in any case; `None` where there is none or the tags could not be read.
    pub fn owner_tag(&self) -> Option<&str> {
        let tags = self.tags.as_ref()?;
        tags.iter().find(|(key, _)| key.eq_ignore_ascii_case("owner")).map(|(_, value)| value.as_str())
    }
}
