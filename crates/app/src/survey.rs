//! Looks for unused keys in the accounts of an assessment, where the configuration turns that on. It is a survey of its own: a
//! scan asks about inactive keys only, and costs no call more for it.

use std::time::Duration;

use futures_util::StreamExt;
use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::call::Call;
use keysweep_core::plan::unused::{AccountSurvey, Survey};
use keysweep_core::policy::UnusedLimit;
use keysweep_core::ports::{Accounts, Clock, Store};

use crate::account;
use crate::gate::{Caller, Desk, Gates};
use crate::max_rate::MaxRate;
use crate::progress::{Event, Progress};

/// How unused keys are looked for.
#[derive(Clone, Copy, Debug)]
pub struct SurveyRequest<'a> {
    /// How long a key must have been unused.
    pub limit: UnusedLimit,
    /// The caller's own account, which need not be entered.
    pub own: AccountId,
    /// How many accounts are looked at at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// How fast services are called at most.
    pub max_rates: &'a [MaxRate],
}

/// Looks for unused keys in every account that was assessed. What goes wrong in an account is its result.
pub async fn survey<A: Accounts, S: Store, C: Clock>(
    accounts: &A,
    store: &S,
    clock: &C,
    progress: &dyn Progress,
    assessment: &Assessment,
    request: SurveyRequest<'_>,
) -> Survey {
    let desk = Desk::new(clock, progress, request.give_up_after);
    let hub = Hub {
        accounts,
        store,
        desk: &desk,
        gates: Gates::no_faster_than(request.max_rates),
        assessment,
        request,
    };
    let assessed: Vec<AccountId> = assessment
        .accounts
        .iter()
        .filter(|one| matches!(one.status, AccountStatus::Complete | AccountStatus::Partial))
        .map(|one: &AccountAssessment| one.account.id)
        .collect();
    for _ in &assessed {
        desk.tell(Event::AccountFound);
    }
    desk.tell(Event::AccountsListed);
    let mut results: Vec<(AccountId, Result<AccountSurvey, String>)> = futures_util::stream::iter(assessed)
        .map(|id| hub.account(id))
        .buffer_unordered(request.concurrency.max(1))
        .collect()
        .await;
    results.sort_by_key(|(id, _)| *id);
    Survey { limit: request.limit, accounts: results }
}

struct Hub<'a, A, S, C> {
    accounts: &'a A,
    store: &'a S,
    desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    gates: Gates,
    assessment: &'a Assessment,
    request: SurveyRequest<'a>,
}

impl<A: Accounts, S: Store, C: Clock> Hub<'_, A, S, C> {
    async fn account(&self, id: AccountId) -> (AccountId, Result<AccountSurvey, String>) {
        self.desk.tell(Event::AccountStarted(id));
        let begun = self.desk.clock.elapsed();
        let caller = Caller::new(self.desk, Some(id));
        let result = self.look(id, &caller).await;
        let found = result.as_ref().map_or(0, |survey| survey.keys.len());
        self.desk.tell(Event::AccountFinished {
            account: id,
            status: if result.is_ok() { "surveyed" } else { "not_surveyed" },
            findings: found,
            problems: usize::from(result.is_err()),
            calls: caller.counts().total().sent,
            took: self.desk.clock.elapsed().saturating_sub(begun),
        });
        (id, result)
    }

    async fn look(&self, id: AccountId, caller: &Caller<'_, C>) -> Result<AccountSurvey, String> {
        let remembered = self
            .store
            .recall(id)
            .await
            .map_err(|error| format!("what is known of it could not be read: {error}"))?;
        let entered = if id == self.request.own {
            self.accounts.own()
        } else {
            caller
                .call(&self.gates, Call::AssumeRole, || self.accounts.enter(id))
                .await
                .map_err(|error| format!("it could not be entered: {error}"))?
        };
        let account = self.assessment.accounts.iter().map(|one| &one.account).find(|one| one.id == id);
        let account = account.ok_or_else(|| "it is not of the assessment".to_owned())?;
        let gates = Gates::no_faster_than(self.request.max_rates);
        let plan = account::Plan {
            policy: self.assessment.policy,
            exhaustive: false,
            fresh: false,
            scan: &self.assessment.id,
        };
        account::unused(account, &entered, caller, &gates, plan, &remembered, self.request.limit).await
    }
}
