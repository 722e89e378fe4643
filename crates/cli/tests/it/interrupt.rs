//! Ctrl-C, at every stage of a scan.

use keysweep_sim::fault::{Effect, Rule};
use keysweep_sim::{Action, WorldSpec};
use serde_json::Value;

use crate::program::wait_until;
use crate::simulated::{Aws, OLD, OTHER, account, old_key};

#[test]
fn ctrl_c_says_what_was_done_and_writes_it() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
    });
    // The second account never answers, so the scan is still running when the signal comes.
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let mut program = aws.keysweep().args(["scan", "--org", "--format", "json", "--output", "report.json"]);
    let running = program.start();
    wait_until(|| aws.sim.calls().of(account(2), Action::ListAccessKeys).sent > 0);
    running.interrupt();
    let run = running.end();
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(run.stderr.contains("of 2 accounts were assessed"), "{}", run.stderr);
    let report = std::fs::read(program.directory().join("report.json")).unwrap();
    let document: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(document["conclusion"], "incomplete");
    assert_eq!(document["accounts"][1]["problems"][0]["gap"], "interrupted", "{}", run.stderr);
}

#[test]
fn ctrl_c_before_any_account_is_known_does_not_wait_for_aws() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for action in [Action::GetCallerIdentity, Action::ListAccounts] {
        aws.sim.clear_faults();
        aws.sim.reset_calls();
        aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(action));
        let mut program = aws.keysweep().args(["scan", "--org", "--output", "report.txt"]);
        let running = program.start();
        wait_until(|| aws.sim.calls().total_of(action).sent > 0);
        running.interrupt();
        let run = running.end();
        assert_eq!(run.code, 130, "{}", run.stderr);
        assert!(run.stderr.contains("before any account was assessed"), "{}", run.stderr);
        assert_eq!(std::fs::read_dir(program.directory()).unwrap().count(), 0);
    }
}

#[test]
fn a_second_ctrl_c_waits_for_nothing() {
    let aws = Aws::serve(WorldSpec::organization(10, 40).inactive_users(0.9));
    let mut program = aws.keysweep().args(["scan", "--org", "--format", "json"]);
    let mut running = program.start();
    // The report is larger than a pipe and nobody reads on, so it is never written to its end.
    running.read_a_byte();
    while !running.has_ended() {
        running.interrupt();
        std::thread::yield_now();
    }
    let run = running.end();
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(run.stderr.contains("stopped at once"), "{}", run.stderr);
}

#[test]
fn a_simulated_aws_is_stopped_by_ctrl_c_and_ends_with_0() {
    let mut program =
        crate::program::keysweep().args(["simulate", "--listen", "127.0.0.1:0", "--accounts", "2"]);
    let mut running = program.start();
    running.read_a_byte();
    running.interrupt();
    assert_eq!(running.end().code, 0);
}
