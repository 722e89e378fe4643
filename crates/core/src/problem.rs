//! What could not be assessed, why, and what to do about it. A problem makes the assessment incomplete; it never
//! becomes "none", "never" or "zero".

use std::fmt;

use crate::account::AccountId;
use crate::call::{Call, CallError, CallErrorKind};
use crate::cause::Cause;
use crate::key::{AccessKeyId, UserName};

/// What was not covered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// The whole account: keysweep could not enter it.
    AccountNotEntered,
    /// The account's users could not be listed, so none of its keys is known.
    UsersNotListed,
    /// The credential report could not be used. Users were listed one by one instead.
    ReportUnavailable,
    /// The credential report disagreed with IAM. Users were listed one by one instead.
    ReportDistrusted {
        /// The user whose keys showed it.
        user: UserName,
    },
    /// Whether the root user has an inactive key is not known.
    RootKeysNotAssessed,
    /// A user's keys could not be listed.
    KeysNotListed {
        /// The user.
        user: UserName,
    },
    /// A user of the credential report no longer exists, under that name or another.
    UserVanished {
        /// The user.
        user: UserName,
    },
    /// A key has a status that is neither Active nor Inactive.
    UnknownStatus {
        /// The user.
        user: UserName,
        /// The key.
        key: AccessKeyId,
        /// The status as AWS wrote it.
        status: String,
    },
    /// The event history could not be read, so that it does not tell when keys became inactive.
    HistoryNotRead,
    /// An event in the history could not be understood, so the history is not taken as complete.
    EventNotUnderstood {
        /// CloudTrail's event id, where it could be read.
        event: Option<String>,
    },
    /// When a key was last used is not known.
    LastUseNotRead {
        /// The user.
        user: UserName,
        /// The key.
        key: AccessKeyId,
    },
    /// The tags of users could not be read.
    UserTagsNotRead,
    /// The accounts of the organization could not be listed to the end.
    AccountsNotListed,
    /// The organizational units could not be read, so accounts are shown without them.
    OrganizationalUnitsNotRead,
    /// The tags of an account could not be read, so a filter by tag could not be applied to it.
    AccountTagsNotRead,
    /// A filter selects none of the accounts that were listed, or all together leave none to be assessed.
    NothingSelected,
    /// An account that was expected to be assessed completely was not.
    ExpectedAccountNotComplete,
    /// The scan was stopped before this was assessed.
    Interrupted,
}

impl Gap {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AccountNotEntered => "account_not_entered",
            Self::UsersNotListed => "users_not_listed",
            Self::ReportUnavailable => "report_unavailable",
            Self::ReportDistrusted { .. } => "report_distrusted",
            Self::RootKeysNotAssessed => "root_keys_not_assessed",
            Self::KeysNotListed { .. } => "keys_not_listed",
            Self::UserVanished { .. } => "user_vanished",
            Self::UnknownStatus { .. } => "unknown_status",
            Self::HistoryNotRead => "history_not_read",
            Self::EventNotUnderstood { .. } => "event_not_understood",
            Self::LastUseNotRead { .. } => "last_use_not_read",
            Self::UserTagsNotRead => "user_tags_not_read",
            Self::AccountsNotListed => "accounts_not_listed",
            Self::OrganizationalUnitsNotRead => "organizational_units_not_read",
            Self::AccountTagsNotRead => "account_tags_not_read",
            Self::NothingSelected => "nothing_selected",
            Self::ExpectedAccountNotComplete => "expected_account_not_complete",
            Self::Interrupted => "interrupted",
        }
    }

    /// The user it concerns.
    pub const fn user(&self) -> Option<&UserName> {
        match self {
            Self::ReportDistrusted { user }
            | Self::KeysNotListed { user }
            | Self::UserVanished { user }
            | Self::UnknownStatus { user, .. }
            | Self::LastUseNotRead { user, .. } => Some(user),
            _ => None,
        }
    }

    /// The key it concerns.
    pub const fn key(&self) -> Option<&AccessKeyId> {
        match self {
            Self::UnknownStatus { key, .. } | Self::LastUseNotRead { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// What it means, in one sentence without the account. Key ids are not part of it: outputs may mask them.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountNotEntered => {
                f.write_str("the account could not be entered: none of its keys was assessed")
            }
            Self::UsersNotListed => {
                f.write_str("the users could not be listed: keys of this account may be missing")
            }
            Self::ReportUnavailable => {
                f.write_str("the credential report could not be used: users were listed one by one instead")
            }
            Self::ReportDistrusted { user } => write!(
                f,
                "the credential report shows no key where user {user} has one: users were listed one by one instead"
            ),
            Self::RootKeysNotAssessed => {
                f.write_str("whether the root user has an inactive key is not known")
            }
            Self::KeysNotListed { user } => write!(f, "the keys of user {user} could not be listed"),
            Self::UserVanished { user } => {
                write!(
                    f,
                    "user {user} is in the credential report and no longer exists: its keys were not assessed"
                )
            }
            Self::UnknownStatus { user, status, .. } => {
                write!(
                    f,
                    "a key of user {user} has the status {status:?}, which is neither Active nor Inactive"
                )
            }
            Self::HistoryNotRead => {
                f.write_str("the event history could not be read: it does not tell when keys became inactive")
            }
            Self::EventNotUnderstood { .. } => f.write_str(
                "an UpdateAccessKey event could not be understood: the history is not taken as complete",
            ),
            Self::LastUseNotRead { user, .. } => {
                write!(f, "when a key of user {user} was last used is not known")
            }
            Self::UserTagsNotRead => f.write_str("the tags of users could not be read: owners are not known"),
            Self::AccountsNotListed => f.write_str(
                "the accounts of the organization could not be listed to the end: accounts may be missing",
            ),
            Self::OrganizationalUnitsNotRead => {
                f.write_str("the organizational units could not be read: accounts are shown without them")
            }
            Self::AccountTagsNotRead => f.write_str(
                "the account's tags could not be read: it is assessed whatever the filters by tag say",
            ),
            Self::NothingSelected => {
                f.write_str("accounts that were to be assessed are not among those that were listed")
            }
            Self::ExpectedAccountNotComplete => {
                f.write_str("the account was expected to be assessed completely, and was not")
            }
            Self::Interrupted => f.write_str("the scan was stopped before this was assessed"),
        }
    }
}

