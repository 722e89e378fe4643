//! The decision just before a delete: from the planned key, the last look at it, the status changes since the plan and the
//! exemptions of the moment to "delete it" or a typed reason to leave the key alone.

use super::look::{LastLook, Reread, status_changed};
use super::{Plan, Planned, PlannedKey, SkipReason};
use crate::exemption::Exemptions;
use crate::infer::Confidence;
use crate::key::KeyStatus;

/// Whether the key is to be deleted; else why not.
///
/// The order of the reasons is that of their weight: what was found at the key first, what could not be told last.
pub fn delete(
    plan: &Plan,
    planned: &PlannedKey,
    look: &LastLook<'_>,
    exemptions: &Exemptions,
    allow_observed: bool,
) -> Result<(), SkipReason> {
    look.found(Planned::Deletion(planned), KeyStatus::Inactive)?;
    look.not_exempt(plan, Planned::Deletion(planned), exemptions)?;
    let claim = planned.inactive_since;
    let observed = claim.confidence == Confidence::Observed;
    if observed && !allow_observed {
        return Err(SkipReason::OnlyObserved);
    }
    let read_at = match look.history {
        Reread::Read { at, .. } => *at,
        // Whoever allows observed keys has accounts whose history cannot be read.
        Reread::NotRead { .. } if observed => return Ok(()),
        Reread::NotRead { reason } => return Err(SkipReason::HistoryNotRead(reason.clone())),
    };
    if let Some(change) = look.new_changes(Planned::Deletion(planned))?.first() {
        return Err(status_changed(change));
    }
    let settled_at = claim.as_of + plan.policy.settling_margin.length();
    if claim.confidence == Confidence::Settling && read_at < settled_at {
        return Err(SkipReason::NotSettled { until: settled_at });
    }
    Ok(())
}
