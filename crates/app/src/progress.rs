//! What a scan tells while it runs. Whoever shows it decides how; nothing depends on it.

use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError, CallErrorKind};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was found. While accounts are still being listed, others are assessed already.
    AccountFound,
    /// Every account is found.
    AccountsListed,
    /// An account is left out.
    AccountSkipped(AccountId),
    /// The assessment of an account began.
    AccountStarted(AccountId),
    /// The assessment of an account ended.
    AccountFinished {
        /// The account.
        account: AccountId,
        /// How far it came, by the name that it has in every output.
        status: &'static str,
        /// Inactive keys found in it.
        findings: usize,
        /// Gaps in its assessment.
        problems: usize,
        /// Requests that were sent for it.
        calls: u64,
        /// How long it took.
        took: Duration,
    },
    /// So many `ListAccessKeys` calls are still to be made in an account: what takes the time in a large one.
    KeysToList {
        /// The account.
        account: AccountId,
        /// How many users.
        users: usize,
    },
    /// A request was sent and answered, or given up.
    Called {
        /// The account that it was made for; `None` where it was made for the organization as a whole.
        account: Option<AccountId>,
        /// The operation.
        call: Call,
        /// Why it failed, where it did.
        failure: Option<CallError>,
        /// Whether it is sent again: it was throttled, and there is still time.
        again: bool,
        /// How long it waited for its turn and for the pace.
        waited: Duration,
        /// How long it took from being sent to being answered, with the repetitions that a fault on the way makes
        /// necessary.
        took: Duration,
    },
    /// A part of the work ended.
    PhaseEnded {
        /// The account in which; `None` for what concerns the whole scan.
        account: Option<AccountId>,
        /// The part.
        phase: Phase,
        /// How long it took.
        took: Duration,
    },
}

impl Event {
    /// Whether it tells of a request that AWS refused because there were too many.
    pub fn is_throttle(&self) -> bool {
        let Self::Called { failure: Some(error), .. } = self else { return false };
        error.kind == CallErrorKind::Throttled
    }
}

/// A part of the work. Those of an account may go on side by side, and those of different accounts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Learning who the caller is and, where one is to be scanned, which organization it is.
    Identify,
    /// Listing the accounts.
    List,
    /// Entering an account.
    Enter,
    /// Recalling what earlier scans know of an account.
    Recall,
    /// Getting the credential report.
    Report,
    /// Listing users and keys.
    Keys,
    /// Reading the event history.
    History,
    /// Reading the tags of users.
    Tags,
    /// Asking when keys were last used.
    LastUse,
    /// Drawing the conclusions.
    Infer,
    /// Keeping the result in the store.
    Keep,
    /// Writing the reports.
    Write,
}

impl Phase {
    /// Every phase, in their order.
    pub const ALL: [Self; 12] = [
        Self::Identify,
        Self::List,
        Self::Enter,
        Self::Recall,
        Self::Report,
        Self::Keys,
        Self::History,
        Self::Tags,
        Self::LastUse,
        Self::Infer,
        Self::Keep,
        Self::Write,
    ];

    /// Its name in logs and statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::List => "list",
            Self::Enter => "enter",
            Self::Recall => "recall",
            Self::Report => "report",
            Self::Keys => "keys",
            Self::History => "history",
            Self::Tags => "tags",
            Self::LastUse => "last_use",
            Self::Infer => "infer",
            Self::Keep => "keep",
            Self::Write => "write",
        }
    }
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

/// Tells two.
pub struct Both<'a>(pub &'a dyn Progress, pub &'a dyn Progress);

impl Progress for Both<'_> {
    fn on(&self, event: Event) {
        self.0.on(event.clone());
        self.1.on(event);
    }
}