/// A gap, where it is, and what caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The account; `None` where the organization as a whole is concerned.
    pub account: Option<AccountId>,
    /// What was not covered.
    pub gap: Gap,
    /// The call that failed, where one did.
    pub error: Option<CallError>,
    /// What else there is to say, such as why a report could not be read.
    pub detail: Option<String>,
}

impl Problem {
    /// What to do about it, in one or two sentences.
    pub fn remedy(&self) -> String {
        if let Some(remedy) = self.remedy_of_policy() {
            return remedy;
        }
        let kind = self.error.as_ref().map(|error| error.kind);
        let permission = self.error.as_ref().and_then(|error| error.call.permission());
        match (&self.gap, kind) {
            // Only an end by the deadline has more to say.
            (Gap::Interrupted | Gap::AccountsNotListed, None) if self.detail.is_some() => {
                "Scan again with a longer --deadline, or fewer accounts (--include).".to_owned()
            }
            (Gap::Interrupted | Gap::AccountsNotListed, None) => {
                "Go on with keysweep scan --resume, or scan again where the scan had no store (--state none).".to_owned()
            }
            (Gap::NothingSelected, _) => {
                "Correct --include and --exclude: the report lists every account with its organizational unit.".to_owned()
            }
            (Gap::Interrupted, Some(CallErrorKind::CredentialsExpired)) => {
                "Renew the caller's credentials (aws sso login, or a new session) and go on with keysweep scan --resume.".to_owned()
            }
            (Gap::ExpectedAccountNotComplete, _) => {
                "Mend what the report says of this account, or take it off the list of --expect-accounts.".to_owned()
            }
            (Gap::UserVanished { .. }, _) => {
                "Nothing, if the user was deleted: its keys went with it. Scan again once a new credential report is out (4 hours)."
                    .to_owned()
            }
            (Gap::UnknownStatus { .. }, _) => {
                "Look at the key in the IAM console. keysweep never deletes a key whose status it does not know.".to_owned()
            }
            (_, Some(CallErrorKind::CredentialsExpired | CallErrorKind::CredentialsInvalid)) => {
                "Renew the caller's credentials (aws sso login, or a new session) and scan again.".to_owned()
            }
            (Gap::AccountNotEntered, Some(CallErrorKind::Denied | CallErrorKind::NotFound | CallErrorKind::Rejected)) => {
                "Check that the role exists in the account (--role-name), that its trust policy names the caller and asks for the same --external-id, and that the caller may call sts:AssumeRole on it.".to_owned()
            }
            (Gap::HistoryNotRead, Some(CallErrorKind::Denied)) => {
                "Allow cloudtrail:LookupEvents for the role in the partition's lead region, and exempt it from service control policies that deny regions.".to_owned()
            }
            (_, Some(CallErrorKind::Denied)) => match permission {
                Some(permission) => format!("Allow {permission} for the role, and check that no service control policy denies it."),
                None => "Check the permissions of the role.".to_owned(),
            },
            (_, Some(CallErrorKind::Throttled)) => {
                "AWS refused calls for too long. Scan again when fewer other tools call the account, or raise --give-up-after.".to_owned()
            }
            (_, Some(CallErrorKind::Unavailable)) => "Check the network and AWS's health status, and scan again.".to_owned(),
            (Gap::RootKeysNotAssessed, _) => {
                "Scan again later, and without --exhaustive: only the credential report tells the status of the root user's keys.".to_owned()
            }
            (Gap::ReportUnavailable | Gap::ReportDistrusted { .. }, _) => {
                "Scan again later. To do without the report, use --exhaustive.".to_owned()
            }
            _ => "Scan again; if it stays, report it with the message above.".to_owned(),
        }
    }
}

impl Problem {
    /// What to do where AWS told which kind of policy refused the call.
    fn remedy_of_policy(&self) -> Option<String> {
        let call = self.error.as_ref()?.call;
        match self.cause() {
            // Mostly one that denies regions: said in full where the history is concerned.
            Cause::ServiceControlPolicy if self.gap != Gap::HistoryNotRead => {
                Some(format!("Exempt the role from the service control policy of the organization that denies {call}."))
            }
            Cause::ResourceControlPolicy => {
                Some(format!("Exempt the caller from the resource control policy of the organization that denies {call}."))
            }
            Cause::TrustPolicy => Some(
                "Let the role's trust policy name the caller's account and the same --external-id: keysweep policies writes it."
                    .to_owned(),
            ),
            Cause::PermissionMissing if call == Call::AssumeRole => {
                Some("Allow sts:AssumeRole on the role for the caller: keysweep policies writes the policy.".to_owned())
            }
            _ => None,
        }
    }
}

/// The account, what was not covered, and why, in one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = self.account {
            write!(f, "{account}: ")?;
        }
        write!(f, "{}", self.gap)?;
        if let Some(error) = &self.error {
            write!(f, " ({error})")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        Ok(())
    }
}
