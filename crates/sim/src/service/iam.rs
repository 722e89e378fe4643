//! AWS Identity and Access Management: what its operations take and give. What they do is in [`read`], [`write`] and
//! [`report`].

mod read;
mod report;
mod write;

use keysweep_core::call::Service;
use keysweep_core::time::Instant;

use super::{Tag, seal, unseal};
use crate::context::{CallerKind, Context, Scene};
use crate::error::{ApiError, ApiResult};
use crate::fault::Subject;
use crate::seed;
use crate::world::iam::Owner;

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
    /// `UserName`; empty for the root user, which has none.
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

impl Paging {
    /// The key after which the page begins, and how many items fit.
    fn start(&self) -> ApiResult<(Option<String>, usize)> {
        let size = match self.max_items {
            None => 100,
            Some(size @ 1..=1000) => usize::try_from(size).unwrap_or(1000),
            Some(size) => {
                let text = format!(
                    "1 validation error detected: Value '{size}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000"
                );
                return Err(ApiError::invalid(Service::Iam, text));
            }
        };
        let after = match &self.marker {
            None => None,
            Some(marker) => {
                let text = unseal(marker);
                Some(text.ok_or_else(|| ApiError::invalid(Service::Iam, "Invalid Marker."))?)
            }
        };
        Ok((after, size))
    }
}

impl Context<'_> {
    /// A page of `items`, which come in the order of their keys and begin after the marker.
    fn page<K: AsRef<str>, T>(
        &self,
        scene: &Scene<'_>,
        paging: &Paging,
        size: usize,
        items: impl Iterator<Item = (K, T)>,
    ) -> Page<T> {
        let spec = &scene.world.spec;
        let marker = paging.marker.as_deref().unwrap_or_default();
        // The same page is short each time it is asked for, whatever happens elsewhere.
        let about = [seed::account(self.caller.account), seed::text(self.action.name()), seed::text(marker)];
        let dice = seed::mix(&[spec.seed, about[0], about[1], about[2]]);
        let short = seed::happens(dice, spec.profile.short_pages);
        let size = if short { seed::rng(&[dice]).usize(1..=size) } else { size };
        let mut page = Vec::new();
        let mut last: Option<String> = None;
        for (key, item) in items {
            if page.len() == size {
                return Page { items: page, marker: last.map(|key| seal(&key)) };
            }
            last = Some(key.as_ref().to_owned());
            page.push(item);
        }
        Page { items: page, marker: None }
    }

    /// Whose keys are meant: the named user's, or the caller's own.
    fn owner(&self, user_name: Option<&str>) -> ApiResult<Owner> {
        match (user_name, &self.caller.kind) {
            (Some(name), _) => Ok(Owner::User(name.to_owned())),
            (None, CallerKind::User { name }) => Ok(Owner::User(name.clone())),
            (None, CallerKind::Root) => Ok(Owner::Root),
            (None, CallerKind::AssumedRole { .. }) => Err(ApiError::invalid(
                Service::Iam,
                "Must specify userName when calling with non-User credentials",
            )),
        }
    }

    fn about_user<'s>(&self, user: Option<&'s str>, resource: &'s str) -> Subject<'s> {
        Subject { account: self.caller.account, user, key: None, resource }
    }

    /// How AWS's refusals name a user.
    fn user_resource(&self, user: Option<&str>) -> String {
        match (user, &self.caller.kind) {
            (Some(name), _) => format!("user {name}"),
            (None, CallerKind::User { name }) => format!("user {name}"),
            _ => "*".to_owned(),
        }
    }
}

fn no_user(name: &str) -> ApiError {
    ApiError::no_such_entity(format!("The user with name {name} cannot be found."))
}

fn no_key(id: &str) -> ApiError {
    ApiError::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
