//! `keysweep demo`: assesses a simulated organization through the real AWS SDK, and compares what was found with what the
//! simulation knows to be true.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use keysweep_app::filter::Filters;
use keysweep_app::scan::{ScanRequest, Scanned, Target, scan};
use keysweep_aws::{Session, SessionOptions, StaticCredentials, SystemClock};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountStatus, Assessment};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::Confidence;
use keysweep_core::policy::Policy;
use keysweep_core::problem::Gap;
use keysweep_report::{Format, Options};
use keysweep_sim::truth::KeyTruth;
use keysweep_sim::{Profile, Sim, Truth, WorldSpec, wire};
use keysweep_store::Location;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::ids::new_id;
use crate::interrupt;
use crate::output::Output;
use crate::progress::ProgressLine;
use crate::reports::Reports;
use crate::state;
use crate::terminal::{note, style, use_color};

/// What is left in the directory, beside the summary on standard output.
const FORMATS: &[Format] = &[Format::Html, Format::Json, Format::Csv];
const ACCOUNTS: usize = 50;
const USERS: usize = 40;
/// Enough to be seen, little enough for a demo to end in seconds.
const LATENCY: Duration = Duration::from_millis(5);

/// Runs the demo.
pub fn run(args: DemoArgs) -> Outcome {
    use_color(args.color);
    let reports = Reports::open(FORMATS, Some(&args.directory))?;
    interrupt::run(move |stop| show(args, reports, stop))
}

/// An organization as they are: one account has not got the role, in another a service control policy denies the history.
fn organization(seed: u64) -> WorldSpec {
    WorldSpec {
        profile: Profile { latency: LATENCY, ..Profile::unlimited() },
        not_enterable: vec![17],
        lookup_denied: vec![31],
        ..WorldSpec::organization(ACCOUNTS, USERS).seed(seed)
    }
}

async fn show(args: DemoArgs, reports: Reports, stop: watch::Receiver<bool>) -> Outcome {
    let sim = Arc::new(Sim::real_time(organization(args.seed)));
    let server = TcpListener::bind("127.0.0.1:0")
        .await
        .and_then(|listener| wire::serve(listener, Arc::clone(&sim)))
        .context("the simulated AWS could not listen on 127.0.0.1")
        .map_err(Failure::failed)?;
    note(
        args.quiet,
        &format!(
            "A simulated AWS organization of {ACCOUNTS} accounts with {USERS} users each answers on {}; it is scanned \
             through the real AWS SDK.\n",
            server.address()
        ),
    );
    let session = Session::load(session_options(&sim, &server)).await.map_err(Failure::failed)?;
    let clock = SystemClock::new();
    let request = ScanRequest {
        id: new_id(&clock),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        policy: Policy::default(),
        target: Target::Organization(Filters::default()),
        exhaustive: false,
        fresh: false,
        concurrency: 16,
        max_rates: Vec::new(),
        give_up_after: Duration::from_mins(1),
        deadline: None,
        resume: None,
    };
    let progress = ProgressLine::new(args.quiet);
    let store = state::open(Some(new_state(&args.directory)?)).await?;
    let scanned = scan(&session, &session, &store, &clock, &request, &progress, stop).await;
    progress.clear();
    let Scanned { assessment, not_kept } = scanned.map_err(Failure::failed)?;
    if let Some(failure) = not_kept {
        return Err(Failure::failed(anyhow::Error::from_boxed(failure)));
    }
    if assessment.problems().any(|problem| problem.gap == Gap::Interrupted) {
        return Err(Failure::interrupted(anyhow!("interrupted: the demo was not finished")));
    }

    let options = |to_file| Options { style: style(args.color, None, to_file), ..Options::default() };
    Reports::open(&[Format::Terminal], None)?.write(&assessment, &options(false))?;
    reports.write(&assessment, &options(true))?;
    let comparison = compare(&assessment, &sim.truth());
    Output::stdout().write(|to| to.write_all(closing(&comparison, &args.directory).as_bytes()))?;
    server.shutdown().await;
    match comparison {
        Comparison { missed: 0, invented: 0, wrong: 0, misdated: 0, .. } => Ok(Exit::Clean),
        _ => Err(Failure::failed(anyhow!("the findings differ from the truth of the simulation"))
            .hint(format!("please report it, with the seed {}", args.seed))),
    }
}

/// Where the demo remembers its scan, for `explain` and its like. Every demo has an organization of its own, of which an
/// earlier demo's knows nothing.
fn new_state(directory: &Path) -> Result<Location, Failure> {
    let path = directory.join("demo-state.db");
    for name in ["demo-state.db", "demo-state.db-wal", "demo-state.db-shm"] {
        match std::fs::remove_file(directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let what =
                    format!("{name} of an earlier demo could not be removed from {}", directory.display());
                return Err(Failure::failed(anyhow::Error::from(error).context(what)));
            }
            _ => {}
        }
    }
    Ok(Location::File(path))
}

