//! A plan as it is written.

use super::{
    ACTIVE, AccountV1, AuthorV1, DeactivationV1, INACTIVE, KeptV1, KeyV1, LONG_TERM, NotSurveyedV1, PlanV1,
    ScopeV1, UNUSED, UnitV1,
};
use crate::account::OrganizationalUnit;
use crate::assessment::Scope;
use crate::exemption::ExemptBy;
use crate::plan::{KeptBecause, NotPlanned, Plan, PlanAccount, PlannedDeactivation, PlannedKey};

impl From<&Plan> for PlanV1 {
    fn from(plan: &Plan) -> Self {
        let scope = match &plan.scope {
            Scope::Account => {
                ScopeV1 { kind: "account".to_owned(), organization_id: None, management_account_id: None }
            }
            Scope::Organization(organization) => ScopeV1 {
                kind: "organization".to_owned(),
                organization_id: Some(organization.id.clone()),
                management_account_id: Some(organization.management_account.to_string()),
            },
        };
        let made_by =
            AuthorV1 { account_id: plan.made_by.account.to_string(), arn: plan.made_by.arn.clone() };
        Self {
            plan_id: plan.id.clone(),
            keysweep_version: plan.version.clone(),
            made_at: plan.made_at.to_string(),
            made_by,
            scope,
            partition: plan.partition.id().to_owned(),
            assessment_id: plan.assessment.clone(),
            assessed_at: plan.assessed_at.to_string(),
            threshold_seconds: plan.policy.threshold.length().as_secs(),
            settling_margin_seconds: plan.policy.settling_margin.length().as_secs(),
            users: plan.users,
            accounts: plan.accounts.iter().map(AccountV1::from).collect(),
            keys: plan.keys.iter().map(KeyV1::from).collect(),
            not_planned: plan.not_planned.iter().map(KeptV1::from).collect(),
            deactivate_unused_seconds: plan.deactivate_unused.map(|limit| limit.length().as_secs()),
            deactivations: plan.deactivations.iter().map(DeactivationV1::from).collect(),
            not_surveyed: plan
                .not_surveyed
                .iter()
                .map(|one| NotSurveyedV1 {
                    account_id: one.account.to_string(),
                    reason_text: one.reason.clone(),
                })
                .collect(),
        }
    }
}

impl From<&PlanAccount> for AccountV1 {
    fn from(account: &PlanAccount) -> Self {
        let unit = |unit: &OrganizationalUnit| UnitV1 { id: unit.id.clone(), name: unit.name.clone() };
        Self {
            account_id: account.id.to_string(),
            name: account.name.clone(),
            path: account.path.as_ref().map(|path| path.iter().map(unit).collect()),
            users: account.users,
            complete: account.complete,
        }
    }
}

impl From<&PlannedKey> for KeyV1 {
    fn from(key: &PlannedKey) -> Self {
        let claim = key.inactive_since;
        Self {
            account_id: key.account.to_string(),
            user: key.user.to_string(),
            user_arn: key.user_arn.clone(),
            access_key_id: key.key.to_string(),
            created: key.created.to_string(),
            expected_status: INACTIVE.to_owned(),
            inactive_since_earliest: claim.interval.earliest().to_string(),
            inactive_since_latest: claim.interval.latest().to_string(),
            inactive_as_of: claim.as_of.to_string(),
            inactive_at_least_seconds: claim.at_least().as_secs(),
            confidence: claim.confidence.name().to_owned(),
            reason: LONG_TERM.to_owned(),
            evidence: key.evidence.clone(),
            owner_tag: key.owner_tag.clone(),
            other_keys: key.other_keys,
            lapsed_exemptions: key.lapsed_exemptions.clone(),
        }
    }
}

impl From<&PlannedDeactivation> for DeactivationV1 {
    fn from(key: &PlannedDeactivation) -> Self {
        Self {
            account_id: key.account.to_string(),
            user: key.user.to_string(),
            user_arn: key.user_arn.clone(),
            access_key_id: key.key.to_string(),
            created: key.created.to_string(),
            expected_status: ACTIVE.to_owned(),
            unused_since: key.unused_since.to_string(),
            unused_as_of: key.as_of.to_string(),
            unused_at_least_seconds: key.unused_for().as_secs(),
            last_used: key.last_used.map(|at| at.to_string()),
            reason: UNUSED.to_owned(),
            evidence: key.evidence.clone(),
            owner_tag: key.owner_tag.clone(),
            other_keys: key.other_keys,
            other_active: key.other_active,
            lapsed_exemptions: key.lapsed_exemptions.clone(),
        }
    }
}

impl From<&NotPlanned> for KeptV1 {
    fn from(kept: &NotPlanned) -> Self {
        let mut written = Self {
            account_id: kept.account.to_string(),
            user: kept.user.clone(),
            access_key_id: kept.key.as_ref().map(ToString::to_string),
            reason: kept.reason.name().to_owned(),
            reason_text: kept.reason.to_string(),
            exemption_id: None,
            exemption_reason: None,
            tag_name: None,
            tag_value: None,
            status: None,
            used_at: None,
            unreadable: None,
            waits_until: None,
            detail: None,
        };
        match &kept.reason {
            KeptBecause::Exempt(ExemptBy::Exemption { id, reason }) => {
                written.exemption_id = Some(id.clone());
                written.exemption_reason = Some(reason.clone());
            }
            KeptBecause::Exempt(ExemptBy::KeepTag { name, value }) => {
                written.tag_name = Some(name.clone());
                written.tag_value = Some(value.clone());
            }
            KeptBecause::UnknownStatus(status) => written.status = Some(status.clone()),
            KeptBecause::KeysNotRead(detail) | KeptBecause::HistoryNotRead(detail) => {
                written.detail = Some(detail.clone());
            }
            KeptBecause::UsedSince(at) | KeptBecause::NotUnused(at) => written.used_at = Some(at.to_string()),
            KeptBecause::Grace(until) => written.waits_until = Some(until.to_string()),
            KeptBecause::CannotTellExempt(what) => written.unreadable = Some(what.name().to_owned()),
            _ => {}
        }
        written
    }
}
