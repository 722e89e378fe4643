//! The journal of a clean-up: what was intended, what came of it, in an order that cannot be changed unnoticed. The run of a
//! plan has one journal, whoever applies it and however often; [`Ledger`] is its state, replayed from the events.
//!
//! An intent is durable before anything is sent; every intent ends in an outcome, if need be found out by the next apply.

pub mod chain;
pub mod event;
pub mod receipt;
mod record;
pub mod status;
pub mod switch;

pub use chain::{Broken, Sealed};
pub use event::{Deletion, Event, Kept, Outcome};
pub use receipt::Receipt;
pub use status::{Illegal, KeyRecord, Ledger, State};
pub use switch::{Looked, Setting, SwitchOutcome, SwitchRecord, SwitchState};

use crate::plan::digest::Digest;
use crate::time::Instant;

/// The right to apply a plan. Only one holds at a time, whatever the plan; the number of whoever took it last is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The plan.
    pub plan: Digest,
    /// Who has it.
    pub holder: String,
    /// How often it was taken: an intent under a smaller number than the last is refused.
    pub epoch: u64,
    /// Until when nobody else takes it.
    pub until: Instant,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leasing {
    /// It was given.
    Granted(Lease),
    /// Somebody else has it, or that of another plan.
    Held {
        /// Who.
        by: String,
        /// Until when.
        until: Instant,
    },
}

/// What came of appending an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    Sealed(Sealed),
    /// It may not follow what is there. Nothing was written.
    Refused(Illegal),
}
