//! The decisions just before a key's status is set: from the planned deactivation, or from the deactivation that is to be undone,
//! and the last look at the key, to "set it" or a typed reason to leave the key alone.

use super::look::{LastLook, status_changed};
use super::{Plan, Planned, PlannedDeactivation, SkipReason};
use crate::exemption::Exemptions;
use crate::journal::Looked;
use crate::key::{KeyStatus, LastUsed};
use crate::time::{Instant, SignedDuration};

/// Whether the key is to be deactivated; else why not. `last_used` is its last use as AWS knows it now.
///
/// The order of the reasons is that of their weight: what was found at the key first, what could not be told last.
pub fn deactivate(
    plan: &Plan,
    planned: &PlannedDeactivation,
    look: &LastLook<'_>,
    last_used: &Result<LastUsed, String>,
    exemptions: &Exemptions,
) -> Result<(), SkipReason> {
    look.found(Planned::Deactivation(planned), KeyStatus::Active)?;
    look.not_exempt(plan, Planned::Deactivation(planned), exemptions)?;
    match last_used {
        Ok(LastUsed::At { at, .. }) if planned.last_used.is_none_or(|before| *at > before) => {
            return Err(SkipReason::UsedSince { at: *at });
        }
        Ok(LastUsed::At { .. } | LastUsed::NotRecorded) => {}
        Ok(LastUsed::NotRead) => return Err(SkipReason::LastUseNotRead("it was not read".to_owned())),
        Err(reason) => return Err(SkipReason::LastUseNotRead(reason.clone())),
    }
    match look.new_changes(Planned::Deactivation(planned))?.first() {
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
pub fn reactivate(planned: &PlannedDeactivation, done: &Done, look: &LastLook<'_>) -> Result<(), SkipReason> {
    look.found(Planned::Deactivation(planned), KeyStatus::Inactive)?;
    let mut own_seen = false;
    let foreign = look.new_changes(Planned::Deactivation(planned))?.into_iter().find(|change| {
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
