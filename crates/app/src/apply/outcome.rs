//! What came of a run: read from the journal, so that it says exactly what is on record.

use keysweep_core::journal::receipt::{Receipt, replay};
use keysweep_core::journal::{Event, Kept, Sealed, State};
use keysweep_core::plan::{PlannedDeactivation, PlannedKey, SkipReason};

use super::RunRequest;
use super::check::Refusal;
use super::lifecycle::DeactivationOutcome;

/// Where a plan stands after an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Every planned key, in the plan's order.
    pub keys: Vec<(PlannedKey, KeyOutcome)>,
    /// Every planned deactivation, in the plan's order.
    pub deactivations: Vec<(PlannedDeactivation, DeactivationOutcome)>,
    /// One receipt for each key that is gone, and for each time that a key's status was set.
    pub receipts: Vec<Receipt>,
    /// Why the run was stopped before all keys had their turn.
    pub stopped: Option<String>,
}

/// Where a planned key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// It is gone by this plan.
    Gone,
    /// It was left alone.
    Skipped(SkipReason),
    /// It was to be deleted, and is still there.
    Kept(Kept),
    /// Its deletion was begun, and what came of it is not known yet.
    Unknown,
    /// It had no turn.
    Waiting,
}

impl KeyOutcome {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gone => "deleted",
            Self::Skipped(_) => "skipped",
            Self::Kept(_) => "not_deleted",
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
        }
    }
}

impl From<State<'_>> for KeyOutcome {
    fn from(state: State<'_>) -> Self {
        match state {
            State::Gone => Self::Gone,
            State::Skipped(reason) => Self::Skipped(reason.clone()),
            State::Kept(kept) => Self::Kept(kept.clone()),
            State::Open { .. } => Self::Unknown,
            State::Waiting => Self::Waiting,
        }
    }
}

impl Applied {
    pub(super) fn of(
        request: &RunRequest<'_>,
        events: &[Sealed],
        failure: Option<String>,
    ) -> Result<Self, Refusal> {
        let (ledger, receipts) = replay(request.plan, request.digest, events)?;
        let outcome = |key: &PlannedKey| KeyOutcome::from(ledger.state(key.account, &key.key));
        let deactivation = |key: &PlannedDeactivation| (key.clone(), DeactivationOutcome::of(&ledger, key));
        Ok(Self {
            deactivations: request.plan.deactivations.iter().map(deactivation).collect(),
            keys: request.plan.keys.iter().map(|key| (key.clone(), outcome(key))).collect(),
            receipts,
            stopped: failure.or_else(|| stopped(events)),
        })
    }

    /// Whether every planned key is gone, or deactivated.
    pub fn is_whole(&self) -> bool {
        self.keys.iter().all(|(_, outcome)| *outcome == KeyOutcome::Gone)
            && self.deactivations.iter().all(|(_, outcome)| outcome.is_done())
    }
}

/// Why the last apply or revert was stopped; an earlier one is past.
pub(super) fn stopped(events: &[Sealed]) -> Option<String> {
    let last = events.iter().rev().find_map(|sealed| match &sealed.event {
        Event::Stopped { reason, .. } => Some(Some(reason.clone())),
        Event::Opened { .. } | Event::Reverting { .. } => Some(None),
        _ => None,
    });
    last.flatten()
}
