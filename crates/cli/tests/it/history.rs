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
    let add = ["exempt", "add", OLD, "--reason", "r", "--author", "a", "--expires", "1d", "--state", &state];
    assert_eq!(keysweep().args(add).run().code, 0);
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

#[test]
fn scans_are_in_their_order_also_where_several_begin_in_one_second() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let (_directory, state) = store();
    let made: Vec<Value> = (0..6)
        .map(|_| {
            let run = aws.keysweep().args(["scan", "--format", "json", "--state", &state]).run();
            serde_json::from_str::<Value>(&run.stdout).unwrap()["assessment_id"].clone()
        })
        .collect();
    let listed: Vec<Value> = scans(&state).iter().map(|scan| scan["assessment_id"].clone()).collect();
    assert_eq!(listed, made.iter().rev().cloned().collect::<Vec<_>>());
    let run = keysweep().args(["report", "latest", "--format", "json", "--state", &state]).run();
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["assessment_id"], made[5]);
    // Of each two neighbours, the earlier one is named first.
    for pair in made.windows(2) {
        let (before, after) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let diff = |first, second| keysweep().args(["diff", first, second, "--state", &state]).run();
        assert_eq!(diff(before, after).code, 0);
        let refused = diff(after, before);
        assert_eq!(refused.code, 2, "{}", refused.stdout);
        assert!(refused.stderr.contains(&format!("scan {after} is later than scan {before}")));
    }
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
