//! `keysweep history`: the scans that are on record, in each format.

use keysweep_sim::Action;
use keysweep_sim::fault::{Effect, Rule};
use serde_json::Value;

use crate::program::{keysweep, wait_until};
use crate::simulated::{Aws, OLD, OTHER, account, old_key};

fn store() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    (directory, state)
}

fn history(state: &str, options: &[&str]) -> String {
    let run = keysweep().args(["history", "--state", state]).args(options).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run.stdout
}

fn scans(state: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(&history(state, &["--format", "json"])).unwrap();
    assert_eq!(document["schema"], "keysweep.history/v1");
    document["scans"].as_array().unwrap().clone()
}

#[test]
fn an_empty_store_has_none_and_says_so() {
    let (_directory, state) = store();
    assert_eq!(history(&state, &[]), "There is no scan in the store.\n");
    assert_eq!(scans(&state), Vec::<Value>::new());
}

#[test]
fn each_scan_tells_its_scope_coverage_findings_and_calls() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    let (_directory, state) = store();
    let scan = |options: &[&str]| {
        let run = aws.keysweep().args(["scan", "--format", "json", "--state", &state]).args(options).run();
        serde_json::from_str::<Value>(&run.stdout).unwrap()
    };
    let of_account = scan(&[]);
    // Scans are told apart in time by the second.
    let first_second = of_account["started_at"].as_str().unwrap().to_owned();
    wait_until(|| crate::simulated::days_ago(0).to_string() > first_second);
    let of_organization = scan(&["--org"]);

    let listed = scans(&state);
    assert_eq!(listed.len(), 2);
    for (scan, listed) in [&of_organization, &of_account].into_iter().zip(&listed) {
        for field in ["assessment_id", "started_at", "finished_at", "scope", "caller", "policy", "totals"] {
            assert_eq!(scan[field], listed[field], "{field}");
        }
        assert_eq!(listed["finished"], true);
    }
    let organization = of_organization["scope"]["organization_id"].as_str().unwrap();
    for text in [
        history(&state, &[]),
        history(&state, &["--format", "markdown"]),
        history(&state, &["--width", "70"]),
    ] {
        for part in [
            &format!("organization {organization}"),
            "account 000000000001",
            "2 of 2 accounts",
            "1 of 1 account",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for scan in &listed {
            assert!(text.contains(scan["assessment_id"].as_str().unwrap()), "{text}");
        }
    }
    assert!(history(&state, &["--width", "70"]).lines().all(|line| line.chars().count() <= 70));
}

#[cfg(unix)]
#[test]
fn a_scan_that_was_killed_is_marked_as_not_finished() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    let (_directory, state) = store();
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let mut program = aws.keysweep().args(["scan", "--org", "--state", &state]);
    let running = program.start();
    wait_until(|| aws.sim.calls().of(account(2), Action::ListAccessKeys).sent > 0);
    // It is killed with the value.
    drop(running);
    let listed = scans(&state);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["finished"], false);
    for field in ["finished_at", "duration_seconds", "totals"] {
        assert_eq!(listed[0][field], Value::Null, "{field}");
    }
    assert!(history(&state, &[]).contains("not finished"));
    assert!(history(&state, &["--format", "markdown"]).contains("**not finished**"));
}
