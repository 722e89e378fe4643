//! KS004: what is known of the key cannot all be true.

use super::control::{CIS_UNUSED, ISO_ACCESS, NIST_LEAST, PCI_INACTIVE, SOC2_REMOVE};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};

pub(super) const RULE: Rule = Rule {
    id: "KS004",
    title: "Contradictory history",
    what: "An access key is Inactive, and what is known of its past cannot all be true: the complete history says that it had \
           another status than the one that was seen, or something is recorded before it was created.",
    why: "Evidence that contradicts itself proves nothing. The cause may be an event that CloudTrail delivered very late, a span of \
          history that somebody asserted to be complete and is not, or records that were tampered with.",
    decided: "The verdict is contradictory; the finding names each contradiction. Nothing is averaged, and nothing is concluded.",
    severities: &[(Severity::Medium, "always")],
    remedy: "Look at the key's events and at where they came from. keysweep never deletes such a key.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Scan again: a late event resolves itself. If it stays, correct or withdraw imported evidence.",
            commands: &["keysweep scan"],
        },
        Way {
            with: "AWS console",
            text: "CloudTrail > Event history, in the region that holds IAM's events: filter by resource name, with the key's id. The \
                   statuses that it was set to are in the events' request parameters.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "The status changes that CloudTrail has, and the status now.",
            commands: &[
                "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=ResourceName,AttributeValue=KEY",
                "aws iam list-access-keys --user-name USER",
            ],
        },
    ],
    controls: &[&CIS_UNUSED, &NIST_LEAST, &PCI_INACTIVE, &ISO_ACCESS, &SOC2_REMOVE],
    about: About::Findings {
        holds: |finding: &Finding| matches!(finding.verdict, Verdict::Contradictory),
        severity: |_, _| Severity::Medium,
    },
};
