//! `keysweep apply`: deletes and deactivates the keys of an approved plan. It has no options that change what is done; --limit
//! and --accounts only narrow.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::anyhow;
use keysweep_app::apply::{
    Applied, ApplyError, ApplyRequest, DeactivationOutcome, KeyOutcome, Refusal, Tools, apply as run_plan,
};
use keysweep_app::progress::Both;
use keysweep_app::stats::Statistics;
use keysweep_aws::SystemClock;
use keysweep_core::account::AccountId;
use keysweep_core::journal::Leasing;
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements as _, Clock as _, Journal as _};
use keysweep_report::terminal::plan::{OutcomeRow, outcomes};
use keysweep_report::words::count;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::clean_up::{connect, exemptions, kept, read_plan, that_count};
use crate::clean_up_settings::CleanUp;
use crate::exempt::Sources;
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
use crate::verb::policies;
use crate::verb::scan::{caller_hint, organization_hint};

/// The command line of `keysweep apply`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ApplyArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The role to assume in the accounts of the organization; its path and external id are those of the configuration
    /// [default: `role` in the section `[clean_up]`, or else keysweep-clean-up]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub cleanup_role: Option<String>,
    /// Delete and deactivate only keys of these accounts
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = policies::account)]
    pub accounts: Vec<AccountId>,
    /// Delete and deactivate at most so many keys together
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpArgs,
}

/// Applies.
pub fn run(args: ApplyArgs) -> Outcome {
    let mut settings = args.settings.settings()?;
    settings.role.name.clone_from(args.cleanup_role.as_ref().unwrap_or(&settings.clean_up.role));
    interrupt::run(move |stop| async move {
        let (plan, digest) = read_plan(&args.plan)?;
        let store = open(settings.state.clone()).await?;
        let only: BTreeSet<AccountId> = args.accounts.iter().copied().collect();
        let which = Which { only: Some(&only).filter(|only| !only.is_empty()), at_most: args.limit };
        let agreed = format!("`keysweep approve {} --by NAME`", args.plan.display());
        carry_out(&plan, digest, which, &settings, &store, &agreed, stop).await
    })
}

/// Which keys of a plan; both only narrow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Which<'a> {
    pub(crate) only: Option<&'a BTreeSet<AccountId>>,
    pub(crate) at_most: Option<usize>,
}

/// Applies a plan with the role of the settings, and says what came of it. `agreed` is how it is agreed to.
pub(crate) async fn carry_out(
    plan: &Plan,
    digest: Digest,
    which: Which<'_>,
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
    let session = connect(settings).await?;
    let clock = SystemClock::new();
    let CleanUp { limits, approval, stop_after, .. } = &settings.clean_up;
    let own = holder::name(&clock);
    let request = ApplyRequest {
        plan,
        digest,
        approvals: &approvals,
        approval_policy: *approval,
        limits,
        holder: &own,
        only: which.only,
        at_most: which.at_most,
        concurrency: settings.concurrency,
        give_up_after: settings.give_up_after,
        stop_after: *stop_after,
    };
    let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
    let statistics = Statistics::default();
    let begun = clock.elapsed();
    let told = Both(&progress, &statistics);
    let tools = || Tools {
        accounts: &session,
        directory: &session,
        clock: &clock,
        journal: store,
        exemptions: &sources,
        progress: &told,
    };
    let interrupted = stop.clone();
    let mut applied = run_plan(tools(), &request, stop.clone()).await;
    if free_of_the_killed(applied.as_ref().err(), digest, settings, store, &clock).await? {
        applied = run_plan(tools(), &request, stop).await;
    }
    progress.clear();
    let applied = applied.map_err(|error| failure(error, agreed, Doing::Apply))?;
    let text = report(&applied, settings);
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    if settings.stats {
        let took = clock.elapsed().saturating_sub(begun);
        Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
    }
    let is_interrupted = *interrupted.borrow();
    Ok(conclude(&applied, is_interrupted, settings))
}

/// Whether nobody has the run any more who had it and was killed, where that is why it was refused. Then it may be asked for again.
pub(crate) async fn free_of_the_killed(
    error: Option<&ApplyError>,
    digest: Digest,
    settings: &Settings,
    store: &Sql,
    clock: &SystemClock,
) -> Result<bool, Failure> {
    let Some(killed) = error.and_then(held_by).filter(|by| holder::has_ended(by)) else { return Ok(false) };
    note(settings.quiet, "an earlier apply of this plan was killed: going on where it was");
    // Who was killed gave its lease back to nobody. Whoever takes it under that name has it at once; the number that it
    // was given with before is no longer in force.
    let leasing = store.lease(digest, killed, clock.now(), clock.now()).await.map_err(failed)?;
    if let Leasing::Granted(lease) = leasing {
        store.release(&lease).await.map_err(failed)?;
    }
    Ok(true)
}

