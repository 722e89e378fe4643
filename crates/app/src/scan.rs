//! `keysweep scan`: from the accounts in scope to an assessment.

use std::time::Duration;

use keysweep_core::assessment::Assessment;
use keysweep_core::call::CallError;
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Accounts, Clock, Directory};
use tokio::sync::watch;

use crate::filter::Filters;
use crate::progress::Progress;

/// What to scan, and how.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The id of the assessment to be made.
    pub id: String,
    /// The program's version, for the assessment.
    pub version: String,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// Which accounts.
    pub target: Target,
    /// List every user instead of trusting the credential report.
    pub exhaustive: bool,
    /// How many accounts are assessed at the same time.
    pub concurrency: usize,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
}

/// Which accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The caller's own.
    OwnAccount,
    /// Those of the organization that the filters let through.
    Organization(Filters),
}

/// Why there is no assessment at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Who the caller is could not be learnt.
    #[error("the caller's credentials could not be used")]
    Caller(#[source] CallError),
    /// The accounts of the organization could not be listed.
    #[error("the accounts of the organization could not be listed")]
    Organization(#[source] CallError),
}

/// Assesses every account in scope. Failures inside accounts are in the assessment, not errors. When `stop` becomes true
/// or is dropped to true, the scan ends at once: accounts that are not finished are reported as interrupted.
pub async fn scan<A, D, C>(
    accounts: &A,
    directory: &D,
    clock: &C,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
) -> Result<Assessment, ScanError>
where
    A: Accounts,
    D: Directory,
    C: Clock,
{
    let _ = (accounts, directory, clock, request, progress, stop);
    todo!("being written")
}
