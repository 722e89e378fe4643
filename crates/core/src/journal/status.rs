//! The one transition function: which event may follow which, and what state a key and a run are in after them. Recovery is
//! replaying the events through it; what may not follow is an error, never a panic and never passed over.

use std::collections::BTreeMap;

use super::chain::{self, Broken, Sealed};
use super::event::{Event, Kept, Outcome};
use super::switch::{SwitchRecord, SwitchState};
use crate::account::AccountId;
use crate::key::AccessKeyId;
use crate::plan::SkipReason;
use crate::plan::digest::Digest;
use crate::time::{Instant, SignedDuration};

/// A delete that was sent takes effect within this time of its intent, or never: AWS refuses what was signed more than 15 minutes
/// ago (IAM User Guide, elements of a signed request); the rest is for clocks that differ, and for a program that stood still
/// between the intent and the signature.
pub(super) const ARRIVES_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Why an event may not follow those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Illegal {
    /// Somebody else has taken over.
    #[error(
        "the lease number {epoch} is no longer in force: number {current} is, another keysweep has taken over"
    )]
    Superseded {
        /// The number that the event was under.
        epoch: u64,
        /// The number in force.
        current: u64,
    },
    /// A lease was opened with a number that was used before.
    #[error(
        "the store gave the lease number {epoch}, and number {current} was used already: it has lost leases; restore it from a copy"
    )]
    NotTheNextLease {
        /// The number that the event was under.
        epoch: u64,
        /// The number in force.
        current: u64,
    },
    /// The key is gone already.
    #[error("key {0} is gone already")]
    AlreadyGone(AccessKeyId),
    /// An intent for the key has no outcome yet.
    #[error("attempt {attempt} at key {key} has no outcome yet")]
    StillOpen {
        /// The key.
        key: AccessKeyId,
        /// The attempt that is open.
        attempt: u32,
    },
    /// The key is out of the plan for good.
    #[error("key {0} was left alone for a reason that does not go away")]
    LeftAlone(AccessKeyId),
    /// The attempt does not follow the last.
    #[error("attempt {attempt} at key {key} does not follow attempt {last}")]
    NotTheNextAttempt {
        /// The key.
        key: AccessKeyId,
        /// The attempt.
        attempt: u32,
        /// The last attempt that was made.
        last: u32,
    },
    /// There was no such attempt.
    #[error("there was no attempt {attempt} at key {key}")]
    NoSuchAttempt {
        /// The key.
        key: AccessKeyId,
        /// The attempt.
        attempt: u32,
    },
    /// The key is to be deleted and cannot be switched, or the other way round.
    #[error("key {0} is either to be deleted or to be switched, not both")]
    OtherWork(AccessKeyId),
    /// The run has deactivated the key already, or reactivated it.
    #[error("key {0} was switched by this run already")]
    AlreadySwitched(AccessKeyId),
    /// The run has not deactivated the key, or nobody confirmed that it did, or it is active again.
    #[error("there is no confirmed deactivation of key {0} to undo")]
    NothingToUndo(AccessKeyId),
    /// The key was said to be deleted by somebody else, while a delete of this run may have done it.
    #[error("key {0} may be gone by an earlier attempt")]
    InDoubt(AccessKeyId),
    /// The attempt has an outcome that the new one may not replace.
    #[error("attempt {attempt} at key {key} has an outcome already")]
    AlreadyEnded {
        /// The key.
        key: AccessKeyId,
        /// The attempt.
        attempt: u32,
    },
}

/// What was journalled of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyRecord {
    attempts: Vec<Attempt>,
    skipped: Option<SkipReason>,
    gone: bool,
    /// When it was last seen to be there.
    seen_at: Option<Instant>,
    /// What was done to its status, where it is not to be deleted.
    switch: SwitchRecord,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    opened_at: Instant,
    user_id: String,
    outcome: Option<Outcome>,
}

impl Attempt {
    const fn may_have_sent(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Kept(Kept::Interrupted | Kept::Failed(_))))
    }
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Nothing was done about it.
    Waiting,
    /// Its deletion was intended, and what came of it is not known.
    Open {
        /// Which attempt.
        attempt: u32,
        /// The id of its user.
        user_id: &'a str,
    },
    /// It was left alone.
    Skipped(&'a SkipReason),
    /// It was to be deleted, and is still there.
    Kept(&'a Kept),
    /// It is gone.
    Gone,
}

impl State<'_> {
    /// Whether there is nothing more to do about the key.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Gone => true,
            Self::Skipped(reason) => reason.is_final(),
            Self::Waiting | Self::Open { .. } | Self::Kept(_) => false,
        }
    }
}

