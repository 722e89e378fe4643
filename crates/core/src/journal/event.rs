//! What a journal holds.

use super::switch::SwitchOutcome;
use crate::account::AccountId;
use crate::key::{AccessKeyId, KeyStatus, UserName};
use crate::plan::SkipReason;
use crate::time::Instant;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Somebody began, or went on, to apply the plan.
    Opened {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// Who has the lease: this process.
        holder: String,
        /// The ARN of the credentials that it uses.
        caller_arn: String,
        /// Who approved, by name and ARN.
        approved_by: Vec<(String, String)>,
    },
    /// Somebody began, or went on, to undo what the run deactivated.
    Reverting {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// Who has the lease: this process.
        holder: String,
        /// The ARN of the credentials that it uses.
        caller_arn: String,
    },
    /// A key was left alone before anything was intended.
    Skipped {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// The key's account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
        /// Why.
        reason: SkipReason,
    },
    /// A key is to be deleted, if the look that follows allows it.
    Intended {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// The key's account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
        /// Its user's name.
        user: UserName,
        /// Its user's id (`AIDA…`), by which it is found again if it is renamed.
        user_id: String,
        /// Which attempt at this key it is, from 1.
        attempt: u32,
    },
    /// What came of an intent.
    Ended {
        /// When.
        at: Instant,
        /// The key's account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
        /// Which attempt.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// The status of a key is to be set, if the look that follows allows it: to Inactive by an apply, to Active by a revert.
    Switching {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// The key's account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
        /// To what.
        to: KeyStatus,
        /// Which attempt at this key it is, from 1, whatever to.
        attempt: u32,
    },
    /// What came of it.
    Switched {
        /// When.
        at: Instant,
        /// The key's account.
        account: AccountId,
        /// The key.
        key: AccessKeyId,
        /// To what it was to be set.
        to: KeyStatus,
        /// Which attempt.
        attempt: u32,
        /// What came of it.
        outcome: SwitchOutcome,
    },
    /// The run was stopped before all keys had their turn.
    Stopped {
        /// When.
        at: Instant,
        /// The number of the lease.
        epoch: u64,
        /// Why.
        reason: String,
    },
}

/// What came of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// AWS said that it deleted the key.
    Deleted(Deletion),
    /// The key is gone: it was deleted under this intent, and the answer was lost, or by somebody else meanwhile. Which of the
    /// two, CloudTrail tells.
    Gone {
        /// When it was seen to be gone.
        seen_at: Instant,
        /// The last look that saw it; `None` where that was lost with the process that looked.
        last_look: Option<Instant>,
    },
    /// Nothing was sent.
    Skipped(SkipReason),
    /// The key is still there.
    Kept(Kept),
}

/// A deletion that AWS confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deletion {
    /// AWS's request id; `None` where the answer had none.
    pub request_id: Option<String>,
    /// When the listing was answered that showed the key Inactive for the last time.
    pub last_look: Instant,
    /// When a listing showed that it is gone; `None` where none did.
    pub verified_at: Option<Instant>,
}

/// Why a key is still there although its deletion was intended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// Whoever intended it did not get to it, or its call had no effect.
    Interrupted,
    /// AWS does not allow it.
    Denied(String),
    /// AWS refused it, or could not be reached.
    Failed(String),
    /// Calls were held up for so long after every look that none of them was fresh enough to act on.
    LooksTooOld,
}

impl Kept {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Denied(_) => "denied",
            Self::Failed(_) => "failed",
            Self::LooksTooOld => "looks_too_old",
        }
    }

    /// What AWS or the network had to say.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Denied(text) | Self::Failed(text) => Some(text),
            Self::Interrupted | Self::LooksTooOld => None,
        }
    }
}

impl Outcome {
    /// Whether the key is gone.
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Deleted(_) | Self::Gone { .. })
    }

    /// Whether a look that found the key gave this outcome.
    pub const fn saw_the_key(&self) -> bool {
        match self {
            Self::Kept(kept) => matches!(kept, Kept::Interrupted),
            Self::Skipped(reason) => reason.saw_the_key(),
            Self::Deleted(_) | Self::Gone { .. } => false,
        }
    }
}

impl Event {
    /// The key that it concerns.
    pub const fn key(&self) -> Option<(AccountId, &AccessKeyId)> {
        match self {
            Self::Skipped { account, key, .. }
            | Self::Intended { account, key, .. }
            | Self::Ended { account, key, .. }
            | Self::Switching { account, key, .. }
            | Self::Switched { account, key, .. } => Some((*account, key)),
            Self::Opened { .. } | Self::Reverting { .. } | Self::Stopped { .. } => None,
        }
    }

    /// The number of the lease that it needs. Outcomes need none: what happened is recorded whoever has the lease now.
    pub const fn epoch(&self) -> Option<u64> {
        match self {
            Self::Opened { epoch, .. }
            | Self::Reverting { epoch, .. }
            | Self::Skipped { epoch, .. }
            | Self::Intended { epoch, .. }
            | Self::Switching { epoch, .. }
            | Self::Stopped { epoch, .. } => Some(*epoch),
            Self::Ended { .. } | Self::Switched { .. } => None,
        }
    }

    /// When.
    pub const fn at(&self) -> Instant {
        match self {
            Self::Opened { at, .. }
            | Self::Reverting { at, .. }
            | Self::Skipped { at, .. }
            | Self::Intended { at, .. }
            | Self::Ended { at, .. }
            | Self::Switching { at, .. }
            | Self::Switched { at, .. }
            | Self::Stopped { at, .. } => *at,
        }
    }

    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Reverting { .. } => "reverting",
            Self::Skipped { .. } => "skipped",
            Self::Intended { .. } => "intended",
            Self::Ended { .. } => "ended",
            Self::Switching { .. } => "switching",
            Self::Switched { .. } => "switched",
            Self::Stopped { .. } => "stopped",
        }
    }
}
