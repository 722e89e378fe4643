//! `keysweep scan`: assesses an account or an organization and writes the report.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::anyhow;
use keysweep_app::filter::Selector;
use keysweep_app::memory::StoreFailure;
use keysweep_app::progress::{Both, Event, Phase, Progress};
use keysweep_app::scan::{Resumed, ScanError, ScanRequest, Scanned, Target, scan};
use keysweep_app::stats::Statistics;
use keysweep_aws::{RoleOptions, Session, SessionOptions, SystemClock, UnusableConfiguration};
use keysweep_core::account::{Account, AccountId};
use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::Assessment;
use keysweep_core::call::{CallError, CallErrorKind};
use keysweep_core::finding::Verdict;
use keysweep_core::memory::Selection;
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Archive as _, Clock, ExemptionSource as _};
use keysweep_core::problem::{Gap, Problem};
use keysweep_report::words::{self, grouped};
use keysweep_report::{Format, Options, trend};
use keysweep_store::{Location, Sql, StoreError};
use tokio::sync::watch;

use crate::anonymous::anonymizer;
use crate::clean_up::clock_hint;
use crate::config::ConfigError;
use crate::delivery::{Deliveries, Parcel};
use crate::exempt::{ExemptionsUnknown, Sources};
use crate::exit::Exit;
use crate::expected;
use crate::failure::{Failure, Outcome};
use crate::ids::new_id;
use crate::interrupt;
use crate::log;
use crate::progress::ProgressLine;
use crate::reports::{Reports, Shown};
use crate::setting_flags::ScanArgs;
use crate::settings::Settings;
use crate::state;
use crate::stats::Bill;
use crate::terminal::{note, style};

/// Scans.
pub fn run(args: &ScanArgs) -> Outcome {
    let settings = args.settings()?;
    let expected = expected_accounts(settings.expect_accounts.as_deref())?;
    let anonymizer = anonymizer(settings.anonymize, settings.anonymize_key_file.as_deref())?;
    let deliveries = Deliveries::prepare(&settings, &settings.formats, anonymizer.is_some())?;
    let reports = Reports::open(&settings.formats, settings.output.as_deref())?.anonymous(anonymizer);
    interrupt::run(|stop| assess(settings, expected, reports, deliveries, stop))
}

/// The accounts that `--expect-accounts` lists.
pub(super) fn expected_accounts(file: Option<&Path>) -> Result<BTreeSet<AccountId>, Failure> {
    let expected = file.map(expected::read).transpose().map_err(|error| {
        Failure::usage(error).hint("--expect-accounts takes a file with an account id in each line")
    })?;
    Ok(expected.unwrap_or_default())
}

async fn assess(
    settings: Settings,
    expected: BTreeSet<AccountId>,
    reports: Reports,
    deliveries: Deliveries,
    mut stop: watch::Receiver<bool>,
) -> Outcome {
    let store = state::open(settings.state.clone()).await?;
    // What is wrong with them is better known before the first call than after the last.
    let exemptions = Sources::new(&store, &settings).exemptions().await.map_err(no_exemptions)?;
    let session = entered(&settings, &mut stop).await?;
    let (clock, statistics) = (SystemClock::new(), Statistics::default());
    let begun = clock.elapsed();
    let Scanned { mut assessment, not_kept } =
        scanned(&settings, &session, &store, &statistics, &mut stop).await?;
    assessment.expect_accounts(&expected);
    for selector in idle_exclusions(&assessment, &settings) {
        note(
            settings.quiet,
            &format!("warning: --exclude {selector} leaves out no account: there is none such"),
        );
    }
    assessment.tell_exemptions(&exemptions);
    let is_stopped = *stop.borrow();
    let writing = clock.elapsed();
    // The report is whole without them; a store that cannot be read is told of below.
    let earlier = store.scans().await.unwrap_or_default();
    let reported = report(&assessment, &earlier, &settings, reports, is_stopped);
    // What it cost is told also where the report could not be written.
    if settings.stats {
        let took = clock.elapsed().saturating_sub(writing);
        statistics.on(Event::PhaseEnded { account: None, phase: Phase::Write, took });
        let took = clock.elapsed().saturating_sub(begun);
        Bill { cost: statistics.cost(), traffic: session.traffic(), took }.tell();
    }
    let (exit, shown) = reported?;
    let own = Some(assessment.caller.account);
    let parcel = Parcel { shown: &shown, own, store: &store };
    let delivered = deliver(&deliveries, &session, &clock, parcel, &mut stop).await;
    match (not_kept, delivered) {
        (None, delivered) => delivered.map(|()| exit),
        (Some(failure), delivered) => {
            if let Err(also) = delivered {
                also.tell();
            }
            Err(not_all_kept(failure))
        }
    }
}

