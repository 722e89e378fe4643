//! The formats for issues and CI pipelines: what is red, and what is said where there is no room.

use keysweep_core::assessment::Assessment;
use keysweep_report::words::grouped;
use keysweep_report::{Format, Options, markdown, render};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::samples;

/// A test case as a reader of XML finds it.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The element that says it did not pass.
    outcome: String,
}

/// The test cases of a `JUnit` document. It must be well-formed.
pub(crate) fn cases(xml: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(xml);
    let mut cases: Vec<Case> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                if name == "testcase" {
                    let attribute = element.try_get_attribute("name").unwrap().unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    cases.push(Case { name: value.into_owned(), ..Case::default() });
                } else if let Some(case) = cases.last_mut().filter(|_| !name.starts_with("testsuite")) {
                    case.outcome = name;
                }
            }
            Event::Eof => return cases,
            _ => {}
        }
    }
}

fn outcomes(assessment: &Assessment) -> Vec<String> {
    let xml = render(assessment, Format::Junit, &Options::default()).unwrap();
    cases(&xml).into_iter().map(|case| format!("{}|{}", case.outcome, case.name)).collect()
}

#[test]
fn long_term_keys_fail_and_undecided_ones_are_skipped() {
    assert_eq!(
        outcomes(&samples::every_verdict()),
        [
            "|every access key was assessed",
            "|AKIAIOSFODNN70000004 of ci-preview is not long-term inactive",
            "failure|AKIAIOSFODNN70000001 of legacy-backup is not long-term inactive",
            "skipped|AKIAIOSFODNN70000006 of imported is not long-term inactive",
            "skipped|AKIAIOSFODNN70000005 of batch-loader is not long-term inactive",
            "failure|AKIAIOSFODNN70000002 of ci-deploy is not long-term inactive",
            "failure|root:2023-02-01T08:00:00Z of <root_account> is not long-term inactive",
        ]
    );
}

#[test]
fn a_pipeline_is_red_exactly_where_the_exit_code_is_not_0() {
    for (name, assessment) in samples::all() {
        let red =
            outcomes(&assessment).iter().any(|case| case.starts_with("failure") || case.starts_with("error"));
        let clean = assessment.conclusion() == keysweep_core::assessment::Conclusion::Clean;
        assert_eq!(red, !clean, "{name}");
    }
}

#[test]
fn rows_that_do_not_fit_are_counted() {
    let mut assessment = samples::every_verdict();
    let many = (0..3000).map(|number| samples::long_term("111122223333", "ci", number));
    assessment.accounts[0].findings.extend(many);
    let short = render(&assessment, Format::Markdown, &Options::default()).unwrap();
    assert!(short.len() <= markdown::COMMENT, "{}", short.len());
    let mut tables = short.split("\n### ").skip(1);
    let first = tables.next().unwrap();
    let shown = first.lines().filter(|line| line.starts_with("| 111122223333")).count();
    let left_out = format!("**{} more rows left out here", grouped(3003 - shown as u64));
    assert!(shown > 400 && first.contains(&left_out), "{shown} shown: {left_out}");
    let others: Vec<_> = tables.map(|table| table.lines().next().unwrap()).collect();
    assert_eq!(
        others,
        [
            "Contradictory keys: nothing is concluded from their evidence",
            "Undetermined keys",
            "Recently deactivated keys"
        ]
    );
    assert_eq!(short.matches("**1 more row left out here").count(), 3, "{}", &short[short.len() - 2000..]);
    let long = render(&assessment, Format::GithubSummary, &Options::default()).unwrap();
    assert!(long.len() <= markdown::STEP_SUMMARY && !long.contains("left out here"), "{}", long.len());
    assert_eq!(long.lines().filter(|line| line.contains("`ci`")).count(), 3000);
}
