//! The pages for whoever has a minute: what was found, what it means, what to do, how much of the whole it speaks for, and how
//! it came about.

use keysweep_core::assessment::Conclusion;
use keysweep_core::cause::causes;
use keysweep_core::finding::Verdict;
use keysweep_core::key::Owner;

use super::flow::{Block, Flow, Mark};
use super::style::{
    AMBER, BLACK, BLUE, BOTTOM, GREEN, GREY, ICE, Ink, LEFT, LINE, MEASURE, NAVY, PALE, RED, RIGHT, SOFT,
    TOP, WHITE, WIDTH, of_verdict,
};
use super::typesetting::Weight::{self, Bold, Regular};
use super::{Report, changes, charts};
use crate::{summary, words};

/// How many causes of what is missing are told; the others are in the other formats.
const CAUSES: usize = 6;

pub(super) fn lay_out(report: &Report<'_>, flow: &mut Flow) {
    band(report, flow);
    headline(report, flow);
    conclusion(report, flow);
    tiles(report, flow);
    meaning(report, flow);
    next_steps(report, flow);
    coverage(report, flow);
    changes::lay_out(report, flow);
    charts::lay_out(report, flow);
    missing(report, flow);
    method(report, flow);
}

impl Report<'_> {
    /// A line of text as a mark.
    pub(super) fn text(&self, weight: Weight, text: &str, size: f32, ink: Ink, at: (f32, f32)) -> Mark {
        Mark::Text { left: at.0, base: at.1, size, ink, line: self.fonts.line(weight, text) }
    }

    /// A line of text that ends at `right`.
    pub(super) fn text_to(&self, weight: Weight, text: &str, size: f32, ink: Ink, right: (f32, f32)) -> Mark {
        let line = self.fonts.line(weight, text);
        Mark::Text { left: right.0 - line.width * size, base: right.1, size, ink, line }
    }

    /// A line of text around `middle`.
    pub(super) fn text_around(
        &self,
        weight: Weight,
        text: &str,
        size: f32,
        ink: Ink,
        middle: (f32, f32),
    ) -> Mark {
        let line = self.fonts.line(weight, text);
        Mark::Text { left: middle.0 - line.width * size / 2.0, base: middle.1, size, ink, line }
    }

    /// A colour and what it stands for; where the next one begins.
    pub(super) fn key_of_colour(&self, marks: &mut Vec<Mark>, ink: Ink, what: &str, at: (f32, f32)) -> f32 {
        let (left, base) = at;
        let line = self.fonts.line(Regular, what);
        let next = left + line.width * 8.5 + 30.0;
        marks.push(Mark::Area { left, top: base - 7.0, width: 8.0, height: 8.0, radius: 1.5, ink });
        marks.push(Mark::Text { left: left + 12.0, base, size: 8.5, ink: SOFT, line });
        next
    }

    /// A text that is cut to a width.
    pub(super) fn cut(
        &self,
        weight: Weight,
        text: &str,
        (size, ink): (f32, Ink),
        at: (f32, f32),
        width: f32,
    ) -> Mark {
        let line = self.fonts.fit(weight, text, size, width);
        Mark::Text { left: at.0, base: at.1, size, ink, line }
    }

    /// A text that is cut to a width and ends at `right`.
    pub(super) fn cut_to(
        &self,
        weight: Weight,
        text: &str,
        (size, ink): (f32, Ink),
        right: (f32, f32),
        width: f32,
    ) -> Mark {
        let line = self.fonts.fit(weight, text, size, width);
        Mark::Text { left: right.0 - line.width * size, base: right.1, size, ink, line }
    }

    /// Lines of text from the place that is reached, which they move on.
    pub(super) fn lines(
        &self,
        flow: &mut Flow,
        weight: Weight,
        text: &str,
        (size, ink): (f32, Ink),
        (left, width): (f32, f32),
    ) -> Vec<Mark> {
        let lines = self.fonts.wrap(weight, text, size, width);
        let mut marks = Vec::new();
        for line in lines {
            flow.down += size * 1.4;
            marks.push(Mark::Text { left, base: flow.down - size * 0.35, size, ink, line });
        }
        marks
    }

    /// A heading, with room below it for what it heads.
    pub(super) fn heading(&self, flow: &mut Flow, text: &str, below: f32) {
        flow.room(38.0 + below);
        if flow.down > TOP {
            flow.down += 14.0;
        }
        flow.name(text);
        flow.down += 16.0;
        let mark = self.text(Bold, text, 14.0, NAVY, (LEFT, flow.down));
        flow.add(Block::Heading { level: 2, text: text.to_owned(), marks: vec![mark] });
        flow.down += 6.0;
    }

    pub(super) fn paragraph(&self, flow: &mut Flow, text: &str, ink: Ink) {
        let marks = self.lines(flow, Regular, text, (10.0, ink), (LEFT, MEASURE));
        flow.add(Block::Paragraph(marks));
        flow.down += 4.0;
    }
}

