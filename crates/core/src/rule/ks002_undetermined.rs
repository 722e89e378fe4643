//! KS002: the evidence allows both answers.

use super::control::{CIS_UNUSED, NIST_DISABLE};
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
            with: "AWS CLI",
            text: "The status changes of the last 90 days, in the region that holds IAM's events. No result means: no change in the \
                   90 days that CloudTrail has delivered.",
            commands: &[
                "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=ResourceName,AttributeValue=KEY",
            ],
        },
    ],
    controls: &[&CIS_UNUSED, &NIST_DISABLE],
    about: About::Findings {
        holds: |finding: &Finding| matches!(finding.verdict, Verdict::Undetermined),
        severity: |_, _| Severity::Low,
    },
};
