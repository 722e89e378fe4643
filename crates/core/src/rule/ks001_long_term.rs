//! KS001: the key that keysweep exists to find.

use super::control::{
    CIS_UNUSED, HUB_UNUSED, ISO_ACCESS, NIST_DISABLE, NIST_LEAST, PCI_INACTIVE, SOC2_REMOVE,
};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};
use crate::infer::Confidence;
use crate::policy::Policy;
use crate::time::SignedDuration;

pub(super) const RULE: Rule = Rule {
    id: "KS001",
    title: "Long-term inactive access key",
    what: "An access key of an IAM user has been Inactive, without a break, for at least the threshold (30 days unless set \
           otherwise).",
    why: "An inactive key cannot call AWS, but anyone who may call iam:UpdateAccessKey turns it on again with one call, with all \
          the permissions of its user and the same secret that may lie in an old laptop, repository or log. After the threshold \
          nobody is in the middle of a rotation any more: the key has no use left, only risk.",
    decided: "The verdict is long_term: even the latest start of the current inactive period that the evidence allows lies at \
              least the threshold back. The creation date plays no part in it.",
    severities: &[
        (Severity::High, "inactive for at least twice the threshold, proven or settling"),
        (Severity::Medium, "otherwise"),
    ],
    remedy: "Agree with its owner that the key can go, look once more that it is still Inactive, and delete it. Deletion cannot be \
             undone; the user keeps all other credentials.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Dates the key and names its owner tag, last use and evidence; then plans, and after somebody approved exactly that \
                   plan, looks at each key once more and deletes it.",
            commands: &[
                "keysweep scan",
                "keysweep plan --out plan.json",
                "keysweep approve plan.json --by alice",
                "keysweep apply plan.json",
            ],
        },
        Way {
            with: "IAM console",
            text: "IAM > Users > the user > Security credentials > Access keys: check that the key is Inactive, then Actions > \
                   Delete, and confirm with its id.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "Check that the status is still Inactive and the last use what the report says, then delete.",
            commands: &[
                "aws iam list-access-keys --user-name USER",
                "aws iam get-access-key-last-used --access-key-id KEY",
                "aws iam delete-access-key --user-name USER --access-key-id KEY",
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
    about: About::Findings { holds, severity },
};

fn holds(finding: &Finding) -> bool {
    finding.verdict == Verdict::LongTerm
}

fn severity(finding: &Finding, policy: &Policy) -> Severity {
    let twice = SignedDuration::from_secs(policy.threshold.length().as_secs().saturating_mul(2));
    // What merely was observed rests on nothing having happened between scans: it raises no alarm by itself.
    let sure = finding.inactive_since.confidence != Confidence::Observed;
    if sure && finding.at_least() >= twice { Severity::High } else { Severity::Medium }
}
