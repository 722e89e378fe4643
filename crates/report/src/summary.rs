//! The sentences about a whole assessment, which stand first in every format that people read. Those about one key or
//! one account are in [`crate::words`].

use keysweep_core::assessment::Conclusion;
use keysweep_core::coverage_summary::CoverageSummary;
use keysweep_core::totals::Totals;

use crate::words::{self, count, grouped};

/// What was found, in one sentence: how many keys, in how many accounts, and the oldest.
pub fn headline(totals: &Totals) -> String {
    let keys = totals.findings.long_term;
    let Some(oldest) = totals.oldest_at_least else {
        let missing = if totals.problems > 0 { ", but not everything could be assessed" } else { "" };
        return format!("No long-term inactive access key was found{missing}");
    };
    let oldest = words::rounded_down(oldest);
    let keys_in_accounts = format!(
        "{} in {}",
        count(keys, "long-term inactive access key"),
        count(totals.accounts_with_long_term_keys, "account")
    );
    match keys {
        1 => format!("{keys_in_accounts}, inactive for at least {oldest}"),
        _ => format!("{keys_in_accounts}; the oldest has been inactive for at least {oldest}"),
    }
}

/// What it comes to, in a word. Nothing is clean as long as keys are undecided.
pub const fn result(conclusion: Conclusion, totals: &Totals) -> &'static str {
    let undecided = totals.findings.undetermined + totals.findings.contradictory;
    match conclusion {
        Conclusion::Clean if undecided == 0 => "Clean",
        Conclusion::Clean | Conclusion::LongTermKeys => "Complete",
        Conclusion::Incomplete => "Incomplete",
    }
}

/// How much the verdicts speak for.
pub fn coverage(totals: &Totals, coverage: &CoverageSummary) -> String {
    let accounts = totals.accounts;
    let mut parts = vec![format!(
        "{} of {} assessed completely",
        grouped(accounts.complete),
        count(accounts.total, "account")
    )];
    for (number, what) in
        [(accounts.partial, "in part"), (accounts.not_assessed, "not at all"), (accounts.skipped, "skipped")]
    {
        if number > 0 {
            parts.push(format!("{} {what}", grouped(number)));
        }
    }
    format!("{}. The verdicts speak for {}.", parts.join(", "), spoken_for(coverage))
}

/// `47 of 50 accounts (1,880 of about 2,000 users)`.
fn spoken_for(coverage: &CoverageSummary) -> String {
    let to_assess = coverage.accounts_to_assess;
    let accounts = match coverage.accounts {
        0 => return "nothing: no account could be looked into".to_owned(),
        all if all == to_assess => count(to_assess, "account"),
        some => format!("{} of {}", grouped(some), count(to_assess, "account")),
    };
    let users = match coverage.users_to_assess {
        None => format!("{}; how many there are in all is not known", count(coverage.users, "user")),
        Some(all) if all == coverage.users && !coverage.users_are_estimated => count(all, "user"),
        Some(all) => {
            let about = if coverage.users_are_estimated { "about " } else { "" };
            format!("{} of {about}{}", grouped(coverage.users), count(all, "user"))
        }
    };
    format!("{accounts} ({users})")
}

/// The inactive keys by verdict.
pub fn inactive_keys(totals: &Totals) -> String {
    let findings = totals.findings;
    let by_verdict: Vec<String> = [
        (findings.long_term, "long-term"),
        (findings.contradictory, "contradictory"),
        (findings.undetermined, "undetermined"),
        (findings.recent, "recent"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, verdict)| format!("{} {verdict}", grouped(number)))
    .collect();
    match findings.total {
        0 => "No inactive access key was seen.".to_owned(),
        total => format!("{}: {}.", count(total, "inactive access key"), by_verdict.join(", ")),
    }
}

/// What an inactive key is, and why it matters.
pub const MEANING: &str = "An inactive access key cannot call AWS, but whoever may call iam:UpdateAccessKey switches it on again with one \
                           call: with all permissions of its user, and with the same secret that may lie in an old laptop, \
                           repository or log. A key that has been inactive for longer than the threshold is no part of a \
                           rotation any more. It has no use left, only risk.";

/// What the verdicts mean.
pub const VERDICTS: &str = "Long-term: inactive for at least the threshold. Undetermined: the evidence allows both, and the report says \
                            when it will be known. Contradictory: the evidence cannot all be true, and nothing is concluded. Recent: \
                            inactive for less than the threshold.";

/// How verdicts come about, and what they cannot say.
pub const METHOD: &str = "No AWS API tells since when a key has been inactive. keysweep derives it, as an interval: from recorded status \
                          changes, from every time that the key was seen, and from the time in which each change would be on \
                          record. Nothing is guessed. AWS counts refused attempts as uses and records them late, so a last use is \
                          shown and never decides. CloudTrail keeps 90 days: \"at least\" grows beyond that with later scans, or \
                          with imported records.";

/// What the list of keys shows.
pub const LIST: &str = "The worst verdicts first, and the longest inactive first among them. The dates below the time are those between \
                        which the key became inactive. The HTML report has a card for each key that says why.";

/// Something to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// To how many things.
    pub number: u64,
    /// What one of them is.
    pub what: &'static str,
    /// What to do about them.
    pub advice: &'static str,
}

/// What to do next with these keys, `root` of which are root users', the most pressing first; what there is nothing of is left out.
pub fn next_steps(totals: &Totals, root: u64) -> Vec<Step> {
    let found = totals.findings;
    let step = |number, what, advice| Step { number, what, advice };
    let steps = [
        step(root, "root user's key", "Delete it first: no policy limits what could be done with it."),
        step(
            found.long_term,
            "long-term inactive key",
            "Ask the owner, then delete the key. keysweep plan proposes exactly these deletions; nothing is deleted before somebody approves.",
        ),
        step(
            totals.problems,
            "assessment gap",
            "Mend it as told below and scan again: more long-term keys may exist.",
        ),
        step(
            found.contradictory,
            "contradictory key",
            "Look into the evidence first: keysweep explain and the HTML report show all of it.",
        ),
        step(
            found.undetermined,
            "undetermined key",
            "Not enough history is known yet. Scan again by the date in the list.",
        ),
        step(found.recent, "recently deactivated key", "Nothing to do yet."),
    ];
    steps.into_iter().filter(|step| step.number > 0).collect()
}
