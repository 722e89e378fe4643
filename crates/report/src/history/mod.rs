//! The list of the scans that a store keeps: what each came to, in one line. The terminal ([`crate::terminal::history`]) and
//! Markdown take their words from here; the fields of the JSON are in [`json`].

pub mod json;
pub mod markdown;

use keysweep_core::account::AccountId;
use keysweep_core::archive::{Finished, ScanRecord};
use keysweep_core::assessment::Scope;
use keysweep_core::totals::AccountTotals;

use crate::words::{self, count, grouped};

/// What stands where a scan that did not finish has nothing to tell.
const NOTHING: &str = "–";

/// One scan in words.
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    pub(crate) begun: String,
    pub(crate) scope: String,
    /// How much of it was assessed, or that it did not finish.
    pub(crate) coverage: String,
    pub(crate) is_finished: bool,
    /// Whether all of it was assessed.
    pub(crate) is_complete: bool,
    pub(crate) has_long_term_keys: bool,
    pub(crate) long_term: String,
    pub(crate) inactive: String,
    pub(crate) calls: String,
    pub(crate) duration: String,
}

impl<'a> Line<'a> {
    pub(crate) fn of(scan: &'a ScanRecord) -> Self {
        let begun = &scan.begun;
        let nothing = || NOTHING.to_owned();
        let empty = Self {
            id: &begun.id,
            begun: words::minute(begun.started_at),
            scope: scope(&begun.scope, begun.caller.account),
            coverage: "not finished".to_owned(),
            is_finished: false,
            is_complete: false,
            has_long_term_keys: false,
            long_term: nothing(),
            inactive: nothing(),
            calls: nothing(),
            duration: nothing(),
        };
        let Some(Finished { at, totals }) = &scan.finished else { return empty };
        Self {
            coverage: coverage(totals.accounts, totals.problems),
            is_finished: true,
            is_complete: totals.problems == 0,
            has_long_term_keys: totals.findings.long_term > 0,
            long_term: grouped(totals.findings.long_term),
            inactive: grouped(totals.findings.total),
            calls: grouped(totals.calls.total().sent),
            duration: words::exactly(*at - begun.started_at),
            ..empty
        }
    }
}

/// `organization o-a1b2c3d4e5`, `account 111122223333`; `own` is the account of who scans.
pub fn scope(scope: &Scope, own: AccountId) -> String {
    match scope {
        Scope::Account => format!("account {own}"),
        Scope::Organization(organization) => format!("organization {}", organization.id),
    }
}

/// `47 of 50 accounts, 4 problems`: accounts that were assessed completely, of those that were to be.
fn coverage(accounts: AccountTotals, problems: u64) -> String {
    let to_assess = accounts.total - accounts.skipped;
    let assessed = format!("{} of {}", grouped(accounts.complete), count(to_assess, "account"));
    if problems == 0 { assessed } else { format!("{assessed}, {}", count(problems, "problem")) }
}
