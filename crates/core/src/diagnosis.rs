//! What was found before a scan: whether it will work, check by check. How a failure is mended is for `keysweep-report` to
//! say.

use crate::account::{AccountId, CallerIdentity, Organization};
use crate::assessment::CallCounts;
use crate::call::{Call, CallError};
use crate::time::{Instant, SignedDuration};

/// A clock that is further off than this is not fine: every time that a scan notes is read from it, and AWS refuses calls
/// that are signed five minutes off (IAM User Guide, "Signature Version 4": timestamp of the request).
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The version of keysweep.
    pub version: String,
    /// When it began.
    pub started_at: Instant,
    /// Whether a scan of the whole organization is to come.
    pub of_organization: bool,
    /// Who the caller is; `None` where AWS did not say.
    pub caller: Option<CallerIdentity>,
    /// Where the caller's account is.
    pub place: Place,
    /// How many accounts were chosen from; `None` where accounts were not listed.
    pub listed: Option<Listed>,
    /// Every check, in the order in which it matters: those of the caller, then those of each account.
    pub checks: Vec<Check>,
    /// Requests that were sent.
    pub calls: CallCounts,
}

/// The accounts that the sample is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// How many of them a scan would enter.
    pub in_scope: usize,
    /// Whether there may be more that were not listed.
    pub more: bool,
}

/// The place of the caller's account in the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the management account.
    Management(Organization),
    /// It is a member that may list the organization's accounts.
    DelegatedAdministrator(Organization),
    /// It is a member that may not.
    Member(Organization),
    /// It is in no organization.
    Alone,
    /// AWS did not say.
    Unknown,
}

impl Place {
    /// Its name in every output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Management(_) => "management",
            Self::DelegatedAdministrator(_) => "delegated_administrator",
            Self::Member(_) => "member",
            Self::Alone => "none",
            Self::Unknown => "unknown",
        }
    }

    /// The organization, where it is known.
    pub const fn organization(&self) -> Option<&Organization> {
        match self {
            Self::Management(organization)
            | Self::DelegatedAdministrator(organization)
            | Self::Member(organization) => Some(organization),
            Self::Alone | Self::Unknown => None,
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The account in which; `None` for what concerns the caller.
    pub account: Option<AccountId>,
    /// What.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A variable that leads calls elsewhere than to AWS.
    Endpoint {
        /// The variable.
        variable: String,
    },
    /// The machine's clock against that of AWS.
    Clock,
    /// The place of the caller's account in the organization.
    Place,
    /// The accounts that the filters let through.
    Selection,
    /// One operation, by a call that changes nothing.
    Call(Call),
}

impl Subject {
    /// Its name in every output: that of the operation for a call.
    pub fn name(&self) -> String {
        match self {
            Self::Endpoint { variable } => variable.clone(),
            Self::Clock => "clock".to_owned(),
            Self::Place => "place".to_owned(),
            Self::Selection => "selection".to_owned(),
            Self::Call(call) => call.to_string(),
        }
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Works,
    /// It works, and is worth knowing.
    Noted(String),
    /// Whether it works is not known, and why. Nothing is wrong as far as is known.
    NotChecked(String),
    /// It does not work.
    Fails(Fault),
}

/// Why something does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A call failed.
    Call(CallError),
    /// The machine's clock is off: AWS's less the machine's.
    ClockOff(SignedDuration),
    /// An organization cannot be scanned from here.
    WrongPlace,
    /// There are accounts, and the filters let none through.
    NothingSelected,
    /// A URL is none.
    NotAUrl(String),
}

impl Diagnosis {
    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&Check, &Fault)> {
        self.checks.iter().filter_map(|check| match &check.outcome {
            Outcome::Fails(fault) => Some((check, fault)),
            _ => None,
        })
    }

    /// Whether nothing is known to stand in the way of a scan.
    pub fn is_fine(&self) -> bool {
        self.failures().next().is_none()
    }
}
