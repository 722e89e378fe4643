//! `keysweep revert`: reactivates what a run deactivated, from its journal. Without --yes it says what it would do.

use std::collections::BTreeSet;

use anyhow::anyhow;
use keysweep_app::apply::{
    ApplyError, RevertOutcome, RevertRequest, RevertTools, Reverted, revert, to_revert,
};
use keysweep_app::progress::Both;
use keysweep_app::stats::Statistics;
use keysweep_aws::SystemClock;
use keysweep_core::account::AccountId;
use keysweep_core::journal::Ledger;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::{Plan, PlannedDeactivation};
use keysweep_core::ports::{Clock as _, Journal as _};
use keysweep_report::terminal::plan::{OutcomeRow, outcomes};
use keysweep_report::words::count;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::clean_up::connect;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::holder;
use crate::interrupt;
use crate::log;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::setting_flags::CleanUpArgs;
use crate::setting_values::role_name;
use crate::settings::Settings;
use crate::state::{failed, open};
use crate::stats::Bill;
use crate::terminal::{note, style};
use crate::verb::apply::{Doing, failure, free_of_the_killed};
use crate::verb::journal::{Runs, damaged};
use crate::verb::policies;

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
    /// The role to assume in the accounts of the organization; its path and external id are those of the configuration
    /// [default: `role` in the section `[clean_up]`, or else keysweep-clean-up]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub cleanup_role: Option<String>,
    /// Reactivate only keys of these accounts
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = policies::account)]
    pub accounts: Vec<AccountId>,
    /// Reactivate at most so many keys
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpArgs,
}

/// Reverts.
pub fn run(args: RevertArgs) -> Outcome {
    let mut settings = args.settings.settings()?;
    settings.role.name.clone_from(args.cleanup_role.as_ref().unwrap_or(&settings.clean_up.role));
    interrupt::run(move |stop| async move {
        let store = open(settings.state.clone()).await?;
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
        .map_err(|broken| failure(ApplyError::Refused(Box::new(broken.into())), "", Doing::Revert))?;
    let mut keys = to_revert(plan, &ledger);
    keys.retain(|(key, _)| args.accounts.is_empty() || args.accounts.contains(&key.account));
    show(&keys.iter().map(|(key, outcome)| (*key, outcome)).collect::<Vec<_>>(), settings)?;
    let would = keys.iter().filter(|(_, outcome)| outcome.may_follow()).count();
    let would = args.limit.map_or(would, |most| would.min(most)) as u64;
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
    let session = connect(settings).await?;
    let clock = SystemClock::new();
    let only: BTreeSet<AccountId> = args.accounts.iter().copied().collect();
    let own = holder::name(&clock);
    let request = RevertRequest {
        plan,
        digest,
        holder: &own,
        only: Some(&only).filter(|only| !only.is_empty()),
        at_most: args.limit,
        concurrency: settings.concurrency,
        give_up_after: settings.give_up_after,
        stop_after: settings.clean_up.stop_after,
    };
    let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
    let statistics = Statistics::default();
    let begun = clock.elapsed();
    let told = Both(&progress, &statistics);
    let tools = || RevertTools {
        accounts: &session,
        directory: &session,
        clock: &clock,
        journal: store,
        progress: &told,
    };
    let interrupted = stop.clone();
    let mut reverted = revert(tools(), &request, stop.clone()).await;
    if free_of_the_killed(reverted.as_ref().err(), digest, settings, store, &clock).await? {
        reverted = revert(tools(), &request, stop).await;
    }
    progress.clear();
    let reverted = reverted.map_err(|error| failure(error, "", Doing::Revert))?;
    show(&reverted.keys.iter().map(|(key, outcome)| (key, outcome)).collect::<Vec<_>>(), settings)?;
    if settings.stats {
        let took = clock.elapsed().saturating_sub(begun);
        Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
    }
    let is_interrupted = *interrupted.borrow();
    Ok(conclude(&reverted, is_interrupted, settings))
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
