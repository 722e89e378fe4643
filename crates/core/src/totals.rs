//! The sums of an assessment, made in one walk and shown by every format.

use crate::assessment::{AccountStatus, Assessment, CallCounts};
use crate::finding::Verdict;
use crate::time::SignedDuration;

/// The sums of an assessment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accounts by how far their assessment came.
    pub accounts: AccountTotals,
    /// Users of the accounts in which their number is known.
    pub users: u64,
    /// Accounts that were to be assessed and whose number of users is not known.
    pub accounts_with_unknown_users: u64,
    /// Findings by verdict.
    pub findings: FindingTotals,
    /// Accounts with at least one long-term inactive key.
    pub accounts_with_long_term_keys: u64,
    /// The longest time that a long-term inactive key has been inactive for at least; `None` where there is none.
    pub oldest_at_least: Option<SignedDuration>,
    /// Problems of the organization and of all accounts.
    pub problems: u64,
    /// Every request.
    pub calls: CallCounts,
}

/// Accounts by [`AccountStatus`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountTotals {
    /// All of them.
    pub total: u64,
    /// [`AccountStatus::Complete`].
    pub complete: u64,
    /// [`AccountStatus::Partial`].
    pub partial: u64,
    /// [`AccountStatus::NotAssessed`].
    pub not_assessed: u64,
    /// [`AccountStatus::Skipped`].
    pub skipped: u64,
}

/// Findings by [`Verdict`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingTotals {
    /// All of them.
    pub total: u64,
    /// [`Verdict::LongTerm`].
    pub long_term: u64,
    /// [`Verdict::Recent`].
    pub recent: u64,
    /// [`Verdict::Undetermined`].
    pub undetermined: u64,
    /// [`Verdict::Contradictory`].
    pub contradictory: u64,
}

impl AccountTotals {
    pub(crate) fn add(&mut self, status: &AccountStatus) {
        self.total += 1;
        *match status {
            AccountStatus::Complete => &mut self.complete,
            AccountStatus::Partial => &mut self.partial,
            AccountStatus::NotAssessed => &mut self.not_assessed,
            AccountStatus::Skipped(_) => &mut self.skipped,
        } += 1;
    }
}

impl FindingTotals {
    pub(crate) fn add(&mut self, verdict: Verdict) {
        self.total += 1;
        *match verdict {
            Verdict::LongTerm => &mut self.long_term,
            Verdict::Recent => &mut self.recent,
            Verdict::Undetermined => &mut self.undetermined,
            Verdict::Contradictory => &mut self.contradictory,
        } += 1;
    }
}

impl Totals {
    /// The sums of `assessment`.
    pub fn of(assessment: &Assessment) -> Self {
        let mut totals = Self { calls: assessment.all_calls(), ..Self::default() };
        for account in &assessment.accounts {
            totals.accounts.add(&account.status);
            match (account.users, &account.status) {
                (Some(users), _) => totals.users += users,
                (None, AccountStatus::Skipped(_)) => {}
                (None, _) => totals.accounts_with_unknown_users += 1,
            }
            let mut long_term = false;
            for finding in &account.findings {
                totals.findings.add(finding.verdict);
                if finding.verdict == Verdict::LongTerm {
                    long_term = true;
                    totals.oldest_at_least = totals.oldest_at_least.max(Some(finding.at_least()));
                }
            }
            totals.accounts_with_long_term_keys += u64::from(long_term);
        }
        totals.problems = assessment.problems().map(|_| 1).sum();
        totals
    }
}
