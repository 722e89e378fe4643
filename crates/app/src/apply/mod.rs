//! `keysweep apply`: deletes the keys of an approved plan, and deactivates those that are to be, each after one more look, and
//! journals every step. What may be
//! deleted is decided in `keysweep_core::plan::decide`; what may follow what, in `keysweep_core::journal`.
//!
//! Killed at any point, the next apply of the plan finds out what came of what was begun, and goes on.

mod account;
mod breaker;
mod check;
mod history;
mod key;
mod ledger;
mod lifecycle;
mod outcome;
mod resolve;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use keysweep_core::account::AccountId;
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::call::{Call, CallError};
use keysweep_core::journal::{Event, Ledger, Sealed, State};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Limits;
use keysweep_core::plan::{Plan, PlannedKey};
use keysweep_core::ports::{Accounts, Clock, Directory, ExemptionSource, Journal, KeyControl};
use tokio::sync::watch;

pub use breaker::StopAfter;
pub use check::Refusal;
pub use lifecycle::{
    DeactivationOutcome, RevertOutcome, RevertRequest, RevertTools, Reverted, revert, to_revert,
};
pub use outcome::{Applied, KeyOutcome};

use crate::gate::{Caller, Desk, Gates};
use crate::progress::{self, Progress};
use breaker::Breaker;
use ledger::{Held, Writer};

/// What to apply, and how.
#[derive(Clone, Debug)]
pub struct ApplyRequest<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its digest.
    pub digest: Digest,
    /// Every approval that is known, of this plan or another.
    pub approvals: &'a [Approval],
    /// Whose approval it needs.
    pub approval_policy: ApprovalPolicy,
    /// What it is held against.
    pub limits: &'a Limits,
    /// Who applies it: a name for this process that no other has.
    pub holder: &'a str,
    /// Only the keys of these accounts; `None` for all.
    pub only: Option<&'a BTreeSet<AccountId>>,
    /// Only so many keys.
    pub at_most: Option<usize>,
    /// How many accounts are worked on at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// What stops the run.
    pub stop_after: StopAfter,
}

