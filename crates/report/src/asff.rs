//! The AWS Security Finding Format (2018-10-08): each line is one request of Security Hub's `BatchImportFindings`, for the
//! findings of one account, as Security Hub takes them only from the account that they are about. What could not be assessed
//! is for the account that assessed: those that could not be entered cannot send anything. What the fields hold is decided in
//! [`crate::compliance`]; what their documented limits are, here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::iter::Peekable;

use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::Assessment;
use keysweep_core::delivery::Batch;
use keysweep_core::finding::Finding;
use keysweep_core::key::Owner;
use serde::Serialize;

use crate::Options;
use keysweep_core::rule::Severity;

use crate::compliance::{Item, Status, Subject, coverage, cut, keys};
use crate::json::layout::Layout;
use crate::mask::Mask;
use crate::visible::visible;
use crate::words;

/// The most findings of one `BatchImportFindings`.
pub const BATCH: usize = 100;

/// The most bytes of one: Security Hub takes 6 MB. Each finding may have 240 KB, and none has more, as its texts are cut to
/// their own limits.
/// <https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-batchimportfindings.html>
pub const BATCH_BYTES: usize = 6_000_000;

/// Every finding in requests, account by account.
pub fn batches<T>(
    assessment: &Assessment,
    options: &Options,
    mut each: impl FnMut(Batch) -> Result<(), T>,
) -> Result<(), T>
where
    T: From<io::Error>,
{
    let mask = Mask::new(assessment, options.mask);
    let place = Place {
        partition: assessment.caller.partition.id(),
        region: options.region.as_deref().unwrap_or(assessment.caller.partition.lead_region()),
        caller: assessment.caller.account,
        caller_name: assessment
            .accounts
            .iter()
            .find(|assessed| assessed.account.id == assessment.caller.account)
            .and_then(|assessed| assessed.account.name.as_deref()),
    };
    let mut items = coverage(assessment, &mask).chain(keys(assessment, options, &mask)).peekable();
    while let Some(batch) = next_batch(&mut items, &place, &mask)? {
        each(batch)?;
    }
    Ok(())
}

/// Writes each request as a line.
pub fn write(assessment: &Assessment, options: &Options, mut out: impl io::Write) -> io::Result<()> {
    batches(assessment, options, |batch| {
        out.write_all(&batch.body)?;
        out.write_all(b"\n")
    })
}

fn next_batch<'a>(
    items: &mut Peekable<impl Iterator<Item = Item<'a>>>,
    place: &Place<'_>,
    mask: &Mask<'_>,
) -> io::Result<Option<Batch>> {
    let Some(account) = items.peek().map(|item| place.importer(item)) else { return Ok(None) };
    let mut batch = Batch { account, ids: Vec::new(), body: b"{\"Findings\":[".to_vec() };
    let mut finding = Vec::new();
    while batch.ids.len() < BATCH
        && let Some(item) = items.peek().filter(|item| place.importer(item) == account)
    {
        finding.clear();
        Layout::line(b"").write(&AwsSecurityFinding::of(item, place, mask), &mut finding)?;
        let is_first = batch.ids.is_empty();
        // The comma, and what closes the request.
        if !is_first && batch.body.len() + finding.len() + 3 > BATCH_BYTES {
            break;
        }
        if !is_first {
            batch.body.push(b',');
        }
        batch.body.extend_from_slice(&finding);
        batch.ids.push(item.id.clone());
        items.next();
    }
    batch.body.extend_from_slice(b"]}");
    Ok(Some(batch))
}

/// Where findings are imported.
struct Place<'a> {
    partition: &'static str,
    region: &'a str,
    /// The account that assessed.
    caller: AccountId,
    /// How the organization calls it.
    caller_name: Option<&'a str>,
}

impl Place<'_> {
    /// The account whose Security Hub takes the item.
    fn importer(&self, item: &Item<'_>) -> AccountId {
        match item.subject {
            Subject::Key(..) => item.account,
            Subject::Account(_) | Subject::Organization => self.caller,
        }
    }
}

/// The longest texts that Security Hub takes, in characters.
mod longest {
    pub(super) const ID: usize = 512;
    pub(super) const ACCOUNT_NAME: usize = 50;
    pub(super) const TITLE: usize = 256;
    pub(super) const DESCRIPTION: usize = 1024;
    pub(super) const RECOMMENDATION: usize = 512;
    pub(super) const PRODUCT_FIELD: usize = 2048;
    pub(super) const TAG: usize = 256;
    pub(super) const TAGS: usize = 50;
    pub(super) const STATUS_REASON: usize = 1024;
    /// How many.
    pub(super) const REQUIREMENTS: usize = 32;
}

