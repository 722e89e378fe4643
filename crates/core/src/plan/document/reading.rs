//! The plan that was written, if that says nothing that no plan says.

use super::{
    ACTIVE, AccountV1, DeactivationV1, INACTIVE, KeptV1, KeyV1, LONG_TERM, NotAPlan, NotSurveyedV1, PlanV1,
    ScopeV1, UNUSED, UnitV1, wrong,
};
use crate::account::{Organization, OrganizationalUnit, Partition};
use crate::assessment::Scope;
use crate::exemption::{ExemptBy, Unreadable};
use crate::infer::Confidence;
use crate::plan::{
    Author, InactiveSince, KeptBecause, NotPlanned, NotSurveyed, Plan, PlanAccount, Planned,
    PlannedDeactivation, PlannedKey,
};
use crate::policy::Policy;
use crate::time::{Instant, Interval, SignedDuration};

/// Reads one field, and says where it stands if it is wrong.
fn field<T: std::str::FromStr<Err: ToString>>(place: &str, name: &str, text: &str) -> Result<T, NotAPlan> {
    text.parse().map_err(|error: T::Err| wrong(format!("{place}/{name}"), error.to_string()))
}

impl TryFrom<PlanV1> for Plan {
    type Error = NotAPlan;

    fn try_from(written: PlanV1) -> Result<Self, NotAPlan> {
        let partition = [Partition::Aws, Partition::AwsUsGov, Partition::AwsCn]
            .into_iter()
            .find(|partition| partition.id() == written.partition)
            .ok_or_else(|| wrong("plan/partition", "keysweep knows aws, aws-us-gov and aws-cn"))?;
        let policy = Policy {
            threshold: seconds("plan/threshold_seconds", written.threshold_seconds)?,
            settling_margin: seconds("plan/settling_margin_seconds", written.settling_margin_seconds)?,
        };
        let accounts = all("plan/accounts", written.accounts, AccountV1::read)?;
        let keys = all("plan/keys", written.keys, KeyV1::read)?;
        let not_planned = all("plan/not_planned", written.not_planned, KeptV1::read)?;
        let limit = written.deactivate_unused_seconds;
        let limit = limit.map(|length| seconds("plan/deactivate_unused_seconds", length)).transpose()?;
        let deactivations = all("plan/deactivations", written.deactivations, DeactivationV1::read)?;
        let not_surveyed = all("plan/not_surveyed", written.not_surveyed, NotSurveyedV1::read)?;
        let plan = Self {
            id: written.plan_id,
            version: written.keysweep_version,
            made_at: field("plan", "made_at", &written.made_at)?,
            made_by: Author {
                account: field("plan/made_by", "account_id", &written.made_by.account_id)?,
                arn: written.made_by.arn,
            },
            scope: written.scope.read()?,
            partition,
            assessment: written.assessment_id,
            assessed_at: field("plan", "assessed_at", &written.assessed_at)?,
            policy,
            accounts,
            users: written.users,
            keys,
            not_planned,
            deactivate_unused: limit,
            deactivations,
            not_surveyed,
        };
        plan.check()?;
        Ok(plan)
    }
}

/// A length of time that a policy allows.
fn seconds<T: std::str::FromStr<Err: ToString>>(place: &str, seconds: i64) -> Result<T, NotAPlan> {
    format!("{seconds}s").parse().map_err(|error: T::Err| wrong(place, error.to_string()))
}

fn all<T, U>(
    place: &str,
    written: Vec<T>,
    read: impl Fn(T, &str) -> Result<U, NotAPlan>,
) -> Result<Vec<U>, NotAPlan> {
    written.into_iter().enumerate().map(|(at, one)| read(one, &format!("{place}/{at}"))).collect()
}

impl Plan {
    /// What holds of every plan that was built, field by field.
    fn check(&self) -> Result<(), NotAPlan> {
        if !self.accounts.is_sorted_by(|a, b| a.id < b.id) {
            return Err(wrong("plan/accounts", "they are not in the order of ids, each once"));
        }
        let identity = |key: &PlannedKey| (key.account, key.user.clone(), key.key.clone());
        if !self.keys.is_sorted_by(|a, b| identity(a) < identity(b)) {
            return Err(wrong("plan/keys", "they are not in the order of account, user and key, each once"));
        }
        for (at, key) in self.keys.iter().enumerate() {
            let place = format!("plan/keys/{at}");
            self.check_owner(&place, Planned::Deletion(key))?;
            if key.inactive_since.at_least() < self.policy.threshold.length() {
                let reason = "the key has been inactive for less than the threshold";
                return Err(wrong(format!("{place}/inactive_since_latest"), reason));
            }
        }
        self.check_deactivations()
    }

