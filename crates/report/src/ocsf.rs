//! OCSF 1.8.0, class Compliance Finding (2003) with the profile `cloud`: a JSON array with one event a line. The fields are
//! frozen as the schema has them; what they hold is decided in [`crate::compliance`].
//!
//! Names are exact, as other records of a security lake have them; titles and messages show hidden characters.

use std::borrow::Cow;
use std::io;

use keysweep_core::account::{Account, Tags};
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::exemption::Standing;
use keysweep_core::finding::Finding;
use keysweep_core::infer::Confidence;
use keysweep_core::key::{LastUsed, Owner};
use keysweep_core::time::Instant;
use serde::Serialize;

use crate::Options;
use keysweep_core::rule::{Fit, Severity};

use crate::compliance::{Item, Status, Subject, items};
use crate::json::layout::Layout;
use crate::mask::Mask;
use crate::words;

type Text<'a> = Cow<'a, str>;

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

/// Writes every item as an event.
pub fn write(assessment: &Assessment, options: &Options, mut out: impl io::Write) -> io::Result<()> {
    let mask = Mask::new(assessment, options.mask);
    out.write_all(b"[")?;
    for (number, item) in items(assessment, options, &mask).enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        Layout::line(b"").write(&Event::of(&item, assessment, &mask), &mut out)?;
    }
    out.write_all(b"\n]\n")
}

#[derive(Serialize)]
struct Event<'a> {
    activity_id: u8,
    activity_name: &'static str,
    category_uid: u8,
    category_name: &'static str,
    class_uid: u16,
    class_name: &'static str,
    type_uid: u32,
    type_name: &'static str,
    time: i64,
    severity_id: u8,
    severity: &'static str,
    status_id: u8,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<&'static str>,
    message: &'a str,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    compliance: Compliance<'a>,
    cloud: Cloud<'a>,
    resources: Vec<Resource<'a>>,
    remediation: Remediation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmapped: Option<Unmapped<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product<'a>,
    profiles: [&'static str; 1],
    uid: String,
    correlation_uid: Text<'a>,
    event_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_uid: Option<Text<'a>>,
}

#[derive(Serialize)]
struct Product<'a> {
    name: &'static str,
    vendor_name: &'static str,
    version: Text<'a>,
}

#[derive(Serialize)]
struct FindingInfo<'a> {
    uid: &'a str,
    title: &'a str,
    desc: &'a str,
    types: [&'static str; 1],
    analytic: Analytic,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time: Option<i64>,
    last_seen_time: i64,
}

#[derive(Serialize)]
struct Analytic {
    name: &'static str,
    uid: &'static str,
    type_id: u8,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Compliance<'a> {
    control: &'static str,
    status_id: u8,
    status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    status_details: &'a [String],
    /// Editions of frameworks with requirements that the item fails while it is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standards: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<String>,
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    #[serde(rename = "cloud_partition")]
    partition: &'static str,
    account: CloudAccount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Organization<'a>>,
}

#[derive(Serialize)]
struct CloudAccount<'a> {
    uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u8,
}

#[derive(Serialize)]
struct Organization<'a> {
    uid: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ou_name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ou_uid: Option<Text<'a>>,
}

#[derive(Serialize)]
struct Resource<'a> {
    uid: Text<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    cloud_partition: &'static str,
    role_id: u8,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<User<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Serialize)]
struct User<'a> {
    name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<Text<'a>>,
    type_id: u8,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Tag<'a> {
    name: Text<'a>,
    value: Text<'a>,
}

#[derive(Serialize)]
struct Remediation<'a> {
    desc: &'a str,
}