const TYPE: &str = "Software and Configuration Checks/AWS Security Best Practices";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AwsSecurityFinding<'a> {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    product_name: &'static str,
    company_name: &'static str,
    generator_id: String,
    aws_account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_account_name: Option<String>,
    types: [&'static str; 1],
    created_at: String,
    updated_at: String,
    first_observed_at: String,
    last_observed_at: String,
    severity: SeverityOf,
    title: String,
    description: String,
    remediation: Remediation,
    product_fields: BTreeMap<&'static str, String>,
    resources: Vec<Resource<'a>>,
    compliance: Compliance,
    workflow: Workflow,
    record_state: &'static str,
    finding_provider_fields: FindingProviderFields,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeverityOf {
    label: &'static str,
    /// Security Hub sets it from the label in the same way; readers of the file may look for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized: Option<u8>,
    original: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<'a> {
    r#type: &'static str,
    id: String,
    partition: &'static str,
    region: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Details<'a> {
    aws_iam_access_key: KeyDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyDetails<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<Cow<'a, str>>,
    account_id: String,
    principal_name: String,
    principal_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: &'static str,
    /// Requirements of frameworks about the same risk; few of them ask for what mends the finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_reasons: Vec<StatusReason>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatusReason {
    reason_code: &'static str,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Workflow {
    status: &'static str,
}

/// What Security Hub takes severity and types from when a finding is imported again.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FindingProviderFields {
    severity: SeverityOf,
    types: [&'static str; 1],
}

impl<'a> AwsSecurityFinding<'a> {
    fn of(item: &'a Item<'a>, place: &Place<'a>, mask: &Mask<'_>) -> Self {
        let account_id = place.importer(item).to_string();
        let severity = severity(item);
        let (workflow, record_state) =
            if item.resolved { ("RESOLVED", "ARCHIVED") } else { ("NEW", "ACTIVE") };
        Self {
            schema_version: "2018-10-08",
            id: cut(&item.id, longest::ID),
            product_arn: format!(
                "arn:{}:securityhub:{}:{account_id}:product/{account_id}/default",
                place.partition, place.region
            ),
            product_name: "keysweep",
            company_name: "keysweep",
            generator_id: format!("keysweep/{}", item.rule),
            aws_account_name: account_name(item, place)
                .and_then(|name| text(&visible(&mask.text(name)), longest::ACCOUNT_NAME)),
            aws_account_id: account_id,
            types: [TYPE],
            // An item of an account begins with each scan; Security Hub keeps the first it was given.
            created_at: item.since.min(item.seen_at).to_string(),
            updated_at: item.seen_at.to_string(),
            first_observed_at: item.since.min(item.seen_at).to_string(),
            last_observed_at: item.seen_at.to_string(),
            severity,
            title: cut(&item.title, longest::TITLE),
            description: cut(&item.text, longest::DESCRIPTION),
            remediation: Remediation {
                recommendation: Recommendation { text: cut(&item.remedy, longest::RECOMMENDATION) },
            },
            product_fields: product_fields(item, mask),
            resources: resources(item, place, mask),
            compliance: compliance_of(item),
            workflow: Workflow { status: workflow },
            record_state,
            finding_provider_fields: FindingProviderFields {
                severity: SeverityOf { normalized: None, ..severity },
                types: [TYPE],
            },
        }
    }
}

fn severity(item: &Item<'_>) -> SeverityOf {
    let (label, normalized) = match item.severity {
        Severity::Informational => ("INFORMATIONAL", 0),
        Severity::Low => ("LOW", 1),
        Severity::Medium => ("MEDIUM", 40),
        Severity::High => ("HIGH", 70),
        Severity::Critical => ("CRITICAL", 90),
    };
    SeverityOf { label, normalized: Some(normalized), original: item.rule }
}

fn compliance_of(item: &Item<'_>) -> Compliance {
    let status = match item.status {
        Status::Pass => "PASSED",
        Status::Warning => "WARNING",
        Status::Fail => "FAILED",
        Status::Unknown => "NOT_AVAILABLE",
    };
    let reason = |problem: &String| StatusReason {
        reason_code: "NOT_ASSESSED",
        description: cut(problem, longest::STATUS_REASON),
    };
    // A finding may take 240 KB: an account with more problems than these has them in the report.
    Compliance {
        status,
        related_requirements: item
            .controls
            .iter()
            .flat_map(|control| control.names())
            .take(longest::REQUIREMENTS)
            .collect(),
        status_reasons: item.problems.iter().take(20).map(reason).collect(),
    }
}

/// The name of the account that takes the item.
fn account_name<'a>(item: &Item<'a>, place: &Place<'a>) -> Option<&'a str> {
    match item.subject {
        Subject::Key(_, account) => account?.name.as_deref(),
        Subject::Account(_) | Subject::Organization => place.caller_name,
    }
}

/// The text with at most so many characters; `None` where it is blank, which Security Hub refuses.
fn text(text: &str, longest: usize) -> Option<String> {
    (!text.trim().is_empty()).then(|| cut(text, longest))
}

fn product_fields(item: &Item<'_>, mask: &Mask<'_>) -> BTreeMap<&'static str, String> {
    let mut fields = BTreeMap::from([("keysweep/rule", item.rule.to_owned())]);
    let Subject::Key(finding, account) = item.subject else { return fields };
    let claim = &finding.inactive_since;
    fields.insert("keysweep/verdict", finding.verdict.name().to_owned());
    fields.insert("keysweep/confidence", claim.confidence.name().to_owned());
    fields.insert("keysweep/at_least_seconds", finding.at_least().as_secs().max(0).to_string());
    fields.insert("keysweep/at_most_seconds", finding.at_most().as_secs().max(0).to_string());
    fields.insert("keysweep/inactive_since_earliest", claim.interval.earliest().to_string());
    fields.insert("keysweep/inactive_since_latest", claim.interval.latest().to_string());
    fields.insert("keysweep/last_used_status", words::last_used_name(&finding.last_used).to_owned());
    let mut some = |name, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name, value);
        }
    };
    some("keysweep/known_by", finding.known_by.map(|at| at.to_string()));
    some("keysweep/used_since", finding.used_since.map(|at| at.to_string()));
    let shown = |value: &str| text(&visible(&mask.text(value)), longest::PRODUCT_FIELD);
    some("keysweep/owner_tag", finding.owner_tag().and_then(shown));
    some("keysweep/exemption", finding.exemption.as_ref().and_then(|it| shown(&words::exemption(it))));
    some("keysweep/ou_path", account.and_then(Account::ou_path).and_then(|path| shown(&path)));
    fields
}

