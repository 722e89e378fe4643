//! `keysweep scan`: from the accounts in scope to an assessment. Accounts are assessed side by side, each as soon as it is
//! found; a scan that ends before its time keeps what it has.

mod end;
mod hub;
mod run;

use std::collections::BTreeMap;
use std::time::Duration;

use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Scope};
use keysweep_core::call::{Call, CallError};
use keysweep_core::memory::{Begun, Selection};
use keysweep_core::policy::Policy;
use keysweep_core::ports::{Accounts, Clock, Directory, ServerTime, Store};
use keysweep_core::problem::{Gap, Problem};
use tokio::sync::watch;

use crate::clocks::{self, ClockError};
use crate::filter::{Filters, Selector};
use crate::gate::{Caller, Desk, Gates};
use crate::log;
use crate::max_rate::MaxRate;
use crate::memory::{Memory, StoreFailure};
use crate::organization::Lister;
use crate::progress::{Phase, Progress};
use end::{End, ending};
use hub::Hub;
use run::{Ran, Run};

/// What to scan, and how.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The id of the assessment to be made; that of the resumed scan, where one is.
    pub id: String,
    /// The program's version, for the assessment.
    pub version: String,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// Which accounts.
    pub target: Target,
    /// List every user instead of trusting the credential report.
    pub exhaustive: bool,
    /// Ask for everything, also for what the store knows.
    pub fresh: bool,
    /// How many accounts are assessed at the same time.
    pub concurrency: usize,
    /// How fast services are called at most; as fast as AWS lets, where there is none.
    pub max_rates: Vec<MaxRate>,
    /// How long one call is repeated while AWS throttles it.
    pub give_up_after: Duration,
    /// How long the scan may take; what is not assessed by then is reported as not assessed.
    pub deadline: Option<Duration>,
    /// The scan to go on with: what it had assessed is not assessed again.
    pub resume: Option<Resumed>,
}

