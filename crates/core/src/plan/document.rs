//! The plan as a file: JSON `keysweep.plan/v1`, frozen, with the SHA-256 digest of its canonical form. The reader refuses
//! whatever the writer cannot have written: other fields, another version, another digest, keys out of order.
//!
//! The canonical form is the JSON of the `plan` member without white space, its members in the order of the structs here,
//! and text escaped as `serde_json` does. An approval is for its digest, so how the file is laid out does not matter.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::{
    Author, InactiveSince, KeptBecause, NotPlanned, NotSurveyed, Plan, PlanAccount, Planned,
    PlannedDeactivation, PlannedKey,
};
use crate::account::{Organization, OrganizationalUnit, Partition};
use crate::assessment::Scope;
use crate::exemption::{ExemptBy, Unreadable};
use crate::infer::Confidence;
use crate::policy::Policy;
use crate::time::{Instant, Interval, SignedDuration};

/// The version that is written and read.
pub const SCHEMA: &str = "keysweep.plan/v1";

/// Why a text is not a plan that may be acted on.
#[derive(Debug, thiserror::Error)]
pub enum NotAPlan {
    /// It is not the JSON of a plan.
    #[error("it is not a plan of keysweep")]
    Json(#[source] serde_json::Error),
    /// It is of another version.
    #[error("it is of the version {0:?}, and this keysweep reads {SCHEMA:?}")]
    Version(String),
    /// It was changed after it was made.
    #[error("it was changed: its content has the digest {actual}, and it says {stated}")]
    Changed {
        /// The digest that stands in the file.
        stated: String,
        /// The digest of what the file holds.
        actual: Digest,
    },
    /// It says something that no plan says.
    #[error("{place} is wrong: {reason}")]
    Wrong {
        /// Where, as a JSON pointer without the leading slash.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The digest of a plan.
pub fn digest(plan: &Plan) -> Digest {
    Digest::of(&canonical(&PlanV1::from(plan)))
}

/// The file of a plan: indented JSON that ends with a line break.
pub fn write(plan: &Plan) -> String {
    let plan = PlanV1::from(plan);
    let digest = Digest::of(&canonical(&plan)).to_string();
    let file = FileV1 { schema: SCHEMA.to_owned(), digest, plan };
    let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text.push('\n');
    text
}

/// The plan that a file holds, and its digest.
pub fn read(text: &str) -> Result<(Plan, Digest), NotAPlan> {
    #[derive(Deserialize)]
    struct Version {
        schema: String,
    }
    let Version { schema } = serde_json::from_str(text).map_err(NotAPlan::Json)?;
    if schema != SCHEMA {
        return Err(NotAPlan::Version(schema));
    }
    let file: FileV1 = serde_json::from_str(text).map_err(NotAPlan::Json)?;
    let actual = Digest::of(&canonical(&file.plan));
    if file.digest != actual.to_string() {
        return Err(NotAPlan::Changed { stated: file.digest, actual });
    }
    let plan = Plan::try_from(file.plan)?;
    // Nothing may be missing, and nothing be written otherwise than keysweep writes it, even where it means the same.
    let read: serde_json::Value = serde_json::from_str(text).map_err(NotAPlan::Json)?;
    let written: serde_json::Value = serde_json::from_str(&write(&plan)).map_err(NotAPlan::Json)?;
    if read == written { Ok((plan, actual)) } else { Err(wrong("plan", "it is not as keysweep writes it")) }
}

/// Nothing in these structs can fail to be written: there are no maps with keys that are not text, and no floats.
fn canonical(plan: &PlanV1) -> Vec<u8> {
    serde_json::to_vec(plan).unwrap_or_default()
}

fn wrong(place: impl Into<String>, reason: impl Into<String>) -> NotAPlan {
    NotAPlan::Wrong { place: place.into(), reason: reason.into() }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileV1 {
    schema: String,
    digest: String,
    plan: PlanV1,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanV1 {
    plan_id: String,
    keysweep_version: String,
    made_at: String,
    made_by: AuthorV1,
    scope: ScopeV1,
    partition: String,
    assessment_id: String,
    assessed_at: String,
    threshold_seconds: i64,
    settling_margin_seconds: i64,
    users: Option<u64>,
    accounts: Vec<AccountV1>,
    keys: Vec<KeyV1>,
    not_planned: Vec<KeptV1>,
    deactivate_unused_seconds: Option<i64>,
    deactivations: Vec<DeactivationV1>,
    not_surveyed: Vec<NotSurveyedV1>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorV1 {
    account_id: String,
    arn: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeV1 {
    kind: String,
    organization_id: Option<String>,
    management_account_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountV1 {
    account_id: String,
    name: Option<String>,
    path: Option<Vec<UnitV1>>,
    users: Option<u64>,
    complete: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitV1 {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyV1 {
    account_id: String,
    user: String,
    user_arn: String,
    access_key_id: String,
    created: String,
    expected_status: String,
    inactive_since_earliest: String,
    inactive_since_latest: String,
    inactive_as_of: String,
    inactive_at_least_seconds: i64,
    confidence: String,
    reason: String,
    evidence: Vec<String>,
    owner_tag: Option<String>,
    other_keys: Option<u32>,
    lapsed_exemptions: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeactivationV1 {
    account_id: String,
    user: String,
    user_arn: String,
    access_key_id: String,
    created: String,
    expected_status: String,
    unused_since: String,
    unused_as_of: String,
    unused_at_least_seconds: i64,
    last_used: Option<String>,
    reason: String,
    evidence: Vec<String>,
    owner_tag: Option<String>,
    other_keys: u32,
    other_active: u32,
    lapsed_exemptions: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotSurveyedV1 {
    account_id: String,
    reason_text: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptV1 {
    account_id: String,
    user: String,
    access_key_id: Option<String>,
    reason: String,
    reason_text: String,
    exemption_id: Option<String>,
    exemption_reason: Option<String>,
    tag_name: Option<String>,
    tag_value: Option<String>,
    status: Option<String>,
    used_at: Option<String>,
    unreadable: Option<String>,
    waits_until: Option<String>,
    detail: Option<String>,
}

/// Keys are planned for one reason only.
const LONG_TERM: &str = "long_term";
/// What a planned key's status is expected to be.
const INACTIVE: &str = "Inactive";
/// Keys are deactivated for one reason only.
const UNUSED: &str = "unused";
/// What the status of a key that is to be deactivated is expected to be.
const ACTIVE: &str = "Active";

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