/// Filters that were to leave accounts out, and leave out none: mostly the name of a unit that was renamed. Nothing is missed by it.
fn idle_exclusions<'a>(assessment: &Assessment, settings: &'a Settings) -> Vec<&'a Selector> {
    if assessment.problems().any(|problem| matches!(problem.gap, Gap::AccountsNotListed | Gap::Interrupted)) {
        return Vec::new();
    }
    let accounts: Vec<&Account> = assessment.accounts.iter().map(|assessed| &assessed.account).collect();
    settings.filters.idle(&accounts).1
}

/// A way into AWS, unless the user asks to stop before.
pub(crate) async fn entered(
    settings: &Settings,
    stop: &mut watch::Receiver<bool>,
) -> Result<Session, Failure> {
    tokio::select! {
        session = Session::load(session_options(settings)) => session.map_err(no_session),
        () = interrupt::asked(stop) => Err(stopped_early()),
    }
}

/// Scans, and keeps what it finds in the store.
pub(crate) async fn scanned(
    settings: &Settings,
    session: &Session,
    store: &Sql,
    statistics: &Statistics,
    stop: &mut watch::Receiver<bool>,
) -> Result<Scanned, Failure> {
    let clock = SystemClock::new();
    let resume = if settings.resume { Some(state::unfinished(store, settings.org).await?) } else { None };
    let request = request(settings, resume, &clock)?;
    let progress = ProgressLine::new(settings.quiet || log::takes_standard_error(settings));
    let scanned = {
        let told = Both(&progress, statistics);
        let told: &dyn Progress = if settings.stats { &told } else { &progress };
        let scanning = scan(session, session, store, &clock, &request, told, stop.clone());
        tokio::select! {
            scanned = scanning => Some(scanned),
            () = asked_too_early(stop, &progress) => None,
        }
    };
    progress.clear();
    scanned.ok_or_else(stopped_early)?.map_err(no_assessment)
}

/// Exemptions that are not known keep a report from saying what is exempt.
pub(crate) fn no_exemptions(error: ExemptionsUnknown) -> Failure {
    match error {
        ExemptionsUnknown::Store(error) => state::failed(error),
        wrong => Failure::usage(wrong)
            .hint("mend the file, or name another with --exemptions; docs/SAFETY.md says what it holds"),
    }
}

/// Delivers what was reported, until the user asks to stop.
pub(super) async fn deliver(
    deliveries: &Deliveries,
    session: &Session,
    clock: &SystemClock,
    parcel: Parcel<'_>,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), Failure> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let scan = parcel.shown.assessment.id.clone();
    tokio::select! {
        biased;
        () = interrupt::asked(stop) => Err(Failure::interrupted(anyhow!(
            "interrupted: the report was not delivered, or not all of it"
        ))
        .hint(format!("send it with `keysweep report {scan} --to …`"))),
        delivered = deliveries.send(session, clock, parcel) => delivered,
    }
}

/// Returns when the user asks to stop before the accounts are known. Later, the scan ends by itself, with what it has.
async fn asked_too_early(stop: &mut watch::Receiver<bool>, progress: &ProgressLine) {
    interrupt::asked(stop).await;
    if progress.accounts_are_known() {
        std::future::pending::<()>().await;
    }
}

