//! One account of a run: enters it, reads the changes since the plan, and has its users worked on, several at a time; the keys
//! of one user one after the other.

use std::time::Duration;

use futures_util::StreamExt;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::plan::PlannedKey;
use keysweep_core::plan::decide::{Reread, SkipReason, reread_from};
use keysweep_core::ports::{Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory};

use super::Run;
use super::breaker::Trouble;
use crate::gate::{Caller, Gates};
use crate::progress::Event;

/// How many users of an account are worked on at the same time. IAM's limits are per account: more would only wait.
pub(super) const USERS_AT_A_TIME: usize = 4;
/// How long what was read of the history serves for. An account with many keys reads it again.
pub(super) const HISTORY_SERVES: Duration = Duration::from_mins(5);

/// An account that was entered.
pub(super) struct Entered<'a, E, C> {
    pub(super) account: &'a E,
    pub(super) caller: &'a Caller<'a, C>,
    pub(super) gates: &'a Gates,
}

impl<E, C: Clock> Entered<'_, E, C> {
    pub(super) async fn call<T, F>(&self, call: Call, send: impl Fn() -> F) -> CallResult<T>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.caller.call(self.gates, call, send).await
    }
}

/// What is known of the changes in an account.
pub(super) struct History {
    pub(super) read_at: Duration,
    pub(super) reread: Reread,
}

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on keys of one account.
    pub(super) async fn account(&self, keys: &[&PlannedKey], delete: bool) {
        let Some(id) = keys.first().map(|key| key.account).filter(|_| !self.is_over()) else { return };
        self.desk.tell(Event::AccountStarted(id));
        let begun = self.desk.clock.elapsed();
        let caller = Caller::new(self.desk, Some(id));
        let entered = if id == self.own {
            Ok(self.accounts.own())
        } else {
            caller.call(&self.gates, Call::AssumeRole, || self.accounts.enter(id)).await
        };
        match entered {
            Err(error) => self.not_entered(keys, &error, delete).await,
            Ok(account) => {
                let gates = Gates::new();
                let entered = Entered { account: &account, caller: &caller, gates: &gates };
                self.users(&entered, keys, delete).await;
            }
        }
        self.desk.tell(Event::AccountFinished {
            account: id,
            status: "applied",
            findings: keys.len(),
            problems: 0,
            calls: caller.counts().total().sent,
            took: self.desk.clock.elapsed().saturating_sub(begun),
        });
    }

    async fn not_entered(&self, keys: &[&PlannedKey], error: &CallError, delete: bool) {
        if error.kind == CallErrorKind::Denied {
            self.breaker.count(Trouble::Denied);
        }
        for key in keys {
            if delete && !self.is_over() {
                self.skip(key, SkipReason::NotEntered(error.to_string())).await;
            }
        }
    }

    async fn users<E>(&self, entered: &Entered<'_, E, C>, keys: &[&PlannedKey], delete: bool)
    where
        E: Inventory + StatusHistory + KeyControl,
    {
        let history = tokio::sync::Mutex::new(None);
        // Planned keys are in the order of users.
        futures_util::stream::iter(keys.chunk_by(|a, b| a.user == b.user))
            .map(async |of_user: &[&PlannedKey]| {
                for key in of_user {
                    self.key(entered, &history, keys, key, delete).await;
                }
            })
            .buffer_unordered(USERS_AT_A_TIME)
            .collect::<Vec<()>>()
            .await;
    }

    /// The changes since the plan, read again where they were read too long ago.
    pub(super) async fn history<E>(
        &self,
        entered: &Entered<'_, E, C>,
        known: &tokio::sync::Mutex<Option<History>>,
        keys: &[&PlannedKey],
    ) -> Reread
    where
        E: StatusHistory,
    {
        let mut known = known.lock().await;
        let now = self.desk.clock.elapsed();
        if let Some(history) = known.as_ref().filter(|history| now < history.read_at + HISTORY_SERVES) {
            return history.reread.clone();
        }
        let from = keys.iter().map(|key| reread_from(self.request.plan, key)).min();
        let reread = match from {
            Some(from) => entered.reread(from).await,
            None => Reread::NotRead { reason: "there is no key to read it for".to_owned() },
        };
        *known = Some(History { read_at: now, reread: reread.clone() });
        reread
    }
}
