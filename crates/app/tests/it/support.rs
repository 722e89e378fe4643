//! Scans of simulated worlds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::memory::Forgetful;
use keysweep_app::progress::{Progress, Silent};
use keysweep_app::scan::{ScanError, ScanRequest, Target, scan};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, Assessment};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::Confidence;
use keysweep_core::policy::Policy;
use keysweep_core::ports::Clock;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::{Sim, SimClockPort, SimPorts, WorldSpec};
use tokio::sync::watch;

pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// The moment of all small worlds.
pub fn now() -> Instant {
    at("2026-11-23T09:00:00Z")
}

pub fn days_ago(days: i64) -> Instant {
    now() - SignedDuration::from_hours(24 * days)
}

pub fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

/// A world with nothing but what a test puts into it.
pub fn empty() -> Arc<Sim> {
    Arc::new(Sim::new(WorldSpec::empty(now())))
}

pub fn request(target: Target) -> ScanRequest {
    ScanRequest {
        id: "test".to_owned(),
        version: "0".to_owned(),
        policy: Policy::default(),
        target,
        exhaustive: false,
        fresh: false,
        concurrency: 8,
        max_rates: Vec::new(),
        give_up_after: Duration::from_mins(1),
        deadline: None,
        resume: None,
    }
}

/// A clock that is off by so much.
pub struct Skewed(pub SimClockPort, pub SignedDuration);

impl Clock for Skewed {
    fn now(&self) -> Instant {
        self.0.now() + self.1
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, length: Duration) {
        self.0.sleep(length).await;
    }
}

pub fn try_scan(sim: &Arc<Sim>, request: &ScanRequest) -> Result<Assessment, ScanError> {
    scan_off(sim, request, SignedDuration::ZERO)
}

/// The same with a clock that is ahead of AWS's by so much.
pub fn scan_off(sim: &Arc<Sim>, request: &ScanRequest, off: SignedDuration) -> Result<Assessment, ScanError> {
    let (_keep, stop) = watch::channel(false);
    scan_by(sim, request, &Silent, stop, off)
}

pub fn scan_with(
    sim: &Arc<Sim>,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
) -> Result<Assessment, ScanError> {
    scan_by(sim, request, progress, stop, SignedDuration::ZERO)
}

fn scan_by(
    sim: &Arc<Sim>,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
    off: SignedDuration,
) -> Result<Assessment, ScanError> {
    let ports = SimPorts::new(Arc::clone(sim));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let scanned = runtime.block_on(scan(
        &ports,
        &ports,
        &Forgetful,
        &Skewed(ports.clock(), off),
        request,
        progress,
        stop,
    ));
    scanned.map(|scanned| scanned.assessment)
}

/// Scans the caller's own account.
pub fn scan_account(sim: &Arc<Sim>) -> AccountAssessment {
    let assessment = try_scan(sim, &request(Target::OwnAccount)).unwrap();
    assessment.accounts.into_iter().next().unwrap()
}

pub fn scan_organization(sim: &Arc<Sim>) -> Assessment {
    try_scan(sim, &request(Target::Organization(keysweep_app::filter::Filters::default()))).unwrap()
}

/// Findings by key id, or by the owner's name where there is no id.
pub fn by_key<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> BTreeMap<String, &'a Finding> {
    let id = |finding: &Finding| {
        finding.key.as_ref().map_or_else(|| finding.owner.name().to_owned(), ToString::to_string)
    };
    findings.into_iter().map(|finding| (id(finding), finding)).collect()
}

pub fn gaps(result: &AccountAssessment) -> Vec<&'static str> {
    result.problems.iter().map(|problem| problem.gap.name()).collect()
}

/// Fails where a finding says what the truth denies: a start outside the interval of a claim whose assumption holds, or
/// a verdict that does not fit. A settling claim assumes that no change of the last two hours is still on its way.
pub fn assert_true(finding: &Finding, since: Instant, changes: &[(Instant, bool)]) {
    let claim = finding.inactive_since;
    let margin = Policy::default().settling_margin.length();
    let settles = changes.iter().any(|(at, _)| *at >= finding.assessed_at - margin);
    if claim.confidence != Confidence::Proven && settles {
        return;
    }
    // The period that holds the moment of the claim ended before now if the key was switched on since.
    let active_later = changes.iter().any(|(at, active)| *active && *at > claim.as_of);
    if !active_later && since <= claim.as_of {
        assert!(claim.interval.contains(since), "{finding:#?}\nsince {since}");
    }
    let threshold = Policy::default().threshold.length();
    match finding.verdict {
        Verdict::LongTerm => assert!(claim.as_of - since >= threshold, "{finding:#?}\nsince {since}"),
        Verdict::Recent => assert!(finding.assessed_at - since < threshold, "{finding:#?}\nsince {since}"),
        Verdict::Undetermined => assert!(finding.known_by.is_some()),
        Verdict::Contradictory => panic!("{finding:#?}"),
    }
}
