//! `keysweep clean --auto`: the whole way of a clean-up without anybody attending. It finishes what an earlier run began, scans,
//! plans, publishes the plan, and deletes and deactivates what has been in published plans for the grace, if the configuration file lets it
//! approve so many keys by itself. No option makes it delete more.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::anyhow;
use keysweep_aws::SystemClock;
use keysweep_core::account::{AccountId, CallerIdentity};
use keysweep_core::approval::{Approval, check};
use keysweep_core::assessment::{AccountStatus, Assessment, SkipReason};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::plan::grace::{Grace, Published, without_waiting};
use keysweep_core::plan::lint::blocks;
use keysweep_core::plan::{Plan, Planned};
use keysweep_core::ports::{Agreements as _, Archive as _, Clock as _};
use keysweep_report::Options;
use keysweep_report::words::count;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::begun::begun;
use crate::carry_out::Which;
use crate::clean_up::{BY_POLICY, concluded, enter, exemptions, kept, objected, warn_of_idle_units};
use crate::exempt::Sources;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::ids::new_id;
use crate::interrupt;
use crate::output::Output;
use crate::reports::Reports;
use crate::setting_flags::CleanArgs as Flags;
use crate::setting_values::role_name;
use crate::settings::Settings;
use crate::state::{failed, open, outlasts};
use crate::terminal::{note, style};
use crate::verb::apply::carry_out;
use crate::verb::plan::{fresh_scan, judged, made, show};

/// The command line of `keysweep clean`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct CleanArgs {
    /// Do all of it without asking: scan, plan, publish the plan, approve it by the policy of the configuration file, apply it
    #[arg(long, required = true)]
    pub auto: bool,
    /// Approve and delete nothing; the plan is published all the same
    #[arg(long)]
    pub dry_run: bool,
    /// Where the published plan is written
    #[arg(long, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,
    /// The role to assume in member accounts for deleting; --role-name is the one that scans
    /// [default: `role` in the section `[clean_up]`, or else keysweep-clean-up]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub cleanup_role: Option<String>,
    /// What the scan is to do, who calls, where the store is, and, with --output, how the scan is reported.
    #[command(flatten)]
    pub settings: Flags,
}

/// Cleans up.
pub fn run(args: CleanArgs) -> Outcome {
    let mut settings = args.settings.settings()?;
    outlasts(settings.state.as_ref())?;
    // How long a key must have been inactive is for the file alone to say, as all that lets keys be deleted unattended.
    settings.policy = settings.of_file.policy;
    interrupt::run(move |stop| async move { Box::pin(clean(&args, &settings, stop)).await })
}

async fn clean(args: &CleanArgs, settings: &Settings, mut stop: watch::Receiver<bool>) -> Outcome {
    let output = Output::open(Some(&args.out))?;
    let reports = match &settings.output {
        Some(path) => Some(Reports::open(&settings.formats, Some(path))?),
        None => None,
    };
    let store = open(settings.state.clone()).await?;
    let sources = Sources::new(&store, settings);
    exemptions(&sources, true).await?;
    let (session, caller) = enter(settings).await?;
    let mut deleting = settings.clone();
    deleting.role.name.clone_from(args.cleanup_role.as_ref().unwrap_or(&settings.clean_up.role));
    if !args.dry_run {
        Box::pin(finish_begun(&deleting, &store, &stop)).await?;
    }

    let mut assessment = fresh_scan(settings, &store, &mut stop).await?;
    let exempt = exemptions(&sources, settings.quiet).await?;
    warn_of_idle_units(&assessment, &exempt, &settings.clean_up.limits, SystemClock::new().now());
    let (plan, digest) = tokio::select! {
        made = made(&assessment, &session, &caller, &exempt, settings, &store) => made?,
        () = interrupt::asked(&mut stop) => {
            return Err(Failure::interrupted(anyhow!("interrupted: nothing was deleted")));
        }
    };
    store.keep_plan(&kept(&plan, digest)).await.map_err(failed)?;
    // What earlier runs published is asked for before: this plan must not count for itself.
    let concerned = plan.planned().map(Planned::account).collect();
    let published = published(&store, &concerned).await?;
    store.publish(digest, plan.made_at).await.map_err(failed)?;
    output.write(|to| to.write_all(document::write(&plan).as_bytes()))?;
    if let Some(reports) = reports {
        assessment.tell_exemptions(&exempt);
        report(&assessment, settings, reports)?;
    }

    let auto = settings.clean_up.auto;
    let grace = Grace { length: auto.grace, first_run_is_dry: auto.first_run_is_dry };
    let due = without_waiting(&plan, &new_id(&SystemClock::new()), &published, grace);
    let due_digest = document::digest(&due);
    let objections = judged(&due, &caller, settings);
    show(&due, due_digest, &objections, settings)?;
    let file = args.out.display();
    let (planned, due_now) = (plan.amount().changes(), due.amount().changes());
    let waiting = planned.saturating_sub(due_now);
    note(
        settings.quiet,
        &format!(
            "published {} in {file}: {due_now} due, {waiting} waiting for their grace",
            count(planned, "planned key")
        ),
    );
    let exit = concluded(&assessment, &plan);
    if due_now == 0 || args.dry_run {
        note(settings.quiet, "nothing was deleted");
        return Ok(exit);
    }
    if blocks(&objections) {
        return Err(objected(&objections, "nothing was deleted")
            .hint("docs/lint says what each rule is for; limits are set in the section [clean_up] of the configuration file"));
    }
    approve(&due, due_digest, &caller, settings, &store).await?;
    let (all, agreed) = (Which::default(), "`[clean_up] auto_approve`");
    match carry_out(&due, due_digest, &all, &deleting, &store, agreed, stop).await? {
        Exit::Clean => Ok(exit),
        other => Ok(other),
    }
}

