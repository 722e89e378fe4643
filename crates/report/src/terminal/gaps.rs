//! What was not assessed: the problems by their causes, each with what to do, and the accounts that were left out on
//! purpose.

use keysweep_core::account::AccountId;
use keysweep_core::assessment::{AccountStatus, SkipReason};
use keysweep_core::problem::Problem;

use super::Context;
use super::page::{BOLD, DIM, DOUBT, PLAIN, Page};
use crate::causes::{extent, to_mend, what};
use crate::words::{count, grouped, skip_reason};

/// How many members of a group are named.
const EXAMPLES: usize = 5;

/// The problems by their causes, the most frequent first.
pub(super) fn problems(page: &mut Page, context: &Context<'_>) {
    let groups = to_mend(context.assessment);
    if groups.is_empty() {
        return;
    }
    page.heading(&format!(
        "{}: what was not assessed, and what to do",
        count(context.totals.problems, "problem")
    ));
    for cause in groups.iter().take(context.max_rows) {
        page.paragraph(2, DOUBT, &context.show(&format!("{} ({})", what(cause), extent(cause))));
        page.paragraph(4, PLAIN, &format!("cause: {}", cause.cause));
        group(page, context, &cause.problems);
        page.paragraph(4, BOLD, &format!("to do: {}", context.show(&cause.remedy)));
    }
    context.more(page, groups.len());
}

fn group(page: &mut Page, context: &Context<'_>, problems: &[&Problem]) {
    let Some(first) = problems.first() else { return };
    let place = first.account.map(|account| format!("{}: ", context.account(account))).unwrap_or_default();
    let key = first.gap.key().map(|key| format!(" ({})", context.mask.key(key))).unwrap_or_default();
    page.paragraph(4, PLAIN, &format!("{place}{}{key}", context.show(&first.gap.to_string())));
    if problems.len() > 1 {
        let others = problems.iter().skip(1).map(|problem| member(context, problem));
        page.paragraph(4, PLAIN, &format!("the same: {}", some_of(others, problems.len() - 1)));
    }
    if let Some(error) = &first.error {
        let request = error.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
        page.paragraph(4, DIM, &context.show(&format!("message: {}{request}", error.message)));
    }
    if let Some(detail) = &first.detail {
        page.paragraph(4, DIM, &context.show(&format!("detail: {detail}")));
    }
}

fn member(context: &Context<'_>, problem: &Problem) -> String {
    let user = problem.gap.user().map(|user| format!("user {}", context.show(user.as_str())));
    match (user, problem.account) {
        (Some(user), Some(account)) => format!("{user} in {account}"),
        (Some(user), None) => user,
        (None, Some(account)) => context.account(account),
        (None, None) => "the organization".to_owned(),
    }
}

/// The first few, and how many more there are.
fn some_of(members: impl Iterator<Item = String>, all: usize) -> String {
    let mut shown: Vec<String> = members.take(EXAMPLES).collect();
    if all > EXAMPLES {
        shown.push(format!("and {} more", grouped((all - EXAMPLES) as u64)));
    }
    shown.join(", ")
}

/// Accounts that were left out on purpose, by reason.
pub(super) fn skipped(page: &mut Page, context: &Context<'_>) {
    let mut groups: Vec<(&SkipReason, Vec<AccountId>)> = Vec::new();
    for assessed in &context.assessment.accounts {
        let AccountStatus::Skipped(reason) = &assessed.status else { continue };
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, accounts)) => accounts.push(assessed.account.id),
            None => groups.push((reason, vec![assessed.account.id])),
        }
    }
    if groups.is_empty() {
        return;
    }
    page.heading(&format!("Skipped: {}", count(context.totals.accounts.skipped, "account")));
    for (reason, accounts) in groups {
        page.paragraph(2, PLAIN, &context.show(&skip_reason(reason)));
        let names = accounts.iter().map(|account| context.account(*account));
        page.paragraph(4, DIM, &some_of(names, accounts.len()));
    }
}
