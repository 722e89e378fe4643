//! What came of deactivations and of a revert: read from the journal, so that it says exactly what is on record.

use keysweep_core::journal::receipt::Receipt;
use keysweep_core::journal::{Kept, Ledger, SwitchOutcome, SwitchRecord, SwitchState};
use keysweep_core::plan::{PlannedDeactivation, SkipReason};

/// Where a planned deactivation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeactivationOutcome {
    /// It is deactivated by this plan; where that is not confirmed, by somebody else at the same time, or by this plan.
    Deactivated {
        /// Whether AWS confirmed it.
        confirmed: bool,
    },
    /// A revert has reactivated it.
    Reactivated,
    /// It was left alone.
    Skipped(SkipReason),
    /// It was to be deactivated, and is Active still.
    Kept(Kept),
    /// Setting its status was begun, and what came of it is not known yet.
    Unknown,
    /// It had no turn.
    Waiting,
    /// It had no turn, and will have none: the run was reverted.
    RunReverted,
}

impl DeactivationOutcome {
    pub(in super::super) fn of(ledger: &Ledger, key: &PlannedDeactivation) -> Self {
        match ledger.switch(key.account, &key.key) {
            SwitchState::Deactivated { confirmed } => Self::Deactivated { confirmed },
            SwitchState::Reactivated => Self::Reactivated,
            SwitchState::LeftAlone(reason) => Self::Skipped(reason.clone()),
            SwitchState::Kept(kept) => Self::Kept(kept.clone()),
            SwitchState::Open { .. } => Self::Unknown,
            SwitchState::Waiting if ledger.is_reverted() => Self::RunReverted,
            SwitchState::Waiting => Self::Waiting,
        }
    }

    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deactivated { .. } => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Skipped(_) => "skipped",
            Self::Kept(_) => "not_deactivated",
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
            Self::RunReverted => "run_reverted",
        }
    }

    /// Whether the plan did to it what it was to do.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Deactivated { .. } | Self::Reactivated)
    }

    /// Whether the plan may still do it, when it is applied again.
    pub const fn may_follow(&self) -> bool {
        match self {
            Self::Deactivated { .. } | Self::Reactivated | Self::RunReverted => false,
            Self::Skipped(reason) => !reason.is_final(),
            Self::Kept(_) | Self::Unknown | Self::Waiting => true,
        }
    }
}

/// Where a key stands that a run deactivated, and that is to be reactivated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevertOutcome {
    /// It is reactivated.
    Reactivated,
    /// It was left alone.
    LeftAlone(SkipReason),
    /// It was to be reactivated, and is Inactive still.
    Kept(Kept),
    /// Setting its status was begun, and what came of it is not known yet.
    Unknown,
    /// Nobody confirmed that it was this run that deactivated it, so it is left alone.
    NotConfirmed,
    /// It had no turn.
    Waiting,
}

impl RevertOutcome {
    /// Where the key stands; `None` for one that the run did not deactivate.
    pub(super) fn of(record: &SwitchRecord) -> Option<Self> {
        Some(match record.state() {
            SwitchState::Reactivated => Self::Reactivated,
            SwitchState::Open { .. } => Self::Unknown,
            SwitchState::Deactivated { confirmed: false } => Self::NotConfirmed,
            SwitchState::Deactivated { confirmed: true } => match record.not_reverted() {
                Some(SwitchOutcome::LeftAlone(reason)) => Self::LeftAlone(reason.clone()),
                Some(SwitchOutcome::Kept(kept)) => Self::Kept(kept.clone()),
                _ => Self::Waiting,
            },
            SwitchState::Waiting | SwitchState::LeftAlone(_) | SwitchState::Kept(_) => return None,
        })
    }

    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reactivated => "reactivated",
            Self::LeftAlone(_) => "left_alone",
            Self::Kept(_) => "not_reactivated",
            Self::Unknown => "unknown",
            Self::NotConfirmed => "not_confirmed",
            Self::Waiting => "waiting",
        }
    }

    /// Whether a revert may still reactivate it.
    pub const fn may_follow(&self) -> bool {
        match self {
            Self::Reactivated | Self::NotConfirmed => false,
            Self::LeftAlone(reason) => !reason.is_final(),
            Self::Kept(_) | Self::Unknown | Self::Waiting => true,
        }
    }
}

/// Where the keys that a run deactivated stand after a revert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// Every key that the run deactivated, or may have, in the plan's order.
    pub keys: Vec<(PlannedDeactivation, RevertOutcome)>,
    /// The receipts of the whole run.
    pub receipts: Vec<Receipt>,
    /// Why the revert was stopped before all keys had their turn.
    pub stopped: Option<String>,
}

impl Reverted {
    /// Whether every key is reactivated.
    pub fn is_whole(&self) -> bool {
        self.keys.iter().all(|(_, outcome)| *outcome == RevertOutcome::Reactivated)
    }
}
