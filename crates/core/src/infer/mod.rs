//! The inference of *inactive since*: which starts of the current inactive period the evidence allows.
//! `docs/SEMANTICS.md` states its rules; each statement there names the test that holds it.

mod claims;
mod grounds;
mod walk;

use std::fmt;

pub use claims::{Inference, infer};
pub use grounds::{EarliestGround, Grounds, LatestGround};

use crate::coverage::Coverage;
use crate::key::KeyStatus;
use crate::time::{Instant, Interval, SignedDuration};

/// A successful status change: from the second `at` on, the key has `status`, until the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// When.
    pub at: Instant,
    /// The status that was set. It may be the one that the key had already.
    pub status: KeyStatus,
}

/// At some moment from the second `from` to the second `to`, both included, the key had `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Look {
    /// The first second of the look.
    pub from: Instant,
    /// The last second of the look.
    pub to: Instant,
    /// What was seen.
    pub status: KeyStatus,
}

/// All that is known of one key that was seen Inactive.
#[derive(Clone, Copy, Debug)]
pub struct KeyHistory<'a> {
    /// When it was created, Active (`CreateDate`).
    pub created: Instant,
    /// Every recorded status change, sorted by time.
    pub changes: &'a [Change],
    /// Every look at its status before `seen`, in any order.
    pub looks: &'a [Look],
    /// The look of this assessment, which saw it Inactive; no other look is later.
    pub seen: Look,
    /// The settled spans: every status change in them is in `changes`.
    pub coverage: &'a Coverage,
    /// Spans of which somebody said that every status change in them is in `changes`. Nothing proves it, so only the
    /// observed claim rests on them.
    pub asserted: &'a Coverage,
    /// Up to where this assessment read the history and found it settled: the end of the last settled span. `None` where
    /// it could not read the history, so that nothing is known of the time up to now.
    pub settled_until: Option<Instant>,
    /// When the assessment of the account ended; not before `seen`.
    pub now: Instant,
}

/// What a claim rests on beside the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Nothing: the evidence alone entails it.
    Proven,
    /// That no change inside the settling margin is still to be delivered by CloudTrail.
    Settling,
    /// That nothing happened where no history covers the time, between looks that all saw the key Inactive or in spans
    /// that somebody asserted to be complete.
    Observed,
}

impl Confidence {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Settling => "settling",
            Self::Observed => "observed",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// "At the end of the second `as_of` the key was Inactive, and the unbroken inactive period that holds this moment began
/// in `interval`." A claim at the look speaks of some moment of the look that ends with `as_of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The moment the claim speaks of.
    pub as_of: Instant,
    /// When the inactive period that holds it began.
    pub interval: Interval,
    /// What it rests on.
    pub confidence: Confidence,
    /// Why not earlier, and why not later.
    pub grounds: Grounds,
}

impl Claim {
    /// The shortest time that the key had been inactive at `as_of`.
    pub fn at_least(&self) -> SignedDuration {
        self.as_of - self.interval.latest()
    }
}

/// What the asserted spans did for a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assertion {
    /// The claim is the same without them.
    #[default]
    NotUsed,
    /// The claim rests on them: it is true if what was asserted is.
    Used,
    /// What was asserted cannot be true, so no claim rests on it: the key was seen with a status that it cannot have had
    /// if every change was known.
    Refuted {
        /// The end of the look.
        seen_at: Instant,
        /// What was seen.
        seen: KeyStatus,
    },
}

/// Facts that cannot be true together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// The key was seen with one status at a time when the complete history says it had the other.
    SeenAgainstHistory {
        /// The end of the look.
        seen_at: Instant,
        /// What was seen.
        seen: KeyStatus,
    },
    /// Something is recorded of the key before it was created.
    BeforeCreation {
        /// When.
        at: Instant,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeenAgainstHistory { seen_at, seen } => {
                let (seen, recorded) = match seen {
                    KeyStatus::Active => ("Active", "Inactive"),
                    KeyStatus::Inactive => ("Inactive", "Active"),
                };
                write!(f, "seen {seen} at {seen_at}, when the complete history says {recorded}")
            }
            Self::BeforeCreation { at } => write!(f, "recorded at {at}, before the key was created"),
        }
    }
}
