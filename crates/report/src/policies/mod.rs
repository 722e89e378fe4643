//! Least-privilege policies as files: JSON documents, CloudFormation templates and a Terraform module, all written from
//! the grants of [`keysweep_core::permissions`], and a check that reads what was written back against the call table.
//!
//! Pure text; whoever calls it decides where the files go.

mod check;
mod cloudformation;
mod json;
mod terraform;

use std::fmt::Write as _;

use keysweep_core::account::{AccountId, Partition};
use keysweep_core::call::Resource;
use keysweep_core::delivery::BucketPrefix;
use keysweep_core::permissions::Grant;

pub use check::{Allowed, NotExact, check};

/// What stands for the role that cleans up: the scan's role with this behind its name.
pub const CLEAN_UP_SUFFIX: &str = "-clean-up";

/// The names that policies are written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The partition of ARNs in JSON; templates and modules find it out where they are deployed.
    pub partition: Partition,
    /// The role that scans, in each account.
    pub role_name: String,
    /// Its path, with a slash at both ends.
    pub role_path: String,
    /// The account that keysweep runs in, which the roles trust.
    pub trusted_account: Option<AccountId>,
    /// The external id that the roles ask for.
    pub external_id: Option<String>,
    /// Whether findings go to Security Hub.
    pub security_hub: bool,
    /// The bucket that reports go to.
    pub bucket: Option<BucketPrefix>,
}

/// As what the policies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFormat {
    /// Policy documents.
    Json,
    /// A template for a StackSet, and one for the account that keysweep runs in.
    CloudFormation,
    /// A Terraform module for each account, and one for the account that keysweep runs in.
    Terraform,
}

impl PolicyFormat {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Json, Self::CloudFormation, Self::Terraform];
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its path below the directory that is written to, with `/` between folders.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The files of `format`.
pub fn files(names: &Names, format: PolicyFormat) -> Vec<PolicyFile> {
    match format {
        PolicyFormat::Json => json::files(names),
        PolicyFormat::CloudFormation => cloudformation::files(names),
        PolicyFormat::Terraform => terraform::files(names),
    }
}

/// The files of `format` as one text: for JSON one object with a document for each name, otherwise the files one after
/// the other, each under a comment with its path.
pub fn text(names: &Names, format: PolicyFormat) -> String {
    if format == PolicyFormat::Json {
        return json::all(names);
    }
    let mut text = String::new();
    for file in files(names, format) {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{separator}# ==== {} ====\n{}", file.path, file.text);
    }
    text
}

/// The policy document of a grant, as it stands in README and docs.
pub fn document(names: &Names, grant: Grant) -> String {
    json::document(names, grant)
}

/// The trust policy of the roles; `None` where no account is named that they could trust.
pub fn trust(names: &Names) -> Option<String> {
    json::trust(names)
}

impl Names {
    /// The grants that are written: those for deliveries only where something is delivered.
    pub(crate) fn grants(&self) -> impl Iterator<Item = Grant> {
        Grant::ALL.iter().copied().filter(|grant| match grant {
            Grant::Delivery => self.security_hub,
            Grant::DeliveryToBucket => self.bucket.is_some(),
            _ => true,
        })
    }

    /// The objects that reports are written to, as an ARN names them.
    pub(crate) fn objects(&self) -> String {
        self.bucket.as_ref().map(BucketPrefix::objects).unwrap_or_default()
    }

    /// The ARN that a grant's statement names, with `*` for the account: an identity's policy never reaches beyond its own.
    pub(crate) fn arn(&self, grant: Grant, resource: Resource) -> String {
        let partition = self.partition;
        match resource {
            Resource::Any => "*".to_owned(),
            Resource::Users => format!("arn:{partition}:iam::*:user/*"),
            Resource::MemberRole => {
                format!("arn:{partition}:iam::*:role{}{}", self.role_path, self.role_of(grant))
            }
            Resource::OwnProduct => format!("arn:{partition}:securityhub:*:*:product/*/default"),
            Resource::Reports => format!("arn:{partition}:s3:::{}", self.objects()),
        }
    }

    /// The role that a grant enters accounts with.
    fn role_of(&self, grant: Grant) -> String {
        let suffix = if grant == Grant::CleanUpEntry { CLEAN_UP_SUFFIX } else { "" };
        format!("{}{suffix}", self.role_name)
    }
}

/// A JSON string, which is a YAML one too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
