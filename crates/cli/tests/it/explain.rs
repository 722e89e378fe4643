//! `keysweep explain`: what it says of a key, from what scans found.

use keysweep_core::time::SignedDuration;
use serde_json::Value;

use crate::program::{Run, keysweep, wait_until};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago, two_accounts};

/// A store with one scan of two accounts.
fn scanned() -> (Aws, tempfile::TempDir, String) {
    let aws = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    let run = aws.keysweep().args(["scan", "--org", "--state", &state]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    (aws, directory, state)
}

fn explain(state: &str, arguments: &[&str]) -> Run {
    keysweep().args(["explain", "--state", state]).args(arguments).run()
}

#[test]
fn a_key_is_explained_by_the_beginning_of_its_id_with_its_timeline_facts_and_reasons() {
    let (_aws, _directory, state) = scanned();
    let run = explain(&state, &["AKIAOLD", "--width", "80"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in [
        OLD,
        "Timeline",
        "history   ",
        "inactive  ",
        "Facts",
        "Created, Active, at ",
        "Why",
        "threshold of 30 days",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
}

#[test]
fn the_json_has_the_same_words() {
    let (_aws, _directory, state) = scanned();
    let text = explain(&state, &[OTHER]).stdout;
    let run = explain(&state, &[OTHER, "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "keysweep.explanation/v1");
    for step in document["steps"].as_array().unwrap() {
        assert!(text.contains(step["text"].as_str().unwrap()), "{step}: {text}");
    }
    assert!(text.contains("x\\u{202e}y") && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn all_keys_of_a_user_are_explained_and_an_ambiguous_beginning_names_the_candidates() {
    let (_aws, _directory, state) = scanned();
    let run = explain(&state, &["--user", "alice"]);
    assert!(run.stdout.contains(OLD) && run.stdout.contains(OTHER), "{}", run.stdout);
    let run = explain(&state, &["AKIA"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains(OLD) && run.stderr.contains(OTHER), "{}", run.stderr);
    let run = explain(&state, &["AKIANOBODY"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no scan in the store has seen a key"), "{}", run.stderr);
}

#[test]
fn a_key_that_was_switched_on_is_no_longer_among_the_findings_and_that_is_said() {
    let (aws, _directory, state) = scanned();
    aws.sim.edit(|world| {
        world
            .account(account(2))
            .user("alice")
            .key(OTHER, days_ago(80))
            .activated(aws_now())
            .delivered_after(SignedDuration::ZERO);
    });
    // Scans are told apart in time by the second.
    let switched = aws_now();
    wait_until(|| aws_now() > switched);
    let run = aws.keysweep().args(["scan", "--org", "--fresh", "--state", &state]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let run = explain(&state, &[OTHER]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("This is what scan ") && run.stdout.contains("it was Active then, or deleted"),
        "{}",
        run.stdout
    );
    let run = explain(&state, &[OTHER, "--scan", "latest"]);
    assert!(run.stdout.contains("not among the inactive keys that scan"), "{}", run.stdout);
}

fn aws_now() -> keysweep_core::time::Instant {
    days_ago(0)
}
