//! KS006: something still tries to use the key.

use super::control::{ISO_ACCESS, NIST_LEAST, SOC2_REMOVE};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};

pub(super) const RULE: Rule = Rule {
    id: "KS006",
    title: "Used after it became inactive",
    what: "The last use that AWS reports of an inactive access key is later than the latest instant at which it can have become \
           inactive.",
    why: "AWS counts attempts that it refuses. So a program, or a person, still holds the secret and tries it: a job that the \
          deactivation broke, or somebody who should not have the key. Whoever turns the key on again lets them in.",
    decided: "used_since is set: the last use (credential report or GetAccessKeyLastUsed) lies after the claimed interval. It \
              contradicts nothing, and it keeps the key out of clean-up until it is settled. This rule comes beside the rule that \
              the verdict gives.",
    severities: &[(Severity::High, "the key is long-term inactive"), (Severity::Medium, "otherwise")],
    remedy: "Find who still uses the key and give it another credential, or none, before the key is deleted.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Shows the last use beside the evidence of when the key became inactive, and who made it so; it keeps the key out of \
                   every plan until a later scan settles it.",
            commands: &["keysweep explain AKIAIOSFODNN7EXAMPLE"],
        },
        Way {
            with: "AWS console",
            text: "IAM > Users > the user > Security credentials > Access keys: the last use with its service and region. CloudTrail > \
                   Event history, filtered by AWS access key, has the calls that it signed while it worked.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "The last service and region that it was tried in, and the calls that it signed while it worked. Refused \
                   signatures are not in the event history: look for InvalidClientTokenId in the programs' own logs.",
            commands: &[
                "aws iam get-access-key-last-used --access-key-id KEY",
                "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=AccessKeyId,AttributeValue=KEY",
            ],
        },
    ],
    controls: &[&NIST_LEAST, &ISO_ACCESS, &SOC2_REMOVE],
    about: About::Findings {
        holds: |finding: &Finding| finding.used_since.is_some(),
        severity: |finding, _| match finding.verdict {
            Verdict::LongTerm => Severity::High,
            Verdict::Recent | Verdict::Undetermined | Verdict::Contradictory => Severity::Medium,
        },
    },
};
