//! One key of a run, in the order that its safety rests on: journal the intent, look, decide, delete, look again, journal the
//! outcome. Nothing waits between the look and the delete: a look that has waited is made again.

use std::time::Duration;

use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::journal::{Deletion, Event, Kept, Outcome, State};
use keysweep_core::plan::look::{LastLook, Reread};
use keysweep_core::plan::{Planned, PlannedKey, SkipReason, decide};
use keysweep_core::ports::{
    Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory, UserNow,
};
use keysweep_core::time::Instant;

use super::account::Entered;
use super::breaker::Trouble;
use super::resolve::Fate;
use super::run::{ANSWER_AWAITED, ATTEMPTS, LOOKS, Next, Run, Sent};

/// A delete is sent this long after the answer of the look that allows it, at most. A call takes a few hundredths of a second.
const LOOK_SERVES: Duration = Duration::from_secs(2);

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on one key that is planned to go.
    pub(super) async fn delete<E>(&self, entered: &Entered<'_, E, C>, key: &PlannedKey)
    where
        E: Inventory + StatusHistory + KeyControl,
    {
        for _ in 0..ATTEMPTS {
            if self.is_over() || !self.writer.secure().await {
                return;
            }
            let Some(record) = self.writer.record(key.account, &key.key).await else { return };
            match record.state() {
                State::Open { attempt, .. } => {
                    self.recover(entered, key, attempt, record.opened_at()).await;
                    // Whether there is more to do is for the journal to say.
                    let Some(record) = self.writer.record(key.account, &key.key).await else { return };
                    let state = record.state();
                    if state.is_final() || (!self.task.delete && !matches!(state, State::Open { .. })) {
                        return;
                    }
                    continue;
                }
                state if state.is_final() || !self.task.delete => {
                    if let Some(attempt) = record.in_doubt().filter(|_| !record.is_settled()) {
                        self.look_for_late_delete(entered, key, attempt).await;
                    }
                    return;
                }
                _ => {}
            }
            let doubt = record.in_doubt();
            // Where it is gone, and this run may have done it as well, a look tells.
            let elsewhere = self.elsewhere.reason(Planned::Deletion(key));
            if let Some(reason) = elsewhere.filter(|reason| doubt.is_none() || *reason != SkipReason::KeyGone)
            {
                return self.skip(key, reason).await;
            }
            let attempt = record.attempts().saturating_add(1);
            let changes = entered.changes(|error| self.could_not(error)).await;
            match self.attempt(entered, key, attempt, doubt, &changes).await {
                Next::Done => return,
                Next::Again => {}
            }
        }
    }

    /// Journals that a key was left alone that could not be looked at. An attempt that is open stays so.
    pub(super) async fn not_looked_at(&self, key: &PlannedKey, reason: SkipReason) {
        let Some(record) = self.writer.record(key.account, &key.key).await else { return };
        let state = record.state();
        if !matches!(state, State::Open { .. }) && !state.is_final() {
            self.skip(key, reason).await;
        }
    }

    /// Journals that a key was left alone before anything was intended.
    async fn skip(&self, key: &PlannedKey, reason: SkipReason) {
        if reason.is_reactivation() {
            self.breaker.count(Trouble::Reactivated);
        }
        let (account, id) = (key.account, key.key.clone());
        let event = Event::Skipped { at: self.now(), epoch: self.writer.epoch(), account, key: id, reason };
        self.journal(event).await;
    }

    async fn end(&self, key: &PlannedKey, attempt: u32, outcome: Outcome) {
        if let Outcome::Skipped(reason) = &outcome
            && reason.is_reactivation()
        {
            self.breaker.count(Trouble::Reactivated);
        }
        let (account, id) = (key.account, key.key.clone());
        self.journal(Event::Ended { at: self.now(), account, key: id, attempt, outcome }).await;
    }

    /// Finds out what came of an attempt that nobody finished.
    async fn recover<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedKey,
        attempt: u32,
        opened_at: Option<Instant>,
    ) where
        E: Inventory + KeyControl,
    {
        self.await_others(opened_at).await;
        self.look_for_late_delete(entered, key, attempt).await;
    }

    /// Records whether the key went by an attempt after all: by one that nobody finished, or, where it is left alone for good, by
    /// one whose delete may still have been on its way. Only a process that stood still for minutes between its last look and
    /// the delete does that.
    async fn look_for_late_delete<E>(&self, entered: &Entered<'_, E, C>, key: &PlannedKey, attempt: u32)
    where
        E: Inventory + KeyControl,
    {
        match entered.fate_anywhere(key).await {
            Ok(Fate::Gone) => {
                let outcome = Outcome::Gone { seen_at: self.now(), last_look: None };
                self.end(key, attempt, outcome).await;
            }
            Ok(Fate::There) => self.end(key, attempt, Outcome::Kept(Kept::Interrupted)).await,
            Err(_) => self.breaker.count(Trouble::Unknown),
        }
    }

    async fn attempt<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedKey,
        attempt: u32,
        doubt: Option<u32>,
        changes: &Reread,
    ) -> Next
    where
        E: Inventory + KeyControl,
    {
        let mut user_asked = self.desk.clock.elapsed();
        let mut user = match entered.call(Call::GetUser, || entered.account.get_user(&key.user)).await {
            Ok(user) => user,
            Err(error) if error.kind == CallErrorKind::NotFound => {
                self.without_user(entered, key, doubt).await;
                return Next::Done;
            }
            Err(error) => {
                self.skip(key, SkipReason::NotLookedAt(self.could_not(&error))).await;
                return Next::Done;
            }
        };
        let intent = Event::Intended {
            at: self.now(),
            epoch: self.writer.epoch(),
            account: key.account,
            key: key.key.clone(),
            user: key.user.clone(),
            user_id: user.user.id.clone(),
            attempt,
        };
        if !self.journal(intent).await {
            return Next::Done;
        }
        for _ in 0..LOOKS {
            // Whoever was superseded acts no more; what became of the intent is found out by the other.
            if !self.writer.secure().await {
                return Next::Done;
            }
            // What is exempt is as much of the look as the user and its keys.
            let began = self.desk.clock.elapsed();
            let exemptions = match self.exemptions().await {
                Ok(exemptions) => exemptions,
                Err(reason) => {
                    self.end(key, attempt, Outcome::Skipped(reason)).await;
                    return Next::Done;
                }
            };
            // A tag that keeps the key may have been set meanwhile: the user's tags are as much of the look as its keys.
            if self.desk.clock.elapsed().saturating_sub(user_asked) > LOOK_SERVES {
                user_asked = self.desk.clock.elapsed();
                match entered.call(Call::GetUser, || entered.account.get_user(&key.user)).await {
                    Ok(now) => user = now,
                    // Its keys are gone with it, which the listing shows.
                    Err(error) if error.kind == CallErrorKind::NotFound => {}
                    Err(error) => {
                        let reason = SkipReason::NotLookedAt(self.could_not(&error));
                        self.end(key, attempt, Outcome::Skipped(reason)).await;
                        return Next::Done;
                    }
                }
            }
            let keys = match entered.keys(&key.user).await {
                Ok(keys) => keys,
                Err(error) if error.kind == CallErrorKind::NotFound => Vec::new(),
                Err(error) => {
                    let reason = SkipReason::NotLookedAt(self.could_not(&error));
                    self.end(key, attempt, Outcome::Skipped(reason)).await;
                    return Next::Done;
                }
            };
            let last_look = self.now();
            let UserNow { user: found, tags } = &user;
            let look = LastLook { at: last_look, user_arn: &found.arn, tags, keys: &keys, history: changes };
            match decide::delete(self.plan, key, &look, &exemptions, self.allow_observed) {
                Err(SkipReason::KeyGone) if let Some(before) = doubt => {
                    match entered.fate_anywhere(key).await {
                        Ok(Fate::Gone) => {
                            let outcome = Outcome::Gone { seen_at: self.now(), last_look: None };
                            self.end(key, attempt, outcome).await;
                        }
                        Ok(Fate::There) => {
                            self.end(key, attempt, Outcome::Skipped(SkipReason::UserGone)).await;
                            self.end(key, before, Outcome::Kept(Kept::Interrupted)).await;
                        }
                        Err(_) => self.breaker.count(Trouble::Unknown),
                    }
                    return Next::Done;
                }
                Err(reason) => {
                    self.end(key, attempt, Outcome::Skipped(reason)).await;
                    return Next::Done;
                }
                Ok(()) => {}
            }
            let delete = || entered.account.delete_access_key(&key.user, &key.key);
            let looked = began.min(user_asked);
            match self.send(entered, Call::DeleteAccessKey, (looked, LOOK_SERVES), delete).await {
                Ok(Sent::TooLate) => {}
                Ok(Sent::Confirmed(request_id)) => {
                    let verified_at = self.verify(entered, key).await;
                    let deletion = Deletion { request_id, last_look, verified_at };
                    self.end(key, attempt, Outcome::Deleted(deletion)).await;
                    return Next::Done;
                }
                Err(error) => {
                    return self.not_deleted(entered, key, attempt, &user.user.id, last_look, &error).await;
                }
            }
        }
        self.end(key, attempt, Outcome::Kept(Kept::LooksTooOld)).await;
        Next::Done
    }

    /// The user is not found under its name. Where an earlier delete may have taken the key, it is looked for.
    async fn without_user<E>(&self, entered: &Entered<'_, E, C>, key: &PlannedKey, doubt: Option<u32>)
    where
        E: Inventory + KeyControl,
    {
        let Some(attempt) = doubt else {
            self.skip(key, SkipReason::UserGone).await;
            return;
        };
        match entered.fate_anywhere(key).await {
            Ok(Fate::Gone) => {
                let outcome = Outcome::Gone { seen_at: self.now(), last_look: None };
                self.end(key, attempt, outcome).await;
            }
            Ok(Fate::There) => {
                self.skip(key, SkipReason::UserGone).await;
                self.end(key, attempt, Outcome::Kept(Kept::Interrupted)).await;
            }
            Err(error) => self.skip(key, SkipReason::NotLookedAt(self.could_not(&error))).await,
        }
    }

    /// When a listing showed that the key is gone. IAM is eventually consistent, so one that shows it still is asked again.
    async fn verify<E: Inventory + KeyControl>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedKey,
    ) -> Option<Instant> {
        for wait in [Duration::ZERO, Duration::from_secs(2)] {
            if !wait.is_zero() {
                self.desk.clock.sleep(wait).await;
            }
            match entered.keys(&key.user).await {
                Ok(keys) if keys.iter().any(|listed| listed.id == key.key) => {}
                Ok(_) => return Some(self.now()),
                Err(error) if error.kind == CallErrorKind::NotFound => return Some(self.now()),
                Err(_) => return None,
            }
        }
        None
    }

    async fn not_deleted<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedKey,
        attempt: u32,
        user_id: &str,
        last_look: Instant,
        error: &CallError,
    ) -> Next
    where
        E: Inventory + KeyControl,
    {
        if let Some(kept) = self.without_effect(error) {
            self.end(key, attempt, Outcome::Kept(kept)).await;
            return Next::Done;
        }
        // NoSuchEntity: there was an intent, so it may be this run's doing; or the user was renamed just now.
        let after = if error.kind == CallErrorKind::NotFound { Duration::ZERO } else { ANSWER_AWAITED };
        self.find_out(entered, key, attempt, user_id, last_look, after).await
    }

    /// Finds out what came of an own delete.
    async fn find_out<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedKey,
        attempt: u32,
        user_id: &str,
        last_look: Instant,
        after: Duration,
    ) -> Next
    where
        E: Inventory + KeyControl,
    {
        self.desk.clock.sleep(after).await;
        match entered.fate(&key.user, user_id, &key.key).await {
            Ok(Fate::Gone) => {
                let outcome = Outcome::Gone { seen_at: self.now(), last_look: Some(last_look) };
                self.end(key, attempt, outcome).await;
                Next::Done
            }
            Ok(Fate::There) => {
                let kept = Kept::Failed("the delete had no effect".to_owned());
                self.end(key, attempt, Outcome::Kept(kept)).await;
                Next::Again
            }
            Err(_) => {
                // The attempt stays open: the next apply finds out.
                self.breaker.count(Trouble::Unknown);
                Next::Done
            }
        }
    }
}
