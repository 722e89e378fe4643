//! The difference as Markdown for an issue or a pull request: what became of which keys, in a table for each kind.

use keysweep_core::diff::{AccountChange, Difference, KeyChange};

use super::{account, counts, key, notes, outcome, scan, title, title_of_accounts};
use crate::markdown::{COMMENT, Page};
use crate::mask::Mask;

/// The Markdown, as long as GitHub takes.
pub fn page(difference: &Difference<'_>) -> String {
    let mask = Mask::off();
    let mut page = Page::new(COMMENT, &mask);
    page.block(&format!("## keysweep: {}", counts(difference)));
    page.block(&format!("**Result:** {}.", outcome(difference)));
    let (before, after) = (page.code(&scan(difference.before)), page.code(&scan(difference.after)));
    page.block(&format!("From {before} to {after}."));
    for note in notes(difference) {
        let note = page.code(&note);
        page.block(&note);
    }
    changes(&mut page, difference);
    page.into_text()
}

/// The tables of the keys and accounts.
pub(crate) fn changes(page: &mut Page<'_>, difference: &Difference<'_>) {
    for change in KeyChange::ALL {
        let keys: Vec<_> = difference.keys.iter().filter(|key| key.change == change).collect();
        let columns = ["Account", "User", "Key", "Owner", "What"];
        page.table(title(change), &columns, &keys, |page, difference| {
            let finding = difference.found.last();
            vec![
                page.account(difference.account),
                page.code(finding.owner.name()),
                page.key(finding),
                page.maybe(finding.owner_tag()),
                page.code(&key(difference)),
            ]
        });
    }
    for change in [AccountChange::CameUnderCoverage, AccountChange::NoLongerAssessed] {
        let accounts: Vec<_> =
            difference.accounts.iter().filter(|account| account.change == change).collect();
        page.table(title_of_accounts(change), &["Account", "Why"], &accounts, |page, difference| {
            vec![page.account(difference.account), page.code(&account(difference))]
        });
    }
}
