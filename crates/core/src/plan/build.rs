//! From an assessment, the exemptions and the policy to a plan. Every key of the assessment comes out exactly once: planned,
//! or kept with the reason. What cannot be told keeps a key.

use std::collections::{BTreeMap, BTreeSet};

use super::{Author, KeptBecause, NotPlanned, Plan, PlanAccount, PlannedKey};
use crate::account::{Account, AccountId};
use crate::assessment::{AccountAssessment, AccountStatus, Assessment};
use crate::evidence::{Evidence, ObservationSource};
use crate::exemption::{Exemptions, Protection, Subject};
use crate::finding::{Finding, Verdict};
use crate::infer::Confidence;
use crate::key::{AccessKeyId, LastUsed, Owner, UserName};
use crate::problem::Gap;
use crate::time::Instant;

/// How many keys users have in all, where that is known.
pub type Holdings = BTreeMap<(AccountId, UserName), u32>;

/// What a plan is made from, beside the assessment.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The id of the plan.
    pub id: &'a str,
    /// The version of the program.
    pub version: &'a str,
    /// Who makes it.
    pub author: Author,
    /// What is exempt.
    pub exemptions: &'a Exemptions,
    /// Whether keys whose claim is only observed are planned.
    pub allow_observed: bool,
    /// How many keys users have.
    pub holdings: &'a Holdings,
    /// Keys that earlier clean-ups deleted: a credential report that is older shows them still.
    pub gone: &'a BTreeSet<(AccountId, AccessKeyId)>,
    /// When it is made.
    pub now: Instant,
}

/// Makes a plan. Pure: the same arguments give the same plan.
pub fn build(assessment: &Assessment, order: &Order<'_>) -> Plan {
    let mut times: BTreeMap<(AccountId, &AccessKeyId), usize> = BTreeMap::new();
    for finding in assessment.findings() {
        if let Some(key) = &finding.key {
            *times.entry((finding.account, key)).or_default() += 1;
        }
    }
    let (mut keys, mut not_planned) = (Vec::new(), Vec::new());
    for result in &assessment.accounts {
        for finding in &result.findings {
            let twice = finding.key.as_ref().is_some_and(|key| times[&(finding.account, key)] > 1);
            let decided = if twice {
                Err(KeptBecause::ListedTwice)
            } else {
                planned(assessment, &result.account, finding, order)
            };
            match decided {
                Ok(key) => keys.push(key),
                Err(reason) => not_planned.push(NotPlanned {
                    account: finding.account,
                    user: finding.owner.name().to_owned(),
                    key: finding.key.clone(),
                    reason,
                }),
            }
        }
        not_planned.extend(unknown_statuses(result));
    }
    keys.sort_by(|a: &PlannedKey, b| (a.account, &a.user, &a.key).cmp(&(b.account, &b.user, &b.key)));
    not_planned.sort_by(|a: &NotPlanned, b| {
        (a.account, &a.user, &a.key, &a.reason).cmp(&(b.account, &b.user, &b.key, &b.reason))
    });
    let concerned = keys.iter().map(|key| key.account).chain(not_planned.iter().map(|kept| kept.account));
    Plan {
        id: order.id.to_owned(),
        version: order.version.to_owned(),
        made_at: order.now,
        made_by: order.author.clone(),
        scope: assessment.scope.clone(),
        partition: assessment.caller.partition,
        assessment: assessment.id.clone(),
        assessed_at: assessment.finished_at,
        policy: assessment.policy,
        accounts: accounts(assessment, concerned),
        users: users(assessment),
        keys,
        not_planned,
        deactivate_unused: None,
        deactivations: Vec::new(),
        not_surveyed: Vec::new(),
    }
}

