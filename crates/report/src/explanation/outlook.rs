//! What would tell more of a key, and when: by waiting, by a permission, or by older records.

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::Confidence;
use keysweep_core::policy::Policy;
use keysweep_core::problem::Gap;

use crate::words::second;

/// The sentences, the nearest first.
pub(super) fn of(finding: &Finding, account: &AccountAssessment, policy: &Policy) -> Vec<String> {
    let claim = &finding.inactive_since;
    let (interval, threshold) = (claim.interval, policy.threshold.length());
    let mut told = Vec::new();
    if finding.verdict == Verdict::Contradictory {
        told.push(
            "Look at the key in the IAM console and at its events in CloudTrail. Scan again: a contradiction that stays means that a record is wrong, or that keysweep is."
                .to_owned(),
        );
        return told;
    }
    if finding.verdict == Verdict::Undetermined {
        if let Some(known_by) = finding.known_by {
            told.push(format!(
                "If it stays inactive and its history can be read, it is known to be long-term by {}.",
                second(known_by)
            ));
        }
        told.push(format!(
            "What is not known is whether it was Active at some time from {} up to {}. Records of that time can tell, such as a trail's log files (keysweep evidence import).",
            second(claim.as_of - threshold),
            second(interval.latest())
        ));
    }
    if claim.confidence == Confidence::Settling {
        told.push(format!(
            "A scan after {} settles it: by then CloudTrail has had its time to deliver.",
            second(claim.as_of + policy.settling_margin.length())
        ));
    }
    if claim.confidence == Confidence::Observed || finding.verdict == Verdict::Undetermined {
        let unread = account.problems.iter().filter(|problem| problem.gap == Gap::HistoryNotRead);
        told.extend(unread.map(|problem| {
            format!(
                "The account's event history could not be read, and could tell more. {}",
                problem.remedy()
            )
        }));
    }
    if finding.verdict == Verdict::Recent {
        let (from, to) = (interval.earliest() + threshold, interval.latest() + threshold);
        told.push(if interval.is_exact() {
            format!("If it stays inactive, it reaches the threshold at {}.", second(to))
        } else {
            format!(
                "If it stays inactive, it reaches the threshold between {} and {}.",
                second(from),
                second(to)
            )
        });
    }
    told
}