    fn check_deactivations(&self) -> Result<(), NotAPlan> {
        let identity = |key: &PlannedDeactivation| (key.account, key.user.clone(), key.key.clone());
        if !self.deactivations.is_sorted_by(|a, b| identity(a) < identity(b)) {
            let reason = "they are not in the order of account, user and key, each once";
            return Err(wrong("plan/deactivations", reason));
        }
        if !self.not_surveyed.is_sorted_by(|a, b| a.account < b.account) {
            return Err(wrong("plan/not_surveyed", "they are not in the order of ids, each once"));
        }
        for (at, key) in self.deactivations.iter().enumerate() {
            let place = format!("plan/deactivations/{at}");
            self.check_owner(&place, Planned::Deactivation(key))?;
            // One id stands for one key, whatever it says of account and user.
            if self.keys.iter().any(|deleted| deleted.key == key.key) {
                return Err(wrong(format!("{place}/access_key_id"), "the plan deletes it too"));
            }
            let since = format!("{place}/unused_since");
            if key.unused_since < key.created || key.last_used.is_some_and(|at| key.unused_since < at) {
                return Err(wrong(since, "it is before the key's creation or last use"));
            }
            match self.deactivate_unused {
                Some(limit) if key.unused_for() > limit.length() => {}
                Some(_) => return Err(wrong(since, "the key has not been unused for longer than the limit")),
                None => {
                    let reason = "it is null, and the plan deactivates keys";
                    return Err(wrong("plan/deactivate_unused_seconds", reason));
                }
            }
            if key.other_active > key.other_keys {
                return Err(wrong(format!("{place}/other_active"), "they are more than the other keys"));
            }
        }
        Ok(())
    }

    /// Whether a planned key is one of this user in an account of the plan.
    fn check_owner(&self, place: &str, key: Planned<'_>) -> Result<(), NotAPlan> {
        if self.account(key.account()).is_none() {
            return Err(wrong(format!("{place}/account_id"), "the plan's accounts do not hold it"));
        }
        let arn = format!("arn:{}:iam::{}:user/", self.partition, key.account());
        let named = key.user_arn().rsplit('/').next() == Some(key.user().as_str());
        if !key.user_arn().starts_with(&arn) || !named {
            return Err(wrong(format!("{place}/user_arn"), "it is not the ARN of this user in this account"));
        }
        Ok(())
    }
}

impl ScopeV1 {
    fn read(self) -> Result<Scope, NotAPlan> {
        match (self.kind.as_str(), self.organization_id, self.management_account_id) {
            ("account", None, None) => Ok(Scope::Account),
            ("organization", Some(id), Some(account)) => Ok(Scope::Organization(Organization {
                id,
                management_account: field("plan/scope", "management_account_id", &account)?,
            })),
            _ => Err(wrong("plan/scope", "it is neither an account nor an organization with its two ids")),
        }
    }
}

impl AccountV1 {
    fn read(self, place: &str) -> Result<PlanAccount, NotAPlan> {
        let unit = |unit: UnitV1| OrganizationalUnit { id: unit.id, name: unit.name };
        Ok(PlanAccount {
            id: field(place, "account_id", &self.account_id)?,
            name: self.name,
            path: self.path.map(|path| path.into_iter().map(unit).collect()),
            users: self.users,
            complete: self.complete,
        })
    }
}

impl KeyV1 {
    fn read(self, place: &str) -> Result<PlannedKey, NotAPlan> {
        if self.expected_status != INACTIVE {
            let reason = "keysweep deletes keys only that are Inactive";
            return Err(wrong(format!("{place}/expected_status"), reason));
        }
        if self.reason != LONG_TERM {
            return Err(wrong(format!("{place}/reason"), "keys are planned for being long_term only"));
        }
        let confidence = [Confidence::Proven, Confidence::Settling, Confidence::Observed]
            .into_iter()
            .find(|confidence| confidence.name() == self.confidence)
            .ok_or_else(|| wrong(format!("{place}/confidence"), "it is proven, settling or observed"))?;
        let earliest: Instant = field(place, "inactive_since_earliest", &self.inactive_since_earliest)?;
        let latest: Instant = field(place, "inactive_since_latest", &self.inactive_since_latest)?;
        let interval = Interval::new(earliest, latest)
            .ok_or_else(|| wrong(format!("{place}/inactive_since_latest"), "it is before the earliest"))?;
        let as_of: Instant = field(place, "inactive_as_of", &self.inactive_as_of)?;
        let inactive_since = InactiveSince { as_of, interval, confidence };
        if inactive_since.at_least() != SignedDuration::from_secs(self.inactive_at_least_seconds) {
            let reason = "it does not follow from inactive_since_latest and inactive_as_of";
            return Err(wrong(format!("{place}/inactive_at_least_seconds"), reason));
        }
        Ok(PlannedKey {
            account: field(place, "account_id", &self.account_id)?,
            user: field(place, "user", &self.user)?,
            user_arn: self.user_arn,
            key: field(place, "access_key_id", &self.access_key_id)?,
            created: field(place, "created", &self.created)?,
            inactive_since,
            evidence: self.evidence,
            owner_tag: self.owner_tag,
            other_keys: self.other_keys,
            lapsed_exemptions: self.lapsed_exemptions,
        })
    }
}

