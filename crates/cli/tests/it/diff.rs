//! `keysweep diff`: what it says of two scans, and how it ends.

use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Effect, Rule, When};
use keysweep_sim::{Action, Edit};
use serde_json::Value;

use crate::program::{Run, keysweep, wait_until};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago, old_key};

const NEW: &str = "AKIANEWNEWNEWNEWNEW1";
const GONE: &str = "AKIAGONEGONEGONEGON1";
const KEPT: &str = "AKIAKEPTKEPTKEPTKEP1";

/// A store with one scan of an organization.
struct Scans {
    aws: Aws,
    _directory: tempfile::TempDir,
    state: String,
}

impl Scans {
    fn of(fill: impl FnOnce(&mut Edit<'_>)) -> Self {
        let aws = Aws::with(fill);
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state.db").display().to_string();
        let scans = Self { aws, _directory: directory, state };
        scans.scan();
        scans
    }

    /// One more, in a later second than what was before. Its id.
    fn scan(&self) -> String {
        let before = days_ago(0);
        wait_until(|| days_ago(0) > before);
        let run = self
            .aws
            .keysweep()
            .args(["scan", "--org", "--fresh", "--format", "json", "--state", &self.state])
            .run();
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        report["assessment_id"].as_str().unwrap().to_owned()
    }

    fn diff(&self, arguments: &[&str]) -> Run {
        keysweep().args(["diff", "--state", &self.state]).args(arguments).run()
    }

    /// How it ended, and what became of which key.
    fn changes(&self, arguments: &[&str]) -> (i32, Vec<(String, String)>) {
        let run = self.diff(&[&["--format", "json"], arguments].concat());
        let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        assert_eq!(document["schema"], "keysweep.diff/v1");
        let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
        let keys = document["keys"].as_array().unwrap().iter();
        (run.code, keys.map(|key| (text(key, "change"), text(key, "access_key_id"))).collect())
    }
}

fn told(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    changes.iter().map(|(change, key)| ((*change).to_owned(), (*key).to_owned())).collect()
}

#[test]
fn nothing_changed_is_0() {
    let scans = Scans::of(|world| old_key(world, 1, OLD));
    scans.scan();
    assert_eq!(scans.changes(&[]), (0, vec![]));
    let run = scans.diff(&[]);
    assert!(run.stdout.starts_with("No change.\n"), "{}", run.stdout);
    assert!(run.stdout.contains("1 inactive key as before"), "{}", run.stdout);
}

#[test]
fn keys_that_came_and_went_are_3_and_each_is_named() {
    let scans = Scans::of(|world| {
        old_key(world, 1, OLD);
        world.account(account(2)).user("alice").key(OTHER, days_ago(80)).deactivated(days_ago(10));
        world.account(account(2)).user("bob").key(GONE, days_ago(80)).deactivated(days_ago(20));
        world.account(account(2)).user("carol").key(KEPT, days_ago(70)).deactivated(days_ago(20));
    });
    let after_the_scan = days_ago(0);
    wait_until(|| days_ago(0) > after_the_scan);
    scans.aws.sim.edit(|world| {
        let mut two = world.account(account(2));
        two.user("alice")
            .key(OTHER, days_ago(80))
            .activated(days_ago(0))
            .delivered_after(SignedDuration::ZERO);
        two.user("bob").key(GONE, days_ago(80)).deleted(days_ago(0));
        world.account(account(1)).user("carol").key(NEW, days_ago(60)).deactivated(days_ago(1));
    });
    // A report of the second in which a key was deleted may still have it.
    let edited = days_ago(0);
    wait_until(|| days_ago(0) > edited);
    scans.aws.sim.edit(|world| {
        world.account(account(1)).report(days_ago(0));
        world.account(account(2)).report(days_ago(0));
    });
    let second = scans.scan();
    // bob has no key any more, so nobody lists his keys.
    let expected = told(&[("newly_inactive", NEW), ("reactivated", OTHER), ("reactivated_or_deleted", GONE)]);
    let (code, changes) = scans.changes(&[]);
    assert_eq!((code, changes), (3, expected.clone()));

    // By name, and from one that is named to the last.
    scans.scan();
    assert_eq!(scans.changes(&[]), (0, vec![]));
    let history = keysweep().args(["history", "--format", "json", "--state", &scans.state]).run();
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let first = history["scans"][2]["assessment_id"].as_str().unwrap();
    assert_eq!(scans.changes(&[first, &second]), (3, expected.clone()));
    assert_eq!(scans.changes(&[first]), (3, expected));
    for format in ["terminal", "markdown"] {
        let run = scans.diff(&[first, "--format", format]);
        assert_eq!(run.code, 3);
        for part in [NEW, OTHER, GONE, "Newly inactive", "Reactivated or deleted", "switched on again"] {
            assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
        }
        assert!(!run.stdout.contains(OLD) && !run.stdout.contains(KEPT), "{}", run.stdout);
    }
}

#[test]
fn an_account_that_is_not_assessed_any_more_is_4_and_its_keys_are_not_gone() {
    let scans = Scans::of(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    let denied = Effect::Error { status: 403, code: "AccessDenied".into(), message: "no".into() };
    scans.aws.sim.add_fault(Rule::new(denied).action(Action::AssumeRole).when(When::Always));
    scans.scan();
    assert_eq!(scans.changes(&[]), (4, told(&[("no_longer_assessed", OTHER)])));
    let run = scans.diff(&[]);
    assert!(
        run.stdout.contains("INCOMPLETE") && run.stdout.contains("could not be entered"),
        "{}",
        run.stdout
    );
    scans.aws.sim.clear_faults();
    scans.scan();
    assert_eq!(scans.changes(&[]), (4, told(&[("came_under_coverage", OTHER)])));
}

#[test]
fn what_cannot_be_compared_is_said() {
    let scans = Scans::of(|world| old_key(world, 1, OLD));
    let run = scans.diff(&[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("no scan of organization o-") && run.stderr.contains("hint: scan again"),
        "{}",
        run.stderr
    );
    let run = scans.diff(&["nonsense"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no scan has an id that begins with \"nonsense\""), "{}", run.stderr);

    let second = scans.scan();
    let history = keysweep().args(["history", "--format", "json", "--state", &scans.state]).run();
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let first = history["scans"][1]["assessment_id"].as_str().unwrap();
    let run = scans.diff(&[&second, first]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains(&format!("keysweep diff {first} {second}")), "{}", run.stderr);
    // A scan of another scope is not what the last one is compared with.
    let before = days_ago(0);
    wait_until(|| days_ago(0) > before);
    let run = scans.aws.keysweep().args(["scan", "--state", &scans.state]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    let run = scans.diff(&[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains("no scan of account 000000000001 finished before"), "{}", run.stderr);
}
