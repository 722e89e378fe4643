//! Why a claim's interval ends where it does: what the walk met there. It is told by the same walk that finds the ends, so
//! that a reason and the date that it explains cannot disagree.

use crate::time::Instant;

/// Why the inactive period cannot have begun earlier, and why not later, than a claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// What excludes an earlier start.
    pub earliest: EarliestGround,
    /// What excludes a later start.
    pub latest: LatestGround,
}

/// Why the inactive period cannot have begun before the earliest start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarliestGround {
    /// The key did not exist: the earliest start is the second of its creation.
    Created,
    /// A change to Active is recorded in that second.
    SwitchedOn,
    /// A change to Inactive is recorded in that second, and the key is known to have been Active before it.
    SwitchedOff,
    /// The key is known to have been Active at the end of the second before.
    ActiveBefore,
    /// A look saw it Active, at some moment from the one second to the other.
    SeenActive {
        /// The first second of the look.
        from: Instant,
        /// Its last second.
        to: Instant,
    },
}

/// Why the inactive period cannot have begun after the latest start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatestGround {
    /// A change to Inactive is recorded in that second, and none to Active between it and the moment that the claim
    /// speaks of.
    SwitchedOff,
    /// The covered time that reaches up to the moment that the claim speaks of begins in the next second, and the key was
    /// Inactive then.
    CoverageBegins,
    /// A span that somebody asserted to be complete begins in the next second, and the key was Inactive then if that is
    /// true.
    AssertionBegins,
    /// A look that saw it Inactive ended in that second. The claim at the look has no other ground; in an observed claim
    /// it is the first look since which no sign of an Active key is known.
    SeenInactive,
}

impl EarliestGround {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::SwitchedOn => "switched_on",
            Self::SwitchedOff => "switched_off",
            Self::ActiveBefore => "active_before",
            Self::SeenActive { .. } => "seen_active",
        }
    }
}

impl LatestGround {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::CoverageBegins => "coverage_begins",
            Self::AssertionBegins => "assertion_begins",
            Self::SeenInactive => "seen_inactive",
        }
    }
}
