//! The table of every AWS operation that keysweep can call. Pacing, permissions and documentation come from it; an
//! operation that is not a row here is not called.

use std::fmt;

/// An AWS service that keysweep calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// AWS Security Token Service, regional.
    Sts,
    /// AWS Identity and Access Management, global within a partition.
    Iam,
    /// AWS Organizations, global within a partition.
    Organizations,
    /// AWS CloudTrail, asked in the partition's lead region.
    CloudTrail,
    /// AWS Security Hub, regional; only where findings are delivered to it.
    SecurityHub,
    /// Amazon S3; only where reports are delivered to a bucket.
    S3,
}

impl Service {
    /// Every service.
    pub const ALL: &'static [Self] =
        &[Self::Sts, Self::Iam, Self::Organizations, Self::CloudTrail, Self::SecurityHub, Self::S3];

    /// Its prefix in IAM actions, such as `iam`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::SecurityHub => "securityhub",
            Self::S3 => "s3",
        }
    }
}

/// Whether a call changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Changes nothing of the customer's.
    Read,
    /// Changes or deletes something.
    Write,
}

/// How a call is paced. Each account has its own pace for each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pacing {
    /// The limit is not published: the pace rises while calls succeed and is cut on `Throttling`.
    Adaptive,
    /// The limit is published: so many calls a second.
    Fixed {
        /// Calls a second.
        per_second: u32,
    },
}

/// What a permission is given on, as narrowly as AWS lets the operation be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Everything: the operation knows no narrower resource, or every one of them is needed.
    Any,
    /// The users of one account.
    Users,
    /// The role that is assumed in member accounts.
    MemberRole,
    /// Security Hub's product of an account's own findings.
    OwnProduct,
    /// The objects below the prefix that reports are delivered to.
    Reports,
}

/// A part of keysweep's work, which is allowed apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Finding and dating inactive keys. Changes nothing.
    Scan,
    /// Deleting the keys of an approved plan, and the last look before it.
    CleanUp,
    /// Deactivating keys that are Active and unused, where that is turned on.
    Deactivation,
    /// Sending the report elsewhere (`--to`), where that is asked for.
    Delivery,
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident: $service:ident, $permission:expr, $resource:ident, $access:ident, [$($task:ident),+], $pacing:expr;)*) => {
        /// An AWS operation, by its API name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call { $($(#[$doc])* $name,)* }

        impl Call {
            /// Every operation, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The operation's API name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The service it belongs to.
            pub const fn service(self) -> Service {
                match self { $(Self::$name => Service::$service,)* }
            }

            /// The IAM action that allows it; `None` where AWS asks for none.
            pub const fn permission(self) -> Option<&'static str> {
                match self { $(Self::$name => $permission,)* }
            }

            /// What that action is allowed on.
            pub const fn resource(self) -> Resource {
                match self { $(Self::$name => Resource::$resource,)* }
            }

            /// The work that needs it.
            pub const fn tasks(self) -> &'static [Task] {
                match self { $(Self::$name => &[$(Task::$task),+],)* }
            }

            /// Whether it changes anything.
            pub const fn access(self) -> Access {
                match self { $(Self::$name => Access::$access,)* }
            }

            /// How it is paced.
            pub const fn pacing(self) -> Pacing {
                match self { $(Self::$name => $pacing,)* }
            }
        }
    };
}

