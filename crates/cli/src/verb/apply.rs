//! `keysweep apply`: deletes and deactivates the keys of an approved plan. It has no options that change what is done; --limit
//! and --accounts only narrow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keysweep_app::apply::{Applied, ApplyRequest, DeactivationOutcome, KeyOutcome, apply as run_plan};
use keysweep_core::account::AccountId;
use keysweep_core::journal::Receipt;
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::Agreements as _;
use keysweep_report::terminal::plan::{OutcomeRow, outcomes};
use keysweep_report::words::count;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::begun::settle_others;
use crate::carry_out::{self, Doing, Order, RunArgs, Which};
use crate::clean_up::{exemptions, kept, read_plan, that_count};
use crate::exempt::Sources;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::interrupt;
use crate::output::Output;
use crate::setting_flags::CleanUpArgs;
use crate::settings::Settings;
use crate::state::{failed, open_existing, outlasts};
use crate::terminal::{note, style};

/// The command line of `keysweep apply`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ApplyArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// With which role, and which keys.
    #[command(flatten)]
    pub narrow: RunArgs,
    /// Who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpArgs,
}

/// Applies.
pub fn run(args: ApplyArgs) -> Outcome {
    let mut settings = args.settings.settings()?;
    outlasts(settings.state.as_ref())?;
    args.narrow.set_role(&mut settings);
    interrupt::run(move |stop| async move {
        let (plan, digest) = read_plan(&args.plan)?;
        let store = open_existing(settings.state.clone()).await?;
        let agreed = format!("`keysweep approve {} --by NAME`", args.plan.display());
        carry_out(&plan, digest, &args.narrow.which(), &settings, &store, &agreed, stop).await
    })
}

/// Applies a plan with the role of the settings, and says what came of it. `agreed` is how it is agreed to.
pub(crate) async fn carry_out(
    plan: &Plan,
    digest: Digest,
    which: &Which,
    settings: &Settings,
    store: &Sql,
    agreed: &str,
    stop: watch::Receiver<bool>,
) -> Outcome {
    let sources = Sources::new(store, settings);
    // Unreadable ones are better known before anything is begun; each delete asks for them again.
    exemptions(&sources, settings.quiet).await?;
    let approvals = store.approvals(digest).await.map_err(failed)?;
    let approvals = that_count(approvals, plan, settings);
    store.keep_plan(&kept(plan, digest)).await.map_err(failed)?;
    settle_others(digest, settings, store, &stop).await?;
    let (approval_policy, limits) = (settings.clean_up.approval, &settings.clean_up.limits);
    let order = Order { plan, digest, which, doing: Doing::Apply { agreed } };
    let (applied, bill) = carry_out::carry_out(order, settings, store, async |tools, run| {
        let request = ApplyRequest { run, approvals: &approvals, approval_policy, limits };
        run_plan(tools, &sources, &request, stop.clone()).await
    })
    .await?;
    let text = report(&applied, settings);
    let shown = Output::stdout().write(|to| to.write_all(text.as_bytes()));
    if settings.stats {
        bill.tell();
    }
    // What was done is told, also where the table of it could not be written.
    let exit = conclude(&applied, *stop.borrow(), settings);
    shown.map(|()| exit)
}

fn report(applied: &Applied, settings: &Settings) -> String {
    let receipts: Receipts<'_> =
        applied.receipts.iter().map(|one| ((one.key.account, &one.key.key), one)).collect();
    let deletions = applied.keys.iter().map(|(key, outcome)| OutcomeRow {
        account: key.account,
        user: key.user.to_string(),
        key: key.key.to_string(),
        outcome: outcome.name(),
        is_done: *outcome == KeyOutcome::Gone,
        why: why(&receipts, (key.account, &key.key), outcome),
    });
    let deactivations = applied.deactivations.iter().map(|(key, outcome)| OutcomeRow {
        account: key.account,
        user: key.user.to_string(),
        key: key.key.to_string(),
        outcome: outcome.name(),
        is_done: outcome.is_done(),
        why: why_deactivated(&receipts, (key.account, &key.key), outcome),
    });
    let rows: Vec<OutcomeRow> = deletions.chain(deactivations).collect();
    outcomes(&rows, &style(settings.color, settings.width, false))
}

