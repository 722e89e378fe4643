//! KS003: switched off within the threshold.

use super::control::{CIS_UNUSED, HUB_ROTATION, ISO_ACCESS, NIST_DISABLE, PCI_INACTIVE, SOC2_REMOVE};
use super::{About, Rule, Severity, Way};
use crate::finding::{Finding, Verdict};

pub(super) const RULE: Rule = Rule {
    id: "KS003",
    title: "Recently deactivated access key",
    what: "An access key was deactivated and has been Inactive for less than the threshold.",
    why: "This is how a rotation should look: the old key is off, and it can still be turned on if something breaks. It becomes \
          KS001 if nobody deletes it.",
    decided: "The verdict is recent: even the earliest start of the inactive period that the evidence allows lies less than the \
              threshold back.",
    severities: &[(Severity::Informational, "always")],
    remedy: "Nothing yet. Delete it when nobody misses it; turn it on again if something does.",
    ways: &[
        Way { with: "keysweep", text: "Shows who deactivated it, and when.", commands: &["keysweep scan"] },
        Way {
            with: "AWS console",
            text: "IAM > Users > the user > Security credentials > Access keys: Actions > Activate turns it on again, if something \
                   still needs the key; Actions > Delete ends the rotation.",
            commands: &[],
        },
        Way {
            with: "AWS CLI",
            text: "If something still needs the key, this turns it on again until it has been moved.",
            commands: &["aws iam update-access-key --user-name USER --access-key-id KEY --status Active"],
        },
    ],
    controls: &[&CIS_UNUSED, &HUB_ROTATION, &NIST_DISABLE, &PCI_INACTIVE, &ISO_ACCESS, &SOC2_REMOVE],
    about: About::Findings {
        holds: |finding: &Finding| matches!(finding.verdict, Verdict::Recent),
        severity: |_, _| Severity::Informational,
    },
};
