//! The inference of *inactive since*: which starts of the current inactive period the evidence allows.
//! `docs/SEMANTICS.md` states its rules; each statement there names the test that holds it.

use std::fmt;

use crate::time::{Instant, Interval, SignedDuration};

/// What a claim rests on beside the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Nothing: the evidence alone entails it.
    Proven,
    /// That no change inside the settling margin is still to be delivered by CloudTrail.
    Settling,
    /// That nothing happened between looks that all saw the key Inactive, where no history covers the time between.
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
/// in `interval`."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The moment the claim speaks of.
    pub as_of: Instant,
    /// When the inactive period that holds it began.
    pub interval: Interval,
    /// What it rests on.
    pub confidence: Confidence,
}

impl Claim {
    /// The shortest time that the key had been inactive at `as_of`.
    pub fn at_least(&self) -> SignedDuration {
        self.as_of - self.interval.latest()
    }
}

/// Facts that cannot be true together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// The key was seen with one status at a time when the complete history says it had the other.
    SeenAgainstHistory {
        /// The end of the look.
        seen_at: Instant,
        /// What was seen.
        seen: crate::key::KeyStatus,
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
                    crate::key::KeyStatus::Active => ("Active", "Inactive"),
                    crate::key::KeyStatus::Inactive => ("Inactive", "Active"),
                };
                write!(f, "seen {seen} at {seen_at}, when the complete history says {recorded}")
            }
            Self::BeforeCreation { at } => write!(f, "recorded at {at}, before the key was created"),
        }
    }
}
