//! The summary that an engineer reads in a terminal: what was found, what it rests on, and what was not looked at, the
//! most important first. Long lists are cut and say so; the JSON and the CSV have all of it.
//!
//! Nothing here asks the terminal anything: [`Style`] tells what it can do.

pub mod diff;
pub mod exemptions;
pub mod explanation;
mod findings;
mod gaps;
pub mod history;
pub mod journal;
mod page;
pub mod plan;
pub mod rules;
mod table;
mod units;

use std::collections::HashMap;

use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{Assessment, Conclusion, Scope};

use keysweep_core::coverage_summary::CoverageSummary;

use self::page::{BAD, BOLD, DIM, DOUBT, GOOD, PLAIN, Page};
use crate::Options;
use crate::mask::Mask;
use crate::summary;
use crate::visible::visible;
use crate::words::{self, grouped};
use keysweep_core::totals::Totals;

/// What the terminal can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to write ANSI escape codes for colour.
    pub colour: bool,
    /// Its columns, at least 60; `None` where there is no terminal: then nothing is wrapped or shortened.
    pub width: Option<usize>,
    /// How many rows of a list are shown.
    pub max_rows: usize,
}

/// No colour, no width, twenty rows.
impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: None, max_rows: 20 }
    }
}

/// What every part of the summary needs.
struct Context<'a> {
    assessment: &'a Assessment,
    totals: Totals,
    coverage: CoverageSummary,
    mask: Mask<'a>,
    accounts: HashMap<AccountId, &'a Account>,
    max_rows: usize,
}

impl Context<'_> {
    /// A text from outside as it may be shown.
    fn show(&self, text: &str) -> String {
        visible(&self.mask.text(text)).into_owned()
    }

    /// An account's id with its name, where it has one.
    fn account(&self, id: AccountId) -> String {
        match self.accounts.get(&id).and_then(|account| account.name.as_deref()) {
            Some(name) => format!("{id} {}", self.show(name)),
            None => id.to_string(),
        }
    }

    /// Whether more than one account is shown, so that findings must say which one they are of.
    fn many_accounts(&self) -> bool {
        matches!(self.assessment.scope, Scope::Organization(_)) || self.accounts.len() > 1
    }

    /// The line that says that a list goes on.
    fn more(&self, page: &mut Page, all: usize) {
        if all > self.max_rows {
            let hidden = grouped((all - self.max_rows) as u64);
            page.paragraph(
                2,
                DIM,
                &format!("and {hidden} more: see the JSON or the CSV (--format json, csv)"),
            );
        }
    }
}

/// The summary.
pub fn summary(assessment: &Assessment, options: &Options) -> String {
    let Style { colour, width, max_rows } = options.style;
    let context = Context {
        assessment,
        totals: Totals::of(assessment),
        coverage: CoverageSummary::of(assessment),
        mask: Mask::asked(assessment, options),
        accounts: assessment
            .accounts
            .iter()
            .map(|assessed| (assessed.account.id, &assessed.account))
            .collect(),
        max_rows,
    };
    let mut page = Page::new(colour, width);
    head(&mut page, &context);
    if let Some(compared) = &options.compared {
        diff::since(&mut page, &compared.with(assessment), &context.mask, max_rows);
    }
    findings::list(&mut page, &context);
    findings::to_look_at(&mut page, &context);
    findings::undetermined(&mut page, &context);
    findings::exempt(&mut page, &context);
    units::table(&mut page, &context);
    gaps::problems(&mut page, &context);
    gaps::skipped(&mut page, &context);
    scan(&mut page, &context);
    page.into_text()
}

const LABEL: usize = 11;

fn head(page: &mut Page, context: &Context<'_>) {
    let Context { assessment, totals, coverage, .. } = context;
    let conclusion = assessment.conclusion();
    let paint = match conclusion {
        _ if totals.findings.long_term > 0 => BAD,
        Conclusion::Incomplete => DOUBT.bold(),
        Conclusion::Clean | Conclusion::LongTermKeys => GOOD.bold(),
    };
    page.paragraph(0, paint, &summary::headline(totals));
    page.blank();
    let (word, paint) = match conclusion {
        Conclusion::Clean => ("Clean", GOOD),
        Conclusion::LongTermKeys => ("Complete", BOLD),
        Conclusion::Incomplete => ("INCOMPLETE", DOUBT),
    };
    page.labelled(LABEL, "Result", paint, &format!("{word}: {}.", words::conclusion(conclusion)));
    page.labelled(LABEL, "Coverage", PLAIN, &summary::coverage(totals, coverage));
    page.labelled(LABEL, "Keys", PLAIN, &summary::inactive_keys(totals));
    let policy = &assessment.policy;
    let threshold = format!(
        "{}; CloudTrail is given {} to deliver its events.",
        words::exactly(policy.threshold.length()),
        words::exactly(policy.settling_margin.length()),
    );
    page.labelled(LABEL, "Threshold", PLAIN, &threshold);
}

/// Who looked, when, and with how many calls.
fn scan(page: &mut Page, context: &Context<'_>) {
    let Context { assessment, totals, .. } = context;
    page.heading("Scan");
    let label = |page: &mut Page, label: &str, text: &str| {
        page.labelled(2 + LABEL, &format!("  {label}"), PLAIN, text);
    };
    let scope = match &assessment.scope {
        Scope::Account => format!("account {}", context.account(assessment.caller.account)),
        Scope::Organization(organization) => format!(
            "organization {}, management account {}",
            context.show(&organization.id),
            context.account(organization.management_account)
        ),
    };
    label(page, "Scope", &scope);
    label(page, "Caller", &context.show(&assessment.caller.arn));
    let (started, finished) = (assessment.started_at, assessment.finished_at);
    label(page, "Time", &format!("{}, {}", words::second(started), words::exactly(finished - started)));
    let total = totals.calls.total();
    label(page, "Calls", &format!("{} sent, {} throttled", grouped(total.sent), grouped(total.throttled)));
    let mut by_call: Vec<_> = totals.calls.iter().collect();
    by_call.sort_by_key(|(call, calls)| (std::cmp::Reverse(calls.sent), *call));
    let by_call: Vec<String> = by_call
        .into_iter()
        .map(|(call, calls)| match calls.throttled {
            0 => format!("{call} {}", grouped(calls.sent)),
            throttled => format!("{call} {} ({} throttled)", grouped(calls.sent), grouped(throttled)),
        })
        .collect();
    if !by_call.is_empty() {
        label(page, "", &by_call.join(", "));
    }
    let (id, version) = (context.show(&assessment.id), context.show(&assessment.version));
    label(page, "Id", &format!("{id}, by keysweep {version}"));
}
