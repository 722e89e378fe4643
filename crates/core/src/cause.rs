//! Why something was not covered, as far as AWS's answer tells: the same gap in many accounts mostly has one cause, and is
//! mended once.

use std::fmt;

use crate::account::AccountId;
use crate::assessment::{AccountStatus, Assessment, SkipReason};
use crate::call::{Call, CallError, CallErrorKind};
use crate::problem::{Gap, Problem};

/// Why something was not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The account is suspended, closed or not activated: nothing in it can be called.
    AccountNotInUse,
    /// An account that was expected is not in the organization, or not covered for another reason given with it.
    ExpectedAccount,
    /// `AssumeRole` was refused without a reason: the role is missing, or it does not trust the caller.
    RoleMissingOrUntrusting,
    /// The role's trust policy refuses the caller, AWS says.
    TrustPolicy,
    /// A service control policy of the organization denies it.
    ServiceControlPolicy,
    /// A resource control policy of the organization denies it.
    ResourceControlPolicy,
    /// A permissions boundary or a session policy denies it.
    Boundary,
    /// The role's or the user's policies do not allow it.
    PermissionMissing,
    /// AWS refused calls for longer than the scan waits.
    Throttled,
    /// The credential report was not made in time, or could not be used.
    ReportStuck,
    /// The credential report disagrees with IAM.
    ReportWrong,
    /// The caller's credentials expired or are not accepted.
    Credentials,
    /// AWS, or the way to it, did not answer.
    Unavailable,
    /// AWS answered something that could not be understood.
    NotUnderstood,
    /// A user was deleted or renamed while the scan ran.
    ChangedMeanwhile,
    /// A filter selects none of the accounts that were listed, or all together leave none.
    Filters,
    /// The scan was stopped, or its deadline passed.
    Interrupted,
    /// AWS refused it for another reason.
    Refused,
}

impl Cause {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountNotInUse => "account_not_in_use",
            Self::ExpectedAccount => "expected_account",
            Self::RoleMissingOrUntrusting => "role_missing_or_untrusting",
            Self::TrustPolicy => "trust_policy",
            Self::ServiceControlPolicy => "service_control_policy",
            Self::ResourceControlPolicy => "resource_control_policy",
            Self::Boundary => "boundary",
            Self::PermissionMissing => "permission_missing",
            Self::Throttled => "throttled",
            Self::ReportStuck => "report_stuck",
            Self::ReportWrong => "report_wrong",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::NotUnderstood => "not_understood",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::Filters => "filters",
            Self::Interrupted => "interrupted",
            Self::Refused => "refused",
        }
    }

    /// Every cause.
    pub const ALL: &'static [Self] = &[
        Self::AccountNotInUse,
        Self::ExpectedAccount,
        Self::RoleMissingOrUntrusting,
        Self::TrustPolicy,
        Self::ServiceControlPolicy,
        Self::ResourceControlPolicy,
        Self::Boundary,
        Self::PermissionMissing,
        Self::Throttled,
        Self::ReportStuck,
        Self::ReportWrong,
        Self::Credentials,
        Self::Unavailable,
        Self::NotUnderstood,
        Self::ChangedMeanwhile,
        Self::Filters,
        Self::Interrupted,
        Self::Refused,
    ];

    /// Why a call was refused.
    pub fn of_error(error: &CallError) -> Self {
        match error.kind {
            CallErrorKind::Denied => Self::of_denial(error),
            CallErrorKind::NotFound | CallErrorKind::Rejected if error.call == Call::AssumeRole => {
                Self::RoleMissingOrUntrusting
            }
            CallErrorKind::Throttled => Self::Throttled,
            CallErrorKind::ReportInProgress | CallErrorKind::ReportAbsent => Self::ReportStuck,
            CallErrorKind::CredentialsExpired | CallErrorKind::CredentialsInvalid => Self::Credentials,
            CallErrorKind::Unavailable => Self::Unavailable,
            CallErrorKind::Malformed => Self::NotUnderstood,
            CallErrorKind::NotFound | CallErrorKind::Rejected => Self::Refused,
        }
    }

    /// AWS ends the messages of most denials with the kind of policy that decided (IAM User Guide, "Troubleshoot access
    /// denied error messages").
    fn of_denial(error: &CallError) -> Self {
        let says = |words: &str| error.message.contains(words);
        if says("service control policy") {
            Self::ServiceControlPolicy
        } else if says("resource control policy") {
            Self::ResourceControlPolicy
        } else if says("permissions boundary") || says("session policy") || says("VPC endpoint policy") {
            Self::Boundary
        } else if says("role trust policy") {
            Self::TrustPolicy
        } else if error.call == Call::AssumeRole && !says("identity-based policy") {
            Self::RoleMissingOrUntrusting
        } else {
            Self::PermissionMissing
        }
    }
}