/// A scan that ended before its time.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// What was known when it began.
    pub begun: Begun,
    /// The results that the store has of it.
    pub kept: Vec<AccountAssessment>,
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
    /// This machine's clock is not AWS's. Nothing was assessed.
    #[error("what is inactive since when cannot be told by this clock")]
    Clock(#[source] ClockError),
    /// The scan to go on with was another's.
    #[error("scan {0} was begun for another account or organization")]
    OfAnother(String),
    /// The scan to go on with was asked for something else.
    #[error("scan {} was begun with other filters, or with another way of listing", .0.id)]
    OtherSelection(Box<Begun>),
    /// The store could not take in a new scan. Nothing was assessed yet.
    #[error("the scan could not be recorded in the store")]
    Store(#[source] StoreFailure),
}

impl ScanRequest {
    fn selection(&self) -> Selection {
        let texts = |selectors: &[Selector]| selectors.iter().map(ToString::to_string).collect();
        let (include, exclude) = match &self.target {
            Target::OwnAccount => (Vec::new(), Vec::new()),
            Target::Organization(filters) => (texts(&filters.include), texts(&filters.exclude)),
        };
        Selection { include, exclude, exhaustive: self.exhaustive }
    }
}

/// What came of a scan.
#[derive(Debug)]
pub struct Scanned {
    /// The assessment.
    pub assessment: Assessment,
    /// Why the store has not got all of it.
    pub not_kept: Option<StoreFailure>,
}

/// Assesses every account in scope. Failures inside accounts are in the assessment, not errors. When `stop` becomes true
/// the scan ends at once: accounts that are not finished are reported as interrupted, and the store never takes it for a
/// finished scan.
pub async fn scan<A, D, S, C>(
    accounts: &A,
    directory: &D,
    store: &S,
    clock: &C,
    request: &ScanRequest,
    progress: &dyn Progress,
    stop: watch::Receiver<bool>,
) -> Result<Scanned, ScanError>
where
    A: Accounts + ServerTime,
    D: Directory,
    S: Store,
    C: Clock,
{
    let started_at = request.resume.as_ref().map_or_else(|| clock.now(), |resumed| resumed.begun.started_at);
    let desk = Desk::new(clock, progress, request.give_up_after);
    let gates = Gates::no_faster_than(&request.max_rates);
    let caller = Caller::new(&desk, None);
    let beginning = clock.elapsed();
    let lister = Lister { directory, caller: &caller, gates: &gates };
    let nothing = &Filters::default();
    let find_out = async || {
        let asked = clock.now();
        let identity = caller
            .call(&gates, Call::GetCallerIdentity, || accounts.get_caller_identity())
            .await
            .map_err(ScanError::Caller)?;
        match clocks::check(accounts, asked, clock.now()) {
            // A proxy may have removed what tells the time. Nothing is changed by a scan; what changes something asks for it.
            Ok(()) | Err(ClockError::NotTold) => {}
            Err(error) => return Err(ScanError::Clock(error)),
        }
        let (scope, first_page, filters) = match &request.target {
            Target::OwnAccount => (Scope::Account, None, nothing),
            Target::Organization(filters) => {
                let organization = lister.organization().await.map_err(ScanError::Organization)?;
                let page = lister.list_accounts(None).await.map_err(ScanError::Organization)?;
                (Scope::Organization(organization), Some(page), filters)
            }
        };
        Ok((identity, scope, first_page, filters))
    };
    let (identity, scope, first_page, filters) = desk.timed(None, Phase::Identify, find_out).await?;
    let begun = Begun {
        id: request.id.clone(),
        version: request.version.clone(),
        scope,
        caller: identity,
        policy: request.policy,
        started_at,
        selection: request.selection(),
    };
    let memory = match &request.resume {
        Some(resumed) if !resumed.begun.same_scope(&begun) => {
            return Err(ScanError::OfAnother(resumed.begun.id.clone()));
        }
        Some(resumed) if resumed.begun.selection != begun.selection => {
            return Err(ScanError::OtherSelection(Box::new(resumed.begun.clone())));
        }
        Some(_) => Memory::of(store),
        None => Memory::begin(store, &begun).await.map_err(ScanError::Store)?,
    };
    log::scan_begun(&begun, request.resume.is_some());
    let own = begun.caller.account;
    let hub = Hub { accounts, memory: &memory, desk: &desk, gates: &gates, request, own };

    let kept = request.resume.as_ref().map_or(&[][..], |resumed| &resumed.kept);
    let run = Run { lister: &lister, hub: &hub, filters };
    let Ran { results, mut problems, end } =
        run.until(first_page, kept, ending(stop, request.deadline, clock)).await;
    if end.is_none() && problems.is_empty() {
        problems.extend(nothing_selected(filters, &results));
    }

    let Begun { id, version, scope, caller: identity, policy, started_at, .. } = begun;
    let assessment = Assessment {
        id,
        version,
        scope,
        caller: identity,
        policy,
        started_at,
        finished_at: clock.now(),
        accounts: results.into_values().collect(),
        problems,
        calls: caller.counts(),
    };
    log::scan_ended(&assessment, clock.elapsed().saturating_sub(beginning));
    // A scan that was stopped can be resumed; one whose time is over is as whole as it was meant to be.
    if matches!(end, None | Some(End::Deadline(_))) {
        memory.finish(&assessment).await;
    }
    Ok(Scanned { assessment, not_kept: memory.into_failure() })
}

/// What was asked for and is not there, once every account is listed: an organizational unit that was renamed, an account that
/// left. Nothing is not the same as nothing wrong.
fn nothing_selected(filters: &Filters, results: &BTreeMap<AccountId, AccountAssessment>) -> Vec<Problem> {
    let listed = match results.len() {
        1 => "the one account that was listed".to_owned(),
        number => format!("the {number} accounts that were listed"),
    };
    let accounts: Vec<&Account> = results.values().map(|result| &result.account).collect();
    let (idle, _) = filters.idle(&accounts);
    let mut details: Vec<String> =
        idle.into_iter().map(|selector| format!("--include {selector} selects none of {listed}")).collect();
    if details.is_empty() && results.values().all(|result| matches!(result.status, AccountStatus::Skipped(_)))
    {
        details.push(format!("{listed} are left out, all of them"));
    }
    let problem =
        |detail| Problem { account: None, gap: Gap::NothingSelected, error: None, detail: Some(detail) };
    details.into_iter().map(problem).collect()
}
