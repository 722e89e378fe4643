//! The result for one account.

use keysweep_core::account::{Account, AccountState, OrganizationalUnit, Tags};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Method, SkipReason};
use serde::{Deserialize, Serialize};

use super::finding::FindingV1;
use super::problem::{CallCountsV1, ProblemV1};
use super::{CoverageV1, InstantV1, Result, parse, read_all};

#[derive(Serialize, Deserialize)]
pub(crate) struct AccountAssessmentV1<'a> {
    account: AccountV1,
    status: AccountStatusV1,
    method: Option<MethodV1>,
    users: Option<u64>,
    coverage: CoverageV1,
    asserted: CoverageV1,
    findings: Vec<FindingV1<'a>>,
    problems: Vec<ProblemV1>,
    calls: CallCountsV1,
    assessed_at: Option<InstantV1>,
}

#[derive(Serialize, Deserialize)]
struct AccountV1 {
    id: String,
    name: Option<String>,
    state: Option<AccountStateV1>,
    path: Option<Vec<OrganizationalUnitV1>>,
    tags: Option<Tags>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountStateV1 {
    PendingActivation,
    Active,
    Suspended,
    PendingClosure,
    Closed,
    Other(String),
}

#[derive(Serialize, Deserialize)]
struct OrganizationalUnitV1 {
    id: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountStatusV1 {
    Complete,
    Partial,
    NotAssessed,
    Skipped(SkipReasonV1),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SkipReasonV1 {
    State(String),
    Filtered,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MethodV1 {
    CredentialReport,
    Exhaustive,
}

impl AccountV1 {
    fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            state: account.state.as_ref().map(|state| match state {
                AccountState::PendingActivation => AccountStateV1::PendingActivation,
                AccountState::Active => AccountStateV1::Active,
                AccountState::Suspended => AccountStateV1::Suspended,
                AccountState::PendingClosure => AccountStateV1::PendingClosure,
                AccountState::Closed => AccountStateV1::Closed,
                AccountState::Other(text) => AccountStateV1::Other(text.clone()),
            }),
            path: account.path.as_ref().map(|path| {
                let unit = |unit: &OrganizationalUnit| OrganizationalUnitV1 {
                    id: unit.id.clone(),
                    name: unit.name.clone(),
                };
                path.iter().map(unit).collect()
            }),
            tags: account.tags.clone(),
        }
    }

    fn read(self) -> Result<Account> {
        Ok(Account {
            id: parse(&self.id)?,
            name: self.name,
            state: self.state.map(|state| match state {
                AccountStateV1::PendingActivation => AccountState::PendingActivation,
                AccountStateV1::Active => AccountState::Active,
                AccountStateV1::Suspended => AccountState::Suspended,
                AccountStateV1::PendingClosure => AccountState::PendingClosure,
                AccountStateV1::Closed => AccountState::Closed,
                AccountStateV1::Other(text) => AccountState::Other(text),
            }),
            path: self.path.map(|path| {
                path.into_iter().map(|unit| OrganizationalUnit { id: unit.id, name: unit.name }).collect()
            }),
            tags: self.tags,
        })
    }
}

impl<'a> AccountAssessmentV1<'a> {
    pub(crate) fn of(result: &'a AccountAssessment) -> Self {
        Self {
            account: AccountV1::of(&result.account),
            status: match &result.status {
                AccountStatus::Complete => AccountStatusV1::Complete,
                AccountStatus::Partial => AccountStatusV1::Partial,
                AccountStatus::NotAssessed => AccountStatusV1::NotAssessed,
                AccountStatus::Skipped(SkipReason::State(state)) => {
                    AccountStatusV1::Skipped(SkipReasonV1::State(state.clone()))
                }
                AccountStatus::Skipped(SkipReason::Filtered) => {
                    AccountStatusV1::Skipped(SkipReasonV1::Filtered)
                }
            },
            method: result.method.map(|method| match method {
                Method::CredentialReport => MethodV1::CredentialReport,
                Method::Exhaustive => MethodV1::Exhaustive,
            }),
            users: result.users,
            coverage: CoverageV1::of(&result.coverage),
            asserted: CoverageV1::of(&result.asserted),
            findings: result.findings.iter().map(FindingV1::of).collect(),
            problems: result.problems.iter().map(ProblemV1::of).collect(),
            calls: CallCountsV1::of(&result.calls),
            assessed_at: result.assessed_at.map(InstantV1::from),
        }
    }

    pub(crate) fn read(self) -> Result<AccountAssessment> {
        Ok(AccountAssessment {
            account: self.account.read()?,
            status: match self.status {
                AccountStatusV1::Complete => AccountStatus::Complete,
                AccountStatusV1::Partial => AccountStatus::Partial,
                AccountStatusV1::NotAssessed => AccountStatus::NotAssessed,
                AccountStatusV1::Skipped(SkipReasonV1::State(state)) => {
                    AccountStatus::Skipped(SkipReason::State(state))
                }
                AccountStatusV1::Skipped(SkipReasonV1::Filtered) => {
                    AccountStatus::Skipped(SkipReason::Filtered)
                }
            },
            method: self.method.map(|method| match method {
                MethodV1::CredentialReport => Method::CredentialReport,
                MethodV1::Exhaustive => Method::Exhaustive,
            }),
            users: self.users,
            coverage: self.coverage.read()?,
            asserted: self.asserted.read()?,
            findings: read_all(self.findings, FindingV1::read)?,
            problems: read_all(self.problems, ProblemV1::read)?,
            calls: self.calls.read()?,
            assessed_at: self.assessed_at.map(Into::into),
        })
    }
}