calls! {
    /// Who the caller is.
    GetCallerIdentity: Sts, None, Any, Read, [Scan, CleanUp, Deactivation, Delivery], Pacing::Adaptive;
    /// Enters a member account. AWS publishes 600 calls a second to STS for the caller's account and region (IAM User Guide,
    /// IAM and AWS STS quotas), which everything in that account shares: half of them are left to the others.
    AssumeRole: Sts, Some("sts:AssumeRole"), MemberRole, Read, [Scan, CleanUp, Deactivation, Delivery], Pacing::Fixed { per_second: 300 };
    /// The organization and its management account.
    DescribeOrganization: Organizations, Some("organizations:DescribeOrganization"), Any, Read, [Scan, CleanUp, Deactivation], Pacing::Adaptive;
    /// Every account of the organization.
    ListAccounts: Organizations, Some("organizations:ListAccounts"), Any, Read, [Scan], Pacing::Adaptive;
    /// The root of the tree of organizational units.
    ListRoots: Organizations, Some("organizations:ListRoots"), Any, Read, [Scan], Pacing::Adaptive;
    /// The organizational units below one.
    ListOrganizationalUnitsForParent: Organizations, Some("organizations:ListOrganizationalUnitsForParent"), Any, Read, [Scan], Pacing::Adaptive;
    /// The accounts directly below an organizational unit.
    ListAccountsForParent: Organizations, Some("organizations:ListAccountsForParent"), Any, Read, [Scan], Pacing::Adaptive;
    /// The tags of an account.
    ListTagsForResource: Organizations, Some("organizations:ListTagsForResource"), Any, Read, [Scan], Pacing::Adaptive;
    /// Asks for a new credential report, at most every four hours.
    GenerateCredentialReport: Iam, Some("iam:GenerateCredentialReport"), Any, Read, [Scan], Pacing::Adaptive;
    /// Fetches the credential report.
    GetCredentialReport: Iam, Some("iam:GetCredentialReport"), Any, Read, [Scan], Pacing::Adaptive;
    /// The users of the account.
    ListUsers: Iam, Some("iam:ListUsers"), Any, Read, [Scan, CleanUp, Deactivation], Pacing::Adaptive;
    /// The access keys of one user: id, status, creation.
    ListAccessKeys: Iam, Some("iam:ListAccessKeys"), Users, Read, [Scan, CleanUp, Deactivation], Pacing::Adaptive;
    /// When and where one key was last used.
    GetAccessKeyLastUsed: Iam, Some("iam:GetAccessKeyLastUsed"), Users, Read, [Scan, Deactivation], Pacing::Adaptive;
    /// The tags of one user.
    ListUserTags: Iam, Some("iam:ListUserTags"), Users, Read, [Scan], Pacing::Adaptive;
    /// The tags of up to 1000 users.
    GetAccountAuthorizationDetails: Iam, Some("iam:GetAccountAuthorizationDetails"), Any, Read, [Scan], Pacing::Adaptive;
    /// Counts: users, and whether the root user has access keys.
    GetAccountSummary: Iam, Some("iam:GetAccountSummary"), Any, Read, [Scan], Pacing::Adaptive;
    /// One user: its id, its ARN, its tags.
    GetUser: Iam, Some("iam:GetUser"), Users, Read, [CleanUp, Deactivation], Pacing::Adaptive;
    /// The account's event history of the last 90 days: 2 calls a second per account and region.
    LookupEvents: CloudTrail, Some("cloudtrail:LookupEvents"), Any, Read, [Scan, CleanUp, Deactivation], Pacing::Fixed { per_second: 2 };
    /// Deletes one access key, for good.
    DeleteAccessKey: Iam, Some("iam:DeleteAccessKey"), Users, Write, [CleanUp], Pacing::Adaptive;
    /// Sets the status of one access key.
    UpdateAccessKey: Iam, Some("iam:UpdateAccessKey"), Users, Write, [Deactivation], Pacing::Adaptive;
    /// Gives findings to Security Hub: 10 calls a second per account and region.
    BatchImportFindings: SecurityHub, Some("securityhub:BatchImportFindings"), OwnProduct, Write, [Delivery], Pacing::Fixed { per_second: 10 };
    /// Writes an object of a bucket, in place of what had its key.
    PutObject: S3, Some("s3:PutObject"), Reports, Write, [Delivery], Pacing::Adaptive;
}

/// The operation with its service, as AWS writes actions: `iam:ListAccessKeys`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service().prefix(), self.name())
    }
}

/// What kind of answer an unsuccessful call got. It decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallErrorKind {
    /// Too many calls: wait and ask again (`Throttling`, `ThrottlingException`, `TooManyRequestsException`).
    Throttled,
    /// Not allowed (`AccessDenied`, `AccessDeniedException`, `AWSOrganizationsNotInUseException`).
    Denied,
    /// What was asked for does not exist (`NoSuchEntity`).
    NotFound,
    /// The credential report is still being made (`ReportInProgress`, 404).
    ReportInProgress,
    /// There is no credential report, or it is too old (`ReportNotPresent`, `ReportExpired`, 410).
    ReportAbsent,
    /// The caller's credentials have expired (`ExpiredToken`, `ExpiredTokenException`).
    CredentialsExpired,
    /// There are no credentials, or AWS does not accept them (`InvalidClientTokenId`, `SignatureDoesNotMatch`).
    CredentialsInvalid,
    /// A fault that may pass: a 5xx answer, a timeout, a broken connection.
    Unavailable,
    /// An answer that could not be read.
    Malformed,
    /// Any other refusal.
    Rejected,
}

impl CallErrorKind {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::ReportInProgress => "report_in_progress",
            Self::ReportAbsent => "report_absent",
            Self::CredentialsExpired => "credentials_expired",
            Self::CredentialsInvalid => "credentials_invalid",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Rejected => "rejected",
        }
    }
}

/// An AWS call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} failed: {}{message}", .code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct CallError {
    /// The operation.
    pub call: Call,
    /// What kind of answer it was.
    pub kind: CallErrorKind,
    /// AWS's error code, such as `AccessDenied`; `None` where there was no answer.
    pub code: Option<String>,
    /// AWS's message, or what happened to the connection. Never holds credentials.
    pub message: String,
    /// AWS's request id, where there was an answer.
    pub request_id: Option<String>,
}

/// The answer of a call.
pub type CallResult<T> = Result<T, CallError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_name_their_own_operation() {
        for call in Call::ALL {
            if let Some(permission) = call.permission() {
                assert_eq!(permission, call.to_string());
            }
        }
    }

    #[test]
    fn nothing_that_a_scan_calls_writes() {
        let written: Vec<Call> =
            Call::ALL.iter().copied().filter(|call| call.access() == Access::Write).collect();
        let [clean_up @ .., import, put] = written.as_slice() else { panic!("{written:?}") };
        assert_eq!(clean_up, [Call::DeleteAccessKey, Call::UpdateAccessKey]);
        assert_eq!([*import, *put], [Call::BatchImportFindings, Call::PutObject]);
        assert!([import, put].iter().all(|call| call.tasks() == [Task::Delivery]), "they change no key");
        assert!(written.iter().all(|call| !call.tasks().contains(&Task::Scan)));
        assert!(
            !Call::UpdateAccessKey.tasks().contains(&Task::CleanUp),
            "deleting needs no change of status"
        );
    }
}
