//! One account of a run: enters it, and has its users worked on, several at a time; the keys of one user one after the other.

use futures_util::StreamExt;
use keysweep_core::call::{Call, CallError, CallResult};
use keysweep_core::plan::look::reread_from;
use keysweep_core::plan::{Planned, SkipReason};
use keysweep_core::ports::{Accounts, Clock, ExemptionSource, Inventory, Journal, KeyControl, StatusHistory};

use super::history::History;
use super::run::Run;
use crate::gate::{Caller, Gates};
use crate::progress::Event;

/// How many users of an account are worked on at the same time. IAM's limits are per account: more would only wait.
const USERS_AT_A_TIME: usize = 4;

/// An account that was entered.
pub(super) struct Entered<'a, E, C> {
    pub(super) account: &'a E,
    pub(super) caller: &'a Caller<'a, C>,
    gates: &'a Gates,
    pub(super) history: History,
}

impl<E, C: Clock> Entered<'_, E, C> {
    pub(super) async fn call<T, F>(&self, call: Call, send: impl Fn() -> F) -> CallResult<T>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.caller.call(self.gates, call, send).await
    }
}

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on keys of one account.
    pub(super) async fn account(&self, keys: &[Planned<'_>]) {
        let Some(id) = keys.first().map(|key| key.account()).filter(|_| !self.is_over()) else { return };
        let Some(since) = keys.iter().map(|key| reread_from(self.plan, *key)).min() else { return };
        self.desk.tell(Event::AccountStarted(id));
        let begun = self.desk.clock.elapsed();
        let caller = Caller::new(self.desk, Some(id));
        let entered = if id == self.own {
            Ok(self.accounts.own())
        } else {
            caller.call(&self.gates, Call::AssumeRole, || self.accounts.enter(id)).await
        };
        match entered {
            Err(error) => self.not_entered(keys, &error).await,
            Ok(account) => {
                let gates = Gates::new();
                let history = History::since(since);
                let entered = Entered { account: &account, caller: &caller, gates: &gates, history };
                self.users(&entered, keys).await;
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

    /// Journals that the keys were left alone, but for what was begun: that stays so, as its key was not looked at.
    async fn not_entered(&self, keys: &[Planned<'_>], error: &CallError) {
        let reason = SkipReason::NotEntered(self.could_not(error));
        for key in keys {
            if self.is_over() {
                return;
            }
            match key {
                Planned::Deletion(key) => self.not_looked_at(key, reason.clone()).await,
                Planned::Deactivation(key) => self.switch_not_looked_at(key, reason.clone()).await,
            }
        }
    }

    async fn users<E>(&self, entered: &Entered<'_, E, C>, keys: &[Planned<'_>])
    where
        E: Inventory + StatusHistory + KeyControl,
    {
        futures_util::stream::iter(keys.chunk_by(|a, b| a.user() == b.user()))
            .map(async |of_user: &[Planned<'_>]| {
                for key in of_user {
                    match key {
                        Planned::Deletion(key) => self.delete(entered, key).await,
                        Planned::Deactivation(key) => self.switch(entered, key).await,
                    }
                }
            })
            .buffer_unordered(USERS_AT_A_TIME)
            .collect::<Vec<()>>()
            .await;
    }
}
