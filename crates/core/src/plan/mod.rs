//! A plan: exactly which keys are to be deleted and why, and which are not and why not. It is made by [`build`], checked by
//! [`lint`], written and read by [`document`]. Where that is turned on, [`unused`] adds keys to be deactivated. Just before
//! something is done to a key there is one more [`look`] at it, from which [`decide`] and [`switch`] decide.

pub mod build;
pub mod decide;
pub mod digest;
pub mod document;
pub mod grace;
pub mod idle;
pub mod lint;
pub mod look;
pub mod planned;
mod skip;
pub mod switch;
pub mod unused;

use std::fmt;

pub use planned::{Amount, ById, Planned};
pub use skip::SkipReason;

use crate::account::{AccountId, CallerIdentity, OrganizationalUnit, Partition};
use crate::assessment::Scope;
use crate::exemption::{ExemptBy, Unreadable};
use crate::infer::{Claim, Confidence};
use crate::key::{AccessKeyId, UserName};
use crate::policy::{Policy, UnusedLimit};
use crate::time::{Instant, Interval, SignedDuration};

/// What is to be deleted, and what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id, unique and sortable by time.
    pub id: String,
    /// The version of the program that made it.
    pub version: String,
    /// When it was made.
    pub made_at: Instant,
    /// Who made it.
    pub made_by: Author,
    /// What was assessed: a plan is for this account or organization and no other.
    pub scope: Scope,
    /// The partition that all its accounts are in.
    pub partition: Partition,
    /// The assessment that it was made from.
    pub assessment: String,
    /// When that assessment ended.
    pub assessed_at: Instant,
    /// What the verdicts were measured against.
    pub policy: Policy,
    /// The accounts that have keys in it, planned or not, by id.
    pub accounts: Vec<PlanAccount>,
    /// Users of all accounts that were assessed; `None` where the number is not known for each of them.
    pub users: Option<u64>,
    /// What is to be deleted, by account, user and key.
    pub keys: Vec<PlannedKey>,
    /// What is not, by account, user and key.
    pub not_planned: Vec<NotPlanned>,
    /// How long a key must have been unused to be deactivated; `None` where no key is.
    pub deactivate_unused: Option<UnusedLimit>,
    /// What is to be deactivated, by account, user and key.
    pub deactivations: Vec<PlannedDeactivation>,
    /// Accounts in which unused keys could not be looked for, by id.
    pub not_surveyed: Vec<NotSurveyed>,
}

/// Who made a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The account of the credentials.
    pub account: AccountId,
    /// The ARN of the user or the assumed role.
    pub arn: String,
}

impl From<&CallerIdentity> for Author {
    fn from(caller: &CallerIdentity) -> Self {
        Self { account: caller.account, arn: caller.arn.clone() }
    }
}

/// An account as the plan knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name; `None` where it is not known.
    pub name: Option<String>,
    /// The way to it from the organization's root; `None` where it is not known.
    pub path: Option<Vec<OrganizationalUnit>>,
    /// How many users it has; `None` where that is not known.
    pub users: Option<u64>,
    /// Whether everything in it was assessed.
    pub complete: bool,
}

/// A key that is to be deleted. That it was Inactive is what makes it planned; nothing else is expected of its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    /// Its account.
    pub account: AccountId,
    /// Its user's name.
    pub user: UserName,
    /// Its user's ARN.
    pub user_arn: String,
    /// Its id.
    pub key: AccessKeyId,
    /// Its `CreateDate`.
    pub created: Instant,
    /// Since when it is inactive, and how sure that is.
    pub inactive_since: InactiveSince,
    /// What that rests on: event ids, and the looks at it.
    pub evidence: Vec<String>,
    /// The user's `owner` tag.
    pub owner_tag: Option<String>,
    /// How many other keys its user has; `None` where that is not known.
    pub other_keys: Option<u32>,
    /// Exemptions that protected it once and have expired, by their ids.
    pub lapsed_exemptions: Vec<String>,
}

/// The claim that a planned key rests on: at the end of the second `as_of` the key was Inactive, and had become so in
/// `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InactiveSince {
    /// The moment the claim speaks of.
    pub as_of: Instant,
    /// When the inactive period that holds it began.
    pub interval: Interval,
    /// What it rests on.
    pub confidence: Confidence,
}

impl InactiveSince {
    /// The shortest time that the key had been inactive at `as_of`.
    pub fn at_least(&self) -> SignedDuration {
        self.as_of - self.interval.latest()
    }
}

impl From<Claim> for InactiveSince {
    fn from(claim: Claim) -> Self {
        Self { as_of: claim.as_of, interval: claim.interval, confidence: claim.confidence }
    }
}

/// A key that is Active, unused, and to be deactivated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDeactivation {
    /// Its account.
    pub account: AccountId,
    /// Its user's name.
    pub user: UserName,
    /// Its user's ARN.
    pub user_arn: String,
    /// Its id.
    pub key: AccessKeyId,
    /// Its `CreateDate`.
    pub created: Instant,
    /// The latest of its creation, its last use, the last change of its status that is known, and the last time that it was
    /// seen Inactive.
    pub unused_since: Instant,
    /// Its last use; `None` where AWS has recorded none.
    pub last_used: Option<Instant>,
    /// When the last use was asked for.
    pub as_of: Instant,
    /// What that rests on: event ids, and the looks at it.
    pub evidence: Vec<String>,
    /// The user's `owner` tag.
    pub owner_tag: Option<String>,
    /// How many other keys its user has.
    pub other_keys: u32,
    /// How many of them are Active.
    pub other_active: u32,
    /// Exemptions that protected it once and have expired, by their ids.
    pub lapsed_exemptions: Vec<String>,
}

