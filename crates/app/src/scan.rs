//! `keysweep scan`: from the accounts in scope to an assessment.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Scope};
use keysweep_core::call::{Call, CallError};
use keysweep_core::memory::{Begun, Seen};
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Accounts, Clock, Directory, Store};
use keysweep_core::problem::{Gap, Problem};
use tokio::sync::watch;

use crate::account::{self, Assessed, Plan};
use crate::filter::Filters;
use crate::gate::{Caller, Desk, Gates};
use crate::memory::{Memory, StoreFailure};
use crate::organization::{self, Listed};
use crate::progress::{Event, Progress};

/// What to scan, and how.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The id of the assessment to be made.
    pub id: String,
    /// The program's version, for the assessment.
    pub version: String,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// Which accounts.
    pub target: Target,
    /// List every user instead of trusting the credential report.
    pub exhaustive: bool,
    /// Ask for everything, also for what the store knows.
    pub fresh: bool,
    /// How many accounts are assessed at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
}

/// Which accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The caller's own.
    OwnAccount,
    /// Those of the organization that the filters let through.
    Organization(Filters),
}

/// Why there is no assessment at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Who the caller is could not be learnt.
    #[error("the caller's credentials could not be used")]
    Caller(#[source] CallError),
    /// The accounts of the organization could not be listed.
    #[error("the accounts of the organization could not be listed")]
    Organization(#[source] CallError),
    /// The store could not take in a new scan. Nothing was assessed yet.
    #[error("the scan could not be recorded in the store")]
    Store(#[source] StoreFailure),
}

/// What came of a scan.
#[derive(Debug)]
pub struct Scanned {
    /// The assessment.
    pub assessment: Assessment,
    /// Why the store has not got all of it.
    pub not_kept: Option<StoreFailure>,
}

/// Assesses every account in scope. Failures inside accounts are in the assessment, not errors. When `stop` becomes true
/// the scan ends at once: accounts that are not finished are reported as interrupted, and the store never takes it for a
/// finished scan.
pub async fn scan<A, D, S, C>(
    accounts: &A,
    directory: &D,
    store: &S,
    clock: &C,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
) -> Result<Scanned, ScanError>
where
    A: Accounts,
    D: Directory,
    S: Store,
    C: Clock,
{
    let started_at = clock.now();
    let desk = Desk { clock, progress, give_up_after: request.give_up_after };
    let gates = Gates::new();
    let caller = Caller::new(&desk);
    let identity = caller
        .call(&gates, Call::GetCallerIdentity, || accounts.get_caller_identity())
        .await
        .map_err(ScanError::Caller)?;

    let (scope, listed, problems) = match &request.target {
        Target::OwnAccount => {
            let own = Listed { account: Account::alone(identity.account), skip: None, problems: Vec::new() };
            (Scope::Account, vec![own], Vec::new())
        }
        Target::Organization(filters) => {
            let listing = organization::list(directory, &caller, &gates, filters)
                .await
                .map_err(ScanError::Organization)?;
            (Scope::Organization(listing.organization), listing.accounts, listing.problems)
        }
    };

    let begun = Begun {
        id: request.id.clone(),
        version: request.version.clone(),
        scope,
        caller: identity,
        policy: request.policy,
        started_at,
    };
    let memory = Memory::begin(store, &begun).await.map_err(ScanError::Store)?;
    let hub = Hub { accounts, memory: &memory, desk: &desk, gates, request };

    let (skipped, to_assess): (Vec<_>, Vec<_>) = listed.into_iter().partition(|listed| listed.skip.is_some());
    progress.on(Event::AccountsListed { to_assess: to_assess.len() });
    let mut finished: BTreeMap<AccountId, AccountAssessment> = skipped
        .into_iter()
        .filter_map(|Listed { account, skip, problems }| {
            Some((account.id, account::untouched(account, AccountStatus::Skipped(skip?), problems)))
        })
        .collect();
    let mut left: BTreeMap<AccountId, Account> =
        to_assess.iter().map(|listed| (listed.account.id, listed.account.clone())).collect();
    let mut running = futures_util::stream::iter(to_assess)
        .map(|listed| hub.assess(listed, begun.caller.account))
        .buffer_unordered(request.concurrency.max(1));
    let mut stopped = pin!(stopped(stop));
    while let Either::Right((Some(result), _)) = select(&mut stopped, running.next()).await {
        left.remove(&result.account.id);
        finished.insert(result.account.id, result);
    }
    drop(running);
    let is_whole = left.is_empty();
    finished.extend(left.into_iter().map(|(id, account)| {
        let problem = Problem { account: Some(id), gap: Gap::Interrupted, error: None, detail: None };
        (id, account::untouched(account, AccountStatus::NotAssessed, vec![problem]))
    }));

    let Begun { id, version, scope, caller: identity, policy, started_at } = begun;
    let assessment = Assessment {
        id,
        version,
        scope,
        caller: identity,
        policy,
        started_at,
        finished_at: clock.now(),
        accounts: finished.into_values().collect(),
        problems,
        calls: caller.counts(),
    };
    if is_whole {
        memory.finish(&assessment).await;
    }
    Ok(Scanned { assessment, not_kept: memory.into_failure() })
}

/// Ends when the user wants the scan to end; never where nobody can say so any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What the assessments of all accounts share.
struct Hub<'a, A, S, C> {
    accounts: &'a A,
    memory: &'a Memory<'a, S>,
    desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    gates: Gates,
    request: &'a ScanRequest,
}

impl<A: Accounts, S: Store, C: Clock> Hub<'_, A, S, C> {
    async fn assess(&self, listed: Listed, own: AccountId) -> AccountAssessment {
        let Listed { account, mut problems, .. } = listed;
        let id = account.id;
        self.desk.progress.on(Event::AccountStarted(id));
        let caller = Caller::new(self.desk);
        let entered = if id == own {
            Ok(self.accounts.own())
        } else {
            caller.call(&self.gates, Call::AssumeRole, || self.accounts.enter(id)).await
        };
        let Assessed { mut result, seen } = match entered {
            Err(error) => {
                Assessed { result: account::not_entered(account, error, &caller), seen: Seen::default() }
            }
            Ok(entered) => {
                let ScanRequest { policy, exhaustive, fresh, .. } = *self.request;
                let plan = Plan { policy, exhaustive, fresh, scan: &self.request.id };
                let remembered = self.memory.recall(id).await;
                account::assess(&account, &entered, &caller, &Gates::new(), plan, &remembered).await
            }
        };
        if !problems.is_empty() && result.status == AccountStatus::Complete {
            result.status = AccountStatus::Partial;
        }
        problems.append(&mut result.problems);
        result.problems = problems;
        self.memory.keep(&self.request.id, &result, &seen).await;
        self.desk.progress.on(Event::AccountFinished {
            account: id,
            findings: result.findings.len(),
            problems: result.problems.len(),
        });
        result
    }
}
