//! `keysweep revert`: reactivates what a run deactivated, from its journal. Without --yes it says what it would do.

use anyhow::anyhow;
use keysweep_app::apply::{ApplyError, RevertOutcome, Reverted, revert, to_revert};
use keysweep_core::journal::Ledger;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::{Plan, PlannedDeactivation};
use keysweep_core::ports::Journal as _;
use keysweep_report::terminal::plan::{OutcomeRow, outcomes};
use keysweep_report::words::count;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::carry_out::{self, Doing, Order, RunArgs, failure};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::setting_flags::CleanUpArgs;
use crate::settings::Settings;
use crate::state::{failed, open_existing, outlasts};
use crate::terminal::{note, style};
use crate::verb::journal::{Runs, damaged};

/// The command line of `keysweep revert`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct RevertArgs {
    /// The run: its plan's id or the beginning of it, or its digest; `latest`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Do it; otherwise it is only said which keys would be reactivated
    #[arg(long)]
    pub yes: bool,
    /// With which role, and which keys.
    #[command(flatten)]
    pub narrow: RunArgs,
    /// Who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpArgs,
}

/// Reverts.
pub fn run(args: RevertArgs) -> Outcome {
    let mut settings = args.settings.settings()?;
    outlasts(settings.state.as_ref())?;
    args.narrow.set_role(&mut settings);
    interrupt::run(move |stop| async move {
        let store = open_existing(settings.state.clone()).await?;
        let runs = Runs::of(&store).await?;
        let named = runs.named(Some(&args.run))?;
        let Some(digest) = named.first().copied() else {
            return Err(Failure::usage(anyhow!("no plan was applied yet")));
        };
        let plan = runs.plan(digest).map_err(|wrong| damaged(&runs, digest, &wrong))?;
        if args.yes {
            carry_out(&args, &plan, digest, &settings, &store, stop).await
        } else {
            dry(&args, &plan, digest, &settings, &store).await
        }
    })
}

/// Says what would be reactivated, from the journal alone: no key is looked at.
async fn dry(args: &RevertArgs, plan: &Plan, digest: Digest, settings: &Settings, store: &Sql) -> Outcome {
    let events = store.events(digest).await.map_err(failed)?;
    let ledger = Ledger::replay(digest, &events)
        .map_err(|broken| failure(ApplyError::Refused(Box::new(broken.into())), Doing::Revert))?;
    let mut keys = to_revert(plan, &ledger);
    let which = args.narrow.which();
    keys.retain(|(key, _)| which.only.as_ref().is_none_or(|only| only.contains(&key.account)));
    show(&keys.iter().map(|(key, outcome)| (*key, outcome)).collect::<Vec<_>>(), settings)?;
    let would = keys.iter().filter(|(_, outcome)| outcome.may_follow()).count();
    let would = which.at_most.map_or(would, |most| would.min(most)) as u64;
    let said = match (keys.len(), would) {
        (0, _) => "the run deactivated no key: there is nothing to revert".to_owned(),
        (_, 0) => "nothing is left to revert".to_owned(),
        _ => format!(
            "nothing was changed; with --yes {} reactivated, unless somebody else has set a status since",
            if would == 1 { "1 key is".to_owned() } else { format!("up to {would} keys are") }
        ),
    };
    note(settings.quiet, &said);
    Ok(Exit::Clean)
}

async fn carry_out(
    args: &RevertArgs,
    plan: &Plan,
    digest: Digest,
    settings: &Settings,
    store: &Sql,
    stop: watch::Receiver<bool>,
) -> Outcome {
    let order = Order { plan, digest, which: &args.narrow.which(), doing: Doing::Revert };
    let (reverted, bill) = carry_out::carry_out(order, settings, store, async |tools, run| {
        revert(tools, &run, stop.clone()).await
    })
    .await?;
    let shown =
        show(&reverted.keys.iter().map(|(key, outcome)| (key, outcome)).collect::<Vec<_>>(), settings);
    if settings.stats {
        bill.tell();
    }
    // What was done is told, also where the table of it could not be written.
    let exit = conclude(&reverted, *stop.borrow(), settings);
    shown.map(|()| exit)
}

fn show(keys: &[(&PlannedDeactivation, &RevertOutcome)], settings: &Settings) -> Result<(), Failure> {
    let row = |(key, outcome): &(&PlannedDeactivation, &RevertOutcome)| OutcomeRow {
        account: key.account,
        user: key.user.to_string(),
        key: key.key.to_string(),
        outcome: outcome.name(),
        is_done: **outcome == RevertOutcome::Reactivated,
        why: why(outcome),
    };
    let rows: Vec<OutcomeRow> = keys.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let text = outcomes(&rows, &style(settings.color, settings.width, false));
    Output::stdout().write(|to| to.write_all(text.as_bytes()))
}

/// What there is to say about where a key stands.
fn why(outcome: &RevertOutcome) -> String {
    match outcome {
        RevertOutcome::Reactivated => "it is Active again".to_owned(),
        RevertOutcome::LeftAlone(reason) => reason.to_string(),
        RevertOutcome::Kept(kept) => kept.detail().unwrap_or(kept.name()).to_owned(),
        RevertOutcome::Unknown => "what came of it is not known: revert again to find out".to_owned(),
        RevertOutcome::NotConfirmed => {
            "the answer of the call was lost, so somebody else may have deactivated it: CloudTrail tells"
                .to_owned()
        }
        RevertOutcome::Waiting => "the run deactivated it".to_owned(),
    }
}

fn conclude(reverted: &Reverted, interrupted: bool, settings: &Settings) -> Exit {
    let done =
        reverted.keys.iter().filter(|(_, outcome)| *outcome == RevertOutcome::Reactivated).count() as u64;
    let left = reverted.keys.len() as u64 - done;
    if let Some(reason) = &reverted.stopped {
        note(false, &format!("stopped: {reason}"));
    }
    if reverted.keys.is_empty() {
        note(settings.quiet, "the run deactivated no key: there is nothing to revert");
        return Exit::Clean;
    }
    if left == 0 {
        note(
            settings.quiet,
            &format!("done: all {} that the run deactivated are reactivated", count(done, "key")),
        );
        return Exit::Clean;
    }
    let next = if reverted.keys.iter().any(|(_, outcome)| outcome.may_follow()) {
        "revert again for those that may still be reactivated"
    } else {
        "look at them yourself: keysweep does not change what somebody else has set since"
    };
    note(false, &format!("{} reactivated, {} left: {next}", count(done, "key"), count(left, "key")));
    if interrupted { Exit::Interrupted } else { Exit::PartlyDone }
}
