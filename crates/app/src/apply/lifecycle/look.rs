//! Finds a key wherever it is: what an attempt came to is what its key's status is.

use keysweep_core::call::{CallErrorKind, CallResult};
use keysweep_core::journal::{Kept, Looked, SwitchOutcome};
use keysweep_core::key::{AccessKey, KeyStatus, ListedStatus};
use keysweep_core::plan::{PlannedDeactivation, SkipReason};
use keysweep_core::ports::{Clock, Inventory, KeyControl};
use keysweep_core::time::Instant;

use super::super::account::Entered;
use crate::account::CONSISTENT_WITHIN;

/// A look at a key; `None` where no user of the account has it any more.
pub(super) struct Found {
    pub(super) key: Option<AccessKey>,
    pub(super) looked: Looked,
}

/// A listing may be as old as IAM takes to agree with itself.
pub(super) fn looked(asked: Instant, answered: Instant) -> Looked {
    Looked { from: (asked - CONSISTENT_WITHIN).min(answered), to: answered }
}

impl<E: Inventory + KeyControl, C: Clock> Entered<'_, E, C> {
    /// Looks at the key at its user, and if it is not there, at every user. An error means that it could not be found out.
    pub(super) async fn find(&self, planned: &PlannedDeactivation) -> CallResult<Found> {
        let asked = self.caller.desk.clock.now();
        let at_its_user = match self.keys(&planned.user).await {
            Ok(keys) => keys.into_iter().find(|listed| listed.id == planned.key),
            Err(error) if error.kind == CallErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let key = match at_its_user {
            Some(key) => Some(key),
            None => self.anywhere(&planned.user, &planned.key, planned.created).await?,
        };
        Ok(Found { key, looked: looked(asked, self.caller.desk.clock.now()) })
    }
}

impl Found {
    /// What an attempt came to that was to set the status `to`. `before` is the last look before it; `kept` says why the key has
    /// its old status, if it has.
    pub(super) fn outcome(self, to: KeyStatus, before: Option<Looked>, kept: Kept) -> SwitchOutcome {
        let Self { key, looked: seen } = self;
        match key.map(|key| key.status) {
            None => SwitchOutcome::LeftAlone(SkipReason::KeyGone),
            Some(ListedStatus::Known(status)) if status == to => SwitchOutcome::Seen { seen, before },
            Some(ListedStatus::Known(_)) => SwitchOutcome::Kept(kept),
            Some(ListedStatus::Other(status)) => SwitchOutcome::LeftAlone(SkipReason::UnknownStatus(status)),
        }
    }
}