/// The session could not be set up: nothing was called.
pub(crate) fn no_session(error: UnusableConfiguration) -> Failure {
    let hint = match &error {
        UnusableConfiguration::CaBundle(_) => {
            return Failure::failed(error).hint(
                "name a PEM file with the certificate authorities of your network with AWS_CA_BUNDLE, or set it to nothing to trust the system's",
            );
        }
        UnusableConfiguration::File { .. } => {
            "mend that line, or name another file with AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        }
        UnusableConfiguration::Endpoint { .. } => {
            "write it with its scheme, such as http://127.0.0.1:4599, or unset it to call AWS itself"
        }
        UnusableConfiguration::EmptyEndpoint { .. } => "unset it, or let it be a URL",
        UnusableConfiguration::Region { .. } => {
            "name a region with --region, with AWS_REGION, or with `region` in the profile of ~/.aws/config"
        }
    };
    Failure::usage(error).hint(hint)
}

pub(crate) fn session_options(settings: &Settings) -> SessionOptions {
    SessionOptions {
        profile: settings.profile.clone(),
        region: settings.region.clone(),
        role: RoleOptions {
            role_name: settings.role.name.clone(),
            role_path: Some(settings.role.path.clone()),
            external_id: settings.role.external_id.clone(),
            session_name: settings.role.session_name.clone(),
            duration: Some(settings.role.session_duration),
        },
        ..SessionOptions::default()
    }
}

fn request(
    settings: &Settings,
    resume: Option<Resumed>,
    clock: &SystemClock,
) -> Result<ScanRequest, Failure> {
    if let Some(Resumed { begun, .. }) =
        resume.as_ref().filter(|resumed| resumed.begun.policy != settings.policy)
    {
        let Policy { threshold, settling_margin } = begun.policy;
        let error = anyhow!("scan {} was begun with another threshold or settling margin", begun.id);
        let hint = format!(
            "give --threshold \"{threshold}\" --settling-margin \"{settling_margin}\", or leave --resume out"
        );
        return Err(Failure::usage(error).hint(hint));
    }
    Ok(ScanRequest {
        id: resume.as_ref().map_or_else(|| new_id(clock), |resumed| resumed.begun.id.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        policy: settings.policy,
        target: if settings.org {
            Target::Organization(settings.filters.clone())
        } else {
            Target::OwnAccount
        },
        exhaustive: settings.exhaustive,
        fresh: settings.fresh,
        concurrency: settings.concurrency,
        max_rates: settings.max_rates.clone(),
        give_up_after: settings.give_up_after,
        deadline: settings.deadline,
        resume,
    })
}

/// Writes the reports, says in a line where they are, and tells what the assessment comes to.
fn report<'a>(
    assessment: &'a Assessment,
    earlier: &[ScanRecord],
    settings: &Settings,
    reports: Reports,
    is_stopped: bool,
) -> Result<(Exit, Shown<'a>), Failure> {
    let unfinished = assessment.problems().any(|problem| problem.gap == Gap::Interrupted);
    let place = reports.place();
    let options = Options {
        mask: settings.mask,
        style: style(settings.color, settings.width, place.is_some()),
        trend: trend::before(assessment, earlier),
        ..Options::default()
    };
    let shown = reports.write(assessment, &options)?;
    if unfinished {
        note(settings.quiet, &what_was_done(assessment, settings));
    }
    tell(assessment, &settings.formats, place, settings.quiet);
    let exit = if unfinished && is_stopped { Exit::Interrupted } else { assessment.conclusion().into() };
    Ok((exit, shown))
}

/// Says in a line what the assessment comes to and where its reports are, to those who do not see it.
pub(super) fn tell(assessment: &Assessment, formats: &[Format], place: Option<String>, quiet: bool) {
    match place {
        Some(place) => note(quiet, &format!("{}: {place}", outline(assessment))),
        None if formats != [Format::Terminal] => note(quiet, &outline(assessment)),
        None => {}
    }
}

fn what_was_done(assessment: &Assessment, settings: &Settings) -> String {
    let interrupted = |problem: &Problem| problem.gap == Gap::Interrupted;
    let finished = assessment
        .accounts
        .iter()
        .filter(|account| account.assessed_at.is_some() && !account.problems.iter().any(interrupted));
    let why = assessment.problems().find(|problem| interrupted(problem));
    let resumed = if settings.state == Some(Location::None) {
        "without a store (--state none) only a new scan goes on"
    } else {
        "`keysweep scan --resume` goes on"
    };
    let (why, next) = match why.map(|problem| (&problem.error, &problem.detail)) {
        Some((Some(error), _)) => (format!("ended early ({error})"), resumed),
        // Its time is part of what was asked for: such a scan has ended, and counts.
        Some((None, Some(detail))) => (
            format!("ended early ({detail})"),
            "a longer --deadline, or fewer accounts, would cover the rest",
        ),
        _ => ("interrupted".to_owned(), resumed),
    };
    format!(
        "{why}: {} of {} were assessed, with {}; {next}",
        grouped(number(finished.count())),
        counted(assessment.accounts.len(), "account"),
        counted(assessment.findings().count(), "inactive key")
    )
}

/// The result in a line, for those who sent the report elsewhere.
fn outline(assessment: &Assessment) -> String {
    let with = |verdict| assessment.findings().filter(|finding| finding.verdict == verdict).count();
    let coverage = match assessment.problems().count() {
        0 => "everything was assessed".to_owned(),
        problems => format!("{}: not everything was assessed", counted(problems, "problem")),
    };
    let contradictory = match with(Verdict::Contradictory) {
        0 => String::new(),
        keys => format!(", {} contradictory", grouped(number(keys))),
    };
    format!(
        "{}, {} undetermined, {} recent{contradictory}; {coverage}",
        counted(with(Verdict::LongTerm), "long-term inactive key"),
        grouped(number(with(Verdict::Undetermined))),
        grouped(number(with(Verdict::Recent))),
    )
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn counted(number_of: usize, noun: &str) -> String {
    words::count(number(number_of), noun)
}

fn stopped_early() -> Failure {
    Failure::interrupted(anyhow!("interrupted before any account was assessed: there is no report"))
}

pub(crate) fn wrong_configuration(error: ConfigError) -> Failure {
    let hint = match &error {
        ConfigError::Unreadable { .. } => "name a file that can be read with --config or KEYSWEEP_CONFIG",
        ConfigError::NeedsOrganization { .. } => "add --org, or leave it out",
        ConfigError::NeedsDirectory { .. } => "add --output DIRECTORY, or ask for one format",
        _ => "docs/CONFIG.md and `keysweep scan --help` list every setting",
    };
    Failure::usage(error).hint(hint)
}

fn no_assessment(error: ScanError) -> Failure {
    let hint = match &error {
        ScanError::Caller(call) => caller_hint(call),
        ScanError::Organization(call) => organization_hint(call),
        ScanError::Clock(error) => clock_hint(*error).to_owned(),
        ScanError::Store(failure) => format!("{} Or scan without one: --state none.", store_remedy(failure)),
        ScanError::OtherSelection(begun) => {
            format!("give {}, or leave --resume out", asked_for(&begun.selection))
        }
        ScanError::OfAnother(_) => {
            "scan with the credentials that it was begun with, or without --resume".to_owned()
        }
    };
    match error {
        ScanError::OtherSelection(_) => Failure::usage(error).hint(hint),
        _ => Failure::failed(error).hint(hint),
    }
}

/// The flags by which a scan was asked for what it looks at.
fn asked_for(selection: &Selection) -> String {
    let Selection { include, exclude, exhaustive } = selection;
    let given = |flag: &str, texts: &[String]| {
        let all: Vec<String> = texts.iter().map(|text| format!("{flag} \"{text}\"")).collect();
        if all.is_empty() { format!("no {flag}") } else { all.join(" ") }
    };
    let listing = if *exhaustive { "--exhaustive" } else { "no --exhaustive" };
    format!("{}, {} and {listing}", given("--include", include), given("--exclude", exclude))
}

/// The report is written, but a later scan will not know all of it.
pub(crate) fn not_all_kept(failure: StoreFailure) -> Failure {
    let remedy = store_remedy(&failure).to_owned();
    let error = anyhow::Error::from_boxed(failure)
        .context("the report is whole, but not all of it was kept for later scans");
    Failure::failed(error).hint(remedy)
}

fn store_remedy(failure: &StoreFailure) -> &'static str {
    failure
        .downcast_ref::<StoreError>()
        .map_or("`keysweep state check` says what is wrong with it.", StoreError::remedy)
}

pub(crate) fn caller_hint(error: &CallError) -> String {
    match error.kind {
        CallErrorKind::CredentialsInvalid => {
            "sign in with `aws sso login`, name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows whether they work"
        }
        CallErrorKind::CredentialsExpired => "sign in again with `aws sso login`, or get a new session, and scan again",
        CallErrorKind::Unavailable => {
            "check the network, the proxy, the region (--region, AWS_REGION or the profile) and AWS_ENDPOINT_URL; `aws sts get-caller-identity` makes the same call"
        }
        CallErrorKind::Denied => "allow the caller the permissions that the README lists",
        CallErrorKind::Throttled => "AWS refused calls for too long: scan again later, or raise --give-up-after",
        _ => "`aws sts get-caller-identity` makes the same call",
    }
    .to_owned()
}

pub(crate) fn organization_hint(error: &CallError) -> String {
    match (error.kind, error.code.as_deref()) {
        (_, Some("AWSOrganizationsNotInUseException")) => {
            "this account is in no organization: scan it alone, without --org".to_owned()
        }
        (CallErrorKind::Denied, _) => format!(
            "run it from the management account or a delegated administrator account of the organization, with {} allowed; without --org, keysweep scans the caller's own account",
            error.call
        ),
        _ => caller_hint(error),
    }
}
