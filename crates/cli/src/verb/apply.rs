//! `keysweep apply`: deletes the keys of an approved plan. It has no options that change what is deleted; --limit and
//! --accounts only narrow.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::anyhow;
use keysweep_app::apply::{
    Applied, ApplyError, ApplyRequest, KeyOutcome, Refusal, StopAfter, Tools, apply as run_plan,
};
use keysweep_app::progress::Both;
use keysweep_app::stats::Statistics;
use keysweep_aws::SystemClock;
use keysweep_core::account::AccountId;
use keysweep_core::approval::ApprovalPolicy;
use keysweep_core::plan::PlannedKey;
use keysweep_core::plan::lint::Limits;
use keysweep_core::ports::{Agreements as _, Clock as _};
use keysweep_report::terminal::plan::outcomes;
use keysweep_report::words::count;
use tokio::sync::watch;

use crate::clean_up::{AwsArgs, connect, exemptions, kept, read_plan};
use crate::exempt::Sources;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::log;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::settings::{Color, role_name};
use crate::state::{StateArgs, failed};
use crate::stats::Bill;
use crate::terminal::{note, style, use_color};
use crate::verb::policies;
use crate::verb::scan::{caller_hint, new_id, organization_hint};

/// The command line of `keysweep apply`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ApplyArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The role to assume in the accounts of the organization; its path and external id are those of the configuration
    #[arg(long, value_name = "NAME", default_value = "keysweep-clean-up", value_parser = role_name)]
    pub cleanup_role: String,
    /// Delete only keys of these accounts
    #[arg(long, value_name = "ACCOUNTS", value_delimiter = ',', value_parser = policies::account)]
    pub accounts: Vec<AccountId>,
    /// Delete at most so many keys
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// The reviewed file of exemptions, read again before each delete [default: exemptions.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub exemptions: Option<PathBuf>,
    /// The columns of the table [default: the terminal's]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Tell on standard error, at the end, what it cost: calls, throttles, bytes, time by operation and by phase
    #[arg(long)]
    pub stats: bool,
    /// Whose credentials are used.
    #[command(flatten)]
    pub aws: AwsArgs,
    /// Where the store is.
    #[command(flatten)]
    pub state: StateArgs,
}

/// Applies.
pub fn run(args: ApplyArgs) -> Outcome {
    use_color(args.color);
    interrupt::run(move |stop| async move { apply(&args, stop).await })
}

async fn apply(args: &ApplyArgs, stop: watch::Receiver<bool>) -> Outcome {
    let (plan, digest) = read_plan(&args.plan)?;
    let mut settings = args.aws.settings()?;
    settings.role.name.clone_from(&args.cleanup_role);
    let store = args.state.open().await?;
    let sources = Sources::new(&store, args.exemptions.as_deref());
    // Unreadable ones are better known before anything is begun; each delete asks for them again.
    exemptions(&sources, args.quiet).await?;
    let approvals = store.approvals(digest).await.map_err(failed)?;
    store.keep_plan(&kept(&plan, digest)).await.map_err(failed)?;
    let session = connect(&settings).await?;
    let (clock, limits) = (SystemClock::new(), Limits::default());
    let only: BTreeSet<AccountId> = args.accounts.iter().copied().collect();
    let request = ApplyRequest {
        plan: &plan,
        digest,
        approvals: &approvals,
        approval_policy: ApprovalPolicy::default(),
        limits: &limits,
        holder: &new_id(&clock),
        only: Some(&only).filter(|only| !only.is_empty()),
        at_most: args.limit,
        concurrency: settings.concurrency,
        give_up_after: settings.give_up_after,
        stop_after: StopAfter::default(),
    };
    let progress = ProgressLine::new(args.quiet || log::takes_standard_error(&settings));
    let statistics = Statistics::default();
    let begun = clock.elapsed();
    let told = Both(&progress, &statistics);
    let tools = Tools {
        accounts: &session,
        directory: &session,
        clock: &clock,
        journal: &store,
        exemptions: &sources,
        progress: &told,
    };
    let interrupted = stop.clone();
    let applied = run_plan(tools, &request, stop).await;
    progress.clear();
    let applied = applied.map_err(|error| failure(error, args))?;
    let text = report(&applied, args);
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    if args.stats || settings.stats {
        let took = clock.elapsed().saturating_sub(begun);
        Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
    }
    let is_interrupted = *interrupted.borrow();
    Ok(conclude(&applied, is_interrupted, args))
}

fn report(applied: &Applied, args: &ApplyArgs) -> String {
    let rows: Vec<(&PlannedKey, &'static str, String)> =
        applied.keys.iter().map(|(key, outcome)| (key, outcome.name(), why(applied, key, outcome))).collect();
    outcomes(&rows, &style(args.color, args.width, false))
}

/// What there is to say about where a key stands.
fn why(applied: &Applied, key: &PlannedKey, outcome: &KeyOutcome) -> String {
    match outcome {
        KeyOutcome::Gone => {
            let of_key = |receipt: &&keysweep_core::journal::Receipt| {
                receipt.key.account == key.account && receipt.key.key == key.key
            };
            applied.receipts.iter().find(of_key).map_or_else(String::new, |receipt| {
                let request = receipt.how.request_id().unwrap_or("not known");
                format!("receipt {}, request id {request}", receipt.number)
            })
        }
        KeyOutcome::Skipped(reason) => reason.to_string(),
        KeyOutcome::Kept(kept) => kept.detail().unwrap_or(kept.name()).to_owned(),
        KeyOutcome::Unknown => "what came of it is not known: apply again to find out".to_owned(),
        KeyOutcome::Waiting => "it had no turn yet".to_owned(),
    }
}

fn conclude(applied: &Applied, interrupted: bool, args: &ApplyArgs) -> Exit {
    let gone = applied.receipts.len() as u64;
    let left = (applied.keys.len() as u64).saturating_sub(gone);
    if let Some(reason) = &applied.stopped {
        note(false, &format!("stopped: {reason}"));
    }
    if left == 0 {
        note(args.quiet, &format!("done: all {} of the plan are gone", count(gone, "key")));
        return Exit::Clean;
    }
    let again = applied.keys.iter().any(|(_, outcome)| match outcome {
        KeyOutcome::Gone => false,
        KeyOutcome::Skipped(reason) => !reason.is_final(),
        KeyOutcome::Kept(_) | KeyOutcome::Unknown | KeyOutcome::Waiting => true,
    });
    let next = if again {
        "apply the plan again for those that may still go"
    } else {
        "they are out of this plan for good; scan and plan again if they are still to go"
    };
    note(false, &format!("{} gone, {} left: {next}", count(gone, "key"), count(left, "key")));
    if interrupted { Exit::Interrupted } else { Exit::PartlyDone }
}

fn failure(error: ApplyError, args: &ApplyArgs) -> Failure {
    match error {
        ApplyError::Refused(refusal) => {
            let hint = refusal_hint(&refusal, args);
            Failure::refused(
                anyhow::Error::from(*refusal).context("the plan is refused, and nothing was deleted"),
            )
            .hint(hint)
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

fn refusal_hint(refusal: &Refusal, args: &ApplyArgs) -> String {
    match refusal {
        Refusal::NotApproved(_) | Refusal::NothingApproved => format!(
            "look at it and approve it with `keysweep approve {} --by NAME`, into the same store",
            args.plan.display()
        ),
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
