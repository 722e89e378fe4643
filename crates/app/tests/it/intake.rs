//! What becomes of imported events: of the simulated world they decide what a scan alone cannot, and nothing is asserted
//! against what is known.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::import::{self, Covers, Gain, Objection, Outcome, Request};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{ChangeSource, Evidence};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Confidence};
use keysweep_core::ports::Store as _;
use keysweep_core::time::{Instant, Interval, Span};
use keysweep_sim::Sim;
use keysweep_store::InMemory;

use crate::memory::{SCAN, remember};
use crate::support::{account, days_ago, empty};

const OFF: &str = "AKIAOFFOFFOFFOFFOFF1";
const QUIET: &str = "AKIAQUIETQUIETQUIET1";

/// A key that was switched off 400 days ago, after a year of use, and one that was switched off 700 days ago.
fn world() -> Arc<Sim> {
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").key(OFF, days_ago(900)).deactivated(days_ago(500));
        account.user("alice").key("AKIAALICEALICEALICE2", days_ago(890));
        account.user("bob").key(QUIET, days_ago(900)).deactivated(days_ago(700));
    });
    sim
}

fn spans(from: i64, to: i64) -> Coverage {
    Coverage::from_spans(Span::new(days_ago(from), days_ago(to)))
}

/// Imports the path, and asserts these spans.
fn import(store: &InMemory, path: &Path, covers: Option<Coverage>) -> Outcome {
    let request = Request {
        path: path.to_owned(),
        account: Some(account(1)),
        covers: covers.map(|spans| Covers { account: account(1), spans }),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(import::run(&request, import::list(path).unwrap(), store, || false)).unwrap()
}

fn asserted(store: &InMemory) -> Coverage {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.recall(account(1))).unwrap().asserted
}

fn finding(findings: &[Finding], key: &str) -> Finding {
    findings.iter().find(|finding| finding.key.as_ref().is_some_and(|id| id.as_str() == key)).unwrap().clone()
}

/// The log files of a trail, a month each.
fn trail(sim: &Sim, from: i64, to: i64) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut day = from;
    while day > to {
        let text = sim.trail(account(1), days_ago(day), days_ago((day - 30).max(to)));
        std::fs::write(directory.path().join(format!("{day:04}.json")), text).unwrap();
        day -= 30;
    }
    directory
}

#[test]
fn imported_events_decide_what_a_scan_alone_cannot() {
    let (sim, store) = (world(), InMemory::default());
    let of = |id, threshold| {
        let result = remember(&sim, &store, crate::memory::How { id, threshold, ..SCAN });
        (finding(&result.findings, OFF), finding(&result.findings, QUIET), result.asserted)
    };
    let (off, quiet, _) = of("scan-1", "300d");
    assert_eq!((off.verdict, quiet.verdict), (Verdict::Undetermined, Verdict::Undetermined));

    // Only the last 600 days are imported: of bob's key nothing happened in them.
    let files = trail(&sim, 600, 60);
    let outcome = import(&store, files.path(), Some(spans(600, 60)));
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(outcome.accounts[&account(1)].new, 1);
    assert_eq!(outcome.asserted, Some(Ok(spans(600, 60))));

    let (off, quiet, spans_of_account) = of("scan-2", "300d");
    assert_eq!(spans_of_account, spans(600, 60));
    for (finding, latest) in [(&off, days_ago(500)), (&quiet, days_ago(600).previous())] {
        let claim = finding.inactive_since;
        assert_eq!((finding.verdict, claim.confidence), (Verdict::LongTerm, Confidence::Observed));
        assert_eq!(claim.interval, Interval::new(days_ago(900), latest).unwrap(), "{finding:#?}");
    }
    assert_eq!(quiet.assertion, Assertion::Used);
    let source = off.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Changed(change) => Some(change.source.clone()),
        _ => None,
    });
    assert_eq!(source, Some(ChangeSource::File { name: "0510.json".to_owned(), record: 1 }));
    // What is proven is what it was.
    let (off, ..) = of("scan-3", "60d");
    assert_eq!((off.verdict, off.inactive_since.confidence), (Verdict::LongTerm, Confidence::Settling));
    assert_eq!(off.assertion, Assertion::NotUsed);

    // Once more changes nothing.
    let again = import(&store, files.path(), Some(spans(600, 60)));
    let known = Gain { new: 0, known: 1, keys: outcome.accounts[&account(1)].keys.clone() };
    assert_eq!(again.accounts[&account(1)], known);
    assert_eq!(asserted(&store), spans(600, 60));
}

