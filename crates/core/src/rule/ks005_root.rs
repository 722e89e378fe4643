//! KS005: a key of the user whom no policy limits.

use super::control::{CIS_ROOT, CIS_UNUSED, ISO_ACCESS, NIST_LEAST, PCI_INACTIVE, SOC2_REMOVE};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};
use crate::key::Owner;

pub(super) const RULE: Rule = Rule {
    id: "KS005",
    title: "Root user's inactive access key",
    what: "The root user of an account has an access key, and it is Inactive.",
    why: "The root user can do everything, and no policy of the account limits it. AWS and CIS ask that it have no access keys at \
          all. An inactive one is one call, or one click, away from working again.",
    decided: "The root row of the credential report shows an inactive key. The report tells no id, so the key is named by its \
              creation. The rule holds whatever the verdict is; a long-term one is an instance of KS001 too.",
    severities: &[(Severity::Critical, "long-term inactive"), (Severity::High, "otherwise")],
    remedy: "Delete it: a root user needs no access keys.",
    ways: &[
        Way {
            with: "keysweep",
            text: "Finds it, dates it and names it before all other keys. It never deletes one: no role that it is given can. Scan \
                   again once it is deleted.",
            commands: &["keysweep scan"],
        },
        Way {
            with: "AWS console",
            text: "Sign in as the root user > Security credentials > Access keys: check that the key is Inactive, then Actions > \
                   Delete.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "In a member account, with centralized root access enabled: from the management account or the delegated \
                   administrator, take a root session that may only delete root credentials, export what it answers as \
                   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, then list and delete.",
            commands: &[
                "aws sts assume-root --target-principal ACCOUNT --task-policy-arn arn=arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials",
                "aws iam list-access-keys",
                "aws iam delete-access-key --access-key-id KEY",
            ],
        },
    ],
    controls: &[&CIS_ROOT, &CIS_UNUSED, &NIST_LEAST, &PCI_INACTIVE, &ISO_ACCESS, &SOC2_REMOVE],
    about: About::Findings {
        holds: |finding: &Finding| matches!(finding.owner, Owner::Root),
        severity: |finding, _| match finding.verdict {
            Verdict::LongTerm => Severity::Critical,
            Verdict::Recent | Verdict::Undetermined | Verdict::Contradictory => Severity::High,
        },
    },
};
