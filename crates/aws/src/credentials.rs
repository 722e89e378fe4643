//! Credentials that are not simply those of the standard chain: of a role in a member account, renewed while a scan runs,
//! and of a profile that was named on purpose.

use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_async::time::SharedTimeSource;
use keysweep_core::call::{Call, CallResult};
use tokio::sync::Mutex;

use crate::answer::Answer;
use crate::options::RoleOptions;
use crate::request::answered;

/// Credentials this close to their end are renewed before they are used.
pub(crate) const RENEW_BEFORE_END: Duration = Duration::from_mins(1);

/// A role in an account, and how to assume it.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) arn: String,
    pub(crate) options: RoleOptions,
}

impl AssumedRole {
    /// A new session of the role.
    pub(crate) async fn assume(&self) -> CallResult<Credentials> {
        let call = Call::AssumeRole;
        let seconds = self.options.duration.map(|length| i32::try_from(length.as_secs()).unwrap_or(i32::MAX));
        let request = self
            .sts
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.options.session_name)
            .set_external_id(self.options.external_id.clone())
            .set_duration_seconds(seconds)
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let given = answer.required("Credentials", output.credentials())?;
        let end = SystemTime::try_from(*given.expiration())
            .ok()
            // The SDK writes 1970 where there is none.
            .filter(|end| *end > SystemTime::UNIX_EPOCH);
        Ok(Credentials::new(
            answer.text("Credentials.AccessKeyId", Some(given.access_key_id()))?,
            answer.text("Credentials.SecretAccessKey", Some(given.secret_access_key()))?,
            Some(answer.text("Credentials.SessionToken", Some(given.session_token()))?.to_owned()),
            Some(answer.required("Credentials.Expiration", end)?),
            "AssumeRole",
        ))
    }
}

/// The credentials of an entered account: those that entering it gave and then, whenever they are about to end, new ones.
#[derive(Debug)]
pub(crate) struct RoleCredentials {
    role: AssumedRole,
    held: Mutex<Credentials>,
    time: SharedTimeSource,
}

impl RoleCredentials {
    pub(crate) fn new(role: AssumedRole, first: Credentials, time: SharedTimeSource) -> Self {
        Self { role, held: Mutex::new(first), time }
    }

    /// A renewal that fails keeps its [`CallError`](keysweep_core::call::CallError) as the source, for `call_error` to
    /// find.
    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        let usable_until = self.time.now() + RENEW_BEFORE_END;
        if held.expiry().is_none_or(|end| end <= usable_until) {
            *held = self.role.assume().await.map_err(CredentialsError::provider_error)?;
        }
        Ok(held.clone())
    }
}

impl ProvideCredentials for RoleCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// A profile that gives no credentials.
#[derive(Debug, thiserror::Error)]
#[error("the profile {name:?} is not in ~/.aws/config and ~/.aws/credentials, or names no credentials")]
pub(crate) struct EmptyProfile {
    name: String,
}

/// The credentials of one profile. The SDK says only that there are none; this names the profile.
#[derive(Debug)]
pub(crate) struct NamedProfile {
    name: String,
    provider: ProfileFileCredentialsProvider,
}

impl NamedProfile {
    pub(crate) fn new(name: &str, sources: &ProviderConfig) -> Self {
        let provider =
            ProfileFileCredentialsProvider::builder().configure(sources).profile_name(name).build();
        Self { name: name.to_owned(), provider }
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        self.provider.provide_credentials().await.map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                CredentialsError::not_loaded(EmptyProfile { name: self.name.clone() })
            }
            other => other,
        })
    }
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}
