//! Findings of an earlier scan that are settled: what became of their keys is known. Systems that keep findings are told so
//! under the same id ([`crate::identity`]), and close them.
//!
//! A key that merely was not assessed again is never among them.

use keysweep_core::finding::Finding;
use keysweep_core::time::Instant;

/// What became of a key that was inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// It is no longer among its user's keys: it was deleted, or its user was.
    Gone,
    /// It was switched on again.
    Active,
}

impl Resolution {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Active => "active",
        }
    }

    /// What it means, as a sentence about the key.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Gone => "no longer exists",
            Self::Active => "is active again",
        }
    }
}

/// A settled finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The finding as the earlier scan had it.
    pub finding: Finding,
    /// What became of its key.
    pub resolution: Resolution,
    /// When that was seen.
    pub seen_at: Instant,
}
