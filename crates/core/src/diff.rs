//! What differs between two assessments, key by key and account by account. A key that is missing in one of them because
//! that one did not look is never called new or gone: it came under coverage, or is no longer assessed.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Account, AccountId};
use crate::assessment::{AccountAssessment, AccountStatus, Assessment, Conclusion, SkipReason};
use crate::evidence::StatusChange;
use crate::finding::{Finding, Verdict};
use crate::key::{AccessKeyId, KeyStatus, ListedStatus, Owner, UserName};
use crate::memory::Remembered;
use crate::problem::{Gap, Problem};
use crate::time::Instant;

/// What differs between two assessments.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// The earlier assessment.
    pub before: &'a Assessment,
    /// The later one.
    pub after: &'a Assessment,
    /// Every key of which something is different, by what it is, then by account and key.
    pub keys: Vec<KeyDifference<'a>>,
    /// Accounts that only one of them looked into, by what it is, then by account.
    pub accounts: Vec<AccountDifference<'a>>,
    /// How many inactive keys are in both with the same verdict.
    pub unchanged: u64,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyChange {
    /// It is long-term inactive now, and was inactive but not known to be long-term before.
    CrossedThreshold,
    /// It was not among the inactive keys, and is now.
    NewlyInactive,
    /// It was inactive and is so again: it was switched on in between, so that its time began anew.
    InactiveAgain,
    /// Its verdict is another one, in any other way.
    VerdictChanged,
    /// It was inactive, and was switched on.
    Reactivated,
    /// It was inactive, and is no longer among its user's keys.
    Deleted,
    /// It was inactive and is not among the inactive keys any more; which of the two it is, is not known.
    ReactivatedOrDeleted,
    /// It is inactive; the earlier assessment did not look at it.
    CameUnderCoverage,
    /// It was inactive; the later assessment did not look at it.
    NoLongerAssessed,
}

impl KeyChange {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::CrossedThreshold,
        Self::NewlyInactive,
        Self::InactiveAgain,
        Self::VerdictChanged,
        Self::Reactivated,
        Self::Deleted,
        Self::ReactivatedOrDeleted,
        Self::CameUnderCoverage,
        Self::NoLongerAssessed,
    ];

    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrossedThreshold => "crossed_threshold",
            Self::NewlyInactive => "newly_inactive",
            Self::InactiveAgain => "inactive_again",
            Self::VerdictChanged => "verdict_changed",
            Self::Reactivated => "reactivated",
            Self::Deleted => "deleted",
            Self::ReactivatedOrDeleted => "reactivated_or_deleted",
            Self::CameUnderCoverage => "came_under_coverage",
            Self::NoLongerAssessed => "no_longer_assessed",
        }
    }
}

/// Which of the assessments have a key among the inactive ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'a> {
    /// Only the earlier one.
    Before(&'a Finding),
    /// Only the later one.
    After(&'a Finding),
    /// Both: the earlier, and the later.
    Both(&'a Finding, &'a Finding),
}

impl<'a> Found<'a> {
    /// What the earlier one found.
    pub const fn before(self) -> Option<&'a Finding> {
        match self {
            Self::Before(before) | Self::Both(before, _) => Some(before),
            Self::After(_) => None,
        }
    }

    /// What the later one found.
    pub const fn after(self) -> Option<&'a Finding> {
        match self {
            Self::After(after) | Self::Both(_, after) => Some(after),
            Self::Before(_) => None,
        }
    }

    /// What was found last.
    pub const fn last(self) -> &'a Finding {
        match self {
            Self::Before(last) | Self::After(last) | Self::Both(_, last) => last,
        }
    }
}

/// One key of which something is different.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyDifference<'a> {
    /// What became of it.
    pub change: KeyChange,
    /// Its account.
    pub account: &'a Account,
    /// What was found.
    pub found: Found<'a>,
    /// Why one of the assessments did not look at it, where that is the difference.
    pub not_looked_at: Option<NotLookedAt<'a>>,
}

