//! What the program remembers from scan to scan, and what happens where it cannot.

use keysweep_sim::fault::{Effect, Rule, When};
use keysweep_sim::{Action, WorldSpec};
use serde_json::Value;

#[cfg(unix)]
use crate::program::wait_until;
use crate::simulated::{Aws, OLD, OTHER, account, old_key};

/// A file that outlives the program that made it.
struct State(tempfile::TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> String {
        self.0.path().join("state.db").to_str().unwrap().to_owned()
    }
}

fn scan(aws: &Aws, state: &str, options: &[&str]) -> (i32, Value, String) {
    let run = aws.keysweep().args(["scan", "--format", "json", "--state", state]).args(options).run();
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_default(), run.stderr)
}

#[test]
fn a_second_scan_asks_for_less_and_fresh_for_all() {
    let aws =
        Aws::serve(WorldSpec { closed_accounts: 0.0, ..WorldSpec::organization(4, 40).inactive_users(0.5) });
    let state = State::new();
    let listed = |options: &[&str]| {
        aws.sim.reset_calls();
        let (code, report, error) = scan(&aws, &state.path(), &[&["--org"], options].concat());
        assert_eq!(code, 3, "{error}");
        (aws.sim.calls().total_of(Action::ListAccessKeys).sent, report["totals"]["findings"].clone())
    };
    let (first, found) = listed(&[]);
    assert!(first >= 80, "{first}");
    assert_eq!(listed(&[]), (0, found.clone()));
    assert_eq!(listed(&["--fresh"]), (first, found));
}

#[test]
fn by_default_it_remembers_in_the_data_directory_and_with_none_nowhere() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for (options, expected) in [(&[][..], true), (&["--state", "none"], false)] {
        let mut program = aws.keysweep().arg("scan").args(options);
        assert_eq!(program.run().code, 3);
        assert_eq!(program.home().join(".local/share/keysweep/state.db").is_file(), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_scan_is_gone_on_with_and_assesses_only_the_rest() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    let state = State::new();
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let mut program = aws.keysweep().args(["scan", "--org", "--state", &state.path(), "--concurrency", "1"]);
    let running = program.start();
    wait_until(|| aws.sim.calls().of(account(2), Action::ListAccessKeys).sent > 0);
    running.interrupt();
    let run = running.end();
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(run.stderr.contains("keysweep scan --resume"), "{}", run.stderr);

    aws.sim.clear_faults();
    aws.sim.reset_calls();
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--resume", "--threshold", "45d"]);
    assert_eq!(code, 2, "{error} {report}");
    assert!(error.contains("--threshold \"30days\""), "{error}");
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--resume"]);
    assert_eq!(code, 3, "{error}");
    assert_eq!(report["accounts"][0]["findings"][0]["access_key_id"], OLD);
    assert_eq!(report["accounts"][1]["findings"][0]["access_key_id"], OTHER);
    let of = |number| aws.sim.calls().of(account(number), Action::GetCredentialReport).sent;
    assert_eq!((of(1), of(2)), (0, 1));
    // It is finished now.
    let (code, _, error) = scan(&aws, &state.path(), &["--org", "--resume"]);
    assert_eq!(code, 2);
    assert!(error.contains("there is nothing to go on with"), "{error}");
}

#[test]
fn credentials_that_expire_end_the_scan_and_resume_goes_on() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    let state = State::new();
    expired(&aws, Action::AssumeRole);
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--concurrency", "1"]);
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("ExpiredToken") && error.contains("keysweep scan --resume"), "{error}");
    let problem = &report["accounts"][1]["problems"][0];
    assert_eq!(problem["gap"], "interrupted");
    assert!(problem["remedy"].as_str().unwrap().contains("aws sso login"), "{problem}");
    aws.sim.clear_faults();
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--resume"]);
    assert_eq!(code, 3, "{error}");
    assert_eq!(report["accounts"][1]["findings"][0]["access_key_id"], OTHER);
}

