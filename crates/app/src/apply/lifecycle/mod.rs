//! Deactivating the unused keys of a plan, and undoing it (`keysweep revert`). Both set the status of keys one by one, each after
//! one more look, and journal every step in the run of the plan; neither deletes anything. A key's status is all that either
//! changes, so what is not known is found out by looking at it.

mod look;
mod outcome;
mod revert;
mod switch;

use futures_util::StreamExt;
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::journal::{Event, Ledger, SwitchOutcome, SwitchState};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::PlannedDeactivation;
use keysweep_core::plan::decide::{Reread, SkipReason};
use keysweep_core::plan::switch::switch_reread_from;
use keysweep_core::ports::{Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory};

pub use outcome::{DeactivationOutcome, RevertOutcome, Reverted};
pub use revert::{RevertRequest, RevertTools, revert, to_revert};

use super::account::{Entered, HISTORY_SERVES, History, USERS_AT_A_TIME};
use super::breaker::Trouble;
use super::{ApplyRequest, Run, progress};
use crate::gate::{Caller, Gates};

/// What is to be done to keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// To what their status is to be set.
    pub(super) to: KeyStatus,
    /// Whether anything is to be begun; otherwise only what was begun is found out.
    pub(super) begin: bool,
}

impl Task {
    /// What an apply does: it begins nothing once a revert has begun.
    pub(super) const fn of_apply(ledger: &Ledger, agreed: bool) -> Self {
        Self { to: KeyStatus::Inactive, begin: agreed && !ledger.is_reverted() }
    }
}

/// The deactivations that there is something to do about, as far as the request goes and `left` more keys may be begun.
pub(super) fn chosen<'a>(
    request: &ApplyRequest<'a>,
    ledger: &Ledger,
    left: usize,
) -> Vec<&'a PlannedDeactivation> {
    let plan = request.plan;
    let to_do = |key: &&PlannedDeactivation| match ledger.switch(key.account, &key.key) {
        SwitchState::Open { .. } => true,
        state => !state.is_final() && !ledger.is_reverted(),
    };
    plan.deactivations
        .iter()
        .filter(|key| request.only.is_none_or(|only| only.contains(&key.account)))
        .filter(to_do)
        .take(left)
        .collect()
}

/// The keys of which something was begun, and what came of it is not known.
pub(super) fn begun<'a>(request: &ApplyRequest<'a>, ledger: &Ledger) -> Vec<&'a PlannedDeactivation> {
    let plan = request.plan;
    let is_open =
        |key: &&PlannedDeactivation| matches!(ledger.switch(key.account, &key.key), SwitchState::Open { .. });
    plan.deactivations.iter().filter(is_open).collect()
}

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on these keys, account by account, several accounts at a time.
    pub(super) async fn switch(&self, keys: &[&PlannedDeactivation], task: Task) {
        // Planned keys are in the order of accounts.
        let by_account: Vec<&[&PlannedDeactivation]> = keys.chunk_by(|a, b| a.account == b.account).collect();
        for _ in &by_account {
            self.desk.tell(progress::Event::AccountFound);
        }
        self.desk.tell(progress::Event::AccountsListed);
        futures_util::stream::iter(by_account)
            .map(|keys| self.switch_account(keys, task))
            .buffer_unordered(self.request.concurrency.max(1))
            .collect::<Vec<()>>()
            .await;
    }

    async fn switch_account(&self, keys: &[&PlannedDeactivation], task: Task) {
        let Some(id) = keys.first().map(|key| key.account).filter(|_| !self.is_over()) else { return };
        self.desk.tell(progress::Event::AccountStarted(id));
        let begun = self.desk.clock.elapsed();
        let caller = Caller::new(self.desk, Some(id));
        let entered = if id == self.own {
            Ok(self.accounts.own())
        } else {
            caller.call(&self.gates, Call::AssumeRole, || self.accounts.enter(id)).await
        };
        match entered {
            Err(error) => self.switch_not_entered(keys, &error, task).await,
            Ok(account) => {
                let gates = Gates::new();
                let entered = Entered { account: &account, caller: &caller, gates: &gates };
                self.switch_users(&entered, keys, task).await;
            }
        }
        self.desk.tell(progress::Event::AccountFinished {
            account: id,
            status: "applied",
            findings: keys.len(),
            problems: 0,
            calls: caller.counts().total().sent,
            took: self.desk.clock.elapsed().saturating_sub(begun),
        });
    }

    /// Journals that the keys were left alone. An intent that is open stays so: its key was not looked at.
    async fn switch_not_entered(&self, keys: &[&PlannedDeactivation], error: &CallError, task: Task) {
        if error.kind == CallErrorKind::Denied {
            self.breaker.count(Trouble::Denied);
        }
        for key in keys {
            if !task.begin || self.is_over() {
                return;
            }
            let Some(record) = self.writer.record(key.account, &key.key).await else { return };
            if matches!(record.switch().state(), SwitchState::Open { .. }) {
                continue;
            }
            let attempt = record.switch().attempts().saturating_add(1);
            if self.intend(key, task.to, attempt).await {
                let reason = SkipReason::NotEntered(error.to_string());
                self.switched(key, task.to, attempt, SwitchOutcome::LeftAlone(reason)).await;
            }
        }
    }

    async fn switch_users<E>(&self, entered: &Entered<'_, E, C>, keys: &[&PlannedDeactivation], task: Task)
    where
        E: Inventory + StatusHistory + KeyControl,
    {
        let history = tokio::sync::Mutex::new(None);
        // Planned keys are in the order of users.
        futures_util::stream::iter(keys.chunk_by(|a, b| a.user == b.user))
            .map(async |of_user: &[&PlannedDeactivation]| {
                for key in of_user {
                    self.switch_key(entered, &history, keys, key, task).await;
                }
            })
            .buffer_unordered(USERS_AT_A_TIME)
            .collect::<Vec<()>>()
            .await;
    }

    /// The changes since the plan, read again where they were read too long ago.
    async fn switch_history<E: StatusHistory>(
        &self,
        entered: &Entered<'_, E, C>,
        known: &tokio::sync::Mutex<Option<History>>,
        keys: &[&PlannedDeactivation],
    ) -> Reread {
        let mut known = known.lock().await;
        let now = self.desk.clock.elapsed();
        if let Some(history) = known.as_ref().filter(|history| now < history.read_at + HISTORY_SERVES) {
            return history.reread.clone();
        }
        let from = keys.iter().map(|key| switch_reread_from(self.request.plan, key)).min();
        let reread = match from {
            Some(from) => entered.reread(from).await,
            None => Reread::NotRead { reason: "there is no key to read it for".to_owned() },
        };
        *known = Some(History { read_at: now, reread: reread.clone() });
        reread
    }

    /// Journals that a key's status is to be set; false where that could not be written.
    async fn intend(&self, key: &PlannedDeactivation, to: KeyStatus, attempt: u32) -> bool {
        let (account, id) = (key.account, key.key.clone());
        let (at, epoch) = (self.desk.clock.now(), self.writer.epoch());
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
        let (account, id, at) = (key.account, key.key.clone(), self.desk.clock.now());
        self.journal(Event::Switched { at, account, key: id, to, attempt, outcome }).await;
    }
}
