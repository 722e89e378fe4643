//! What differs between two scans, in words. The terminal ([`crate::terminal::diff`]), Markdown and JSON take them from here;
//! what differs is decided in [`keysweep_core::diff`].

pub mod json;
pub mod markdown;

use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::diff::{
    AccountChange, AccountDifference, Difference, KeyChange, KeyDifference, NotLookedAt, Outcome,
};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::problem::Problem;

use crate::words::{self, count};

/// What became of keys, as a heading.
pub const fn title(change: KeyChange) -> &'static str {
    match change {
        KeyChange::CrossedThreshold => "Crossed the threshold",
        KeyChange::NewlyInactive => "Newly inactive",
        KeyChange::InactiveAgain => "Switched on in between, and inactive again",
        KeyChange::VerdictChanged => "Another verdict",
        KeyChange::Reactivated => "Reactivated",
        KeyChange::Deleted => "Deleted",
        KeyChange::ReactivatedOrDeleted => "Reactivated or deleted",
        KeyChange::CameUnderCoverage => "Came under coverage",
        KeyChange::NoLongerAssessed => "No longer assessed",
    }
}

/// What became of accounts, as a heading.
pub const fn title_of_accounts(change: AccountChange) -> &'static str {
    match change {
        AccountChange::CameUnderCoverage => "Accounts that came under coverage",
        AccountChange::NoLongerAssessed => "Accounts that are no longer assessed",
    }
}

/// How many keys and accounts there are of each kind, in one line: "2 newly inactive, 1 reactivated or deleted".
pub fn counts(difference: &Difference<'_>) -> String {
    let mut parts: Vec<String> = KeyChange::ALL
        .into_iter()
        .filter_map(|change| {
            let keys = number_of(difference, change);
            (keys > 0).then(|| format!("{}: {}", title(change).to_lowercase(), count(keys, "key")))
        })
        .collect();
    if !difference.accounts.is_empty() {
        let accounts = u64::try_from(difference.accounts.len()).unwrap_or(u64::MAX);
        parts.push(format!("{} with another coverage", count(accounts, "account")));
    }
    match &parts[..] {
        [] => "No change".to_owned(),
        [first, rest @ ..] => {
            let mut first = first.clone();
            if let Some(letter) = first.get_mut(..1) {
                letter.make_ascii_uppercase();
            }
            std::iter::once(first).chain(rest.iter().cloned()).collect::<Vec<_>>().join("; ")
        }
    }
}

/// How many keys there are of a kind.
pub(crate) fn number_of(difference: &Difference<'_>, change: KeyChange) -> u64 {
    difference.keys.iter().filter(|key| key.change == change).map(|_| 1).sum()
}

/// What the comparison comes to, in one sentence.
pub fn outcome(difference: &Difference<'_>) -> String {
    let keys = count(difference.unchanged, "inactive key");
    match difference.outcome() {
        Outcome::NoChange => {
            format!("everything was assessed in both scans, and nothing changed: {keys} as before")
        }
        Outcome::Changes => format!("everything was assessed in both scans; {keys} as before"),
        Outcome::Incomplete => format!(
            "not everything was assessed in both scans, so more may have changed than is shown; {keys} as before"
        ),
    }
}

/// One of the two scans: its id, its time, and what it did not assess.
pub fn scan(assessment: &Assessment) -> String {
    let (id, at) = (&assessment.id, words::minute(assessment.started_at));
    match assessment.problems().map(|_| 1).sum() {
        0 => format!("scan {id} of {at}"),
        problems => format!("scan {id} of {at}, incomplete: {}", count(problems, "problem")),
    }
}

/// What keeps the two from being quite alike.
pub fn notes(difference: &Difference<'_>) -> Vec<String> {
    let (before, after) = (difference.before, difference.after);
    let mut notes = Vec::new();
    if before.scope != after.scope
        || (before.scope == Scope::Account && before.caller.account != after.caller.account)
    {
        notes.push(format!("The scopes differ: {}, then {}.", scope(before), scope(after)));
    }
    let threshold = |assessment: &Assessment| words::exactly(assessment.policy.threshold.length());
    if before.policy.threshold != after.policy.threshold {
        let (before, after) = (threshold(before), threshold(after));
        notes.push(format!(
            "The threshold was {before} and is {after}: verdicts may differ for that reason alone."
        ));
    }
    notes
}

fn scope(assessment: &Assessment) -> String {
    crate::history::scope(&assessment.scope, assessment.caller.account)
}

/// What is said of a key, as a sentence about it.
pub fn key(key: &KeyDifference<'_>) -> String {
    let now = || key.found.after().map(state).unwrap_or_default();
    let was = || key.found.before().map(state).unwrap_or_default();
    let why = || key.not_looked_at.map(not_looked_at).unwrap_or_default();
    match key.change {
        KeyChange::CrossedThreshold | KeyChange::VerdictChanged => format!("{}; it was {}", now(), was()),
        KeyChange::NewlyInactive => now(),
        KeyChange::InactiveAgain => {
            format!("{}; it was switched on in between, and was {} before", now(), was())
        }
        KeyChange::Reactivated => format!("switched on again; it was {}", was()),
        KeyChange::Deleted => format!("no longer among its user's keys; it was {}", was()),
        KeyChange::ReactivatedOrDeleted => {
            format!("not among the inactive keys any more: reactivated or deleted; it was {}", was())
        }
        KeyChange::CameUnderCoverage => format!("{}; the earlier scan did not look at it: {}", now(), why()),
        KeyChange::NoLongerAssessed => {
            format!("the later scan did not look at it: {}; it was {}", why(), was())
        }
    }
}

/// `recent, inactive for at most 24 days (proven)`.
fn state(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Contradictory => words::inactive_for(finding),
        verdict => format!("{}, {}", words::verdict(verdict), words::inactive_for(finding)),
    }
}

/// Why only one of the scans looked into an account.
pub fn account(account: &AccountDifference<'_>) -> String {
    let which = match account.change {
        AccountChange::CameUnderCoverage => "earlier",
        AccountChange::NoLongerAssessed => "later",
    };
    format!("the {which} scan did not look into it: {}", not_looked_at(account.why))
}

/// Why a scan did not look at something.
pub fn not_looked_at(why: NotLookedAt<'_>) -> String {
    match why {
        NotLookedAt::Unknown => "the account is not among those that it listed".to_owned(),
        NotLookedAt::Skipped(reason) => format!("it left the account out: {}", words::skip_reason(reason)),
        NotLookedAt::NotAssessed => "the account was not assessed".to_owned(),
        NotLookedAt::Problem(problem) => said(problem),
        NotLookedAt::PerhapsRenamed(problem) => {
            format!("{}, and that may be the same user under another name", said(problem))
        }
    }
}

fn said(problem: &Problem) -> String {
    match &problem.error {
        Some(error) => format!("{} ({error})", problem.gap),
        None => problem.gap.to_string(),
    }
}
