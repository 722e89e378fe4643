//! What could not be assessed, by its cause, and what mends it; each gap in a table below; and what was left out on
//! purpose.

use std::io;

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountStatus, SkipReason};
use keysweep_core::cause::CauseGroup;

use super::{Page, capital, some_of};
use crate::causes::to_mend;
use crate::words::{self, count};

/// How many accounts are named.
const NAMED: usize = 8;

pub(super) fn write(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(
        b"<section id=missing aria-labelledby=missing-title><h2 id=missing-title>What could not be assessed, and what mends \
          it</h2>",
    )?;
    // Accounts that are not in use are told of below.
    let groups = to_mend(page.assessment);
    if groups.is_empty() {
        out.write_all(b"<p>Nothing is missing of what was to be assessed.</p>")?;
    }
    for group in &groups {
        cause(page, group, out)?;
    }
    if !groups.is_empty() {
        each(page, out)?;
    }
    left_out(page, out)?;
    out.write_all(b"</section>\n")
}

fn cause(page: &Page<'_>, group: &CauseGroup<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let times = match group.times {
        1 => String::new(),
        times => format!(" ({})", count(times, "time")),
    };
    write!(out, "<div class=gap><h3>{}{times}</h3><p>", page.texts.of(&capital(&group.cause.to_string())))?;
    if let Some(problem) = group.problems.first() {
        write!(out, "{}.", page.texts.of(&capital(&problem.gap.to_string())))?;
    }
    let error = match (group.call, group.code) {
        (Some(call), Some(code)) => format!("{call}: {code}"),
        (Some(call), None) => format!("{call} failed"),
        (None, _) => String::new(),
    };
    if !error.is_empty() {
        write!(out, " <small>{}</small>", page.texts.of(&error))?;
    }
    if !group.accounts.is_empty() {
        let accounts = some_of(&group.accounts, NAMED, |id: &AccountId| page.account_of(*id).to_string());
        write!(out, "</p><p class=soft>{accounts}")?;
    }
    write!(out, "</p><p><b>To do:</b> {}</p></div>", page.texts.of(&group.remedy))
}

fn each(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(
        b"<details><summary>Each gap, with AWS's answer</summary><table><thead><tr><th scope=col>Account<th scope=col>What<th \
          scope=col>Why</thead><tbody>\n",
    )?;
    for problem in page.assessment.problems() {
        let error = problem.error.as_ref().map(ToString::to_string);
        writeln!(
            out,
            "<tr><td>{}<td>{}<td>{}",
            problem.account.map_or_else(|| "organization".to_owned(), |account| account.to_string()),
            page.texts.of(&problem.gap.to_string()),
            page.texts.maybe(error.as_deref().or(problem.detail.as_deref())),
        )?;
    }
    out.write_all(b"</table></details>")
}

/// Accounts that were left out, by reason.
fn left_out(page: &Page<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let mut reasons: Vec<(&SkipReason, Vec<AccountId>)> = Vec::new();
    for assessed in &page.assessment.accounts {
        let AccountStatus::Skipped(reason) = &assessed.status else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, accounts)) => accounts.push(assessed.account.id),
            None => reasons.push((reason, vec![assessed.account.id])),
        }
    }
    for (reason, accounts) in reasons {
        write!(
            out,
            "<p class=soft><b>{} left out</b>: {}. {}</p>",
            count(accounts.len() as u64, "account"),
            page.texts.of(&words::skip_reason(reason)),
            some_of(&accounts, NAMED, |id| page.account_of(*id).to_string())
        )?;
    }
    Ok(())
}
