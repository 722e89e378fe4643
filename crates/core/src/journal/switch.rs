//! The part of the transition function that concerns a key's status: deactivations, and their being undone. Nothing of it is
//! final as a deletion is, so an attempt is over when a look showed what the key's status is.

use super::event::{Event, Kept};
use super::status::{ARRIVES_WITHIN, Illegal};
use crate::key::{AccessKeyId, KeyStatus};
use crate::plan::SkipReason;
use crate::time::Instant;

/// When a look was taken: at some moment from the second `from` to the second `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Looked {
    /// The earliest second.
    pub from: Instant,
    /// The latest second.
    pub to: Instant,
}

/// What came of setting a key's status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SwitchOutcome {
    /// AWS said that it set the status.
    Set(Setting),
    /// The key has the status: it was set under this intent, and the answer was lost, or by somebody else meanwhile. Which of the
    /// two, CloudTrail tells.
    Seen {
        /// The look that saw it.
        seen: Looked,
        /// The last look that saw the other status; `None` where that was lost with the process that looked.
        before: Option<Looked>,
    },
    /// Nothing was sent, or the key is gone.
    LeftAlone(SkipReason),
    /// The key has the other status still.
    Kept(Kept),
}

/// A status that AWS confirmed to have set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// AWS's request id; `None` where the answer had none.
    pub request_id: Option<String>,
    /// The last look before it, which saw the other status.
    pub before: Looked,
    /// The look after it, which saw the new one; `None` where none did.
    pub after: Option<Looked>,
}

impl Attempt {
    /// Whether it was given up, and may have sent its call.
    const fn may_have_sent(&self) -> bool {
        matches!(self.outcome, Some(SwitchOutcome::Kept(Kept::Interrupted | Kept::Failed(_))))
    }
}

impl SwitchOutcome {
    /// Whether the key was looked at for it.
    const fn is_of_a_look(&self) -> bool {
        match self {
            Self::Kept(Kept::Interrupted | Kept::Failed(_)) | Self::Set(_) | Self::Seen { .. } => true,
            Self::LeftAlone(reason) => reason.is_of_a_look(),
            Self::Kept(_) => false,
        }
    }

    /// Whether the key has the status that it was to have.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Set(_) | Self::Seen { .. })
    }
}

/// What was journalled of a key's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SwitchRecord {
    attempts: Vec<Attempt>,
    /// The attempt whose effect was journalled last, by its place.
    done: Option<usize>,
    /// When the key was looked at last.
    looked_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    to: KeyStatus,
    opened_at: Instant,
    ended_at: Option<Instant>,
    outcome: Option<SwitchOutcome>,
}

/// Where a key stands whose status is to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchState<'a> {
    /// Nothing was done about it.
    Waiting,
    /// Its status is to be set, and what came of that is not known.
    Open {
        /// Which attempt.
        attempt: u32,
        /// To what.
        to: KeyStatus,
    },
    /// It was not deactivated.
    LeftAlone(&'a SkipReason),
    /// It was to be deactivated, and is Active still.
    Kept(&'a Kept),
    /// It is deactivated by the run; or, where that is not confirmed, by the run or by somebody else at the same time.
    Deactivated {
        /// Whether AWS confirmed it.
        confirmed: bool,
    },
    /// A revert of the run has reactivated it.
    Reactivated,
}

impl SwitchState<'_> {
    /// Whether an apply has nothing more to do about the key.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Deactivated { .. } | Self::Reactivated => true,
            Self::LeftAlone(reason) => reason.is_final(),
            Self::Waiting | Self::Open { .. } | Self::Kept(_) => false,
        }
    }
}

impl SwitchRecord {
    /// Whether anything was begun.
    pub const fn is_begun(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    /// Where the key stands.
    pub fn state(&self) -> SwitchState<'_> {
        let Some(last) = self.attempts.last() else { return SwitchState::Waiting };
        if last.outcome.is_none() {
            return SwitchState::Open { attempt: self.attempts(), to: last.to };
        }
        let done = self.done.and_then(|place| self.attempts.get(place));
        match (done.map(|done| (done.to, &done.outcome)), &last.outcome) {
            (Some((KeyStatus::Active, _)), _) => SwitchState::Reactivated,
            (Some((KeyStatus::Inactive, outcome)), _) => {
                SwitchState::Deactivated { confirmed: matches!(outcome, Some(SwitchOutcome::Set(_))) }
            }
            (None, Some(SwitchOutcome::LeftAlone(reason))) => SwitchState::LeftAlone(reason),
            (None, Some(SwitchOutcome::Kept(kept))) => SwitchState::Kept(kept),
            // What is done is in `done`.
            (None, _) => SwitchState::Waiting,
        }
    }

    /// When the attempt was intended that has no outcome yet.
    pub fn opened_at(&self) -> Option<Instant> {
        self.attempts.last().filter(|attempt| attempt.outcome.is_none()).map(|attempt| attempt.opened_at)
    }

    /// The deactivation that is to be undone, and when its outcome was journalled; `None` where there is none that AWS confirmed.
    pub fn deactivated(&self) -> Option<(&Setting, Instant)> {
        let done = self.attempts.get(self.done?).filter(|done| done.to == KeyStatus::Inactive)?;
        match (&done.outcome, done.ended_at) {
            (Some(SwitchOutcome::Set(setting)), Some(at)) => Some((setting, at)),
            _ => None,
        }
    }

    /// Why the last revert left the key as it is; `None` where none came to it, or it was reactivated.
    pub fn not_reverted(&self) -> Option<&SwitchOutcome> {
        let last = self.attempts.last().filter(|last| last.to == KeyStatus::Active)?;
        last.outcome.as_ref().filter(|outcome| !outcome.is_done())
    }