/// Why an assessment did not look at a key, or into an account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotLookedAt<'a> {
    /// The account is not among those that it knows.
    Unknown,
    /// The account was left out on purpose.
    Skipped(&'a SkipReason),
    /// The account was not assessed, and no problem says why.
    NotAssessed,
    /// This stood in the way.
    Problem(&'a Problem),
    /// This stood in the way of looking at another user's keys, and that user may be this one under another name.
    PerhapsRenamed(&'a Problem),
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountChange {
    /// The later assessment looked into it, the earlier one did not.
    CameUnderCoverage,
    /// The earlier assessment looked into it, the later one did not.
    NoLongerAssessed,
}

impl AccountChange {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CameUnderCoverage => KeyChange::CameUnderCoverage.name(),
            Self::NoLongerAssessed => KeyChange::NoLongerAssessed.name(),
        }
    }
}

/// An account that only one of the assessments looked into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountDifference<'a> {
    /// What became of it.
    pub change: AccountChange,
    /// The account.
    pub account: &'a Account,
    /// Why the other one did not look into it.
    pub why: NotLookedAt<'a>,
}

/// What a comparison comes to; the exit code follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both looked at everything, and nothing is different.
    NoChange,
    /// Both looked at everything, and something is different.
    Changes,
    /// One of them did not look at everything: there may be more differences than are shown.
    Incomplete,
}

impl Outcome {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoChange => "no_change",
            Self::Changes => "changes",
            Self::Incomplete => "incomplete",
        }
    }
}

/// An assessment by account.
struct Side<'a> {
    assessment: &'a Assessment,
    accounts: BTreeMap<AccountId, &'a AccountAssessment>,
    findings: BTreeMap<Identity<'a>, &'a Finding>,
}

/// What makes two findings those of one key. Two keys of a root user, made in one second, are told apart by their number.
type Identity<'a> = (AccountId, Option<&'a AccessKeyId>, Option<Instant>, usize);

impl<'a> Side<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        let (mut findings, mut twins) = (BTreeMap::new(), BTreeMap::<_, usize>::new());
        for finding in assessment.findings() {
            let key = finding.key.as_ref();
            let created = key.is_none().then_some(finding.created);
            let number = twins.entry((finding.account, key, created)).or_default();
            findings.insert((finding.account, key, created, *number), finding);
            *number += 1;
        }
        let accounts = assessment.accounts.iter().map(|assessed| (assessed.account.id, assessed)).collect();
        Self { assessment, accounts, findings }
    }

    /// The account as it is known here, or else there.
    fn account(&self, other: &Self, id: AccountId) -> Option<&'a Account> {
        self.accounts.get(&id).or_else(|| other.accounts.get(&id)).map(|assessed| &assessed.account)
    }

    /// Why nothing of an account was looked at; `None` where something was.
    fn closed(&self, id: AccountId) -> Option<NotLookedAt<'a>> {
        let Some(assessed) = self.accounts.get(&id) else { return Some(NotLookedAt::Unknown) };
        let stopped = |problem: &&Problem| {
            matches!(problem.gap, Gap::AccountNotEntered | Gap::UsersNotListed | Gap::Interrupted)
        };
        let problem = assessed.problems.iter().find(stopped).map(NotLookedAt::Problem);
        match &assessed.status {
            AccountStatus::Skipped(reason) => Some(NotLookedAt::Skipped(reason)),
            AccountStatus::NotAssessed => Some(
                problem
                    .or_else(|| assessed.problems.first().map(NotLookedAt::Problem))
                    .unwrap_or(NotLookedAt::NotAssessed),
            ),
            AccountStatus::Complete | AccountStatus::Partial => problem,
        }
    }

    /// Why the key of a finding of `other` was not looked at; `None` where it was, so that it would be here if it were
    /// inactive.
    fn missed(&self, finding: &Finding, other: &Self) -> Option<NotLookedAt<'a>> {
        if let Some(closed) = self.closed(finding.account) {
            return Some(closed);
        }
        let problems = &self.accounts.get(&finding.account)?.problems;
        let direct = problems.iter().find(|problem| hides(&problem.gap, finding));
        if let Some(problem) = direct {
            return Some(NotLookedAt::Problem(problem));
        }
        // A user whose keys could not be listed may be this one: users are known by their names, and these change. A name
        // that has a key in the other assessment is another user's.
        let Owner::User { .. } = finding.owner else { return None };
        let names = other.owners(finding.account);
        let renamed = problems.iter().find(|problem| {
            let (Gap::KeysNotListed { user } | Gap::UserVanished { user }) = &problem.gap else {
                return false;
            };
            !names.contains(user)
        });
        renamed.map(NotLookedAt::PerhapsRenamed)
    }

    fn owners(&self, id: AccountId) -> BTreeSet<&'a UserName> {
        let findings = self.accounts.get(&id).map(|assessed| assessed.findings.as_slice());
        let name = |finding: &'a Finding| match &finding.owner {
            Owner::User { name, .. } => Some(name),
            Owner::Root => None,
        };
        findings.unwrap_or_default().iter().filter_map(name).collect()
    }
}

