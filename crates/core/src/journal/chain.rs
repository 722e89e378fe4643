//! The chain that joins a journal's events: each has a number and the digest of itself and the one before, so that none can
//! be changed, left out or put in between unnoticed. The first is joined to the plan.

use super::event::Event;
use super::record;
use super::status::Illegal;
use crate::plan::digest::Digest;

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place in the run, from 1.
    pub number: u64,
    /// What happened.
    pub event: Event,
    /// The digest of the event before it; for the first, of the plan.
    pub previous: Digest,
    /// The digest of all this.
    pub digest: Digest,
}

/// Why a journal is not to be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An event cannot be read.
    #[error("event {number} of the journal cannot be read: {reason}")]
    Unreadable {
        /// Its number.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// An event is missing, or is there twice.
    #[error("event {found} of the journal stands where event {expected} belongs")]
    OutOfOrder {
        /// The number that belongs there.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// An event does not follow the one before it.
    #[error(
        "event {number} of the journal is not joined to the one before it: something was removed or changed"
    )]
    NotJoined {
        /// Its number.
        number: u64,
    },
    /// An event was changed.
    #[error("event {number} of the journal was changed: its digest is not that of its content")]
    Changed {
        /// Its number.
        number: u64,
    },
    /// An event may not follow those before it.
    #[error("event {number} of the journal may not follow those before it: {illegal}")]
    Illegal {
        /// Its number.
        number: u64,
        /// Why not.
        illegal: Illegal,
    },
}

/// The event behind the one with this number and digest.
pub(super) fn seal((number, previous): (u64, Digest), event: Event) -> Sealed {
    let number = number.saturating_add(1);
    let digest = digest(number, previous, &record::write(&event));
    Sealed { number, event, previous, digest }
}

fn digest(number: u64, previous: Digest, text: &str) -> Digest {
    Digest::of(format!("{number}\n{previous}\n{text}").as_bytes())
}

impl Sealed {
    /// The event as it is kept: JSON `keysweep.journal/v1`.
    pub fn text(&self) -> String {
        record::write(&self.event)
    }

    /// An event that was kept.
    pub fn read(number: u64, text: &str, previous: Digest, digest: Digest) -> Result<Self, Broken> {
        let event =
            record::read(text).map_err(|reason| Broken::Unreadable { number, reason: reason.to_string() })?;
        if record::write(&event) != text {
            return Err(Broken::Changed { number });
        }
        Ok(Self { number, event, previous, digest })
    }

    /// Whether it belongs behind the event with this number and digest.
    pub(super) fn check(&self, (number, previous): (u64, Digest)) -> Result<(), Broken> {
        let expected = number.saturating_add(1);
        if self.number != expected {
            Err(Broken::OutOfOrder { expected, found: self.number })
        } else if self.previous != previous {
            Err(Broken::NotJoined { number: self.number })
        } else if self.digest != digest(self.number, previous, &self.text()) {
            Err(Broken::Changed { number: self.number })
        } else {
            Ok(())
        }
    }
}