/// The planned key that a finding comes to, or why it is kept.
fn planned(
    assessment: &Assessment,
    account: &Account,
    finding: &Finding,
    order: &Order<'_>,
) -> Result<PlannedKey, KeptBecause> {
    let (Owner::User { name, arn }, Some(key)) = (&finding.owner, &finding.key) else {
        return Err(KeptBecause::RootUser);
    };
    if order.gone.contains(&(account.id, key.clone())) {
        return Err(KeptBecause::Gone);
    }
    match finding.verdict {
        _ if !finding.contradictions.is_empty() => return Err(KeptBecause::Contradictory),
        Verdict::Contradictory => return Err(KeptBecause::Contradictory),
        Verdict::Undetermined => return Err(KeptBecause::Undetermined),
        Verdict::Recent => return Err(KeptBecause::Recent),
        // The verdict is not taken on trust: the claim that it rests on must bear it.
        Verdict::LongTerm if finding.at_least() < assessment.policy.threshold.length() => {
            return Err(KeptBecause::Undetermined);
        }
        Verdict::LongTerm => {}
    }
    let subject = Subject {
        account: account.id,
        path: account.path.as_deref(),
        user_arn: arn,
        key,
        tags: finding.tags.as_ref(),
    };
    match order.exemptions.protection(&subject, order.now) {
        Protection::None => {}
        Protection::Exempt(by) => return Err(KeptBecause::Exempt(by)),
        Protection::CannotTell(what) => return Err(KeptBecause::CannotTellExempt(what)),
    }
    if let Some(at) = finding.used_since {
        return Err(KeptBecause::UsedSince(at));
    }
    if finding.last_used == LastUsed::NotRead {
        return Err(KeptBecause::LastUseNotRead);
    }
    if finding.inactive_since.confidence == Confidence::Observed && !order.allow_observed {
        return Err(KeptBecause::OnlyObserved);
    }
    let holding = order.holdings.get(&(account.id, name.clone()));
    Ok(PlannedKey {
        account: account.id,
        user: name.clone(),
        user_arn: arn.clone(),
        key: key.clone(),
        created: finding.created,
        inactive_since: finding.inactive_since.into(),
        evidence: finding.evidence.iter().map(evidence_id).collect(),
        owner_tag: finding.owner_tag().map(str::to_owned),
        other_keys: holding.map(|keys| keys.saturating_sub(1)),
        lapsed_exemptions: order
            .exemptions
            .lapsed(&subject, order.now)
            .map(|exemption| exemption.id().to_owned())
            .collect(),
    })
}

/// What a fact is known by: CloudTrail's event id for a change, else where and when it was seen.
fn evidence_id(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Created(at) => format!("created:{at}"),
        Evidence::Changed(change) => change_id(change.event.as_str()),
        Evidence::Observed(observation) => match &observation.source {
            ObservationSource::ListAccessKeys => format!("listed:{}", observation.to),
            ObservationSource::CredentialReport => format!("credential_report:{}", observation.to),
            ObservationSource::EarlierScan(scan) => format!("scan:{scan}:{}", observation.to),
            ObservationSource::CleanUp(run) => format!("clean_up:{run}:{}", observation.to),
        },
    }
}

/// The evidence id of a status change.
pub(super) fn change_id(event: &str) -> String {
    format!("event:{event}")
}

/// Keys with a status that is neither Active nor Inactive are problems of the assessment, not findings.
fn unknown_statuses(result: &AccountAssessment) -> impl Iterator<Item = NotPlanned> {
    result.problems.iter().filter_map(|problem| match &problem.gap {
        Gap::UnknownStatus { user, key, status } => Some(NotPlanned {
            account: result.account.id,
            user: user.to_string(),
            key: Some(key.clone()),
            reason: KeptBecause::UnknownStatus(status.clone()),
        }),
        _ => None,
    })
}

/// The accounts of an assessment that are among these.
pub(super) fn accounts(
    assessment: &Assessment,
    concerned: impl Iterator<Item = AccountId>,
) -> Vec<PlanAccount> {
    let concerned: BTreeSet<AccountId> = concerned.collect();
    let known = assessment.accounts.iter().filter(|result| concerned.contains(&result.account.id));
    let account = |result: &AccountAssessment| PlanAccount {
        id: result.account.id,
        name: result.account.name.clone(),
        path: result.account.path.clone(),
        users: result.users,
        complete: result.status == AccountStatus::Complete,
    };
    let by_id: BTreeMap<AccountId, PlanAccount> =
        known.map(|result| (result.account.id, account(result))).collect();
    by_id.into_values().collect()
}

/// Users of every account that was to be assessed; unknown as soon as it is unknown for one.
fn users(assessment: &Assessment) -> Option<u64> {
    let assessed =
        assessment.accounts.iter().filter(|result| !matches!(result.status, AccountStatus::Skipped(_)));
    assessed.map(|result| result.users).sum()
}