/// Why nothing came of it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The plan may not be applied.
    #[error("the plan is refused")]
    Refused(#[source] Box<Refusal>),
    /// Who the caller is could not be learnt.
    #[error("the caller's credentials could not be used")]
    Caller(#[source] CallError),
    /// Which organization the caller is in could not be learnt.
    #[error("the caller's organization could not be asked for")]
    Organization(#[source] CallError),
    /// The journal could not be read or written.
    #[error("the journal could not be used")]
    Journal(#[source] JournalFailure),
}

/// What a journal says of its failure.
pub type JournalFailure = Box<dyn std::error::Error + Send + Sync>;

impl From<Refusal> for ApplyError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// What all keys of a run share.
struct Run<'a, A, C, J, X> {
    request: &'a ApplyRequest<'a>,
    accounts: &'a A,
    exemptions: &'a X,
    desk: &'a Desk<'a, C>,
    /// Calls that count against the limits of the caller's own account.
    gates: Gates,
    own: AccountId,
    writer: Writer<'a, J, C>,
    breaker: Breaker,
    stop: watch::Receiver<bool>,
}

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Tools<'a, A, D, C, J, X> {
    /// The way into accounts.
    pub accounts: &'a A,
    /// The organization.
    pub directory: &'a D,
    /// The time.
    pub clock: &'a C,
    /// The journal.
    pub journal: &'a J,
    /// The exemptions, asked anew for each key.
    pub exemptions: &'a X,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

/// Applies a plan. An error means that nothing was deleted or deactivated by this call; what was left alone or failed is in the result.
/// When `stop` becomes true, keys that are under way are finished and no others begun.
pub async fn apply<A, D, C, J, X>(
    tools: Tools<'_, A, D, C, J, X>,
    request: &ApplyRequest<'_>,
    stop: watch::Receiver<bool>,
) -> Result<Applied, ApplyError>
where
    A: Accounts<Entered: KeyControl>,
    D: Directory,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    let Tools { accounts, directory, clock, journal, exemptions, progress } = tools;
    let desk = Desk::new(clock, progress, request.give_up_after);
    let gates = Gates::new();
    let caller = Caller::new(&desk, None);
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

    let events = events(journal, request.digest).await?;
    let ledger = Ledger::replay(request.digest, &events).map_err(Refusal::from)?;
    let chosen = chosen(request, &ledger);
    let left = request.at_most.map_or(usize::MAX, |most| most.saturating_sub(chosen.len()));
    let unused = lifecycle::chosen(request, &ledger, left);
    if chosen.is_empty() && unused.is_empty() {
        return Ok(Applied::of(request, &events, None)?);
    }
    let agreed = check::agreed(request, &identity, clock.now());
    let open = |key: &&PlannedKey| match ledger.state(key.account, &key.key) {
        State::Open { .. } => true,
        state => state.is_final() && !ledger.is_settled(key.account, &key.key),
    };
    let begun: Vec<&PlannedKey> = request.plan.keys.iter().filter(open).collect();
    let begun_unused = lifecycle::begun(request, &ledger);
    let approved_by = match &agreed {
        Ok(approvals) => approvals.iter().map(|one| (one.by.clone(), one.arn.clone())).collect(),
        // What was begun under an approval that has expired is still to be found out.
        Err(_) if !begun.is_empty() || !begun_unused.is_empty() => Vec::new(),
        Err(_) => {
            return Err(agreed.err().map_or(ApplyError::from(Refusal::NothingApproved), ApplyError::from));
        }
    };

    let opened = |at, epoch| Event::Opened {
        at,
        epoch,
        holder: request.holder.to_owned(),
        caller_arn: identity.arn.clone(),
        approved_by,
    };
    let writer = match Writer::open(journal, clock, request.digest, request.holder, opened).await? {
        Held::Mine(writer) => writer,
        Held::Other { by, until } => return Err(Refusal::Held { by, until }.into()),
    };
    let run = Run {
        request,
        accounts,
        exemptions,
        desk: &desk,
        gates,
        own: identity.account,
        writer,
        breaker: Breaker::new(request.stop_after),
        stop,
    };
    let (work, unused, refused) = match agreed {
        Ok(_) => (chosen, unused, None),
        Err(refusal) => (begun, begun_unused, Some(refusal)),
    };
    run.work(&work, refused.is_none()).await;
    run.switch(&unused, lifecycle::Task::of_apply(&ledger, refused.is_none())).await;
    let stopped = run.breaker.reason();
    run.writer.close(stopped.as_deref()).await;
    match refused {
        Some(refusal) => Err(refusal.into()),
        None => {
            Ok(Applied::of(request, &self::events(journal, request.digest).await?, run.writer.failure())?)
        }
    }
}

async fn events<J: Journal>(journal: &J, plan: Digest) -> Result<Vec<Sealed>, ApplyError> {
    journal.events(plan).await.map_err(|error| ApplyError::Journal(Box::new(error)))
}

/// The keys that there is something to do about, as far as the request goes.
fn chosen<'a>(request: &ApplyRequest<'a>, ledger: &Ledger) -> Vec<&'a PlannedKey> {
    let plan: &'a Plan = request.plan;
    plan.keys
        .iter()
        .filter(|key| request.only.is_none_or(|only| only.contains(&key.account)))
        .filter(|key| !ledger.is_settled(key.account, &key.key))
        .take(request.at_most.unwrap_or(usize::MAX))
        .collect()
}

impl<A, C, J, X> Run<'_, A, C, J, X>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    /// Works on these keys, account by account, several accounts at a time. Where `delete` is false, only what was begun is
    /// found out.
    async fn work(&self, keys: &[&PlannedKey], delete: bool) {
        // Planned keys are in the order of accounts.
        let by_account: Vec<&[&PlannedKey]> = keys.chunk_by(|a, b| a.account == b.account).collect();
        for _ in &by_account {
            self.desk.tell(progress::Event::AccountFound);
        }
        self.desk.tell(progress::Event::AccountsListed);
        futures_util::stream::iter(by_account)
            .map(|keys| self.account(keys, delete))
            .buffer_unordered(self.request.concurrency.max(1))
            .collect::<Vec<()>>()
            .await;
    }

    /// Whether no more keys are to be begun.
    fn is_over(&self) -> bool {
        *self.stop.borrow() || self.breaker.reason().is_some() || self.writer.is_lost()
    }

    async fn journal(&self, event: Event) -> bool {
        self.writer.append(event).await
    }
}
