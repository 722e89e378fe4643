//! Holds what a scan says against the truth.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_app::scan::{ScanRequest, Target};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment};
use keysweep_core::evidence::Evidence;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Confidence, LatestGround};
use keysweep_core::key::KeyStatus;
use keysweep_core::problem::Gap;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::Truth;
use keysweep_sim::truth::{ChangeTruth, KeyTruth};

use super::others::Renamed;
use super::search::Tally;

/// A credential report may be four hours old and have been gathered for half an hour; what happened since is promised only to
/// a scan that does without.
const REPORT_AGE: SignedDuration = SignedDuration::from_mins(4 * 60 + 40);

pub(crate) struct Scan<'a> {
    pub(crate) began: Instant,
    pub(crate) request: &'a ScanRequest,
    pub(crate) assessment: &'a Assessment,
    pub(crate) before: &'a Truth,
    pub(crate) after: &'a Truth,
    pub(crate) renamed: &'a [Renamed],
}

impl Scan<'_> {
    pub(crate) fn check(&self, tally: &mut Tally, violations: &mut Vec<String>) {
        // These stand there at zero, too.
        for what in ["keys missed silently", "wrong verdicts"] {
            tally.count_many(what, 0);
        }
        self.check_missed(tally, violations);
        let all_keys =
            self.after.accounts.iter().flat_map(|account| account.keys.iter().chain(&account.deleted_keys));
        let truth: BTreeMap<&str, &KeyTruth> = all_keys.map(|key| (key.id.as_str(), key)).collect();
        for result in &self.assessment.accounts {
            let mut seen = BTreeSet::new();
            for finding in &result.findings {
                tally.count("findings");
                let Some(id) = finding.key.as_ref().map(keysweep_core::key::AccessKeyId::as_str) else {
                    continue;
                };
                if !seen.insert(id) {
                    violations.push(format!("two findings of key {id}"));
                }
                match truth.get(id) {
                    None => violations.push(format!("there is no key {id}")),
                    Some(key) => self.check_verdict(result, finding, key, tally, violations),
                }
            }
        }
    }

    /// Every key that was Inactive all the time is found, or it is said that it could not be.
    fn check_missed(&self, tally: &mut Tally, violations: &mut Vec<String>) {
        let since = if self.request.exhaustive { self.began } else { self.began - REPORT_AGE };
        let own = self.before.accounts.first().map(|account| account.id);
        let results: BTreeMap<AccountId, &AccountAssessment> =
            self.assessment.accounts.iter().map(|result| (result.account.id, result)).collect();
        let unlisted = self.assessment.problems.iter().any(|problem| problem.gap == Gap::AccountsNotListed);
        for (account, key) in self.after.inactive_keys() {
            if self.request.target == Target::OwnAccount && Some(account.id) != own {
                continue;
            }
            tally.count("inactive keys");
            if key.inactive_since.is_none_or(|inactive| inactive >= since) {
                continue;
            }
            let told = match results.get(&account.id) {
                None => unlisted,
                Some(result) => {
                    let told =
                        matches!(result.status, AccountStatus::Skipped(_) | AccountStatus::NotAssessed)
                            || self.found(result, key)
                            || self.gap_covers(result, key);
                    told && (result.status != AccountStatus::Complete || self.found(result, key))
                }
            };
            if told {
                let found = results.get(&account.id).is_some_and(|result| self.found(result, key));
                tally.count(if found { "keys found" } else { "keys missed, and it is said" });
            } else {
                tally.count("keys missed silently");
                violations.push(format!(
                    "key {} of {} in {} is missed silently: {:?} {:#?}",
                    key.id,
                    key.user,
                    account.id,
                    results.get(&account.id).map(|result| (&result.status, result.method)),
                    results.get(&account.id).map(|result| &result.problems),
                ));
            }
        }
    }

    #[expect(clippy::unused_self, reason = "it reads better among the others")]
    fn found(&self, result: &AccountAssessment, key: &KeyTruth) -> bool {
        result.findings.iter().any(|finding| match &finding.key {
            Some(id) => id.as_str() == key.id,
            // The report does not name the root user's keys.
            None => key.user.starts_with('<') && finding.created == key.created,
        })
    }

    /// Whether a problem says that just this key may be missing.
    fn gap_covers(&self, result: &AccountAssessment, key: &KeyTruth) -> bool {
        let names = self.names(result.account.id, &key.user);
        result.problems.iter().any(|problem| match &problem.gap {
            Gap::UsersNotListed => !key.user.starts_with('<'),
            Gap::RootKeysNotAssessed => key.user.starts_with('<'),
            Gap::KeysNotListed { user } | Gap::UserVanished { user } | Gap::UnknownStatus { user, .. } => {
                names.contains(user.as_str())
            }
            _ => false,
        })
    }

    /// The names that a user had, up to the one it has now.
    fn names(&self, account: AccountId, now: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([now.to_owned()]);
        let mut name = now.to_owned();
        for renamed in self.renamed.iter().rev() {
            if renamed.account == account && renamed.to == name {
                name.clone_from(&renamed.from);
                names.insert(name.clone());
            }
        }
        names
    }

    /// What is claimed is true where its assumption holds.
    fn check_verdict(
        &self,
        result: &AccountAssessment,
        finding: &Finding,
        key: &KeyTruth,
        tally: &mut Tally,
        violations: &mut Vec<String>,
    ) {
        let claim = finding.inactive_since;
        let settled = self.began - self.request.policy.settling_margin.length();
        let unsettled = key.changes.iter().any(|change| change.at >= settled);
        let unseen = key.changes.iter().any(|change| {
            change.at >= claim.interval.earliest() && result.coverage.span_at(change.at).is_none()
        });
        let holds = match claim.confidence {
            Confidence::Proven => true,
            Confidence::Settling => !unsettled,
            Confidence::Observed => !unsettled && !unseen,
        };
        if !holds {
            tally.count("verdicts whose assumption did not hold");
            return;
        }
        tally.count("verdicts checked");
        // Times are whole seconds: what happened in the second of the claim was before or after it. A claim at the look speaks
        // of some moment of the look, whose answer may have been long on its way (SEMANTICS, S18 and S22).
        let look = finding.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Observed(look) if look.to == claim.as_of => Some(look.from),
            _ => None,
        });
        let at_look = claim.grounds.latest == LatestGround::SeenInactive;
        let first = look.filter(|_| at_look).min().unwrap_or(claim.as_of);
        let (before, through) = (
            key.changes.partition_point(|change| change.at < first),
            key.changes.partition_point(|change| change.at <= claim.as_of),
        );
        let mut wrong = (before..=through).map(|changes| self.wrong(finding, &key.changes[..changes]));
        let wrong = if wrong.clone().any(|wrong| wrong.is_none()) { None } else { wrong.next().flatten() };
        if let Some(wrong) = wrong {
            tally.count("wrong verdicts");
            violations.push(format!("{wrong}: {finding:#?}\n{:#?}", key.changes));
        }
    }

    /// What is wrong with a verdict, if these changes came before the moment that it speaks of.
    fn wrong(&self, finding: &Finding, changes: &[ChangeTruth]) -> Option<&'static str> {
        let claim = finding.inactive_since;
        let threshold = self.request.policy.threshold.length();
        let mut since = None;
        for change in changes {
            since = (change.status == KeyStatus::Inactive).then(|| since.unwrap_or(change.at));
        }
        let Some(since) = since else { return Some("it was Active then") };
        if !claim.interval.contains(since) {
            return Some("the start is not in the interval");
        }
        match finding.verdict {
            Verdict::LongTerm if claim.as_of - since < threshold => Some("it was not long-term"),
            Verdict::Recent if finding.assessed_at - since >= threshold => Some("it was not recent"),
            Verdict::Contradictory => Some("nothing contradicts itself in a world"),
            _ => None,
        }
    }
}