/// Whether a gap keeps the key of a finding from being looked at.
fn hides(gap: &Gap, finding: &Finding) -> bool {
    match gap {
        Gap::AccountNotEntered | Gap::UsersNotListed | Gap::Interrupted => true,
        Gap::RootKeysNotAssessed => finding.owner == Owner::Root,
        Gap::KeysNotListed { user } | Gap::UserVanished { user } => {
            matches!(&finding.owner, Owner::User { name, .. } if name == user)
        }
        Gap::UnknownStatus { key, .. } => finding.key.as_ref() == Some(key),
        // These leave the list of keys as it is.
        Gap::ReportUnavailable
        | Gap::ReportDistrusted { .. }
        | Gap::HistoryNotRead
        | Gap::EventNotUnderstood { .. }
        | Gap::LastUseNotRead { .. }
        | Gap::UserTagsNotRead
        | Gap::AccountsNotListed
        | Gap::OrganizationalUnitsNotRead
        | Gap::AccountTagsNotRead
        | Gap::NothingSelected
        | Gap::ExpectedAccountNotComplete => false,
    }
}

impl<'a> Difference<'a> {
    /// What differs between `before` and `after`.
    pub fn between(before: &'a Assessment, after: &'a Assessment) -> Self {
        let (old, new) = (Side::of(before), Side::of(after));
        let identities: BTreeSet<_> = old.findings.keys().chain(new.findings.keys()).copied().collect();
        let mut unchanged = 0;
        let mut keys = Vec::new();
        for identity in identities {
            let Some(account) = new.account(&old, identity.0) else { continue };
            let (found, (change, not_looked_at)) =
                match (old.findings.get(&identity), new.findings.get(&identity)) {
                    (Some(before), Some(after)) => {
                        let Some(change) = moved(before, after) else {
                            unchanged += 1;
                            continue;
                        };
                        (Found::Both(before, after), (change, None))
                    }
                    (Some(before), None) => (Found::Before(before), gone(before, &old, &new)),
                    (None, Some(after)) => (Found::After(after), come(after, &old, &new)),
                    (None, None) => continue,
                };
            keys.push(KeyDifference { change, account, found, not_looked_at });
        }
        keys.sort_by_key(|key| key.change);
        let accounts = accounts(&old, &new);
        Self { before, after, keys, accounts, unchanged }
    }

    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        let incomplete = [self.before, self.after]
            .iter()
            .any(|assessment| assessment.conclusion() == Conclusion::Incomplete);
        let lost = self.keys.iter().any(|key| key.change == KeyChange::NoLongerAssessed);
        if incomplete || lost {
            Outcome::Incomplete
        } else if self.keys.is_empty() && self.accounts.is_empty() {
            Outcome::NoChange
        } else {
            Outcome::Changes
        }
    }

    /// The accounts in which it is not known of a key whether it was switched on or deleted.
    pub fn undecided(&self) -> BTreeSet<AccountId> {
        let undecided = self.keys.iter().filter(|key| key.change == KeyChange::ReactivatedOrDeleted);
        undecided.map(|key| key.account.id).collect()
    }

    /// Tells keys that were switched on from keys that were deleted, where what all scans saw of the account tells it.
    pub fn decide(&mut self, account: AccountId, remembered: &Remembered) {
        let assessed = self.after.accounts.iter().find(|assessed| assessed.account.id == account);
        let until = assessed.and_then(|assessed| assessed.assessed_at).unwrap_or(self.after.finished_at);
        for key in &mut self.keys {
            if key.change == KeyChange::ReactivatedOrDeleted
                && key.account.id == account
                && let Some(change) = fate(key.found.last(), until, remembered)
            {
                key.change = change;
            }
        }
        self.keys.sort_by_key(|key| key.change);
    }
}

