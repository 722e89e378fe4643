//! A diagnosis to read: what concerns the caller, the accounts, and at the end each thing to mend once, with where.

use std::fmt::Write as _;

use keysweep_core::account::AccountId;
use keysweep_core::diagnosis::{Check, Diagnosis, Fault, Outcome, Place, Subject};

use super::{Mending, mending};
use crate::policies::Names;
use crate::visible::visible;
use crate::words::{count, exactly};

/// So many accounts are named where more share a fault.
const NAMED: usize = 10;

/// The whole text.
pub fn text(diagnosis: &Diagnosis, names: &Names) -> String {
    let mut text = String::new();
    match &diagnosis.caller {
        Some(caller) => {
            let _ = writeln!(
                text,
                "Caller     {} in account {} ({})",
                visible(&caller.arn),
                caller.account,
                caller.partition
            );
            let _ = writeln!(text, "Place      {}", place(&diagnosis.place));
        }
        None => text.push_str("Caller     not known\n"),
    }
    let of_caller: Vec<&Check> = diagnosis.checks.iter().filter(|check| check.account.is_none()).collect();
    text.push('\n');
    for check in of_caller {
        text.push_str(&line(check));
    }
    text.push_str(&accounts(diagnosis));
    text.push_str(&to_mend(diagnosis, names));
    text
}

fn place(place: &Place) -> String {
    match place {
        Place::Management(organization) => {
            format!("management account of the organization {}", organization.id)
        }
        Place::DelegatedAdministrator(organization) => format!(
            "delegated administrator account of the organization {} (management account {})",
            organization.id, organization.management_account
        ),
        Place::Member(organization) => format!(
            "member account of the organization {} (management account {})",
            organization.id, organization.management_account
        ),
        Place::Alone => "in no organization".to_owned(),
        Place::Unknown => "not known".to_owned(),
    }
}

/// A check in a line: a mark, what, and what came of it.
fn line(check: &Check) -> String {
    let name = check.subject.name();
    let (mark, said) = match &check.outcome {
        Outcome::Works => ("ok", String::new()),
        Outcome::Noted(note) => ("note", visible(note).into_owned()),
        Outcome::NotChecked(why) => ("-", format!("not checked: {}", visible(why))),
        Outcome::Fails(fault) => ("FAILS", visible(&said(fault)).into_owned()),
    };
    let separator = if said.is_empty() { "" } else { ": " };
    format!("  {mark:<5}  {name}{separator}{said}\n")
}

/// What went wrong, in a sentence without a full stop.
pub(super) fn said(fault: &Fault) -> String {
    match fault {
        Fault::Call(error) => {
            let code = error.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
            format!("{code}{}", error.message)
        }
        Fault::ClockOff(off) => {
            let direction = if off.is_negative() { "ahead of" } else { "behind" };
            format!("this machine's clock is {} {direction} AWS's", exactly(off.abs()))
        }
        Fault::WrongPlace => "an organization cannot be scanned from here".to_owned(),
        Fault::NothingSelected => "--include and --exclude leave no account to be assessed".to_owned(),
        Fault::NotAUrl(text) => format!("{text:?} is not a URL"),
    }
}

fn accounts(diagnosis: &Diagnosis) -> String {
    let mut groups: Vec<(AccountId, Vec<&Check>)> = Vec::new();
    for check in &diagnosis.checks {
        let Some(account) = check.account else { continue };
        match groups.last_mut() {
            Some((last, checks)) if *last == account => checks.push(check),
            _ => groups.push((account, vec![check])),
        }
    }
    let mut text = String::new();
    if groups.is_empty() {
        return text;
    }
    let of = match diagnosis.listed {
        Some(listed) if listed.more => format!(", of the first {} in scope", listed.in_scope),
        Some(listed) => format!(", of {} in scope", listed.in_scope),
        None => String::new(),
    };
    let _ = writeln!(text, "\n{} looked at{of}\n", count(groups.len() as u64, "account"));
    for (account, checks) in groups {
        let working = checks.iter().filter(|check| check.outcome == Outcome::Works).count();
        if working == checks.len() {
            let _ = writeln!(text, "  ok     {account}: {} work", count(working as u64, "call"));
            continue;
        }
        let _ = writeln!(text, "  {account}: {} of {} work", working, count(checks.len() as u64, "call"));
        for check in checks.into_iter().filter(|check| check.outcome != Outcome::Works) {
            let _ = write!(text, "  {}", line(check));
        }
    }
    text
}

/// One thing to mend, and where.
struct Group {
    mending: Mending,
    what: Subject,
    accounts: Vec<AccountId>,
}

fn to_mend(diagnosis: &Diagnosis, names: &Names) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for (check, fault) in diagnosis.failures() {
        let mending = mending(diagnosis, check, fault, names);
        match groups.iter_mut().find(|group| group.mending == mending && group.what == check.subject) {
            Some(group) => group.accounts.extend(check.account),
            None => groups.push(Group {
                mending,
                what: check.subject.clone(),
                accounts: check.account.into_iter().collect(),
            }),
        }
    }
    if groups.is_empty() {
        return "\nEverything that was looked at works.\n".to_owned();
    }
    let mut text = "\nTo mend\n".to_owned();
    for (index, Group { mending, what, accounts }) in groups.iter().enumerate() {
        let _ = write!(text, "\n{}. {}", index + 1, what.name());
        if !accounts.is_empty() {
            let first: Vec<String> = accounts.iter().take(NAMED).map(ToString::to_string).collect();
            let more = accounts.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = write!(text, " in {}{more}", first.join(", "));
        }
        let _ = writeln!(text, "\n   {}", mending.text);
        for block in [&mending.statement, &mending.command].into_iter().flatten() {
            text.push('\n');
            for line in block.lines() {
                let _ = writeln!(text, "     {line}");
            }
        }
    }
    text
}
