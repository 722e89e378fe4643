//! Names with letters that the fonts lack, in full: tables and bars have room for the beginning of what they are written as.

use std::collections::BTreeSet;

use keysweep_core::account::Account;

use super::Report;
use super::flow::{Block, Flow, Mark};
use super::style::{BLACK, LEFT, MEASURE, SOFT};
use super::typesetting::Weight::{Bold, Regular};
use crate::words;

/// How many are listed.
const LISTED: usize = 300;

/// AWS allows no longer names: five organizational units below each other have 640 characters. In characters.
const LONGEST: usize = 2000;

/// What stands over the list.
const TITLE: &str = "Names written as code points";

/// What the tables say where it concerns them.
pub(super) const NOTE: &str = "Letters that the fonts of this document lack are written as their Unicode code points, such as \\u{6570 636e}; the \
                               last section has these names in full, and the HTML report shows their letters.";

/// Whether there are any.
pub(super) fn are_any(report: &Report<'_>) -> bool {
    !listed(report).is_empty()
}

pub(super) fn lay_out(report: &Report<'_>, flow: &mut Flow) {
    const SIZE: f32 = 9.0;
    const LABELS: f32 = 150.0;
    let names = listed(report);
    if names.is_empty() {
        return;
    }
    report.heading(flow, TITLE, 60.0);
    report.paragraph(
        flow,
        "These names have letters that the fonts of this document lack. Nothing of them is left out here, and copying one copies its \
         letters; the HTML report shows them.",
        SOFT,
    );
    for (whose, name) in names.iter().take(LISTED) {
        let name: String = name.chars().take(LONGEST).collect();
        let lines = report.fonts.broken(Regular, &name, SIZE, MEASURE - LABELS);
        let mut marks = vec![];
        for (number, line) in lines.into_iter().enumerate() {
            if flow.room(14.0) && !marks.is_empty() {
                // The page is turned: what is on the page before is an item of its own.
                flow.add_before(Block::Item(std::mem::take(&mut marks)));
            }
            flow.down += 13.0;
            if number == 0 {
                marks.push(report.cut(Bold, whose, (SIZE, SOFT), (LEFT, flow.down), LABELS - 10.0));
            }
            marks.push(Mark::Text { left: LEFT + LABELS, base: flow.down, size: SIZE, ink: BLACK, line });
        }
        flow.add(Block::Item(marks));
        flow.down += 3.0;
    }
    if let Some(more) = names.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let more = words::count(u64::try_from(more).unwrap_or(u64::MAX), "more name");
        report.paragraph(flow, &format!("{more} in the HTML, CSV and JSON reports."), SOFT);
    }
}

/// Whose they are, and the names, in the order of accounts, each once.
fn listed(report: &Report<'_>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    let mut add = |whose: String, name: &str| {
        if name.is_ascii() {
            return;
        }
        let name = report.show(name);
        if report.fonts.lack(&name) && seen.insert((whose.clone(), name.clone())) {
            names.push((whose, name));
        }
    };
    for assessed in &report.assessment.accounts {
        let Account { id, name, .. } = &assessed.account;
        add(format!("Account {id}"), name.as_deref().unwrap_or_default());
        add("Unit".to_owned(), &assessed.account.ou_path().unwrap_or_default());
        for finding in &assessed.findings {
            add(format!("User of {}", report.key(finding)), finding.owner.name());
            add("Owner tag".to_owned(), finding.owner_tag().unwrap_or_default());
        }
    }
    names
}
