//! From a survey of unused keys to the deactivations of a plan. A key enters only where everything that was read says that it is
//! unused for longer than the limit; whatever could not be read keeps it out, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{accounts, change_id};
use super::{KeptBecause, NotPlanned, NotSurveyed, Plan, PlannedDeactivation};
use crate::account::{Account, AccountId, Tags};
use crate::assessment::Assessment;
use crate::evidence::StatusChange;
use crate::exemption::{Exemptions, Protection, Subject};
use crate::key::{AccessKeyId, LastUsed, UserName};
use crate::policy::UnusedLimit;
use crate::time::{Instant, SignedDuration};

/// A use may be missing from what AWS says of a key's last use for as long as this. AWS states no limit; its documents speak of
/// hours. The time before the look by as much therefore counts for nothing: a key is known to be unused only up to there.
pub const LAST_USE_LAGS: SignedDuration = SignedDuration::from_hours(24);

/// AWS records uses since 2015-04-22 (IAM User Guide, `GetAccessKeyLastUsed`): "never used" means not since then.
pub const USES_RECORDED_SINCE: Instant = Instant::from_unix(1_429_660_800);

/// The unused keys of all accounts that were assessed, looked for on their own: a scan looks at inactive keys only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// How long a key must have been unused.
    pub limit: UnusedLimit,
    /// What came of each account.
    pub accounts: Vec<(AccountId, Result<AccountSurvey, String>)>,
}

/// What was read of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSurvey {
    /// The Active keys of users that the credential report shows with an unused one.
    pub keys: Vec<ActiveKey>,
    /// Users of that kind whose keys could not be read, and why.
    pub unread: Vec<(UserName, String)>,
    /// Every status change that is known, or why they could not be read.
    pub changes: Result<Vec<StatusChange>, String>,
    /// When keys were last seen Inactive, by scans or by a clean-up of keysweep.
    pub seen_inactive: BTreeMap<AccessKeyId, Instant>,
}

/// A key that is Active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveKey {
    /// Its user's name.
    pub user: UserName,
    /// Its user's ARN.
    pub user_arn: String,
    /// Its id.
    pub key: AccessKeyId,
    /// Its `CreateDate`.
    pub created: Instant,
    /// When its last use was asked for.
    pub as_of: Instant,
    /// `GetAccessKeyLastUsed`, or why that could not be read.
    pub last_used: Result<LastUsed, String>,
    /// The user's tags; `None` where they could not be read.
    pub tags: Option<Tags>,
    /// How many other keys the user has.
    pub other_keys: u32,
    /// How many of them are Active.
    pub other_active: u32,
}

/// The plan with what is to be deactivated. Pure: the same arguments give the same plan.
pub fn with_unused(plan: Plan, assessment: &Assessment, survey: &Survey, exemptions: &Exemptions) -> Plan {
    let (mut deactivations, mut not_planned, mut not_surveyed) =
        (Vec::new(), plan.not_planned.clone(), Vec::new());
    // The scan has seen these Inactive. Whatever became of them since, they are not unused Active keys.
    let seen: BTreeSet<(AccountId, &AccessKeyId)> =
        assessment.findings().filter_map(|finding| Some((finding.account, finding.key.as_ref()?))).collect();
    for (id, result) in &survey.accounts {
        let Some(account) = assessment.accounts.iter().map(|one| &one.account).find(|one| one.id == *id)
        else {
            continue;
        };
        let surveyed = match result {
            Ok(surveyed) => surveyed,
            Err(reason) => {
                not_surveyed.push(NotSurveyed { account: *id, reason: reason.clone() });
                continue;
            }
        };
        not_planned.extend(surveyed.unread.iter().map(|(user, reason)| NotPlanned {
            account: *id,
            user: user.to_string(),
            key: None,
            reason: KeptBecause::KeysNotRead(reason.clone()),
        }));
        for key in &surveyed.keys {
            let decided = if seen.contains(&(*id, &key.key)) {
                Err(KeptBecause::SeenInactive)
            } else {
                deactivation(account, key, surveyed, survey.limit, exemptions, plan.made_at)
            };
            match decided {
                Ok(planned) => deactivations.push(planned),
                Err(reason) => not_planned.push(NotPlanned {
                    account: *id,
                    user: key.user.to_string(),
                    key: Some(key.key.clone()),
                    reason,
                }),
            }
        }
    }
    let identity = |key: &PlannedDeactivation| (key.account, key.user.clone(), key.key.clone());
    deactivations.sort_by_key(identity);
    deactivations.dedup_by_key(|key| identity(key));
    not_planned.sort_by(|a, b| {
        (a.account, &a.user, &a.key, &a.reason).cmp(&(b.account, &b.user, &b.key, &b.reason))
    });
    not_surveyed.sort_by_key(|one: &NotSurveyed| one.account);
    let concerned = plan
        .keys
        .iter()
        .map(|key| key.account)
        .chain(deactivations.iter().map(|key| key.account))
        .chain(not_planned.iter().map(|kept| kept.account));
    Plan {
        accounts: accounts(assessment, concerned),
        deactivate_unused: Some(survey.limit),
        deactivations,
        not_planned,
        not_surveyed,
        ..plan
    }
}

