//! `keysweep approve`: somebody agrees to a plan, exactly as it is, for a time.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use keysweep_app::apply::{ApplyError, Refusal, Tools, caller as whose};
use keysweep_app::progress::Silent;
use keysweep_aws::SystemClock;
use keysweep_core::account::CallerIdentity;
use keysweep_core::approval::{Approval, ApprovalPolicy, check};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::{Context, blocks, lint};
use keysweep_core::plan::{Amount, Plan};
use keysweep_core::ports::{Agreements as _, Clock as _};
use keysweep_report::terminal::plan::plan as drawn;
use keysweep_report::words::{count, second};
use keysweep_store::Sql;

use crate::carry_out::{Doing, failure};
use crate::clean_up::{BY_POLICY, clock_hint, connect, objected, read_plan};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::setting_flags::CleanUpArgs;
use crate::settings::Settings;
use crate::state::{failed, open_existing, outlasts};
use crate::terminal::{note, say, style};

/// The command line of `keysweep approve`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ApproveArgs {
    /// The file of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Who approves
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub by: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Ask nothing; --digest says which plan is meant
    #[arg(long, requires = "digest")]
    pub yes: bool,
    /// The digest that the plan must have: sha256: and 64 hexadecimal digits
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<Digest>,
    /// Who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpArgs,
}

/// A name, with one space for any white space: names that read the same are the same.
fn name(text: &str) -> Result<String, String> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        Err("it is empty".to_owned())
    } else if name.eq_ignore_ascii_case(BY_POLICY) {
        Err("that is the name under which the configuration file approves".to_owned())
    } else {
        Ok(name)
    }
}

/// Approves.
pub fn run(args: ApproveArgs) -> Outcome {
    let settings = args.settings.settings()?;
    outlasts(settings.state.as_ref())?;
    interrupt::run(move |mut stop| async move {
        tokio::select! {
            outcome = approve(&args, &settings) => outcome,
            () = interrupt::asked(&mut stop) => {
                Err(Failure::interrupted(anyhow!("interrupted: nothing was approved")))
            }
        }
    })
}

async fn approve(args: &ApproveArgs, settings: &Settings) -> Outcome {
    let (plan, digest) = read_plan(&args.plan)?;
    if let Some(wanted) = args.digest.filter(|wanted| *wanted != digest) {
        let error = anyhow!("the plan has the digest {digest}, not {wanted}");
        return Err(Failure::refused(error)
            .of(&args.plan)
            .hint("nothing was approved; look at the plan that this file holds"));
    }
    if plan.amount().changes() == 0 {
        let error = anyhow!("the plan deletes nothing: there is nothing to approve");
        return Err(Failure::refused(error).of(&args.plan).hint("plan again after another scan"));
    }
    let store = open_existing(settings.state.clone()).await?;
    is_made_here(&store, digest, &args.plan).await?;
    let clock = SystemClock::new();
    let caller = caller(&plan, settings, &store, &clock).await?;
    let (limits, policy) = (&settings.clean_up.limits, settings.clean_up.approval);
    let objections = lint(&Context { plan: &plan, limits, caller_arn: &caller.arn, now: clock.now() });
    let text = drawn(&plan, digest, &objections, &style(settings.color, settings.width, false));
    Output::stdout().write(|to| to.write_all(text.as_bytes()))?;
    if blocks(&objections) {
        return Err(objected(&objections, "nothing was approved")
            .hint("docs/lint says what each rule is for; scan and plan again"));
    }
    if !args.yes {
        typed(plan.amount()).await?;
    }
    let at = clock.now();
    let approval = Approval {
        plan: digest,
        by: args.by.clone(),
        account: caller.account,
        arn: caller.arn,
        comment: args.comment.clone(),
        at,
        expires: at + policy.holds_for,
    };
    // Whether this one counts is asked of it alone, whoever else has approved.
    let alone = ApprovalPolicy { approvers: 1, ..policy };
    check(std::slice::from_ref(&approval), &plan, digest, alone, at)
        .map_err(|error| Failure::refused(error).hint("nothing was approved"))?;
    store.approve(&approval).await.map_err(failed)?;
    let approvals = store.approvals(digest).await.map_err(failed)?;
    let next = match check(&approvals, &plan, digest, policy, at) {
        Ok(_) => format!("`keysweep apply {}` carries it out", args.plan.display()),
        Err(missing) => format!("it cannot be applied yet: {missing}"),
    };
    let Amount { deletions, deactivations } = plan.amount();
    let keys = match deactivations {
        0 => count(deletions, "deletion"),
        _ => format!("{} and {}", count(deletions, "deletion"), count(deactivations, "deactivation")),
    };
    note(settings.quiet, &format!("{keys} approved until {}; {next}", second(approval.expires)));
    Ok(Exit::Clean)
}

/// A digest shows only that a file agrees with itself: whoever edits one can write another digest into it. What was planned is what
/// `keysweep plan` and `keysweep clean` kept when they made it.
async fn is_made_here(store: &Sql, digest: Digest, file: &Path) -> Result<(), Failure> {
    let plans = store.plans().await.map_err(failed)?;
    if plans.iter().any(|plan| plan.digest == digest) {
        return Ok(());
    }
    Err(Failure::refused(anyhow!("this store did not make this plan: none of its plans has the digest {digest}"))
        .of(file)
        .hint("nothing was approved; either the file was changed, or the plan was made with another store: plan again with the same --state"))
}

/// Who approves: somebody of the organization or account that the plan is for. Two people that must approve are two of its own.
async fn caller(
    plan: &Plan,
    settings: &Settings,
    store: &Sql,
    clock: &SystemClock,
) -> Result<CallerIdentity, Failure> {
    let session = connect(settings).await?;
    let tools = Tools { accounts: &session, directory: &session, clock, journal: store, progress: &Silent };
    whose(tools, plan, settings.give_up_after).await.map_err(|error| match error {
        ApplyError::Refused(refusal) => {
            let hint = match *refusal {
                Refusal::Clock(error) => clock_hint(error),
                _ => "use credentials of the organization or account that the plan is for",
            };
            Failure::refused(*refusal).hint(format!("nothing was approved; {hint}"))
        }
        organization @ ApplyError::Organization(_) => Failure::failed(organization).hint(
            "nothing was approved; use credentials of the plan's organization that may call organizations:DescribeOrganization",
        ),
        other => failure(other, Doing::Apply { agreed: "" }),
    })
}

/// Whoever approves types how many keys change, for a habit answers "yes" and not a number.
async fn typed(amount: Amount) -> Result<(), Failure> {
    let keys = amount.changes();
    let what = match amount {
        Amount { deactivations: 0, .. } => format!("are to be deleted ({keys})"),
        Amount { deletions, deactivations } => {
            format!("are to change ({keys}: {deletions} deleted, {deactivations} deactivated)")
        }
    };
    say(&format!("Deleted keys cannot be brought back. Type how many keys {what} to approve: "));
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = line.await.ok().and_then(Result::ok).unwrap_or_default();
    if answer.trim() == keys.to_string() {
        return Ok(());
    }
    let what = match answer.trim() {
        "" => "nothing was typed".to_owned(),
        other => format!("{other:?} was typed, and the plan {amount}"),
    };
    Err(Failure::refused(anyhow!("{what}: nothing was approved"))
        .hint("type the number, or give --yes and --digest with what the table shows"))
}