/// What the schema has no place for, in the words of `keysweep.assessment/v1`.
#[derive(Serialize)]
struct Unmapped<'a> {
    verdict: &'static str,
    at_least_seconds: i64,
    at_most_seconds: i64,
    inactive_since_earliest: String,
    inactive_since_latest: String,
    as_of: String,
    confidence: &'static str,
    known_by: Option<String>,
    last_used_status: &'static str,
    last_used_at: Option<String>,
    used_since: Option<String>,
    contradictions: usize,
    owner_tag: Option<Text<'a>>,
    /// Requirements about the same risk, which are met while the key is inactive: no `compliance.requirements`.
    related_requirements: Vec<String>,
    exemption: Option<&'static str>,
    exemption_text: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    fn of(item: &'a Item<'a>, assessment: &'a Assessment, mask: &Mask<'_>) -> Self {
        let (activity_id, activity_name, type_uid, type_name) = if item.resolved {
            (3, "Close", 200_303, "Compliance Finding: Close")
        } else {
            (1, "Create", 200_301, "Compliance Finding: Create")
        };
        let (status_id, status) = if item.resolved { (4, "Resolved") } else { (1, "New") };
        let (severity_id, severity) = match item.severity {
            Severity::Informational => (1, "Informational"),
            Severity::Low => (2, "Low"),
            Severity::Medium => (3, "Medium"),
            Severity::High => (4, "High"),
            Severity::Critical => (5, "Critical"),
        };
        let finding = match item.subject {
            Subject::Key(finding, _) => Some(finding),
            Subject::Account(_) | Subject::Organization => None,
        };
        let confidence = finding.map(|finding| confidence(finding.inactive_since.confidence));
        Self {
            activity_id,
            activity_name,
            category_uid: 2,
            category_name: "Findings",
            class_uid: 2003,
            class_name: "Compliance Finding",
            type_uid,
            type_name,
            time: milliseconds(item.seen_at),
            severity_id,
            severity,
            status_id,
            status,
            confidence_id: confidence.map(|(id, _)| id),
            confidence: confidence.map(|(_, name)| name),
            message: &item.text,
            metadata: Metadata::of(item, assessment, mask),
            finding_info: FindingInfo::of(item, finding.is_some()),
            compliance: Compliance::of(item),
            cloud: Cloud::of(item, assessment, mask),
            resources: vec![Resource::of(item, assessment, mask)],
            remediation: Remediation { desc: &item.remedy },
            unmapped: finding.map(|finding| Unmapped::of(finding, item, mask)),
        }
    }
}

/// Milliseconds since 1970, as the schema's `timestamp_t`.
fn milliseconds(instant: Instant) -> i64 {
    instant.unix().saturating_mul(1000)
}

/// The schema's grade of confidence, by number and name.
const fn confidence(confidence: Confidence) -> (u8, &'static str) {
    match confidence {
        Confidence::Proven => (3, "High"),
        Confidence::Settling => (2, "Medium"),
        Confidence::Observed => (1, "Low"),
    }
}

impl<'a> Metadata<'a> {
    fn of(item: &Item<'_>, assessment: &'a Assessment, mask: &Mask<'_>) -> Self {
        let assessment_id = mask.text(&assessment.id);
        Self {
            version: VERSION,
            product: Product {
                name: "keysweep",
                vendor_name: "keysweep",
                version: mask.text(&assessment.version),
            },
            profiles: ["cloud"],
            uid: format!("{assessment_id}/{}", item.id),
            correlation_uid: assessment_id,
            event_code: item.rule,
            tenant_uid: match &assessment.scope {
                Scope::Organization(organization) => Some(mask.text(&organization.id)),
                Scope::Account => None,
            },
        }
    }
}

impl<'a> FindingInfo<'a> {
    fn of(item: &'a Item<'a>, of_key: bool) -> Self {
        Self {
            uid: &item.id,
            title: &item.title,
            desc: &item.text,
            types: [if of_key { "Inactive access key" } else { "Assessment coverage" }],
            analytic: Analytic { name: "keysweep", uid: item.rule, type_id: 1, kind: "Rule" },
            created_time: of_key.then(|| milliseconds(item.since)),
            last_seen_time: milliseconds(item.seen_at),
        }
    }
}

impl<'a> Compliance<'a> {
    fn of(item: &'a Item<'a>) -> Self {
        let (status_id, status) = match item.status {
            Status::Pass => (1, "Pass"),
            Status::Warning => (2, "Warning"),
            Status::Fail => (3, "Fail"),
            Status::Unknown => (0, "Unknown"),
        };
        let asking = || item.controls.iter().filter(|control| control.fit == Fit::Asks);
        Self {
            control: item.rule,
            status_id,
            status,
            status_details: &item.problems,
            standards: asking().flat_map(|control| control.editions()).collect(),
            requirements: asking().flat_map(|control| control.names()).collect(),
        }
    }
}