impl KeyRecord {
    /// Where the key stands.
    pub fn state(&self) -> State<'_> {
        if let Some((attempt, open)) = self.open() {
            return State::Open { attempt, user_id: &open.user_id };
        }
        if self.gone {
            return State::Gone;
        }
        if let Some(reason) = &self.skipped {
            return State::Skipped(reason);
        }
        match self.attempts.last().and_then(|attempt| attempt.outcome.as_ref()) {
            Some(Outcome::Skipped(reason)) => State::Skipped(reason),
            Some(Outcome::Kept(kept)) => State::Kept(kept),
            Some(Outcome::Deleted(_) | Outcome::Gone { .. }) => State::Gone,
            None => State::Waiting,
        }
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    /// The last attempt that may have sent a delete of which it is not known what came. The key may go by it still, so where it
    /// is found to be gone, it was not necessarily somebody else. The doubt is over where the key was seen so long after the
    /// intent that the delete can no longer arrive.
    pub fn in_doubt(&self) -> Option<u32> {
        let sent = |attempt: &&Attempt| {
            let over = self.seen_at.is_some_and(|seen_at| seen_at - attempt.opened_at >= ARRIVES_WITHIN);
            attempt.may_have_sent() && !over
        };
        let number = self.attempts.iter().rposition(|attempt| sent(&attempt))?;
        Some(u32::try_from(number).ok()?.saturating_add(1))
    }

    /// Whether there is nothing more to do about the key, and nothing more to find out. A key that is left alone for good may still
    /// go by a delete that an attempt sent before: one that was stopped in the middle, or that got no answer.
    pub fn is_settled(&self) -> bool {
        match self.state() {
            State::Gone => true,
            state => state.is_final() && self.in_doubt().is_none(),
        }
    }

    /// Whether something was begun, and what came of it is not known, or may still change.
    pub fn is_unresolved(&self) -> bool {
        let state = self.state();
        matches!(state, State::Open { .. })
            || (state != State::Gone && self.in_doubt().is_some())
            || matches!(self.switch.state(), SwitchState::Open { .. })
            || self.switch.in_doubt().is_some()
    }

    /// When the attempt was intended that has no outcome yet.
    pub fn opened_at(&self) -> Option<Instant> {
        self.open().map(|(_, attempt)| attempt.opened_at)
    }

    fn open(&self) -> Option<(u32, &Attempt)> {
        let last = self.attempts.last().filter(|attempt| attempt.outcome.is_none())?;
        Some((self.attempts(), last))
    }

    /// What was done to its status.
    pub const fn switch(&self) -> &SwitchRecord {
        &self.switch
    }

    fn free(&self, key: &AccessKeyId) -> Result<(), Illegal> {
        if self.switch.is_begun() {
            return Err(Illegal::OtherWork(key.clone()));
        }
        match self.state() {
            State::Open { attempt, .. } => Err(Illegal::StillOpen { key: key.clone(), attempt }),
            State::Gone => Err(Illegal::AlreadyGone(key.clone())),
            State::Skipped(reason) if reason.is_final() => Err(Illegal::LeftAlone(key.clone())),
            State::Skipped(_) | State::Kept(_) | State::Waiting => Ok(()),
        }
    }

    fn accounts_for(&self, key: &AccessKeyId, reason: &SkipReason) -> Result<(), Illegal> {
        if *reason == SkipReason::KeyGone && self.in_doubt().is_some() {
            return Err(Illegal::InDoubt(key.clone()));
        }
        Ok(())
    }

    /// The record after `event`, which concerns this key. Gives whether there is a receipt for it: the key is gone by it for the
    /// first time, or its status was set.
    pub fn follow(&mut self, event: &Event) -> Result<bool, Illegal> {
        match event {
            Event::Opened { .. } | Event::Reverting { .. } | Event::Stopped { .. } => Ok(false),
            Event::Skipped { key, reason, .. } => {
                self.free(key)?;
                self.accounts_for(key, reason)?;
                self.skipped = Some(reason.clone());
                Ok(false)
            }
            Event::Intended { at, key, attempt, user_id, .. } => {
                self.free(key)?;
                let last = self.attempts();
                if *attempt != last.saturating_add(1) {
                    return Err(Illegal::NotTheNextAttempt { key: key.clone(), attempt: *attempt, last });
                }
                self.skipped = None;
                self.attempts.push(Attempt { opened_at: *at, user_id: user_id.clone(), outcome: None });
                Ok(false)
            }
            Event::Ended { at, key, attempt, outcome, .. } => {
                let (gone_before, is_open) = (self.gone, self.open().is_some());
                if let Outcome::Skipped(reason) = outcome {
                    self.accounts_for(key, reason)?;
                }
                let index = (*attempt as usize).checked_sub(1);
                let found = index.and_then(|index| self.attempts.get_mut(index));
                let Some(found) = found else {
                    return Err(Illegal::NoSuchAttempt { key: key.clone(), attempt: *attempt });
                };
                // Whoever was slow, and was given up, may still learn that the key went by its delete: that is recorded, as
                // the truth, over what others took for it. Where nothing was sent, nothing can come of it later.
                let given_up = matches!(found.outcome, Some(Outcome::Kept(_)));
                let late = given_up && outcome.is_gone() && !gone_before;
                // The key was seen again.
                let again = found.may_have_sent()
                    && matches!(outcome, Outcome::Kept(Kept::Interrupted))
                    && !is_open
                    && !gone_before;
                if found.outcome.is_some() && !late && !again {
                    return Err(Illegal::AlreadyEnded { key: key.clone(), attempt: *attempt });
                }
                found.outcome = Some(outcome.clone());
                if outcome.saw_the_key() {
                    self.seen_at = self.seen_at.max(Some(*at));
                }
                self.gone |= outcome.is_gone();
                Ok(self.gone && !gone_before)
            }
            Event::Switching { key, .. } | Event::Switched { key, .. } => {
                if !self.attempts.is_empty() || self.skipped.is_some() {
                    return Err(Illegal::OtherWork(key.clone()));
                }
                self.switch.follow(event)
            }
        }
    }
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    plan: Digest,
    epoch: u64,
    head: (u64, Digest),
    keys: BTreeMap<(AccountId, AccessKeyId), KeyRecord>,
    reverted: bool,
}

