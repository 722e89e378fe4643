//! `keysweep plan`: from what a scan found to exactly which keys are to be deleted, and, where the configuration says so, which
//! unused ones are to be deactivated. It changes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use keysweep_app::progress::{Both, Progress};
use keysweep_app::stats::Statistics;
use keysweep_app::survey::{SurveyRequest, survey};
use keysweep_aws::{Session, SystemClock};
use keysweep_core::account::{AccountId, CallerIdentity};
use keysweep_core::archive::{NotAScan, ScanRecord};
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::exemption::Exemptions;
use keysweep_core::finding::Verdict;
use keysweep_core::journal::{Ledger, State};
use keysweep_core::key::AccessKeyId;
use keysweep_core::plan::Plan;
use keysweep_core::plan::build::{Holdings, Order, build};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document;
use keysweep_core::plan::lint::{Context, Objection, blocks, lint};
use keysweep_core::plan::unused::with_unused;
use keysweep_core::ports::{Agreements as _, Archive as _, Clock as _, Journal as _, Store as _};
use keysweep_core::problem::Gap;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_report::terminal::plan::plan as drawn;
use keysweep_store::Sql;
use tokio::sync::watch;

use crate::clean_up::{concluded, enter, exemptions, kept, objected, warn_of_idle_units};
use crate::exempt::Sources;
use crate::failure::{Failure, Outcome};
use crate::ids::new_id;
use crate::interrupt;
use crate::log;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::setting_flags::CleanUpScanArgs;
use crate::settings::Settings;
use crate::state::{failed, open};
use crate::stats::Bill;
use crate::terminal::{note, style};
use crate::verb::scan::{entered, not_all_kept, scanned};

/// The command line of `keysweep plan`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct PlanArgs {
    /// Plan from this scan, by its id or the beginning of it, or `latest` [default: scan now]
    #[arg(long, value_name = "SCAN")]
    pub scan: Option<String>,
    /// Where the plan is written
    #[arg(long, short, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,
    /// What the scan is to do, who calls, and where the store is.
    #[command(flatten)]
    pub settings: CleanUpScanArgs,
}

/// Plans.
pub fn run(args: PlanArgs) -> Outcome {
    let settings = args.settings.settings()?;
    interrupt::run(move |stop| async move { plan(&args, &settings, stop).await })
}

async fn plan(args: &PlanArgs, settings: &Settings, mut stop: watch::Receiver<bool>) -> Outcome {
    let output = Output::open(Some(&args.out))?;
    let store = open(settings.state.clone()).await?;
    let sources = Sources::new(&store, settings);
    // What is wrong with them is better known before the scan than after it.
    exemptions(&sources, true).await?;
    let assessment = match &args.scan {
        Some(text) => kept_scan(&store, text).await?,
        None => fresh_scan(settings, &store, &mut stop).await?,
    };
    tokio::select! {
        outcome = from(&assessment, args, settings, &store, &sources, output) => outcome,
        () = interrupt::asked(&mut stop) => Err(Failure::interrupted(anyhow!("interrupted"))),
    }
}

async fn from(
    assessment: &Assessment,
    args: &PlanArgs,
    settings: &Settings,
    store: &Sql,
    sources: &Sources<'_>,
    output: Output,
) -> Outcome {
    let (session, caller) = enter(settings).await?;
    let exempt = exemptions(sources, settings.quiet).await?;
    warn_of_idle_units(assessment, &exempt, &settings.clean_up.limits, SystemClock::new().now());
    let (plan, digest) = made(assessment, &session, &caller, &exempt, settings, store).await?;
    let objections = judged(&plan, &caller, settings);
    store.keep_plan(&kept(&plan, digest)).await.map_err(failed)?;
    output.write(|to| to.write_all(document::write(&plan).as_bytes()))?;
    show(&plan, digest, &objections, settings)?;
    said(assessment, &plan, &objections, &args.out, settings)
}

fn said(
    assessment: &Assessment,
    plan: &Plan,
    objections: &[Objection],
    file: &Path,
    settings: &Settings,
) -> Outcome {
    let file = file.display();
    let exit = concluded(assessment, plan);
    if blocks(objections) {
        return Err(objected(objections, "it cannot be approved")
            .hint(format!("it is in {file} to be looked at; docs/lint says what each rule is for")));
    }
    let next = if plan.amount().changes() == 0 {
        format!("nothing is to be deleted; the plan that says why is in {file}")
    } else {
        format!("the plan is in {file}; `keysweep approve {file} --by NAME` agrees to it")
    };
    note(settings.quiet, &next);
    Ok(exit)
}

/// The scan of the store that a text names; it must have finished.
async fn kept_scan(store: &Sql, text: &str) -> Result<Assessment, Failure> {
    let scans = store.scans().await.map_err(failed)?;
    let record = ScanRecord::named(&scans, text).map_err(no_scan)?;
    store.assessment(&record.begun.id).await.map_err(failed)?.ok_or_else(|| {
        let error =
            anyhow!("scan {} did not finish: what it did not look at could not be judged", record.begun.id);
        Failure::usage(error).hint("`keysweep scan --resume` goes on with it")
    })
}

