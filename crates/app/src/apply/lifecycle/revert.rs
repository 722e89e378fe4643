//! `keysweep revert`: reactivates what the run of a plan deactivated, as far as nobody else has set the status of the key since.
//! It needs no approval: it undoes, and only what its run's journal says.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::approval::ApprovalPolicy;
use keysweep_core::call::Call;
use keysweep_core::exemption::Exemptions;
use keysweep_core::journal::receipt::receipts;
use keysweep_core::journal::{Event, Ledger, Sealed};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Limits;
use keysweep_core::plan::{Plan, PlannedDeactivation, document};
use keysweep_core::ports::{Accounts, Clock, Directory, ExemptionSource, Journal, KeyControl};
use tokio::sync::watch;

use super::super::breaker::{Breaker, StopAfter};
use super::super::check::{self, Refusal};
use super::super::ledger::{Held, Writer};
use super::super::outcome::stopped;
use super::super::{ApplyError, ApplyRequest, Run, events};
use super::{RevertOutcome, Reverted, Task};
use crate::gate::{Caller, Desk, Gates};
use crate::progress::Progress;

/// What to revert, and how.
#[derive(Clone, Debug)]
pub struct RevertRequest<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// Its digest.
    pub digest: Digest,
    /// Who reverts it: a name for this process that no other has.
    pub holder: &'a str,
    /// Only the keys of these accounts; `None` for all.
    pub only: Option<&'a BTreeSet<AccountId>>,
    /// Only so many keys.
    pub at_most: Option<usize>,
    /// How many accounts are worked on at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// What stops the revert.
    pub stop_after: StopAfter,
}

/// What a revert works with.
#[derive(Clone, Copy)]
pub struct RevertTools<'a, A, D, C, J> {
    /// The way into accounts.
    pub accounts: &'a A,
    /// The organization.
    pub directory: &'a D,
    /// The time.
    pub clock: &'a C,
    /// The journal.
    pub journal: &'a J,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

/// Exemptions keep keys from clean-up; none keeps one from being given back.
struct Nothing;

impl ExemptionSource for Nothing {
    type Error = Infallible;

    async fn exemptions(&self) -> Result<Exemptions, Infallible> {
        Ok(Exemptions::default())
    }
}

/// The keys that a run deactivated, or may have, and where each stands, from the journal alone.
pub fn to_revert<'a>(plan: &'a Plan, ledger: &Ledger) -> Vec<(&'a PlannedDeactivation, RevertOutcome)> {
    let stands = |key: &'a PlannedDeactivation| {
        let record = ledger.key(key.account, &key.key)?;
        Some((key, RevertOutcome::of(record.switch())?))
    };
    plan.deactivations.iter().filter_map(stands).collect()
}

/// The keys that there is something to do about, as far as the request goes.
fn chosen<'a>(request: &RevertRequest<'a>, ledger: &Ledger) -> Vec<&'a PlannedDeactivation> {
    to_revert(request.plan, ledger)
        .into_iter()
        .filter(|(key, outcome)| {
            outcome.may_follow() && request.only.is_none_or(|only| only.contains(&key.account))
        })
        .map(|(key, _)| key)
        .take(request.at_most.unwrap_or(usize::MAX))
        .collect()
}

fn reverted(
    request: &RevertRequest<'_>,
    events: &[Sealed],
    failure: Option<String>,
) -> Result<Reverted, Refusal> {
    let ledger = Ledger::replay(request.digest, events)?;
    let keys = to_revert(request.plan, &ledger);
    Ok(Reverted {
        keys: keys.into_iter().map(|(key, outcome)| (key.clone(), outcome)).collect(),
        receipts: receipts(request.plan, request.digest, events)?,
        stopped: failure.or_else(|| stopped(events)),
    })
}

/// Reverts a run. An error means that nothing was changed by this call; what was left alone or failed is in the result. When
/// `stop` becomes true, keys that are under way are finished and no others begun.
pub async fn revert<A, D, C, J>(
    tools: RevertTools<'_, A, D, C, J>,
    request: &RevertRequest<'_>,
    stop: watch::Receiver<bool>,
) -> Result<Reverted, ApplyError>
where
    A: Accounts<Entered: KeyControl>,
    D: Directory,
    C: Clock,
    J: Journal,
{
    let RevertTools { accounts, directory, clock, journal, progress } = tools;
    let desk = Desk::new(clock, progress, request.give_up_after);
    let gates = Gates::new();
    let caller = Caller::new(&desk, None);
    let actual = document::digest(request.plan);
    if actual != request.digest {
        return Err(Refusal::OtherDigest { given: request.digest, actual }.into());
    }
    let identity = caller
        .call(&gates, Call::GetCallerIdentity, || accounts.get_caller_identity())
        .await
        .map_err(ApplyError::Caller)?;
    let organization = if check::needs_organization(request.plan) {
        let asked =
            caller.call(&gates, Call::DescribeOrganization, || directory.describe_organization()).await;
        Some(asked.map_err(ApplyError::Organization)?)
    } else {
        None
    };
    check::belongs(request.plan, &identity, organization.as_ref())?;

    let before = events(journal, request.digest).await?;
    let ledger = Ledger::replay(request.digest, &before).map_err(Refusal::from)?;
    let chosen = chosen(request, &ledger);
    if chosen.is_empty() {
        return Ok(reverted(request, &before, None)?);
    }
    let opened = |at, epoch| Event::Reverting {
        at,
        epoch,
        holder: request.holder.to_owned(),
        caller_arn: identity.arn.clone(),
    };
    let writer = match Writer::open(journal, clock, request.digest, request.holder, opened).await? {
        Held::Mine(writer) => writer,
        Held::Other { by, until } => return Err(Refusal::Held { by, until }.into()),
    };
    let limits = Limits::default();
    let as_applied = ApplyRequest {
        plan: request.plan,
        digest: request.digest,
        approvals: &[],
        approval_policy: ApprovalPolicy::default(),
        limits: &limits,
        holder: request.holder,
        only: request.only,
        at_most: request.at_most,
        concurrency: request.concurrency,
        give_up_after: request.give_up_after,
        stop_after: request.stop_after,
    };
    let run = Run {
        request: &as_applied,
        accounts,
        exemptions: &Nothing,
        desk: &desk,
        gates,
        own: identity.account,
        writer,
        breaker: Breaker::new(request.stop_after),
        stop,
    };
    run.switch(&chosen, Task { to: KeyStatus::Active, begin: true }).await;
    let stopped = run.breaker.reason();
    run.writer.close(stopped.as_deref()).await;
    Ok(reverted(request, &events(journal, request.digest).await?, run.writer.failure())?)
}
