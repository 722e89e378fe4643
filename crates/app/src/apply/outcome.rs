//! What came of a run: read from the journal, so that it says exactly what is on record.

use keysweep_core::journal::receipt::{Receipt, receipts};
use keysweep_core::journal::{Event, Kept, Ledger, Sealed, State};
use keysweep_core::plan::PlannedKey;
use keysweep_core::plan::decide::SkipReason;

use super::ApplyRequest;
use super::check::Refusal;

/// Where a plan stands after an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Every planned key, in the plan's order.
    pub keys: Vec<(PlannedKey, KeyOutcome)>,
    /// One receipt for each key that is gone.
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
        request: &ApplyRequest<'_>,
        events: &[Sealed],
        failure: Option<String>,
    ) -> Result<Self, Refusal> {
        let ledger = Ledger::replay(request.digest, events)?;
        let outcome = |key: &PlannedKey| KeyOutcome::from(ledger.state(key.account, &key.key));
        // Why the last run was stopped; an earlier one is past.
        let stopped = events.iter().rev().find_map(|sealed| match &sealed.event {
            Event::Stopped { reason, .. } => Some(Some(reason.clone())),
            Event::Opened { .. } => Some(None),
            _ => None,
        });
        Ok(Self {
            keys: request.plan.keys.iter().map(|key| (key.clone(), outcome(key))).collect(),
            receipts: receipts(request.plan, request.digest, events)?,
            stopped: failure.or(stopped.flatten()),
        })
    }

    /// Whether every planned key is gone.
    pub fn is_whole(&self) -> bool {
        self.keys.iter().all(|(_, outcome)| *outcome == KeyOutcome::Gone)
    }
}
