//! The plan as a file: JSON `keysweep.plan/v1`, frozen, with the SHA-256 digest of its canonical form. The reader refuses
//! whatever the writer cannot have written: other fields, another version, another digest, keys out of order.
//!
//! The canonical form is the JSON of the `plan` member without white space, its members in the order of the structs here,
//! and text escaped as `serde_json` does. An approval is for its digest, so how the file is laid out does not matter.

mod reading;
mod writing;

use serde::{Deserialize, Serialize};

use super::Plan;
use super::digest::Digest;

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
