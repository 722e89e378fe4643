//! The list of scans, as it is written in each format.

use keysweep_core::archive::{Finished, ScanRecord};
use keysweep_core::assessment::Assessment;
use keysweep_core::memory::Begun;
use keysweep_core::totals::Totals;
use keysweep_report::Style;
use keysweep_report::history::{json, markdown};
use keysweep_report::terminal::history::history;

use crate::samples;
use crate::schema;

fn record(assessment: &Assessment, id: &str, started_at: &str) -> ScanRecord {
    let took = assessment.finished_at - assessment.started_at;
    let started_at = samples::at(started_at);
    ScanRecord {
        begun: Begun {
            selection: keysweep_core::memory::Selection::default(),
            id: id.to_owned(),
            version: assessment.version.clone(),
            scope: assessment.scope.clone(),
            caller: assessment.caller.clone(),
            policy: assessment.policy,
            started_at,
        },
        finished: Some(Finished { at: started_at + took, totals: Totals::of(assessment) }),
    }
}

/// Newest first: one that did not finish, one of an incomplete organization, one that found nothing, and a hostile id.
fn scans() -> Vec<ScanRecord> {
    let organization = samples::organization();
    let running = record(&organization, "20261124T071200Z-3c4d5e6f", "2026-11-24T07:12:00Z");
    vec![
        ScanRecord { finished: None, ..running },
        record(&organization, "20261123T071200Z-2b3c4d5e", "2026-11-23T07:12:00Z"),
        record(&samples::clean(), "20261122T071200Z-1a2b3c4d", "2026-11-22T07:12:00Z"),
        record(&samples::every_verdict(), "a|`\u{202e}b", "2026-11-21T07:12:00Z"),
    ]
}

#[test]
fn the_list_in_every_format() {
    let wide = |width| Style { width, ..Style::default() };
    insta::assert_snapshot!("history_terminal", history(&scans(), &wide(None)));
    insta::assert_snapshot!("history_terminal_80", history(&scans(), &wide(Some(80))));
    insta::assert_snapshot!("history_markdown", markdown::table(&scans()));
    schema::holds("history", std::str::from_utf8(&json::document(&scans()).unwrap()).unwrap());
    insta::assert_snapshot!("history_json", String::from_utf8(json::document(&scans()).unwrap()).unwrap());
}

#[test]
fn a_list_that_is_cut_says_so() {
    let text = history(&scans(), &Style { max_rows: 3, ..Style::default() });
    assert!(text.contains("20261122T071200Z-1a2b3c4d") && !text.contains("202e"), "{text}");
    assert!(text.contains("1 older: "), "{text}");
}
