//! AWS accounts: their ids, their place in an organization, and the partition they live in.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A 12-digit AWS account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

/// Why a text is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an AWS account id: twelve digits, such as 111122223333")]
pub struct NotAnAccountId {
    text: String,
}

impl AccountId {
    /// The account id with this number; `None` above 999999999999.
    pub const fn from_number(number: u64) -> Option<Self> {
        if number < 1_000_000_000_000 { Some(Self(number)) } else { None }
    }

    /// The number that its twelve digits write.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, NotAnAccountId> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| digits)
            .and_then(Self::from_number)
            .ok_or_else(|| NotAnAccountId { text: text.to_owned() })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

/// A partition of AWS. IAM is global within one; its CloudTrail events lie in the partition's lead region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// Commercial AWS.
    #[default]
    Aws,
    /// AWS GovCloud (US).
    AwsUsGov,
    /// AWS China.
    AwsCn,
}

impl Partition {
    /// The partition's name as it stands in ARNs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsCn => "aws-cn",
        }
    }

    /// The partition that an ARN names; `None` for one that is not known here.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let id = arn.strip_prefix("arn:")?.split(':').next()?;
        [Self::Aws, Self::AwsUsGov, Self::AwsCn].into_iter().find(|partition| partition.id() == id)
    }

    /// The region whose CloudTrail event history holds the partition's IAM events.
    pub const fn lead_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsCn => "cn-north-1",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The state of an account in its organization (`State` of Organizations' `Account`; where it is missing, `Status`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// Being created; cannot be entered yet.
    PendingActivation,
    /// In use.
    Active,
    /// Suspended by AWS or being closed; its credentials do not work.
    Suspended,
    /// The owner asked to close it.
    PendingClosure,
    /// Closed.
    Closed,
    /// A state that this version does not know, as AWS wrote it.
    Other(String),
}

impl AccountState {
    /// The state that AWS wrote.
    pub fn from_api(text: &str) -> Self {
        match text {
            "PENDING_ACTIVATION" => Self::PendingActivation,
            "ACTIVE" => Self::Active,
            "SUSPENDED" => Self::Suspended,
            "PENDING_CLOSURE" => Self::PendingClosure,
            "CLOSED" => Self::Closed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The state as AWS writes it.
    pub fn as_api(&self) -> &str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
            Self::Other(text) => text,
        }
    }
}

/// Tags of an account or of a user, by key.
pub type Tags = BTreeMap<String, String>;

/// One organizational unit on the way from the root to an account. The root itself is the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationalUnit {
    /// `r-…` for the root, `ou-…` below it.
    pub id: String,
    /// Its name: `Root` for the root.
    pub name: String,
}

/// An account and what its organization says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name in the organization, or its alias; `None` where neither is known.
    pub name: Option<String>,
    /// Its state in the organization; `None` for an account that is assessed alone.
    pub state: Option<AccountState>,
    /// The way from the organization's root to the account; `None` where it was not asked or not answered.
    pub path: Option<Vec<OrganizationalUnit>>,
    /// Its tags in the organization; `None` where they were not asked.
    pub tags: Option<Tags>,
}

impl Account {
    /// An account of which only the id is known.
    pub fn alone(id: AccountId) -> Self {
        Self { id, name: None, state: None, path: None, tags: None }
    }

    /// The names on the way from the root, without the root: `Workloads/Production`; `None` where it is not known.
    pub fn ou_path(&self) -> Option<String> {
        let names: Vec<&str> = self.path.as_ref()?.iter().skip(1).map(|unit| unit.name.as_str()).collect();
        Some(names.join("/"))
    }
}

/// An organization (`DescribeOrganization`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The management account.
    pub management_account: AccountId,
}

/// Who makes the calls (`GetCallerIdentity`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account that the credentials belong to.
    pub account: AccountId,
    /// The ARN of the user or the assumed role.
    pub arn: String,
    /// The partition that the ARN names.
    pub partition: Partition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_digits() {
        assert_eq!("000000000042".parse::<AccountId>().unwrap().to_string(), "000000000042");
        for text in ["", "42", "1234567890123", "12345678901a", "+12345678901", " 12345678901"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }

    #[test]
    fn partitions_are_read_from_arns() {
        assert_eq!(Partition::of_arn("arn:aws-cn:iam::111122223333:root"), Some(Partition::AwsCn));
        assert_eq!(Partition::of_arn("arn:aws-iso:iam::111122223333:root"), None);
        assert_eq!(Partition::of_arn("nonsense"), None);
    }
}
