//! AWS Security Token Service: who the caller is, and the way into other accounts.

use keysweep_core::account::AccountId;
use keysweep_core::time::Instant;

use crate::context::Context;
use crate::error::ApiResult;

/// Answer of `GetCallerIdentity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetCallerIdentityOutput {
    /// `UserId`.
    pub user_id: String,
    /// `Account`.
    pub account: AccountId,
    /// `Arn`.
    pub arn: String,
}

/// Parameters of `AssumeRole`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRoleInput {
    /// `RoleArn`.
    pub role_arn: String,
    /// `RoleSessionName`.
    pub role_session_name: String,
    /// `DurationSeconds`: 900 to 43200, 3600 where it is missing.
    pub duration_seconds: Option<i64>,
    /// `ExternalId`.
    pub external_id: Option<String>,
}

/// Answer of `AssumeRole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleOutput {
    /// `Credentials`.
    pub credentials: Credentials,
    /// `AssumedRoleUser`.
    pub assumed_role_user: AssumedRoleUser,
}

/// Credentials of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `AccessKeyId`: `ASIA…`.
    pub access_key_id: String,
    /// `SecretAccessKey`.
    pub secret_access_key: String,
    /// `SessionToken`.
    pub session_token: String,
    /// `Expiration`.
    pub expiration: Instant,
}

/// The session as a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRoleUser {
    /// `AssumedRoleId`: `AROA…:session`.
    pub assumed_role_id: String,
    /// `Arn`.
    pub arn: String,
}

impl Context<'_> {
    /// `GetCallerIdentity`. Needs no permission.
    pub fn get_caller_identity(&self) -> ApiResult<GetCallerIdentityOutput> {
        Err(self.unfinished())
    }

    /// `AssumeRole`.
    pub fn assume_role(&self, input: &AssumeRoleInput) -> ApiResult<AssumeRoleOutput> {
        let _ = input;
        Err(self.unfinished())
    }
}
