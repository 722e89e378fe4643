//! What earlier scans of the same came to, for the trend in a report.

use keysweep_core::archive::ScanRecord;
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::time::Instant;
use keysweep_core::totals::Totals;

/// How many earlier scans are shown.
const SHOWN: usize = 11;

/// What one scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it began.
    pub at: Instant,
    /// Long-term inactive keys.
    pub long_term: u64,
    /// Other inactive keys.
    pub others: u64,
    /// Whether everything was assessed.
    pub is_complete: bool,
}

impl Point {
    /// What a scan that began at `at` came to.
    pub const fn of(at: Instant, totals: &Totals) -> Self {
        let findings = totals.findings;
        Self {
            at,
            long_term: findings.long_term,
            others: findings.total - findings.long_term,
            is_complete: totals.problems == 0,
        }
    }
}

/// The last of `scans`, newest first, that finished, stand behind `assessment`, and looked at the same accounts with the
/// same threshold; the earliest first.
pub fn before(assessment: &Assessment, scans: &[ScanRecord]) -> Vec<Point> {
    // By their order, as several can begin in one second; by their time where this one is not kept.
    let own = scans.iter().position(|scan| scan.begun.id == assessment.id);
    let scans = own.and_then(|at| scans.get(at + 1..)).unwrap_or(scans);
    let is_like = |scan: &&ScanRecord| {
        let begun = &scan.begun;
        let same_account =
            assessment.scope != Scope::Account || begun.caller.account == assessment.caller.account;
        (own.is_some() || begun.started_at < assessment.started_at)
            && begun.scope == assessment.scope
            && same_account
            && begun.policy.threshold == assessment.policy.threshold
    };
    let mut points: Vec<Point> = scans
        .iter()
        .filter(is_like)
        .filter_map(|scan| Some(Point::of(scan.begun.started_at, &scan.finished.as_ref()?.totals)))
        .take(SHOWN)
        .collect();
    points.reverse();
    points
}