/// The last receipt of each key.
type Receipts<'a> = BTreeMap<KeyIn<'a>, &'a Receipt>;

/// A key and its account.
type KeyIn<'a> = (AccountId, &'a AccessKeyId);

fn receipt(receipts: &Receipts<'_>, key: KeyIn<'_>) -> String {
    receipts.get(&key).map_or_else(String::new, |receipt| {
        let request = receipt.how.request_id().unwrap_or("not known");
        format!("receipt {}, request id {request}", receipt.number)
    })
}

/// What there is to say about where a key stands that was to be deleted.
fn why(receipts: &Receipts<'_>, key: KeyIn<'_>, outcome: &KeyOutcome) -> String {
    match outcome {
        KeyOutcome::Gone => receipt(receipts, key),
        KeyOutcome::Skipped(reason) => reason.to_string(),
        KeyOutcome::Kept(kept) => kept.detail().unwrap_or(kept.name()).to_owned(),
        KeyOutcome::Unknown => "what came of it is not known: apply again to find out".to_owned(),
        KeyOutcome::Waiting => "it had no turn yet".to_owned(),
    }
}

/// What there is to say about where a key stands that was to be deactivated.
fn why_deactivated(receipts: &Receipts<'_>, key: KeyIn<'_>, outcome: &DeactivationOutcome) -> String {
    match outcome {
        DeactivationOutcome::Deactivated { confirmed: true } | DeactivationOutcome::Reactivated => {
            receipt(receipts, key)
        }
        DeactivationOutcome::Deactivated { confirmed: false } => {
            "the answer was lost, and the key is Inactive: CloudTrail tells who deactivated it".to_owned()
        }
        DeactivationOutcome::Skipped(reason) => reason.to_string(),
        DeactivationOutcome::Kept(kept) => kept.detail().unwrap_or(kept.name()).to_owned(),
        DeactivationOutcome::Unknown => "what came of it is not known: apply again to find out".to_owned(),
        DeactivationOutcome::Waiting => "it had no turn yet".to_owned(),
        DeactivationOutcome::RunReverted => "it had no turn, and the run was reverted".to_owned(),
    }
}

fn conclude(applied: &Applied, interrupted: bool, settings: &Settings) -> Exit {
    let gone = applied.keys.iter().filter(|(_, outcome)| *outcome == KeyOutcome::Gone).count() as u64;
    let off = applied.deactivations.iter().filter(|(_, outcome)| outcome.is_done()).count() as u64;
    let planned = (applied.keys.len() + applied.deactivations.len()) as u64;
    let left = planned.saturating_sub(gone + off);
    if let Some(reason) = &applied.stopped {
        note(false, &format!("stopped: {reason}"));
    }
    let deactivated = match applied.deactivations.len() {
        0 => String::new(),
        _ => format!(", {} deactivated", count(off, "key")),
    };
    if left == 0 {
        let said = match (applied.keys.len(), applied.deactivations.len()) {
            (0, 1..) => format!("done: all {} of the plan are deactivated", count(off, "key")),
            (_, 0) => format!("done: all {} of the plan are gone", count(gone, "key")),
            _ => format!("done: {} gone{deactivated}, as planned", count(gone, "key")),
        };
        note(settings.quiet, &said);
        return Exit::Clean;
    }
    let may_still_go = |(_, outcome): &(_, KeyOutcome)| match outcome {
        KeyOutcome::Gone => false,
        KeyOutcome::Skipped(reason) => !reason.is_final(),
        KeyOutcome::Kept(_) | KeyOutcome::Unknown | KeyOutcome::Waiting => true,
    };
    let again = applied.keys.iter().any(may_still_go)
        || applied.deactivations.iter().any(|(_, outcome)| outcome.may_follow());
    let next = if again {
        "apply the plan again for those that may still go"
    } else {
        "they are out of this plan for good; scan and plan again if they are still to go"
    };
    note(false, &format!("{} gone{deactivated}, {} left: {next}", count(gone, "key"), count(left, "key")));
    if interrupted { Exit::Interrupted } else { Exit::PartlyDone }
}
