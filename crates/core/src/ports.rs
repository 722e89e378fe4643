//! The outside world as traits, one call each: paging, pacing and retries of throttled calls belong to whoever calls
//! them. Implemented by `keysweep-aws` for AWS and by `keysweep-sim` for the simulated AWS.

use std::future::Future;
use std::time::Duration;

use crate::account::{
    Account, AccountId, AccountState, CallerIdentity, Organization, OrganizationalUnit, Tags,
};
use crate::approval::Approval;
use crate::archive::{Imported, KeyQuery, KnownKey, ScanRecord};
use crate::assessment::{AccountAssessment, Assessment};
use crate::call::CallResult;
use crate::delivery::{Imported as ImportedFindings, Post, PostError};
use crate::exemption::{Exemption, Exemptions};
use crate::journal::{Appended, Event, KeyRecord, Lease, Leasing, Sealed};
use crate::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, User, UserName};
use crate::memory::{Begun, Remembered, Seen};
use crate::plan::digest::Digest;
use crate::time::Instant;

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What it holds. It may be empty and yet not the last.
    pub items: Vec<T>,
    /// What to ask the next page with; `None` on the last page.
    pub next: Option<String>,
}

/// The time. Wall-clock time dates evidence; elapsed time paces calls, and never runs backwards.
pub trait Clock: Send + Sync {
    /// The current second in UTC.
    fn now(&self) -> Instant;

    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, length: Duration) -> impl Future<Output = ()> + Send;
}

/// An account of the organization as Organizations lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// `Id`.
    pub id: AccountId,
    /// `Name`.
    pub name: Option<String>,
    /// `State`; where it is missing, `Status`.
    pub state: AccountState,
}

/// AWS Organizations.
pub trait Directory: Send + Sync {
    /// `DescribeOrganization`.
    fn describe_organization(&self) -> impl Future<Output = CallResult<Organization>> + Send;

    /// `ListAccounts`: a page of at most 20, perhaps empty.
    fn list_accounts(
        &self,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<ListedAccount>>> + Send;

    /// `ListRoots`.
    fn list_roots(
        &self,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<OrganizationalUnit>>> + Send;

    /// `ListOrganizationalUnitsForParent`.
    fn list_organizational_units_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<OrganizationalUnit>>> + Send;

    /// `ListAccountsForParent`.
    fn list_accounts_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<ListedAccount>>> + Send;

    /// `ListTagsForResource`.
    fn list_tags_for_resource(
        &self,
        account: AccountId,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<(String, String)>>> + Send;
}

/// The way into accounts.
pub trait Accounts: Send + Sync {
    /// An account that was entered.
    type Entered: Inventory + StatusHistory + 'static;

    /// `GetCallerIdentity`.
    fn get_caller_identity(&self) -> impl Future<Output = CallResult<CallerIdentity>> + Send;

    /// The caller's own account, with the caller's own credentials. No call is made.
    fn own(&self) -> Self::Entered;

    /// `AssumeRole` into a member account.
    fn enter(&self, account: AccountId) -> impl Future<Output = CallResult<Self::Entered>> + Send;
}

/// What time it is at AWS, as far as its answers tell.
pub trait ServerTime: Send + Sync {
    /// The `Date` of the last answer of STS, which may have been a refusal; `None` where there was no answer, or it had none.
    fn server_time(&self) -> Option<Instant>;
}

/// How far a credential report is (`GenerateCredentialReport`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It was just begun.
    Started,
    /// It is being made.
    InProgress,
    /// It can be fetched.
    Complete,
}

/// A credential report as AWS sent it (`GetCredentialReport`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawReport {
    /// The CSV, decoded from Base64.
    pub content: Vec<u8>,
    /// `GeneratedTime`.
    pub generated_at: Instant,
}

/// A user and its tags (`UserDetailList` of `GetAccountAuthorizationDetails`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetail {
    /// The user's name.
    pub name: UserName,
    /// `AIDA…`.
    pub id: String,
    /// The user's tags.
    pub tags: Tags,
}

/// The counts that keysweep needs of `GetAccountSummary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// `Users`; `None` where it is missing.
    pub users: Option<u64>,
    /// `AccountAccessKeysPresent`: whether the root user has access keys; `None` where it is missing.
    pub root_access_keys: Option<u64>,
}

/// What IAM knows of one account.
pub trait Inventory: Send + Sync {
    /// `GenerateCredentialReport`.
    fn generate_credential_report(&self) -> impl Future<Output = CallResult<ReportState>> + Send;

    /// `GetCredentialReport`.
    fn get_credential_report(&self) -> impl Future<Output = CallResult<RawReport>> + Send;

    /// `ListUsers`, 1000 a page.
    fn list_users(&self, marker: Option<&str>) -> impl Future<Output = CallResult<Page<User>>> + Send;