/// The deactivation that a key comes to, or why it is left alone.
fn deactivation(
    account: &Account,
    key: &ActiveKey,
    surveyed: &AccountSurvey,
    limit: UnusedLimit,
    exemptions: &Exemptions,
    now: Instant,
) -> Result<PlannedDeactivation, KeptBecause> {
    let last_used = match &key.last_used {
        Ok(LastUsed::At { at, .. }) => Some(*at),
        Ok(LastUsed::NotRecorded) => None,
        Ok(LastUsed::NotRead) | Err(_) => return Err(KeptBecause::LastUseNotRead),
    };
    let changes = surveyed.changes.as_ref().map_err(|reason| KeptBecause::HistoryNotRead(reason.clone()))?;
    let mut of_key: Vec<&StatusChange> = changes.iter().filter(|change| change.key == key.key).collect();
    of_key.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
    // Whatever a change was to, and whenever the key was seen Inactive: it is Active now, so it was switched on no earlier.
    let switched = of_key.last().map(|change| change.at);
    let seen_inactive = surveyed.seen_inactive.get(&key.key).copied();
    let unused_since = [Some(last_used.unwrap_or(USES_RECORDED_SINCE)), switched, seen_inactive]
        .into_iter()
        .flatten()
        .fold(key.created, Instant::max);
    let claim = PlannedDeactivation {
        account: account.id,
        user: key.user.clone(),
        user_arn: key.user_arn.clone(),
        key: key.key.clone(),
        created: key.created,
        unused_since,
        last_used,
        as_of: key.as_of,
        evidence: evidence(key, last_used, &of_key, seen_inactive),
        owner_tag: key.tags.as_ref().and_then(|tags| tags.get("owner").cloned()),
        other_keys: key.other_keys,
        other_active: key.other_active,
        lapsed_exemptions: Vec::new(),
    };
    if claim.unused_for() <= limit.length() {
        return Err(KeptBecause::NotUnused(unused_since));
    }
    let subject = Subject {
        account: account.id,
        path: account.path.as_deref(),
        user_arn: &key.user_arn,
        key: &key.key,
        tags: key.tags.as_ref(),
    };
    match exemptions.protection(&subject, now) {
        Protection::None => {}
        Protection::Exempt(by) => return Err(KeptBecause::Exempt(by)),
        Protection::CannotTell(what) => return Err(KeptBecause::CannotTellExempt(what)),
    }
    let lapsed = exemptions.lapsed(&subject, now).map(|exemption| exemption.id().to_owned());
    Ok(PlannedDeactivation { lapsed_exemptions: lapsed.collect(), ..claim })
}

fn evidence(
    key: &ActiveKey,
    last_used: Option<Instant>,
    changes: &[&StatusChange],
    seen_inactive: Option<Instant>,
) -> Vec<String> {
    let used = last_used.map_or_else(|| "never_used".to_owned(), |at| format!("last_used:{at}"));
    [format!("created:{}", key.created), used]
        .into_iter()
        .chain(changes.iter().map(|change| change_id(change.event.as_str())))
        .chain(seen_inactive.map(|at| format!("seen_inactive:{at}")))
        .chain([format!("listed:{}", key.as_of)])
        .collect()
}
