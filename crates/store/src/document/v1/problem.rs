//! Problems, and calls.

use keysweep_core::assessment::{CallCount, CallCounts};
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::key::UserName;
use keysweep_core::problem::{Gap, Problem};
use serde::{Deserialize, Serialize};

use super::{DocumentError, Result, parse};

#[derive(Serialize, Deserialize)]
pub(crate) struct ProblemV1 {
    account: Option<String>,
    gap: GapV1,
    error: Option<CallErrorV1>,
    detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GapV1 {
    AccountNotEntered,
    UsersNotListed,
    ReportUnavailable,
    ReportDistrusted { user: String },
    RootKeysNotAssessed,
    KeysNotListed { user: String },
    UserVanished { user: String },
    UnknownStatus { user: String, key: String, status: String },
    HistoryNotRead,
    EventNotUnderstood { event: Option<String> },
    LastUseNotRead { user: String, key: String },
    UserTagsNotRead,
    AccountsNotListed,
    OrganizationalUnitsNotRead,
    AccountTagsNotRead,
    NothingSelected,
    ExpectedAccountNotComplete,
    Interrupted,
}

impl GapV1 {
    fn of(gap: &Gap) -> Self {
        let name = |user: &UserName| user.as_str().to_owned();
        match gap {
            Gap::AccountNotEntered => Self::AccountNotEntered,
            Gap::UsersNotListed => Self::UsersNotListed,
            Gap::ReportUnavailable => Self::ReportUnavailable,
            Gap::ReportDistrusted { user } => Self::ReportDistrusted { user: name(user) },
            Gap::RootKeysNotAssessed => Self::RootKeysNotAssessed,
            Gap::KeysNotListed { user } => Self::KeysNotListed { user: name(user) },
            Gap::UserVanished { user } => Self::UserVanished { user: name(user) },
            Gap::UnknownStatus { user, key, status } => {
                Self::UnknownStatus { user: name(user), key: key.as_str().to_owned(), status: status.clone() }
            }
            Gap::HistoryNotRead => Self::HistoryNotRead,
            Gap::EventNotUnderstood { event } => Self::EventNotUnderstood { event: event.clone() },
            Gap::LastUseNotRead { user, key } => {
                Self::LastUseNotRead { user: name(user), key: key.as_str().to_owned() }
            }
            Gap::UserTagsNotRead => Self::UserTagsNotRead,
            Gap::AccountsNotListed => Self::AccountsNotListed,
            Gap::OrganizationalUnitsNotRead => Self::OrganizationalUnitsNotRead,
            Gap::AccountTagsNotRead => Self::AccountTagsNotRead,
            Gap::NothingSelected => Self::NothingSelected,
            Gap::ExpectedAccountNotComplete => Self::ExpectedAccountNotComplete,
            Gap::Interrupted => Self::Interrupted,
        }
    }