    /// `ListAccessKeys` of one user.
    fn list_access_keys(
        &self,
        user: &UserName,
        marker: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<AccessKey>>> + Send;

    /// `GetAccessKeyLastUsed`. Never answers [`LastUsed::NotRead`].
    fn get_access_key_last_used(
        &self,
        key: &AccessKeyId,
    ) -> impl Future<Output = CallResult<LastUsed>> + Send;

    /// `ListUserTags`.
    fn list_user_tags(
        &self,
        user: &UserName,
        marker: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<(String, String)>>> + Send;

    /// `GetAccountAuthorizationDetails` of users only, 1000 a page.
    fn get_account_authorization_details(
        &self,
        marker: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<UserDetail>>> + Send;

    /// `GetAccountSummary`.
    fn get_account_summary(&self) -> impl Future<Output = CallResult<AccountSummary>> + Send;
}

/// One event as `LookupEvents` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// `EventId` of the envelope.
    pub id: Option<String>,
    /// `CloudTrailEvent`: the record itself, a JSON text.
    pub record: Option<String>,
}

/// The account's CloudTrail event history in the partition's lead region.
pub trait StatusHistory: Send + Sync {
    /// `LookupEvents` with `EventName=UpdateAccessKey` from `from` to `to`, 50 a page, newest first.
    fn lookup_events(
        &self,
        from: Instant,
        to: Instant,
        token: Option<&str>,
    ) -> impl Future<Output = CallResult<Page<RawEvent>>> + Send;
}

/// What keeps assessments, and what they saw. Everything kept is appended; nothing about a key is ever overwritten.
///
/// One scan is `begin`, then `keep` for each account as it is finished, then `finish`. What `keep` returned from is
/// durable: a scan that dies afterwards leaves the accounts it kept, and is never taken for a whole one.
pub trait Store: Send + Sync {
    /// Why it could not.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What is known of an account.
    fn recall(&self, account: AccountId) -> impl Future<Output = Result<Remembered, Self::Error>> + Send;

    /// Notes that a scan began.
    fn begin(&self, scan: &Begun) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Keeps the result for one account under the id of its scan, with all that was seen, as a whole or not at all.
    fn keep(
        &self,
        scan: &str,
        result: &AccountAssessment,
        seen: &Seen,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Notes that the scan ended, with what concerns no single account. Accounts that were not kept yet, such as those
    /// that were skipped, are kept with it.
    fn finish(&self, assessment: &Assessment) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a store tells of the past to those who ask for it, and how it learns what no scan saw.
pub trait Archive: Store {
    /// Every scan, newest first; those that never finished, or are still running, too. Those that began in the same second are in
    /// the order of their ids.
    fn scans(&self) -> impl Future<Output = Result<Vec<ScanRecord>, Self::Error>> + Send;

    /// The whole assessment with this id, equal to the one that [`Store::finish`] was given; its accounts are in the order
    /// of their ids. `None` where there is no such scan, or it did not finish.
    fn assessment(&self, id: &str) -> impl Future<Output = Result<Option<Assessment>, Self::Error>> + Send;

    /// The result for one account of a scan, finished or not. `None` where that scan kept none.
    fn account_result(
        &self,
        scan: &str,
        account: AccountId,
    ) -> impl Future<Output = Result<Option<AccountAssessment>, Self::Error>> + Send;

    /// The scans that kept a result for this account, newest first, by id.
    fn scans_of(&self, account: AccountId) -> impl Future<Output = Result<Vec<String>, Self::Error>> + Send;

    /// Users' keys, by account and id.
    fn find_keys(&self, query: &KeyQuery) -> impl Future<Output = Result<Vec<KnownKey>, Self::Error>> + Send;

    /// The accounts that a scan kept a result for, in the order of their ids.
    fn accounts_of(&self, scan: &str) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send;

    /// Adds evidence of one account that came from elsewhere than a scan, as a whole or not at all; how many of its status
    /// changes were not known before. Adding the same again changes nothing.
    fn import(
        &self,
        account: AccountId,
        imported: &Imported,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// A user as IAM knows it at the moment (`GetUser`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserNow {
    /// The user.
    pub user: User,
    /// Its tags.
    pub tags: Tags,
}

/// What the clean-up and the deactivation do in an account, and what they ask of single users before.
pub trait KeyControl: Send + Sync {
    /// `GetUser`.
    fn get_user(&self, user: &UserName) -> impl Future<Output = CallResult<UserNow>> + Send;

    /// `UpdateAccessKey`; gives AWS's request id. Sent at most once: who repeats it looks at the key again before.
    fn update_access_key(
        &self,
        user: &UserName,
        key: &AccessKeyId,
        status: KeyStatus,
    ) -> impl Future<Output = CallResult<Option<String>>> + Send;

    /// `DeleteAccessKey`; gives AWS's request id. Sent at most once: who repeats it looks at the key again before.
    fn delete_access_key(
        &self,
        user: &UserName,
        key: &AccessKeyId,
    ) -> impl Future<Output = CallResult<Option<String>>> + Send;
}

/// Where the runs of plans are journalled. What a method returned from is durable: it survives the end of the process and the
/// loss of power. Plans are told apart by their digests.
pub trait Journal: Send + Sync {
    /// Why it could not.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Takes the right to apply a plan until `until`, unless somebody else has it at `now`, of this plan or of another: two plans
    /// may hold the same key. Its number is one more than that of the plan's last lease. No other lease of the journal is in force
    /// from then on, also where it ended without being given back.
    fn lease(
        &self,
        plan: Digest,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> impl Future<Output = Result<Leasing, Self::Error>> + Send;

    /// Extends a lease; `None` where it is no longer in force.
    fn extend(
        &self,
        lease: &Lease,
        until: Instant,
    ) -> impl Future<Output = Result<Option<Lease>, Self::Error>> + Send;

    /// Whether nobody has taken over since the lease was given.
    fn is_in_force(&self, lease: &Lease) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Gives a lease back, so that the next need not wait for its end.
    fn release(&self, lease: &Lease) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Appends an event, if [`crate::journal::Ledger`] lets it follow, and if the lease that it needs is in force.
    fn append(
        &self,
        plan: Digest,
        event: Event,
    ) -> impl Future<Output = Result<Appended, Self::Error>> + Send;

    /// What was journalled of one key.
    fn record(
        &self,
        plan: Digest,
        account: AccountId,
        key: &AccessKeyId,
    ) -> impl Future<Output = Result<KeyRecord, Self::Error>> + Send;

    /// Every event of a plan's run, in order. They are as they are kept: whether they are whole, replaying them tells. An error where
    /// the last ones that were appended are gone.
    fn events(&self, plan: Digest) -> impl Future<Output = Result<Vec<Sealed>, Self::Error>> + Send;

    /// The plans that anything was journalled of, by digest.
    fn runs(&self) -> impl Future<Output = Result<Vec<Digest>, Self::Error>> + Send;
}

/// A plan as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPlan {
    /// Its digest.
    pub digest: Digest,
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made_at: Instant,
    /// Its file.
    pub text: String,
}

/// What people agreed on: plans, approvals and exemptions. Everything kept is appended, but for exemptions, which can be
/// removed.
pub trait Agreements: Send + Sync {
    /// Why it could not.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Keeps a plan. Keeping the same again changes nothing; an error where another is kept under its digest, for then nobody could
    /// tell later what was agreed to.
    fn keep_plan(&self, plan: &KeptPlan) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Every plan, newest first.
    fn plans(&self) -> impl Future<Output = Result<Vec<KeptPlan>, Self::Error>> + Send;

    /// Notes that a plan that is kept was published at `at`, unless it is noted already.
    fn publish(&self, plan: Digest, at: Instant) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Every plan that was published, and when.
    fn published(&self) -> impl Future<Output = Result<Vec<(Instant, KeptPlan)>, Self::Error>> + Send;

    /// Keeps an approval.
    fn approve(&self, approval: &Approval) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Every approval of a plan, oldest first.
    fn approvals(&self, plan: Digest) -> impl Future<Output = Result<Vec<Approval>, Self::Error>> + Send;

    /// Keeps an exemption; false where there is one with its id.
    fn exempt(&self, exemption: &Exemption) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Removes an exemption; false where there is none with this id.
    fn remove_exemption(&self, id: &str) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Every exemption, expired ones too, by id.
    fn kept_exemptions(&self) -> impl Future<Output = Result<Vec<Exemption>, Self::Error>> + Send;
}

/// Where the exemptions of the moment come from. They are asked for again before each delete.
pub trait ExemptionSource: Send + Sync {
    /// Why they could not be read. Then nothing is deleted.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The exemptions of the moment.
    fn exemptions(&self) -> impl Future<Output = Result<Exemptions, Self::Error>> + Send;
}

/// AWS Security Hub of one account.
pub trait FindingImport: Send + Sync {
    /// `BatchImportFindings`: a request as JSON, of at most 100 findings of the account. Findings that it has are updated, so
    /// that a request may be sent again.
    fn batch_import_findings(
        &self,
        request: &[u8],
    ) -> impl Future<Output = CallResult<ImportedFindings>> + Send;
}

/// The way to the Security Hub of each account.
pub trait SecurityHubs: Send + Sync {
    /// Security Hub of an account that was entered.
    type Hub: FindingImport;

    /// That of the caller's own account, with the caller's own credentials. No call is made.
    fn own_hub(&self) -> Self::Hub;

    /// That of a member account, by `AssumeRole`.
    fn enter_hub(&self, account: AccountId) -> impl Future<Output = CallResult<Self::Hub>> + Send;
}

/// Amazon S3.
pub trait Buckets: Send + Sync {
    /// `PutObject`, in place of what had the key.
    fn put_object(
        &self,
        bucket: &str,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> impl Future<Output = CallResult<()>> + Send;
}

/// Web hooks.
pub trait WebHooks: Send + Sync {
    /// One signed `POST`. An answer of 2xx is success; a redirect is not followed, and none.
    fn post(&self, post: Post<'_>) -> impl Future<Output = Result<(), PostError>> + Send;
}

/// The account that a directory entry describes, before its path and tags are known.
impl From<ListedAccount> for Account {
    fn from(listed: ListedAccount) -> Self {
        Self { id: listed.id, name: listed.name, state: Some(listed.state), path: None, tags: None }
    }
}
