//! The decisions just before a key's status is set: from the planned deactivation, or from the deactivation that is to be undone,
//! and the last look at the key, to "set it" or a typed reason to leave the key alone.

use super::build::change_id;
use super::decide::{CLOCKS_DIFFER, Reread, SkipReason};
use super::{Plan, PlannedDeactivation};
use crate::account::Tags;
use crate::evidence::StatusChange;
use crate::exemption::{Exemptions, Protection, Subject};
use crate::journal::Looked;
use crate::key::{AccessKey, KeyStatus, LastUsed, ListedStatus};
use crate::time::{Instant, SignedDuration};

/// What is known of a key and its user at the last look.
#[derive(Clone, Copy, Debug)]
pub struct SwitchLook<'a> {
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

/// From where status changes are to be read again for this key: before the plan's look at it, by as much as CloudTrail may have
/// had in delivery then.
pub fn switch_reread_from(plan: &Plan, key: &PlannedDeactivation) -> Instant {
    key.as_of - plan.policy.settling_margin.length() - CLOCKS_DIFFER
}

/// Whether the key is to be deactivated; else why not. `last_used` is its last use as AWS knows it now.
///
/// The order of the reasons is that of their weight: what was found at the key first, what could not be told last.
pub fn deactivate(
    plan: &Plan,
    planned: &PlannedDeactivation,
    look: &SwitchLook<'_>,
    last_used: &Result<LastUsed, String>,
    exemptions: &Exemptions,
) -> Result<(), SkipReason> {
    found(planned, look, KeyStatus::Active)?;
    let path = plan.account(planned.account).and_then(|account| account.path.as_deref());
    let subject = Subject {
        account: planned.account,
        path,
        user_arn: look.user_arn,
        key: &planned.key,
        tags: Some(look.tags),
    };
    match exemptions.protection(&subject, look.at) {
        Protection::None => {}
        Protection::Exempt(by) => return Err(SkipReason::Exempt(by)),
        Protection::CannotTell(what) => return Err(SkipReason::CannotTellExempt(what)),
    }
    match last_used {
        Ok(LastUsed::At { at, .. }) if planned.last_used.is_none_or(|before| *at > before) => {
            return Err(SkipReason::UsedSince { at: *at });
        }
        Ok(LastUsed::At { .. } | LastUsed::NotRecorded) => {}
        Ok(LastUsed::NotRead) => return Err(SkipReason::LastUseNotRead("it was not read".to_owned())),
        Err(reason) => return Err(SkipReason::LastUseNotRead(reason.clone())),
    }
    let known = |change: &&StatusChange| planned.evidence.contains(&change_id(change.event.as_str()));
    match changes(planned, look)?.into_iter().find(|change| !known(change)) {
        Some(change) => Err(status_changed(change)),
        None => Ok(()),
    }
}

/// A deactivation that a run made and AWS confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The last look before it.
    pub before: Looked,
    /// When the look after it, or else AWS's answer, was there.
    pub until: Instant,
}

/// Whether the key's deactivation is to be undone; else why not. Nobody else may have set its status since: of all changes that
/// can be read, one to Inactive at the time of the own one is taken for it, and any other is somebody else's.
pub fn reactivate(
    planned: &PlannedDeactivation,
    done: &Done,
    look: &SwitchLook<'_>,
) -> Result<(), SkipReason> {
    found(planned, look, KeyStatus::Inactive)?;
    let mut own_seen = false;
    let foreign = changes(planned, look)?.into_iter().find(|change| {
        if planned.evidence.contains(&change_id(change.event.as_str())) {
            return false;
        }
        let own = change.status == KeyStatus::Inactive
            && change.at >= done.before.from - OWN_WITHIN
            && change.at <= done.until + OWN_WITHIN;
        !own || std::mem::replace(&mut own_seen, true)
    });
    match foreign {
        Some(change) => Err(status_changed(change)),
        None => Ok(()),
    }
}

/// Our clock and AWS's differ by less than this: AWS refuses what is signed with a clock that is wrong by more (15 minutes).
const OWN_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Whether the look found the planned key with this status.
fn found(planned: &PlannedDeactivation, look: &SwitchLook<'_>, status: KeyStatus) -> Result<(), SkipReason> {
    if look.user_arn != planned.user_arn {
        return Err(SkipReason::UserChanged { arn: look.user_arn.to_owned() });
    }
    let found = look.keys.iter().find(|key| key.id == planned.key).ok_or(SkipReason::KeyGone)?;
    if found.created != planned.created {
        return Err(SkipReason::CreatedDiffers { created: found.created });
    }
    match &found.status {
        ListedStatus::Known(found) if *found == status => Ok(()),
        ListedStatus::Known(KeyStatus::Active) => Err(SkipReason::Active),
        ListedStatus::Known(KeyStatus::Inactive) => Err(SkipReason::Inactive),
        ListedStatus::Other(status) => Err(SkipReason::UnknownStatus(status.clone())),
    }
}

/// The changes of the key that were read again, sorted by time.
fn changes<'a>(
    planned: &PlannedDeactivation,
    look: &SwitchLook<'a>,
) -> Result<Vec<&'a StatusChange>, SkipReason> {
    match look.history {
        Reread::Read { changes, .. } => {
            let mut of_key: Vec<_> = changes.iter().filter(|change| change.key == planned.key).collect();
            of_key.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
            Ok(of_key)
        }
        Reread::NotRead { reason } => Err(SkipReason::HistoryNotRead(reason.clone())),
    }
}

fn status_changed(change: &StatusChange) -> SkipReason {
    SkipReason::StatusChanged { at: change.at, to: change.status, event: change.event.to_string() }
}
