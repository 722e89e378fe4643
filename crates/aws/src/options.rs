//! What a session is made from: values that the command line, the configuration file or a test gives.

use std::fmt;
use std::time::Duration;

use keysweep_core::account::{AccountId, Partition};

/// How to reach AWS, and as whom. Whatever is `None` comes from where every AWS tool takes it.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The profile of `~/.aws/config`; it then is the only source of credentials. Without it: the environment,
    /// `AWS_PROFILE` or `default`, web identity, ECS, EC2.
    pub profile: Option<String>,
    /// The region; otherwise that of the environment, of the profile or of the EC2 instance; otherwise the lead region
    /// of commercial AWS.
    pub region: Option<String>,
    /// How member accounts are entered.
    pub role: RoleOptions,
    /// Where all services are called instead of at AWS, such as a simulated AWS; proxies are then not used. Otherwise
    /// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` and the profile decide.
    pub endpoint_url: Option<String>,
    /// Credentials to use instead of the standard chain.
    pub credentials: Option<StaticCredentials>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the whole answer of an attempt once it is connected. An attempt that takes longer is
    /// repeated once.
    pub read_timeout: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            role: RoleOptions::default(),
            endpoint_url: None,
            credentials: None,
            connect_timeout: Duration::from_secs(5),
            // IAM answers in well under a second; a page of 1000 users with their policies can take several.
            read_timeout: Duration::from_secs(30),
        }
    }
}

/// The role that is assumed in member accounts (`AssumeRole`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleOptions {
    /// Its name.
    pub role_name: String,
    /// Its path, such as `/security/`; slashes at the ends may be left out.
    pub role_path: Option<String>,
    /// `ExternalId`, where the role's trust policy asks for one.
    pub external_id: Option<String>,
    /// `RoleSessionName`: it names keysweep in the member's CloudTrail.
    pub session_name: String,
    /// `DurationSeconds`, in whole seconds; AWS's default is one hour. Credentials are renewed while a scan runs.
    pub duration: Option<Duration>,
}

impl Default for RoleOptions {
    fn default() -> Self {
        Self {
            role_name: "OrganizationAccountAccessRole".to_owned(),
            role_path: None,
            external_id: None,
            session_name: "keysweep".to_owned(),
            duration: None,
        }
    }
}

impl RoleOptions {
    /// The role's ARN in an account.
    pub(crate) fn arn(&self, partition: Partition, account: AccountId) -> String {
        let path = self.role_path.as_deref().unwrap_or_default().trim_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        format!("arn:{partition}:iam::{account}:role/{path}{slash}{}", self.role_name)
    }
}

/// A given access key, with its session token where it is a temporary one. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticCredentials {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_have_partition_account_and_path() {
        let account = "000000000042".parse().unwrap();
        let mut role = RoleOptions::default();
        assert_eq!(
            role.arn(Partition::Aws, account),
            "arn:aws:iam::000000000042:role/OrganizationAccountAccessRole"
        );
        role.role_name = "scan".to_owned();
        for path in ["security/audit", "/security/audit/"] {
            role.role_path = Some(path.to_owned());
            assert_eq!(
                role.arn(Partition::AwsCn, account),
                "arn:aws-cn:iam::000000000042:role/security/audit/scan"
            );
        }
        role.role_path = Some("/".to_owned());
        assert_eq!(role.arn(Partition::AwsUsGov, account), "arn:aws-us-gov:iam::000000000042:role/scan");
    }

    #[test]
    fn given_secrets_are_not_shown() {
        let given = StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "verysecret".to_owned(),
            session_token: Some("alsosecret".to_owned()),
        };
        let options = SessionOptions { credentials: Some(given), ..SessionOptions::default() };
        assert!(!format!("{options:?}").contains("secret\""));
    }
}