    /// Whether a revert has nothing more to do about the key.
    pub fn is_revert_final(&self) -> bool {
        match (self.state(), self.not_reverted()) {
            (SwitchState::Deactivated { confirmed: true }, Some(SwitchOutcome::LeftAlone(reason))) => {
                reason.is_final()
            }
            (SwitchState::Deactivated { confirmed: true } | SwitchState::Open { .. }, _) => false,
            _ => true,
        }
    }

    /// Whether a call of an earlier attempt may have set this status after that was given up: a process that stood still sends late.
    pub fn may_have_set(&self, status: KeyStatus) -> bool {
        self.attempts.iter().any(|attempt| attempt.to == status && attempt.may_have_sent())
    }

    /// The last attempt that was given up, and whose call may still arrive and change the status; and what it was to set. As of a
    /// delete, the doubt is over where the key was looked for so long after the intent that no call arrives any more; of one that is
    /// gone nothing more is to be found out.
    pub fn in_doubt(&self) -> Option<(u32, KeyStatus)> {
        let status = self.done.and_then(|place| self.attempts.get(place)).map(|done| done.to);
        let over = |attempt: &Attempt| {
            self.looked_at.is_some_and(|looked_at| looked_at - attempt.opened_at >= ARRIVES_WITHIN)
        };
        let may_change = |attempt: &Attempt| status != Some(attempt.to);
        let place = self
            .attempts
            .iter()
            .rposition(|attempt| attempt.may_have_sent() && !over(attempt) && may_change(attempt))?;
        let attempt = self.attempts.get(place)?;
        Some((u32::try_from(place).ok()?.saturating_add(1), attempt.to))
    }

    fn may_begin(&self, key: &AccessKeyId, to: KeyStatus) -> Result<(), Illegal> {
        match (to, self.state()) {
            (_, SwitchState::Open { attempt, .. }) => Err(Illegal::StillOpen { key: key.clone(), attempt }),
            (KeyStatus::Inactive, SwitchState::Deactivated { .. } | SwitchState::Reactivated) => {
                Err(Illegal::AlreadySwitched(key.clone()))
            }
            (KeyStatus::Inactive, SwitchState::LeftAlone(reason)) if reason.is_final() => {
                Err(Illegal::LeftAlone(key.clone()))
            }
            (KeyStatus::Active, _) if self.is_revert_final() => Err(Illegal::NothingToUndo(key.clone())),
            (KeyStatus::Inactive | KeyStatus::Active, _) => Ok(()),
        }
    }

    /// The record after `event`. Gives whether the status was set by it.
    pub(super) fn follow(&mut self, event: &Event) -> Result<bool, Illegal> {
        match event {
            Event::Switching { at, key, to, attempt, .. } => {
                let last = self.attempts();
                self.may_begin(key, *to)?;
                if *attempt != last.saturating_add(1) {
                    return Err(Illegal::NotTheNextAttempt { key: key.clone(), attempt: *attempt, last });
                }
                self.attempts.push(Attempt { to: *to, opened_at: *at, ended_at: None, outcome: None });
                Ok(false)
            }
            Event::Switched { at, key, to, attempt, outcome, .. } => {
                let is_open = matches!(self.state(), SwitchState::Open { .. });
                let now = self.done.and_then(|place| self.attempts.get(place)).map(|done| done.to);
                let place = (*attempt as usize).checked_sub(1);
                let found = place.and_then(|place| self.attempts.get_mut(place));
                let Some(found) = found.filter(|found| found.to == *to) else {
                    return Err(Illegal::NoSuchAttempt { key: key.clone(), attempt: *attempt });
                };
                // Whoever was slow, and was given up, may still learn that its call had an effect. What it only sees may be the
                // effect of another.
                let given_up = matches!(found.outcome, Some(SwitchOutcome::Kept(Kept::Interrupted)));
                let late = match outcome {
                    SwitchOutcome::Set(_) => given_up,
                    SwitchOutcome::Seen { .. } => found.may_have_sent() && now != Some(*to),
                    // The key was seen again, or is gone.
                    SwitchOutcome::LeftAlone(_) | SwitchOutcome::Kept(Kept::Interrupted) => {
                        found.may_have_sent() && !is_open
                    }
                    SwitchOutcome::Kept(_) => false,
                };
                if found.outcome.is_some() && !late {
                    return Err(Illegal::AlreadyEnded { key: key.clone(), attempt: *attempt });
                }
                found.outcome = Some(outcome.clone());
                found.ended_at = Some(*at);
                if outcome.is_done() {
                    self.done = place;
                }
                if outcome.is_of_a_look() {
                    self.looked_at = self.looked_at.max(Some(*at));
                }
                Ok(outcome.is_done())
            }
            _ => Ok(false),
        }
    }
}

/// The looks at a key that an event holds, with what they saw: evidence for later scans.
pub fn looks(event: &Event) -> Vec<(KeyStatus, Looked)> {
    let Event::Switched { to, outcome, .. } = event else { return Vec::new() };
    let from = match to {
        KeyStatus::Active => KeyStatus::Inactive,
        KeyStatus::Inactive => KeyStatus::Active,
    };
    let (before, after) = match outcome {
        SwitchOutcome::Set(Setting { before, after, .. }) => (Some(*before), *after),
        SwitchOutcome::Seen { seen, before } => (*before, Some(*seen)),
        SwitchOutcome::LeftAlone(_) | SwitchOutcome::Kept(_) => (None, None),
    };
    before.map(|look| (from, look)).into_iter().chain(after.map(|look| (*to, look))).collect()
}
