//! The sentences about a whole assessment, which stand first in every format that people read. Those about one key or
//! one account are in [`crate::words`].

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
pub fn coverage(totals: &Totals) -> String {
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
    let unknown = match totals.accounts_with_unknown_users {
        0 => String::new(),
        1 => " (the users of 1 more account are not known)".to_owned(),
        number => format!(" (the users of {} more accounts are not known)", grouped(number)),
    };
    let entered = count(accounts.complete + accounts.partial, "account");
    format!(
        "{}. The verdicts speak for {} in {entered}{unknown}.",
        parts.join(", "),
        count(totals.users, "user")
    )
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
