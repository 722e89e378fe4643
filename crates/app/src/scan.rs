//! `keysweep scan`: from the accounts in scope to an assessment.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Scope};
use keysweep_core::call::{Call, CallError};
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Accounts, Clock, Directory};
use keysweep_core::problem::{Gap, Problem};
use tokio::sync::watch;

use crate::account::{self, Plan};
use crate::filter::Filters;
use crate::gate::{Caller, Desk, Gates};
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
}

/// Assesses every account in scope. Failures inside accounts are in the assessment, not errors. When `stop` becomes true
/// the scan ends at once: accounts that are not finished are reported as interrupted.
pub async fn scan<A, D, C>(
    accounts: &A,
    directory: &D,
    clock: &C,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
) -> Result<Assessment, ScanError>
where
    A: Accounts,
    D: Directory,
    C: Clock,
{
    let started_at = clock.now();
    let desk = Desk { clock, progress, give_up_after: request.give_up_after };
    let hub = Hub { accounts, desk: &desk, gates: Gates::new(), request };
    let caller = Caller::new(&desk);
    let identity = caller
        .call(&hub.gates, Call::GetCallerIdentity, || accounts.get_caller_identity())
        .await
        .map_err(ScanError::Caller)?;

    let (scope, listed, problems) = match &request.target {
        Target::OwnAccount => {
            let own = Listed { account: Account::alone(identity.account), skip: None, problems: Vec::new() };
            (Scope::Account, vec![own], Vec::new())
        }
        Target::Organization(filters) => {
            let listing = organization::list(directory, &caller, &hub.gates, filters)
                .await
                .map_err(ScanError::Organization)?;
            (Scope::Organization(listing.organization), listing.accounts, listing.problems)
        }
    };

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
        .map(|listed| hub.assess(listed, identity.account))
        .buffer_unordered(request.concurrency.max(1));
    let mut stopped = pin!(stopped(stop));
    while let Either::Right((Some(result), _)) = select(&mut stopped, running.next()).await {
        left.remove(&result.account.id);
        finished.insert(result.account.id, result);
    }
    drop(running);
    finished.extend(left.into_iter().map(|(id, account)| {
        let problem = Problem { account: Some(id), gap: Gap::Interrupted, error: None, detail: None };
        (id, account::untouched(account, AccountStatus::NotAssessed, vec![problem]))
    }));

    Ok(Assessment {
        id: request.id.clone(),
        version: request.version.clone(),
        scope,
        caller: identity,
        policy: request.policy,
        started_at,
        finished_at: clock.now(),
        accounts: finished.into_values().collect(),
        problems,
        calls: caller.counts(),
    })
}

/// Ends when the user wants the scan to end; never where nobody can say so any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What the assessments of all accounts share.
struct Hub<'a, A, C> {
    accounts: &'a A,
    desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    gates: Gates,
    request: &'a ScanRequest,
}

impl<A: Accounts, C: Clock> Hub<'_, A, C> {
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
        let mut result = match entered {
            Err(error) => account::not_entered(account, error, &caller),
            Ok(entered) => {
                let plan = Plan {
                    policy: self.request.policy,
                    exhaustive: self.request.exhaustive,
                    seed: &self.request.id,
                };
                account::assess(&account, &entered, &caller, &Gates::new(), plan).await
            }
        };
        if !problems.is_empty() && result.status == AccountStatus::Complete {
            result.status = AccountStatus::Partial;
        }
        problems.append(&mut result.problems);
        result.problems = problems;
        self.desk.progress.on(Event::AccountFinished {
            account: id,
            findings: result.findings.len(),
            problems: result.problems.len(),
        });
        result
    }
}