impl<'a> Cloud<'a> {
    fn of(item: &Item<'a>, assessment: &'a Assessment, mask: &Mask<'_>) -> Self {
        let account: Option<&'a Account> = match item.subject {
            Subject::Key(_, account) => account,
            Subject::Account(assessed) => Some(&assessed.account),
            Subject::Organization => None,
        };
        let unit = account.and_then(|account| account.path.as_ref()?.last());
        let name = account.and_then(|account| account.name.as_deref());
        Self {
            provider: "AWS",
            partition: assessment.caller.partition.id(),
            account: CloudAccount {
                uid: item.account.to_string(),
                name: name.map(|name| mask.text(name)),
                kind: "AWS Account",
                type_id: 10,
            },
            org: match &assessment.scope {
                Scope::Organization(organization) => Some(Organization {
                    uid: mask.text(&organization.id),
                    ou_name: unit.map(|unit| mask.text(&unit.name)),
                    ou_uid: unit.map(|unit| mask.text(&unit.id)),
                }),
                Scope::Account => None,
            },
        }
    }
}

impl<'a> Resource<'a> {
    fn of(item: &Item<'a>, assessment: &'a Assessment, mask: &Mask<'_>) -> Self {
        let bare = |uid, kind| Self {
            uid,
            kind,
            cloud_partition: assessment.caller.partition.id(),
            role_id: 3,
            role: "Affected",
            created_time: None,
            owner: None,
            tags: Vec::new(),
        };
        match item.subject {
            Subject::Key(finding, _) => Self {
                created_time: Some(milliseconds(finding.created)),
                owner: Some(User::of(finding, mask)),
                tags: tags(finding.tags.as_ref(), mask),
                ..bare(
                    match &finding.key {
                        Some(key) => mask.key(key),
                        None => item.id.clone().into(),
                    },
                    "AwsIamAccessKey",
                )
            },
            Subject::Account(_) => bare(format!("AWS::::Account:{}", item.account).into(), "AwsAccount"),
            Subject::Organization => bare(
                item.id.strip_suffix(":coverage").unwrap_or(&item.id).to_owned().into(),
                "AwsOrganization",
            ),
        }
    }
}

impl<'a> User<'a> {
    fn of(finding: &'a Finding, mask: &Mask<'_>) -> Self {
        match &finding.owner {
            Owner::Root => Self { name: finding.owner.name().into(), uid: None, type_id: 2, kind: "Admin" },
            Owner::User { name, arn } => {
                Self { name: mask.text(name.as_str()), uid: Some(mask.text(arn)), type_id: 1, kind: "User" }
            }
        }
    }
}

fn tags<'a>(tags: Option<&'a Tags>, mask: &Mask<'_>) -> Vec<Tag<'a>> {
    let tag =
        |(name, value): (&'a String, &'a String)| Tag { name: mask.text(name), value: mask.text(value) };
    tags.into_iter().flatten().map(tag).collect()
}

impl<'a> Unmapped<'a> {
    fn of(finding: &'a Finding, item: &Item<'_>, mask: &Mask<'_>) -> Self {
        let claim = &finding.inactive_since;
        let text = |instant: Option<Instant>| instant.map(|instant| instant.to_string());
        let last_used_at = match finding.last_used {
            LastUsed::At { at, .. } => Some(at),
            LastUsed::NotRecorded | LastUsed::NotRead => None,
        };
        Self {
            verdict: finding.verdict.name(),
            at_least_seconds: finding.at_least().as_secs().max(0),
            at_most_seconds: finding.at_most().as_secs().max(0),
            inactive_since_earliest: claim.interval.earliest().to_string(),
            inactive_since_latest: claim.interval.latest().to_string(),
            as_of: claim.as_of.to_string(),
            confidence: claim.confidence.name(),
            known_by: text(finding.known_by),
            last_used_status: words::last_used_name(&finding.last_used),
            last_used_at: text(last_used_at),
            used_since: text(finding.used_since),
            contradictions: finding.contradictions.len(),
            owner_tag: finding.owner_tag().map(|owner| mask.text(owner)),
            related_requirements: item
                .controls
                .iter()
                .filter(|control| control.fit == Fit::Near)
                .flat_map(|control| control.names())
                .collect(),
            exemption: finding.exemption.as_ref().map(Standing::name),
            exemption_text: finding.exemption.as_ref().map(|standing| mask.owned(words::exemption(standing))),
        }
    }
}