#[test]
fn without_an_assertion_events_are_evidence_and_no_time_is_covered() {
    let (sim, store) = (world(), InMemory::default());
    let files = trail(&sim, 600, 60);
    assert_eq!(import(&store, files.path(), None).asserted, None);
    assert!(asserted(&store).is_empty());
    let result = remember(&sim, &store, crate::memory::How { threshold: "300d", ..SCAN });
    assert_eq!(finding(&result.findings, QUIET).verdict, Verdict::Undetermined);
    // A change to Inactive and a look that saw it are two signs with nothing between them.
    let off = finding(&result.findings, OFF);
    assert_eq!((off.verdict, off.assertion), (Verdict::LongTerm, Assertion::NotUsed));
    assert_eq!(off.inactive_since.confidence, Confidence::Observed);
}

/// A directory with one file of these records.
fn one_file(records: &[String]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a"), format!("{{\"Records\":[{}]}}", records.join(","))).unwrap();
    directory
}

fn record(event: &str, at: Instant, region: &str, status: &str) -> String {
    format!(
        r#"{{"eventSource":"iam.amazonaws.com","eventName":"UpdateAccessKey","awsRegion":"{region}","eventID":"{event}",
        "eventTime":"{at}","requestParameters":{{"userName":"alice","accessKeyId":"{OFF}","status":"{status}"}},
        "recipientAccountId":"{}"}}"#,
        account(1)
    )
}

