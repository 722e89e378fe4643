//! KS007: what keysweep could not look at.

use super::{About, Rule, Severity, Way};
use crate::problem::Gap;

pub(super) const RULE: Rule = Rule {
    id: "KS007",
    title: "Not assessed",
    what: "Part of the scope could not be assessed: an account that could not be entered, a call that was denied, a history that \
           could not be read.",
    why: "Incomplete is not clean. Where keysweep could not look there may be long-term inactive keys, and a report that leaves that \
          out would be believed.",
    decided: "Each problem of the assessment is an instance. Accounts that were left out on purpose (suspended, or excluded by a \
              filter) are not: the report lists them apart.",
    severities: &[
        (Severity::Medium, "keys may be missing, or the time of their deactivation is unknown because of it"),
        (Severity::Low, "every key was assessed all the same; a detail such as the owner's tags is missing"),
    ],
    remedy: "Each problem says what to do about it: most often a permission or a role's trust policy.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Looks which role, permission or policy is in the way, and says what mends it; the policies that a scan needs it \
                   writes down. Then scan again: the exit code is 4 until nothing is left.",
            commands: &["keysweep doctor --org", "keysweep policies", "keysweep scan --org"],
        },
        Way {
            with: "AWS console",
            text: "In the account that the problem names: IAM > Roles > the role > Trust relationships and Permissions. In the \
                   management account: AWS Organizations > Policies > Service control policies.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "Who calls, and whether the calls that a scan begins with are allowed, with the credentials that it uses.",
            commands: &[
                "aws sts get-caller-identity",
                "aws iam generate-credential-report",
                "aws cloudtrail lookup-events --region us-east-1 --max-items 1",
            ],
        },
    ],
    controls: &[],
    about: About::Problems,
};

pub(super) const fn severity(gap: &Gap) -> Severity {
    if hides(gap) { Severity::Medium } else { Severity::Low }
}

/// Whether a gap hides keys, or leaves undecided since when they are inactive.
const fn hides(gap: &Gap) -> bool {
    match gap {
        Gap::AccountNotEntered
        | Gap::NothingSelected
        | Gap::ExpectedAccountNotComplete
        | Gap::UsersNotListed
        | Gap::RootKeysNotAssessed
        | Gap::KeysNotListed { .. }
        | Gap::UserVanished { .. }
        | Gap::UnknownStatus { .. }
        | Gap::HistoryNotRead
        | Gap::EventNotUnderstood { .. }
        | Gap::AccountsNotListed
        | Gap::Interrupted => true,
        Gap::ReportUnavailable
        | Gap::ReportDistrusted { .. }
        | Gap::LastUseNotRead { .. }
        | Gap::UserTagsNotRead
        | Gap::OrganizationalUnitsNotRead
        | Gap::AccountTagsNotRead => false,
    }
}
