//! What really happened to a key, and what is true of it at each moment: the definitions that everything else is
//! compared with.

use keysweep_core::infer::Look;
use keysweep_core::key::KeyStatus;

/// A true history: born Active in the second `created`, then changed in this order.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) created: i64,
    pub(crate) changes: Vec<(i64, KeyStatus)>,
}

/// What is true at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Active,
    /// Inactive since a change in this second.
    InactiveSince(i64),
}

impl State {
    pub(crate) const fn status(self) -> KeyStatus {
        match self {
            Self::Active => KeyStatus::Active,
            Self::InactiveSince(_) => KeyStatus::Inactive,
        }
    }

    pub(crate) const fn after(self, second: i64, status: KeyStatus) -> Self {
        match (self, status) {
            (_, KeyStatus::Active) => Self::Active,
            (Self::Active, KeyStatus::Inactive) => Self::InactiveSince(second),
            // Switched off again while it was off: the period goes on.
            (Self::InactiveSince(since), KeyStatus::Inactive) => Self::InactiveSince(since),
        }
    }

    /// The second in which the current inactive period began.
    pub(crate) const fn since(self) -> Option<i64> {
        match self {
            Self::Active => None,
            Self::InactiveSince(since) => Some(since),
        }
    }
}

impl History {
    /// What is true at the end of a second; `None` before the key exists.
    pub(crate) fn at_end_of(&self, second: i64) -> Option<State> {
        let past = self.changes.iter().take_while(|(at, _)| *at <= second);
        let state = past.fold(State::Active, |state, (at, status)| state.after(*at, *status));
        (self.created <= second).then_some(state)
    }

    /// What is true in turn from the start of the second `from` to the end of the second `to`.
    pub(crate) fn moments(&self, from: i64, to: i64) -> Vec<State> {
        let mut state = self.at_end_of(from - 1).unwrap_or(State::Active);
        let mut moments = if self.created <= to { vec![state] } else { Vec::new() };
        for (at, status) in self.changes.iter().filter(|(at, _)| from <= *at && *at <= to) {
            state = state.after(*at, *status);
            moments.push(state);
        }
        moments
    }

    /// Whether some moment of the look had the status that was seen.
    pub(crate) fn fits(&self, look: Look) -> bool {
        self.moments(look.from.unix(), look.to.unix()).iter().any(|state| state.status() == look.status)
    }
}
