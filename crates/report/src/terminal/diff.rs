//! What differs between two scans, in a terminal: what it comes to, then the keys and accounts of each kind, two lines each.

use keysweep_core::account::Account;
use keysweep_core::diff::{AccountChange, Difference, KeyChange, KeyDifference, Outcome};

use super::Style;
use super::page::{BAD, BOLD, DIM, DOUBT, GOOD, PLAIN, Page};
use crate::diff::{account, counts, key, notes, outcome, scan, title, title_of_accounts};
use crate::mask::Mask;
use crate::visible::visible;
use crate::words::grouped;

const LABEL: usize = 8;

/// The difference.
pub fn diff(difference: &Difference<'_>, style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    let (word, paint) = match difference.outcome() {
        Outcome::NoChange => ("No change", GOOD),
        Outcome::Changes => ("Complete", BOLD),
        Outcome::Incomplete => ("INCOMPLETE", DOUBT),
    };
    page.paragraph(0, BOLD, &format!("{}.", counts(difference)));
    page.blank();
    page.labelled(LABEL, "Result", paint, &format!("{word}: {}.", outcome(difference)));
    page.labelled(LABEL, "Before", PLAIN, &visible(&scan(difference.before)));
    page.labelled(LABEL, "After", PLAIN, &visible(&scan(difference.after)));
    for note in notes(difference) {
        page.labelled(LABEL, "Note", DOUBT, &visible(&note));
    }
    changes(&mut page, difference, &Mask::off(), style.max_rows);
    page.into_text()
}

/// What changed since the scan that a report is compared with.
pub(super) fn since(page: &mut Page, difference: &Difference<'_>, mask: &Mask<'_>, max_rows: usize) {
    page.heading("What changed");
    page.paragraph(2, PLAIN, &format!("{}.", counts(difference)));
    page.paragraph(2, DIM, &visible(&mask.text(&format!("since {}", scan(difference.before)))));
    for note in notes(difference) {
        page.paragraph(2, DOUBT, &visible(&mask.text(&note)));
    }
    changes(page, difference, mask, max_rows);
}

/// The keys and accounts of each kind.
fn changes(page: &mut Page, difference: &Difference<'_>, mask: &Mask<'_>, max_rows: usize) {
    let show = |(subject, text): (String, String)| {
        (visible(&mask.text(&subject)).into_owned(), visible(&mask.text(&text)).into_owned())
    };
    for change in KeyChange::ALL {
        let keys: Vec<_> = difference.keys.iter().filter(|key| key.change == change).collect();
        let lines = keys.iter().map(|difference| show((whose(difference), key(difference))));
        list(page, title(change), paint_of(change), lines, max_rows);
    }
    for change in [AccountChange::CameUnderCoverage, AccountChange::NoLongerAssessed] {
        let accounts: Vec<_> =
            difference.accounts.iter().filter(|account| account.change == change).collect();
        let lines = accounts.iter().map(|difference| show((name(difference.account), account(difference))));
        list(page, title_of_accounts(change), PLAIN, lines, max_rows);
    }
}

const fn paint_of(change: KeyChange) -> anstyle::Style {
    match change {
        KeyChange::CrossedThreshold => BAD,
        KeyChange::NoLongerAssessed | KeyChange::VerdictChanged => DOUBT,
        _ => PLAIN,
    }
}

/// A heading with the number of lines, and the lines.
fn list(
    page: &mut Page,
    title: &str,
    paint: anstyle::Style,
    lines: impl ExactSizeIterator<Item = (String, String)>,
    max_rows: usize,
) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    page.heading(&format!("{title} ({})", grouped(all as u64)));
    for (subject, text) in lines.take(max_rows) {
        page.paragraph(2, paint, &subject);
        page.paragraph(4, PLAIN, &text);
    }
    if all > max_rows {
        let more = grouped((all - max_rows) as u64);
        page.paragraph(2, DIM, &format!("and {more} more: --format json has all of them"));
    }
}

/// `AKIA… of ci-deploy in 111122223333 production, owner payments`.
fn whose(difference: &KeyDifference<'_>) -> String {
    let finding = difference.found.last();
    let key = finding.key.as_ref().map_or("a key without an id", |key| key.as_str());
    let owner = finding.owner_tag().map(|owner| format!(", owner {owner}")).unwrap_or_default();
    format!("{key} of {} in {}{owner}", finding.owner.name(), name(difference.account))
}

fn name(account: &Account) -> String {
    match &account.name {
        Some(name) => format!("{} {name}", account.id),
        None => account.id.to_string(),
    }
}