impl Ledger {
    /// The state before anything was done about the plan with this digest.
    pub const fn new(plan: Digest) -> Self {
        Self { plan, epoch: 0, head: (0, plan), keys: BTreeMap::new(), reverted: false }
    }

    /// The state after these events: each must be sealed to the one before, and be allowed to follow it.
    pub fn replay<'a>(plan: Digest, events: impl IntoIterator<Item = &'a Sealed>) -> Result<Self, Broken> {
        let mut ledger = Self::new(plan);
        for sealed in events {
            ledger.join(sealed)?;
        }
        Ok(ledger)
    }

    /// Goes on with an event that was sealed before: it must be sealed to the last one, and be allowed to follow it. Gives whether
    /// there is a receipt for it.
    pub fn join(&mut self, sealed: &Sealed) -> Result<bool, Broken> {
        sealed.check(self.head)?;
        let has_receipt = self
            .follow(&sealed.event)
            .map_err(|illegal| Broken::Illegal { number: sealed.number, illegal })?;
        self.head = (sealed.number, sealed.digest);
        Ok(has_receipt)
    }

    /// Seals an event, if it may follow.
    pub fn append(&mut self, event: Event) -> Result<Sealed, Illegal> {
        self.follow(&event)?;
        let sealed = chain::seal(self.head, event);
        self.head = (sealed.number, sealed.digest);
        Ok(sealed)
    }

    fn follow(&mut self, event: &Event) -> Result<bool, Illegal> {
        let current = self.epoch;
        match (event, event.epoch()) {
            (Event::Opened { .. } | Event::Reverting { .. }, Some(epoch)) if epoch <= current => {
                return Err(Illegal::NotTheNextLease { epoch, current });
            }
            (Event::Opened { .. }, Some(epoch)) => self.epoch = epoch,
            (Event::Reverting { .. }, Some(epoch)) => (self.epoch, self.reverted) = (epoch, true),
            (_, Some(epoch)) if epoch != current => return Err(Illegal::Superseded { epoch, current }),
            _ => {}
        }
        let Some((account, key)) = event.key() else { return Ok(false) };
        self.keys.entry((account, key.clone())).or_default().follow(event)
    }

    /// The plan that is applied.
    pub const fn plan(&self) -> Digest {
        self.plan
    }

    /// The number of the lease in force.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number and the digest of the last event.
    pub const fn head(&self) -> (u64, Digest) {
        self.head
    }

    /// What was journalled of a key.
    pub fn key(&self, account: AccountId, key: &AccessKeyId) -> Option<&KeyRecord> {
        self.keys.get(&(account, key.clone()))
    }

    /// Where a key stands.
    pub fn state(&self, account: AccountId, key: &AccessKeyId) -> State<'_> {
        self.key(account, key).map_or(State::Waiting, KeyRecord::state)
    }

    /// Whether there is nothing more to do or to find out about a key.
    pub fn is_settled(&self, account: AccountId, key: &AccessKeyId) -> bool {
        self.key(account, key).is_some_and(KeyRecord::is_settled)
    }

    /// Where a key stands that is to be deactivated.
    pub fn switch(&self, account: AccountId, key: &AccessKeyId) -> SwitchState<'_> {
        self.key(account, key).map_or(SwitchState::Waiting, |record| record.switch().state())
    }

    /// Whether a revert of the run has begun: then it deactivates no more keys.
    pub const fn is_reverted(&self) -> bool {
        self.reverted
    }

    /// Every key that anything was journalled of.
    pub fn keys(&self) -> impl Iterator<Item = (AccountId, &AccessKeyId, &KeyRecord)> {
        self.keys.iter().map(|((account, key), record)| (*account, key, record))
    }
}
