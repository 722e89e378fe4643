//! `keysweep apply`: deletes the keys of an approved plan, and deactivates those that are to be, each after one more look, and
//! journals every step; and `keysweep revert`, which reactivates what it deactivated. What may be deleted is decided in
//! `keysweep_core::plan::decide`, what may be deactivated or reactivated in `keysweep_core::plan::switch`; what may follow what, in
//! `keysweep_core::journal`.
//!
//! Killed at any point, the next apply of the plan finds out what came of what was begun, and goes on.

mod account;
mod breaker;
mod check;
mod elsewhere;
mod history;
mod key;
mod ledger;
mod lifecycle;
mod outcome;
mod resolve;
mod run;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use keysweep_core::account::{AccountId, CallerIdentity};
use keysweep_core::approval::{Approval, ApprovalPolicy};
use keysweep_core::call::CallError;
use keysweep_core::journal::{Event, KeyRecord, Ledger, Sealed};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::Limits;
use keysweep_core::plan::{Plan, Planned};
use keysweep_core::ports::{Accounts, Clock, Directory, ExemptionSource, Journal, KeyControl, ServerTime};
use keysweep_core::time::Instant;
use tokio::sync::watch;

pub use breaker::StopAfter;
pub use check::Refusal;
pub use lifecycle::{DeactivationOutcome, RevertOutcome, Reverted, revert, to_revert};
pub use outcome::{Applied, KeyOutcome};

use crate::gate::Desk;
use crate::progress::Progress;
use run::{Nothing, Run, Task, What};

/// Which run, and how it is carried out.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// Its digest.
    pub digest: Digest,
    /// Who carries it out: a name for this process that no other has.
    pub holder: &'a str,
    /// Only the keys of these accounts; `None` for all.
    pub only: Option<&'a BTreeSet<AccountId>>,
    /// Only so many keys.
    pub at_most: Option<usize>,
    /// How many accounts are worked on at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// What stops it.
    pub stop_after: StopAfter,
}

/// What to apply, and what lets it be applied.
#[derive(Clone, Debug)]
pub struct ApplyRequest<'a> {
    /// Which run.
    pub run: RunRequest<'a>,
    /// Every approval that is known, of this plan or another.
    pub approvals: &'a [Approval],
    /// Whose approval it needs.
    pub approval_policy: ApprovalPolicy,
    /// What it is held against.
    pub limits: &'a Limits,
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

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Tools<'a, A, D, C, J> {
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

/// Who the caller is, for whose account or organization the plan must be, and whose clock must be that of AWS: asked of whoever approves
/// as of whoever applies.
/// Makes no other calls than those two, and touches no journal.
pub async fn caller<A: Accounts + ServerTime, D: Directory, C: Clock, J>(
    tools: Tools<'_, A, D, C, J>,
    plan: &Plan,
    give_up_after: Duration,
) -> Result<CallerIdentity, ApplyError> {
    check::caller(&tools, &Desk::new(tools.clock, tools.progress, give_up_after), plan).await
}

/// Applies a plan. The exemptions are asked for anew for each key. An error means that nothing was deleted or deactivated by this
/// call; what was left alone or failed is in the result. When `stop` becomes true, keys that are under way are finished and no others
/// begun.
pub async fn apply<A, D, C, J, X>(
    tools: Tools<'_, A, D, C, J>,
    exemptions: &X,
    request: &ApplyRequest<'_>,
    stop: watch::Receiver<bool>,
) -> Result<Applied, ApplyError>
where
    A: Accounts<Entered: KeyControl> + ServerTime,
    D: Directory,
    C: Clock,
    J: Journal,
    X: ExemptionSource,
{
    let ApplyRequest { run: asked, .. } = request;
    let desk = Desk::new(tools.clock, tools.progress, asked.give_up_after);
    let caller = check::caller(&tools, &desk, asked.plan).await?;
    let events = events(tools.journal, asked.digest).await?;
    let ledger = Ledger::replay(asked.digest, &events).map_err(Refusal::from)?;
    if !asked.plan.planned().any(|planned| is_to_do(&ledger, planned)) {
        return Ok(Applied::of(asked, &events, None)?);
    }
    let chosen = asked.choose(&events, |planned| is_to_do(&ledger, planned));
    let approvals = match check::agreed(request, &caller, tools.clock.now()) {
        Ok(approvals) => approvals,
        Err(refusal) => {
            // What was begun under an approval that has expired is still to be found out.
            look(&tools, &desk, asked, &caller, &ledger, stop).await?;
            return Err(refusal.into());
        }
    };
    if chosen.is_empty() {
        return Ok(Applied::of(asked, &events, None)?);
    }
    let what = What {
        // Once a revert has begun, nothing more is deactivated.
        task: Task { delete: true, to: KeyStatus::Inactive, switch: !ledger.is_reverted() },
        allow_observed: request.limits.allow_observed,
        exemptions,
        own: caller.account,
        stop,
    };
    let approved_by = approvals.iter().map(|one| (one.by.clone(), one.arn.clone())).collect();
    let opened = opened(asked, &caller, approved_by);
    let failure = Run::begin(&tools, &desk, asked, what, opened).await?.carry_out(&chosen).await;
    Ok(Applied::of(asked, &self::events(tools.journal, asked.digest).await?, failure)?)
}

