//! What a scan tells while it runs. Whoever shows it decides how; nothing depends on it.

use keysweep_core::account::AccountId;
use keysweep_core::call::Call;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was found. While accounts are still being listed, others are assessed already.
    AccountFound,
    /// Every account is found.
    AccountsListed,
    /// An account is left out.
    AccountSkipped,
    /// The assessment of an account began.
    AccountStarted(AccountId),
    /// The assessment of an account ended.
    AccountFinished {
        /// The account.
        account: AccountId,
        /// Inactive keys found in it.
        findings: usize,
        /// Gaps in its assessment.
        problems: usize,
    },
    /// So many `ListAccessKeys` calls are still to be made in an account: what takes the time in a large one.
    KeysToList {
        /// The account.
        account: AccountId,
        /// How many users.
        users: usize,
    },
    /// A request was sent and answered.
    Called {
        /// The operation.
        call: Call,
        /// Whether AWS refused it because there were too many.
        throttled: bool,
    },
}

/// Somebody who is told.
pub trait Progress: Send + Sync {
    /// Called for every event, from any thread; must not block.
    fn on(&self, event: Event);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn on(&self, _event: Event) {}
}