#[test]
fn nothing_is_asserted_where_not_all_was_read() {
    let store = InMemory::default();
    let files = one_file(&[record("e-1", days_ago(500), "us-east-1", "Inactive")]);
    std::fs::write(files.path().join("b"), "{\"Records\":[").unwrap();
    std::fs::write(files.path().join("c"), "{\"Events\":[]}").unwrap();
    let outcome = import(&store, files.path(), Some(spans(600, 60)));
    assert_eq!(outcome.asserted, Some(Err(Objection::NotAllRead)));
    assert!(!outcome.is_complete());
    // The other files are kept.
    assert_eq!(outcome.accounts[&account(1)].new, 1);
    let read: Vec<bool> = outcome.files.iter().map(|(_, file)| file.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
    assert!(asserted(&store).is_empty());
}

#[test]
fn a_record_that_cannot_be_understood_makes_a_hole_or_undoes_the_assertion() {
    let store = InMemory::default();
    let strange = record("e-1", days_ago(500), "us-east-1", "Expired");
    let outcome = import(&store, one_file(std::slice::from_ref(&strange)).path(), Some(spans(600, 60)));
    let hole = Span::new(days_ago(500), days_ago(500).next()).unwrap();
    assert_eq!(outcome.asserted, Some(Ok(spans(600, 60).without(hole))));
    assert!(!outcome.is_complete());

    let undated = strange.replace("eventTime", "time");
    let outcome = import(&store, one_file(&[undated]).path(), Some(spans(600, 60)));
    assert_eq!(outcome.asserted, Some(Err(Objection::Undated)));

    // Where another file says what it was, there is nothing that is not understood.
    let said = record("e-1", days_ago(500), "us-east-1", "Inactive");
    let outcome = import(&store, one_file(&[strange, said]).path(), Some(spans(600, 60)));
    assert!(outcome.is_complete(), "{outcome:?}");
}

#[test]
fn files_of_another_region_cannot_cover_iam() {
    let store = InMemory::default();
    let elsewhere = record("e-1", days_ago(500), "eu-west-1", "Inactive").replace("iam.", "ec2.");
    let outcome = import(&store, one_file(&[elsewhere]).path(), Some(spans(600, 60)));
    assert_eq!(outcome.asserted, Some(Err(Objection::OtherRegion)));
    // No record at all is what a quiet account looks like.
    let outcome = import(&store, one_file(&[]).path(), Some(spans(600, 60)));
    assert_eq!(outcome.asserted, Some(Ok(spans(600, 60))));
}

#[test]
fn digests_alone_cover_nothing_and_a_stop_asserts_nothing() {
    let store = InMemory::default();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a"), r#"{"digestStartTime": "2026-03-02T09:00:00Z"}"#).unwrap();
    let outcome = import(&store, directory.path(), Some(spans(600, 60)));
    assert_eq!(outcome.asserted, Some(Err(Objection::NoEvents)));

    let files = one_file(&[]);
    let spans = Covers { account: account(1), spans: spans(600, 60) };
    let request = Request { path: files.path().to_owned(), account: None, covers: Some(spans) };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let listing = import::list(files.path()).unwrap();
    let outcome = runtime.block_on(import::run(&request, listing, &store, || true)).unwrap();
    assert!(outcome.stopped && outcome.files.is_empty() && !outcome.is_complete());
    assert!(asserted(&store).is_empty());
}

#[test]
fn nothing_is_asserted_against_what_a_scan_read() {
    let sim = empty();
    sim.edit(|world| {
        world.account(account(1)).user("alice").key(OFF, days_ago(900)).deactivated(days_ago(40));
    });
    let store = InMemory::default();
    remember(&sim, &store, SCAN);
    let outcome = import(&store, one_file(&[]).path(), Some(spans(600, 30)));
    let Some(Err(Objection::Missing { at, .. })) = outcome.asserted else { panic!("{outcome:?}") };
    assert_eq!(at, days_ago(40));
    let whole = trail(&sim, 600, 30);
    assert_eq!(import(&store, whole.path(), Some(spans(600, 30))).asserted, Some(Ok(spans(600, 30))));
}

#[test]
fn a_refuted_assertion_is_told_of_the_key_and_carries_nothing() {
    let (sim, store) = (world(), InMemory::default());
    // Somebody says that nothing ever happened; but bob's key was created Active, and is seen Inactive.
    let nothing = one_file(&[]);
    assert_eq!(import(&store, nothing.path(), Some(spans(1_000, 30))).asserted, Some(Ok(spans(1_000, 30))));
    remember(&sim, &store, SCAN);
    sim.clock().advance(Duration::from_hours(24));
    let result = remember(&sim, &store, crate::memory::How { id: "scan-2", threshold: "300d", ..SCAN });
    let quiet = finding(&result.findings, QUIET);
    assert!(matches!(quiet.assertion, Assertion::Refuted { .. }), "{quiet:#?}");
    assert_eq!(quiet.verdict, Verdict::Undetermined);
    assert!(quiet.contradictions.is_empty(), "people err; the evidence does not contradict itself");
}

#[test]
fn an_event_that_the_accounts_own_history_denies_is_not_kept() {
    // Switched off ten days ago. Somebody makes a file that says fifty.
    let sim = empty();
    sim.edit(|world| {
        let mut account = world.account(account(1));
        account.user("alice").key(OFF, days_ago(900)).deactivated(days_ago(10));
    });
    let store = InMemory::default();
    remember(&sim, &store, SCAN);
    let forged = one_file(&[record("e-1", days_ago(50), "us-east-1", "Inactive")]);
    let outcome = import(&store, forged.path(), Some(spans(60, 30)));
    assert!(outcome.accounts.is_empty() && !outcome.is_complete(), "{outcome:?}");
    assert!(outcome.not_understood[0].1.reason.contains("does not have this event"));
    let result = remember(&sim, &store, crate::memory::How { id: "scan-2", ..SCAN });
    assert_ne!(finding(&result.findings, OFF).verdict, Verdict::LongTerm);
    // Of a time that no scan read, a file is believed.
    let older = one_file(&[record("e-2", days_ago(100), "us-east-1", "Inactive")]);
    assert_eq!(import(&store, older.path(), None).accounts[&account(1)].new, 1);
}
