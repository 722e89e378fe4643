//! Why a planned key is left alone: found at the last look, or because there was none.

use std::fmt;

use crate::exemption::{ExemptBy, Unreadable};
use crate::key::KeyStatus;
use crate::plan::digest::Digest;
use crate::time::Instant;

/// Why a planned key is left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// The user does not exist under this name any more.
    UserGone,
    /// The user is another than the plan's: its ARN differs.
    UserChanged {
        /// Its ARN now.
        arn: String,
    },
    /// The user of this name has no such key: it was deleted, or its user was renamed and the name given to another.
    KeyGone,
    /// The key has another creation date than the plan's.
    CreatedDiffers {
        /// Its creation date now.
        created: Instant,
    },
    /// The key is Active.
    Active,
    /// Its status is neither Active nor Inactive.
    UnknownStatus(String),
    /// Its status was set since the plan, or that became known since.
    StatusChanged {
        /// When.
        at: Instant,
        /// To what.
        to: KeyStatus,
        /// CloudTrail's event id.
        event: String,
    },
    /// It is exempt.
    Exempt(ExemptBy),
    /// Whether it is exempt cannot be told.
    CannotTellExempt(Unreadable),
    /// CloudTrail may still be delivering changes of the time that the claim speaks of.
    NotSettled {
        /// When it has settled.
        until: Instant,
    },
    /// That it stayed inactive was only observed, and the policy asks for proof.
    OnlyObserved,
    /// The status changes since the plan could not be read.
    HistoryNotRead(String),
    /// The account could not be entered.
    NotEntered(String),
    /// The user or its keys could not be looked at.
    NotLookedAt(String),
    /// Another run of the store has begun it, and what came of that is not known yet.
    UnderWay {
        /// The plan of that run.
        plan: Digest,
    },
    /// The key is Inactive already. Of keys that are to be deactivated.
    Inactive,
    /// The key was used since the plan, or that became known since. Of keys that are to be deactivated.
    UsedSince {
        /// Its last use now.
        at: Instant,
    },
    /// When the key was last used could not be read. Of keys that are to be deactivated.
    LastUseNotRead(String),
}

impl SkipReason {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UserGone => "user_gone",
            Self::UserChanged { .. } => "user_changed",
            Self::KeyGone => "key_gone",
            Self::CreatedDiffers { .. } => "created_differs",
            Self::Active => "active",
            Self::UnknownStatus(_) => "unknown_status",
            Self::StatusChanged { .. } => "status_changed",
            Self::Exempt(_) => "exempt",
            Self::CannotTellExempt(_) => "cannot_tell_exempt",
            Self::NotSettled { .. } => "not_settled",
            Self::OnlyObserved => "only_observed",
            Self::HistoryNotRead(_) => "history_not_read",
            Self::NotEntered(_) => "not_entered",
            Self::NotLookedAt(_) => "not_looked_at",
            Self::UnderWay { .. } => "under_way",
            Self::Inactive => "inactive",
            Self::UsedSince { .. } => "used_since",
            Self::LastUseNotRead(_) => "last_use_not_read",
        }
    }

    /// Whether the key is out of this plan for good. Otherwise the next `apply` of the plan looks at it again.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::UserGone
            | Self::UserChanged { .. }
            | Self::KeyGone
            | Self::CreatedDiffers { .. }
            | Self::Active
            | Self::UnknownStatus(_)
            | Self::StatusChanged { .. }
            | Self::Inactive
            | Self::UsedSince { .. }
            | Self::Exempt(_) => true,
            Self::CannotTellExempt(_)
            | Self::NotSettled { .. }
            | Self::OnlyObserved
            | Self::HistoryNotRead(_)
            | Self::NotEntered(_)
            | Self::LastUseNotRead(_)
            | Self::NotLookedAt(_)
            | Self::UnderWay { .. } => false,
        }
    }

    /// Whether a decision gives this reason only where the last look found the key.
    pub const fn saw_the_key(&self) -> bool {
        match self {
            Self::Active
            | Self::UnknownStatus(_)
            | Self::CreatedDiffers { .. }
            | Self::Exempt(_)
            | Self::CannotTellExempt(_)
            | Self::OnlyObserved
            | Self::HistoryNotRead(_)
            | Self::StatusChanged { .. }
            | Self::Inactive
            | Self::UsedSince { .. }
            | Self::LastUseNotRead(_)
            | Self::NotSettled { .. } => true,
            Self::UserGone
            | Self::UserChanged { .. }
            | Self::KeyGone
            | Self::NotEntered(_)
            | Self::NotLookedAt(_)
            | Self::UnderWay { .. } => false,
        }
    }

    /// Whether the last look gave it, whatever that showed: with the others there was none.
    pub const fn is_of_a_look(&self) -> bool {
        !matches!(self, Self::NotEntered(_) | Self::NotLookedAt(_) | Self::UnderWay { .. })
    }

    /// Whether it shows that somebody used the key's switch since the plan: what stops a run when it happens too often.
    pub const fn is_reactivation(&self) -> bool {
        matches!(self, Self::Active | Self::StatusChanged { .. })
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserGone => f.write_str("its user was renamed or deleted"),
            Self::UserChanged { arn } => write!(f, "its user is now {arn}"),
            Self::KeyGone => f.write_str(
                "its user has no such key any more: it was deleted, or the user's name was given to another",
            ),
            Self::CreatedDiffers { created } => write!(f, "it was created at {created}, not as planned"),
            Self::Active => f.write_str("it is Active again"),
            Self::UnknownStatus(status) => {
                write!(f, "its status {status:?} is neither Active nor Inactive")
            }
            Self::StatusChanged { at, to, event } => {
                write!(
                    f,
                    "its status was set to {} at {at} (event {event}), which the plan does not know of",
                    to.as_api()
                )
            }
            Self::Exempt(by) => write!(f, "it is exempt by {by}"),
            Self::CannotTellExempt(what) => write!(f, "whether it is exempt cannot be told: {what}"),
            Self::NotSettled { until } => {
                write!(
                    f,
                    "CloudTrail may still be delivering changes from before the plan; it has settled at {until}"
                )
            }
            Self::OnlyObserved => {
                f.write_str("that it stayed inactive was only observed, and the policy asks for proof")
            }
            Self::HistoryNotRead(reason) => {
                write!(f, "the status changes since the plan could not be read: {reason}")
            }
            Self::NotEntered(reason) => write!(f, "the account could not be entered: {reason}"),
            Self::NotLookedAt(reason) => write!(f, "the user and its keys could not be looked at: {reason}"),
            Self::UnderWay { plan } => write!(
                f,
                "the run of plan {plan} has begun it, and what came of that is not known for certain until an hour after: apply that plan again, or this one then"
            ),
            Self::Inactive => f.write_str("it is Inactive already"),
            Self::UsedSince { at } => {
                write!(f, "it was used at {at}, which the plan does not know of")
            }
            Self::LastUseNotRead(reason) => {
                write!(f, "when it was last used could not be read: {reason}")
            }
        }
    }
}
