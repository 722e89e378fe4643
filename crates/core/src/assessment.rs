//! An assessment: the result of one scan. It says what was found, and just as much what was not looked at.

use std::collections::BTreeMap;

use crate::account::{Account, CallerIdentity, Organization};
use crate::call::Call;
use crate::coverage::Coverage;
use crate::finding::{Finding, Verdict};
use crate::policy::Policy;
use crate::problem::Problem;
use crate::time::Instant;

/// The result of one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Its id, unique and sortable by time.
    pub id: String,
    /// The program's version.
    pub version: String,
    /// What was to be assessed.
    pub scope: Scope,
    /// Who made the calls.
    pub caller: CallerIdentity,
    /// What verdicts are measured against.
    pub policy: Policy,
    /// When the scan began.
    pub started_at: Instant,
    /// When it ended.
    pub finished_at: Instant,
    /// Every account in scope, by id: also those that were skipped or could not be assessed.
    pub accounts: Vec<AccountAssessment>,
    /// What concerns no single account.
    pub problems: Vec<Problem>,
    /// Calls made for the organization as a whole, outside any account of `accounts`.
    pub calls: CallCounts,
}

/// What a scan was asked to assess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The caller's own account.
    Account,
    /// Every account of the organization that the filters let through.
    Organization(Organization),
}

/// How far the assessment of an account came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// Every key of it was assessed, with its history.
    Complete,
    /// Some of it was assessed; its problems say what was not.
    Partial,
    /// Nothing of it was assessed; its problems say why.
    NotAssessed,
    /// It was left out on purpose, for this reason.
    Skipped(SkipReason),
}

impl AccountStatus {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::NotAssessed => "not_assessed",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// Why an account was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its state (`SUSPENDED`, `PENDING_CLOSURE`, …): no credentials of such an account work.
    State(String),
    /// `--exclude` names it, or `--include` does not.
    Filtered,
}

/// How the keys of an account were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The credential report named the users to look at.
    CredentialReport,
    /// Every user was listed.
    Exhaustive,
}

impl Method {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialReport => "credential_report",
            Self::Exhaustive => "exhaustive",
        }
    }
}

/// The result for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAssessment {
    /// The account.
    pub account: Account,
    /// How far the assessment came.
    pub status: AccountStatus,
    /// How keys were found; `None` where that was not reached.
    pub method: Option<Method>,
    /// How many users the account has; `None` where that is not known.
    pub users: Option<u64>,
    /// The time in which every status change would have been seen.
    pub coverage: Coverage,
    /// The time of which somebody who imported events said that every status change is among them.
    pub asserted: Coverage,
    /// One for each inactive key.
    pub findings: Vec<Finding>,
    /// What was not covered.
    pub problems: Vec<Problem>,
    /// Calls made in the account.
    pub calls: CallCounts,
    /// When its assessment ended; `None` where it did not begin.
    pub assessed_at: Option<Instant>,
}

/// How many requests were sent, by operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    counts: BTreeMap<Call, CallCount>,
}

/// How many requests of one operation were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCount {
    /// All requests, throttled ones too.
    pub sent: u64,
    /// Requests that AWS refused because there were too many.
    pub throttled: u64,
}

impl CallCounts {
    /// Adds one request.
    pub fn record(&mut self, call: Call, throttled: bool) {
        self.add(call, CallCount { sent: 1, throttled: u64::from(throttled) });
    }

    /// Adds the requests of `other`.
    pub fn absorb(&mut self, other: &Self) {
        for (call, count) in &other.counts {
            self.add(*call, *count);
        }
    }

    fn add(&mut self, call: Call, more: CallCount) {
        let count = self.counts.entry(call).or_default();
        count.sent += more.sent;
        count.throttled += more.throttled;
    }

    /// The operations that were called, in the call table's order.
    pub fn iter(&self) -> impl Iterator<Item = (Call, CallCount)> {
        self.counts.iter().map(|(call, count)| (*call, *count))
    }

    /// All operations together.
    pub fn total(&self) -> CallCount {
        self.counts.values().fold(CallCount::default(), |sum, count| CallCount {
            sent: sum.sent + count.sent,
            throttled: sum.throttled + count.throttled,
        })
    }
}

impl FromIterator<(Call, CallCount)> for CallCounts {
    fn from_iter<T: IntoIterator<Item = (Call, CallCount)>>(counts: T) -> Self {
        let mut all = Self::default();
        for (call, count) in counts {
            all.add(call, count);
        }
        all
    }
}

/// What an assessment comes to; the exit code follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything was assessed and no key is long-term inactive.
    Clean,
    /// Everything was assessed and there are long-term inactive keys.
    LongTermKeys,
    /// Something could not be assessed; there may be findings too.
    Incomplete,
}

impl Assessment {
    /// What it comes to. Incomplete is never clean: any problem at all makes it [`Conclusion::Incomplete`].
    pub fn conclusion(&self) -> Conclusion {
        if self.problems().next().is_some() {
            Conclusion::Incomplete
        } else if self.findings().any(|finding| finding.verdict == Verdict::LongTerm) {
            Conclusion::LongTermKeys
        } else {
            Conclusion::Clean
        }
    }

    /// All findings, in the order of accounts.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.accounts.iter().flat_map(|account| &account.findings)
    }

    /// All problems: the organization's first, then in the order of accounts.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.accounts.iter().flat_map(|account| &account.problems))
    }

    /// Every request that was sent for it.
    pub fn all_calls(&self) -> CallCounts {
        let mut all = self.calls.clone();
        for account in &self.accounts {
            all.absorb(&account.calls);
        }
        all
    }
}
