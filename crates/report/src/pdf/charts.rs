//! The drawings: how long keys have been inactive, and where the long-term ones are.

use std::cmp::Reverse;
use std::fmt::Write as _;

use keysweep_core::finding::{Finding, Verdict};

use super::Report;
use super::flow::{Block, Flow, Mark};
use super::style::{BLACK, BLUE, LEFT, LINE, MEASURE, NAVY, RIGHT, SOFT, of_verdict};
use super::summary::{VERDICTS, legend};
use super::typesetting::Weight::{Bold, Regular};
use crate::words;

/// How many bars show accounts and units.
const BARS: usize = 8;
/// How many columns show ages.
const COLUMNS: usize = 12;

pub(super) fn lay_out(report: &Report<'_>, flow: &mut Flow) {
    if report.totals.findings.total == 0 {
        return;
    }
    report.heading(flow, "How long keys have been inactive", 190.0);
    ages(report, flow);
    let long_term = |findings: &[Finding]| {
        findings.iter().filter(|finding| finding.verdict == Verdict::LongTerm).map(|_| 1_u64).sum::<u64>()
    };
    let accounts = report.assessment.accounts.iter().map(|assessed| {
        let name = assessed.account.name.as_deref().map(|name| report.show(name)).unwrap_or_default();
        (format!("{}  {name}", assessed.account.id), long_term(&assessed.findings))
    });
    bars(report, flow, "Accounts with the most long-term keys", most(accounts));
    let units = report.coverage.units.iter().filter_map(|unit| {
        let path = unit.path.as_deref()?;
        let path = if path.is_empty() { "(root)".to_owned() } else { report.show(path) };
        Some((path, unit.findings.long_term))
    });
    bars(report, flow, "Organizational units with the most long-term keys", most(units));
}

/// The share of a part in a whole, from 0 to 1.
pub(super) fn share(part: u64, whole: u64) -> f32 {
    let steps = part.saturating_mul(10_000) / whole.max(1);
    f32::from(u16::try_from(steps).unwrap_or(10_000)) / 10_000.0
}

/// The rows with the greatest numbers, the greatest first.
fn most(rows: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut rows: Vec<_> = rows.filter(|(_, number)| *number > 0).collect();
    rows.sort_by_key(|(_, number)| Reverse(*number));
    rows.truncate(BARS);
    rows
}

/// Keys by how many days they have been inactive at least, in equal steps, each column divided by verdict.
fn ages(report: &Report<'_>, flow: &mut Flow) {
    const HEIGHT: f32 = 150.0;
    let policy = &report.assessment.policy;
    let days = |finding: &Finding| u64::try_from(words::days_down(finding.at_least())).unwrap_or(0);
    let threshold = u64::try_from(words::days_up(policy.threshold.length())).unwrap_or(0);
    let longest = report.assessment.findings().map(days).max().unwrap_or(0).max(threshold);
    let step = round_up(longest / 12 + 1);
    let mut columns = [[0_u64; VERDICTS.len()]; COLUMNS];
    for finding in report.assessment.findings() {
        let column = usize::try_from(days(finding) / step).unwrap_or(COLUMNS).min(COLUMNS - 1);
        let verdict = VERDICTS.iter().position(|verdict| *verdict == finding.verdict).unwrap_or(0);
        if let Some(count) = columns.get_mut(column).and_then(|column| column.get_mut(verdict)) {
            *count += 1;
        }
    }
    let tallest = columns.iter().map(|column| column.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let floor = flow.down + HEIGHT + 12.0;
    let width = MEASURE / 12.0;
    let mut marks = Vec::new();
    for grid in [0.25_f32, 0.5, 0.75, 1.0] {
        let height = floor - HEIGHT * grid;
        marks.push(Mark::Rule {
            from: (LEFT, height),
            to: (RIGHT, height),
            width: 0.5,
            dashed: false,
            ink: LINE,
        });
    }
    let mut left = LEFT;
    let mut from = 0;
    for column in columns {
        let mut top = floor;
        for (count, verdict) in column.into_iter().zip(VERDICTS) {
            let height = HEIGHT * share(count, tallest);
            top -= height;
            if count > 0 {
                let ink = of_verdict(verdict);
                marks.push(Mark::Area {
                    left: left + 4.0,
                    top,
                    width: width - 8.0,
                    height,
                    radius: 0.0,
                    ink,
                });
            }
        }
        let all: u64 = column.iter().sum();
        if all > 0 {
            let middle = (left + width / 2.0, top - 4.0);
            marks.push(report.text_around(Bold, &words::grouped(all), 8.0, BLACK, middle));
        }
        let tick = (left.max(LEFT + 4.0), floor + 12.0);
        marks.push(report.text_around(Regular, &words::grouped(from), 8.0, SOFT, tick));
        left += width;
        from += step;
    }
    marks.push(Mark::Rule { from: (LEFT, floor), to: (RIGHT, floor), width: 1.0, dashed: false, ink: SOFT });
    let at = LEFT + MEASURE * share(threshold, step * 12);
    marks.push(Mark::Rule {
        from: (at, floor - HEIGHT - 8.0),
        to: (at, floor),
        width: 1.0,
        dashed: true,
        ink: NAVY,
    });
    let label = format!("threshold: {}", words::exactly(policy.threshold.length()));
    marks.push(report.text(Regular, &label, 8.0, NAVY, (at + 4.0, floor - HEIGHT - 2.0)));
    marks.push(report.text_to(Regular, "days inactive, at least", 8.0, SOFT, (RIGHT, floor + 24.0)));
    marks.extend(legend(report, floor + 24.0));
    let alt = format!(
        "Columns: how many keys have been inactive for at least how many days, in steps of {step} days; the threshold is marked. {}",
        crate::summary::inactive_keys(&report.totals)
    );
    flow.add(Block::Figure { alt, marks });
    flow.down = floor + 30.0;
}

/// The next of 1, 2, 5, 10, 20, 50, … that is not less.
fn round_up(number: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for times in [1, 2, 5] {
            if unit.saturating_mul(times) >= number {
                return unit.saturating_mul(times);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// Bars side by side with their names, the greatest first.
fn bars(report: &Report<'_>, flow: &mut Flow, title: &str, rows: Vec<(String, u64)>) {
    const ROW: f32 = 17.0;
    const NAMES: f32 = 190.0;
    let Some((_, tallest)) = rows.first() else { return };
    let tallest = *tallest;
    let height = ROW * f32::from(u8::try_from(rows.len()).unwrap_or(u8::MAX));
    report.heading(flow, title, height);
    let mut marks = Vec::new();
    let mut alt = format!("{title}:");
    for (name, number) in rows {
        flow.down += ROW;
        let base = flow.down - 4.0;
        marks.push(report.cut(Regular, &name, (9.0, BLACK), (LEFT, base), NAMES - 10.0));
        let width = (MEASURE - NAMES - 40.0) * share(number, tallest);
        let left = LEFT + NAMES;
        marks.push(Mark::Area {
            left,
            top: base - 8.0,
            width: width.max(1.5),
            height: 10.0,
            radius: 1.5,
            ink: BLUE,
        });
        marks.push(report.text(Bold, &words::grouped(number), 9.0, BLACK, (left + width + 6.0, base)));
        // Writing to a String cannot fail.
        let _ = write!(alt, " {name}: {};", words::grouped(number));
    }
    flow.add(Block::Figure { alt, marks });
}