/// Nothing of the user's AWS configuration is used.
fn session_options(sim: &Sim, server: &wire::Server) -> SessionOptions {
    let operator = sim.operator();
    SessionOptions {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(format!("http://{}", server.address())),
        credentials: Some(StaticCredentials {
            access_key_id: operator.access_key_id,
            secret_access_key: operator.secret_access_key,
            session_token: operator.session_token,
        }),
        ..SessionOptions::default()
    }
}

/// The findings against the truth of the accounts that were assessed.
struct Comparison {
    inactive: usize,
    missed: usize,
    invented: usize,
    long_term: usize,
    /// Verdicts that are not true.
    wrong: usize,
    /// Keys that did not become inactive within the time that is claimed.
    misdated: usize,
    /// Settling verdicts on keys that were switched off so shortly ago that CloudTrail has not delivered it: what the
    /// word says may be.
    settling: usize,
}

fn compare(assessment: &Assessment, truth: &Truth) -> Comparison {
    let assessed: BTreeSet<AccountId> = assessment
        .accounts
        .iter()
        .filter(|account| matches!(account.status, AccountStatus::Complete | AccountStatus::Partial))
        .map(|account| account.account.id)
        .collect();
    let key_name = |key: &KeyTruth| if key.user.starts_with('<') { key.user.clone() } else { key.id.clone() };
    let expected: BTreeSet<(AccountId, String)> = truth
        .inactive_keys()
        .filter(|(account, _)| assessed.contains(&account.id))
        .map(|(account, key)| (account.id, key_name(key)))
        .collect();
    let finding_name = |finding: &Finding| {
        finding.key.as_ref().map_or_else(|| finding.owner.name().to_owned(), ToString::to_string)
    };
    let found: BTreeSet<(AccountId, String)> =
        assessment.findings().map(|finding| (finding.account, finding_name(finding))).collect();

    let threshold = assessment.policy.threshold.length();
    let margin = assessment.policy.settling_margin.length();
    let (mut long_term, mut wrong, mut misdated, mut settling) = (0, 0, 0, 0);
    for finding in assessment.findings() {
        let Some(since) = finding.key.as_ref().and_then(|id| truth.key(id.as_str())?.inactive_since) else {
            continue;
        };
        let claim = &finding.inactive_since;
        let is_long_term = finding.assessed_at - since >= threshold;
        let contradicted = match finding.verdict {
            Verdict::LongTerm => !is_long_term,
            Verdict::Recent => is_long_term,
            Verdict::Undetermined => false,
            Verdict::Contradictory => true,
        };
        long_term += usize::from(finding.verdict == Verdict::LongTerm);
        // A claim speaks of the period that holds `as_of`; a key that was switched since has begun another.
        let spoken_of = since <= claim.as_of;
        let undelivered = since >= finding.assessed_at - margin;
        if claim.confidence == Confidence::Settling && undelivered {
            settling += usize::from(contradicted);
        } else {
            wrong += usize::from(contradicted);
            misdated += usize::from(spoken_of && !claim.interval.contains(since));
        }
    }
    Comparison {
        inactive: expected.len(),
        missed: expected.difference(&found).count(),
        invented: found.difference(&expected).count(),
        long_term,
        wrong,
        misdated,
        settling,
    }
}

fn closing(comparison: &Comparison, directory: &Path) -> String {
    let Comparison { inactive, missed, invented, long_term, wrong, misdated, settling } = comparison;
    let still_settling = match settling {
        0 => String::new(),
        some => format!(
            "\nBesides, {some} of the long-term verdicts, each marked settling, will be corrected: these keys were switched \
             off again minutes ago,\nwhich CloudTrail has not delivered yet. Only what is proven is ever deleted."
        ),
    };
    format!(
        "\nCompared with the simulation's true history: {} of {inactive} inactive keys found, {invented} invented; \
         {long_term} long-term verdicts, {wrong} wrong; {misdated} dates wrong.{still_settling}\n\n\
         The reports lie in {directory}: {names}; demo-state.db remembers the scan.\n\n\
         Try next:\n  \
         keysweep scan                     this account, with the credentials of your AWS CLI\n  \
         keysweep scan --org               every account of your organization\n  \
         keysweep simulate                 a simulated AWS for any tool, such as the AWS CLI\n",
        inactive - missed,
        directory = directory.display(),
        names = FORMATS.iter().map(|format| format.file_name()).collect::<Vec<_>>().join(", "),
    )
}