    fn read(self) -> Result<Gap> {
        Ok(match self {
            Self::AccountNotEntered => Gap::AccountNotEntered,
            Self::UsersNotListed => Gap::UsersNotListed,
            Self::ReportUnavailable => Gap::ReportUnavailable,
            Self::ReportDistrusted { user } => Gap::ReportDistrusted { user: parse(&user)? },
            Self::RootKeysNotAssessed => Gap::RootKeysNotAssessed,
            Self::KeysNotListed { user } => Gap::KeysNotListed { user: parse(&user)? },
            Self::UserVanished { user } => Gap::UserVanished { user: parse(&user)? },
            Self::UnknownStatus { user, key, status } => {
                Gap::UnknownStatus { user: parse(&user)?, key: parse(&key)?, status }
            }
            Self::HistoryNotRead => Gap::HistoryNotRead,
            Self::EventNotUnderstood { event } => Gap::EventNotUnderstood { event },
            Self::LastUseNotRead { user, key } => {
                Gap::LastUseNotRead { user: parse(&user)?, key: parse(&key)? }
            }
            Self::UserTagsNotRead => Gap::UserTagsNotRead,
            Self::AccountsNotListed => Gap::AccountsNotListed,
            Self::OrganizationalUnitsNotRead => Gap::OrganizationalUnitsNotRead,
            Self::AccountTagsNotRead => Gap::AccountTagsNotRead,
            Self::NothingSelected => Gap::NothingSelected,
            Self::ExpectedAccountNotComplete => Gap::ExpectedAccountNotComplete,
            Self::Interrupted => Gap::Interrupted,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct CallErrorV1 {
    call: CallV1,
    kind: CallErrorKindV1,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallErrorKindV1 {
    Throttled,
    Denied,
    NotFound,
    ReportInProgress,
    ReportAbsent,
    CredentialsExpired,
    CredentialsInvalid,
    Unavailable,
    Malformed,
    Rejected,
}

impl From<CallErrorKind> for CallErrorKindV1 {
    fn from(kind: CallErrorKind) -> Self {
        match kind {
            CallErrorKind::Throttled => Self::Throttled,
            CallErrorKind::Denied => Self::Denied,
            CallErrorKind::NotFound => Self::NotFound,
            CallErrorKind::ReportInProgress => Self::ReportInProgress,
            CallErrorKind::ReportAbsent => Self::ReportAbsent,
            CallErrorKind::CredentialsExpired => Self::CredentialsExpired,
            CallErrorKind::CredentialsInvalid => Self::CredentialsInvalid,
            CallErrorKind::Unavailable => Self::Unavailable,
            CallErrorKind::Malformed => Self::Malformed,
            CallErrorKind::Rejected => Self::Rejected,
        }
    }
}

impl From<CallErrorKindV1> for CallErrorKind {
    fn from(kind: CallErrorKindV1) -> Self {
        match kind {
            CallErrorKindV1::Throttled => Self::Throttled,
            CallErrorKindV1::Denied => Self::Denied,
            CallErrorKindV1::NotFound => Self::NotFound,
            CallErrorKindV1::ReportInProgress => Self::ReportInProgress,
            CallErrorKindV1::ReportAbsent => Self::ReportAbsent,
            CallErrorKindV1::CredentialsExpired => Self::CredentialsExpired,
            CallErrorKindV1::CredentialsInvalid => Self::CredentialsInvalid,
            CallErrorKindV1::Unavailable => Self::Unavailable,
            CallErrorKindV1::Malformed => Self::Malformed,
            CallErrorKindV1::Rejected => Self::Rejected,
        }
    }
}

/// An operation by its API name, which AWS does not change.
#[derive(Serialize, Deserialize)]
struct CallV1(String);

impl CallV1 {
    fn of(call: Call) -> Self {
        Self(call.name().to_owned())
    }

    fn read(&self) -> Result<Call> {
        let named = Call::ALL.iter().find(|call| call.name() == self.0);
        named.copied().ok_or_else(|| DocumentError::Value(format!("the unknown operation {:?}", self.0)))
    }
}

impl ProblemV1 {
    pub(crate) fn of(problem: &Problem) -> Self {
        Self {
            account: problem.account.map(|account| account.to_string()),
            gap: GapV1::of(&problem.gap),
            error: problem.error.as_ref().map(|error| CallErrorV1 {
                call: CallV1::of(error.call),
                kind: error.kind.into(),
                code: error.code.clone(),
                message: error.message.clone(),
                request_id: error.request_id.clone(),
            }),
            detail: problem.detail.clone(),
        }
    }

    pub(crate) fn read(self) -> Result<Problem> {
        let error = |error: CallErrorV1| {
            Ok(CallError {
                call: error.call.read()?,
                kind: error.kind.into(),
                code: error.code,
                message: error.message,
                request_id: error.request_id,
            })
        };
        Ok(Problem {
            account: self.account.as_deref().map(parse).transpose()?,
            gap: self.gap.read()?,
            error: self.error.map(error).transpose()?,
            detail: self.detail,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CallCountsV1(Vec<CallCountV1>);

#[derive(Serialize, Deserialize)]
struct CallCountV1 {
    call: CallV1,
    sent: u64,
    throttled: u64,
}

impl CallCountsV1 {
    pub(crate) fn of(counts: &CallCounts) -> Self {
        let count =
            |(call, CallCount { sent, throttled })| CallCountV1 { call: CallV1::of(call), sent, throttled };
        Self(counts.iter().map(count).collect())
    }

    pub(crate) fn read(self) -> Result<CallCounts> {
        let count = |CallCountV1 { call, sent, throttled }| Ok((call.read()?, CallCount { sent, throttled }));
        self.0.into_iter().map(count).collect()
    }
}
