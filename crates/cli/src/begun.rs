//! What earlier runs of the store have begun and not settled: they were killed, or what they sent got no answer. Whoever applies another
//! plan finds that out first, as far as it can be told; what cannot be yet is left alone by it.

use anyhow::anyhow;
use keysweep_app::apply::find_out;
use keysweep_core::journal::Ledger;
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::ports::{Agreements as _, Journal as _};
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::carry_out::{Doing, Order, Which, carry_out};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::state::failed;
use crate::terminal::note;

/// The plans of such runs. An error where a run cannot be relied on: what it has under way cannot be told.
pub(crate) async fn begun(store: &Sql) -> Result<Vec<(Plan, Digest)>, Failure> {
    let mut begun = Vec::new();
    let plans = store.plans().await.map_err(failed)?;
    for run in store.runs().await.map_err(failed)? {
        let damaged = |what: String| {
            Failure::failed(anyhow!("the run of plan {run} is not to be relied on: {what}"))
                .hint("`keysweep journal --verify` says more; nothing was deleted")
        };
        let events = store.events(run).await.map_err(failed)?;
        let ledger = Ledger::replay(run, &events).map_err(|broken| damaged(broken.to_string()))?;
        if !ledger.keys().any(|(_, _, record)| record.is_unresolved()) {
            continue;
        }
        let kept = plans.iter().find(|plan| plan.digest == run);
        let text = kept.ok_or_else(|| damaged("the store does not have it".to_owned()))?;
        let (plan, digest) = document::read(&text.text).map_err(|error| damaged(error.to_string()))?;
        if digest != run {
            return Err(damaged("its plan in the store is another one".to_owned()));
        }
        begun.push((plan, digest));
    }
    Ok(begun)
}

/// Finds out what came of what other plans than this one have begun, with the role of the settings.
pub(crate) async fn settle_others(
    digest: Digest,
    settings: &Settings,
    store: &Sql,
    stop: &watch::Receiver<bool>,
) -> Result<(), Failure> {
    for (plan, other) in begun(store).await?.into_iter().filter(|(_, other)| *other != digest) {
        note(settings.quiet, &format!("finding out what came of what plan {} began", plan.id));
        let order = Order { plan: &plan, digest: other, which: &Which::default(), doing: Doing::FindOut };
        let found =
            carry_out(order, settings, store, async |tools, run| find_out(tools, &run, stop.clone()).await);
        match found.await {
            Ok(_) => {}
            // Its keys are left alone.
            Err(failure) if failure.exit() == Exit::Refused => {
                note(settings.quiet, &format!("what plan {} began could not be found out", plan.id));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}
