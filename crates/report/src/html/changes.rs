//! What changed since the scan that this one is compared with.

use std::io;

use keysweep_core::diff::{AccountChange, KeyChange, Outcome};

use super::Page;
use crate::diff;
use crate::words::grouped;

/// How many lines of a kind are shown; the JSON of `keysweep diff` has all of them.
const SHOWN: usize = 200;

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Some(compared) = &page.options.compared else { return Ok(()) };
    let difference = &compared.with(page.assessment);
    let texts = &page.texts;
    write!(
        out,
        "<section id=changes aria-labelledby=changes-title><h2 id=changes-title>What changed</h2><p>{}.</p><p class=soft>Since \
         {}.{}</p>",
        texts.of(&diff::counts(difference)),
        texts.of(&diff::scan(difference.before)),
        if difference.outcome() == Outcome::Incomplete {
            " Not everything was assessed in both scans: more may have changed than is shown."
        } else {
            ""
        },
    )?;
    for note in diff::notes(difference) {
        write!(out, "<p>{}</p>", texts.of(&note))?;
    }
    for change in KeyChange::ALL {
        let mut keys = difference.keys.iter().filter(|key| key.change == change).peekable();
        if keys.peek().is_none() {
            continue;
        }
        let number = diff::number_of(difference, change);
        writeln!(
            out,
            "<h3>{} <small>{}</small></h3><table class=changes><thead class=hide><tr><th scope=col>Key<th scope=col>Account<th \
             scope=col>What</thead><tbody>",
            diff::title(change),
            grouped(number)
        )?;
        for key in keys.by_ref().take(SHOWN) {
            let finding = key.found.last();
            writeln!(
                out,
                "<tr><td>{}<small>{}</small><td>{}<td>{}",
                page.user(finding),
                page.key(finding),
                page.account(key.account),
                texts.of(&super::capital(&diff::key(key)))
            )?;
        }
        out.write_all(b"</table>")?;
        more(keys.count(), out)?;
    }
    for change in [AccountChange::CameUnderCoverage, AccountChange::NoLongerAssessed] {
        let mut accounts = difference.accounts.iter().filter(|account| account.change == change).peekable();
        if accounts.peek().is_none() {
            continue;
        }
        writeln!(
            out,
            "<h3>{}</h3><table class=changes><thead class=hide><tr><th scope=col>Account<th scope=col>Why</thead><tbody>",
            diff::title_of_accounts(change)
        )?;
        for account in accounts.by_ref().take(SHOWN) {
            writeln!(
                out,
                "<tr><td>{}<td>{}",
                page.account(account.account),
                texts.of(&super::capital(&diff::account(account)))
            )?;
        }
        out.write_all(b"</table>")?;
        more(accounts.count(), out)?;
    }
    out.write_all(b"</section>\n")
}

fn more(left_out: usize, out: &mut impl io::Write) -> io::Result<()> {
    if left_out == 0 {
        return Ok(());
    }
    write!(
        out,
        "<p class=soft>and {} more: <code>keysweep diff --format json</code> has all of them</p>",
        grouped(left_out as u64)
    )
}