#[test]
fn accounts_that_are_not_reached_by_the_deadline_are_not_assessed() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let (code, report, error) = scan(&aws, "none", &["--org", "--deadline", "1s"]);
    assert_eq!(code, 4, "{error}");
    assert_eq!(report["accounts"][0]["findings"][0]["access_key_id"], OLD);
    assert_eq!(report["accounts"][1]["status"], "not_assessed");
    let problem = &report["accounts"][1]["problems"][0];
    assert!(problem["text"].as_str().unwrap().contains("stopped before"), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("--deadline"), "{problem}");
}

#[test]
fn a_store_that_cannot_be_used_is_told_before_anything_is_called() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let state = State::new();
    std::fs::write(
        state.path(),
        "this is a diary, not a database, and it is long enough to be taken for one",
    )
    .unwrap();
    let (code, _, error) = scan(&aws, &state.path(), &[]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("state.db") && error.contains("hint:"), "{error}");
    assert_eq!(aws.sim.calls().total_of(Action::GetCredentialReport).sent, 0);
    assert!(std::fs::read_to_string(state.path()).unwrap().starts_with("this is a diary"));
}

fn expired(aws: &Aws, action: Action) {
    let expired = Effect::Error {
        status: 403,
        code: "ExpiredToken".into(),
        message: "The security token included in the request is expired".into(),
    };
    aws.sim.add_fault(Rule::new(expired).action(action).when(When::Always));
}

#[test]
fn credentials_that_expire_within_an_account_leave_it_to_resume() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    for (scope, codes) in [(&["--org"][..], (4, 3)), (&[], (4, 3))] {
        let state = State::new();
        // The caller's own account is being listed when they expire.
        expired(&aws, Action::ListAccessKeys);
        expired(&aws, Action::AssumeRole);
        let (code, report, error) = scan(&aws, &state.path(), scope);
        assert_eq!(code, codes.0, "{error}");
        assert!(error.contains("`keysweep scan --resume` goes on"), "{error}");
        let problems = report["accounts"][0]["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["gap"] == "interrupted"), "{problems:?}");
        aws.sim.clear_faults();
        let (code, report, error) = scan(&aws, &state.path(), &[scope, &["--resume"]].concat());
        assert_eq!(code, codes.1, "{error}");
        assert_eq!(report["accounts"][0]["findings"][0]["access_key_id"], OLD);
        assert_eq!(report["conclusion"], "long_term_keys");
    }
}

#[test]
fn nothing_promises_to_go_on_with_what_has_ended_or_was_not_kept() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let state = State::new();
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--deadline", "2s"]);
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("a longer --deadline") && !error.contains("--resume"), "{error}");
    let remedy = report["accounts"][1]["problems"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("--deadline") && !remedy.contains("--resume"), "{remedy}");
    let (code, _, error) = scan(&aws, &state.path(), &["--org", "--resume"]);
    assert_eq!(code, 2, "{error}");
    aws.sim.clear_faults();

    expired(&aws, Action::AssumeRole);
    let (code, _, error) = scan(&aws, "none", &["--org"]);
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("without a store (--state none) only a new scan goes on"), "{error}");
}

#[test]
fn a_scan_is_gone_on_with_as_it_was_asked_for() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
        world.account(account(2)).ou("Workloads");
    });
    let state = State::new();
    expired(&aws, Action::AssumeRole);
    assert_eq!(scan(&aws, &state.path(), &["--org", "--exclude", "tag:env=dev"]).0, 4);
    aws.sim.clear_faults();
    for other in [
        &["--org", "--resume"][..],
        &["--org", "--resume", "--exclude", "tag:env=dev", "--exhaustive"],
        &["--org", "--resume", "--exclude", "tag:env=dev", "--include", "ou:Workloads"],
    ] {
        let (code, _, error) = scan(&aws, &state.path(), other);
        assert_eq!(code, 2, "{error}");
        let hint = "give no --include, --exclude \"tag:env=dev\" and no --exhaustive";
        assert!(error.contains("with other filters") && error.contains(hint), "{error}");
    }
    let (code, report, error) = scan(&aws, &state.path(), &["--org", "--resume", "--exclude", "tag:env=dev"]);
    assert_eq!(code, 3, "{error}");
    assert_eq!(report["accounts"][1]["findings"][0]["access_key_id"], OTHER);
}
