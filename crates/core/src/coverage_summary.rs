//! How much of what was asked for an assessment speaks for: by organizational unit, in all, and measured against a list of
//! accounts that were expected. Why the rest is missing is in [`crate::cause`].

use std::collections::{BTreeMap, BTreeSet};

use crate::account::AccountId;
use crate::assessment::{AccountAssessment, AccountStatus, Assessment, SkipReason};
use crate::problem::{Gap, Problem};
use crate::totals::{AccountTotals, FindingTotals};

/// How much of the scope the verdicts speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageSummary {
    /// Accounts whose keys were looked at, if not all of them.
    pub accounts: u64,
    /// Of those, the accounts that were assessed in part only.
    pub accounts_in_part: u64,
    /// Accounts that were to be assessed: all but those that were skipped.
    pub accounts_to_assess: u64,
    /// Users whose keys were looked at.
    pub users: u64,
    /// Users of all accounts that were to be assessed. Where an account did not tell, the mean of the others stands for
    /// it; `None` where no account told.
    pub users_to_assess: Option<u64>,
    /// Whether `users_to_assess` is such an estimate.
    pub users_are_estimated: bool,
    /// The same by organizational unit, each account in the one it lies in directly; in order of their paths.
    pub units: Vec<UnitSummary>,
}

/// The accounts directly in one organizational unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitSummary {
    /// The names on the way to it, without the root: `Workloads/Production`; empty for the root itself; `None` where it is
    /// not known where the accounts are.
    pub path: Option<String>,
    /// Its accounts by how far their assessment came.
    pub accounts: AccountTotals,
    /// Users of those accounts in which their number is known.
    pub users: u64,
    /// Its findings by verdict.
    pub findings: FindingTotals,
}

impl CoverageSummary {
    /// The summary of `assessment`.
    pub fn of(assessment: &Assessment) -> Self {
        let mut summary = Self::default();
        let mut units: BTreeMap<Option<String>, UnitSummary> = BTreeMap::new();
        let (mut known_accounts, mut known_users) = (0_u64, 0_u64);
        for assessed in &assessment.accounts {
            let path = assessed.account.ou_path();
            let unit =
                units.entry(path.clone()).or_insert_with(|| UnitSummary { path, ..UnitSummary::default() });
            unit.accounts.add(&assessed.status);
            unit.users += assessed.users.unwrap_or(0);
            for finding in &assessed.findings {
                unit.findings.add(finding.verdict);
            }
            if matches!(assessed.status, AccountStatus::Skipped(_)) {
                continue;
            }
            summary.accounts_to_assess += 1;
            if let Some(users) = assessed.users {
                known_accounts += 1;
                known_users += users;
            }
            if let Some(users) = users_looked_at(assessed) {
                summary.accounts += 1;
                summary.accounts_in_part += u64::from(assessed.status == AccountStatus::Partial);
                summary.users += users;
            }
        }
        let unknown = summary.accounts_to_assess - known_accounts;
        // Rounded up: an estimate of what is missing must not make it look smaller.
        summary.users_to_assess = (known_accounts > 0)
            .then(|| known_users + (unknown * known_users).div_ceil(known_accounts.max(1)));
        summary.users_are_estimated = unknown > 0;
        summary.units = units.into_values().collect();
        summary
    }
}

/// How many users of the account surely had their keys looked at; `None` where no user's were: it was not entered, or its users
/// could not be listed at all.
fn users_looked_at(assessed: &AccountAssessment) -> Option<u64> {
    let entered = matches!(assessed.status, AccountStatus::Complete | AccountStatus::Partial);
    if !entered || assessed.method.is_none() {
        return None;
    }
    let missed: BTreeSet<_> = assessed
        .problems
        .iter()
        .filter_map(|problem| match &problem.gap {
            Gap::KeysNotListed { user } | Gap::UserVanished { user } => Some(user),
            _ => None,
        })
        .collect();
    let missed = u64::try_from(missed.len()).unwrap_or(u64::MAX);
    // Of users that were listed in part, nobody knows how many they were.
    Some(assessed.users.map_or(0, |users| users.saturating_sub(missed)))
}

impl Assessment {
    /// Adds a problem for each of these accounts that was not assessed completely, or is not in the scope at all.
    pub fn expect_accounts(&mut self, expected: &BTreeSet<AccountId>) {
        let by_id: BTreeMap<AccountId, &AccountAssessment> =
            self.accounts.iter().map(|assessed| (assessed.account.id, assessed)).collect();
        let missing = expected.iter().filter_map(|id| {
            let detail = match by_id.get(id).map(|assessed| &assessed.status) {
                Some(AccountStatus::Complete) => return None,
                Some(AccountStatus::Partial) => "it was assessed in part".to_owned(),
                Some(AccountStatus::NotAssessed) => "it was not assessed".to_owned(),
                Some(AccountStatus::Skipped(SkipReason::State(state))) => {
                    format!("it was skipped: its state is {state}")
                }
                Some(AccountStatus::Skipped(SkipReason::Filtered)) => {
                    "it was skipped: --include or --exclude leaves it out".to_owned()
                }
                None => "it is not among the accounts that were listed".to_owned(),
            };
            Some(Problem {
                account: Some(*id),
                gap: Gap::ExpectedAccountNotComplete,
                error: None,
                detail: Some(detail),
            })
        });
        let missing: Vec<Problem> = missing.collect();
        self.problems.extend(missing);
    }
}
