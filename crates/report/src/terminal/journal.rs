//! The journal and the receipts of clean-up runs in a terminal.

use keysweep_core::journal::receipt::Grounds;
use keysweep_core::journal::{Receipt, Sealed};
use keysweep_core::plan::digest::Digest;
use keysweep_core::time::Instant;

use super::Style;
use super::page::{BAD, BOLD, DIM, GOOD, PLAIN, Page};
use super::table::{Column, draw};
use crate::journal::words;
use crate::visible::visible;
use crate::words::{count, date, second, since_dates};

/// What is said of a run in a line of the list.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The id of its plan; `None` where the store does not have the plan.
    pub plan_id: Option<&'a str>,
    /// The digest of its plan.
    pub plan: Digest,
    /// How many events there are, when the first was, how many keys are gone and the digest of the last; or what is wrong.
    pub state: Result<Whole, String>,
}

/// A journal that was checked.
#[derive(Clone, Debug)]
pub struct Whole {
    /// How many events it has.
    pub events: usize,
    /// When it was begun.
    pub begun: Option<Instant>,
    /// How many keys are gone by it.
    pub gone: usize,
    /// How often a key was deactivated by it.
    pub deactivated: usize,
    /// How often a key was reactivated by a revert of it.
    pub reactivated: usize,
    /// The digest of its last event.
    pub head: Digest,
}

const fn column(header: &'static str, least: Option<usize>) -> Column {
    Column { header, right: false, least }
}

/// Every run with what checking its journal came to.
pub fn runs(runs: &[Run<'_>], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    if runs.is_empty() {
        page.paragraph(0, PLAIN, "No plan was applied yet.");
    }
    for run in runs {
        let id = run.plan_id.map_or_else(|| "a plan that the store does not have".into(), visible);
        page.paragraph(0, BOLD, &id);
        match &run.state {
            Ok(whole) => {
                let begun = whole.begun.map(|at| format!(", begun {}", second(at))).unwrap_or_default();
                let (events, gone) = (count(whole.events as u64, "event"), count(whole.gone as u64, "key"));
                let switched = match (whole.deactivated, whole.reactivated) {
                    (0, 0) => String::new(),
                    (off, 0) => format!(", {off} deactivated"),
                    (off, on) => format!(", {off} deactivated, {on} reactivated"),
                };
                page.paragraph(2, GOOD, &format!("whole: {events}{begun}, {gone} gone{switched}"));
                page.paragraph(2, DIM, &format!("plan {}", run.plan));
                page.paragraph(2, DIM, &format!("head {}", whole.head));
            }
            Err(wrong) => {
                page.paragraph(2, BAD, &format!("DAMAGED: {}", visible(wrong)));
                page.paragraph(2, DIM, &format!("plan {}", run.plan));
            }
        }
    }
    page.into_text()
}

/// Every event of a run.
pub fn events(plan_id: Option<&str>, plan: Digest, events: &[Sealed], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    page.paragraph(0, BOLD, &format!("Journal of plan {}", visible(plan_id.unwrap_or("not in the store"))));
    page.paragraph(2, DIM, &plan.to_string());
    page.blank();
    let columns = [
        column("NO", None),
        column("TIME", None),
        column("ACCOUNT", None),
        column("KEY", None),
        column("WHAT", Some(20)),
    ];
    let rows: Vec<_> = events
        .iter()
        .map(|sealed| {
            let key = sealed.event.key();
            let of = |text: Option<String>| (text.unwrap_or_else(|| "-".to_owned()), PLAIN);
            vec![
                (sealed.number.to_string(), DIM),
                (second(sealed.event.at()), PLAIN),
                of(key.map(|(account, _)| account.to_string())),
                of(key.map(|(_, key)| key.to_string())),
                (visible(&words(&sealed.event)).into_owned(), PLAIN),
            ]
        })
        .collect();
    table(&mut page, &columns, &rows);
    page.into_text()
}

/// Every receipt in a line.
pub fn receipts(receipts: &[Receipt], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    if receipts.is_empty() {
        page.paragraph(0, PLAIN, "No key was deleted or switched.");
        return page.into_text();
    }
    let columns = [
        column("PLAN", Some(8)),
        column("NO", None),
        column("ACCOUNT", None),
        column("USER", Some(8)),
        column("KEY", None),
        column("SINCE", Some(10)),
        column("ACTION", None),
        column("RESULT", None),
        column("RECORDED", None),
        column("APPROVED BY", Some(11)),
        column("REQUEST ID", Some(10)),
    ];
    let rows: Vec<_> = receipts
        .iter()
        .map(|receipt| {
            let key = &receipt.key;
            let approvers: Vec<&str> = receipt.approved_by.iter().map(|(name, _)| name.as_str()).collect();
            vec![
                (visible(&receipt.plan_id).into_owned(), DIM),
                (receipt.number.to_string(), DIM),
                (key.account.to_string(), PLAIN),
                (visible(key.user.as_str()).into_owned(), PLAIN),
                (key.key.to_string(), BOLD),
                (since(&receipt.grounds), PLAIN),
                (receipt.action.name().to_owned(), PLAIN),
                (receipt.how.name().to_owned(), PLAIN),
                (second(receipt.at), PLAIN),
                (visible(&approvers.join(", ")).into_owned(), PLAIN),
                (visible(receipt.how.request_id().unwrap_or("not known")).into_owned(), PLAIN),
            ]
        })
        .collect();
    table(&mut page, &columns, &rows);
    page.into_text()
}

/// Since when the key was inactive, or unused.
fn since(grounds: &Grounds) -> String {
    match grounds {
        Grounds::Inactive(claim) => since_dates(claim.interval),
        Grounds::Unused { since, .. } => format!("unused {}", date(*since)),
    }
}

fn table(page: &mut Page, columns: &[Column], rows: &[Vec<super::table::Cell>]) {
    if draw(page, columns, rows) {
        return;
    }
    for row in rows {
        let texts: Vec<&str> = row.iter().map(|(text, _)| text.as_str()).collect();
        page.paragraph(2, PLAIN, &texts.join("  "));
    }
}
