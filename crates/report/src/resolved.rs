//! Findings of an earlier scan that are settled: what became of their keys is known. Systems that keep findings are told so
//! under the same id ([`crate::identity`]), and close them.
//!
//! A key that merely was not assessed again is never among them.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Method};
use keysweep_core::finding::Finding;
use keysweep_core::key::AccessKeyId;
use keysweep_core::time::{Instant, SignedDuration};

/// A credential report can be so old, and a scan by the report looks for no key that it shows as Active: what was switched off
/// after the report was made, it can miss.
const REPORT_LASTS: SignedDuration = SignedDuration::from_hours(4);

/// What became of a key that was inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// It is no longer among its user's keys: it was deleted, or its user was.
    Gone,
    /// It was switched on again.
    Active,
    /// One of the two: the later scan knows every inactive key of the account, and this is none of them.
    NotInactive,
}

impl Resolution {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Active => "active",
            Self::NotInactive => "not_inactive",
        }
    }

    /// What it means, as a sentence about the key.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Gone => "no longer exists",
            Self::Active => "is active again",
            Self::NotInactive => "is no longer inactive: it was deleted or is active again",
        }
    }
}

/// A settled finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The finding as the earlier scan had it.
    pub finding: Finding,
    /// What became of its key.
    pub resolution: Resolution,
    /// When that was seen.
    pub seen_at: Instant,
}

/// The findings of `earlier` that `later` settles: their keys are not among the inactive ones of an account that it assessed
/// completely, late enough to have seen them. Root users' keys have no id to be missed by, so none of them is settled.
pub fn settled(earlier: &Assessment, later: &Assessment) -> Vec<Resolved> {
    let accounts: BTreeMap<AccountId, &AccountAssessment> =
        later.accounts.iter().map(|account| (account.account.id, account)).collect();
    let mut settled = Vec::new();
    for account in &earlier.accounts {
        let Some(now) = accounts.get(&account.account.id).filter(|now| is_complete(now)) else { continue };
        let Some(seen_at) = now.assessed_at else { continue };
        let still: BTreeSet<&AccessKeyId> =
            now.findings.iter().filter_map(|finding| finding.key.as_ref()).collect();
        let listed_since = match now.method {
            Some(Method::Exhaustive) => later.started_at,
            Some(Method::CredentialReport) => later.started_at - REPORT_LASTS,
            None => continue,
        };
        let is_settled = |finding: &&Finding| {
            finding.assessed_at <= listed_since
                && finding.key.as_ref().is_some_and(|key| !still.contains(key))
        };
        settled.extend(account.findings.iter().filter(is_settled).map(|finding| Resolved {
            finding: finding.clone(),
            resolution: Resolution::NotInactive,
            seen_at,
        }));
    }
    settled
}

/// Gathers what a scan settles of all scans before it: systems that keep findings are told by each scan only what changed since
/// the one before it, and one that could not settle a finding leaves it to the next.
#[derive(Debug)]
pub struct Settling<'a> {
    later: &'a Assessment,
    settled: BTreeMap<(AccountId, AccessKeyId), Resolved>,
    /// What was found before has been settled by a scan that was taken already.
    settled_before: Option<Instant>,
}

impl<'a> Settling<'a> {
    /// Nothing yet.
    pub const fn of(later: &'a Assessment) -> Self {
        Self { later, settled: BTreeMap::new(), settled_before: None }
    }

    /// Takes one more of the scans before it, the newest first. False where neither it nor any before it has anything to tell.
    pub fn take(&mut self, earlier: &Assessment) -> bool {
        if self.settled_before.is_some_and(|before| earlier.finished_at <= before) {
            return false;
        }
        for resolved in settled(earlier, self.later) {
            if let Some(key) = &resolved.finding.key {
                self.settled.entry((resolved.finding.account, key.clone())).or_insert(resolved);
            }
        }
        let skipped = |account: &AccountAssessment| matches!(account.status, AccountStatus::Skipped(_));
        if earlier.accounts.iter().all(|account| skipped(account) || is_complete(account)) {
            self.settled_before = self.settled_before.max(Some(earlier.started_at - REPORT_LASTS));
        }
        true
    }

    /// What is settled, in the order of accounts.
    pub fn into_settled(self) -> Vec<Resolved> {
        self.settled.into_values().collect()
    }
}

/// Whether every inactive key of the account is among its findings.
fn is_complete(account: &AccountAssessment) -> bool {
    account.status == AccountStatus::Complete && account.problems.is_empty()
}