fn resources<'a>(item: &'a Item<'a>, place: &Place<'a>, mask: &Mask<'_>) -> Vec<Resource<'a>> {
    let resource = |r#type, id| Resource {
        r#type,
        id,
        partition: place.partition,
        region: place.region,
        tags: BTreeMap::new(),
        details: None,
    };
    let Subject::Key(finding, _) = item.subject else {
        return vec![resource("AwsAccount", format!("AWS::::Account:{}", item.account))];
    };
    let id = match &finding.key {
        Some(key) => format!("AWS::IAM::AccessKey:{}", mask.key(key)),
        None => format!("AWS::IAM::AccessKey:{}", item.id),
    };
    let details = Some(Details { aws_iam_access_key: access_key(finding, item.resolved, mask) });
    let mut resources = vec![Resource { details, ..resource("AwsIamAccessKey", id) }];
    if let Owner::User { arn, .. } = &finding.owner
        && let Some(arn) = text(&visible(&mask.text(arn)), longest::ID)
    {
        resources.push(Resource { tags: tags(finding, mask), ..resource("AwsIamUser", arn) });
    }
    resources
}

fn access_key<'a>(finding: &'a Finding, resolved: bool, mask: &Mask<'_>) -> KeyDetails<'a> {
    KeyDetails {
        access_key_id: finding.key.as_ref().map(|key| mask.key(key)),
        account_id: finding.account.to_string(),
        principal_name: text(&visible(&mask.text(finding.owner.name())), longest::TAG)
            .unwrap_or_else(|| "(blank)".to_owned()),
        principal_type: match finding.owner {
            Owner::Root => "Root",
            Owner::User { .. } => "IAMUser",
        },
        // What a settled key is now, the title says; its status may not exist any more.
        status: (!resolved).then_some("Inactive"),
        created_at: finding.created.to_string(),
    }
}

fn tags(finding: &Finding, mask: &Mask<'_>) -> BTreeMap<String, String> {
    let shown = |value: &str| text(&visible(&mask.text(value)), longest::TAG);
    let tags = finding.tags.iter().flatten();
    tags.filter_map(|(key, value)| Some((shown(key)?, shown(value)?))).take(longest::TAGS).collect()
}