/// What it means, in a few words.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccountNotInUse => "the account is suspended, closed or not activated",
            Self::ExpectedAccount => "an account that was expected was not assessed completely",
            Self::RoleMissingOrUntrusting => {
                "the role is missing, or its trust policy does not let the caller in"
            }
            Self::TrustPolicy => "the role's trust policy does not let the caller in",
            Self::ServiceControlPolicy => "a service control policy denies it",
            Self::ResourceControlPolicy => "a resource control policy denies it",
            Self::Boundary => "a permissions boundary, session or endpoint policy denies it",
            Self::PermissionMissing => "a permission is missing",
            Self::Throttled => "AWS refused calls for too long",
            Self::ReportStuck => "the credential report was not made in time, or could not be used",
            Self::ReportWrong => "the credential report is wrong",
            Self::Credentials => "the caller's credentials expired or are not accepted",
            Self::Unavailable => "AWS, or the way to it, did not answer",
            Self::NotUnderstood => "AWS's answer could not be understood",
            Self::ChangedMeanwhile => "a user was deleted or renamed meanwhile",
            Self::Filters => "--include and --exclude leave no account, or not those that were meant",
            Self::Interrupted => "the scan was stopped, or its time was over",
            Self::Refused => "AWS refused it",
        })
    }
}

impl Problem {
    /// Why it was not covered.
    pub fn cause(&self) -> Cause {
        match (&self.gap, &self.error) {
            (Gap::ExpectedAccountNotComplete, _) => Cause::ExpectedAccount,
            (Gap::NothingSelected, _) => Cause::Filters,
            // An error is why the scan could not go on, such as credentials that expired.
            (_, Some(error)) => Cause::of_error(error),
            (Gap::Interrupted | Gap::AccountsNotListed, None) => Cause::Interrupted,
            (Gap::ReportUnavailable | Gap::RootKeysNotAssessed, None) => Cause::ReportStuck,
            (Gap::ReportDistrusted { .. }, None) => Cause::ReportWrong,
            (Gap::UserVanished { .. } | Gap::UserTagsNotRead, None) => Cause::ChangedMeanwhile,
            (_, None) => Cause::NotUnderstood,
        }
    }
}

/// What has one cause: the same gap, by the same failed call with the same error code, to be mended in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseGroup<'a> {
    /// Why.
    pub cause: Cause,
    /// What was not covered, by the gap's name; `None` for accounts that were skipped because of their state.
    pub gap: Option<&'static str>,
    /// The call that failed, where one did.
    pub call: Option<Call>,
    /// AWS's error code, where there was an answer.
    pub code: Option<&'a str>,
    /// What to do about it.
    pub remedy: String,
    /// How often it was met.
    pub times: u64,
    /// In which accounts, by id.
    pub accounts: Vec<AccountId>,
    /// Its members; none where accounts were skipped because of their state.
    pub problems: Vec<&'a Problem>,
}

/// What is the same in all members of a group.
type GroupKey<'a> = (Cause, Option<&'static str>, Option<Call>, Option<&'a str>, String);

