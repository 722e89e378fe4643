//! What changed since the scan that this one is compared with, and what earlier scans came to.

use std::fmt::Write as _;

use keysweep_core::diff::{AccountChange, KeyChange, KeyDifference, Outcome};

use super::Report;
use super::charts::share;
use super::flow::{Block, Flow, Mark};
use super::style::{AMBER, BLACK, GREEN, GREY, Ink, LEFT, LINE, MEASURE, RED, RIGHT, SOFT};
use super::typesetting::Weight::{Bold, Regular};
use crate::diff;
use crate::trend::Point;
use crate::words::{self, grouped};

/// How many keys or accounts of a kind are told; `keysweep diff` tells all of them.
const SHOWN: usize = 6;

pub(super) fn lay_out(report: &Report<'_>, flow: &mut Flow) {
    trend(report, flow);
    changes(report, flow);
}

fn changes(report: &Report<'_>, flow: &mut Flow) {
    let Some(compared) = &report.options.compared else { return };
    let difference = &compared.with(report.assessment);
    report.heading(flow, "What changed", 60.0);
    report.paragraph(flow, &format!("{}.", diff::counts(difference)), BLACK);
    let more = if difference.outcome() == Outcome::Incomplete {
        " Not everything was assessed in both scans: more may have changed than is shown."
    } else {
        ""
    };
    report.paragraph(flow, &format!("Since {}.{more}", report.show(&diff::scan(difference.before))), SOFT);
    for note in diff::notes(difference) {
        report.paragraph(flow, &report.show(&note), BLACK);
    }
    for change in KeyChange::ALL {
        let keys: Vec<_> = difference.keys.iter().filter(|key| key.change == change).collect();
        let told = keys.iter().map(|key| (whose(report, key), diff::key(key)));
        group(report, flow, diff::title(change), of_change(change), keys.len(), told);
    }
    for change in [AccountChange::CameUnderCoverage, AccountChange::NoLongerAssessed] {
        let accounts: Vec<_> =
            difference.accounts.iter().filter(|account| account.change == change).collect();
        let told = accounts.iter().map(|account| (report.account(account.account), diff::account(account)));
        group(report, flow, diff::title_of_accounts(change), AMBER, accounts.len(), told);
    }
}

/// `ci-deploy  ·  AKIAIOSFODNN7EXAMPLE  ·  production (111122223333)`.
fn whose(report: &Report<'_>, key: &KeyDifference<'_>) -> String {
    let finding = key.found.last();
    let user = report.show(finding.owner.name());
    format!("{user}  ·  {}  ·  {}", report.key(finding), report.account(key.account))
}

/// What became of a key, from bad to good.
const fn of_change(change: KeyChange) -> Ink {
    match change {
        KeyChange::CrossedThreshold => RED,
        KeyChange::Deleted => GREEN,
        KeyChange::VerdictChanged | KeyChange::CameUnderCoverage | KeyChange::NewlyInactive => GREY,
        KeyChange::InactiveAgain
        | KeyChange::Reactivated
        | KeyChange::ReactivatedOrDeleted
        | KeyChange::NoLongerAssessed => AMBER,
    }
}