const BAND: f32 = 112.0;

/// The top of the first page: whose report it is, of what, and of when.
fn band(report: &Report<'_>, flow: &mut Flow) {
    flow.add(Block::Aside(vec![
        Mark::Area { left: 0.0, top: 0.0, width: WIDTH, height: BAND, radius: 0.0, ink: NAVY },
        Mark::Area { left: 0.0, top: BAND, width: WIDTH, height: 3.0, radius: 0.0, ink: BLUE },
    ]));
    let title = "Inactive access keys";
    flow.down = 0.0;
    flow.name(title);
    let brand = report.text(Bold, "keysweep", 11.0, ICE, (LEFT, 38.0));
    flow.add(Block::Paragraph(vec![brand]));
    let mark = report.text(Bold, title, 26.0, WHITE, (LEFT, 70.0));
    flow.add(Block::Heading { level: 1, text: title.to_owned(), marks: vec![mark] });
    let facts = format!(
        "Assessed {}  ·  threshold {}  ·  {}",
        words::minute(report.assessment.finished_at),
        words::exactly(report.assessment.policy.threshold.length()),
        report.scope()
    );
    let mark = report.cut(Regular, &facts, (10.0, ICE), (LEFT, 92.0), MEASURE);
    flow.add(Block::Paragraph(vec![mark]));
    flow.down = BAND + 14.0;
}

fn headline(report: &Report<'_>, flow: &mut Flow) {
    let ink = if report.totals.findings.long_term > 0 { RED } else { BLACK };
    let text = format!("{}.", summary::headline(&report.totals));
    let marks = report.lines(flow, Bold, &text, (17.0, ink), (LEFT, MEASURE));
    flow.add(Block::Paragraph(marks));
    flow.down += 2.0;
    report.paragraph(flow, &summary::inactive_keys(&report.totals), SOFT);
    flow.down += 6.0;
}

/// Whether everything was looked at: what is missing is never to be overlooked.
fn conclusion(report: &Report<'_>, flow: &mut Flow) {
    const HEIGHT: f32 = 24.0;
    const SIZE: f32 = 9.2;
    let conclusion = report.assessment.conclusion();
    let word = summary::result(conclusion, &report.totals);
    let ink = match conclusion {
        Conclusion::Incomplete => AMBER,
        Conclusion::Clean if word == "Clean" => GREEN,
        Conclusion::Clean | Conclusion::LongTermKeys => BLUE,
    };
    let top = flow.down;
    flow.add(Block::Aside(vec![
        Mark::Area { left: LEFT, top, width: MEASURE, height: HEIGHT, radius: 0.0, ink: PALE },
        Mark::Area { left: LEFT, top, width: 3.0, height: HEIGHT, radius: 0.0, ink },
    ]));
    let line = report.fonts.line(Bold, &format!("{word}."));
    let after = LEFT + 14.0 + line.width * SIZE + 4.0;
    let said = format!("{}.", words::capital(words::conclusion(conclusion)));
    flow.add(Block::Paragraph(vec![
        Mark::Text { left: LEFT + 14.0, base: top + 15.3, size: SIZE, ink, line },
        report.cut(Regular, &said, (SIZE, BLACK), (after, top + 15.3), RIGHT - after - 6.0),
    ]));
    flow.down += HEIGHT + 10.0;
}

