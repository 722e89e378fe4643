//! The rules in a terminal: all of them as a table, or one of them in full.

use keysweep_core::rule::{RULES, Rule, Severity};

use super::Style;
use super::page::{BOLD, DIM, PLAIN, Page, paint_of};
use super::table::{Column, draw};
use crate::rules::{fit, numbers, severity_span};

/// Every rule in a line.
pub fn list(style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    let column = |header, least| Column { header, right: false, least };
    let columns = [column("RULE", None), column("TITLE", Some(20)), column("SEVERITY", None)];
    let rows: Vec<_> = RULES
        .iter()
        .map(|rule| {
            let worst = rule.severities.iter().map(|(severity, _)| *severity).max();
            let paint = paint_of(worst.unwrap_or(Severity::Informational));
            vec![(rule.id.to_owned(), BOLD), (rule.title.to_owned(), PLAIN), (severity_span(rule), paint)]
        })
        .collect();
    draw(&mut page, &columns, &rows);
    page.blank();
    page.paragraph(2, DIM, "keysweep rules KS001 shows one of them in full.");
    page.into_text()
}

/// One rule in full.
pub fn rule(rule: &Rule, style: &Style) -> String {
    let mut page = Page::new(style.colour, style.width);
    page.paragraph(0, BOLD, &format!("{}: {}", rule.id, rule.title));
    page.blank();
    page.paragraph(2, PLAIN, rule.what);
    for (heading, text) in [("Why it matters", rule.why), ("How it is decided", rule.decided)] {
        page.heading(heading);
        page.paragraph(2, PLAIN, text);
    }
    page.heading("Severity");
    for (severity, when) in rule.severities {
        page.labelled(17, &format!("  {severity}"), PLAIN, when);
    }
    page.heading("How to mend it");
    page.paragraph(2, PLAIN, rule.remedy);
    for way in rule.ways {
        page.blank();
        page.labelled(17, &format!("  {}", way.with), PLAIN, way.text);
        for command in way.commands {
            // Never wrapped: it is to be copied.
            page.spaces(17);
            page.painted(DIM, command);
            page.blank();
        }
    }
    page.heading("Controls");
    if rule.controls.is_empty() {
        page.paragraph(2, PLAIN, "None: this rule is about the assessment itself.");
    }
    for control in rule.controls {
        page.paragraph(2, BOLD, &format!("{} {}", control.framework, numbers(control)));
        page.paragraph(4, PLAIN, &format!("{}: {}", control.fit.name(), fit(control.fit)));
        page.paragraph(4, DIM, &format!("asks that {}", control.asks));
    }
    page.into_text()
}
