//! Whole outputs as they are written, read by a person before they are kept.

use keysweep_report::trend::Point;
use keysweep_report::{Format, Options, Style, render};

use crate::samples;
use crate::security_tools::settled;

fn output(name: &str, format: Format, options: &Options) -> String {
    let (_, assessment) = samples::all().into_iter().find(|(sample, _)| *sample == name).unwrap();
    render(&assessment, format, options).unwrap()
}

fn terminal(name: &str, width: Option<usize>) -> String {
    let style = Style { width, ..Style::default() };
    output(name, Format::Terminal, &Options { style, ..Options::default() })
}

#[test]
fn summaries_without_a_terminal() {
    for (name, _) in samples::all() {
        insta::assert_snapshot!(format!("terminal_{name}"), terminal(name, None));
    }
}

#[test]
fn summaries_in_a_wide_terminal() {
    for name in ["every_verdict", "organization", "hostile"] {
        insta::assert_snapshot!(format!("terminal_{name}_140"), terminal(name, Some(140)));
    }
}

#[test]
fn summaries_in_a_narrow_terminal() {
    for name in ["organization", "hostile"] {
        insta::assert_snapshot!(format!("terminal_{name}_80"), terminal(name, Some(80)));
    }
}

#[test]
fn a_masked_and_coloured_summary_with_few_rows() {
    let style = Style { colour: true, width: Some(140), max_rows: 2 };
    let text =
        output("every_verdict", Format::Terminal, &Options { mask: true, style, ..Options::default() });
    insta::assert_snapshot!("terminal_every_verdict_coloured", text.replace('\u{1b}', "ESC"));
}

#[test]
fn json_documents() {
    for (name, _) in samples::all() {
        insta::assert_snapshot!(format!("json_{name}"), output(name, Format::Json, &Options::default()));
    }
    let masked = Options { mask: true, ..Options::default() };
    insta::assert_snapshot!("json_hostile_masked", output("hostile", Format::Json, &masked));
}

/// It is Markdown with more room: one sample in which it has everything, and one in which nothing was found.
#[test]
fn step_summaries() {
    for name in ["clean", "organization", "hostile"] {
        let summary = output(name, Format::GithubSummary, &Options::default());
        insta::assert_snapshot!(format!("github-summary_{name}"), summary);
    }
}

/// Without the style sheet and the script, which are files of their own.
#[test]
fn pages() {
    let point = |day: &str, long_term, is_complete| Point {
        at: format!("2026-{day}T07:12:00Z").parse().unwrap(),
        long_term,
        others: 2,
        is_complete,
    };
    let trend = vec![point("11-09", 1, false), point("11-16", 2, true)];
    for (name, trend) in [
        ("every_verdict", trend),
        ("organization", Vec::new()),
        ("exempt", Vec::new()),
        ("hostile", Vec::new()),
    ] {
        let page = output(name, Format::Html, &Options { trend, ..Options::default() });
        let body = page.split_once("</style>").unwrap().1.rsplit_once("<script>").unwrap().0;
        insta::assert_snapshot!(format!("html_{name}"), body);
    }
}

#[test]
fn csv_rows() {
    for (name, _) in samples::all() {
        let csv = output(name, Format::Csv, &Options::default());
        insta::assert_snapshot!(format!("csv_{name}"), csv.replace("\r\n", "CRLF\n"));
    }
}

#[test]
fn formats_that_other_systems_keep() {
    for (name, _) in samples::all() {
        for format in [Format::Ndjson, Format::Ocsf, Format::Asff, Format::Markdown, Format::Junit] {
            insta::assert_snapshot!(format!("{format}_{name}"), output(name, format, &settled()));
        }
    }
}
