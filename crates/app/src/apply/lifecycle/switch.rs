//! One key whose status is to be set, in the order that its safety rests on: journal the intent, look, decide, set, look again,
//! journal the outcome. Nothing waits between the look and the call: a look that has waited is made again.

use std::time::Duration;

use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::{Kept, Looked, Setting, SwitchOutcome, SwitchRecord, SwitchState};
use keysweep_core::key::{AccessKey, KeyStatus, LastUsed, ListedStatus};
use keysweep_core::plan::PlannedDeactivation;
use keysweep_core::plan::decide::{Reread, SkipReason};
use keysweep_core::plan::switch::{Done, SwitchLook, deactivate, reactivate};
use keysweep_core::ports::{
    Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory, UserNow,
};
use keysweep_core::time::SignedDuration;

use super::super::Run;
use super::super::account::{Entered, History};
use super::super::breaker::Trouble;
use super::super::key::{ANSWER_AWAITED, ATTEMPTS, LOOKS, OTHERS_AWAITED};
use super::Task;
use super::look::looked;

/// A call is sent this long after the first answer of the look that allows it, at most: three calls take a few tenths of a second.
const LOOK_SERVES: Duration = Duration::from_secs(5);

/// What comes after an attempt.
enum Next {
    /// The key is done with, for now.
    Done,
    /// The call had no effect, and may be tried again.
    Again,
}

/// What became of a call that was to be sent.
enum Sent {
    Set(Option<String>),
    /// It was not sent: the look had waited for too long.
    TooLate,
}

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
    /// Works on one key.
    pub(super) async fn switch_key<E>(
        &self,
        entered: &Entered<'_, E, C>,
        history: &tokio::sync::Mutex<Option<History>>,
        of_account: &[&PlannedDeactivation],
        key: &PlannedDeactivation,
        task: Task,
    ) where
        E: Inventory + StatusHistory + KeyControl,
    {
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
                continue;
            }
            let is_final = match task.to {
                KeyStatus::Inactive => record.state().is_final(),
                KeyStatus::Active => record.is_revert_final(),
            };
            if is_final || !task.begin {
                return;
            }
            let history = self.switch_history(entered, history, of_account).await;
            match self.switch_once(entered, key, record, task.to, &history).await {
                Next::Done => return,
                Next::Again => {}
            }
        }
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
        let passed = record.opened_at().map_or(SignedDuration::ZERO, |at| self.desk.clock.now() - at);
        let left = OTHERS_AWAITED.saturating_sub(passed).clamp(SignedDuration::ZERO, OTHERS_AWAITED);
        if let Ok(left) = Duration::try_from(left)
            && !left.is_zero()
        {
            self.desk.clock.sleep(left).await;
        }
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
        history: &Reread,
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
            let exemptions = match self.exemptions.exemptions().await {
                Ok(exemptions) => exemptions,
                Err(error) => {
                    let reason = format!("the exemptions cannot be read: {error}");
                    self.breaker.stop(reason.clone());
                    leave(SkipReason::NotLookedAt(reason)).await;
                    return Next::Done;
                }
            };
            // Whoever was superseded acts no more; what became of the intent is found out by the other.
            if !self.writer.secure().await {
                return Next::Done;
            }
            let began = self.desk.clock.elapsed();
            let found = match self.look_at(entered, key, to).await {
                Ok(found) => found,
                Err(reason) => {
                    leave(reason).await;
                    return Next::Done;
                }
            };
            match self.decided(key, record, to, &found, history, &exemptions) {
                Ok(()) => {}
                // It has the status already: by an earlier attempt, whose call came late, or by somebody else.
                Err(SkipReason::Inactive) if to == KeyStatus::Inactive && record.may_have_set(to) => {
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
            match self.set(entered, key, to, began).await {
                Ok(Sent::TooLate) => {}
                Ok(Sent::Set(request_id)) => {
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
        let asked = self.desk.clock.now();
        let keys = match entered.keys(&key.user).await {
            Ok(keys) => keys,
            Err(error) if error.kind == CallErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(not_looked(error)),
        };
        Ok(LookedAt { user, keys, last_used, looked: looked(asked, self.desk.clock.now()) })
    }

    fn decided(
        &self,
        key: &PlannedDeactivation,
        record: &SwitchRecord,
        to: KeyStatus,
        found: &LookedAt,
        history: &Reread,
        exemptions: &Exemptions,
    ) -> Result<(), SkipReason> {
        let UserNow { user, tags } = &found.user;
        let look = SwitchLook { at: found.looked.to, user_arn: &user.arn, tags, keys: &found.keys, history };
        match (to, record.deactivated()) {
            (KeyStatus::Inactive, _) => {
                deactivate(self.request.plan, key, &look, &found.last_used, exemptions)
            }
            (KeyStatus::Active, Some((setting, ended_at))) => {
                let until = setting.after.map_or(ended_at, |after| after.to);
                reactivate(key, &Done { before: setting.before, until }, &look)
            }
            // The journal lets no revert begin without it.
            (KeyStatus::Active, None) => Err(SkipReason::Active),
        }
    }

    /// Sends the call, if the look that allows it was made just now.
    async fn set<E: KeyControl>(
        &self,
        entered: &Entered<'_, E, C>,
        key: &PlannedDeactivation,
        to: KeyStatus,
        began: Duration,
    ) -> CallResult<Sent> {
        // Pacing, and repeating what is throttled, may take any time: whether the look still serves is asked at the last moment.
        entered
            .call(Call::UpdateAccessKey, async || {
                if self.desk.clock.elapsed().saturating_sub(began) > LOOK_SERVES {
                    return Ok(Sent::TooLate);
                }
                entered.account.update_access_key(&key.user, &key.key, to).await.map(Sent::Set)
            })
            .await
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
        let first = if self.desk.clock.now() > before.to { Duration::ZERO } else { Duration::from_secs(1) };
        for wait in [first, Duration::from_secs(2)] {
            if !wait.is_zero() {
                self.desk.clock.sleep(wait).await;
            }
            let asked = self.desk.clock.now();
            let keys = entered.keys(&key.user).await.ok()?;
            let is_set =
                |listed: &AccessKey| listed.id == key.key && listed.status == ListedStatus::Known(to);
            if keys.iter().any(is_set) {
                return Some(Looked { from: asked, to: self.desk.clock.now().max(asked) });
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
        let kept = match error.kind {
            CallErrorKind::Denied | CallErrorKind::CredentialsExpired | CallErrorKind::CredentialsInvalid => {
                self.breaker.count(Trouble::Denied);
                Some(Kept::Denied(error.to_string()))
            }
            CallErrorKind::Throttled => Some(Kept::Failed(error.to_string())),
            _ => None,
        };
        if let Some(kept) = kept {
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
