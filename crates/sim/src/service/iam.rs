//! AWS Identity and Access Management: what its operations take and give. What they do is in [`read`], [`write`] and
//! [`report`].

mod read;
mod report;
mod write;

use keysweep_core::time::Instant;

use super::Tag;

/// `Marker` and `MaxItems` of a listing, 1 to 1000 items a page, 100 where it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// `Marker` of the page before.
    pub marker: Option<String>,
    /// `MaxItems`.
    pub max_items: Option<i64>,
}

/// One page of a listing. AWS writes `IsTruncated` as whether there is a `Marker`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, perhaps fewer than asked for although more follow.
    pub items: Vec<T>,
    /// `Marker` for the next page; `IsTruncated` is true where there is one.
    pub marker: Option<String>,
}

/// `User`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `Path`.
    pub path: String,
    /// `UserName`.
    pub user_name: String,
    /// `UserId`: `AIDA…`, or the account id for the root user.
    pub user_id: String,
    /// `Arn`.
    pub arn: String,
    /// `CreateDate`.
    pub create_date: Instant,
    /// `PasswordLastUsed`.
    pub password_last_used: Option<Instant>,
    /// `Tags`: given by `GetUser` and `CreateUser`; empty in `ListUsers`, as AWS has it.
    pub tags: Vec<Tag>,
}

/// `AccessKeyMetadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyMetadata {
    /// `UserName`; `None` for the root user's keys.
    pub user_name: Option<String>,
    /// `AccessKeyId`.
    pub access_key_id: String,
    /// `Status`.
    pub status: String,
    /// `CreateDate`.
    pub create_date: Instant,
}

/// `AccessKey`: the answer of `CreateAccessKey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `UserName`.
    pub user_name: String,
    /// `AccessKeyId`.
    pub access_key_id: String,
    /// `Status`.
    pub status: String,
    /// `SecretAccessKey`.
    pub secret_access_key: String,
    /// `CreateDate`.
    pub create_date: Instant,
}

/// Answer of `GetAccessKeyLastUsed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetAccessKeyLastUsedOutput {
    /// `UserName`; `None` for a key of the root user.
    pub user_name: Option<String>,
    /// `LastUsedDate`; `None` where no use is recorded.
    pub last_used_date: Option<Instant>,
    /// `ServiceName`, `N/A` where no use is recorded.
    pub service_name: String,
    /// `Region`, `N/A` where no use is recorded.
    pub region: String,
}

/// `ReportStateType`, with AWS's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateCredentialReportOutput {
    /// `State`: `STARTED`, `INPROGRESS` or `COMPLETE`.
    pub state: &'static str,
    /// `Description`.
    pub description: Option<&'static str>,
}

/// Answer of `GetCredentialReport`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetCredentialReportOutput {
    /// `Content`: the CSV itself; the wire encodes it in Base64.
    pub content: Vec<u8>,
    /// `ReportFormat`: `text/csv`.
    pub report_format: &'static str,
    /// `GeneratedTime`.
    pub generated_time: Instant,
}

/// `UserDetail` of `GetAccountAuthorizationDetails`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetail {
    /// `Path`.
    pub path: String,
    /// `UserName`.
    pub user_name: String,
    /// `UserId`.
    pub user_id: String,
    /// `Arn`.
    pub arn: String,
    /// `CreateDate`.
    pub create_date: Instant,
    /// `GroupList`: names of groups.
    pub group_list: Vec<String>,
    /// `AttachedManagedPolicies`.
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// `Tags`.
    pub tags: Vec<Tag>,
}

/// `AttachedPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// `PolicyName`.
    pub policy_name: String,
    /// `PolicyArn`.
    pub policy_arn: String,
}