/// What is different of a key that both found.
fn moved(before: &Finding, after: &Finding) -> Option<KeyChange> {
    let doubtful = [before, after].iter().any(|finding| finding.verdict == Verdict::Contradictory);
    if after.verdict == Verdict::LongTerm && before.verdict != Verdict::LongTerm && !doubtful {
        Some(KeyChange::CrossedThreshold)
    } else if !doubtful && after.inactive_since.interval.earliest() > before.inactive_since.as_of {
        Some(KeyChange::InactiveAgain)
    } else {
        (after.verdict != before.verdict).then_some(KeyChange::VerdictChanged)
    }
}

/// What is said of a key that only the later one found.
fn come<'a>(after: &Finding, old: &Side<'a>, new: &Side<'a>) -> (KeyChange, Option<NotLookedAt<'a>>) {
    if after.created > old.assessment.finished_at {
        return (KeyChange::NewlyInactive, None);
    }
    match old.missed(after, new) {
        Some(why) => (KeyChange::CameUnderCoverage, Some(why)),
        None => (KeyChange::NewlyInactive, None),
    }
}

/// What is said of a key that only the earlier one found.
fn gone<'a>(before: &Finding, old: &Side<'a>, new: &Side<'a>) -> (KeyChange, Option<NotLookedAt<'a>>) {
    match new.missed(before, old) {
        Some(why) => (KeyChange::NoLongerAssessed, Some(why)),
        None => (KeyChange::ReactivatedOrDeleted, None),
    }
}

fn accounts<'a>(old: &Side<'a>, new: &Side<'a>) -> Vec<AccountDifference<'a>> {
    let ids: BTreeSet<AccountId> = old.accounts.keys().chain(new.accounts.keys()).copied().collect();
    let differs = |id| {
        let account = new.account(old, id)?;
        let (change, why) = match (old.closed(id), new.closed(id)) {
            (Some(why), None) => (AccountChange::CameUnderCoverage, why),
            (None, Some(why)) => (AccountChange::NoLongerAssessed, why),
            _ => return None,
        };
        Some(AccountDifference { change, account, why })
    };
    let mut accounts: Vec<_> = ids.into_iter().filter_map(differs).collect();
    accounts.sort_by_key(|account| account.change);
    accounts
}

/// What became of a key that was inactive and, at `until`, is not: switched on, or deleted, where that was seen.
fn fate(finding: &Finding, until: Instant, remembered: &Remembered) -> Option<KeyChange> {
    let (id, Owner::User { name, arn }) = (finding.key.as_ref()?, &finding.owner) else { return None };
    let since = finding.assessed_at;
    let changes = remembered.changes.iter().filter(|StatusChange { key, .. }| key == id);
    let changes = changes.map(|change| (change.at, change.at, change.status));
    let looks = remembered.observations.iter().filter(|(key, _)| key == id);
    let looks = looks.map(|(_, look)| (look.from, look.to, look.status));
    let signs = changes.chain(looks).filter(|(from, to, _)| *from > since && *to <= until);
    let last = signs.max_by_key(|(_, to, status)| (*to, *status == KeyStatus::Inactive));
    // A listing after the last sign of it, of the user that was there before the key.
    let listed = remembered.listing.iter().flat_map(|listing| &listing.users).find(|user| {
        let same = user.row.user == *name && user.row.arn == *arn && user.row.created <= finding.created;
        same && user.from > since && user.to <= until && last.is_none_or(|(_, to, _)| user.from >= to)
    });
    match listed.map(|user| user.keys.iter().find(|key| key.id == *id)) {
        Some(None) => return Some(KeyChange::Deleted),
        Some(Some(key)) if key.status == ListedStatus::Known(KeyStatus::Active) => {
            return Some(KeyChange::Reactivated);
        }
        _ => {}
    }
    matches!(last, Some((_, _, KeyStatus::Active))).then_some(KeyChange::Reactivated)
}