/// The four numbers.
fn tiles(report: &Report<'_>, flow: &mut Flow) {
    const GAP: f32 = 10.0;
    const HEIGHT: f32 = 62.0;
    let totals = &report.totals;
    let oldest = totals.oldest_at_least.map_or_else(|| "–".to_owned(), words::rounded_down);
    let to_assess = totals.accounts.total - totals.accounts.skipped;
    let complete = format!("{} of {}", words::grouped(totals.accounts.complete), words::grouped(to_assess));
    let is_whole = totals.problems == 0;
    let tiles = [
        (
            words::grouped(totals.findings.long_term),
            "long-term inactive keys",
            if totals.findings.long_term > 0 { RED } else { BLACK },
        ),
        (words::grouped(totals.accounts_with_long_term_keys), "accounts that have them", BLACK),
        (oldest, "the oldest, at least", BLACK),
        (complete, "accounts complete", if is_whole { GREEN } else { AMBER }),
    ];
    let width = (MEASURE - 3.0 * GAP) / 4.0;
    let mut left = LEFT;
    for (number, label, ink) in tiles {
        flow.add(Block::Aside(vec![
            Mark::Area { left, top: flow.down, width, height: HEIGHT, radius: 4.0, ink: PALE },
            Mark::Area { left, top: flow.down, width: 3.0, height: HEIGHT, radius: 0.0, ink },
        ]));
        let inner = width - 22.0;
        flow.add(Block::Paragraph(vec![
            report.cut(Bold, &number, (18.0, ink), (left + 14.0, flow.down + 28.0), inner),
            report.cut(Regular, label, (8.5, SOFT), (left + 14.0, flow.down + 46.0), inner + 6.0),
        ]));
        left += width + GAP;
    }
    flow.down += HEIGHT;
}

fn meaning(report: &Report<'_>, flow: &mut Flow) {
    report.heading(flow, "What it means", 60.0);
    report.paragraph(flow, summary::MEANING, BLACK);
    report.paragraph(flow, summary::VERDICTS, BLACK);
}

/// What to do, in order, each step with its number of keys.
fn next_steps(report: &Report<'_>, flow: &mut Flow) {
    let root = report.assessment.findings().filter(|finding| finding.owner == Owner::Root).map(|_| 1).sum();
    let steps = summary::next_steps(&report.totals, root);
    if steps.is_empty() {
        return;
    }
    report.heading(flow, "What to do next", 40.0);
    for (place, step) in (1_u64..).zip(steps) {
        flow.room(34.0);
        let top = flow.down + 3.0;
        let number = report.fonts.line(Bold, &words::grouped(place));
        let badge = Mark::Area { left: LEFT, top, width: 18.0, height: 18.0, radius: 9.0, ink: BLUE };
        let digit = Mark::Text {
            left: LEFT + 9.0 - number.width * 4.5,
            base: top + 12.2,
            size: 9.0,
            ink: WHITE,
            line: number,
        };
        flow.add(Block::Aside(vec![badge]));
        flow.down += 1.0;
        let title = words::count(step.number, step.what);
        let mut marks = vec![digit];
        marks.extend(report.lines(flow, Bold, &title, (10.0, BLACK), (LEFT + 28.0, MEASURE - 28.0)));
        marks.extend(report.lines(flow, Regular, step.advice, (10.0, SOFT), (LEFT + 28.0, MEASURE - 28.0)));
        flow.add(Block::Item(marks));
        flow.down += 5.0;
    }
}

/// How much of the whole it speaks for, in a sentence and as a bar.
fn coverage(report: &Report<'_>, flow: &mut Flow) {
    report.heading(flow, "How much this speaks for", 70.0);
    let text = summary::coverage(&report.totals, &report.coverage);
    report.paragraph(flow, &text, BLACK);
    flow.down += 4.0;
    let accounts = &report.totals.accounts;
    let parts = [
        (accounts.complete, "completely", GREEN),
        (accounts.partial, "in part", AMBER),
        (accounts.not_assessed, "not at all", RED),
        (accounts.skipped, "left out", GREY),
    ];
    let mut marks =
        vec![Mark::Area { left: LEFT, top: flow.down, width: MEASURE, height: 12.0, radius: 0.0, ink: LINE }];
    let mut left = LEFT;
    for (number, _, ink) in parts {
        let width = MEASURE * charts::share(number, accounts.total);
        if number > 0 {
            marks.push(Mark::Area { left, top: flow.down, width, height: 12.0, radius: 0.0, ink });
        }
        left += width;
    }
    flow.down += 26.0;
    let mut left = LEFT;
    for (number, what, ink) in parts {
        if number > 0 {
            let label = format!("{} {what}", words::grouped(number));
            left = report.key_of_colour(&mut marks, ink, &label, (left, flow.down));
        }
    }
    flow.add(Block::Figure { alt: format!("Accounts by how far they were assessed. {text}"), marks });
    flow.down += 6.0;
}