/// The causes of everything that was not covered, the most frequent first.
pub fn causes(assessment: &Assessment) -> Vec<CauseGroup<'_>> {
    let problems = assessment.problems().map(|problem| {
        let error = problem.error.as_ref();
        let key: GroupKey<'_> = (
            problem.cause(),
            Some(problem.gap.name()),
            error.map(|error| error.call),
            error.and_then(|error| error.code.as_deref()),
            problem.remedy(),
        );
        (key, problem.account, Some(problem))
    });
    let skipped = assessment.accounts.iter().filter_map(|assessed| {
        let AccountStatus::Skipped(SkipReason::State(_)) = assessed.status else { return None };
        let remedy = "Nothing, where it is to be closed: its keys do not work. Otherwise bring the account back into use, and scan again."
            .to_owned();
        Some(((Cause::AccountNotInUse, None, None, None, remedy), Some(assessed.account.id), None))
    });
    let mut groups: Vec<CauseGroup<'_>> = Vec::new();
    let mut places: std::collections::BTreeMap<GroupKey<'_>, usize> = std::collections::BTreeMap::new();
    for (key, account, problem) in problems.chain(skipped) {
        let place = *places.entry(key).or_insert_with_key(|(cause, gap, call, code, remedy)| {
            groups.push(CauseGroup {
                cause: *cause,
                gap: *gap,
                call: *call,
                code: *code,
                remedy: remedy.clone(),
                times: 0,
                accounts: Vec::new(),
                problems: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.times += 1;
            group.accounts.extend(account);
            group.problems.extend(problem);
        }
    }
    for group in &mut groups {
        group.accounts.sort_unstable();
        group.accounts.dedup();
    }
    // In how many accounts counts before how often: a thousand users of one account are one thing to mend.
    groups.sort_by(|one, other| {
        let rank = |group: &CauseGroup<'_>| (group.accounts.len(), group.times);
        rank(other)
            .cmp(&rank(one))
            .then_with(|| (one.cause, one.gap, one.call).cmp(&(other.cause, other.gap, other.call)))
    });
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(call: Call, message: &str) -> CallError {
        CallError {
            call,
            kind: CallErrorKind::Denied,
            code: Some("AccessDenied".to_owned()),
            message: message.to_owned(),
            request_id: None,
        }
    }

    /// The messages are those of the IAM User Guide.
    #[test]
    fn the_message_tells_which_policy_decided() {
        for (call, end, cause) in [
            (Call::AssumeRole, "", Cause::RoleMissingOrUntrusting),
            (
                Call::AssumeRole,
                " because no role trust policy allows the sts:AssumeRole action",
                Cause::TrustPolicy,
            ),
            (Call::AssumeRole, " with an explicit deny in the role trust policy", Cause::TrustPolicy),
            (
                Call::AssumeRole,
                " because no identity-based policy allows the sts:AssumeRole action",
                Cause::PermissionMissing,
            ),
            (
                Call::LookupEvents,
                " with an explicit deny in a service control policy",
                Cause::ServiceControlPolicy,
            ),
            (
                Call::LookupEvents,
                " because no service control policy allows the cloudtrail:LookupEvents action",
                Cause::ServiceControlPolicy,
            ),
            (
                Call::AssumeRole,
                " with an explicit deny in a resource control policy",
                Cause::ResourceControlPolicy,
            ),
            (
                Call::ListUsers,
                " because no permissions boundary allows the iam:ListUsers action",
                Cause::Boundary,
            ),
            (Call::ListUsers, " because no session policy allows the iam:ListUsers action", Cause::Boundary),
            (
                Call::ListUsers,
                " because no identity-based policy allows the iam:ListUsers action",
                Cause::PermissionMissing,
            ),
            (Call::ListUsers, "", Cause::PermissionMissing),
        ] {
            let message = format!(
                "User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: {call}{end}"
            );
            assert_eq!(Cause::of_error(&denied(call, &message)), cause, "{message}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
