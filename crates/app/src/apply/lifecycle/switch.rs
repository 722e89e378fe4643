//! One key whose status is to be set, in the order that its safety rests on: journal the intent, look, decide, set, look again,
//! journal the outcome. Nothing waits between the look and the call: a look that has waited is made again.

use std::time::Duration;

use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::{Event, Kept, Looked, Setting, SwitchOutcome, SwitchRecord, SwitchState};
use keysweep_core::key::{AccessKey, KeyStatus, LastUsed, ListedStatus};
use keysweep_core::plan::look::{LastLook, Reread};
use keysweep_core::plan::switch::{Done, deactivate, reactivate};
use keysweep_core::plan::{Planned, PlannedDeactivation, SkipReason};
use keysweep_core::ports::{
    Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory, UserNow,
};

use super::super::account::Entered;
use super::super::breaker::Trouble;
use super::super::run::{ANSWER_AWAITED, ATTEMPTS, LOOKS, Next, Run, Sent};
use super::look::looked;

/// A call is sent this long after the first answer of the look that allows it, at most: three calls take a few tenths of a second.
const LOOK_SERVES: Duration = Duration::from_secs(5);

/// All that was read at the last look.
struct LookedAt {
    user: UserNow,
    keys: Vec<AccessKey>,
    last_used: Result<LastUsed, String>,
    looked: Looked,
}

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on one key that is planned to be deactivated.
    pub(in super::super) async fn switch<E>(&self, entered: &Entered<'_, E, C>, key: &PlannedDeactivation)
    where
        E: Inventory + StatusHistory + KeyControl,
    {
        let to = self.task.to;
        let mut found_out = false;
        for _ in 0..ATTEMPTS {
            if self.is_over() || !self.writer.secure().await {
                return;
            }
            let Some(record) = self.writer.record(key.account, &key.key).await else { return };
            let record = record.switch();
            if let SwitchState::Open { attempt, to } = record.state() {
                if !self.recover_switch(entered, key, record, attempt, to).await {
                    return;
                }
                found_out = true;
                continue;
            }
            let is_final = match to {
                KeyStatus::Inactive => record.state().is_final(),
                KeyStatus::Active => record.is_revert_final(),
            };
            if is_final || !self.task.switch {
                if !found_out {
                    self.settle(entered, key, record).await;
                }
                return;
            }
            if let Some(reason) = self.elsewhere.reason(Planned::Deactivation(key)) {
                return self.switch_not_looked_at(key, reason).await;
            }
            let changes = entered.changes(|error| self.could_not(error)).await;
            match self.switch_once(entered, key, record, to, &changes).await {
                Next::Again => {}
                Next::Done if record.in_doubt().is_none() => return,
                // It may be left alone now, and what an earlier attempt came to is still not known.
                Next::Done => {
                    let Some(record) = self.writer.record(key.account, &key.key).await else { return };
                    return self.settle(entered, key, record.switch()).await;
                }
            }
        }
    }

    /// Looks for the effect of an attempt that was given up, as long as its call may still arrive.
    async fn settle<E>(&self, entered: &Entered<'_, E, C>, key: &PlannedDeactivation, record: &SwitchRecord)
    where
        E: Inventory + KeyControl,
    {
        if let Some((attempt, to)) = record.in_doubt() {
            self.look_for_late_call(entered, key, attempt, to).await;
        }
    }

    /// Journals that a key was left alone that could not be looked at. An attempt that is open stays so.
    pub(in super::super) async fn switch_not_looked_at(&self, key: &PlannedDeactivation, reason: SkipReason) {
        let Some(record) = self.writer.record(key.account, &key.key).await else { return };
        if matches!(record.switch().state(), SwitchState::Open { .. }) {
            return;
        }
        let attempt = record.switch().attempts().saturating_add(1);
        if self.intend(key, self.task.to, attempt).await {
            self.switched(key, self.task.to, attempt, SwitchOutcome::LeftAlone(reason)).await;
        }
    }

    /// Journals that a key's status is to be set; false where that could not be written.
    async fn intend(&self, key: &PlannedDeactivation, to: KeyStatus, attempt: u32) -> bool {
        let (account, id) = (key.account, key.key.clone());
        let (at, epoch) = (self.now(), self.writer.epoch());
        self.journal(Event::Switching { at, epoch, account, key: id, to, attempt }).await
    }

    /// Journals what came of it.
    async fn switched(&self, key: &PlannedDeactivation, to: KeyStatus, attempt: u32, outcome: SwitchOutcome) {
        // Undoing is not stopped by others who were quicker.
        if let SwitchOutcome::LeftAlone(reason) = &outcome
            && reason.is_reactivation()
            && to == KeyStatus::Inactive
        {
            self.breaker.count(Trouble::Reactivated);
        }
        let (account, id, at) = (key.account, key.key.clone(), self.now());
        self.journal(Event::Switched { at, account, key: id, to, attempt, outcome }).await;
    }

    /// Finds out what came of an attempt that nobody finished; false where it could not be.
    async fn recover_switch<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        record: &SwitchRecord,
        attempt: u32,
        to: KeyStatus,
    ) -> bool
    where
        E: Inventory + KeyControl,
    {
        self.await_others(record.opened_at()).await;
        self.look_for_late_call(entered, key, attempt, to).await
    }

    /// Records whether the status was set by an attempt after all: by one that nobody finished, or that was given up while its call
    /// may still have been on its way, as that of a process that stood still for minutes is. False where it could not be found out.
    async fn look_for_late_call<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        attempt: u32,
        to: KeyStatus,
    ) -> bool
    where
        E: Inventory + KeyControl,
    {
        let Ok(found) = entered.find(key).await else {
            self.breaker.count(Trouble::Unknown);
            return false;
        };
        self.switched(key, to, attempt, found.outcome(to, None, Kept::Interrupted)).await;
        true
    }

    async fn switch_once<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        record: &SwitchRecord,
        to: KeyStatus,
        changes: &Reread,
    ) -> Next
    where
        E: Inventory + KeyControl,
    {
        let attempt = record.attempts().saturating_add(1);
        if !self.intend(key, to, attempt).await {
            return Next::Done;
        }
        let leave = async |reason| self.switched(key, to, attempt, SwitchOutcome::LeftAlone(reason)).await;
        for _ in 0..LOOKS {
            // Whoever was superseded acts no more; what became of the intent is found out by the other.
            if !self.writer.secure().await {
                return Next::Done;
            }
            let began = self.desk.clock.elapsed();
            let exemptions = match self.exemptions().await {
                Ok(exemptions) => exemptions,
                Err(reason) => {
                    leave(reason).await;
                    return Next::Done;
                }
            };
            let found = match self.look_at(entered, key, to).await {
                Ok(found) => found,
                Err(reason) => {
                    leave(reason).await;
                    return Next::Done;
                }
            };
            match self.decided(key, record, to, &found, changes, &exemptions) {
                Ok(()) => {}
                // It has the status already: by an earlier attempt, whose call came late, or by somebody else.
                Err(reason) if is_already(to, &reason) && record.may_have_set(to) => {
                    let outcome = SwitchOutcome::Seen { seen: found.looked, before: None };
                    self.switched(key, to, attempt, outcome).await;
                    return Next::Done;
                }
                Err(reason) => {
                    leave(reason).await;
                    return Next::Done;
                }
            }
            let before = found.looked;
            let set = || entered.account.update_access_key(&key.user, &key.key, to);
            match self.send(entered, Call::UpdateAccessKey, (began, LOOK_SERVES), set).await {
                Ok(Sent::TooLate) => {}
                Ok(Sent::Confirmed(request_id)) => {
                    let after = self.verify_switch(entered, key, to, before).await;
                    let setting = Setting { request_id, before, after };
                    self.switched(key, to, attempt, SwitchOutcome::Set(setting)).await;
                    return Next::Done;
                }
                Err(error) => return self.not_set(entered, key, attempt, to, before, &error).await,
            }
        }
        self.switched(key, to, attempt, SwitchOutcome::Kept(Kept::LooksTooOld)).await;
        Next::Done
    }

    /// The last look. The key's status is the last that is asked for.
    async fn look_at<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        to: KeyStatus,
    ) -> Result<LookedAt, SkipReason>
    where
        E: Inventory + KeyControl,
    {
        let not_looked = |error: CallError| SkipReason::NotLookedAt(self.could_not(&error));
        let user = match entered.call(Call::GetUser, || entered.account.get_user(&key.user)).await {
            Ok(user) => user,
            Err(error) if error.kind == CallErrorKind::NotFound => return Err(SkipReason::UserGone),
            Err(error) => return Err(not_looked(error)),
        };
        let last_used = match to {
            KeyStatus::Active => Ok(LastUsed::NotRead),
            KeyStatus::Inactive => entered
                .call(Call::GetAccessKeyLastUsed, || entered.account.get_access_key_last_used(&key.key))
                .await
                .map_err(|error| self.could_not(&error)),
        };
        let asked = self.now();
        let keys = match entered.keys(&key.user).await {
            Ok(keys) => keys,
            Err(error) if error.kind == CallErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(not_looked(error)),
        };
        Ok(LookedAt { user, keys, last_used, looked: looked(asked, self.now()) })
    }

    fn decided(
        &self,
        key: &PlannedDeactivation,
        record: &SwitchRecord,
        to: KeyStatus,
        found: &LookedAt,
        changes: &Reread,
        exemptions: &Exemptions,
    ) -> Result<(), SkipReason> {
        let UserNow { user, tags } = &found.user;
        let look =
            LastLook { at: found.looked.to, user_arn: &user.arn, tags, keys: &found.keys, history: changes };
        match (to, record.deactivated()) {
            (KeyStatus::Inactive, _) => deactivate(self.plan, key, &look, &found.last_used, exemptions),
            (KeyStatus::Active, Some((setting, ended_at))) => {
                let until = setting.after.map_or(ended_at, |after| after.to);
                reactivate(key, &Done { before: setting.before, until }, &look)
            }
            // The journal lets no revert begin without it.
            (KeyStatus::Active, None) => Err(SkipReason::Active),
        }
    }

    /// The look that showed the key with its new status. IAM is eventually consistent, so one that does not is made again.
    ///
    /// It begins in a later second than the look before the call ended: in one second, nothing tells which was first. AWS has
    /// confirmed the status, so that what this look shows cannot be older than the call.
    async fn verify_switch<E: Inventory + KeyControl>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        to: KeyStatus,
        before: Looked,
    ) -> Option<Looked> {
        let first = if self.now() > before.to { Duration::ZERO } else { Duration::from_secs(1) };
        for wait in [first, Duration::from_secs(2)] {
            if !wait.is_zero() {
                self.desk.clock.sleep(wait).await;
            }
            let asked = self.now();
            let keys = entered.keys(&key.user).await.ok()?;
            let is_set =
                |listed: &AccessKey| listed.id == key.key && listed.status == ListedStatus::Known(to);
            if keys.iter().any(is_set) {
                return Some(Looked { from: asked, to: self.now().max(asked) });
            }
        }
        None
    }

    async fn not_set<E>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        attempt: u32,
        to: KeyStatus,
        before: Looked,
        error: &CallError,
    ) -> Next
    where
        E: Inventory + KeyControl,
    {
        if let Some(kept) = self.without_effect(error) {
            self.switched(key, to, attempt, SwitchOutcome::Kept(kept)).await;
            return Next::Done;
        }
        // NoSuchEntity: the user was renamed, or the key deleted, just now. Anything else may have had its effect.
        if error.kind != CallErrorKind::NotFound {
            self.desk.clock.sleep(ANSWER_AWAITED).await;
        }
        let Ok(found) = entered.find(key).await else {
            // The attempt stays open: the next apply or revert finds out.
            self.breaker.count(Trouble::Unknown);
            return Next::Done;
        };
        let kept = Kept::Failed("the call had no effect".to_owned());
        let outcome = found.outcome(to, Some(before), kept);
        let again = matches!(outcome, SwitchOutcome::Kept(_));
        self.switched(key, to, attempt, outcome).await;
        if again { Next::Again } else { Next::Done }
    }
}

/// Whether a key is left alone because it has the status that it is to be given.
const fn is_already(to: KeyStatus, reason: &SkipReason) -> bool {
    matches!(
        (to, reason),
        (KeyStatus::Inactive, SkipReason::Inactive) | (KeyStatus::Active, SkipReason::Active)
    )
}