/// Who else applies the plan, where that is why it was refused.
fn held_by(error: &ApplyError) -> Option<&str> {
    match error {
        ApplyError::Refused(refusal) => match refusal.as_ref() {
            Refusal::Held { by, .. } => Some(by),
            _ => None,
        },
        _ => None,
    }
}

fn report(applied: &Applied, settings: &Settings) -> String {
    let deletions = applied.keys.iter().map(|(key, outcome)| OutcomeRow {
        account: key.account,
        user: key.user.to_string(),
        key: key.key.to_string(),
        outcome: outcome.name(),
        is_done: *outcome == KeyOutcome::Gone,
        why: why(applied, key.account, &key.key, outcome),
    });
    let deactivations = applied.deactivations.iter().map(|(key, outcome)| OutcomeRow {
        account: key.account,
        user: key.user.to_string(),
        key: key.key.to_string(),
        outcome: outcome.name(),
        is_done: outcome.is_done(),
        why: why_deactivated(applied, key.account, &key.key, outcome),
    });
    let rows: Vec<OutcomeRow> = deletions.chain(deactivations).collect();
    outcomes(&rows, &style(settings.color, settings.width, false))
}

/// The last receipt of a key.
fn receipt(applied: &Applied, account: AccountId, key: &AccessKeyId) -> String {
    let of_key = |receipt: &&keysweep_core::journal::Receipt| {
        receipt.key.account == account && receipt.key.key == *key
    };
    applied.receipts.iter().rev().find(of_key).map_or_else(String::new, |receipt| {
        let request = receipt.how.request_id().unwrap_or("not known");
        format!("receipt {}, request id {request}", receipt.number)
    })
}

/// What there is to say about where a key stands that was to be deleted.
fn why(applied: &Applied, account: AccountId, key: &AccessKeyId, outcome: &KeyOutcome) -> String {
    match outcome {
        KeyOutcome::Gone => receipt(applied, account, key),
        KeyOutcome::Skipped(reason) => reason.to_string(),
        KeyOutcome::Kept(kept) => kept.detail().unwrap_or(kept.name()).to_owned(),
        KeyOutcome::Unknown => "what came of it is not known: apply again to find out".to_owned(),
        KeyOutcome::Waiting => "it had no turn yet".to_owned(),
    }
}

/// What there is to say about where a key stands that was to be deactivated.
fn why_deactivated(
    applied: &Applied,
    account: AccountId,
    key: &AccessKeyId,
    outcome: &DeactivationOutcome,
) -> String {
    match outcome {
        DeactivationOutcome::Deactivated { confirmed: true } | DeactivationOutcome::Reactivated => {
            receipt(applied, account, key)
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

/// What was to be done to a run, for what is said when it could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Apply,
    Revert,
}

pub(crate) fn failure(error: ApplyError, agreed: &str, doing: Doing) -> Failure {
    match error {
        ApplyError::Refused(refusal) => {
            let hint = refusal_hint(&refusal, agreed);
            let context = match doing {
                Doing::Apply => "the plan is refused, and nothing was deleted",
                Doing::Revert => "the run is not reverted, and nothing was changed",
            };
            Failure::refused(anyhow::Error::from(*refusal).context(context)).hint(hint)
        }
        ApplyError::Caller(call) => {
            let hint = caller_hint(&call);
            Failure::failed(ApplyError::Caller(call)).hint(hint)
        }
        ApplyError::Organization(call) => {
            let hint = organization_hint(&call);
            Failure::failed(ApplyError::Organization(call)).hint(hint)
        }
        ApplyError::Journal(source) => Failure::failed(anyhow!(ApplyError::Journal(source)))
            .hint("`keysweep state check` says what is wrong with the store"),
    }
}

fn refusal_hint(refusal: &Refusal, agreed: &str) -> String {
    match refusal {
        Refusal::NotApproved(_) | Refusal::NothingApproved => {
            format!("look at it and approve it with {agreed}, into the same store")
        }
        Refusal::Objections(_) | Refusal::OtherDigest { .. } => {
            "scan and plan again; docs/lint says what each rule is for".to_owned()
        }
        Refusal::OtherPartition { .. } | Refusal::OtherOrganization { .. } | Refusal::OtherAccount { .. } => {
            "use the credentials of the organization or account that the plan is for".to_owned()
        }
        Refusal::Held { .. } => "wait for it to end, or until then".to_owned(),
        Refusal::Damaged(_) | Refusal::NotItsJournal(_) => {
            "`keysweep state check` looks through the whole store; scan and plan again into another"
                .to_owned()
        }
    }
}