/// Scans now. A scan that was stopped is not planned from, nor is one that the store does not hold as a whole.
pub(crate) async fn fresh_scan(
    settings: &Settings,
    store: &Sql,
    stop: &mut watch::Receiver<bool>,
) -> Result<Assessment, Failure> {
    let session = entered(settings, stop).await?;
    let (clock, statistics) = (SystemClock::new(), Statistics::default());
    let begun = clock.elapsed();
    let scan = scanned(settings, &session, store, &statistics, stop).await?;
    if settings.stats {
        let took = clock.elapsed().saturating_sub(begun);
        Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
    }
    if let Some(failure) = scan.not_kept {
        return Err(not_all_kept(failure));
    }
    if *stop.borrow() || scan.assessment.problems().any(|problem| problem.gap == Gap::Interrupted) {
        let error = anyhow!("the scan ended early: nothing was planned from it");
        return Err(Failure::interrupted(error).hint("plan again"));
    }
    Ok(scan.assessment)
}

/// The plan that the assessment comes to, with the unused keys where the configuration file turns that on, and its digest.
pub(crate) async fn made(
    assessment: &Assessment,
    session: &Session,
    caller: &CallerIdentity,
    exempt: &Exemptions,
    settings: &Settings,
    store: &Sql,
) -> Result<(Plan, Digest), Failure> {
    let clock = SystemClock::new();
    let plan = build(
        assessment,
        &Order {
            id: &new_id(&clock),
            version: env!("CARGO_PKG_VERSION"),
            author: caller.into(),
            exemptions: exempt,
            allow_observed: settings.clean_up.limits.allow_observed,
            holdings: &holdings(assessment, store).await?,
            gone: &gone(store, clock.now()).await?,
            now: clock.now(),
        },
    );
    let plan = match settings.clean_up.limits.deactivate_unused {
        None => plan,
        Some(limit) => {
            let request = SurveyRequest {
                limit,
                own: caller.account,
                concurrency: settings.concurrency,
                give_up_after: settings.give_up_after,
                max_rates: &settings.max_rates,
            };
            let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
            let statistics = Statistics::default();
            let (begun, told) = (clock.elapsed(), Both(&progress, &statistics));
            let told: &dyn Progress = &told;
            let unused = survey(session, store, &clock, told, assessment, request).await;
            progress.clear();
            if settings.stats {
                let took = clock.elapsed().saturating_sub(begun);
                Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
            }
            with_unused(plan, assessment, &unused, exempt)
        }
    };
    for account in &plan.not_surveyed {
        let what = "unused keys could not be looked for in account";
        note(false, &format!("warning: {what} {}: {}", account.account, account.reason));
    }
    let digest = document::digest(&plan);
    Ok((plan, digest))
}

/// What the rules have against the plan as it is made.
pub(crate) fn judged(plan: &Plan, caller: &CallerIdentity, settings: &Settings) -> Vec<Objection> {
    let limits = &settings.clean_up.limits;
    lint(&Context { plan, limits, caller_arn: &caller.arn, now: plan.made_at })
}

/// Writes the plan as a table to standard output.
pub(crate) fn show(
    plan: &Plan,
    digest: Digest,
    objections: &[Objection],
    settings: &Settings,
) -> Result<(), Failure> {
    let text = drawn(plan, digest, objections, &style(settings.color, settings.width, false));
    Output::stdout().write(|to| to.write_all(text.as_bytes()))
}

/// How many keys the users have whose keys may be planned, from the last listing of their accounts.
async fn holdings(assessment: &Assessment, store: &Sql) -> Result<Holdings, Failure> {
    let mut holdings = Holdings::new();
    let concerned = |account: &&AccountAssessment| {
        account.findings.iter().any(|finding| finding.verdict == Verdict::LongTerm)
    };
    for assessed in assessment.accounts.iter().filter(concerned) {
        let account = assessed.account.id;
        let Some(listing) = store.recall(account).await.map_err(failed)?.listing else { continue };
        holdings.extend(listing.users.into_iter().map(|user| {
            let keys = u32::try_from(user.keys.len()).unwrap_or(u32::MAX);
            ((account, user.row.user), keys)
        }));
    }
    Ok(holdings)
}

/// Runs of plans that are older than this are older than any credential report: a plan is applied within days.
const LATELY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The keys that clean-ups deleted lately. A journal that is damaged stops whoever plans: what it did is not known.
async fn gone(store: &Sql, now: Instant) -> Result<BTreeSet<(AccountId, AccessKeyId)>, Failure> {
    let mut gone = BTreeSet::new();
    let plans = store.plans().await.map_err(failed)?;
    for plan in plans.iter().filter(|plan| now - plan.made_at < LATELY) {
        let events = store.events(plan.digest).await.map_err(failed)?;
        let ledger = Ledger::replay(plan.digest, &events).map_err(|broken| {
            Failure::failed(anyhow::Error::from(broken).context(format!("the journal of plan {}", plan.id)))
                .hint("`keysweep journal --verify` checks all runs; nothing was planned")
        })?;
        let of_run = ledger.keys().filter(|(_, _, record)| record.state() == State::Gone);
        gone.extend(of_run.map(|(account, key, _)| (account, key.clone())));
    }
    Ok(gone)
}

fn no_scan(error: NotAScan) -> Failure {
    Failure::usage(error).hint("`keysweep scan` makes one, and keeps it in the store")
}