/// What could not be assessed, by cause, and how to mend it.
fn missing(report: &Report<'_>, flow: &mut Flow) {
    report.heading(flow, "What could not be assessed", 50.0);
    let groups = causes(report.assessment);
    if groups.is_empty() {
        report.paragraph(flow, "Nothing is missing of what was to be assessed.", BLACK);
        return;
    }
    for group in groups.iter().take(CAUSES) {
        let remedy = report.show(&group.remedy);
        let height = 20.0
            + 14.0
                * f32::from(
                    u8::try_from(report.fonts.wrap(Regular, &remedy, 9.5, MEASURE - 16.0).len())
                        .unwrap_or(u8::MAX),
                );
        flow.room(height.min(BOTTOM / 2.0));
        let top = flow.down + 4.0;
        let accounts = words::count(u64::try_from(group.accounts.len()).unwrap_or(u64::MAX), "account");
        let title = format!(
            "{}: {} in {accounts}",
            group.cause.name().replace('_', " "),
            words::count(group.times, "time")
        );
        let mut marks = report.lines(flow, Bold, &title, (10.0, BLACK), (LEFT + 14.0, MEASURE - 14.0));
        marks.extend(report.lines(flow, Regular, &remedy, (9.5, SOFT), (LEFT + 14.0, MEASURE - 14.0)));
        let height = flow.down - top;
        flow.add(Block::Aside(vec![Mark::Area {
            left: LEFT,
            top,
            width: 3.0,
            height,
            radius: 0.0,
            ink: AMBER,
        }]));
        flow.add(Block::Item(marks));
        flow.down += 5.0;
    }
    if let Some(more) = groups.len().checked_sub(CAUSES).filter(|more| *more > 0) {
        let more = words::count(u64::try_from(more).unwrap_or(u64::MAX), "more cause");
        report.paragraph(flow, &format!("{more}: the HTML and JSON reports name all of them."), SOFT);
    }
}

fn method(report: &Report<'_>, flow: &mut Flow) {
    report.heading(flow, "How it was found out", 60.0);
    report.paragraph(flow, summary::METHOD, BLACK);
    let assessment = report.assessment;
    let facts = [
        ("Scan", report.show(&assessment.id)),
        ("Made by", report.show(&assessment.caller.arn)),
        ("Began", words::second(assessment.started_at)),
        ("Ended", words::second(assessment.finished_at)),
        ("Version", report.show(&assessment.version)),
        (
            "Requests",
            format!(
                "{}, {} of them throttled",
                words::grouped(report.totals.calls.total().sent),
                words::grouped(report.totals.calls.total().throttled)
            ),
        ),
    ];
    flow.down += 4.0;
    // They stay together.
    flow.room(14.0 * 6.0 + 2.0);
    for (label, value) in facts {
        flow.down += 14.0;
        flow.add(Block::Paragraph(vec![
            report.text(Bold, label, 9.5, SOFT, (LEFT, flow.down)),
            report.cut(Regular, &value, (9.5, BLACK), (LEFT + 80.0, flow.down), RIGHT - LEFT - 80.0),
        ]));
    }
    flow.down += 6.0;
}

/// The legend of verdicts, for charts and for the list.
pub(super) const VERDICTS: [Verdict; 4] =
    [Verdict::LongTerm, Verdict::Contradictory, Verdict::Undetermined, Verdict::Recent];

/// The names of the verdicts with their colours, from the left.
pub(super) fn legend(report: &Report<'_>, base: f32) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut left = LEFT;
    for verdict in VERDICTS.into_iter().filter(|verdict| report.has(*verdict)) {
        left = report.key_of_colour(&mut marks, of_verdict(verdict), words::verdict(verdict), (left, base));
    }
    marks
}