impl PlannedDeactivation {
    /// The time for which it is known to be unused: up to `as_of` less the time by which the record of uses may lag.
    pub fn unused_for(&self) -> SignedDuration {
        self.as_of - unused::LAST_USE_LAGS - self.unused_since
    }
}

/// An account in which unused keys could not be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSurveyed {
    /// Its id.
    pub account: AccountId,
    /// Why not.
    pub reason: String,
}

/// A key that was found and is neither to be deleted nor to be deactivated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPlanned {
    /// Its account.
    pub account: AccountId,
    /// Its user's name, or `<root_account>`.
    pub user: String,
    /// Its id; `None` for a root user's key, whose id is not known, and where a user's keys could not be read.
    pub key: Option<AccessKeyId>,
    /// Why not.
    pub reason: KeptBecause,
}

/// Why a key is not planned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptBecause {
    /// It is the root user's: keysweep deletes keys of IAM users only.
    RootUser,
    /// Its status is neither Active nor Inactive.
    UnknownStatus(String),
    /// What is known of it contradicts itself.
    Contradictory,
    /// It may have been inactive for less than the threshold.
    Undetermined,
    /// It has been inactive for less than the threshold.
    Recent,
    /// It is exempt.
    Exempt(ExemptBy),
    /// Whether it is exempt cannot be told.
    CannotTellExempt(Unreadable),
    /// It was used, or somebody tried to use it, after the moment since which it is claimed to be inactive.
    UsedSince(Instant),
    /// When it was last used could not be read.
    LastUseNotRead,
    /// That it stayed inactive was only observed, and the policy asks for proof.
    OnlyObserved,
    /// The assessment lists it more than once.
    ListedTwice,
    /// An earlier clean-up deleted it, and AWS's credential report shows it still.
    Gone,
    /// Nobody attends, and it has not been in published plans for long enough.
    Grace(Instant),
    /// Nobody attends, and no earlier run came upon its account.
    FirstRun,
    /// It is Active, and was created, used or switched on at that moment: not longer ago than the limit, as far as AWS's record
    /// of uses reaches.
    NotUnused(Instant),
    /// The scan saw it Inactive, and it is Active now.
    SeenInactive,
    /// The user has an unused key, and its keys could not be read.
    KeysNotRead(String),
    /// It is Active and seems unused, and the status changes of its account could not be read.
    HistoryNotRead(String),
}

impl KeptBecause {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RootUser => "root_user",
            Self::UnknownStatus(_) => "unknown_status",
            Self::Contradictory => "contradictory",
            Self::Undetermined => "undetermined",
            Self::Recent => "recent",
            Self::Exempt(_) => "exempt",
            Self::CannotTellExempt(_) => "cannot_tell_exempt",
            Self::UsedSince(_) => "used_since",
            Self::LastUseNotRead => "last_use_not_read",
            Self::OnlyObserved => "only_observed",
            Self::ListedTwice => "listed_twice",
            Self::Gone => "gone",
            Self::Grace(_) => "grace",
            Self::FirstRun => "first_run",
            Self::NotUnused(_) => "not_unused",
            Self::SeenInactive => "seen_inactive",
            Self::KeysNotRead(_) => "keys_not_read",
            Self::HistoryNotRead(_) => "history_not_read",
        }
    }
}

impl fmt::Display for KeptBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootUser => f.write_str("it is the root user's key, which keysweep never deletes"),
            Self::UnknownStatus(status) => {
                write!(f, "its status {status:?} is neither Active nor Inactive")
            }
            Self::Contradictory => f.write_str("what is known of it contradicts itself"),
            Self::Undetermined => f.write_str("it may have been inactive for less than the threshold"),
            Self::Recent => f.write_str("it has been inactive for less than the threshold"),
            Self::Exempt(by) => write!(f, "it is exempt by {by}"),
            Self::CannotTellExempt(what) => write!(f, "whether it is exempt cannot be told: {what}"),
            Self::UsedSince(at) => write!(f, "a use at {at} is recorded, after it became inactive"),
            Self::LastUseNotRead => f.write_str("when it was last used could not be read"),
            Self::OnlyObserved => {
                f.write_str("that it stayed inactive was only observed, and the policy asks for proof")
            }
            Self::ListedTwice => f.write_str("the assessment lists it more than once"),
            Self::Gone => f.write_str(
                "an earlier clean-up deleted it; AWS's credential report, which can be 4 hours old, shows it still",
            ),
            Self::Grace(until) => write!(
                f,
                "it must be in published plans until {until}, so that its owner can switch it on or have it exempted"
            ),
            Self::FirstRun => f.write_str("this is the first run that comes upon its account, and changes nothing there"),
            Self::NotUnused(at) => {
                write!(f, "it is Active, and was created, used or switched on at {at}: not long enough ago")
            }
            Self::SeenInactive => f.write_str("it was Inactive when it was scanned, and is Active now"),
            Self::KeysNotRead(reason) => {
                write!(f, "the user has an Active key that seems unused, and its keys could not be read: {reason}")
            }
            Self::HistoryNotRead(reason) => {
                write!(f, "it is Active and seems unused, and the account's status changes could not be read: {reason}")
            }
        }
    }
}

impl Plan {
    /// The account with this id.
    pub fn account(&self, id: AccountId) -> Option<&PlanAccount> {
        let place = self.accounts.binary_search_by_key(&id, |account| account.id).ok()?;
        self.accounts.get(place)
    }
}
