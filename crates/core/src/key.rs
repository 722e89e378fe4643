//! Access keys and their owners.

use std::fmt;
use std::str::FromStr;

use crate::time::Instant;

/// The id of an access key (`AKIA…`). Not a secret by itself, yet masked on request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(Box<str>);

/// Why a text is not an access key id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an access key id: 16 to 128 letters, digits or underscores, such as AKIAIOSFODNN7EXAMPLE"
)]
pub struct NotAnAccessKeyId {
    text: String,
}

impl AccessKeyId {
    /// The id as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id with all but its first and last four characters replaced by `*`.
    pub fn masked(&self) -> String {
        let (head, tail) = (&self.0[..4], &self.0[self.0.len() - 4..]);
        format!("{head}{}{tail}", "*".repeat(self.0.len() - 8))
    }
}

impl FromStr for AccessKeyId {
    type Err = NotAnAccessKeyId;

    /// Accepts what IAM's `accessKeyIdType` accepts, in ASCII.
    fn from_str(text: &str) -> Result<Self, NotAnAccessKeyId> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (16..=128).contains(&text.len()) && text.bytes().all(word) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnAccessKeyId { text: text.to_owned() })
        }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an IAM user, unique in its account at one time. It may be given to another user later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Box<str>);

/// Why a text is not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an empty text is not an IAM user name")]
pub struct NotAUserName;

impl UserName {
    /// The name as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = NotAUserName;

    /// Accepts any text but the empty one: what AWS accepts is AWS's to decide.
    fn from_str(text: &str) -> Result<Self, NotAUserName> {
        if text.is_empty() { Err(NotAUserName) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Active or Inactive: the two states that a status change can set, and that the inference reasons about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyStatus {
    /// The key can sign calls.
    Active,
    /// The key is refused, and one `UpdateAccessKey` turns it on again.
    Inactive,
}

impl KeyStatus {
    /// The status as AWS writes it.
    pub const fn as_api(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// A key's status as `ListAccessKeys` gives it (`statusType`). What is neither Active nor Inactive is never treated as
/// either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListedStatus {
    /// `Active` or `Inactive`.
    Known(KeyStatus),
    /// `Expired`, in the API's enum since 2025, or a word that this version does not know.
    Other(String),
}

impl ListedStatus {
    /// The status that AWS wrote.
    pub fn from_api(text: &str) -> Self {
        match text {
            "Active" => Self::Known(KeyStatus::Active),
            "Inactive" => Self::Known(KeyStatus::Inactive),
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One row of `ListAccessKeys` (`AccessKeyMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Its status at the time of the call.
    pub status: ListedStatus,
    /// `CreateDate`.
    pub created: Instant,
}

/// One row of `ListUsers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name now.
    pub name: UserName,
    /// `AIDA…`: never given to another user.
    pub id: String,
    /// Its ARN, with its path.
    pub arn: String,
    /// `CreateDate`: to the second, the `user_creation_time` of the credential report.
    pub created: Instant,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The account's root user.
    Root,
    /// An IAM user, by its name and ARN at the time of the assessment.
    User {
        /// Its name.
        name: UserName,
        /// Its ARN.
        arn: String,
    },
}

impl Owner {
    /// The user's name, or `<root_account>` as the credential report writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Root => "<root_account>",
            Self::User { name, .. } => name.as_str(),
        }
    }
}

/// When a key was last used (`GetAccessKeyLastUsed`, or `last_used_*` of the credential report). AWS counts refused
/// attempts too and lags behind, so this never proves a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastUsed {
    /// No use since AWS began to record it on 2015-04-22.
    NotRecorded,
    /// The last recorded use.
    At {
        /// When.
        at: Instant,
        /// The service that was called, such as `s3`; `None` where AWS wrote `N/A`.
        service: Option<String>,
        /// The region that was called; `None` where AWS wrote `N/A`.
        region: Option<String>,
    },
    /// It could not be read, or the report's row does not tell which of the user's keys it speaks of.
    NotRead,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_ids_keep_four_characters_at_both_ends() {
        let id: AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        assert_eq!(id.masked(), "AKIA************MPLE");
    }

    #[test]
    fn key_ids_are_checked() {
        for text in ["", "AKIA", "AKIAIOSFODNN7EXAMPL\u{e9}", "AKIAIOSFODNN7 XAMPLE", "=AKIAIOSFODNN7EXAMPLE"]
        {
            assert!(text.parse::<AccessKeyId>().is_err(), "{text}");
        }
    }

    #[test]
    fn expired_is_neither_active_nor_inactive() {
        assert_eq!(ListedStatus::from_api("Expired"), ListedStatus::Other("Expired".into()));
    }
}
