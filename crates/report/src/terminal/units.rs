//! The accounts by organizational unit: where the keys are, and where nobody could look.

use keysweep_core::coverage_summary::UnitSummary;

use super::Context;
use super::page::{BAD, DOUBT, PLAIN, Page};
use super::table::{Cell, Column, draw};
use crate::words::grouped;

/// The table, where there is more than one unit.
pub(super) fn table(page: &mut Page, context: &Context<'_>) {
    let units = &context.coverage.units;
    if units.len() < 2 {
        return;
    }
    page.heading("By organizational unit");
    let number = |header| Column { header, right: true, least: None };
    let columns = [
        Column { header: "UNIT", right: false, least: Some(12) },
        number("ACCOUNTS"),
        number("COMPLETE"),
        number("IN PART"),
        number("NOT AT ALL"),
        number("SKIPPED"),
        number("LONG-TERM"),
        number("OTHER KEYS"),
    ];
    let rows: Vec<Vec<Cell>> = units.iter().take(context.max_rows).map(|unit| row(context, unit)).collect();
    if !draw(page, &columns, &rows) {
        for unit in units.iter().take(context.max_rows) {
            page.paragraph(2, PLAIN, &in_words(context, unit));
        }
    }
    context.more(page, units.len());
}

fn name(context: &Context<'_>, unit: &UnitSummary) -> String {
    match unit.path.as_deref() {
        None => "(not known)".to_owned(),
        Some("") => "(root)".to_owned(),
        Some(path) => context.show(path),
    }
}

fn row(context: &Context<'_>, unit: &UnitSummary) -> Vec<Cell> {
    let (accounts, findings) = (unit.accounts, unit.findings);
    let count = |number: u64, paint| (grouped(number), if number > 0 { paint } else { PLAIN });
    vec![
        (name(context, unit), PLAIN),
        count(accounts.total, PLAIN),
        count(accounts.complete, PLAIN),
        count(accounts.partial, DOUBT),
        count(accounts.not_assessed, DOUBT),
        count(accounts.skipped, PLAIN),
        count(findings.long_term, BAD),
        count(findings.total - findings.long_term, PLAIN),
    ]
}

/// For terminals that the table does not fit.
fn in_words(context: &Context<'_>, unit: &UnitSummary) -> String {
    let (accounts, findings) = (unit.accounts, unit.findings);
    format!(
        "{}: {} of {} accounts complete, {} in part, {} not at all, {} skipped; {} long-term and {} other keys",
        name(context, unit),
        grouped(accounts.complete),
        grouped(accounts.total),
        grouped(accounts.partial),
        grouped(accounts.not_assessed),
        grouped(accounts.skipped),
        grouped(findings.long_term),
        grouped(findings.total - findings.long_term)
    )
}
