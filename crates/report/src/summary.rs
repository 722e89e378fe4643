//! The sentences about a whole assessment, which stand first in every format that people read. Those about one key or
//! one account are in [`crate::words`].

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