/// Finds out what came of what an earlier apply or revert of the plan began, as far as that can be told yet, and begins nothing. It needs
/// no approval, and is for whoever is about to apply another plan. An error means that nothing was learnt.
pub async fn find_out<A, D, C, J>(
    tools: Tools<'_, A, D, C, J>,
    request: &RunRequest<'_>,
    stop: watch::Receiver<bool>,
) -> Result<(), ApplyError>
where
    A: Accounts<Entered: KeyControl> + ServerTime,
    D: Directory,
    C: Clock,
    J: Journal,
{
    check::is_of(request.plan, request.digest)?;
    let desk = Desk::new(tools.clock, tools.progress, request.give_up_after);
    let caller = check::caller(&tools, &desk, request.plan).await?;
    let events = events(tools.journal, request.digest).await?;
    let ledger = Ledger::replay(request.digest, &events).map_err(Refusal::from)?;
    look(&tools, &desk, request, &caller, &ledger, stop).await
}

/// Looks at the keys that were begun and are not settled.
async fn look<A, D, C, J>(
    tools: &Tools<'_, A, D, C, J>,
    desk: &Desk<'_, C>,
    asked: &RunRequest<'_>,
    caller: &CallerIdentity,
    ledger: &Ledger,
    stop: watch::Receiver<bool>,
) -> Result<(), ApplyError>
where
    A: Accounts<Entered: KeyControl>,
    C: Clock,
    J: Journal,
{
    let begun = in_order(asked.plan.planned().filter(|planned| is_unresolved(ledger, *planned)));
    if begun.is_empty() {
        return Ok(());
    }
    let what = What {
        task: Task { delete: false, to: KeyStatus::Inactive, switch: false },
        allow_observed: false,
        exemptions: &Nothing,
        own: caller.account,
        stop,
    };
    let opened = opened(asked, caller, Vec::new());
    let failure = Run::begin(tools, desk, asked, what, opened).await?.carry_out(&begun).await;
    failure.map_or(Ok(()), |what| Err(ApplyError::Journal(what.into())))
}

fn opened(
    asked: &RunRequest<'_>,
    caller: &CallerIdentity,
    approved_by: Vec<(String, String)>,
) -> impl FnOnce(Instant, u64) -> Event {
    let (holder, caller_arn) = (asked.holder.to_owned(), caller.arn.clone());
    move |at, epoch| Event::Opened { at, epoch, holder, caller_arn, approved_by }
}

async fn events<J: Journal>(journal: &J, plan: Digest) -> Result<Vec<Sealed>, ApplyError> {
    journal.events(plan).await.map_err(|error| ApplyError::Journal(Box::new(error)))
}

/// Whether there is something to do about the key.
fn is_to_do(ledger: &Ledger, planned: Planned<'_>) -> bool {
    match planned {
        Planned::Deletion(key) => !ledger.is_settled(key.account, &key.key),
        Planned::Deactivation(key) => {
            let state = ledger.switch(key.account, &key.key);
            is_unresolved(ledger, planned) || !state.is_final() && !ledger.is_reverted()
        }
    }
}

/// Whether something was begun about the key, and what came of it is not known for certain.
fn is_unresolved(ledger: &Ledger, planned: Planned<'_>) -> bool {
    ledger.key(planned.account(), planned.key()).is_some_and(KeyRecord::is_unresolved)
}

impl<'a> RunRequest<'a> {
    /// The keys of the plan that are such, as far as the request goes, in the order that they are worked on. Where it is for only
    /// so many, those have their turn that had none yet, and then those whose last turn is the longest ago.
    fn choose(&self, events: &[Sealed], is_such: impl Fn(Planned<'a>) -> bool) -> Vec<Planned<'a>> {
        let asked = |planned: &Planned<'a>| self.only.is_none_or(|only| only.contains(&planned.account()));
        let mut such: Vec<_> =
            self.plan.planned().filter(asked).filter(|planned| is_such(*planned)).collect();
        if let Some(most) = self.at_most {
            let turns: BTreeMap<_, _> =
                events.iter().filter_map(|sealed| Some((sealed.event.key()?, sealed.number))).collect();
            such.sort_by_key(|planned| turns.get(&(planned.account(), planned.key())).copied());
            such.truncate(most);
        }
        in_order(such.into_iter())
    }
}

/// By account and user.
fn in_order<'a>(keys: impl Iterator<Item = Planned<'a>>) -> Vec<Planned<'a>> {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_by(|a, b| (a.account(), a.user(), a.key()).cmp(&(b.account(), b.user(), b.key())));
    keys
}
