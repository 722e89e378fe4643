//! Takes one account after the other from being listed to being kept.

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus};
use keysweep_core::call::Call;
use keysweep_core::memory::Seen;
use keysweep_core::ports::{Accounts, Clock, Store};

use super::ScanRequest;
use super::end::credentials_expired;
use crate::account::{self, Assessed, Plan};
use crate::gate::{Caller, Desk, Gates};
use crate::log;
use crate::memory::Memory;
use crate::organization::Listed;
use crate::progress::{Event, Phase};

/// What the assessments of all accounts share.
pub(super) struct Hub<'a, A, S, C> {
    pub(super) accounts: &'a A,
    pub(super) memory: &'a Memory<'a, S>,
    pub(super) desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    pub(super) gates: &'a Gates,
    pub(super) request: &'a ScanRequest,
    /// The caller's own account.
    pub(super) own: AccountId,
}

impl<A: Accounts, S: Store, C: Clock> Hub<'_, A, S, C> {
    pub(super) async fn assess(&self, listed: Listed) -> AccountAssessment {
        let Listed { account, skip, mut problems } = listed;
        let id = account.id;
        if let Some(reason) = skip {
            self.desk.tell(Event::AccountSkipped(id));
            return account::untouched(account, AccountStatus::Skipped(reason), problems);
        }
        self.desk.tell(Event::AccountStarted(id));
        let begun = self.desk.clock.elapsed();
        let caller = Caller::new(self.desk, Some(id));
        let entered = if id == self.own {
            Ok(self.accounts.own())
        } else {
            let enter = async || caller.call(self.gates, Call::AssumeRole, || self.accounts.enter(id)).await;
            self.desk.timed(Some(id), Phase::Enter, enter).await
        };
        let Assessed { mut result, seen } = match entered {
            Err(error) => {
                Assessed { result: account::not_entered(account, error, &caller), seen: Seen::default() }
            }
            Ok(entered) => {
                let ScanRequest { policy, exhaustive, fresh, .. } = *self.request;
                let plan = Plan { policy, exhaustive, fresh, scan: &self.request.id };
                let recall = async || self.memory.recall(id).await;
                let remembered = self.desk.timed(Some(id), Phase::Recall, recall).await;
                account::assess(
                    &account,
                    &entered,
                    &caller,
                    &Gates::no_faster_than(&self.request.max_rates),
                    plan,
                    &remembered,
                )
                .await
            }
        };
        if !problems.is_empty() && result.status == AccountStatus::Complete {
            result.status = AccountStatus::Partial;
        }
        problems.append(&mut result.problems);
        result.problems = problems;
        // What was not assessed is kept only with the end of the scan: one that is resumed tries it again. So it does where the
        // caller's credentials expired on the way.
        if result.status != AccountStatus::NotAssessed && credentials_expired(&result.problems).is_none() {
            let keep = async || self.memory.keep(&self.request.id, &result, &seen).await;
            self.desk.timed(Some(id), Phase::Keep, keep).await;
        }
        result.problems.iter().for_each(log::problem);
        self.desk.tell(Event::AccountFinished {
            account: id,
            status: result.status.name(),
            findings: result.findings.len(),
            problems: result.problems.len(),
            calls: result.calls.total().sent,
            took: self.desk.clock.elapsed().saturating_sub(begun),
        });
        result
    }
}
