//! `keysweep revert`: reactivates what the run of a plan deactivated, as far as nobody else has set the status of the key since.
//! It needs no approval: it undoes, and only what its run's journal says.

use keysweep_core::journal::receipt::replay;
use keysweep_core::journal::{Event, Ledger, Sealed};
use keysweep_core::key::KeyStatus;
use keysweep_core::plan::{Plan, Planned, PlannedDeactivation};
use keysweep_core::ports::{Accounts, Clock, Directory, Journal, KeyControl, ServerTime};
use tokio::sync::watch;

use super::super::check::{self, Refusal};
use super::super::outcome::stopped;
use super::super::run::{Nothing, Run, Task, What};
use super::super::{ApplyError, RunRequest, Tools, events, is_unresolved};
use super::{RevertOutcome, Reverted};
use crate::gate::Desk;

/// The keys that a run deactivated, or may have, and where each stands, from the journal alone.
pub fn to_revert<'a>(plan: &'a Plan, ledger: &Ledger) -> Vec<(&'a PlannedDeactivation, RevertOutcome)> {
    plan.deactivations.iter().filter_map(|key| Some((key, stands(ledger, key)?))).collect()
}

fn stands(ledger: &Ledger, key: &PlannedDeactivation) -> Option<RevertOutcome> {
    RevertOutcome::of(ledger.key(key.account, &key.key)?.switch())
}

/// Whether there is something to do about the key.
fn is_to_do(ledger: &Ledger, planned: Planned<'_>) -> bool {
    match planned {
        Planned::Deletion(_) => false,
        Planned::Deactivation(key) => {
            is_unresolved(ledger, planned) || stands(ledger, key).is_some_and(|stands| stands.may_follow())
        }
    }
}

fn reverted(
    request: &RunRequest<'_>,
    events: &[Sealed],
    failure: Option<String>,
) -> Result<Reverted, Refusal> {
    let (ledger, receipts) = replay(request.plan, request.digest, events)?;
    let keys = to_revert(request.plan, &ledger);
    Ok(Reverted {
        keys: keys.into_iter().map(|(key, outcome)| (key.clone(), outcome)).collect(),
        receipts,
        stopped: failure.or_else(|| stopped(events)),
    })
}

/// Reverts a run. An error means that nothing was changed by this call; what was left alone or failed is in the result. When
/// `stop` becomes true, keys that are under way are finished and no others begun.
pub async fn revert<A, D, C, J>(
    tools: Tools<'_, A, D, C, J>,
    request: &RunRequest<'_>,
    stop: watch::Receiver<bool>,
) -> Result<Reverted, ApplyError>
where
    A: Accounts<Entered: KeyControl> + ServerTime,
    D: Directory,
    C: Clock,
    J: Journal,
{
    check::is_of(request.plan, request.digest)?;
    let desk = Desk::new(tools.clock, tools.progress, request.give_up_after);
    let caller = check::caller(&tools, &desk, request.plan).await?;
    let before = events(tools.journal, request.digest).await?;
    let ledger = Ledger::replay(request.digest, &before).map_err(Refusal::from)?;
    let chosen = request.choose(&before, |planned| is_to_do(&ledger, planned));
    if chosen.is_empty() {
        return Ok(reverted(request, &before, None)?);
    }
    let opened = |at, epoch| Event::Reverting {
        at,
        epoch,
        holder: request.holder.to_owned(),
        caller_arn: caller.arn.clone(),
    };
    let what = What {
        task: Task { delete: false, switch: true, to: KeyStatus::Active },
        allow_observed: false,
        exemptions: &Nothing,
        own: caller.account,
        stop,
    };
    let failure = Run::begin(&tools, &desk, request, what, opened).await?.carry_out(&chosen).await;
    Ok(reverted(request, &events(tools.journal, request.digest).await?, failure)?)
}