/// Finishes what an earlier run of this verb began and did not finish, because it was killed: the journal says of such a key
/// that it was to be deleted, and not what came of it, or what it says may still change.
async fn finish_begun(settings: &Settings, store: &Sql, stop: &watch::Receiver<bool>) -> Result<(), Failure> {
    for (plan, digest) in begun(store).await? {
        let approvals = store.approvals(digest).await.map_err(failed)?;
        if !approvals.iter().any(|one| one.by == BY_POLICY) {
            continue;
        }
        note(settings.quiet, &format!("finishing plan {}, which an earlier run began", plan.id));
        let (all, agreed) = (Which::default(), "`keysweep approve`");
        match carry_out(&plan, digest, &all, settings, store, agreed, stop.clone()).await {
            Ok(Exit::Interrupted) => return Err(Failure::interrupted(anyhow!("interrupted"))),
            Ok(_) => {}
            // What was begun was found out; that no more may be deleted by it is as it should be.
            Err(failure) if failure.exit() == Exit::Refused => {
                note(settings.quiet, &format!("plan {} goes no further", plan.id));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Every plan that was published. One that cannot be read is no proof of anything, and stops the clean-up. Asked for is what they say
/// of keys in these accounts.
async fn published(store: &Sql, accounts: &BTreeSet<AccountId>) -> Result<Vec<Published>, Failure> {
    let scans = store.scans().await.map_err(failed)?;
    let with_filters: BTreeSet<&str> = scans
        .iter()
        .map(|scan| &scan.begun)
        .filter(|begun| !begun.selection.include.is_empty() || !begun.selection.exclude.is_empty())
        .map(|begun| begun.id.as_str())
        .collect();
    let mut published = Vec::new();
    for (at, kept) in store.published().await.map_err(failed)? {
        let (plan, _) = document::read(&kept.text).map_err(|error| {
            Failure::failed(anyhow::Error::from(error).context(format!("plan {} in the store", kept.id)))
                .hint("`keysweep state check` looks through the whole store; nothing was deleted")
        })?;
        let mut left_out = BTreeSet::new();
        if with_filters.contains(plan.assessment.as_str()) {
            for account in accounts.iter().filter(|account| plan.account(**account).is_none()) {
                let result = store.account_result(&plan.assessment, *account).await.map_err(failed)?;
                let status = result.map(|result| result.status);
                if status == Some(AccountStatus::Skipped(SkipReason::Filtered)) {
                    left_out.insert(*account);
                }
            }
        }
        published.push(Published { at, plan, left_out });
    }
    Ok(published)
}

fn report(assessment: &Assessment, settings: &Settings, reports: Reports) -> Result<(), Failure> {
    let options = Options {
        mask: settings.mask,
        style: style(settings.color, settings.width, true),
        ..Options::default()
    };
    let place = reports.place();
    reports.write(assessment, &options)?;
    if let Some(place) = place {
        note(settings.quiet, &place);
    }
    Ok(())
}

/// Approves by the policy of the configuration file, or says why it does not.
async fn approve(
    plan: &Plan,
    digest: Digest,
    caller: &CallerIdentity,
    settings: &Settings,
    store: &Sql,
) -> Result<(), Failure> {
    let hint = "nothing was deleted; `keysweep plan`, `keysweep approve` and `keysweep apply` are the way with people in it";
    let keys = plan.amount().changes();
    let refused = |why: String| Failure::refused(anyhow!(why)).hint(hint);
    let Some(most) = settings.clean_up.auto.approve else {
        let due = count(keys, "key");
        return Err(refused(format!(
            "{due} due, and the configuration file lets nothing be approved unattended: auto_approve in the section [clean_up] does"
        )));
    };
    if keys > u64::from(most) {
        return Err(refused(format!(
            "the plan has {}, and auto_approve lets at most {most} be approved unattended",
            count(keys, "key")
        )));
    }
    let (at, policy) = (SystemClock::new().now(), settings.clean_up.approval);
    let approval = Approval {
        plan: digest,
        by: BY_POLICY.to_owned(),
        account: caller.account,
        arn: caller.arn.clone(),
        comment: Some(format!("auto_approve = {most}, and the plan has {keys}")),
        at,
        expires: at + policy.holds_for,
    };
    check(std::slice::from_ref(&approval), plan, digest, policy, at)
        .map_err(|error| Failure::refused(error).hint(hint))?;
    store.keep_plan(&kept(plan, digest)).await.map_err(failed)?;
    store.approve(&approval).await.map_err(failed)
}