impl DeactivationV1 {
    fn read(self, place: &str) -> Result<PlannedDeactivation, NotAPlan> {
        if self.expected_status != ACTIVE {
            let reason = "keysweep deactivates keys only that are Active";
            return Err(wrong(format!("{place}/expected_status"), reason));
        }
        if self.reason != UNUSED {
            return Err(wrong(format!("{place}/reason"), "keys are deactivated for being unused only"));
        }
        let last_used = self.last_used.map(|text| field(place, "last_used", &text)).transpose()?;
        let key = PlannedDeactivation {
            account: field(place, "account_id", &self.account_id)?,
            user: field(place, "user", &self.user)?,
            user_arn: self.user_arn,
            key: field(place, "access_key_id", &self.access_key_id)?,
            created: field(place, "created", &self.created)?,
            unused_since: field(place, "unused_since", &self.unused_since)?,
            last_used,
            as_of: field(place, "unused_as_of", &self.unused_as_of)?,
            evidence: self.evidence,
            owner_tag: self.owner_tag,
            other_keys: self.other_keys,
            other_active: self.other_active,
            lapsed_exemptions: self.lapsed_exemptions,
        };
        if key.unused_for() != SignedDuration::from_secs(self.unused_at_least_seconds) {
            let reason = "it does not follow from unused_since and unused_as_of";
            return Err(wrong(format!("{place}/unused_at_least_seconds"), reason));
        }
        Ok(key)
    }
}

impl NotSurveyedV1 {
    fn read(self, place: &str) -> Result<NotSurveyed, NotAPlan> {
        Ok(NotSurveyed { account: field(place, "account_id", &self.account_id)?, reason: self.reason_text })
    }
}

impl KeptV1 {
    fn read(self, place: &str) -> Result<NotPlanned, NotAPlan> {
        let missing = || wrong(format!("{place}/reason"), "what belongs to this reason is missing");
        let reason = match self.reason.as_str() {
            "root_user" => KeptBecause::RootUser,
            "contradictory" => KeptBecause::Contradictory,
            "undetermined" => KeptBecause::Undetermined,
            "recent" => KeptBecause::Recent,
            "last_use_not_read" => KeptBecause::LastUseNotRead,
            "only_observed" => KeptBecause::OnlyObserved,
            "listed_twice" => KeptBecause::ListedTwice,
            "unknown_status" => KeptBecause::UnknownStatus(self.status.ok_or_else(missing)?),
            "used_since" => {
                KeptBecause::UsedSince(field(place, "used_at", &self.used_at.ok_or_else(missing)?)?)
            }
            "grace" => {
                KeptBecause::Grace(field(place, "waits_until", &self.waits_until.ok_or_else(missing)?)?)
            }
            "gone" => KeptBecause::Gone,
            "not_unused" => {
                KeptBecause::NotUnused(field(place, "used_at", &self.used_at.ok_or_else(missing)?)?)
            }
            "seen_inactive" => KeptBecause::SeenInactive,
            "keys_not_read" => KeptBecause::KeysNotRead(self.detail.ok_or_else(missing)?),
            "history_not_read" => KeptBecause::HistoryNotRead(self.detail.ok_or_else(missing)?),
            "first_run" => KeptBecause::FirstRun,
            "cannot_tell_exempt" => {
                let what = self.unreadable.as_deref().and_then(Unreadable::named);
                KeptBecause::CannotTellExempt(what.ok_or_else(missing)?)
            }
            "exempt" => KeptBecause::Exempt(
                match (self.exemption_id, self.exemption_reason, self.tag_name, self.tag_value) {
                    (Some(id), Some(reason), None, None) => ExemptBy::Exemption { id, reason },
                    (None, None, Some(name), Some(value)) => ExemptBy::KeepTag { name, value },
                    _ => return Err(missing()),
                },
            ),
            _ => return Err(wrong(format!("{place}/reason"), "keysweep knows no such reason")),
        };
        let key = self.access_key_id.map(|key| field(place, "access_key_id", &key)).transpose()?;
        Ok(NotPlanned {
            account: field(place, "account_id", &self.account_id)?,
            user: self.user,
            key,
            reason,
        })
    }
}
