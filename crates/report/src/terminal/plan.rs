//! A clean-up in a terminal: what a plan deletes, what it leaves alone and why, what the linter says, and what an apply came
//! to. Nothing is left out of these lists: whoever approves has seen every key.

use keysweep_core::account::AccountId;
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::lint::{Objection, Severity};
use keysweep_core::plan::{Plan, PlannedDeactivation, PlannedKey};

use super::Style;
use super::page::{BAD, BOLD, DIM, DOUBT, GOOD, PLAIN, Page};
use super::table::{Cell, Column, draw};
use crate::visible::visible;
use crate::words::{count, date, rounded_down, second, since_dates};

const fn column(header: &'static str, least: Option<usize>) -> Column {
    Column { header, right: false, least }
}

/// The plan as a whole: keys to delete, keys that stay, and the linter's objections.
pub fn plan(plan: &Plan, digest: Digest, objections: &[Objection], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    let (planned, kept) = (plan.keys.len() as u64, plan.not_planned.len() as u64);
    let (unused, left) = match plan.deactivate_unused {
        None => (String::new(), "inactive key"),
        Some(_) => (format!(", {} to deactivate", count(plan.deactivations.len() as u64, "key")), "key"),
    };
    page.paragraph(
        0,
        BOLD,
        &format!(
            "Plan {}: {} to delete{unused}, {} left alone",
            visible(&plan.id),
            count(planned, "key"),
            count(kept, left)
        ),
    );
    page.paragraph(
        2,
        DIM,
        &format!(
            "made {} by {} from scan {}",
            second(plan.made_at),
            visible(&plan.made_by.arn),
            visible(&plan.assessment)
        ),
    );
    page.paragraph(2, DIM, &digest.to_string());
    if !plan.keys.is_empty() {
        page.heading("To delete");
        planned_keys(&mut page, &plan.keys);
    }
    if !plan.deactivations.is_empty() {
        page.heading("To deactivate");
        planned_deactivations(&mut page, &plan.deactivations);
    }
    if !plan.not_surveyed.is_empty() {
        page.heading("Unused keys not looked for");
        for account in &plan.not_surveyed {
            let label = format!("  {}", account.account);
            page.labelled(17, &label, DOUBT, &visible(&account.reason));
        }
    }
    if !plan.not_planned.is_empty() {
        page.heading("Left alone");
        left_alone(&mut page, plan);
    }
    page.heading("Checks");
    if objections.is_empty() {
        page.paragraph(2, GOOD, "no rule objects");
    }
    for objection in objections {
        let paint = match objection.severity {
            Severity::Error => BAD,
            Severity::Warning => DOUBT,
        };
        let label = format!("  {} {}", objection.severity.name(), objection.rule);
        page.labelled(17, &label, paint, &visible(&objection.message));
    }
    page.into_text()
}

fn planned_keys(page: &mut Page, keys: &[PlannedKey]) {
    let columns = [
        column("ACCOUNT", None),
        column("USER", Some(8)),
        column("KEY", None),
        column("INACTIVE SINCE", Some(14)),
        column("AT LEAST", None),
        column("CONFIDENCE", None),
    ];
    let rows: Vec<Vec<Cell>> = keys
        .iter()
        .map(|key| {
            let claim = key.inactive_since;
            vec![
                (key.account.to_string(), PLAIN),
                (visible(key.user.as_str()).into_owned(), PLAIN),
                (key.key.to_string(), BOLD),
                (since_dates(claim.interval), PLAIN),
                (rounded_down(claim.at_least()), PLAIN),
                (claim.confidence.name().to_owned(), PLAIN),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

fn planned_deactivations(page: &mut Page, keys: &[PlannedDeactivation]) {
    let columns = [
        column("ACCOUNT", None),
        column("USER", Some(8)),
        column("KEY", None),
        column("LAST USED", None),
        column("UNUSED SINCE", None),
        column("AT LEAST", None),
    ];
    let rows: Vec<Vec<Cell>> = keys
        .iter()
        .map(|key| {
            vec![
                (key.account.to_string(), PLAIN),
                (visible(key.user.as_str()).into_owned(), PLAIN),
                (key.key.to_string(), BOLD),
                (key.last_used.map_or_else(|| "never".to_owned(), date), PLAIN),
                (date(key.unused_since), PLAIN),
                (rounded_down(key.unused_for()), PLAIN),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

fn left_alone(page: &mut Page, plan: &Plan) {
    let columns =
        [column("ACCOUNT", None), column("USER", Some(8)), column("KEY", None), column("WHY", Some(20))];
    let rows: Vec<Vec<Cell>> = plan
        .not_planned
        .iter()
        .map(|kept| {
            let key = kept.key.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            vec![
                (kept.account.to_string(), PLAIN),
                (visible(&kept.user).into_owned(), PLAIN),
                (key, BOLD),
                (visible(&kept.reason.to_string()).into_owned(), PLAIN),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

/// Where a key stands.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// Its account.
    pub account: AccountId,
    /// Its user's name.
    pub user: String,
    /// Its id.
    pub key: String,
    /// The name of its outcome.
    pub outcome: &'static str,
    /// Whether what was to be done to it is done.
    pub is_done: bool,
    /// What there is to say about it.
    pub why: String,
}

/// Where each key stands: its outcome, and what there is to say about it.
pub fn outcomes(rows: &[OutcomeRow], style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    let columns = [
        column("ACCOUNT", None),
        column("USER", Some(8)),
        column("KEY", None),
        column("OUTCOME", None),
        column("WHY", Some(20)),
    ];
    let rows: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                (row.account.to_string(), PLAIN),
                (visible(&row.user).into_owned(), PLAIN),
                (row.key.clone(), BOLD),
                (row.outcome.to_owned(), if row.is_done { GOOD } else { DOUBT }),
                (visible(&row.why).into_owned(), PLAIN),
            ]
        })
        .collect();
    table(&mut page, &columns, &rows);
    page.into_text()
}

/// The table, or where the page is too narrow for it, a line and an indented one for each row.
fn table(page: &mut Page, columns: &[Column], rows: &[Vec<Cell>]) {
    if draw(page, columns, rows) {
        return;
    }
    for row in rows {
        let texts: Vec<&str> = row.iter().map(|(text, _)| text.as_str()).collect();
        page.paragraph(2, PLAIN, &texts.join("  "));
    }
}
