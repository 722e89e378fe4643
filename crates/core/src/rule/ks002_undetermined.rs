//! KS002: the evidence allows both answers.

use super::control::{
    CIS_UNUSED, HUB_UNUSED, ISO_ACCESS, NIST_DISABLE, NIST_LEAST, PCI_INACTIVE, SOC2_REMOVE,
};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};

pub(super) const RULE: Rule = Rule {
    id: "KS002",
    title: "Inactive access key of undetermined duration",
    what: "An access key is Inactive, and the evidence allows both that it has been so for the threshold and that it has not.",
    why: "It may be long-term inactive. keysweep guesses neither way: a guess deletes keys that are needed or keeps those that are \
          not.",
    decided: "The verdict is undetermined: the threshold lies inside the interval that holds the start of the inactive period. \
              Usually the event history could not be read, or does not reach back far enough.",
    severities: &[(Severity::Low, "always")],
    remedy: "Let keysweep read the account's event history (cloudtrail:LookupEvents), and scan again by the date on which it will \
             be known.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Scan again; known_by tells by when the key will be decided if it stays inactive. With the history readable, one \
                   scan decides every key for thresholds up to 90 days.",
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
            text: "The status changes of the last 90 days, in the region that holds IAM's events. No result means: no change in the \
                   90 days that CloudTrail has delivered.",
            commands: &[
                "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=ResourceName,AttributeValue=KEY",
            ],
        },
    ],
    controls: &[
        &CIS_UNUSED,
        &HUB_UNUSED,
        &NIST_DISABLE,
        &NIST_LEAST,
        &PCI_INACTIVE,
        &ISO_ACCESS,
        &SOC2_REMOVE,
    ],
    about: About::Findings {
        holds: |finding: &Finding| matches!(finding.verdict, Verdict::Undetermined),
        severity: |_, _| Severity::Low,
    },
};
