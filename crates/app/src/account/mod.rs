//! The assessment of one account: which calls are made in which order, and what comes of their answers.
//!
//! The credential report names the users to look at; `ListAccessKeys` tells their keys; the event history tells since when
//! they are inactive. Where the report cannot be used or is found wrong, every user is listed. What earlier scans know is
//! evidence like any other, and spares the calls whose answers it foretells.

mod details;
mod findings;
mod history;
mod keys;
mod known;
mod report;
mod unused;

use futures_util::future::join;
use keysweep_core::account::Account;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Method};
use keysweep_core::call::{Call, CallError, CallResult};
use keysweep_core::coverage::Coverage;
use keysweep_core::memory::{Remembered, Seen};
use keysweep_core::plan::unused::AccountSurvey;
use keysweep_core::policy::{Policy, UnusedLimit};
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::problem::{Gap, Problem};

use crate::gate::{Caller, Gates};
use crate::progress::Phase;
use history::History;
pub(crate) use keys::CONSISTENT_WITHIN;
use report::Report;

/// How many calls of one account are on their way at the same time. The pace limits them, so this need only be enough to
/// fill the pace times the latency: 100 calls a second of 100 ms.
const IN_FLIGHT: usize = 10;

/// How an account is to be assessed.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) policy: Policy,
    pub(crate) exhaustive: bool,
    /// Ask for everything, also for what earlier scans know.
    pub(crate) fresh: bool,
    /// The id of the scan. It also chooses the users of the spot check.
    pub(crate) scan: &'a str,
}

/// One account under assessment: the ways to call it, and what could not be learnt so far.
struct Work<'a, E, C> {
    account: &'a Account,
    entered: &'a E,
    caller: &'a Caller<'a, C>,
    gates: &'a Gates,
    plan: Plan<'a>,
    remembered: &'a Remembered,
}

/// What came of an account, and what is to be remembered of it.
pub(crate) struct Assessed {
    pub(crate) result: AccountAssessment,
    pub(crate) seen: Seen,
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    fn problem(&self, gap: Gap, error: CallError) -> Problem {
        Problem { account: Some(self.account.id), gap, error: Some(error), detail: None }
    }

    fn problem_saying(&self, gap: Gap, detail: String) -> Problem {
        Problem { account: Some(self.account.id), gap, error: None, detail: Some(detail) }
    }

    async fn call<T, F>(&self, call: Call, send: impl Fn() -> F) -> CallResult<T>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.caller.call(self.gates, call, send).await
    }

    /// Does a part of the account's assessment, and tells its time.
    fn timed<T>(&self, phase: Phase, part: impl AsyncFnOnce() -> T) -> impl Future<Output = T> {
        self.caller.desk.timed(Some(self.account.id), phase, part)
    }
}

/// The assessment of an account that could not be entered.
pub(crate) fn not_entered<C: Clock>(
    account: Account,
    error: CallError,
    caller: &Caller<'_, C>,
) -> AccountAssessment {
    let problem =
        Problem { account: Some(account.id), gap: Gap::AccountNotEntered, error: Some(error), detail: None };
    AccountAssessment {
        assessed_at: Some(caller.desk.clock.now()),
        calls: caller.counts(),
        ..untouched(account, AccountStatus::NotAssessed, vec![problem])
    }
}

/// The assessment of an account in which nothing was done.
pub(crate) fn untouched(
    account: Account,
    status: AccountStatus,
    problems: Vec<Problem>,
) -> AccountAssessment {
    AccountAssessment {
        account,
        status,
        method: None,
        users: None,
        coverage: Coverage::none(),
        asserted: Coverage::none(),
        findings: Vec::new(),
        problems,
        calls: keysweep_core::assessment::CallCounts::default(),
        assessed_at: None,
    }
}

/// Assesses an account that was entered.
pub(crate) async fn assess<E: Inventory + StatusHistory, C: Clock>(
    account: &Account,
    entered: &E,
    caller: &Caller<'_, C>,
    gates: &Gates,
    plan: Plan<'_>,
    remembered: &Remembered,
) -> Assessed {
    let work = Work { account, entered, caller, gates, plan, remembered };
    let mut problems = Vec::new();

    let report = if plan.exhaustive {
        None
    } else {
        work.timed(Phase::Report, async || work.report(&mut problems).await).await
    };
    // Most accounts with an inactive key show it in the report, so the history can be read while keys are listed. What is
    // known from before, though, holds only as far as the history agrees.
    let expected = report.as_ref().is_some_and(Report::shows_inactive_keys);
    let mut known = work.known(report.as_ref());
    let read_history = || work.timed(Phase::History, async || work.history().await);
    let find_keys = async |known: &known::Known<'_>| {
        work.timed(Phase::Keys, async || work.keys(report.as_ref(), known).await).await
    };
    let (keys, early_history) = if expected && !known.is_empty() {
        let history = read_history().await;
        known.retain_untouched(&history);
        (find_keys(&known).await, Some(history))
    } else {
        let early_history = async { if expected { Some(read_history().await) } else { None } };
        join(find_keys(&known), early_history).await
    };
    problems.extend(keys.problems);

    let needs_history = !keys.inactive.is_empty() || !keys.root.is_empty();
    let history = match early_history {
        Some(history) => history,
        None if needs_history => read_history().await,
        None => History::not_needed(remembered),
    };
    problems.extend(history.problems.iter().cloned());

    let read_tags = async || work.tags(&keys.inactive, keys.users, &known, &mut problems).await;
    let tags = work.timed(Phase::Tags, read_tags).await;
    let ask = async || work.last_used(&keys.inactive, report.as_ref(), &mut problems).await;
    let last_used = work.timed(Phase::LastUse, ask).await;
    let now = caller.desk.clock.now();
    let looked_at = findings::Looked {
        keys: &keys.inactive,
        root: &keys.root,
        report: report.as_ref(),
        history: &history,
        remembered,
    };
    let draw = async || findings::draw(account.id, &looked_at, &last_used, &tags, plan.policy, now);
    let findings = work.timed(Phase::Infer, draw).await;

    let status = match (problems.is_empty(), keys.method) {
        (true, _) => AccountStatus::Complete,
        (false, Some(_)) => AccountStatus::Partial,
        (false, None) => AccountStatus::NotAssessed,
    };
    let listing = keys.listing.map(|listing| known::with_tags(listing, &tags, &known, now));
    let seen = Seen { observations: keys.observations, listing, ..history.read };
    let result = AccountAssessment {
        account: account.clone(),
        status,
        method: keys.method,
        users: keys.users,
        coverage: history.coverage,
        asserted: remembered.asserted.clone(),
        findings,
        problems,
        calls: caller.counts(),
        assessed_at: Some(now),
    };
    Assessed { result, seen }
}

/// Looks for the unused keys of an account that was entered. An error says why nothing can be said of the account.
pub(crate) async fn unused<E: Inventory + StatusHistory, C: Clock>(
    account: &Account,
    entered: &E,
    caller: &Caller<'_, C>,
    gates: &Gates,
    plan: Plan<'_>,
    remembered: &Remembered,
    limit: UnusedLimit,
) -> Result<AccountSurvey, String> {
    Work { account, entered, caller, gates, plan, remembered }.unused(limit).await
}

/// How the keys of users were found, for [`AccountAssessment::method`].
const fn method(exhaustive: bool) -> Method {
    if exhaustive { Method::Exhaustive } else { Method::CredentialReport }
}
