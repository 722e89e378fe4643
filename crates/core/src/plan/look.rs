//! The last look at a planned key, just before something is done to it, and what every decision asks of it first.

use super::build::change_id;
use super::{Plan, Planned, SkipReason};
use crate::account::Tags;
use crate::evidence::StatusChange;
use crate::exemption::{Exemptions, Protection, Subject};
use crate::key::{AccessKey, KeyStatus, ListedStatus};
use crate::time::{Instant, SignedDuration};

/// Our clock and AWS's may differ by this much before a change would be missed at the edge of what is read again.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// What is known of a key and its user at the last look.
#[derive(Clone, Copy, Debug)]
pub struct LastLook<'a> {
    /// When the user and its keys were asked for: the look is not older than this.
    pub at: Instant,
    /// The user's ARN now.
    pub user_arn: &'a str,
    /// The user's tags now.
    pub tags: &'a Tags,
    /// The user's keys now.
    pub keys: &'a [AccessKey],
    /// The status changes since the plan.
    pub history: &'a Reread,
}

/// The account's status changes, read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reread {
    /// Every change that was delivered by `at` was read, from [`reread_from`] on.
    Read {
        /// When the reading began.
        at: Instant,
        /// The changes.
        changes: Vec<StatusChange>,
    },
    /// They could not be read, or one of them could not be understood.
    NotRead {
        /// Why.
        reason: String,
    },
}

/// From where status changes are to be read again for this key: before the moment that the plan speaks of, by as much as
/// CloudTrail may have had in delivery then.
pub fn reread_from(plan: &Plan, planned: Planned<'_>) -> Instant {
    planned.as_of() - plan.policy.settling_margin.length() - CLOCKS_DIFFER
}

impl<'a> LastLook<'a> {
    /// Whether it found the planned key, at its user, with this status.
    pub(super) fn found(&self, planned: Planned<'_>, status: KeyStatus) -> Result<(), SkipReason> {
        if self.user_arn != planned.user_arn() {
            return Err(SkipReason::UserChanged { arn: self.user_arn.to_owned() });
        }
        let found = self.keys.iter().find(|key| key.id == *planned.key()).ok_or(SkipReason::KeyGone)?;
        if found.created != planned.created() {
            return Err(SkipReason::CreatedDiffers { created: found.created });
        }
        match &found.status {
            ListedStatus::Known(found) if *found == status => Ok(()),
            ListedStatus::Known(KeyStatus::Active) => Err(SkipReason::Active),
            ListedStatus::Known(KeyStatus::Inactive) => Err(SkipReason::Inactive),
            ListedStatus::Other(status) => Err(SkipReason::UnknownStatus(status.clone())),
        }
    }

    /// Whether nothing exempts the planned key.
    pub(super) fn not_exempt(
        &self,
        plan: &Plan,
        planned: Planned<'_>,
        exemptions: &Exemptions,
    ) -> Result<(), SkipReason> {
        let subject = Subject {
            account: planned.account(),
            path: plan.account(planned.account()).and_then(|account| account.path.as_deref()),
            user_arn: self.user_arn,
            key: planned.key(),
            tags: Some(self.tags),
        };
        match exemptions.protection(&subject, self.at) {
            Protection::None => Ok(()),
            Protection::Exempt(by) => Err(SkipReason::Exempt(by)),
            Protection::CannotTell(what) => Err(SkipReason::CannotTellExempt(what)),
        }
    }

    /// The planned key's changes that the plan does not rest on, sorted by time; an error where they could not be read.
    pub(super) fn new_changes(&self, planned: Planned<'_>) -> Result<Vec<&'a StatusChange>, SkipReason> {
        let changes = match self.history {
            Reread::Read { changes, .. } => changes,
            Reread::NotRead { reason } => return Err(SkipReason::HistoryNotRead(reason.clone())),
        };
        let known = |change: &StatusChange| planned.evidence().contains(&change_id(change.event.as_str()));
        let is_new = |change: &&StatusChange| change.key == *planned.key() && !known(change);
        let mut new: Vec<_> = changes.iter().filter(is_new).collect();
        new.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
        Ok(new)
    }
}

/// The reason that a change is.
pub(super) fn status_changed(change: &StatusChange) -> SkipReason {
    SkipReason::StatusChanged { at: change.at, to: change.status, event: change.event.to_string() }
}