/// What became of some, under a title with their number.
fn group(
    report: &Report<'_>,
    flow: &mut Flow,
    title: &str,
    ink: Ink,
    number: usize,
    told: impl Iterator<Item = (String, String)>,
) {
    if number == 0 {
        return;
    }
    flow.room(54.0);
    flow.down += 18.0;
    let line = report.fonts.line(Bold, title);
    let after = LEFT + line.width * 10.5 + 7.0;
    let count = grouped(u64::try_from(number).unwrap_or(u64::MAX));
    let marks = vec![
        Mark::Text { left: LEFT, base: flow.down, size: 10.5, ink: BLACK, line },
        report.text(Regular, &count, 10.5, SOFT, (after, flow.down)),
    ];
    flow.add(Block::Heading { level: 3, text: title.to_owned(), marks });
    flow.down += 5.0;
    for (name, what) in told.take(SHOWN) {
        let what = format!("{}.", report.show(&words::capital(&what)));
        let width = MEASURE - 14.0;
        let lines = report.fonts.wrap(Regular, &what, 9.0, width).len();
        flow.room(16.0 + 12.6 * f32::from(u8::try_from(lines).unwrap_or(u8::MAX)));
        let top = flow.down + 2.0;
        flow.down += 12.0;
        let mut marks = vec![report.cut(Bold, &name, (9.0, BLACK), (LEFT + 14.0, flow.down - 2.0), width)];
        marks.extend(report.lines(flow, Regular, &what, (9.0, SOFT), (LEFT + 14.0, width)));
        let height = flow.down - top;
        let bar = Mark::Area { left: LEFT, top, width: 3.0, height, radius: 0.0, ink };
        flow.add(Block::Aside(vec![bar]));
        flow.add(Block::Item(marks));
        flow.down += 4.0;
    }
    if let Some(more) = number.checked_sub(SHOWN).filter(|more| *more > 0) {
        let more = grouped(u64::try_from(more).unwrap_or(u64::MAX));
        report.paragraph(
            flow,
            &format!("and {more} more: keysweep diff and the HTML report tell them."),
            SOFT,
        );
    }
}

/// The inactive keys of the earlier scans and of this one, a column for each.
fn trend(report: &Report<'_>, flow: &mut Flow) {
    const HEIGHT: f32 = 84.0;
    if report.options.trend.is_empty() {
        return;
    }
    let now = Point::of(report.assessment.started_at, &report.totals);
    let points: Vec<Point> = report.options.trend.iter().copied().chain([now]).collect();
    report.heading(flow, "Inactive keys by scan", HEIGHT + 56.0);
    let tallest = points.iter().map(|point| point.long_term + point.others).max().unwrap_or(0).max(1);
    let columns = u8::try_from(points.len().max(6)).unwrap_or(u8::MAX);
    let width = MEASURE / f32::from(columns);
    let floor = flow.down + HEIGHT + 14.0;
    let (mut marks, mut alt) = (Vec::new(), String::from("Inactive keys by scan:"));
    let mut left = LEFT;
    for (number, point) in points.iter().enumerate() {
        let mut top = floor;
        for (keys, ink) in [(point.long_term, RED), (point.others, AMBER)] {
            let height = HEIGHT * share(keys, tallest);
            top -= height;
            if keys > 0 {
                let (left, width) = (left + width * 0.22, width * 0.56);
                marks.push(Mark::Area { left, top, width, height, radius: 0.0, ink });
            }
        }
        let middle = left + width / 2.0;
        let all = point.long_term + point.others;
        let mark = if point.is_complete { "" } else { "*" };
        marks.push(report.text_around(
            Bold,
            &format!("{}{mark}", grouped(all)),
            8.0,
            BLACK,
            (middle, top - 4.0),
        ));
        let at = words::date(point.at);
        let is_end = number == 0 || number + 1 == points.len();
        let day = if is_end { at.as_str() } else { at.get(5..).unwrap_or_default() };
        marks.push(report.text_around(Regular, day, 7.5, SOFT, (middle, floor + 11.0)));
        let rest = if point.is_complete { "" } else { ", not everything assessed" };
        // Writing to a String cannot fail.
        let _ = write!(alt, " {at}: {} of {} long-term{rest};", grouped(point.long_term), grouped(all));
        left += width;
    }
    marks.push(Mark::Rule { from: (LEFT, floor), to: (RIGHT, floor), width: 1.0, dashed: false, ink: LINE });
    let base = floor + 27.0;
    let mut left = LEFT;
    for (ink, what) in [(RED, "long-term"), (AMBER, "other inactive keys")] {
        left = report.key_of_colour(&mut marks, ink, what, (left, base));
    }
    if points.iter().any(|point| !point.is_complete) {
        marks.push(report.text(Regular, "* not everything was assessed", 8.5, SOFT, (left, base)));
    }
    flow.add(Block::Figure { alt, marks });
    flow.down = base + 8.0;
}
