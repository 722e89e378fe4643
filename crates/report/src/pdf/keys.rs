//! The list of keys: a table over as many pages as it needs, the worst and oldest first.

use std::cmp::Reverse;

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::Confidence;

use super::flow::{Block, Flow, Mark};
use super::style::{BLACK, LEFT, MEASURE, NAVY, PALE, SOFT, WHITE, of_verdict};
use super::typesetting::Weight::{Bold, Regular};
use super::{Report, names};
use crate::words;

/// So many keys are listed, on some 400 pages: who has more reads them with a program.
const LISTED: usize = 10_000;

const ROW: f32 = 27.0;
const HEAD: f32 = 18.0;
/// The size of a cell's first line.
const NAME: f32 = 8.7;

/// Where a column begins, how wide it is, and what it is called.
const COLUMNS: [(f32, f32, &str); 6] = [
    (0.0, 110.0, "User and key"),
    (115.0, 108.0, "Account and unit"),
    (228.0, 70.0, "Owner"),
    (303.0, 83.0, "Inactive"),
    (389.0, 48.0, "Last used"),
    (440.0, 59.0, "Verdict"),
];

pub(super) fn lay_out(report: &Report<'_>, flow: &mut Flow) {
    let mut rows: Vec<(&AccountAssessment, &Finding)> = report
        .assessment
        .accounts
        .iter()
        .flat_map(|account| account.findings.iter().map(move |finding| (account, finding)))
        .collect();
    // A stable sort: what is equal stays in the order of accounts.
    rows.sort_by_key(|(_, finding)| (rank(finding.verdict), Reverse(finding.at_least())));
    report.heading(flow, "Inactive keys", 260.0);
    if rows.is_empty() {
        report.paragraph(flow, &crate::summary::inactive_keys(&report.totals), BLACK);
        return;
    }
    report.paragraph(flow, crate::summary::LIST, SOFT);
    if names::are_any(report) {
        report.paragraph(flow, names::NOTE, SOFT);
    }
    header(report, flow);
    let more = rows.len().saturating_sub(LISTED);
    for (number, (account, finding)) in rows.into_iter().take(LISTED).enumerate() {
        if flow.room(ROW) {
            header(report, flow);
        }
        row(report, flow, account, finding, number % 2 == 1);
    }
    if more > 0 {
        let more = words::count(u64::try_from(more).unwrap_or(u64::MAX), "more key");
        flow.down += 8.0;
        flow.room(30.0);
        report.paragraph(
            flow,
            &format!("{more} in the CSV, JSON and HTML reports; they are not listed here."),
            BLACK,
        );
    }
}

/// The account's id and its unit, or the last part of that where there is no room for all of it.
fn below(report: &Report<'_>, id: &str, unit: &str) -> String {
    let (_, width, _) = COLUMNS.get(1).copied().unwrap_or_default();
    let all = format!("{id} · {unit}");
    match unit.rsplit_once('/') {
        Some((_, last)) if report.fonts.line(Regular, &all).width * 7.5 > width => format!("{id} · …/{last}"),
        _ => all,
    }
}

/// An owner on two lines, where one has no room for it: an address before its `@`.
fn halves(report: &Report<'_>, owner: &str) -> (String, String) {
    let (_, width, _) = COLUMNS.get(2).copied().unwrap_or_default();
    let fits = |text: &str| report.fonts.line(Regular, text).width * NAME <= width;
    if fits(owner) {
        return (owner.to_owned(), String::new());
    }
    let at = owner.char_indices().skip(1).find(|(_, char)| matches!(char, '@' | ' '));
    match at.map(|(at, _)| owner.split_at(at)) {
        Some((first, rest)) if fits(first) => (first.to_owned(), rest.trim_start().to_owned()),
        _ => (owner.to_owned(), String::new()),
    }
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::LongTerm => 0,
        Verdict::Contradictory => 1,
        Verdict::Undetermined => 2,
        Verdict::Recent => 3,
    }
}

fn header(report: &Report<'_>, flow: &mut Flow) {
    flow.add(Block::Aside(vec![Mark::Area {
        left: LEFT - 6.0,
        top: flow.down,
        width: MEASURE + 12.0,
        height: HEAD,
        radius: 0.0,
        ink: NAVY,
    }]));
    let cells = COLUMNS
        .iter()
        .map(|(left, _, title)| vec![report.text(Bold, title, 8.5, WHITE, (LEFT + left, flow.down + 12.0))])
        .collect();
    flow.add(Block::Row { is_header: true, cells });
    flow.down += HEAD;
}

fn row(report: &Report<'_>, flow: &mut Flow, account: &AccountAssessment, finding: &Finding, shaded: bool) {
    if shaded {
        flow.add(Block::Aside(vec![Mark::Area {
            left: LEFT - 6.0,
            top: flow.down,
            width: MEASURE + 12.0,
            height: ROW,
            radius: 0.0,
            ink: PALE,
        }]));
    }
    let top = flow.down;
    let cell = |column: usize, first: &str, second: &str| {
        let (left, width, _) = COLUMNS.get(column).copied().unwrap_or_default();
        let mut marks = vec![report.cut(Regular, first, (NAME, BLACK), (LEFT + left, top + 11.5), width)];
        if !second.is_empty() {
            marks.push(report.cut(Regular, second, (7.5, SOFT), (LEFT + left, top + 21.5), width));
        }
        marks
    };
    let key = report.key(finding);
    let id = finding.account.to_string();
    let name = account.account.name.as_deref().map(|name| report.show(name));
    let unit = account.account.ou_path().filter(|path| !path.is_empty()).map(|path| report.show(&path));
    let (first, second) = match (name, unit) {
        (Some(name), Some(unit)) => (name, below(report, &id, &unit)),
        (Some(name), None) => (name, id),
        (None, unit) => (id, unit.unwrap_or_default()),
    };
    let owner = finding.owner_tag().map_or_else(|| "–".to_owned(), |owner| report.show(owner));
    let (owner, owner_more) = halves(report, &owner);
    let claim = &finding.inactive_since;
    let at_least = format!("≥ {}", words::rounded_down(finding.at_least()));
    let verdict = words::verdict(finding.verdict);
    let (left, width, _) = COLUMNS.get(5).copied().unwrap_or_default();
    let mut judged =
        vec![report.text(Bold, verdict, 8.5, of_verdict(finding.verdict), (LEFT + left, top + 11.5))];
    let beside = match (finding.known_by, claim.confidence) {
        (Some(known_by), _) => format!("by {}", words::date(known_by)),
        (None, Confidence::Proven) => String::new(),
        (None, confidence) => confidence.name().to_owned(),
    };
    if !beside.is_empty() {
        judged.push(report.cut(Regular, &beside, (7.5, SOFT), (LEFT + left, top + 21.5), width));
    }
    flow.add(Block::Row {
        is_header: false,
        cells: vec![
            cell(0, &report.show(finding.owner.name()), &key),
            cell(1, &first, &second),
            cell(2, &owner, &owner_more),
            cell(3, &at_least, &words::since_dates(claim.interval)),
            cell(4, &words::last_used_date(&finding.last_used), ""),
            judged,
        ],
    });
    flow.down += ROW;
}
